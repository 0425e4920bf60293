import { describeType } from "../inputs/check_json.ts";
import type { Origin } from "../submission.ts";
import { DEFAULT_POLL_INTERVAL, type PollInterval } from "./poll_interval.ts";

/** Options that may be left out; `undefined` counts as left out. */
export type Given<Options> = { readonly [Name in keyof Options]?: Options[Name] | undefined };

/** Options for tracking a run. */
export interface TrackOptions {
  /** Stops the wait; its reason is thrown. */
  readonly signal: AbortSignal;
  /** How long to wait, milliseconds from the start of the run; `null` for no limit. The run continues afterwards. */
  readonly timeoutMs: number | null;
  /** How often to poll; backs off up to a maximum. */
  readonly pollInterval: PollInterval;
  /** How long the server may not respond before tracking stops, milliseconds; `null` for no limit. */
  readonly unreachableTimeoutMs: number | null;
  /** False to return as soon as the run has started. */
  readonly isWaiting: boolean;
}

/**
 * What to do when the key already has a run: `attach` tracks it, `reject` throws, `new-if-failed` tracks it unless it
 * failed or was cancelled, in which case it starts a new run.
 */
export type KeyPolicy = "attach" | "reject" | "new-if-failed";

/** An idempotency key, and what to do when it already has a run. */
export interface KeyWithPolicy {
  /** The key itself. Keys are separate for each host, user and workflow, and those of the service from all others. */
  readonly text: string;
  /** Applies when the key already has a run. */
  readonly policy: KeyPolicy;
  /** The first attempt of the key that counts; earlier ones are left alone. Default: 1. */
  readonly attempt?: number | undefined;
}

/** Options for submitting and tracking a run. */
export interface ExecuteOptions extends TrackOptions {
  /** How long to retry a submit that certainly started nothing, milliseconds. */
  readonly submitTimeoutMs: number;
  /** Reusing a key attaches to the run that was started with it, from any machine. */
  readonly idempotencyKey?: KeyWithPolicy | undefined;
  /** What creates the submission: `command-line` by default. */
  readonly origin?: Origin | undefined;
}

/** The default options for tracking. */
export const DEFAULT_TRACK = {
  timeoutMs: 3_600_000,
  pollInterval: DEFAULT_POLL_INTERVAL,
  unreachableTimeoutMs: 30 * 60_000,
  isWaiting: true,
} as const satisfies Omit<TrackOptions, "signal">;

/** The default options for submitting. */
export const DEFAULT_EXECUTE = {
  ...DEFAULT_TRACK,
  submitTimeoutMs: 10 * 60_000,
} as const satisfies Omit<ExecuteOptions, "signal">;

/**
 * Fills in the defaults; `undefined` counts as not given.
 *
 * @throws RangeError for a time that is not a number, which would be waited for without end; TypeError for another value.
 */
export function executeOptions(given: Given<ExecuteOptions>): ExecuteOptions {
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const options: ExecuteOptions = { ...DEFAULT_EXECUTE, signal: new AbortController().signal, ...defined };
  if (!(options.signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal: got ${describeType(options.signal)}`);
  }
  if (typeof options.isWaiting !== "boolean") {
    throw new TypeError(`isWaiting must be true or false: got ${describeType(options.isWaiting)}`);
  }
  const { timeoutMs, unreachableTimeoutMs, submitTimeoutMs } = options;
  for (const [name, value] of Object.entries({ timeoutMs, unreachableTimeoutMs, submitTimeoutMs })) {
    if (value !== null && (typeof value !== "number" || Number.isNaN(value))) {
      throw new RangeError(`${name} must be a number of milliseconds: got ${value}`);
    }
  }
  const { pollIntervalMs, maxPollIntervalMs, firstPollMs = 0 }: PollInterval = Object(options.pollInterval);
  for (const [name, value] of Object.entries({ pollIntervalMs, maxPollIntervalMs, firstPollMs })) {
    if (!Number.isFinite(value) || value < 0) {
      throw new RangeError(`${name} must be a number of milliseconds of at least 0: got ${value}`);
    }
  }
  return options;
}
