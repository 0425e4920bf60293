/** Runs the cases of suites with the engine for many runs, and judges each as soon as its run has ended. */

import { expected, InvalidInputs } from "../errors.ts";
import { redactedValues } from "../inputs/secrets.ts";
import type { ReportCase } from "../reports/report.ts";
import type { BatchEvent, BatchOptions, BatchOutcome, BatchTask } from "../runs/batch_task.ts";
import { batch } from "../runs/batch.ts";
import type { Deps } from "../runs/deps.ts";
import { toEnd } from "../runs/execute.ts";
import type { InputChecking } from "../runs/prepare.ts";
import { DEFAULT_RETRY_DELAY_MS, isLost, NO_ATTEMPTS } from "../runs/retry_policy.ts";
import { isOpen, type RunRequest } from "../submission.ts";
import { judgeAttempt, keptIn } from "./attempt.ts";
import { type Budget, createBudgets } from "./budget.ts";
import { blockedBy, type CaseState, newState, notRun, outputOf, reportOf, skipReasonOf } from "./case_state.ts";
import { type ExecuteDeps, ranSecondsOf } from "./evidence.ts";
import { type FinishOptions, finishSuite } from "./finish.ts";
import { type CutOffOptions, endsOfInterrupted, judgeInterrupted, judgeStopped } from "./interrupted.ts";
import type { Judgement } from "./judge.ts";
import { type CheckedCase, dependsOnRuns, prepareCase } from "./preflight.ts";
import type { Reference } from "./references.ts";

export interface ExecuteSuitesOptions
  extends CutOffOptions, FinishOptions, Pick<BatchOptions, "control" | "deadlineMs"> {
  /** The verdicts of a `scheduled-suite` are kept with its runs: it is continued by many ticks. */
  readonly originType: "suite" | "scheduled-suite";
  readonly checking: InputChecking;
  /** No further run is started once one of them is used up. */
  readonly budgets: readonly Budget[];
  readonly failFast?: boolean;
  /** `null` for no limit. */
  readonly maxFailures?: number | null;
  /** In [0, 1]: above this part of cases with a failed attempt, nothing is retried; `null` retries always. */
  readonly retriesThreshold?: number | null;
  /** Judges what an earlier call left behind, and runs nothing. */
  readonly isRejudged?: boolean;
  /** The command that repeats the case alone. */
  commandOf(one: CheckedCase): string;
  onEvent?(event: BatchEvent): void;
  /** Called with the key of a case that has its verdict. */
  onVerdict?(key: string, one: ReportCase): void;
}

/**
 * @returns The cases in their order. `isFinished`: false if the signal or an error ended it, or a run that it cancelled has
 * not ended yet: it is to be continued.
 */
export async function executeSuites(
  deps: ExecuteDeps,
  cases: readonly CheckedCase[],
  options: ExecuteSuitesOptions,
) {
  const { control, isRejudged = false, requiresResources = false } = options;
  const all = cases.map(newState);
  const states = new Map(all.map((state) => [state.one.id, state]));
  options.redact(cases.flatMap(({ secrets }) => secrets));
  let failures = 0;
  const decide = (state: CaseState, judgement?: Judgement) => {
    if (judgement !== undefined) state.judgement = judgement;
    state.isDecided = true;
    const reported = reportOf(state, options.commandOf);
    options.onVerdict?.(state.one.key, reported);
    if (reported.isFailure) failures++;
    if (failures > 0 && options.failFast === true) control.stop("fail-fast");
    if (failures >= (options.maxFailures ?? Infinity)) {
      control.stop("max-failures", `${failures} failed`);
    }
  };
  const reportAll = () => all.map((state) => reportOf(state, options.commandOf));
  const budget = createBudgets(options.budgets);
  const whyNot = ({ suite }: CheckedCase) => budget(suite, all, { nowMs: deps.clock.now(), earlier: options.earlier });
  const context: SuiteContext = { states, decide, options, whyNot, judging: new Set() };
  for (const state of all) {
    // A resource that is switched off meanwhile does not take back a run that it has started.
    const earlier = options.previous.get(state.one.key);
    const hasStarted = isRejudged || earlier !== undefined;
    const reason = hasStarted ? state.one.skipReason : skipReasonOf(state.one);
    if (reason === null && earlier !== undefined && isLost(earlier.previous)) {
      decide(state, { ...notRun("its record is damaged, and its run may continue"), verdict: "not-judged" });
    }
    if (reason === null) continue;
    const isFailure = state.one.skipReason === null && requiresResources;
    decide(state, { verdict: isFailure ? "error" : "skipped", isFailure, reason, expectations: [] });
  }
  const runnable = all.filter(({ isDecided }) => !isDecided);
  for (const state of runnable) {
    for (const { end } of options.previous.get(state.one.key)?.ended ?? []) {
      if (end.type === "result") state.outputs = end.result.outputs ?? {};
    }
  }
  for (const state of runnable) {
    if (!options.previous.has(state.one.key) || !dependsOnRuns(state.one)) continue;
    // Their outputs may hold secrets that the attempts of an earlier process were given.
    await requestOf(deps, state, context, "none").catch(expected(InvalidInputs));
  }
  if (isRejudged) {
    for (const state of runnable) await judgeKept(deps, state, context);
    return { cases: reportAll(), error: null, isFinished: true };
  }
  // What an earlier process has seen of a case, besides its last attempt.
  for (const state of runnable) {
    const { ended = [], previous } = options.previous.get(state.one.key) ?? {};
    for (const one of ended) if (one.submission !== previous?.last) await judgeAttempt(deps, state, one, options);
  }
  const tasks = runnable.map((state) => taskOf(deps, state, context));
  const outcome = await runTasks(deps, tasks, options);
  const isInterrupted = options.signal.aborted;
  for (const [index, end] of outcome.ends.entries()) {
    const state = runnable[index];
    if (state === undefined || state.isDecided) continue;
    // A retry that was not submitted any more: the attempt before it decides.
    const isJudged = end.type === "not-submitted" || (end.type === "result" && state.attempts.length >= end.attempt);
    if (isJudged && state.judgement !== null) decide(state);
    else if (isInterrupted) decide(state, judgeInterrupted(state, end, options));
    else decide(state, await judgeStopped(deps, state, end, { ...outcome, options }));
  }
  const isFinished = !isInterrupted && outcome.error === null &&
    await finishSuite(deps, all, options);
  return { cases: reportAll(), error: outcome.error, isFinished };
}

