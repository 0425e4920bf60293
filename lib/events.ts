import type { RunResult } from "./result.ts";
import type { RunStatus, StepPosition } from "./run.ts";

/** Why a submit is delayed. */
export type SubmitDelay = "unreachable" | "rate-limited" | "conflict" | "reconciling" | "workspace";

/** The fields that every event has. */
export interface EventBase {
  /** Generated here, never sent to the platform. */
  readonly submissionId: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** Progress of a submission and its run. */
export type RunEvent =
  | EventBase & {
    readonly type: "submitting";
    readonly workflow: string;
    /** The run's slug if the server keeps ours; `null` on legacy servers. */
    readonly slug: string | null;
  }
  | EventBase & {
    readonly type: "key-matched";
    /** A run with this key exists already. */
    readonly idempotencyKey: string;
    /** `null` while the earlier submission is unconfirmed. */
    readonly slug: string | null;
  }
  | EventBase & {
    readonly type: "submit-delayed";
    readonly reason: SubmitDelay;
    readonly detail: string;
    readonly untilMs: number;
  }
  | EventBase & {
    readonly type: "started";
    readonly workflow: string | null;
    readonly slug: string | null;
    readonly number: number | null;
    /** True if the run existed before this call. */
    readonly isAttached: boolean;
    /** When waiting ends (the run continues); `null` for never. */
    readonly deadlineAtMs: number | null;
  }
  | EventBase & {
    readonly type: "status";
    readonly status: RunStatus;
    readonly platformStatus: string;
    readonly elapsedMs: number;
    readonly position: StepPosition | null;
  }
  | EventBase & { readonly type: "unknown-status"; readonly platformStatus: string }
  | EventBase & { readonly type: "connection-lost"; readonly reason: string }
  | EventBase & { readonly type: "connection-restored"; readonly outageMs: number }
  | EventBase & { readonly type: "finished"; readonly result: RunResult };
