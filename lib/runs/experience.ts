/**
 * Estimates for a tracked run, from what earlier runs of the workflow took: from the run store, or from the platform where
 * that has none.
 */

import type { Owner } from "../account.ts";
import { fallbackTo } from "../errors.ts";
import type { TimeLeft } from "../events.ts";
import { isObject, type JsonObject, valuesIn } from "../json.ts";
import { silentLog, storeFailureTo } from "../log.ts";
import type { Run } from "../run.ts";
import type { RunStore } from "../store/run_store.ts";
import type { ActiveSubmission, StoredRequest, Submission } from "../submission.ts";
import type { Experience } from "./advance_result.ts";
import type { Deps } from "./deps.ts";
import {
  type DurationEstimate,
  estimateDurations,
  type ObservedDurations,
  plannedDelayMs,
  planPolls,
  quantileMs,
} from "./durations.ts";
import { type Limited, withLimit } from "./limit.ts";
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

export type EarlierRun = ReturnType<typeof observed>[number];

/** How many that ended are used. */
const MAX_ENDED = 50;
/** How many submissions are read for them: the latest may all be running. */
const MAX_READ = 200;
/** The platform's list is asked for this many. */
const MAX_LISTED = 50;
/** Fewer runs with the same inputs, or on the same cluster, predict less than all those of the workflow. */
const MIN_ALIKE = 2;

/**
 * The latest first. What can't be read is left out.
 *
 * @param query.slug The run that is tracked itself: it is left out.
 * @throws The signal's reason.
 */
export async function loadEarlierRuns(
  deps: Pick<Deps, "client" | "store" | "clock">,
  { owner, workflow, slug }: { readonly owner: Owner; readonly workflow: string; readonly slug: string | null },
  options: Limited,
): Promise<readonly EarlierRun[]> {
  const found = deps.store.listRecent({ owner, workflow, limit: MAX_READ }).catch(storeFailureTo(silentLog));
  const nowMs = deps.clock.now();
  const stored = (await found ?? []).flatMap((submission) => earlierRun(submission, { slug, nowMs }));
  if (stored.some(({ hasEnded }) => hasEnded)) return latestEnded(stored);
  const { runs } = await withLimit(options, `list runs of ${workflow}`, async (signal) => {
    return await deps.client.listRuns({ workflow, limit: MAX_LISTED, signal, retry: "none" });
  }).catch(fallbackTo({ runs: [] }));
  const others = runs.filter((run) => run.slug === null || run.slug !== slug);
  return latestEnded([...stored, ...others.flatMap((run) => listedRun(run, deps.clock.now()))]);
}

/** The durations of those with the same inputs, else on the same cluster, else of all. */
export function durationsLike(
  runs: readonly EarlierRun[],
  { inputsHash, clusters }: ReturnType<typeof likenessOf>,
): ObservedDurations {
  const sameInputs = inputsHash === null ? [] : runs.filter((run) => run.inputsHash === inputsHash);
  const sameClusters = clusters === null ? [] : runs.filter((run) => run.clusters === clusters);
  const alike =
    [sameInputs, sameClusters].find((some) => some.filter(({ hasEnded }) => hasEnded).length >= MIN_ALIKE) ?? runs;
  const durations = (isEnd: boolean) => alike.filter((run) => run.hasEnded === isEnd).map((run) => run.durationMs);
  return { endedMs: durations(true), censoredMs: durations(false) };
}

/** What {@link durationsLike} compares; `null` for what is not known. */
export function likenessOf(request: StoredRequest) {
  const inputs = request.inputs ?? request.inputsWithoutSecrets;
  return {
    inputsHash: request.inputsHash === "" ? null : request.inputsHash,
    clusters: inputs === null ? null : clustersOf(inputs),
  };
}

/**
 * The clusters that inputs name, as text to be compared. The form is not known here: they are recognized by the names that
 * workflows give to these inputs, and by the platform's addresses.
 */
function clustersOf(inputs: JsonObject): string | null {
  const found = [...valuesIn(inputs)].flatMap(([value, path]) => {
    const isNamed = /resource|cluster/i.test(path.findLast((segment) => typeof segment === "string") ?? "");
    const text = isObject(value) ? value.id ?? value.uri ?? value.name : value;
    const isCluster = typeof text === "string" && text !== "" && (isNamed || text.startsWith("pw://"));
    return isCluster ? [`${path.map((segment) => `.${segment}`).join("")}=${text}`] : [];
  });
  return found.length === 0 ? null : found.sort().join("\n");
}

function latestEnded(runs: readonly EarlierRun[]): readonly EarlierRun[] {
  let ended = 0;
  return runs.filter((run) => !run.hasEnded || ++ended <= MAX_ENDED);
}

function earlierRun(
  submission: Submission,
  { slug, nowMs }: { readonly slug: string | null; readonly nowMs: number },
): readonly EarlierRun[] {
  const likeness = likenessOf(submission.request);
  if (submission.state === "active") {
    const ageMs = Math.max(0, nowMs - submission.startedAtMs);
    return submission.run.slug === slug ? [] : observed("running", ageMs, likeness);
  }
  if (submission.state !== "finished" || submission.result.durationSeconds === null) return [];
  return observed(submission.result.status, 1_000 * submission.result.durationSeconds, likeness);
}

function listedRun({ status, createdAt, completedAt }: Run, nowMs: number): readonly EarlierRun[] {
  const untilMs = completedAt === null && status === "running" ? nowMs : Date.parse(completedAt ?? "");
  return observed(status, untilMs - Date.parse(createdAt ?? ""), { inputsHash: null, clusters: null });
}

/**
 * Nothing for a result without information about the run's duration.
 *
 * @param durationMs Of a run that was cancelled or still runs, so far.
 */
function observed(status: string, durationMs: number, likeness: ReturnType<typeof likenessOf>) {
  const hasEnded = status === "completed" || status === "failed";
  const isKnown = (hasEnded || status === "cancelled" || status === "running") && durationMs >= 0;
  return isKnown ? [{ ...likeness, hasEnded, durationMs }] : [];
}
