/** What a tick does when there is something to do. A file of its own because most ticks do nothing and load nothing. */

import { RunnerError } from "../errors.ts";
import { inParallel, oneAfterTheOther } from "../in_parallel.ts";
import { ownerOf } from "../runs/find.ts";
import type { ListedOpenRow } from "../store/run_store.ts";
import {
  decideOverlap,
  firesAtMs,
  isRequested,
  nextOccurrences,
  type OpenOccurrence,
  type OverlapDecision,
} from "./occurrences.ts";
import { sendNotifications } from "./notifications.ts";
import { cancelRuns, pollOpen } from "./open_runs.ts";
import { rejectOccurrence, reportDeadlines, reportEnds } from "./report_occurrences.ts";
import type { Occurrence, Schedule } from "./schedule.ts";
import type { TickContext, TickOptions, TickReport } from "./service.ts";
import { keepFailing, removeWaitingOccurrence, type WaitingOccurrence } from "./scheduler_store.ts";
import {
  mayRetryAt,
  type ScheduleState,
  submitOccurrence,
  type SubmitOptions,
  type SubmitOutcome,
} from "./submit_occurrence.ts";

/** Of the budget: the rest is for what follows from the responses, and for notifying. */
const REQUEST_SHARE = 0.7;
/** Of the budget: polls without a response must leave time to submit what is due. */
const DECISION_SHARE = 0.4;

/**
 * Polls, submits and notifies.
 *
 * @returns `error`: the first of a request to the platform.
 * @throws StorageError, and what the signal aborts with.
 */
export async function runTickWork(
  context: TickContext,
  input: Omit<TickOptions, "signal"> & {
    readonly waiting: readonly WaitingOccurrence[];
    readonly open: readonly ListedOpenRow[];
  },
): Promise<Omit<TickReport, "didTick" | "missedTicks"> & { readonly error: RunnerError | null }> {
  const { service, signal } = context;
  using requests = service.deps.clock.timeout(input.budgetMs * REQUEST_SHARE);
  const asking: TickContext = { ...context, signal: AbortSignal.any([signal, requests.signal]) };
  let error: RunnerError | null = null;
  /** A platform that does not respond must not keep the tick from reporting that. */
  const request = async <T>(act: () => Promise<T>): Promise<T | undefined> => {
    if (asking.signal.aborted) return undefined;
    try {
      return await act();
    } catch (problem) {
      if (asking.signal.aborted && problem === asking.signal.reason) return undefined;
      if (!(problem instanceof RunnerError) || problem.kind === "storage") throw problem;
      error ??= problem;
      return undefined;
    }
  };
  const { waiting } = input;
  const needsPlatform = waiting.length + input.open.length > 0;
  const owner = needsPlatform ? await request(() => ownerOf(service.deps, asking.signal)) : undefined;
  // Before anything is decided: whether a run is open is a fact of now, not of the previous tick.
  const names = new Set(waiting.map(({ schedule }) => schedule));
  const { suites = [], deciding = [], others = [] } = Object.groupBy(input.open, ({ occurrence }) => {
    if (occurrence?.isSuite) return "suites";
    const isDeciding = occurrence !== null && names.has(occurrence.schedule) &&
      context.schedules.get(occurrence.schedule)?.overlap !== "allow";
    return isDeciding ? "deciding" : "others";
  });
  using decisions = service.deps.clock.timeout(input.budgetMs * DECISION_SHARE);
  const first = { ...context, signal: AbortSignal.any([decisions.signal, asking.signal]) };
  const poll = (polling: TickContext, open: readonly ListedOpenRow[], maxPolls: number) =>
    owner && open.length > 0 ? request(() => pollOpen(polling, open, { owner, maxPolls })) : undefined;
  const polled = await poll(first, deciding, input.maxPolls);
  const isPollingCutShort = decisions.signal.aborted;
  for (const occurrence of waiting) {
    if (occurrence.missed === null || signal.aborted) continue;
    await rejectOccurrence(context, occurrence, { kind: "missed", message: occurrence.missed });
  }
  const left = waiting.filter(({ missed }) => missed === null);
  const known = new Set([...polled?.known ?? [], ...suites.map(({ id }) => id)]);
  const sent = left.length > 0
    ? await request(() =>
      submitWaiting(asking, { waiting: left, open: [...polled?.open ?? deciding, ...suites], known })
    )
    : undefined;
  const rest = await poll(asking, others, input.maxPolls - (polled?.count ?? 0));
  const open = [...polled?.open ?? deciding, ...rest?.open ?? others, ...suites];
  await reportDeadlines(context, open);
  const hasSuites = suites.length > 0 || left.some(({ schedule }) => context.schedules.get(schedule)?.suite);
  // A client waits for a tick on request, and the next one comes within a minute.
  const { isScheduled } = input;
  if (owner && hasSuites && isScheduled) {
    await request(async () => await (await import("./advance_suites.ts")).advanceSuites(context, asking.signal, owner));
  }
  await reportEnds(context);
  await cancelRuns(context, open);
  const delivered = isScheduled ? await sendNotifications(service, signal) : 0;
  const isCutShort = asking.signal.aborted || isPollingCutShort;
  return {
    submitted: sent?.submitted ?? 0,
    polled: (polled?.count ?? 0) + (rest?.count ?? 0),
    delivered,
    isCutShort,
    failure: sent === undefined ? null : failureOf(sent),
    error,
  };
}

