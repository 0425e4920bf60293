/** Estimates for a tracked run, from earlier runs of the workflow. */

import type { ActiveSubmission } from "../submission.ts";
import type { RunStore } from "../store/run_store.ts";
import type { Experience } from "./advance_result.ts";
import type { Deps } from "./deps.ts";
import { estimateDurations } from "./durations.ts";
import { durationsLike, likenessOf, loadEarlierRuns } from "./earlier_runs.ts";
import type { Limited } from "./limit.ts";
import { plannedDelayMs, planPolls } from "./poll_plan.ts";
import type { PollInterval } from "./poll_interval.ts";
import { timeLeftOf } from "./time_left.ts";

/**
 * `undefined` if the workflow has not run before.
 *
 * @throws The signal's reason.
 */
export async function loadExperience(
  deps: Pick<Deps, "client" | "clock">,
  { owner, run, request }: ActiveSubmission,
  { store, pollInterval, ...limited }: Limited & {
    readonly store: RunStore;
    readonly pollInterval: PollInterval;
  },
): Promise<Experience | undefined> {
  const query = { owner, workflow: run.workflowName ?? request.workflow, slug: run.slug };
  const earlier = await loadEarlierRuns({ ...deps, store }, query, limited);
  const estimate = estimateDurations(durationsLike(earlier, likenessOf(request)));
  if (estimate === undefined) return undefined;
  const plan = planPolls(estimate, pollInterval);
  return {
    pollDelayMs: (elapsedMs, random) => plannedDelayMs(plan, elapsedMs, random),
    timeLeft: (elapsedMs) => timeLeftOf(estimate, elapsedMs),
  };
}
