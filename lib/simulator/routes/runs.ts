/** The current routes of a run, which is known by its slug. */

import type { Answer } from "../answers.ts";
import { invalid, json, noContent, Refusal } from "../answers.ts";
import { checkBody } from "../body.ts";
import { acceptSlug, keepRun, type Launch, prepareRun, runOfTakenSlug } from "../run_input.ts";
import { readFile } from "../logs.ts";
import { hasEnded, runningSteps } from "../progress.ts";
import { runDetailJson, runJson } from "../render.ts";
import { objectOf, textOf, wordsOf } from "../shape.ts";
import type { SimulatedRun, SimulatorState } from "../state.ts";
import { deleteRuns } from "./delete_runs.ts";
import { listRuns } from "./list_runs.ts";
import type { Call, Route } from "./route.ts";

const family = "current" as const;

export const RUN_ROUTES: readonly Route[] = [
  { method: "GET", path: "/api/workflow-runs", operation: "list-runs", family, handle: listRuns },
  { method: "POST", path: "/api/workflow-runs", operation: "submit", family, handle: submit },
  { method: "DELETE", path: "/api/workflow-runs", operation: "delete-runs", family, handle: deleteRuns },
  {
    method: "GET",
    path: "/api/workflow-runs/:slug",
    operation: "get-run",
    family,
    handle: (call) => json(runDetailJson(call.world, runOf(call), call.nowMs)),
  },
  { method: "PATCH", path: "/api/workflow-runs/:slug", operation: "update-run", family, handle: updateRun },
  { method: "DELETE", path: "/api/workflow-runs/:slug", operation: "delete-run", family, handle: deleteRun },
  { method: "POST", path: "/api/workflow-runs/:slug/cancel", operation: "cancel-run", family, handle: cancelRun },
  { method: "GET", path: "/api/workflow-runs/:slug/files", operation: "read-file", family, handle: readRunFile },
  {
    method: "GET",
    path: "/api/workflow-runs/:slug/running-steps",
    operation: "running-steps",
    family,
    handle: (call) => {
      const steps = runningSteps(runOf(call), call.nowMs);
      return json({ runningSteps: steps.length === 0 ? null : steps });
    },
  },
];

/** Starts winding a run down, unless it is over or winding down already. */
export function askToCancel(run: SimulatedRun, nowMs: number): void {
  if (!hasEnded(run, nowMs)) run.cancelAskedAtMs ??= nowMs;
}

const SUBMIT_FIELDS = {
  workflow: { type: "string" },
  yaml: { type: "string" },
  marketplace: { type: "string" },
  repository: { type: "string" },
  inputs: { type: "object" },
  displayName: { type: "string" },
  dryRun: { type: "boolean" },
  slug: { type: "string" },
  sessionNames: { type: "object" },
  autoApproveConsent: { type: "boolean" },
  consentPermissions: { type: "strings" },
  consentVariables: { type: "strings" },
  untrusted: { type: "boolean" },
} as const;

function submit({ world, user, body, nowMs }: Call): Answer {
  const asked = checkBody(body, SUBMIT_FIELDS);
  const sources = ["workflow", "yaml", "marketplace", "repository"].filter((name) => asked[name] !== undefined);
  if (sources.length !== 1) {
    throw invalid([{
      code: "one_source",
      detail: "expected exactly one of workflow, yaml, marketplace, repository",
      pointer: "#",
    }]);
  }
  if (sources[0] === "marketplace" || sources[0] === "repository") {
    throw new Refusal(404, `No workflow at ${asked[sources[0]]}`, { code: "workflow_not_found" });
  }
  const slug = acceptSlug(world, textOf(asked["slug"]));
  const launch: Launch = {
    user,
    workflow: textOf(asked["workflow"]) ?? null,
    yaml: textOf(asked["yaml"]) ?? null,
    inputs: objectOf(asked["inputs"]),
    displayName: textOf(asked["displayName"]) ?? null,
    slug,
    sessionNames: objectOf(asked["sessionNames"]),
    consent: asked["autoApproveConsent"] === true ? "all" : {
      permissions: wordsOf(asked["consentPermissions"]),
      variables: wordsOf(asked["consentVariables"]),
    },
  };
  const run = prepareRun(world, launch);
  if (asked["dryRun"] === true) return json({ run: dryRunJson(world, run, nowMs) });
  const existing = slug === null ? null : runOfTakenSlug(world, user, slug);
  if (existing === null) {
    keepRun(world, run);
    grant(world, launch);
  }
  const answered = existing ?? run;
  const redirect = answered.sessions.find((session) => session.isRedirect);
  return json({
    run: runJson(world, answered, nowMs),
    ...(redirect === undefined ? {} : { redirect: redirect.name }),
  });
}

