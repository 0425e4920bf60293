/** Submissions on a key-value store: one row each, and the index rows that find them, written together. */

import { isOwnedBy, type Owner } from "../account.ts";
import type { CapabilitiesStore, ServerCapabilities } from "../capabilities.ts";
import { chunksOf } from "../chunks.ts";
import { isOpen, runNameOf, type Submission } from "../submission.ts";
import { type BatchStore, createBatchStore } from "./batch_store.ts";
import {
  count,
  endOf,
  indexRows,
  isDamaged,
  isIn,
  type OpenRow,
  ownerKey,
  readAll,
  type RecordedKv,
  removeRows,
  scopeOf,
  type StoredSubmission,
  submissionKeys,
  submissionRows,
  type SubmissionScope,
  timeKey,
} from "./submission_rows.ts";
import { isKeyPart, keyPart, type KeySelector, keyText, type StoreKey } from "./backend.ts";
import { type AtomicChange, inChanges, type Kv, type ListOptions } from "./kv.ts";
import { createSuiteHistory, type SuiteHistory } from "./suite_history.ts";

/**
 * Where submissions are kept. Methods throw StorageError when the store can't be read or written.
 *
 * `local` submissions are those of the command line; `service` ones were started by a schedule or over HTTP, and are
 * advanced by the service alone, like the `suite` ones, which a suite of a schedule started.
 */
export interface RunStore extends CapabilitiesStore, AsyncDisposable {
  /**
   * Writes a submission: its `revision` must be the one stored (0: it must not exist yet). Durable once resolved.
   *
   * @param also Adds to the same atomic change.
   * @returns The submission with its new revision.
   * @throws WriteConflict when another process wrote it first, or a check that `also` added failed.
   */
  put<S extends Submission>(submission: S, also?: (change: AtomicChange, written: S) => void): Promise<S>;
  /** `undefined` if there is none with this id. */
  get(submissionId: string): Promise<Submission | undefined>;
  /** Those that exist, in the order of the ids. */
  getMany(submissionIds: readonly string[]): Promise<readonly Submission[]>;
  /** The latest submission whose run has this name, or was given it: of a slug or `workflow#47`, each user may have one. */
  findRun(owner: Partial<Owner> | null, name: string): Promise<Submission | undefined>;
  /** Neither finished nor rejected, oldest first. */
  listOpen(scope: SubmissionScope): Promise<readonly Submission[]>;
  /** Like {@link listOpen}, without reading the submissions. */
  openRows(scope: SubmissionScope): AsyncIterable<ListedOpenRow>;
  /** Of a schedule: finished, rejected or given up, and not yet notified about. Oldest first. */
  listUnreported(limit: number): Promise<readonly Submission[]>;
  /** Newest first by creation, then by id, the last first. */
  listRecent(query: RecentQuery): Promise<readonly Submission[]>;
  /** Of a schedule, the latest scheduled first. */
  listOfSchedule(schedule: string, limit: number): Promise<readonly Submission[]>;
  /** Batches and suites: their rows, and what was submitted for them. */
  readonly batches: BatchStore;
  /** Reports of earlier calls of suites. */
  readonly suites: SuiteHistory;
  /** Of the service: failed or rejected, the latest end first. */
  listFailures(limit: number): Promise<readonly Submission[]>;
  /** How many submissions of the service ended with each status; `rejected`, `skipped` and `missed` are among them. */
  countEnds(): Promise<Readonly<Record<string, number>>>;
  /**
   * Removes submissions that have ended: those created before an instant, and the oldest beyond a number. Reports of suites
   * before that instant are removed, too. With a scope, so are the open ones from before it that nothing advances any more;
   * without one, an end that a tick is still to report stays. Batches keep how their rows have ended.
   *
   * @returns How many submissions were removed.
   */
  prune(bounds: PruneBounds): Promise<number>;
}