/** As long as anything is submitted, what is not is the problem of its own schedule. */
function failureOf({ submitted, failures }: Awaited<ReturnType<typeof submitWaiting>>): string | null {
  const [first] = failures;
  if (submitted > 0 || first === undefined) return null;
  const count = failures.length;
  const what = count === 1
    ? "The only due occurrence was not submitted"
    : `None of ${count} due occurrences was submitted`;
  return `${what}: ${first}`;
}

const MINUTE_MS = 60_000;
const WORKFLOWS_AT_ONCE = 8;
/** Of one workflow: what is sent next is prepared and stored meanwhile. */
const SCHEDULES_AT_ONCE = 8;

interface WaitingInput {
  readonly waiting: readonly WaitingOccurrence[];
  /** Open submissions of the service. */
  readonly open: readonly ListedOpenRow[];
  /** The ids of those whose state is known as of now. */
  readonly known: ReadonlySet<string>;
}

/**
 * Submits what may be submitted, the earliest first. Workflows don't wait for each other: one that the platform does not
 * respond for delays no other.
 */
async function submitWaiting(context: TickContext, { waiting, open, known }: WaitingInput) {
  const { service, schedules, signal } = context;
  const openOf = Map.groupBy(open, ({ occurrence }) => occurrence?.schedule);
  const sent = new Set<string>();
  const groupOf = (name: string) => schedules.get(name)?.suite ?? schedules.get(name)?.workflow;
  const groups = [...Map.groupBy(waiting, ({ schedule }) => groupOf(schedule)).values()];
  // Where there are more than go at once, another one is first each minute.
  const first = Math.floor(service.deps.clock.now() / MINUTE_MS) % Math.max(1, groups.length);
  const errors: unknown[] = [];
  /** Those that should have been submitted and were not; each is logged. */
  const failures: string[] = [];
  let submitted = 0;
  const submitAll = async (occurrences: readonly WaitingOccurrence[], inOrder: SubmitOptions["inOrder"]) => {
    const state = stateOf(occurrences, openOf.get(occurrences[0]?.schedule) ?? []);
    try {
      for (const occurrence of occurrences) {
        if (signal.aborted) return;
        const outcome = await submitOne(context, occurrence, { state, known, sent, inOrder });
        if (outcome === "submitted") submitted++;
        else if (outcome !== "waiting") failures.push(`${occurrence.id}: ${outcome.failure}`);
      }
    } catch (error) {
      if (error !== signal.reason) errors.push(error);
    }
  };
  await inParallel([...groups.slice(first), ...groups.slice(0, first)], WORKFLOWS_AT_ONCE, async (group) => {
    const inOrder = oneAfterTheOther();
    const own = [...Map.groupBy(group, ({ schedule }) => schedule).values()];
    await inParallel(own, SCHEDULES_AT_ONCE, (occurrences) => submitAll(occurrences, inOrder));
  });
  if (errors.length > 0) throw errors[0];
  return { submitted, failures };
}

