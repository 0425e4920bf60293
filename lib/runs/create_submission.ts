/** Turns a decided request into the first record of its run, written down before anything is sent. */

import { NotFound, NotSubmitted, StorageError, Unsupported } from "../errors.ts";
import { withoutSecrets } from "../inputs/secrets.ts";
import { WriteConflict } from "../store/run_store.ts";
import type { Json } from "../json.ts";
import type { Change } from "../store/change.ts";
import type {
  ActiveSubmission,
  Origin,
  PendingSubmission,
  RunRequest,
  StoredRequest,
  Submission,
} from "../submission.ts";
import type { Deps } from "./deps.ts";
import { claim, type KeyWithPolicy } from "./idempotency.ts";
import { newCorrelationTag, slugFor } from "./slug.ts";

export interface CreateSubmissionOptions {
  readonly signal: AbortSignal;
  /** True when the end of the run is to be seen: refused where the server can't show it. */
  readonly isWaiting: boolean;
  readonly idempotencyKey?: KeyWithPolicy | undefined;
  /** `command-line` when left out. */
  readonly origin?: Origin | undefined;
  /** A new random one when left out. */
  readonly submissionId?: string | undefined;
  /** Adds to the change that stores the submission. */
  readonly also?: ((change: Change, written: PendingSubmission) => void) | undefined;
}

/**
 * Asks who we are and which routes the host speaks, and writes the intent. With a key, what bears it already is
 * answered with instead.
 *
 * @throws NotSubmitted when it can't be written down; Unsupported when waiting or the key is impossible; IdempotencyKeyConflict; what
 * the client throws.
 */
export async function createSubmission(
  deps: Deps,
  request: RunRequest,
  options: CreateSubmissionOptions,
): Promise<Submission> {
  const spec = await decide(deps, request, options);
  if (options.idempotencyKey === undefined) return await storePending(deps, spec, options.also);
  while (true) {
    const claimed = await claim(deps, spec, options.idempotencyKey, options);
    if (claimed.state === "active" && claimed.revision === 0) return await remember(deps, claimed);
    if (claimed.state !== "pending") return claimed;
    try {
      return await storePending(deps, claimed, options.also);
    } catch (error) {
      // Another process has just written the same name: there is something to attach to now.
      if (!(error instanceof WriteConflict)) throw error;
    }
  }
}

async function decide(deps: Deps, request: RunRequest, options: CreateSubmissionOptions): Promise<PendingSubmission> {
  const { client, clock, random } = deps;
  const [identity, family] = await Promise.all([client.whoAmI(options), client.apiVersion(options)]);
  if (family === "legacy" && options.isWaiting) await assureVisible(deps, request.workflow, options);
  const correlationTag = newCorrelationTag(random);
  const nowMs = clock.now();
  return {
    state: "pending",
    submissionId: options.submissionId ?? newCorrelationTag(random),
    origin: options.origin ?? { type: "command-line" },
    revision: 0,
    owner: { host: client.host, user: identity.user },
    request: await storedRequest(request),
    idempotencyKey: null,
    ownSlug: family === "current" ? slugFor(request.workflow, correlationTag) : null,
    correlationTag,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    nextPollAtMs: nowMs,
    attempts: 0,
    retryingSinceMs: null,
    lostResponses: 0,
  };
}

/** SHA-256 of the inputs with their members in order, so that the same inputs always have the same hash. Hex. */
export async function hashInputs(inputs: Json): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(inMemberOrder(inputs)));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
    .reduce((hex, byte) => hex + byte.toString(16).padStart(2, "0"), "");
}

async function storedRequest(request: RunRequest): Promise<StoredRequest> {
  const { inputs, secretPaths } = request;
  const inputsWithoutSecrets = secretPaths.length === 0 ? null : withoutSecrets(inputs, secretPaths);
  return { ...request, inputsWithoutSecrets, inputsHash: await hashInputs(inputs) };
}

function inMemberOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map(inMemberOrder);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([name, member]) => [name, inMemberOrder(member)]),
  );
}

/** Some older servers start runs that they can't show: that must be known before one is started. */
async function assureVisible({ client }: Deps, workflow: string, { signal }: CreateSubmissionOptions): Promise<void> {
  try {
    await client.getRun({ type: "number", workflow, number: 1 }, { signal });
  } catch (error) {
    if (error instanceof Unsupported) {
      throw new Unsupported(`Cannot follow a run of ${workflow}: this older server does not show runs`, {
        hint: "Submit without waiting: --no-wait",
        cause: error,
      });
    }
    if (!(error instanceof NotFound)) throw error;
  }
}

/** A run that others started: worth remembering, but nothing hangs on it. */
async function remember(
  { store, log }: Pick<Deps, "store" | "log">,
  submission: ActiveSubmission,
): Promise<Submission> {
  try {
    return await store.put(submission);
  } catch (error) {
    if (error instanceof WriteConflict) return await store.get(submission.submissionId) ?? submission;
    if (!(error instanceof StorageError)) throw error;
    log("WARNING", error.message);
    return submission;
  }
}

async function storePending(
  { store }: Pick<Deps, "store">,
  submission: PendingSubmission,
  also: CreateSubmissionOptions["also"],
): Promise<PendingSubmission> {
  try {
    return await store.put(submission, also);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new NotSubmitted(
      `Cannot submit ${submission.request.workflow}: ${error.message.replace(/^Cannot/, "cannot")}`,
      {
        hint: error.hint,
        cause: error,
      },
    );
  }
}
