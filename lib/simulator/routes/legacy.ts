/** Legacy routes: a run is identified by its workflow and number, and DELETE removes it with its files. */

import type { JsonObject } from "../../json.ts";
import { checkBody, HttpError } from "../responses.ts";
import { prepareSimulatedRun, storeSimulatedRun } from "../run_input.ts";
import { executedJobsOf, simulatedRunJson, submitResponse } from "../progress.ts";
import { objectOf, pick } from "../shape.ts";
import type { SimulatedRun, SimulatorState } from "../state.ts";
import { route, type RouteContext } from "./route.ts";

export const LEGACY_ROUTES = [
  route("POST /api/workflows/:workflow/runs", "submit", ({ state, user, params, body, nowMs }) => {
    const fields = checkBody(body, { inputs: { type: "object" }, appInfo: { type: "object" } });
    const run = prepareSimulatedRun(state, {
      user,
      workflow: params["workflow"] ?? "",
      inputs: objectOf(fields["inputs"]),
      sessionNames: objectOf(objectOf(fields["appInfo"])["sessionNames"]),
      // Servers with the legacy API have no consent.
      consent: "all",
    });
    storeSimulatedRun(state, run);
    return submitResponse(legacyRunJson(state, run, nowMs), run.sessions);
  }),
  route("GET /api/workflows/:workflow/runs/:number", "get-run", (context) => {
    if (context.state.behavior().legacyRead === "405") {
      throw new HttpError(405, "Method not allowed", { code: "method_not_allowed", headers: { allow: "DELETE" } });
    }
    return legacyRunJson(context.state, runOf(context), context.nowMs);
  }),
  route("DELETE /api/workflows/:workflow/runs/:number", "delete-run", (context) => {
    runOf(context).isDeleted = true;
  }),
].map((one) => ({ ...one, apiVersion: "legacy" } as const));

function runOf({ state, user, params, nowMs }: RouteContext): SimulatedRun {
  const run = state.runs.find((run) =>
    run.user === user && run.workflow === params["workflow"] && String(run.number) === params["number"] &&
    !run.isDeleted && nowMs - run.createdAtMs >= state.behavior().readLagMs
  );
  if (run === undefined) throw new HttpError(404, `Run ${params["number"]} not found`);
  return run;
}

/** Has no slug, and lists of pairs instead of maps. */
function legacyRunJson(state: SimulatorState, run: SimulatedRun, nowMs: number): JsonObject {
  const workflow = state.workflows.get(run.user)?.get(run.workflow ?? "");
  return {
    ...pick(simulatedRunJson(state, run, nowMs), ["id", "number", "user", "status", "createdAt", "completedAt"]),
    workflowName: run.workflow,
    workflowId: workflow?.id ?? null,
    workflowDisplayName: workflow?.file.displayName ?? run.workflow,
    variables: pairsOf(run.inputs),
    executedJobs: pairsOf(executedJobsOf(run.plan.jobs, run, nowMs)),
  };
}

function pairsOf(map: JsonObject): JsonObject[] {
  return Object.entries(map).map(([key, value]) => ({ key, value }));
}
