/**
 * The same idempotency key on another process or machine refers to the same run. The slug and the correlation tag are
 * derived from the key, so every client searches for the same run before it submits, and simultaneous submits collide.
 */

import { expected, IdempotencyKeyConflict, NotFound, Unsupported } from "../errors.ts";
import { type Run, runIdOf } from "../run.ts";
import {
  type ActiveSubmission,
  type IdempotencyKey,
  type PendingSubmission,
  slugOf,
  type Submission,
} from "../submission.ts";
import type { Deps } from "./deps.ts";
import { withLimit } from "./limit.ts";
import { capabilitiesOf, refusesDuplicates } from "./server_capabilities.ts";
import { activated } from "./transition.ts";
import { creationMs, searchForRun, searchList, type SearchOptions } from "./search.ts";
import type { KeyWithPolicy } from "./options.ts";
import { correlationTagForKey, slugFor } from "./slug.ts";
import { type Step, withKnownInputs } from "./advance_result.ts";
import { programCommand } from "../shell_command.ts";

/** Attempts that one call reads; more than this is a runaway loop. */
const MAX_ATTEMPTS = 1_000;

/** How long a search that found no run may be relied on; well below DUPLICATES_VISIBLE_MS. */
const SEARCH_VALID_MS = 1_000;

/**
 * Returns the submission that already uses the key, or a pending one that is bound to it. Only reads, stores nothing.
 *
 * @param pending The submission without a key.
 * @throws IdempotencyKeyConflict for different inputs, or by policy; Unsupported on legacy servers: they accept no slug. Rows
 * of a batch are recognized there by the store alone.
 */
export async function claimIdempotencyKey(
  deps: Deps,
  pending: PendingSubmission,
  { text, policy, attempt: firstAttempt = 1 }: KeyWithPolicy,
  options: SearchOptions,
): Promise<Submission> {
  if (pending.ownSlug === null && !("batchId" in pending.origin)) {
    const problem = `Cannot use an idempotency key for ${pending.request.workflow}`;
    const hint = "Nothing was started: run without a key";
    const commandHint = "Nothing was started: run without --idempotency-key";
    throw new Unsupported(`${problem}: this server's older API accepts no slug`, { hint, commandHint });
  }
  for (let attempt = firstAttempt; attempt < firstAttempt + MAX_ATTEMPTS; attempt++) {
    const keyed = await withKey(pending, { text, attempt });
    const stored = await deps.store.get(keyed.submissionId);
    // What was not started here may have been submitted from another machine since.
    const isSearched = (stored === undefined || isUnstarted(stored)) && keyed.idempotencyKey !== null;
    const run = isSearched ? await findKeyedRun(deps, keyed, options) : undefined;
    const existing = run === undefined ? stored : asActive(deps, { ...keyed, revision: stored?.revision ?? 0 }, run);
    if (existing === undefined) return keyed;
    const slug = isUnstarted(existing) ? null : slugOf(existing);
    if (existing.request.inputsHash !== "" && existing.request.inputsHash !== keyed.request.inputsHash) {
      throw idempotencyKeyConflict(keyed, slug);
    }
    // The earlier submission started no run: the key is free.
    if (isUnstarted(existing)) return { ...keyed, revision: existing.revision };
    if (policy === "reject") throw idempotencyKeyConflict(keyed, slug, "is already in use");
    if (policy === "attach" || !await hasFailed(deps, existing, options)) {
      return withKnownInputs(existing, keyed);
    }
  }
  throw new IdempotencyKeyConflict(
    `Cannot use the idempotency key "${text}": ${MAX_ATTEMPTS} runs with it have failed`,
  );
}

/** Rejected, or cancelled before it was sent: to clients of the service, which may repeat a request, that is its end. */
function isUnstarted(submission: Submission): boolean {
  if (submission.state !== "finished") return submission.state === "rejected";
  return submission.result.submitted === "no" && submission.origin.type !== "http";
}

/** The key belongs to another submission. @param slug Of its run; `null` without one. */
export function idempotencyKeyConflict(
  { idempotencyKey: key, request, origin }: Pick<Submission, "idempotencyKey" | "request" | "origin">,
  slug: string | null,
  reason = "was used with different inputs",
): IdempotencyKeyConflict {
  const by = slug === null ? "" : `, by run ${slug}`;
  if ("batchId" in origin) {
    // The key is made of the inputs as they are given, so that those are the same.
    const message = `its row was run with different inputs${by}: the form or the options have changed`;
    const hint = "Give the batch another --name";
    return new IdempotencyKeyConflict(`Cannot submit ${request.workflow}: ${message}`, { hint });
  }
  return new IdempotencyKeyConflict(
    `Cannot use the idempotency key "${key?.text}" for ${request.workflow}: it ${reason}${by}`,
    {
      hint: "Use another key",
      commandHint: slug === null ? undefined : `Use another key, or track that run: ${programCommand("watch", [slug])}`,
    },
  );
}