function stateOf(waiting: readonly Occurrence[], open: readonly ListedOpenRow[]): ScheduleState {
  const occurrences = [
    ...waiting.map((occurrence): OpenOccurrence => ({ ...occurrence, state: "waiting" })),
    ...open.flatMap(({ id, state, occurrence }): OpenOccurrence[] =>
      occurrence === null ? [] : [{ ...occurrence, id, state: state === "canceling" ? "cancelling" : "open" }]
    ),
  ];
  return new Map(occurrences.map((occurrence) => [occurrence.id, occurrence]));
}

async function submitOne(
  context: TickContext,
  occurrence: WaitingOccurrence,
  { known, ...options }: Omit<SubmitOptions, "schedule" | "replaced"> & Pick<WaitingInput, "known">,
): Promise<SubmitOutcome> {
  const { state, sent } = options;
  const { service: { deps, kv, timeline }, schedules, lock } = context;
  const { id, scheduledAtMs } = occurrence;
  const schedule = schedules.get(occurrence.schedule);
  const nowMs = deps.clock.now();
  const skip = async (skipped: Occurrence, message: string) => {
    state.delete(skipped.id);
    await rejectOccurrence(context, skipped, { kind: "skipped", message });
    return "waiting" as const;
  };
  const mayWait = async () => {
    const isEarly = mayRetryAt(occurrence, nowMs);
    if (isEarly) await keepFailing(kv, lock, occurrence, nowMs);
    return isEarly;
  };
  if (schedule === undefined) {
    // A revision that is about to be replaced does not know the schedules of the next one.
    return await mayWait() ? "waiting" : await skip(occurrence, "The schedule no longer exists");
  }
  // It was skipped in favor of another one.
  if (!state.has(id)) return "waiting";
  if (!schedule.timelines.includes(timeline) && !isRequested(occurrence)) {
    return await skip(occurrence, "The schedule is disabled");
  }
  const decision = decideOverlap(schedule.overlap, occurrence, [...state.values()]);
  if (decision.type === "wait") {
    // An earlier failure does not limit how long it waits for its turn.
    await keepFailing(kv, lock, occurrence, undefined);
    return "waiting";
  }
  if (decision.type === "already-submitted") {
    await removeWaitingOccurrence(kv, lock, occurrence);
    return "waiting";
  }
  if (decision.type === "skip") {
    // While the platform does not report whether they are open, the next tick decides. If that tick has an occurrence of
    // its own, one that waits for what has just been submitted would make it and all later ones late.
    const hasTurn = !isNextDueBy(schedule, scheduledAtMs, nowMs + MINUTE_MS);
    const isUnknown = decision.blockedBy.some((other) =>
      state.get(other)?.state === "open" && !known.has(other) && (hasTurn || !sent.has(other))
    );
    return isUnknown && await mayWait() ? "waiting" : await skip(occurrence, skipMessage(decision));
  }
  const replaced = decision.cancel.flatMap((other) => state.get(other) ?? []);
  for (const other of replaced) if (other.state === "waiting") await skip(other, `Replaced by ${id}`);
  const withRuns = replaced.filter((other) => other.state !== "waiting").map(({ id }) => id);
  return await submitOccurrence(context, occurrence, { ...options, schedule, replaced: withRuns });
}

function skipMessage({ reason, blockedBy }: Extract<OverlapDecision, { type: "skip" }>): string {
  if (reason !== "queue-full") return `${reason.replace("-", " ")}: ${blockedBy.join(", ")}`;
  return `queue full: ${blockedBy.length} wait, since ${
    blockedBy[0]
  }. If runs take longer than the time between them, ` +
    'let the schedule fire less often, or set overlap: "skip"';
}

function isNextDueBy(schedule: Schedule, scheduledAtMs: number, instantMs: number): boolean {
  return nextOccurrences(schedule, scheduledAtMs, 1).some((next) => firesAtMs(schedule, next) <= instantMs);
}
