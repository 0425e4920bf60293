/** Asks the platform to cancel a run, and judges by what it then shows: the answer to the request proves nothing. */

import { Conflict, NotFound, Rejected, RunnerError } from "../errors.ts";
import type { RunDetail, RunId } from "../run.ts";
import type { Deps } from "./deps.ts";
import { formatRunId } from "./view.ts";

const LOOKS = 5;
const LOOK_DELAY_MS = 1_000;

/**
 * Safe to repeat; a run that has ended already is as good as cancelled.
 *
 * @returns The run as it then is: canceling, or ended.
 * @throws NotFound; Unsupported on older servers; what the cancel ran into when the run goes on unmoved.
 */
export async function cancelRun(
  { client, clock }: Pick<Deps, "client" | "clock">,
  runId: RunId,
  { signal }: { readonly signal: AbortSignal },
): Promise<RunDetail> {
  const refusal = await ask(client, runId, signal);
  for (let look = 0; look < LOOKS; look++) {
    const run = await client.getRun(runId, { signal });
    if (run.status !== "running" || run.platformStatus === "canceling") return run;
    if (refusal !== undefined) throw refusal;
    await clock.sleep(LOOK_DELAY_MS, { signal });
  }
  throw new Rejected(`Cannot cancel ${formatRunId(runId)}: the platform took the request, but the run goes on`, [], {
    hint: "Try again, or cancel it in the web interface",
  });
}

async function ask(client: Deps["client"], runId: RunId, signal: AbortSignal): Promise<RunnerError | undefined> {
  try {
    await client.cancelRun(runId, { signal });
    return undefined;
  } catch (error) {
    if (error instanceof Conflict || error instanceof Rejected) return error;
    if (error instanceof NotFound || !(error instanceof RunnerError) || error.kind !== "response_lost") throw error;
    return error;
  }
}
