/**
 * The submit protocol: one wish never becomes two runs. What is sent was written down before; what got no answer is
 * looked for, and sent again only where a second run is impossible.
 */

import type { SubmitAnswer } from "../client/client.ts";
import type { Clock } from "../clock.ts";
import { ConsentRequired, NotSubmitted, RunnerError, StorageError, Unsupported } from "../errors.ts";
import type { Doubt, IntendedRecord, Run, RunEvent, RunRecord, SubmitDelay, SubmittedRecord } from "../model.ts";
import type { Deps } from "./deps.ts";
import { lookDelayMs, resubmitDelayMs, searchDelayMs } from "./pace.ts";
import { search } from "./search.ts";
import { keyTaken } from "./key.ts";
import { displayNameFor, hasOtherInputs, tagOf } from "./slug.ts";
import { learn, learnOfHost, moveOn, profileOf, type Turn, type TurnOptions } from "./turn.ts";
import { handleOf } from "./view.ts";

/** How long a run is looked for after a lost answer; longer where a gateway stands before a slow platform. */
const LOOK_FOR_MS = 60_000;
const LOOK_BEHIND_GATEWAY_MS = 5 * 60_000;

/** After a 409 that nothing ambiguous came before: the server has said that it did not start this one. */
const LOOK_AFTER_CONFLICT_MS = 8_000;

const LEAST_LOOKS = 3;

/** After Ctrl-C, a submit that is on its way gets this long to be answered. */
const GRACE_MS = 2_000;

type Step = { readonly deps: Deps; readonly options: TurnOptions };

/**
 * Sends an intended record.
 *
 * @throws NotSubmitted when it could not be written down first; the signal's reason.
 */
export async function submit(deps: Deps, record: IntendedRecord, options: TurnOptions): Promise<Turn> {
  const { request, ownSlug } = record;
  if (request.inputs === null) {
    return await refuse(
      { deps, options },
      record,
      new NotSubmitted(`Cannot submit ${request.workflow}: its inputs held secrets, which were not stored`, {
        hint: "Nothing was started: run it again with its inputs",
      }),
    );
  }
  // Before the request: after a crash we look for this slug on the platform instead of sending again.
  const sent = await writtenDown(deps, record);
  using patience = graceful(deps.clock, options.signal);
  const answer = await deps.client.submit({
    workflow: request.workflow,
    inputs: request.inputs,
    slug: ownSlug,
    displayName: displayNameFor(request.displayName ?? request.workflow, tagOf(record)),
    consent: request.isTrusted ? request.asksFor ?? { permissions: [], variables: [] } : null,
  }, { signal: patience.signal });
  return await judge({ deps, options }, sent, answer);
}

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

async function writtenDown(deps: Deps, record: IntendedRecord): Promise<SubmittedRecord> {
  try {
    const moved = await moveOn(deps, record, { type: "sending" });
    if (moved.state === "submitted") return moved;
    throw new TypeError(`A record about to be sent is ${moved.state}`);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new NotSubmitted(`Cannot submit ${record.request.workflow}: ${error.message.replace(/^Cannot/, "cannot")}`, {
      hint: error.hint,
      cause: error,
    });
  }
}

async function judge(step: Step, record: SubmittedRecord, answer: SubmitAnswer): Promise<Turn> {
  const { deps } = step;
  switch (answer.type) {
    case "accepted": {
      if (record.ownSlug !== null && answer.run.slug !== null) {
        await learnOfHost(deps, record.owner.host, { echoesSlug: answer.run.slug === record.ownSlug });
      }
      // Some servers answer a second submit of a slug with the first run.
      if (hasOtherInputs(answer.run.displayName, record)) {
        return await refuse(step, record, keyTaken(record, answer.run));
      }
      return { record: await seen(step, record, answer.run), events: [] };
    }
    case "not-sent":
      return await afterNotSent(step, record, answer);
    case "rejected":
      return await afterRejected(step, record, answer);
    case "conflict":
      return await inDoubt(step, record, {
        cause: "conflict",
        detail: answer.error.message,
        lookForMs: record.lostAnswers > 0 ? LOOK_FOR_MS : LOOK_AFTER_CONFLICT_MS,
      });
    case "ambiguous": {
      const lookForMs = answer.isGateway ? LOOK_BEHIND_GATEWAY_MS : LOOK_FOR_MS;
      const doubted = await inDoubt(step, record, { cause: "answer-lost", detail: answer.error.message, lookForMs });
      // Without a slug or a display name of ours there is nothing to look for.
      if (await deps.client.routes(step.options) === "flat") return doubted;
      return { ...doubted, record: await learn(deps, doubted.record, { type: "given-up" }) };
    }
  }
}

