/** The routes of older servers: a run is a number within its workflow, and DELETE removes it with its files. */

import type { JsonObject } from "../../json.ts";
import type { Answer } from "../answers.ts";
import { json, noContent, Refusal } from "../answers.ts";
import { checkBody } from "../body.ts";
import { keepRun, prepareRun } from "../run_input.ts";
import { executedJobs } from "../progress.ts";
import { runJson } from "../render.ts";
import { objectOf } from "../shape.ts";
import type { SimulatedRun, SimulatorState } from "../state.ts";
import type { Call, Route } from "./route.ts";

const family = "legacy" as const;

export const NESTED_ROUTES: readonly Route[] = [
  { method: "POST", path: "/api/workflows/:workflow/runs", operation: "submit", family, handle: submit },
  { method: "GET", path: "/api/workflows/:workflow/runs/:number", operation: "get-run", family, handle: getRun },
  {
    method: "DELETE",
    path: "/api/workflows/:workflow/runs/:number",
    operation: "delete-run",
    family,
    handle: deleteRun,
  },
];

function submit({ world, user, params, body, nowMs }: Call): Answer {
  const asked = checkBody(body, { inputs: { type: "object" }, appInfo: { type: "object" } });
  const run = prepareRun(world, {
    user,
    workflow: params["workflow"] ?? "",
    yaml: null,
    inputs: objectOf(asked["inputs"]),
    displayName: null,
    slug: null,
    sessionNames: objectOf(objectOf(asked["appInfo"])["sessionNames"]),
    // Older servers knew no consent.
    consent: "all",
  });
  keepRun(world, run);
  const redirect = run.sessions.find((session) => session.isRedirect);
  return json({
    run: legacyRunJson(world, run, nowMs),
    ...(redirect === undefined ? {} : { redirect: redirect.name }),
  });
}

function getRun(call: Call): Answer {
  if (call.world.behavior().nestedRead === "405") {
    throw new Refusal(405, "Method not allowed", { code: "method_not_allowed", headers: { allow: "DELETE" } });
  }
  return json(legacyRunJson(call.world, runOf(call), call.nowMs));
}

function deleteRun(call: Call): Answer {
  runOf(call).isDeleted = true;
  return noContent;
}

function runOf({ world, user, params, nowMs }: Call): SimulatedRun {
  const run = world.runs.find((run) =>
    run.user === user && run.workflow === params["workflow"] && String(run.number) === params["number"] &&
    !run.isDeleted && nowMs - run.createdAtMs >= world.behavior().readLagMs
  );
  if (run === undefined) throw new Refusal(404, `Run ${params["number"]} not found`);
  return run;
}

/** The older form: no slug, and lists of pairs for what are maps today. */
function legacyRunJson(world: SimulatorState, run: SimulatedRun, nowMs: number): JsonObject {
  const { id, number, user, status, createdAt, completedAt } = runJson(world, run, nowMs);
  const workflow = world.workflows.get(run.user)?.get(run.workflow ?? "");
  return {
    id: id ?? null,
    number: number ?? null,
    user: user ?? null,
    status: status ?? null,
    createdAt: createdAt ?? null,
    ...(completedAt === undefined ? {} : { completedAt }),
    workflowName: run.workflow,
    workflowId: workflow?.id ?? null,
    workflowDisplayName: workflow?.file.displayName ?? run.workflow,
    variables: pairsOf(run.inputs),
    executedJobs: pairsOf(executedJobs(run, nowMs)),
  };
}

function pairsOf(map: JsonObject): JsonObject[] {
  return Object.entries(map).map(([key, value]) => ({ key, value }));
}
