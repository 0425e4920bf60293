/**
 * The submit protocol: one wish never becomes two runs. What is sent was written down before; what got no answer is
 * looked for.
 */

import type { SubmitAnswer } from "../client/client.ts";
import type { Clock } from "../clock.ts";
import { ConsentRequired, NotFound, NotSubmitted, Rejected, type RunnerError, StorageError } from "../errors.ts";
import type { IntendedRecord, SubmittedRecord } from "../model.ts";
import type { Deps } from "./deps.ts";
import { keyTaken } from "./key.ts";
import { LOOK_FOR_MS } from "./lost.ts";
import { resubmitDelayMs } from "./pace.ts";
import { displayNameFor, hasOtherInputs, tagOf } from "./slug.ts";
import { deadlineMs, delayed, inDoubt, refuse, seen, type Step, stopTrying } from "./submit_step.ts";
import { learn, learnOfHost, moveOn, type Turn, type TurnOptions } from "./turn.ts";
import { afterSleepingWorkspace, sleepingWorkspace } from "./workspace.ts";

const LOOK_BEHIND_GATEWAY_MS = 5 * 60_000;

/** After a 409 that nothing ambiguous came before: the server has said that it did not start this one. */
const LOOK_AFTER_CONFLICT_MS = 8_000;

/** After Ctrl-C, a submit that is on its way gets this long to be answered. */
const GRACE_MS = 2_000;

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
      const isSlow = answer.isGateway || await sleepingWorkspace(step) !== null;
      const lookForMs = isSlow ? LOOK_BEHIND_GATEWAY_MS : LOOK_FOR_MS;
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
  // A workspace that was scaled down answers with a no as well, which passes.
  const asleep = error instanceof Rejected || error instanceof NotFound ? await sleepingWorkspace(step) : null;
  if (asleep !== null) return await afterSleepingWorkspace(step, record, { error, asleep });
  return await refuse(step, record, explained(record, error));
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
