/** What the engine for many runs works with. */

import type { RunnerError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import type { ObservedRun, Origin, RunRequest, Submission } from "../submission.ts";
import type { AdvanceOptions } from "./advance_result.ts";
import type { EndedAttempt, PreviousAttempts, RetryPolicy, TaskEnd } from "./retry_policy.ts";

/** A run that a batch or a suite wants. */
export interface BatchTask {
  /** Identifies it in the batch. */
  readonly key: string;
  /** Tasks that share a lock do not run at the same time. */
  readonly locks: readonly string[];
  /** The cluster that it runs on, for a limit per cluster; `null` if it is not known. */
  readonly cluster: string | null;
  /** Of its workflow file, for the next call; absent if that does not compare it. */
  readonly workflowHash?: string;
  /** What was submitted for it before. */
  readonly previous: PreviousAttempts;
  /** How long a run may take, milliseconds; `null` for no limit. */
  readonly timeoutMs: number | null;
  /** Also limits how long a run may wait until its first step starts; `timeoutMs` then counts from there. */
  readonly queueTimeoutMs?: number | undefined;
  /** Default: the batch's. */
  readonly retry?: RetryPolicy | undefined;
  /** False while it must wait for another task, `never` once it cannot be started any more. Default: true. */
  isReady?(): boolean | "never";
  /**
   * Called when it may start.
   *
   * @throws RunnerError when there is nothing to submit: the task ends with it.
   */
  prepare(attempt: number): Promise<RunRequest>;
  /** Called when the first step of a run is seen, milliseconds since the epoch; only with a `queueTimeoutMs`. */
  onWork?(atMs: number): void;
  /**
   * Decides what an attempt's end means, in place of the run's status: without a cause it was not a failure. Others may start
   * meanwhile. Ends of an earlier process are judged again.
   *
   * @param submission `null` if nothing was stored for the attempt.
   */
  judge?(end: TaskEnd, submission: Submission | null): Promise<Pick<EndedAttempt, "cause" | "error">>;
  /** Called after each attempt's end, before another task may start. */
  onEnd?(isRetried: boolean): void;
}

/** Why no further run is submitted. */
type StopReason =
  | "canary"
  | "max-failures"
  | "fail-fast"
  | "any"
  | "deadline"
  | "cancelled"
  | "interrupted"
  | "unreachable";

/** What happens in a batch. */
export type BatchEvent =
  | { readonly type: "run"; readonly key: string; readonly attempt: number; readonly event: RunEvent }
  /** A run has ended, or none was started. `retryAtMs`: it is submitted again then. */
  | {
    readonly type: "attempt-ended";
    readonly key: string;
    readonly attempt: number;
    readonly end: TaskEnd;
    readonly retryAtMs: number | null;
  }
  /** The runs were polled, and the server has responded. */
  | { readonly type: "polled"; readonly atMs: number; readonly running: number; readonly pages: number }
  /** The server limits how many runs may be submitted. */
  | { readonly type: "slowed"; readonly jobs: number; readonly reason: string; readonly untilMs: number }
  | { readonly type: "stopped"; readonly reason: StopReason; readonly detail: string | null }
  /** The server has responded to polls for a while, and asks to wait. */
  | { readonly type: "poll-delayed"; readonly reason: string }
  | { readonly type: "connection-lost"; readonly reason: string }
  | { readonly type: "connection-restored" };

/** Limits and rules of a batch. */
export interface BatchOptions
  extends Pick<AdvanceOptions, "pollInterval" | "retriesRefusedKey" | "submitTimeoutMs" | "unreachableTimeoutMs"> {
  /** Detaches: the runs continue. */
  readonly signal: AbortSignal;
  readonly batchId: string;
  readonly originType: Extract<Origin, { batchId: string }>["type"];
  /** Text of the idempotency keys, completed by the task's key. */
  readonly keyPrefix: string;
  readonly control: BatchControl;
  readonly maxPerCluster: number | null;
  readonly until: "all" | "any" | "fail-fast";
  /** This many failed tasks stop the batch; `null` for no limit. */
  readonly maxFailures: number | null;
  /** Stops when this many have ended and all of them failed; `null` never stops. */
  readonly canary: number | null;
  readonly retry: RetryPolicy;
  /** Milliseconds until the whole batch ends; `null` for no limit. */
  readonly deadlineMs: number | null;
  /** What happens to a run at its timeout. `cancel`: its end is awaited. */
  readonly onTimeout: "keep" | "cancel";
  /** Requests for lists per minute. */
  readonly requestsPerMinute: number;
}

export type BatchControl = ReturnType<typeof createBatchControl>;

/** Changes a batch while it runs. */
export function createBatchControl(initialJobs: number) {
  let jobs = initialJobs;
  let stopped: { readonly reason: StopReason; readonly detail: string | null } | null = null;
  const listeners: (() => void)[] = [];
  const changed = () => listeners.forEach((listener) => listener());
  return {
    /** How many runs at once. */
    get jobs() {
      return jobs;
    },
    setJobs(wanted: number) {
      if (wanted === jobs) return;
      jobs = Math.max(1, wanted);
      changed();
    },
    /** Submits nothing any more. Runs are tracked to their ends, but for the deadline, also one after another stop. */
    stop(reason: StopReason, detail?: string) {
      if (stopped !== null && (reason !== "deadline" || stopped.reason === reason)) return;
      stopped = { reason, detail: detail ?? null };
      changed();
    },
    get stopped() {
      return stopped;
    },
    /** @param listener Called after each change. */
    onChange: (listener: () => void) => void listeners.push(listener),
  };
}

/** How a batch ended. */
export interface BatchOutcome {
  /** One for each task, in their order. */
  readonly ends: readonly TaskEnd[];
  readonly stopped: BatchControl["stopped"];
  /** Why the batch ended before its runs did; `null` if it did not. */
  readonly error: RunnerError | null;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** A task and where it stands, with what was observed of its current submission, where that matters. */
export interface TrackedTask extends Mutable<ObservedRun> {
  readonly task: BatchTask;
  /** Of the current or the last submission. */
  attempt: number;
  isRetry: boolean;
  /** True if its run existed before. */
  isAttached: boolean;
  readonly ended: EndedAttempt[];
  /** On the monotonic clock: not submitted before. */
  notBeforeMs: number;
  submission: Submission | null;
  /** When its last attempt ended, if an earlier process has seen that, milliseconds since the epoch; otherwise `null`. */
  endedAtMs: number | null;
  /** The run is being cancelled because of a limit. */
  isCancelSent: boolean;
  end: TaskEnd | null;
}
