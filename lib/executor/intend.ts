/** Turns a decided request into the first record of its run, written down before anything is sent. */

import { NotFound, NotSubmitted, StorageError, Unsupported } from "../errors.ts";
import { withoutSecrets } from "../inputs/secrets.ts";
import { StaleRecord } from "../ledger/ledger.ts";
import type { IntendedRecord, Json, KeptRequest, RunRecord, RunRequest, SeenRecord } from "../model.ts";
import type { Deps } from "./deps.ts";
import { claim, type KeyedWish } from "./key.ts";
import { newMarker, slugFor } from "./slug.ts";

export interface IntendOptions {
  readonly signal: AbortSignal;
  /** True when the end of the run is to be seen: refused where the server can't show it. */
  readonly isWaiting: boolean;
  /** The user's own name for the wish. */
  readonly key?: KeyedWish | undefined;
}

/**
 * Asks who we are and which routes the host speaks, and writes the intent. With a key, what bears it already is
 * answered with instead.
 *
 * @throws NotSubmitted when it can't be written down; Unsupported when waiting or the key is impossible; KeyTaken; what
 * the client throws.
 */
export async function intend(deps: Deps, request: RunRequest, options: IntendOptions): Promise<RunRecord> {
  const wish = await decide(deps, request, options);
  if (options.key === undefined) return await writeDown(deps, wish);
  while (true) {
    const claimed = await claim(deps, wish, options.key, options);
    if (claimed.state === "seen" && claimed.revision === 0) return await remember(deps, claimed);
    if (claimed.state !== "intended") return claimed;
    try {
      return await writeDown(deps, claimed);
    } catch (error) {
      // Another process has just written the same name: there is something to attach to now.
      if (!(error instanceof StaleRecord)) throw error;
    }
  }
}

async function decide(deps: Deps, request: RunRequest, options: IntendOptions): Promise<IntendedRecord> {
  const { client, clock, random } = deps;
  const [identity, family] = await Promise.all([client.whoAmI(options), client.routes(options)]);
  if (family === "nested" && options.isWaiting) await assureVisible(deps, request.workflow, options);
  const marker = newMarker(random);
  const nowMs = clock.now();
  return {
    state: "intended",
    wishId: newMarker(random),
    revision: 0,
    owner: { host: client.host, user: identity.user },
    request: await keptRequest(request),
    key: null,
    ownSlug: family === "flat" ? slugFor(request.workflow, marker) : null,
    marker,
    intendedAtMs: nowMs,
    updatedAtMs: nowMs,
    dueAtMs: nowMs,
    attempts: 0,
    strugglingSinceMs: null,
    lostAnswers: 0,
  };
}

/** SHA-256 of the inputs with their members in order, so that the same inputs always have the same hash. Hex. */
export async function hashInputs(inputs: Json): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(inMemberOrder(inputs)));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
    .reduce((hex, byte) => hex + byte.toString(16).padStart(2, "0"), "");
}

async function keptRequest(request: RunRequest): Promise<KeptRequest> {
  const { inputs, secretPaths } = request;
  const openInputs = secretPaths.length === 0 ? null : withoutSecrets(inputs, secretPaths);
  return { ...request, openInputs, inputsHash: await hashInputs(inputs) };
}

function inMemberOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map(inMemberOrder);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([name, member]) => [name, inMemberOrder(member)]),
  );
}

/** Some older servers start runs that they can't show: that must be known before one is started. */
async function assureVisible({ client }: Deps, workflow: string, { signal }: IntendOptions): Promise<void> {
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
async function remember({ ledger, log }: Pick<Deps, "ledger" | "log">, record: SeenRecord): Promise<RunRecord> {
  try {
    return await ledger.put(record);
  } catch (error) {
    if (error instanceof StaleRecord) return await ledger.get(record.wishId) ?? record;
    if (!(error instanceof StorageError)) throw error;
    log("WARNING", error.message);
    return record;
  }
}

async function writeDown({ ledger }: Pick<Deps, "ledger">, record: IntendedRecord): Promise<IntendedRecord> {
  try {
    return await ledger.put(record);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new NotSubmitted(`Cannot submit ${record.request.workflow}: ${error.message.replace(/^Cannot/, "cannot")}`, {
      hint: error.hint,
      cause: error,
    });
  }
}
