/** Estimates for a tracked run, from earlier runs of the workflow. */

import type { TimeLeft } from "../events.ts";
import type { ActiveSubmission } from "../submission.ts";
import type { RunStore } from "../store/run_store.ts";
import type { Experience } from "./advance_result.ts";
import type { Deps } from "./deps.ts";
import { type DurationEstimate, estimateDurations, quantileMs } from "./durations.ts";
import { durationsLike, likenessOf, loadEarlierRuns } from "./earlier_runs.ts";
import type { Limited } from "./limit.ts";
import { plannedDelayMs, planPolls } from "./poll_plan.ts";
import type { PollInterval } from "./poll_interval.ts";

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

const MIN_EARLIER_RUNS = 5;
/** The middle half of the estimates may differ by this part of the time left, or by this time. */
const MAX_SPREAD = 1 / 2;
const MAX_SPREAD_MS = 10_000;

/** How much longer a run is likely to take; `null` where fewer than five runs are known, or where they do not agree. */
export function timeLeftOf(estimate: DurationEstimate, ageMs: number): TimeLeft | null {
  const earlierRuns = estimate.endedMs.length;
  if (earlierRuns < MIN_EARLIER_RUNS) return null;
  if (ageMs > (estimate.endedMs.at(-1) ?? Infinity)) return { type: "longer-than-all", earlierRuns };
  const [early = 0, middle = 0, late = 0] = [0.25, 0.5, 0.75].map((share) => quantileMs(estimate, share, ageMs));
  const leftMs = Math.round(middle - ageMs);
  if (late - early > Math.max(MAX_SPREAD * leftMs, MAX_SPREAD_MS)) return null;
  return { type: "about", leftMs, usualMs: Math.round(quantileMs(estimate, 0.5)), earlierRuns };
}