function dryRunJson(world: SimulatorState, run: SimulatedRun, nowMs: number) {
  const { status, slug, ...rest } = runJson(world, run, nowMs);
  const { dryRun } = world.behavior();
  switch (dryRun) {
    case "run":
      return { ...rest, status, slug };
    case "run-without-status":
      return { ...rest, slug };
    case "no-slug":
      return { ...rest, status };
    default:
      return dryRun satisfies never;
  }
}

/** What was agreed to by name holds for the next time. */
function grant(world: SimulatorState, { user, workflow, consent }: Launch): void {
  if (workflow === null || consent === "all" || consent.permissions.length + consent.variables.length === 0) return;
  world.grants.set(`${user} ${workflow}`, consent);
}

function runOf({ world, user, params, nowMs }: Call): SimulatedRun {
  const { idInPath, readLagMs, foreignRun } = world.behavior();
  const word = params["slug"];
  const bearers = world.runs.filter((run) =>
    !run.isDeleted && (run.slug === word || (idInPath && run.id === word)) && nowMs - run.createdAtMs >= readLagMs
  );
  const own = bearers.findLast((run) => run.user === user);
  if (own !== undefined) return own;
  const foreign = bearers.at(-1);
  if (foreign !== undefined && foreignRun === 200) return foreign;
  if (foreign !== undefined && foreignRun === 403) throw new Refusal(403, "You may not see this run");
  throw new Refusal(404, `Workflow run ${word} not found`, { code: "workflow_run_not_found" });
}

const UPDATE_FIELDS = {
  displayName: { type: "string", maxLength: 255 },
  status: { type: "string", oneOf: ["canceling", "error"] },
  statusReason: { type: "string", maxLength: 100 },
} as const;

function updateRun(call: Call): Answer {
  const run = runOf(call);
  const asked = checkBody(call.body, UPDATE_FIELDS);
  if (asked["status"] === "canceling") askToCancel(run, call.nowMs);
  if (asked["status"] === "error" && !hasEnded(run, call.nowMs)) run.failedAtMs = call.nowMs;
  run.displayName = textOf(asked["displayName"]) ?? run.displayName;
  run.statusReason = textOf(asked["statusReason"]) ?? run.statusReason;
  return json(runDetailJson(call.world, run, call.nowMs));
}

function cancelRun(call: Call): Answer {
  const run = runOf(call);
  if (hasEnded(run, call.nowMs) && call.world.behavior().cancelOfEnded === 409) {
    throw new Refusal(409, `Workflow run ${run.slug} has ended already`);
  }
  askToCancel(run, call.nowMs);
  return noContent;
}

function deleteRun(call: Call): Answer {
  runOf(call).isDeleted = true;
  return noContent;
}

function readRunFile(call: Call): Answer {
  const run = runOf(call);
  const path = call.query.get("file");
  if (path === null || path === "") {
    throw invalid([{
      code: "required",
      detail: "required query parameter is missing",
      parameter: "file",
      in: "query",
    }]);
  }
  const text = readFile(call.world, run, path, call.nowMs);
  if (text === null) throw new Refusal(404, `File ${path} not found`, { code: "file_not_found" });
  return json(text);
}
