/** The options of every command that waits for a run, and what they mean to the executor. */

import { DEFAULT_TRACK, type TrackOptions } from "../../runs/options.ts";
import { durationOrNever, someTime } from "../argv.ts";
import { parseDuration } from "../../duration.ts";
import { UsageError } from "../../errors.ts";
import type { Context } from "../context.ts";

export const WAIT_ARGS = {
  timeout: {
    type: "custom",
    parse: durationOrNever,
    metavar: "TIME",
    description: "Stop waiting after this long, like 90s or 2h; 0 for never (default 1h, also PW_TIMEOUT)",
  },
  pollInterval: {
    type: "custom",
    parse: someTime,
    metavar: "TIME",
    description: "Time between first looks (default 1s)",
  },
  maxPollInterval: {
    type: "custom",
    parse: someTime,
    metavar: "TIME",
    description: "The growing time between looks stops here (default 15s)",
  },
  unreachableTimeout: {
    type: "custom",
    parse: durationOrNever,
    metavar: "TIME",
    description: "Give up when nobody answers for this long; 0 for never (default 30m)",
  },
} as const;

export interface WaitValues {
  readonly timeout?: number | null | undefined;
  readonly pollInterval?: number | undefined;
  readonly maxPollInterval?: number | undefined;
  readonly unreachableTimeout?: number | null | undefined;
}

/** @throws UsageError when PW_TIMEOUT can't be read. */
export function waitOptions(
  values: WaitValues,
  { context, signal }: { readonly context: Context; readonly signal: AbortSignal },
): TrackOptions {
  const { timeout, pollInterval, maxPollInterval, unreachableTimeout } = values;
  return {
    ...DEFAULT_TRACK,
    signal,
    timeoutMs: timeout === undefined ? timeoutOfEnvironment(context) : timeout,
    pollInterval: {
      pollIntervalMs: pollInterval ?? DEFAULT_TRACK.pollInterval.pollIntervalMs,
      maxPollIntervalMs: maxPollInterval ?? DEFAULT_TRACK.pollInterval.maxPollIntervalMs,
    },
    unreachableTimeoutMs: unreachableTimeout === undefined ? DEFAULT_TRACK.unreachableTimeoutMs : unreachableTimeout,
  };
}

function timeoutOfEnvironment({ env }: Context): number | null {
  const word = env("PW_TIMEOUT");
  if (word === undefined || word.trim() === "") return DEFAULT_TRACK.timeoutMs;
  try {
    return parseDuration(word) || null;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`Cannot use PW_TIMEOUT: ${error.message}`, { hint: error.hint, cause: error });
  }
}
