/** Options of every command that waits for a run, or tracks it. */

import { DEFAULT_TRACK, type TrackOptions } from "../../runs/options.ts";
import { DEFAULT_POLL_INTERVAL, type PollInterval } from "../../runs/poll_interval.ts";
import { type ArgValues, durationOrNever, oneOf, option, positiveDuration } from "../argv.ts";
import { parseDuration } from "../../duration.ts";
import { orError, UsageError } from "../../errors.ts";
import { EVENTS_OPTION, JSON_OPTION } from "../command.ts";
import type { Context } from "../context.ts";
import { settingName } from "../settings.ts";

export const WAIT_OPTIONS = {
  timeout: option(
    "TIME",
    "Stop waiting after this long, such as 90s or 2h; 0 for no limit (default 1h, also PW_TIMEOUT)",
    { parse: durationOrNever, short: "t" },
  ),
  poll: option(
    "HOW",
    "adaptive: by the durations of earlier runs; fixed: by the intervals alone (default adaptive, or fixed if an interval is given)",
    oneOf("adaptive", "fixed"),
  ),
  pollInterval: option("TIME", "Initial poll interval (default 5s; the first two polls come sooner)", positiveDuration),
  maxPollInterval: option("TIME", "Maximum poll interval (the interval backs off up to this; default 60s)", {
    parse: positiveDuration,
  }),
  unreachableTimeout: option(
    "TIME",
    "Give up if the server is unreachable for this long; 0 for no limit (default 30m)",
    durationOrNever,
  ),
} as const;

const STOP_OPTIONS = {
  onInterrupt: option("ACTION", "On Ctrl-C: ask, keep or cancel the run (default keep)", {
    parse: oneOf("ask", "keep", "cancel"),
  }),
  onTimeout: option("ACTION", "On --timeout: keep or cancel the run (default keep)", oneOf("keep", "cancel")),
} as const;

export type StopValues = Partial<ArgValues<typeof STOP_OPTIONS>>;
export type OnTimeout = NonNullable<StopValues["onTimeout"]>;

/** Options of every command that tracks runs. */
export const TRACK_OPTIONS = { ...WAIT_OPTIONS, ...STOP_OPTIONS, ...JSON_OPTION, ...EVENTS_OPTION } as const;

export type WaitValues = Partial<ArgValues<typeof WAIT_OPTIONS>>;

/**
 * @param defaultTimeoutMs Without `--timeout` and PW_TIMEOUT.
 * @throws UsageError if PW_TIMEOUT is not a duration.
 */
export function waitOptions(
  values: WaitValues,
  { context, signal }: { readonly context: Context; readonly signal: AbortSignal },
  defaultTimeoutMs: number | null = DEFAULT_TRACK.timeoutMs,
): TrackOptions {
  const {
    timeout: timeoutMs = timeoutOfEnvironment(context, defaultTimeoutMs),
    unreachableTimeout: unreachableTimeoutMs = DEFAULT_TRACK.unreachableTimeoutMs,
  } = values;
  return { ...DEFAULT_TRACK, signal, timeoutMs, pollInterval: pollIntervalOf(values), unreachableTimeoutMs };
}

/** A schedule that the user gives is kept, unless they ask for both. */
function pollIntervalOf({ poll, pollInterval, maxPollInterval }: WaitValues): PollInterval {
  const { pollIntervalMs, firstPollMs, ...defaults } = DEFAULT_POLL_INTERVAL;
  const maxPollIntervalMs = maxPollInterval ?? defaults.maxPollIntervalMs;
  return {
    pollIntervalMs: pollInterval ?? Math.min(pollIntervalMs, maxPollIntervalMs),
    maxPollIntervalMs,
    firstPollMs: pollInterval === undefined ? firstPollMs : undefined,
    isAdaptive: poll === undefined ? pollInterval === undefined && maxPollInterval === undefined : poll === "adaptive",
  };
}

export function timeoutOfEnvironment(context: Context, defaultMs: number | null): number | null {
  const text = context.env("PW_TIMEOUT") ?? "";
  if (text.trim() === "") return defaultMs;
  const timeoutMs = orError(UsageError, () => parseDuration(text));
  if (!(timeoutMs instanceof UsageError)) return timeoutMs || null;
  const { message, hint } = timeoutMs;
  throw new UsageError(`Cannot use ${settingName(context, "PW_TIMEOUT")}: ${message}`, { hint, cause: timeoutMs });
}
