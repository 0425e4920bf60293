/** Stores a submission before anything is sent. */

import { canonicalJson } from "../json.ts";
import { storeFailureTo } from "../log.ts";
import { sha256 } from "../text.ts";
import type { Abortable } from "../platform/client.ts";
import { expected, fallbackTo, NotSubmitted, StorageError, Unsupported } from "../errors.ts";
import { withoutSecrets } from "../inputs/secrets.ts";
import { WriteConflict } from "../store/run_store.ts";
import type { AtomicChange } from "../store/kv.ts";
import type { Owner } from "../account.ts";
import type { PendingSubmission, RunRequest, StoredRequest, Submission, UnconfirmedSubmission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { claimIdempotencyKey } from "./idempotency.ts";
import { checkIdempotencyKey, type ExecuteOptions } from "./options.ts";
import { redactingDeps } from "./redacting.ts";
import { newCorrelationTag, slugFor } from "./slug.ts";

export interface CreateSubmissionOptions
  extends Pick<Abortable, "retry">, Pick<ExecuteOptions, "signal" | "isWaiting" | "idempotencyKey" | "origin"> {}

/**
 * Creates and stores a pending submission for the authenticated user. With an idempotency key that is already in use,
 * returns the existing submission instead.
 *
 * @throws NotSubmitted when it cannot be stored; Unsupported when the server supports neither waiting nor keys; UsageError
 * for an empty key; IdempotencyKeyConflict; the client's errors.
 */
export async function createSubmission(
  deps: Deps,
  request: RunRequest,
  options: CreateSubmissionOptions,
): Promise<Submission> {
  if (options.idempotencyKey !== undefined) checkIdempotencyKey(options.idempotencyKey);
  const pending = await newPending(deps, request, options);
  if (options.idempotencyKey === undefined) return await putBeforeSending(deps, pending);
  while (true) {
    const claimed = await claimIdempotencyKey(redactingDeps(deps, pending), pending, options.idempotencyKey, options);
    // Made of `pending`, its run was started elsewhere: where it can't be stored, that is only logged.
    if (claimed.state === "active" && claimed.origin === pending.origin) {
      const stored = await deps.store.put(claimed).catch(storeFailureTo(deps.log)).catch(expected(WriteConflict));
      return (stored instanceof WriteConflict ? await deps.store.get(claimed.submissionId) : stored) ?? claimed;
    }
    if (claimed.state !== "pending") return claimed;
    const stored = await putBeforeSending(deps, claimed).catch(expected(WriteConflict));
    // Another process may have just stored this key: attach to its submission.
    if (!(stored instanceof WriteConflict)) return stored;
  }
}

/**
 * A submission without a key, not stored yet, with an id of its own.
 *
 * @throws Unsupported when the server does not support waiting; the client's errors.
 */
export async function newPending(
  deps: Deps,
  request: RunRequest,
  options: Omit<CreateSubmissionOptions, "idempotencyKey">,
): Promise<PendingSubmission> {
  const redacting = redactingDeps(deps, { request });
  const { client, clock, random } = redacting;
  const stopping = new AbortController();
  const both = { ...options, signal: AbortSignal.any([options.signal, stopping.signal]) };
  // Where one fails, the other would be sent again for minutes.
  const [identity, apiVersion] = await Promise.all([client.whoAmI(both), client.apiVersion(both)])
    .finally(() => stopping.abort());
  if (apiVersion === "legacy" && options.isWaiting) await assertRunsReadable(redacting, request.workflow, options);
  const nowMs = clock.now();
  const correlationTag = newCorrelationTag(nowMs, random);
  return {
    ...newSubmission(await storedRequest(request), { host: client.host, user: identity.user }, nowMs),
    ...NOT_SENT,
    submissionId: newCorrelationTag(nowMs, random),
    origin: options.origin ?? { type: "command-line" },
    ownSlug: apiVersion === "current" ? slugFor(request.workflow, correlationTag) : null,
    correlationTag,
  };
}

async function storedRequest(request: RunRequest): Promise<StoredRequest> {
  const { inputs, secretPaths } = request;
  const inputsWithoutSecrets = secretPaths.length === 0 ? null : withoutSecrets(inputs, secretPaths);
  return { ...request, inputsWithoutSecrets, inputsHash: await sha256(canonicalJson(inputs)) };
}

/** Some legacy servers start runs that they cannot show: check this before starting one. */
async function assertRunsReadable({ client }: Deps, workflow: string, { signal, retry }: CreateSubmissionOptions) {
  const cause = await client.getRun({ type: "number", workflow, number: 1 }, { signal, retry })
    .catch(fallbackTo(null, "not_found")).catch(expected(Unsupported));
  if (!(cause instanceof Unsupported)) return;
  throw new Unsupported(`Cannot track a run of ${workflow}: this server's older API does not show runs`, {
    hint: "Submit without waiting: isWaiting: false",
    commandHint: "Submit without waiting: --no-wait",
    cause,
  });
}

/**
 * @param also Adds to the atomic change that stores the submission.
 * @throws NotSubmitted for a submission that must not be sent because it cannot be stored; WriteConflict.
 */
export async function putBeforeSending<S extends PendingSubmission | UnconfirmedSubmission>(
  { store }: Pick<Deps, "store">,
  submission: S,
  also?: (change: AtomicChange, written: S) => void,
): Promise<S> {
  return await store.put(submission, also).catch((error: unknown) => {
    if (!(error instanceof StorageError)) throw error;
    const message = `Cannot submit ${submission.request.workflow}: ${error.message.replace(/^Cannot/, "cannot")}`;
    const { hint, commandHint } = error;
    throw new NotSubmitted(message, { hint, commandHint, cause: error });
  });
}

/** The members of a submission that nothing has happened to. */
export const NOT_SENT = { state: "pending", attempts: 0, retryingSinceMs: null, lostResponses: 0 } as const;

/** The members that all submissions have at first: without a name for the run, as for one that is not submitted from here. */
export function newSubmission(request: StoredRequest, owner: Owner, nowMs: number) {
  const times = { createdAtMs: nowMs, updatedAtMs: nowMs, nextPollAtMs: nowMs };
  return { revision: 0, owner, request, idempotencyKey: null, ownSlug: null, correlationTag: "", ...times };
}

/** Of a submission that is not made from a request. */
export const NO_REQUEST = {
  workflowId: null,
  inputs: null,
  inputsWithoutSecrets: null,
  inputsHash: "",
  secretPaths: [],
  publicValues: [],
  displayName: null,
  requestedConsent: null,
  isTrusted: false,
  startsSession: false,
} as const satisfies Omit<StoredRequest, "workflow">;
