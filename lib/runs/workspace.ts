/** No run starts while the workspace is scaled down; the submit is retried until the workspace runs or it times out. */

import { fallbackTo, NotSubmitted, type RunnerError } from "../errors.ts";
import type { UnconfirmedSubmission } from "../submission.ts";
import { deadlineMs, delayedEvent, giveUpSubmitting, type SubmitContext } from "./submit_step.ts";
import { type AdvanceResult, recordStep } from "./advance_result.ts";

/** The platform's statuses of a workspace that will be running shortly. */
export const STARTING_STATUSES: ReadonlySet<string> = new Set(["Starting", "Pulling", "Restarting"]);

/** Those of a workspace that is off. That is normal: the platform stops an idle one. */
export const IDLE_STATUSES: ReadonlySet<string> = new Set(["Off", "Stopped", "Paused", "Terminating"]);

/** How often the platform's own tools poll a starting workspace. */
const WORKSPACE_DELAY_MS = 15_000;

export async function afterSleepingWorkspace(
  context: SubmitContext,
  submission: UnconfirmedSubmission,
  { error, workspaceStatus }: { readonly error: RunnerError; readonly workspaceStatus: string },
): Promise<AdvanceResult> {
  const { deps, options } = context;
  const detail = `${workspaceStatus} (server response: ${error.message})`;
  const retryAtMs = deps.clock.now() + WORKSPACE_DELAY_MS;
  if (retryAtMs > deadlineMs(submission, options)) {
    const hint = "Nothing was started. Start your workspace, then try again";
    const commandHint =
      "Nothing was started. Start your workspace with `pw-workflow-runner workspace start`, then try again";
    return await giveUpSubmitting(
      context,
      submission,
      new NotSubmitted(`Cannot submit: your workspace is ${detail}`, { hint, commandHint }),
    );
  }
  const events = [delayedEvent(submission, deps, { reason: "workspace", detail, untilMs: retryAtMs })];
  return await recordStep(deps, submission, { type: "not-sent", retryAtMs }, { events, error });
}

/** The status of a workspace that is not running; `null` when it is running or its status is unavailable. */
export async function sleepingWorkspace({ deps, options }: SubmitContext): Promise<string | null> {
  const reading = deps.client.workspaceStatus({ signal: options.signal, retry: "none" });
  const status = await reading.catch(fallbackTo(null));
  return status !== null && (STARTING_STATUSES.has(status) || IDLE_STATUSES.has(status)) ? status : null;
}