/** What is known of an open submission without reading it. */
export interface ListedOpenRow extends OpenRow {
  /** Of the submission. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
}

/** Which submissions to list. */
export interface RecentQuery {
  /** How many at most. */
  readonly limit: number;
  /** Of both scopes when left out. */
  readonly scope?: SubmissionScope | undefined;
  /** Of all users and hosts when left out. */
  readonly owner?: Owner | undefined;
  /** Of all workflows when left out. */
  readonly workflow?: string | undefined;
  /** Only those that failed or were rejected. */
  readonly hasFailed?: boolean | undefined;
  /** Milliseconds since the epoch: only what was created then or later. */
  readonly sinceMs?: number | undefined;
  /** Only what comes after it, for pages: it need not exist any more. */
  readonly after?: RecentCursor | undefined;
}

/** The last submission of a page. */
export type RecentCursor = Pick<Submission, "createdAtMs" | "submissionId">;

/** What to remove. */
export interface PruneBounds {
  /** Of everything when left out. */
  readonly scope?: "service" | "suite";
  /** Milliseconds since the epoch. */
  readonly beforeMs: number;
  /** How many of the newest stay, regardless of age. */
  readonly keep: number;
  /** What was created after this instant, by a clock that was ahead, is the oldest. By default nothing is. */
  readonly aheadMs?: number;
}

/** Another process wrote this submission since it was read: read it again and decide anew. */
export class WriteConflict extends Error {
  /** Identifies the class, also in other realms. */
  override readonly name = "WriteConflict";
}

const MAX_ID_LENGTH = 200;
/** Read at once. */
const PRUNE_BATCH = 1_000;

/**
 * Closing it closes the store below.
 *
 * @param onSetAside Called with what happened when a damaged record was set aside.
 */
export function createRunStore(base: Kv, onSetAside?: (message: string) => void): RunStore {
  const kv: RecordedKv = { ...base, onSetAside };
  const suites = createSuiteHistory(kv);
  return {
    put: (submission, also) => put(kv, submission, also),
    // A user may ask for any text.
    get: async (id) => isKeyPart(id) && id.length < MAX_ID_LENGTH ? (await readAll(kv, [id]))[0] : undefined,
    getMany: (ids) => readAll(kv, ids),
    async findRun(owner, name) {
      const fits = (one: Submission) => runNameOf(one) === name && isOwnedBy(one, owner ?? {});
      return (await find(kv, { prefix: ["slug", keyPart(name)], reverse: true, limit: 1, fits }))[0];
    },
    listOpen: (scope) => find(kv, { prefix: ["open", scope], fits: isOpen }),
    async *openRows(scope) {
      for await (const { key, value } of kv.list<OpenRow>({ prefix: ["open", scope] })) {
        yield { ...value, id: key.at(-1) ?? "", createdAtMs: Number(key.at(-2)) };
      }
    },
    listUnreported: (limit) => find(kv, { prefix: ["unreported"], limit }),
    listRecent: (query) => find(kv, recentSelector(query)),
    listOfSchedule: (schedule, limit) => find(kv, { prefix: ["schedule", keyPart(schedule)], limit, reverse: true }),
    batches: createBatchStore(kv),
    suites,
    listFailures: (limit) => find(kv, { prefix: ["failure"], limit, reverse: true }),
    async countEnds() {
      const counts = await Array.fromAsync(kv.list<number>({ prefix: ["ended"] }));
      return Object.fromEntries(counts.map(({ key, value }) => [key.at(-1), value]));
    },
    async prune(bounds) {
      if (bounds.scope !== "service") await suites.prune(bounds.beforeMs);
      return await prune(kv, bounds);
    },
    capabilities: async (host) => (await kv.get<ServerCapabilities>(["capabilities", host])).value ?? {},
    async updateCapabilities(host, facts) {
      while (true) {
        const old = await kv.get<ServerCapabilities>(["capabilities", host]);
        // Observed again and again, and each write waits for the disk.
        if (Object.entries(facts).every(([name, fact]) => Reflect.get(old.value ?? {}, name) === fact)) return;
        if (await kv.atomic().check(old).set(old.key, { ...old.value, ...facts }).commit() !== undefined) return;
      }
    },
    [Symbol.asyncDispose]: () => kv[Symbol.asyncDispose](),
  };
}

async function put<S extends Submission>(
  kv: Kv,
  submission: S,
  also?: (change: AtomicChange, written: S) => void,
): Promise<S> {
  const { submissionId: id, revision } = submission;
  const old = await kv.get<StoredSubmission>(["submission", id]);
  const stored = old.value?.revision ?? 0;
  if (stored !== revision) throw new WriteConflict(`Cannot write ${id}: revision ${stored} is stored, not ${revision}`);
  const written = { ...submission, revision: revision + 1 };
  const rows = [...indexRows(written), ...submissionRows(withoutSecretInputs(written), kv.limits)];
  const before = old.value === null ? [] : submissionKeys(id, old.value);
  const [known, staying] = [new Set(before.map(keyText)), new Set(rows.map(({ key }) => keyText(key)))];
  const change = kv.atomic().check(old);
  for (const key of before) if (!staying.has(keyText(key))) change.delete(key);
  for (const { key, value } of rows) if (value !== null || !known.has(keyText(key))) change.set(key, value);
  const after = rows.map(({ key }) => key);
  if (old.value === null) count(change, after, 1);
  const end = endOf(written);
  if (end !== null && isIn("service", after) && (old.value === null || isIn("open", before))) {
    change.sum(["ended", end], 1);
  }
  also?.(change, written);
  if (await change.commit() === undefined) throw new WriteConflict(`Cannot write ${id}: another process did`);
  return written;
}

/** Of an index, which submissions to read. */
interface SubmissionSelector extends KeySelector, ListOptions {
  readonly fits?: (submission: Submission) => boolean;
}

async function find(kv: RecordedKv, { fits, limit = Infinity, reverse = false, ...selector }: SubmissionSelector) {
  const found: Submission[] = [];
  let ids: string[] = [];
  const read = async () => {
    const submissions = await readAll(kv, ids);
    found.push(...fits === undefined ? submissions : submissions.filter(fits));
    ids = [];
  };
  for await (const { key } of kv.list(selector, { reverse, limit: fits === undefined ? limit : Infinity })) {
    ids.push(key.at(-1) ?? "");
    if (ids.length < limit - found.length) continue;
    await read();
    if (found.length >= limit) break;
  }
  await read();
  return found.slice(0, limit);
}

function recentSelector(query: RecentQuery): SubmissionSelector {
  const { limit, scope, owner, workflow, hasFailed = false, sinceMs = 0, after } = query;
  const prefix = hasFailed
    ? ["failed"]
    : workflow !== undefined
    ? ["workflow", keyPart(workflow)]
    : owner !== undefined
    ? ["owner", ...ownerKey(owner)]
    : scope === "service"
    ? ["service"]
    : ["time"];
  return {
    prefix,
    start: [...prefix, timeKey(sinceMs)],
    ...(after && { end: [...prefix, timeKey(after.createdAtMs), after.submissionId] }),
    limit,
    reverse: true,
    fits: (submission) =>
      (owner === undefined || isOwnedBy(submission, owner)) &&
      (workflow === undefined || submission.request.workflow === workflow) &&
      (scope === undefined || scopeOf(submission) === scope),
  };
}

/** In as few changes as possible. Where another process wrote one of them meanwhile, the next pruning finds the rest. */
async function prune(kv: Kv, bounds: PruneBounds): Promise<number> {
  const { scope, beforeMs, keep, aheadMs = Number.MAX_SAFE_INTEGER } = bounds;
  let excess = ((await kv.get<number>(["count", scope ?? "all"])).value ?? 0) - keep;
  const ids: string[] = [];
  const [prefix, ahead] = [[scope ?? "time"], [scope ?? "time", timeKey(aheadMs)]];
  for (const range of [{ start: ahead }, { end: ahead }]) {
    for await (const { key: [, time, id = ""] } of kv.list({ prefix, ...range })) {
      if (excess-- <= 0 && Number(time) >= beforeMs) break;
      ids.push(id);
    }
  }
  const heads = async function* () {
    for (const chunk of chunksOf(ids, PRUNE_BATCH)) {
      yield* await kv.getMany<StoredSubmission>(chunk.map((id) => ["submission", id]));
    }
  };
  return await inChanges(kv, heads(), async (change, head) => {
    if (head.value === null || isDamaged(head.value)) return false;
    const keys = submissionKeys(head.key.at(-1) ?? "", head.value);
    if (bounds.scope === undefined && isIn("unreported", keys)) return false;
    const openKey = keys.find(([name]) => name === "open");
    if (openKey !== undefined && !await isStale(kv, openKey, bounds)) return false;
    change.check(head);
    removeRows(change, keys);
    return true;
  });
}

/** Whether nothing advances it any more: its suite has long ended, or the service has given up the search for its run. */
async function isStale(kv: Kv, openKey: StoreKey, { scope, beforeMs }: PruneBounds): Promise<boolean> {
  if (scope === undefined || Number(openKey.at(-2)) >= beforeMs) return false;
  return scope === "suite" || (await kv.get<OpenRow>(openKey)).value?.state === "abandoned";
}

/** A submission as it may be stored: without secrets, whose hash stays. */
function withoutSecretInputs<S extends Submission>(submission: S): S {
  if (submission.request.secretPaths.length === 0) return submission;
  return { ...submission, request: { ...submission.request, inputs: null } };
}
