/** Tracks one run, with its progress, Ctrl-C and timeout, and writes results. */

import type { RunEvent } from "../../events.ts";
import type { RunResult } from "../../result.ts";
import type { Deps } from "../../runs/deps.ts";
import { toEnd } from "../../runs/execute.ts";
import { EVENTS_OPTION, JSON_OPTION } from "../command.ts";
import { LocalFailure, OutputFailed, Stopped } from "../context.ts";
import { machineFailure } from "../failure_report.ts";
import type { Output } from "../output.ts";
import {
  handleInterrupt,
  handleTimeout,
  isMilestone,
  kept,
  type Milestone,
  type OnInterrupt,
  type OnTimeout,
  startedRun,
  STOP_OPTIONS,
  type StopDeps,
} from "./interrupt.ts";
import { runName, watchCommand } from "./run_lines.ts";
import { type RunViewer, viewRun } from "./run_view.ts";
import { WAIT_OPTIONS } from "./wait_options.ts";

/** Options of every command that tracks runs. */
export const TRACK_OPTIONS = { ...WAIT_OPTIONS, ...STOP_OPTIONS, ...JSON_OPTION, ...EVENTS_OPTION } as const;

/** What a command that tracks runs works with. */
export interface TrackContext extends StopDeps {
  readonly deps: Deps;
  readonly values: { readonly onInterrupt?: OnInterrupt | undefined; readonly onTimeout?: OnTimeout | undefined };
}

/** @throws Stopped, with what has become of the run. */
export async function trackToEnd(
  tracking: TrackContext,
  events: AsyncGenerator<RunEvent, RunResult>,
  { label, viewer: givenViewer, defaultOnInterrupt }: {
    /** The name of the run, if several are tracked at once. */
    readonly label?: string | undefined;
    /** Default: a view of this run alone. */
    readonly viewer?: RunViewer | undefined;
    readonly defaultOnInterrupt: OnInterrupt;
  },
): Promise<RunResult> {
  const { output, deps, values: { onInterrupt = defaultOnInterrupt, onTimeout = "keep" } } = tracking;
  let latest: Milestone | undefined;
  using viewer = givenViewer ?? await viewRun(output, deps.clock, { label, onTimeout });
  try {
    const result = await toEnd(events, (event) => {
      if (isMilestone(event)) latest = event;
      output.reporter?.show(event);
      viewer.show(event);
    });
    viewer[Symbol.dispose]();
    return await handleTimeout(tracking, result, onTimeout);
  } catch (error) {
    if (!(error instanceof Stopped)) throw localFailureOf(error, latest) ?? error;
    viewer[Symbol.dispose]();
    throw await handleInterrupt(tracking, error, { latest, policy: onInterrupt });
  }
}

/** A run that has started outlives the failure of this machine; `undefined` for another error. */
function localFailureOf(error: unknown, latest: Milestone | undefined): LocalFailure | undefined {
  const failure = machineFailure(error);
  if (failure === undefined || latest?.type !== "started") return undefined;
  const { message, hint } = kept(startedRun(latest));
  const submitted = latest.isAttached ? "no" : "yes";
  return new LocalFailure(`${failure.message}\n${message}`, { hint, submitted, cause: error });
}

/**
 * Results that stdout cannot take are named on stderr: their runs exist.
 *
 * @throws LocalFailure when stdout cannot be written.
 */
export async function writeResults(
  output: Output,
  results: readonly RunResult[],
  write: () => void | Promise<void>,
): Promise<void> {
  try {
    await write();
    output.checkEvents();
  } catch (error) {
    if (!(error instanceof OutputFailed)) throw error;
    const states = results.map((result) => `\nRun ${runName(result)}: ${result.status}`);
    throw new LocalFailure(`${error.message}${states.join("")}`, {
      hint: results.map((result) => `Show it again: ${watchCommand(result)}`).join("\n"),
      submitted: results.some(({ submitted }) => submitted === "yes") ? "yes" : "no",
      cause: error,
    });
  }
}
