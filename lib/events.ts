import type { RunResult } from "./result.ts";
import type { RunStatus, StepPosition } from "./run.ts";

/** Why a submit has to wait. */
export type SubmitDelay = "unreachable" | "rate-limited" | "conflict" | "reconciling" | "workspace";

/** What every event has. */
export interface EventBase {
  /** The record's own id, never sent. */
  readonly submissionId: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** Something that happened to a run, or to the wish for one. */
export type RunEvent =
  | EventBase & {
    readonly type: "submitting";
    readonly workflow: string;
    /** What the run will bear if the server honours it; `null` on older servers. */
    readonly slug: string | null;
  }
  | EventBase & {
    readonly type: "key-matched";
    /** The user's name for the wish, which a run bears already. */
    readonly idempotencyKey: string;
    /** `null` while it is not clear what became of that wish. */
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
    /** True when this call did not start it but found it going. */
    readonly isAttached: boolean;
    /** When waiting stops (the run goes on); `null` for never. */
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
