/** Checks a submit and creates its run. The checks are in the order of the platform's. */

import type { JsonObject } from "../json.ts";
import { checkBody, HttpError } from "./responses.ts";
import { resolveInputs } from "./form.ts";
import { evaluateCondition } from "./expressions.ts";
import { planRun } from "./plan.ts";
import { newId, objectOf, parseWorkflow, stringsOf, textOf } from "./shape.ts";
import { newSession } from "./sessions.ts";
import { type SimulatedRun, type SimulatorState, type StoredWorkflow, workspaceStatus } from "./state.ts";

export interface RunInput {
  readonly user: string;
  /** Name of a saved workflow; absent if `yaml` is set. */
  readonly workflow?: string | undefined;
  readonly yaml?: string | undefined;
  readonly inputs: JsonObject;
  readonly displayName?: string | undefined;
  readonly slug?: string | undefined;
  readonly sessionNames?: JsonObject;
  /** Whether the client calls the workflow untrusted. */
  readonly isUntrusted?: boolean;
  /** Consent given with the submit; `all`: to everything. */
  readonly consent: "all" | { readonly permissions: readonly string[]; readonly variables: readonly string[] };
}

/** Creates the run without storing it, as a dry run needs; {@link storeSimulatedRun} stores it. Throws an HttpError. */
export function prepareSimulatedRun(state: SimulatorState, input: RunInput): SimulatedRun {
  const file = findWorkflow(state, input);
  const behavior = state.behavior();
  const nowMs = state.clock.now();
  const workspace = workspaceStatus(state, input.user, nowMs);
  if (workspace !== "Running") {
    const message = workspace === "Off" ? "User workspace not found or is not running" : "Could not execute workflow";
    throw new HttpError(behavior.workspaceErrorStatus, message);
  }
  requireConsent(state, input, file);
  return plannedRun(state, input, { ...file, createdAtMs: nowMs });
}

/** A run as it is created at an instant, in the past for the initial history. */
export function plannedRun(
  state: SimulatorState,
  input: Pick<RunInput, "user" | "workflow" | "slug" | "displayName" | "inputs" | "sessionNames">,
  { yaml, scenario, createdAtMs }: Pick<StoredWorkflow, "yaml" | "scenario"> & { readonly createdAtMs: number },
): SimulatedRun {
  const { user, workflow = null, displayName = null } = input;
  const earlier = state.runs.filter((run) => run.user === user && run.workflow === workflow);
  const number = Math.max(0, ...earlier.map((run) => run.number)) + 1;
  const slug = input.slug ?? serverSlug(state, input, number);
  const declared = Object.entries(objectOf(yaml["sessions"])).map(([key, spec]) => ({
    key,
    name: textOf(input.sessionNames?.[key]) ?? `${workflow ?? "inline"}_${number}_${key}`,
    spec: objectOf(spec),
  }));
  const sessions = Object.fromEntries(declared.map(({ key, name }) => [key, name]));
  const inputs = resolveInputs(yaml, input.inputs, { user, clusters: state.clusters, sessions });
  const scope = { inputs, sessions, org: {} };
  return {
    id: newId(createdAtMs, state.random),
    slug,
    number,
    user,
    workflow,
    createdAtMs,
    inputs,
    yaml,
    plan: planRun({
      yaml,
      inputs,
      scenario,
      sessions,
      user,
      clusters: state.clusters,
      env: { PW_RUN_SLUG: slug, PW_USER: user },
      // File names separate folders by dots or, in a flat folder, by two underscores.
      find: (path) =>
        [...state.workflows.get(user)?.values() ?? []].find(({ file }) =>
          `.${file.name.replaceAll("__", ".")}`.endsWith(`.${path}`)
        ),
    }),
    sessions: declared.map(({ name, spec }) =>
      newSession(state, {
        name,
        type: textOf(spec["type"]) ?? "tunnel",
        user,
        createdAtMs,
        isRedirect: evaluateCondition(spec["redirect"], scope),
      })
    ),
    isHistory: false,
    displayName,
    statusReason: null,
    cancelRequestedAtMs: null,
    failedAtMs: null,
    isDeleted: false,
    statusOverride: null,
  };
}

