/** What the steps of a submit share: how a doubt begins, and how a wish is given up or becomes a run. */

import { NotSubmitted, type RunnerError } from "../errors.ts";
import { hideValues, secretValues } from "../inputs/secrets.ts";
import type { Doubt, IntendedRecord, Run, RunEvent, RunRecord, SubmitDelay, SubmittedRecord } from "../model.ts";
import type { Deps } from "./deps.ts";
import { lookDelayMs, searchDelayMs } from "./pace.ts";
import { learn, type Turn, type TurnOptions } from "./turn.ts";
import { handleOf } from "./view.ts";

export type Step = { readonly deps: Deps; readonly options: TurnOptions };

export async function inDoubt(
  { deps }: Step,
  record: SubmittedRecord,
  doubt: Pick<Doubt, "cause" | "detail" | "lookForMs">,
): Promise<Turn> {
  const lookAtMs = deps.clock.now() + searchDelayMs(0);
  const detail = without(record, doubt.detail);
  return {
    record: await learn(deps, record, { type: "in-doubt", ...doubt, detail, lookAtMs }),
    events: [delayed(record, deps, { reason: "looking", detail: doubt.detail, untilMs: lookAtMs + doubt.lookForMs })],
  };
}

/** The time to try is up: without a lost answer nothing was started, with one nobody knows. */
export async function stopTrying(step: Step, record: SubmittedRecord, error: RunnerError): Promise<Turn> {
  if (record.lostAnswers > 0) {
    const doubted = await inDoubt(step, record, { cause: "conflict", detail: error.message, lookForMs: 0 });
    return { record: await learn(step.deps, doubted.record, { type: "given-up" }), events: [] };
  }
  const why = error.message.replace(/^Cannot [^:]+: /, "");
  return await refuse(
    step,
    record,
    new NotSubmitted(`Cannot submit ${record.request.workflow}: ${why}`, {
      hint: error.hint ?? "Nothing was started: trying again later is safe",
      cause: error,
    }),
  );
}

export async function refuse(
  { deps }: Step,
  record: IntendedRecord | SubmittedRecord,
  error: RunnerError,
): Promise<Turn> {
  const moved = await learn(deps, record, {
    type: "refused",
    kind: error.kind,
    message: without(record, error.message),
  });
  return { record: moved, events: [], trouble: error };
}

export async function seen({ deps, options }: Step, record: SubmittedRecord, run: Run): Promise<RunRecord> {
  const lookAtMs = deps.clock.now() + lookDelayMs(0, options.pace, deps.random);
  return await learn(deps, record, { type: "looked", run, handle: handleOf(run, record.request.workflow), lookAtMs });
}

export function delayed(
  record: RunRecord,
  { clock }: Deps,
  what: { readonly reason: SubmitDelay; readonly detail: string; readonly untilMs: number },
): RunEvent {
  return { type: "submit-delayed", wishId: record.wishId, atMs: clock.now(), ...what };
}

export function deadlineMs(record: SubmittedRecord, { submitTimeoutMs }: TurnOptions): number {
  return (record.strugglingSinceMs ?? record.sentAtMs) + submitTimeoutMs;
}

/** What a server says may hold what it was sent: a record must not keep its secrets that way. */
function without({ request }: RunRecord, text: string): string {
  return hideValues(text, secretValues(request.inputs, request.secretPaths));
}
