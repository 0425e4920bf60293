/** JSON of runs, as the current routes return it. */

import type { JsonObject } from "../json.ts";
import { endMsOf, executedJobsOf, hasSimulatedRunEnded, simulatedStatusOf } from "./progress.ts";
import { formatServerTime, type SimulatedRun, type SimulatorState } from "./state.ts";

/** An item of the list of runs: without jobs. */
export function simulatedRunJson(state: SimulatorState, run: SimulatedRun, nowMs: number): JsonObject {
  const workflow = run.workflow ?? "inline";
  return {
    id: run.id,
    slug: run.slug,
    number: run.number,
    user: run.user,
    status: simulatedStatusOf(run, nowMs),
    workflowName: workflow,
    workflowSlug: workflow,
    inlineRun: run.workflow === null,
    marketplace: workflow.startsWith("marketplace."),
    // The contract does not declare it, but the platform sends it.
    newExecutor: true,
    createdAt: formatServerTime(state, run.createdAtMs),
    // The platform writes `createdAt` in milliseconds and `completedAt` in nanoseconds.
    ...(hasSimulatedRunEnded(run, nowMs)
      ? { completedAt: formatServerTime(state, endMsOf(run)).replace("Z", "000000Z") }
      : {}),
    ...(run.displayName === null ? {} : { displayName: run.displayName }),
    ...(run.statusReason === null ? {} : { statusReason: run.statusReason }),
  };
}

/** The response to a submit. */
export function submitResponse(run: JsonObject, sessions: SimulatedRun["sessions"]) {
  return { run, redirect: sessions.find((session) => session.isRedirect)?.name };
}

/** A run's details. */
export function runDetailJson(state: SimulatorState, run: SimulatedRun, nowMs: number): JsonObject {
  const redirect = run.sessions.find((session) => session.isRedirect);
  return {
    ...simulatedRunJson(state, run, nowMs),
    executedJobs: executedJobsOf(run, nowMs),
    inputs: run.inputs,
    links: {},
    resolvedYaml: run.yaml,
    ...(redirect === undefined ? {} : { redirect: { kind: "session", name: redirect.name } }),
  };
}