async function afterNotSent(
  step: Step,
  record: SubmittedRecord,
  { error, retryAfterMs }: Extract<SubmitAnswer, { type: "not-sent" }>,
): Promise<Turn> {
  const { deps, options } = step;
  const againAtMs = deps.clock.now() + resubmitDelayMs(record.attempts, deps.random, retryAfterMs);
  if (againAtMs > deadlineMs(record, options)) return await stopTrying(step, record, error);
  const reason = error.kind === "unavailable" ? "rate-limited" : "not-reached";
  return {
    record: await learn(deps, record, { type: "not-sent", againAtMs }),
    events: [delayed(record, deps, { reason, detail: error.message, untilMs: againAtMs })],
    trouble: error,
  };
}

async function afterRejected(
  step: Step,
  record: SubmittedRecord,
  { error, isSlugRefused }: Extract<SubmitAnswer, { type: "rejected" }>,
): Promise<Turn> {
  if (record.lostAnswers > 0) {
    // An earlier submit may have started a run, whatever this one was told.
    return await inDoubt(step, record, { cause: "conflict", detail: error.message, lookForMs: LOOK_FOR_MS });
  }
  if (isSlugRefused && record.key !== null) {
    // Taken, most likely, by the same wish from elsewhere; without the slug the key would guard nothing.
    return await inDoubt(step, record, {
      cause: "slug-refused",
      detail: error.message,
      lookForMs: LOOK_AFTER_CONFLICT_MS,
    });
  }
  if (isSlugRefused && record.ownSlug !== null) {
    return { record: await learn(step.deps, record, { type: "slug-refused" }), events: [] };
  }
  return await refuse(step, record, explained(record, error));
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

async function inDoubt(
  { deps }: Step,
  record: SubmittedRecord,
  doubt: Pick<Doubt, "cause" | "detail" | "lookForMs">,
): Promise<Turn> {
  const lookAtMs = deps.clock.now() + searchDelayMs(0);
  return {
    record: await learn(deps, record, { type: "in-doubt", ...doubt, lookAtMs }),
    events: [delayed(record, deps, { reason: "looking", detail: doubt.detail, untilMs: lookAtMs + doubt.lookForMs })],
  };
}

/** The time to try is up: without a lost answer nothing was started, with one nobody knows. */
async function stopTrying(step: Step, record: SubmittedRecord, error: RunnerError): Promise<Turn> {
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

async function refuse({ deps }: Step, record: IntendedRecord | SubmittedRecord, error: RunnerError): Promise<Turn> {
  const moved = await learn(deps, record, { type: "refused", kind: error.kind, message: error.message });
  return { record: moved, events: [], trouble: error };
}

/** What a refusal is about when the workflow asks for consent that was not given: the code tells, never the words. */
function explained({ request }: SubmittedRecord, error: RunnerError): RunnerError {
  if (request.isTrusted || error.code === undefined || !error.code.includes("consent")) return error;
  const { permissions, variables } = request.asksFor ?? { permissions: [], variables: [] };
  const asked = [
    ...permissions.map((name) => `permission ${name}`),
    ...variables.map((name) => `variable ${name}`),
  ];
  return new ConsentRequired(
    `Cannot run ${request.workflow}: it asks for your consent${asked.length === 0 ? "" : ` to ${asked.join(", ")}`}`,
    { hint: "Grant it for this run with --trust", cause: error },
  );
}

async function seen({ deps, options }: Step, record: SubmittedRecord, run: Run): Promise<RunRecord> {
  const lookAtMs = deps.clock.now() + lookDelayMs(0, options.pace, deps.random);
  return await learn(deps, record, { type: "looked", run, handle: handleOf(run, record.request.workflow), lookAtMs });
}

function delayed(
  record: RunRecord,
  { clock }: Deps,
  what: { readonly reason: SubmitDelay; readonly detail: string; readonly untilMs: number },
): RunEvent {
  return { type: "submit-delayed", wishId: record.wishId, atMs: clock.now(), ...what };
}

function deadlineMs(record: SubmittedRecord, { submitTimeoutMs }: TurnOptions): number {
  return (record.strugglingSinceMs ?? record.sentAtMs) + submitTimeoutMs;
}

/** A signal that follows another with a little delay: giving up in the middle of a submit would lose its answer. */
function graceful(clock: Clock, signal: AbortSignal): { readonly signal: AbortSignal } & Disposable {
  const late = new AbortController();
  const over = new AbortController();
  const onAbort = () => {
    clock.sleep(GRACE_MS, { signal: over.signal }).then(() => late.abort(signal.reason), () => {});
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return {
    signal: late.signal,
    [Symbol.dispose]() {
      signal.removeEventListener("abort", onAbort);
      over.abort();
    },
  };
}
