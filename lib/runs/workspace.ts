/** A workspace that was scaled down lets no run begin, and wakes up again: waited out, within the submit's time. */

import { NotSubmitted, RunnerError } from "../errors.ts";
import type { UnconfirmedSubmission } from "../submission.ts";
import { deadlineMs, delayed, giveUp, type Step } from "./submit_step.ts";
import { type AdvanceResult, recordObservation } from "./advance_result.ts";

/** The platform's words for a workspace that does not run, and how often others ask while one starts. */
const ASLEEP: ReadonlySet<string> = new Set([
  "Off",
  "Starting",
  "Stopped",
  "Pulling",
  "Terminating",
  "Restarting",
  "Paused",
]);

const WORKSPACE_DELAY_MS = 15_000;

export async function afterSleepingWorkspace(
  step: Step,
  submission: UnconfirmedSubmission,
  { error, asleep }: { readonly error: RunnerError; readonly asleep: string },
): Promise<AdvanceResult> {
  const { deps, options } = step;
  const detail = `${asleep}; the platform said: ${error.message}`;
  const againAtMs = deps.clock.now() + WORKSPACE_DELAY_MS;
  if (againAtMs > deadlineMs(submission, options)) {
    const hint = "Nothing was started. Start your workspace in the web interface, then try again";
    return await giveUp(step, submission, new NotSubmitted(`Cannot submit: your workspace is ${detail}`, { hint }));
  }
  return {
    submission: await recordObservation(deps, submission, { type: "not-sent", againAtMs }),
    events: [delayed(submission, deps, { reason: "workspace", detail, untilMs: againAtMs })],
    error,
  };
}

/** The word for a workspace in which nothing can be started now; `null` when it runs, or nobody can tell. */
export async function sleepingWorkspace({ deps, options }: Step): Promise<string | null> {
  try {
    const status = await deps.client.workspaceStatus({ signal: options.signal, retry: "none" });
    return status !== null && ASLEEP.has(status) ? status : null;
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    return null;
  }
}