/** Throws an HttpError (409) if the same workflow was submitted within `launchGapMs`. */
export function storeSimulatedRun(state: SimulatorState, run: SimulatedRun): void {
  const gapMs = state.behavior().launchGapMs;
  const isTooSoon = state.runs.some((other) =>
    other.user === run.user && other.workflow === run.workflow && run.createdAtMs - other.createdAtMs < gapMs
  );
  if (isTooSoon) throw new HttpError(409, "Conflict");
  state.runs.push(run);
}

function findWorkflow(state: SimulatorState, { user, workflow, yaml = "", isUntrusted = false }: RunInput) {
  if (workflow !== undefined) {
    const record = state.workflows.get(user)?.get(workflow);
    if (record === undefined) {
      throw new HttpError(404, `Workflow ${workflow} not found`, { code: "workflow_not_found" });
    }
    return { ...record, isThirdParty: record.file.isThirdParty === true || isUntrusted };
  }
  const parsed = parseWorkflow(yaml);
  if (parsed === undefined) throw new HttpError(400, "Invalid YAML", { code: "invalid_yaml" });
  return { yaml: parsed, scenario: {}, isThirdParty: isUntrusted };
}

function requireConsent(
  state: SimulatorState,
  { user, workflow, consent }: RunInput,
  { yaml, isThirdParty }: ReturnType<typeof findWorkflow>,
): void {
  const rule = state.behavior().consent;
  if (consent === "all" || rule === "never" || (rule === "third-party" && !isThirdParty)) return;
  const granted = state.grants.get(`${user} ${workflow}`);
  const withoutConsent = (required: readonly string[], ...consented: readonly (readonly string[] | undefined)[]) =>
    required.filter((name) => !consented.some((names) => names?.includes(name)));
  const permissions = withoutConsent(stringsOf(yaml["permissions"]), consent.permissions, granted?.permissions);
  const variables = withoutConsent(stringsOf(yaml["variables"]), consent.variables, granted?.variables);
  if (permissions.length + variables.length === 0) return;
  const missing = [...permissions.map((name) => `permission ${name}`), ...variables.map((name) => `variable ${name}`)];
  throw new HttpError(403, `This workflow needs your consent: ${missing.join(", ")}`, {
    code: "consent_required",
    params: { permissions, variables },
  });
}

const ADJECTIVES = ["swift", "nice", "quiet", "bright", "calm", "bold"];
const NOUNS = ["falcon", "goose", "otter", "cedar", "comet", "harbor"];

function serverSlug(
  { random, runs }: SimulatorState,
  { user, workflow }: Pick<RunInput, "user" | "workflow">,
  number: number,
): string {
  const isTaken = (slug: string) => runs.some((run) => run.user === user && run.slug === slug);
  // `marketplace.openvscode.latest` becomes `mp-openvscode-00001`.
  const base = workflow?.replace(/^marketplace\.([^.]+).*$/, "mp-$1");
  const numbered = `${base}-${String(number).padStart(5, "0")}`;
  if (base !== undefined && !isTaken(numbered)) return numbered;
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? words[0];
  return `${pick(ADJECTIVES)}-${pick(NOUNS)}-${runs.length + 1}`;
}

const SLUG_FIELD = { type: "string", maxLength: 40, pattern: /^[a-z][a-z0-9-]*$/ } as const;

/** Applies the `slugs` behavior option to the client's slug; absent: the server generates one. Throws an HttpError. */
export function acceptSlug(state: SimulatorState, slug: string | undefined): string | undefined {
  if (slug === undefined || slug === "") return undefined;
  const { slugs } = state.behavior();
  if (slugs === "ignored") return undefined;
  checkBody({ slug }, slugs === "refused" ? {} : { slug: SLUG_FIELD });
  return slug;
}

/** The existing run that a duplicate submit returns, if any. Throws an HttpError if the slug is taken. */
export function findRunWithSlug(state: SimulatorState, user: string, slug: string): SimulatedRun | null {
  const { slugs, duplicateSlugStatus } = state.behavior();
  const taken = state.runs.findLast((run) => run.slug === slug && !run.isDeleted);
  if (taken === undefined || slugs === "shared") return null;
  if (slugs === "existing" && taken.user === user) return taken;
  throw new HttpError(duplicateSlugStatus, `Slug ${slug} is already in use`, {
    code: "slug_in_use",
    fields: [{ code: "slug_in_use", detail: "already in use", pointer: "#/slug" }],
  });
}
