import type { RunResult } from "./result.ts";
import type { RunStatus, StepPosition } from "./run.ts";

/** Why a submit is delayed. */
export type SubmitDelay = "unreachable" | "rate-limited" | "conflict" | "reconciling" | "workspace";

/**
 * What an idempotency key guarantees on a server. `one-run`: it refuses a second run. `oldest-run`: simultaneous submits
 * may start several runs, of which all but the oldest are cancelled.
 */
export type KeyGuarantee = "one-run" | "oldest-run";

/** How much longer a run is likely to take, by earlier runs of its workflow. */
export type TimeLeft =
  | {
    readonly type: "about";
    /** Milliseconds, from the event. */
    readonly leftMs: number;
    /** What a run of the workflow usually takes, milliseconds. */
    readonly usualMs: number;
    /** How many earlier runs this is estimated from. */
    readonly earlierRuns: number;
  }
  /** It has taken longer than each of the earlier runs. */
  | { readonly type: "longer-than-all"; readonly earlierRuns: number };

/** The fields that every event has. */
export interface EventBase {
  /** Generated here, never sent to the platform; of a run that was started elsewhere, its slug, or `workflow#47`. */
  readonly submissionId: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** Progress of a submission and its run. */
export type RunEvent =
  | EventBase & {
    readonly type: "submitting";
    readonly workflow: string;
    /** Host name, with its port if that is not the default one. */
    readonly host: string;
    /** The user that the run will belong to. */
    readonly user: string;
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
    readonly type: "key-guarantee";
    /** What the server does with a second submit of one key at the same time, as far as it is known. */
    readonly guarantee: KeyGuarantee;
  }
  | EventBase & {
    readonly type: "duplicate-cancelled";
    /** A run that another client started at the same time with the same key, or that this client started. */
    readonly slug: string;
    /** The oldest run with the key: it remains. */
    readonly keptSlug: string;
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
    /** `null` unless several earlier runs of the workflow agree. */
    readonly timeLeft: TimeLeft | null;
  }
  | EventBase & { readonly type: "unknown-status"; readonly platformStatus: string }
  | EventBase & {
    /** The server asks for a longer delay than the poll interval, or has asked for delays for a while. */
    readonly type: "poll-delayed";
    readonly reason: string;
    /** When the run is polled next. */
    readonly untilMs: number;
  }
  | EventBase & { readonly type: "connection-lost"; readonly reason: string }
  | EventBase & { readonly type: "connection-restored"; readonly outageMs: number }
  | EventBase & { readonly type: "finished"; readonly result: RunResult };
