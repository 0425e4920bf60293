/**
 * A wish with a name: the same name from another process or machine means the same run. The name makes the slug and
 * the marker, so that whoever wishes the same looks at the same place before sending, and collides there when two send
 * at once.
 */

import { IdempotencyKeyConflict, NotFound, Unsupported } from "../errors.ts";
import type { Run } from "../run.ts";
import type { ActiveSubmission, FinishedSubmission, PendingSubmission, Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { isEnded, next } from "./transition.ts";
import { search } from "./search.ts";
import { correlationTagForKey, slugFor } from "./slug.ts";
import { capabilitiesOf, withInputs } from "./advance_result.ts";
import { formatRunId, runIdOf } from "./view.ts";

/**
 * What to do with a run that bears the key already: `attach` follows it, `reject` refuses, `new-if-failed` follows it
 * unless it has failed or was cancelled, and starts a new one then.
 */
export type KeyPolicy = "attach" | "reject" | "new-if-failed";

/** A wish with a name. */
export interface KeyWithPolicy {
  /** As the user gave it. */
  readonly text: string;
  /** What to do when the key has a run. */
  readonly policy: KeyPolicy;
}

/** Attempts under one key: past that somebody's loop has gone wild. */
const MAX_ATTEMPTS = 1_000;

/**
 * Finds the record that a named wish goes on with: one that is there, or the given one under the first free name.
 * Nothing is written or sent but reads.
 *
 * @param wish As it would be intended without a name.
 * @throws IdempotencyKeyConflict for other inputs, and by policy; Unsupported on older servers, which take no slug.
 */
export async function claim(
  deps: Deps,
  spec: PendingSubmission,
  { text, policy }: KeyWithPolicy,
  options: { readonly signal: AbortSignal },
): Promise<Submission> {
  if (spec.ownSlug === null) {
    throw new Unsupported(`Cannot use a key for ${spec.request.workflow}: this older server takes no slug`, {
      hint: "Nothing was started: run without --idempotency-key",
    });
  }
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const named = await withKey(spec, { text, attempt });
    const there = await whatIsThere(deps, named, options);
    if (there === undefined) return named;
    if (there.request.inputsHash !== "" && there.request.inputsHash !== named.request.inputsHash) {
      throw idempotencyKeyConflict(named, runOf(there));
    }
    // Refused before: no run came of it, and the name is free for another try.
    if (there.state === "rejected") return { ...named, revision: there.revision };
    if (policy === "reject") throw idempotencyKeyConflict(named, runOf(there), "is used already");
    if (policy === "attach" || !await hasFailed(deps, there, options)) return withInputs(there, named);
  }
  throw new IdempotencyKeyConflict(`Cannot use the key "${text}": ${MAX_ATTEMPTS} runs of it have failed`);
}

/** The name is another wish's. */
export function idempotencyKeyConflict(
  { idempotencyKey: key, request }: Pick<Submission, "idempotencyKey" | "request">,
  run: Run | { readonly slug: string | null } | undefined,
  how = "was used with other inputs",
): IdempotencyKeyConflict {
  const slug = run?.slug ?? null;
  const by = slug === null ? "" : `, by the run ${slug}`;
  return new IdempotencyKeyConflict(`Cannot use the key "${key?.text}" for ${request.workflow}: it ${how}${by}`, {
    hint: slug === null ? "Choose another key" : `Choose another key, or follow it: pw-workflow-runner watch ${slug}`,
  });
}

async function withKey(spec: PendingSubmission, key: { text: string; attempt: number }): Promise<PendingSubmission> {
  const { owner, request } = spec;
  const correlationTag = await correlationTagForKey({ owner, workflow: request.workflow, key });
  return {
    ...spec,
    submissionId: correlationTag,
    idempotencyKey: key,
    correlationTag,
    ownSlug: slugFor(request.workflow, correlationTag),
  };
}

/** The record of this machine, or one made from what the platform shows. */
async function whatIsThere(
  deps: Deps,
  named: PendingSubmission,
  options: { readonly signal: AbortSignal },
): Promise<Submission | undefined> {
  const kept = await deps.store.get(named.submissionId);
  if (kept !== undefined) return kept;
  const found = await find(deps, named, options);
  switch (found.type) {
    case "ours":
      return asSeen(deps, named, found.run);
    case "other-inputs":
      throw idempotencyKeyConflict(named, found.run);
    case "foreign":
      throw new IdempotencyKeyConflict(`Cannot use the key "${named.idempotencyKey?.text}": ${found.detail}`, {
        hint: "Choose another key",
      });
    case "absent":
      return undefined;
  }
}

/** On a host that gives runs the slugs we choose, the slug's own page tells; elsewhere the list has to. */
async function find(deps: Deps, named: PendingSubmission, { signal }: { readonly signal: AbortSignal }) {
  const { keepsSlug } = await capabilitiesOf(deps, named.owner.host);
  const scope = keepsSlug === true ? "slug" : "list";
  return await search(deps, named, { signal, scope });
}

/** The name is the same, so the inputs are, unless the display name said otherwise. */
function asSeen({ clock }: Deps, named: PendingSubmission, run: Run): ActiveSubmission {
  const nowMs = clock.now();
  const seen = next(
    named,
    { type: "polled", run, runId: runIdOf(run, named.request.workflow), pollAtMs: nowMs },
    nowMs,
  );
  if (seen.state !== "active") throw new TypeError(`A run that was found is ${seen.state}`);
  return { ...seen, startedAtMs: creationMs(run) ?? nowMs };
}

async function hasFailed(
  deps: Deps,
  submission: Submission,
  options: { readonly signal: AbortSignal },
): Promise<boolean> {
  if (submission.state === "finished") return isFailure(submission);
  if (submission.state !== "active") return false;
  try {
    const { status } = await deps.client.getRun(submission.runId, options);
    return status !== "running" && status !== "completed";
  } catch (error) {
    // Deleted: whoever did that did not want it.
    if (error instanceof NotFound) return true;
    throw error;
  }
}

function isFailure({ result }: FinishedSubmission): boolean {
  return result.status !== "completed";
}

function runOf(submission: Submission): { readonly slug: string | null } | undefined {
  if (submission.state === "rejected") return undefined;
  return { slug: isEnded(submission) || submission.state === "active" ? nameOfRun(submission) : submission.ownSlug };
}

function nameOfRun(submission: Submission): string | null {
  return submission.state === "active" || submission.state === "finished" ? formatRunId(submission.runId) : null;
}

function creationMs(run: Run): number | undefined {
  const instantMs = Date.parse(run.createdAt ?? "");
  return Number.isFinite(instantMs) ? instantMs : undefined;
}