async function runTasks(deps: Deps, tasks: readonly BatchTask[], options: ExecuteSuitesOptions): Promise<BatchOutcome> {
  const { signal, sessionId: batchId } = options;
  const running = batch(deps, tasks, {
    ...options,
    batchId,
    keyPrefix: `${batchId} `,
    maxPerCluster: null,
    until: "all",
    maxFailures: null,
    canary: null,
    retry: { maxRetries: 0, on: "infra", delayMs: DEFAULT_RETRY_DELAY_MS },
    onTimeout: "cancel",
    requestsPerMinute: 60,
  });
  try {
    return await toEnd(running, options.onEvent);
  } catch (error) {
    if (!signal.aborted) throw error;
    // What runs continues: it is found again when the suite is resumed.
    const ends = await endsOfInterrupted(deps, tasks, batchId);
    return { ends, stopped: { reason: "interrupted", detail: null }, error: null } as const;
  }
}

interface SuiteContext {
  readonly states: ReadonlyMap<string, CaseState>;
  readonly options: ExecuteSuitesOptions;
  decide(state: CaseState, judgement?: Judgement): void;
  /** Why a case may not start any more, although nothing that it needs prevents it. */
  whyNot(one: CheckedCase): string | null;
  /** Whose runs have ended. */
  readonly judging: Set<CaseState>;
}

/** From then on, no output shows its secrets. @throws InvalidInputs */
async function requestOf(
  deps: Deps,
  state: CaseState,
  { states, options }: SuiteContext,
  checking: InputChecking,
): Promise<RunRequest> {
  const { one } = state;
  const valueOf = (reference: Reference) =>
    reference.type === "output" ? outputOf(reference, one, states) : one.values.valueOf(reference);
  const { request } = await prepareCase(deps, one, { ...one.values, valueOf }, { signal: options.signal, checking });
  // Also of what comes from other runs.
  state.secrets = redactedValues(request);
  options.redact(state.secrets);
  return request;
}

function taskOf(deps: ExecuteDeps, state: CaseState, context: SuiteContext): BatchTask {
  const { one } = state;
  const { options, states, judging } = context;
  const stored = options.previous.get(one.key)?.previous ?? NO_ATTEMPTS;
  // As they were judged again, to recognize the same failure: their runs may have completed.
  const ended = stored.ended.map((each, index) => ({ ...each, error: state.attempts[index]?.reason ?? each.error }));
  const previous = { ...stored, ended };
  state.isRunning = previous.last !== null && isOpen(previous.last);
  return {
    key: one.key,
    locks: one.locks,
    cluster: one.clusters[0] ?? null,
    previous,
    timeoutMs: one.timeoutMs,
    queueTimeoutMs: one.queueTimeoutMs,
    retry: { maxRetries: one.retries.max, on: one.retries.on, delayMs: DEFAULT_RETRY_DELAY_MS },
    isReady() {
      // The next case must not start before it is known whether this one failed.
      const isStrict = options.failFast === true || typeof options.maxFailures === "number";
      if (isStrict && judging.size > 0) return false;
      const blocked = blockedBy(one, states) ?? context.whyNot(one);
      if (blocked === "wait") return false;
      if (blocked === null) return true;
      // Where a retry is not started, the attempt before it decides.
      if (!state.isDecided) context.decide(state, state.judgement ?? notRun(blocked));
      return "never";
    },
    onWork: (atMs) => void (state.workingSinceMs = atMs),
    async prepare() {
      state.isRunning = true;
      return await requestOf(deps, state, context, options.checking);
    },
    async judge(end, submission) {
      judging.add(state);
      state.ranSeconds = ranSecondsOf(end);
      const cause = await judgeAttempt(deps, state, { end, submission }, options);
      const isDown = isAbove(options.retriesThreshold ?? 1, states);
      return { cause: isDown ? null : cause, error: state.attempts.at(-1)?.reason ?? null };
    },
    onEnd(isRetried) {
      judging.delete(state);
      if (!isRetried && !state.isDecided && state.judgement !== null) context.decide(state);
    },
  };
}

function isAbove(threshold: number, states: ReadonlyMap<string, CaseState>): boolean {
  const all = [...states.values()].filter(({ one }) => skipReasonOf(one) === null);
  const failed = all.filter(({ attempts }) => attempts.some(({ cause }) => cause !== null));
  return failed.length > threshold * all.length;
}

/** Judges the attempts of an earlier call again. Their logs are read from the platform; nothing else is sent. */
async function judgeKept(deps: ExecuteDeps, state: CaseState, { decide, options }: SuiteContext): Promise<void> {
  const { ended = [] } = options.previous.get(state.one.key) ?? {};
  const isSession = ended.some((one) => keptIn(one)?.of === "session");
  if (ended.length === 0) {
    return decide(state, notRun("no evidence: it has not ended with these inputs in the last call"));
  }
  if (isSession) return decide(state, notRun("no evidence: what a session answers is not kept"));
  for (const one of ended) await judgeAttempt(deps, state, one, options);
  decide(state);
}