async function withKey(pending: PendingSubmission, key: IdempotencyKey): Promise<PendingSubmission> {
  const { owner, origin, request } = pending;
  // The service's keys are separate: they give no access to runs of the command line.
  const text = origin.type === "http" ? `http:${key.text}` : key.text;
  const correlationTag = await correlationTagForKey({ owner, workflow: request.workflow, key: { ...key, text } });
  if (pending.ownSlug === null) return { ...pending, submissionId: correlationTag };
  return {
    ...pending,
    submissionId: correlationTag,
    idempotencyKey: key,
    correlationTag,
    ownSlug: slugFor(request.workflow, correlationTag),
  };
}

/** @throws IdempotencyKeyConflict for a run that has different inputs or is not ours. */
export async function findKeyedRun(deps: Deps, keyed: Submission, options: SearchOptions): Promise<Run | undefined> {
  const result = await searchByKey(deps, keyed, options);
  if (result.type === "other-inputs") throw idempotencyKeyConflict(keyed, result.run.slug);
  if (result.type !== "foreign") return result.type === "ours" ? result.run : undefined;
  const message = `Cannot use the idempotency key "${keyed.idempotencyKey?.text}": ${result.detail}`;
  throw new IdempotencyKeyConflict(message, { hint: "Use another key" });
}

/**
 * The run that another machine has started with the key since this submission was created. Only a server that accepts a
 * taken slug is asked: there, a submit that is late may start its run after the other machine has settled which one remains.
 *
 * @throws IdempotencyKeyConflict for a run that has different inputs or is not ours; the client's errors.
 */
export async function findRunStartedSince({ deps, submission, options }: Step<PendingSubmission>) {
  // Of one that the clock was set back since, it is not known how long ago the search was.
  const isRecent = submission.attempts === 0 &&
    Math.abs(deps.clock.now() - submission.createdAtMs) <= SEARCH_VALID_MS;
  if (isRecent) return undefined;
  if (await refusesDuplicates(deps, submission.owner.host)) return undefined;
  return await withLimit(options, `find the run of ${submission.request.workflow}`, async (signal) => {
    return await findKeyedRun(deps, submission, { signal });
  });
}

/** If the server keeps our slugs, the slug's own page is enough; otherwise the run may only be in the list. */
async function searchByKey(deps: Deps, keyed: Submission, { signal, retry }: SearchOptions) {
  const { keepsSlug } = await capabilitiesOf(deps, keyed.owner.host);
  const bySlug = searchForRun(deps, keyed, { signal, retry, scope: "slug" });
  if (keepsSlug === true) return await bySlug;
  const unneeded = new AbortController();
  const inList = searchList(deps, keyed, { signal: AbortSignal.any([signal, unneeded.signal]), retry });
  // Its failure matters only if the slug finds nothing.
  const settled = Promise.allSettled([inList]);
  try {
    const result = await bySlug;
    return result.type === "absent" ? await inList : result;
  } finally {
    unneeded.abort();
    await settled;
  }
}

/** The key is the same, so the inputs are too: `search` has compared the hash in the display name. */
function asActive({ clock }: Deps, keyed: PendingSubmission, run: Run): ActiveSubmission {
  const nowMs = clock.now();
  const active = activated(keyed, { run, runId: runIdOf(run, keyed.request.workflow), pollAtMs: nowMs }, nowMs);
  return { ...active, startedAtMs: Math.min(creationMs(run) || nowMs, nowMs) };
}

async function hasFailed(deps: Deps, submission: Submission, options: SearchOptions): Promise<boolean> {
  if (submission.state === "finished") {
    const { kind } = submission.result;
    // Of several runs that may have been started, one may still be running.
    return kind !== "completed" && kind !== "submit_unknown";
  }
  if (submission.state !== "active") return false;
  const run = await deps.client.getRun(submission.runId, options).catch(expected(NotFound));
  // A deleted run counts as failed.
  return run instanceof NotFound || (run.status !== "running" && run.status !== "completed");
}
