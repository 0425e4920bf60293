/** The options of submitting and tracking a run, and their defaults. */

import type { Origin } from "../submission.ts";
import type { KeyWithPolicy } from "./idempotency.ts";
import { DEFAULT_POLL_INTERVAL, type PollInterval } from "./poll_interval.ts";

/** How a run is followed. */
export interface TrackOptions {
  /** Ends the wait; its reason is thrown. */
  readonly signal: AbortSignal;
  /** How long to wait for the end, milliseconds from the start of the run; `null` for ever. The run goes on. */
  readonly timeoutMs: number | null;
  /** How often the run is looked at. */
  readonly pollInterval: PollInterval;
  /** How long nobody may answer before contact is given up, milliseconds; `null` for ever. */
  readonly unreachableTimeoutMs: number | null;
  /** False to end as soon as the run is known. */
  readonly isWaiting: boolean;
}

/** How a run is submitted and followed. */
export interface ExecuteOptions extends TrackOptions {
  /** How long a submit that certainly started nothing is repeated, milliseconds. */
  readonly submitTimeoutMs: number;
  /** The user's own name for the wish: the same name from anywhere means the same run. */
  readonly idempotencyKey?: KeyWithPolicy | undefined;
  /** What creates the submission: `command-line` when left out. */
  readonly origin?: Origin | undefined;
}

/** What following does unless told otherwise. */
export const DEFAULT_TRACK = {
  timeoutMs: 3_600_000,
  pollInterval: DEFAULT_POLL_INTERVAL,
  unreachableTimeoutMs: 30 * 60_000,
  isWaiting: true,
} as const satisfies Omit<TrackOptions, "signal">;

/** What submitting does unless told otherwise. */
export const DEFAULT_EXECUTE = {
  ...DEFAULT_TRACK,
  submitTimeoutMs: 10 * 60_000,
} as const satisfies Omit<ExecuteOptions, "signal">;
