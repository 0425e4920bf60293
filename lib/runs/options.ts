import { didYouMeanOrKnown, orList } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
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

/** Every option, so that an unknown one can be refused by name. */
const EXECUTE_NAMES = [...Object.keys(DEFAULT_EXECUTE), "signal", "idempotencyKey", "origin"];

/**
 * Fills in the defaults; `undefined` counts as not given.
 *
 * @param otherNames Of members that the caller reads itself.
 * @throws RangeError for a time that is not one, which would be waited for without end or not at all; TypeError for another
 * value, and for an unknown name; the errors of {@link checkIdempotencyKey}.
 */
export function executeOptions(given: Given<ExecuteOptions>, otherNames: readonly string[] = []): ExecuteOptions {
  const known = [...EXECUTE_NAMES, ...otherNames];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`Unknown option ${JSON.stringify(unknown)}. ${didYouMeanOrKnown(unknown, known)}`);
  }
  const own = Object.entries(given).filter(([name, value]) => value !== undefined && EXECUTE_NAMES.includes(name));
  const defaults = { ...DEFAULT_EXECUTE, signal: new AbortController().signal };
  const options: ExecuteOptions = { ...defaults, ...Object.fromEntries(own) };
  if (!(options.signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal: got ${describeType(options.signal)}`);
  }
  if (typeof options.isWaiting !== "boolean") {
    throw new TypeError(`isWaiting must be true or false: got ${describeType(options.isWaiting)}`);
  }
  if (options.idempotencyKey !== undefined) checkIdempotencyKey(options.idempotencyKey);
  const { timeoutMs, unreachableTimeoutMs, submitTimeoutMs } = options;
  const { pollIntervalMs, maxPollIntervalMs, firstPollMs = 0 }: PollInterval = Object(options.pollInterval);
  const endless = { timeoutMs: timeoutMs ?? Infinity, unreachableTimeoutMs: unreachableTimeoutMs ?? Infinity };
  const limits = { ...endless, submitTimeoutMs };
  for (const [name, value] of Object.entries({ ...limits, pollIntervalMs, maxPollIntervalMs, firstPollMs })) {
    if (typeof value === "number" && value >= 0 && (value < Infinity || name in limits)) continue;
    throw new RangeError(`${name} must be a number of milliseconds of at least 0: got ${String(value)}`);
  }
  return options;
}

const KEY_POLICIES: readonly KeyPolicy[] = ["attach", "reject", "new-if-failed"];

/** @throws UsageError for an empty key; TypeError for one that is not a text; RangeError for no policy or attempt. */
export function checkIdempotencyKey(key: KeyWithPolicy): void {
  const { text, policy, attempt = 1 }: typeof key = Object(key);
  if (typeof text !== "string") {
    throw new TypeError('idempotencyKey must be like { text: "nightly-2026-01-31", policy: "attach" }');
  }
  if (!KEY_POLICIES.includes(policy)) {
    throw new RangeError(`idempotencyKey.policy must be ${orList(KEY_POLICIES)}: got ${JSON.stringify(policy)}`);
  }
  if (!Number.isInteger(attempt) || attempt < 1) {
    throw new RangeError(`idempotencyKey.attempt must be a whole number of at least 1: got ${attempt}`);
  }
  if (text.trim() !== "") return;
  throw new UsageError("Cannot use an empty idempotency key: every submit would match it", {
    hint: "Use a text that names this run, for example nightly-2026-01-31; or omit the key",
    commandHint: "Use a text that names this run, for example nightly-2026-01-31; or omit --idempotency-key",
  });
}
