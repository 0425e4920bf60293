/** What a submit that got no answer comes to: looked for, and sent again only where a second run is impossible. */

import { NotSubmitted, RunnerError, Unsupported } from "../errors.ts";
import type { Doubt, SubmittedRecord } from "../model.ts";
import type { Deps } from "./deps.ts";
import { keyTaken } from "./key.ts";
import { resubmitDelayMs, searchDelayMs } from "./pace.ts";
import { search } from "./search.ts";
import { deadlineMs, delayed, inDoubt, refuse, seen, type Step, stopTrying } from "./submit_step.ts";
import { learn, profileOf, type Turn, type TurnOptions } from "./turn.ts";

/** How long a run is looked for after a lost answer; longer where a gateway stands before a slow platform. */
export const LOOK_FOR_MS = 60_000;

const LEAST_LOOKS = 3;

/** Looks once for a run whose submit got no answer, and decides what may be done about it. */
export async function lookForLost(deps: Deps, record: SubmittedRecord, options: TurnOptions): Promise<Turn> {
  const step = { deps, options };
  if (record.doubt === null || record.doubt.isGivenUp) {
    const detail = record.doubt?.detail ?? "this tool ended before the answer came";
    return await inDoubt(step, record, { cause: "answer-lost", detail, lookForMs: LOOK_FOR_MS });
  }
  try {
    const finding = await search(deps, record, options);
    switch (finding.type) {
      case "ours":
        return { record: await seen(step, record, finding.run), events: [] };
      case "foreign": {
        const foreign = await inDoubt(step, record, { cause: "foreign", detail: finding.detail, lookForMs: 0 });
        return { record: await learn(deps, foreign.record, { type: "given-up" }), events: [] };
      }
      case "other-inputs":
        return await refuse(step, record, keyTaken(record, finding.run));
      case "absent":
        return await afterNothingFound(step, record, record.doubt);
    }
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    return await afterFailedLook(step, record, record.doubt, error);
  }
}

async function afterNothingFound(step: Step, record: SubmittedRecord, doubt: Doubt): Promise<Turn> {
  const { deps, options } = step;
  const nowMs = deps.clock.now();
  const looked = await learn(deps, record, { type: "not-found", lookAtMs: nowMs + searchDelayMs(doubt.looks + 1) });
  if (looked.state !== "submitted") throw new TypeError(`A record that was looked for is ${looked.state}`);
  if (doubt.looks + 1 < LEAST_LOOKS || nowMs - doubt.sinceMs < doubt.lookForMs) return { record: looked, events: [] };

  if (doubt.cause === "slug-refused" && record.lostAnswers === 0) {
    return await refuse(
      step,
      looked,
      new Unsupported(`Cannot use the key for ${record.request.workflow}: ${doubt.detail}`, {
        hint: "This server chooses slugs itself: run without --key",
      }),
    );
  }
  const againAtMs = nowMs + resubmitDelayMs(record.attempts, deps.random);
  const isInTime = againAtMs <= deadlineMs(record, options);
  if (record.lostAnswers === 0) {
    // Only refusals with 409 so far, and the slug is not taken: no run of ours exists.
    if (isInTime) return await postAgain(step, looked, againAtMs, doubt);
    return await stopTrying(step, looked, new NotSubmitted(doubt.detail));
  }
  const { echoesSlug, rejectsDuplicateSlug } = await profileOf(deps, record.owner.host);
  const isSecondRunImpossible = record.ownSlug !== null && echoesSlug === true && rejectsDuplicateSlug === true;
  if (isSecondRunImpossible && isInTime) return await postAgain(step, looked, againAtMs, doubt);
  return { record: await learn(deps, looked, { type: "given-up" }), events: [] };
}

async function postAgain(step: Step, record: SubmittedRecord, againAtMs: number, doubt: Doubt): Promise<Turn> {
  return {
    record: await learn(step.deps, record, { type: "post-again", againAtMs }),
    events: [delayed(record, step.deps, { reason: "conflict", detail: doubt.detail, untilMs: againAtMs })],
  };
}

async function afterFailedLook(step: Step, record: SubmittedRecord, doubt: Doubt, error: RunnerError): Promise<Turn> {
  const { deps, options } = step;
  const nowMs = deps.clock.now();
  const isHopeless = error.kind === "credential_refused" ||
    (options.lostContactAfterMs !== null && nowMs - doubt.sinceMs >= options.lostContactAfterMs);
  const moved = isHopeless
    ? await learn(deps, record, { type: "given-up" })
    : await learn(deps, record, { type: "not-looked", lookAtMs: nowMs + Math.max(1_000, searchDelayMs(doubt.looks)) });
  return { record: moved, events: [], trouble: error };
}
