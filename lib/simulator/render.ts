/** Runs as the current routes show them. */

import type { JsonObject } from "../json.ts";
import { endMsOf, executedJobs, hasEnded, statusOf } from "./progress.ts";
import { type SimulatedRun, type SimulatorState, timeText } from "./state.ts";

/** A run of the list: never its jobs. */
export function runJson(world: SimulatorState, run: SimulatedRun, nowMs: number): JsonObject {
  const workflow = run.workflow ?? "inline";
  return {
    id: run.id,
    slug: run.slug,
    number: run.number,
    user: run.user,
    status: statusOf(run, nowMs),
    workflowName: workflow,
    workflowSlug: workflow,
    inlineRun: run.workflow === null,
    marketplace: false,
    // Undeclared in the contract, and sent all the same.
    newExecutor: true,
    createdAt: timeText(world, run.createdAtMs),
    // The platform writes milliseconds here and nanoseconds there.
    ...(hasEnded(run, nowMs) ? { completedAt: timeText(world, endMsOf(run)).replace("Z", "000000Z") } : {}),
    ...(run.displayName === null ? {} : { displayName: run.displayName }),
    ...(run.statusReason === null ? {} : { statusReason: run.statusReason }),
  };
}

/** A run's own page. */
export function runDetailJson(world: SimulatorState, run: SimulatedRun, nowMs: number): JsonObject {
  const redirect = run.sessions.find((session) => session.isRedirect);
  return {
    ...runJson(world, run, nowMs),
    executedJobs: executedJobs(run, nowMs),
    inputs: run.inputs,
    links: {},
    resolvedYaml: run.yaml,
    ...(redirect === undefined ? {} : { redirect: { kind: "session", name: redirect.name } }),
  };
}
