/** Starting a run: everything that can be wrong with it, in the order in which the server notices. */

import type { JsonObject } from "../json.ts";
import { parse } from "../deps/yaml.ts";
import { invalid, Refusal } from "./answers.ts";
import { resolveInputs } from "./form.ts";
import { planRun } from "./plan.ts";
import { isObject, objectOf, textOf, wordsOf } from "./shape.ts";
import { newId } from "./id.ts";
import { numberOfNext, type RunSession, type SimulatedRun, type SimulatorState } from "./state.ts";

export interface Launch {
  readonly user: string;
  /** A saved workflow's name, or `null` when the file itself is sent. */
  readonly workflow: string | null;
  readonly yaml: string | null;
  readonly inputs: JsonObject;
  readonly displayName: string | null;
  readonly slug: string | null;
  readonly sessionNames: JsonObject;
  /** What was agreed to; `all` for everything. */
  readonly consent: "all" | { readonly permissions: readonly string[]; readonly variables: readonly string[] };
}

/** Makes the run without keeping it: {@link keepRun} does, and a dry run doesn't. Throws a Refusal. */
export function prepareRun(world: SimulatorState, launch: Launch): SimulatedRun {
  const yaml = yamlOf(world, launch);
  const behavior = world.behavior();
  const nowMs = world.clock.now();
  if (behavior.workspace !== "Running") {
    const message = behavior.workspace === "Off"
      ? "User workspace not found or is not running"
      : "Could not execute workflow";
    throw new Refusal(behavior.workspaceErrorStatus, message);
  }
  requireConsent(world, launch, yaml);
  const inputs = resolveInputs(yaml, launch.inputs, { user: launch.user });
  const number = numberOfNext(world, launch.user, launch.workflow);
  const slug = launch.slug ?? serverSlug(world, launch, number);
  return {
    id: newId(nowMs, world.random),
    slug,
    number,
    user: launch.user,
    workflow: launch.workflow,
    createdAtMs: nowMs,
    inputs,
    yaml,
    plan: planRun(yaml, { inputs, env: { PW_RUN_SLUG: slug, PW_USER: launch.user } }),
    sessions: sessionsOf(world, launch, { yaml, number, nowMs }),
    isHistory: false,
    displayName: launch.displayName,
    statusReason: null,
    cancelAskedAtMs: null,
    failedAtMs: null,
    isDeleted: false,
    shownStatus: null,
  };
}

/** Throws a Refusal of 409 when the same workflow was launched a moment ago. */
export function keepRun(world: SimulatorState, run: SimulatedRun): void {
  const gapMs = world.behavior().launchGapMs;
  const isTooSoon = world.runs.some((other) =>
    other.user === run.user && other.workflow === run.workflow && run.createdAtMs - other.createdAtMs < gapMs
  );
  if (isTooSoon) throw new Refusal(409, "Conflict");
  world.runs.push(run);
}

function yamlOf(world: SimulatorState, { user, workflow, yaml }: Launch): JsonObject {
  if (workflow !== null) {
    const record = world.workflows.get(user)?.get(workflow);
    if (record === undefined) {
      throw new Refusal(404, `Workflow ${workflow} not found`, { code: "workflow_not_found" });
    }
    return record.yaml;
  }
  const parsed = parsedYaml(yaml ?? "");
  if (!isObject(parsed)) throw invalidYaml();
  return parsed;
}

function parsedYaml(text: string): unknown {
  try {
    return parse(text, { logLevel: "error" });
  } catch {
    throw invalidYaml();
  }
}

function invalidYaml(): Refusal {
  return new Refusal(400, "Invalid YAML", { code: "invalid_yaml" });
}

function requireConsent(world: SimulatorState, { user, workflow, consent }: Launch, yaml: JsonObject): void {
  if (consent === "all") return;
  const granted = world.grants.get(`${user} ${workflow}`);
  const lacking = (asked: readonly string[], ...given: readonly (readonly string[] | undefined)[]) =>
    asked.filter((name) => !given.some((names) => names?.includes(name)));
  const permissions = lacking(wordsOf(yaml["permissions"]), consent.permissions, granted?.permissions);
  const variables = lacking(wordsOf(yaml["variables"]), consent.variables, granted?.variables);
  if (permissions.length + variables.length === 0) return;
  const words = [...permissions.map((name) => `permission ${name}`), ...variables.map((name) => `variable ${name}`)];
  throw new Refusal(403, `This workflow needs your consent: ${words.join(", ")}`, {
    code: "consent_required",
    params: { permissions, variables },
  });
}

const ADJECTIVES = ["swift", "nice", "quiet", "bright", "calm", "bold"];
const NOUNS = ["falcon", "goose", "otter", "cedar", "comet", "harbor"];

function serverSlug({ random, runs }: SimulatorState, { user, workflow }: Launch, number: number): string {
  const isTaken = (slug: string) => runs.some((run) => run.user === user && run.slug === slug);
  const saved = `${workflow}-${String(number).padStart(5, "0")}`;
  if (workflow !== null && !isTaken(saved)) return saved;
  const any = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? words[0];
  return `${any(ADJECTIVES)}-${any(NOUNS)}-${runs.length + 1}`;
}

function sessionsOf(
  world: SimulatorState,
  { workflow, sessionNames }: Launch,
  { yaml, number, nowMs }: { readonly yaml: JsonObject; readonly number: number; readonly nowMs: number },
): RunSession[] {
  return Object.entries(objectOf(yaml["sessions"])).map(([key, value]) => {
    const declared = objectOf(value);
    return {
      id: newId(nowMs, world.random),
      name: textOf(sessionNames[key]) ?? `${workflow ?? "inline"}_${number}_${key}`,
      type: textOf(declared["type"]) ?? "tunnel",
      isRedirect: declared["redirect"] === true,
    };
  });
}

/** The caller's slug as this server's switches have it; `null` when the server chooses. Throws a Refusal. */
export function acceptSlug(world: SimulatorState, slug: string | undefined): string | null {
  if (slug === undefined || slug === "") return null;
  const { slugs } = world.behavior();
  if (slugs === "ignored") return null;
  if (slugs === "refused") {
    throw invalid([{ code: "unexpected_property", detail: "a slug can't be chosen", pointer: "#/slug" }]);
  }
  if (!/^[a-z][a-z0-9-]*$/.test(slug)) {
    throw invalid([{ code: "pattern", detail: "expected string to match [a-z][a-z0-9-]*", pointer: "#/slug" }]);
  }
  if (slug.length > 40) {
    throw invalid([{ code: "max_length", detail: "expected length <= 40", pointer: "#/slug" }]);
  }
  return slug;
}

/** The run that bears the slug already, if this server answers with it. Throws a Refusal when it is taken. */
export function runOfTakenSlug(world: SimulatorState, user: string, slug: string | null): SimulatedRun | null {
  const { slugs, duplicateSlugStatus } = world.behavior();
  const taken = world.runs.findLast((run) => run.slug === slug && !run.isDeleted);
  if (taken === undefined || slugs === "shared") return null;
  if (slugs === "existing" && taken.user === user) return taken;
  throw new Refusal(duplicateSlugStatus, `Slug ${slug} is already in use`, {
    code: "slug_in_use",
    fields: [{ code: "slug_in_use", detail: "already in use", pointer: "#/slug" }],
  });
}
