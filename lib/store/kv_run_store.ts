/**
 * A run store on Deno KV: a local file, or the distributed store of a cloud. A submission and its index entries are
 * written in one atomic operation, which fails when another process has changed the submission.
 *
 * Deno KV holds values of up to 64 KiB, and 800 KiB in one atomic operation (Deno manual, "Key-Value Database").
 */

import type { Clock } from "../clock.ts";
import { StorageError } from "../errors.ts";
import type { Owner } from "../account.ts";
import type { ServerCapabilities } from "../capabilities.ts";
import type { Submission } from "../submission.ts";
import { MAX_ATTEMPTS, withRetry } from "./kv_retry.ts";
import { isOpen, type RunStore, slugOf, storable, SubmissionTooLarge, WriteConflict } from "./run_store.ts";

export interface KvRunStoreOptions {
  /** The caller closes it. */
  readonly kv: Deno.Kv;
  readonly clock: Clock;
  /** Returns a number in [0, 1), like `Math.random`. */
  readonly random: () => number;
}

/** The number of ended submissions by status, and of rejected ones as `rejected`. */
export type EndCounts = Readonly<Record<string, number>>;

export interface OpenRuns {
  /** Oldest first, up to the limit. */
  readonly submissions: readonly Submission[];
  /** All open submissions, beyond the limit too. */
  readonly count: number;
}

/** A run store with what the status page shows. */
export interface KvRunStore extends RunStore {
  /** Counts since the store was created; pruning does not change them. */
  countEnds(): Promise<EndCounts>;
  /** The oldest open submissions of all owners; reads at most `limit` submissions. */
  longestOpen(limit: number): Promise<OpenRuns>;
  /** Failed and rejected submissions of all owners, most recently ended first; reads no others. */
  recentFailures(limit: number): Promise<readonly Submission[]>;
}

/** Leaves room for the encoding overhead within the limit for one value. */
const PART_CHARACTERS = 16_000;
/** For a new submission: the remaining parts are reserved for its run, or it could never be updated. */
const MAX_INITIAL_PARTS = 14;
/** A character takes up to two bytes, and all parts must fit into one atomic operation. */
const MAX_PARTS = 22;
/** For texts in a result that is too large: a log may be a single very long line. */
const MAX_TEXT_LENGTH = 500;

interface Head {
  readonly revision: number;
  readonly parts: number;
  readonly workflow: string;
  /** The key in the time index, needed to delete the old index entries. */
  readonly time: string;
  readonly slug: string | null;
  readonly isOpen: boolean;
  /** The key in the index of failures; `null` unless it failed or was rejected. */
  readonly failed: string | null;
}

interface IndexEntry {
  readonly host: string;
  readonly user: string;
  readonly isOpen: boolean;
}

export function kvRunStore(options: KvRunStoreOptions): KvRunStore {
  const { kv } = options;
  const guarded = <T>(act: () => Promise<T>) => withRetry(act, options);
  const read = async (submissionId: string): Promise<Submission | undefined> => {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { value: head } = await kv.get<Head>(["submission", submissionId]);
      if (head === null) return undefined;
      const text = await textOf(kv, submissionId, head);
      // A part is missing: the submission was rewritten during the read.
      if (text !== undefined) return JSON.parse(text);
    }
    throw new StorageError(`Cannot read ${submissionId} from the store: parts of it are missing`);
  };
  const readAll = async (submissionIds: readonly string[]): Promise<Submission[]> =>
    (await Promise.all(submissionIds.map(read))).filter((submission) => submission !== undefined);
  const listOpen = async (matches: (entry: IndexEntry) => boolean): Promise<Submission[]> => {
    const ids: string[] = [];
    for await (const { key, value } of kv.list<IndexEntry>({ prefix: ["open"] })) {
      if (matches(value)) ids.push(String(key[2]));
    }
    return (await readAll(ids)).filter(isOpen);
  };

  return {
    put: (submission) => guarded(() => put(kv, submission)),
    get: (submissionId) => guarded(() => read(submissionId)),
    findRun: (owner, slug) =>
      guarded(async () => {
        const ids: string[] = [];
        for await (const { key } of kv.list({ prefix: ["slug", slug] })) ids.push(String(key[2]));
        const submissions = await readAll(ids);
        return submissions.filter((submission) => owner === null || isOwnedBy(submission.owner, owner))
          .sort((a, b) => b.createdAtMs - a.createdAtMs)[0];
      }),
    listOpen: (owner) => guarded(() => listOpen((entry) => isOwnedBy(entry, owner))),
    listOpenOfOthers: (owner) => guarded(() => listOpen((entry) => !isOwnedBy(entry, owner))),
    listRecent: (owner, { limit, workflow, sinceMs = -Infinity, after }) =>
      guarded(async () => {
        const ids: string[] = [];
        const prefix = workflow === undefined ? ["time"] : ["workflow", workflow];
        const range = after === undefined ? { prefix } : {
          prefix,
          end: [...prefix, timeKey(after.createdAtMs), after.submissionId],
        };
        for await (const { key, value } of kv.list<IndexEntry>(range, { reverse: true })) {
          const [time, submissionId] = key.slice(prefix.length);
          if (ids.length >= limit || Number(time) < sinceMs) break;
          if (owner === null || isOwnedBy(value, owner)) ids.push(String(submissionId));
        }
        return await readAll(ids);
      }),
    prune: (owner, bounds) => guarded(() => prune(kv, owner, bounds)),
    capabilities: (host) => guarded(async () => (await kv.get<ServerCapabilities>(["capabilities", host])).value ?? {}),
    updateCapabilities: (host, facts) => guarded(() => updateCapabilities(kv, host, facts)),
    countEnds: () =>
      guarded(async () => {
        const counts: Record<string, number> = {};
        for await (const { key, value } of kv.list<Deno.KvU64>({ prefix: ["ends"] })) {
          counts[String(key[1])] = Number(value.value);
        }
        return counts;
      }),
    longestOpen: (limit) =>
      guarded(async () => {
        const ids: string[] = [];
        let count = 0;
        for await (const { key } of kv.list({ prefix: ["open"] })) {
          if (count++ < limit) ids.push(String(key[2]));
        }
        return { submissions: (await readAll(ids)).filter(isOpen), count };
      }),
    recentFailures: (limit) =>
      guarded(async () => {
        const entries = await Array.fromAsync(kv.list({ prefix: ["failed"] }, { reverse: true, limit }));
        return await readAll(entries.map(({ key }) => String(key[2])));
      }),
    // The caller closes `kv`.
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function put<R extends Submission>(kv: Deno.Kv, submission: R): Promise<R> {
  const { submissionId, owner, request } = submission;
  const old = await kv.get<Head>(["submission", submissionId]);
  const stored = old.value?.revision ?? 0;
  if (stored !== submission.revision) {
    throw new WriteConflict(`Cannot write ${submissionId}: revision ${stored} is stored, not ${submission.revision}`);
  }
  const written = { ...submission, revision: submission.revision + 1 };
  const parts = partsOf(storable(written));
  const head: Head = {
    revision: written.revision,
    parts: parts.length,
    workflow: request.workflow,
    time: timeKey(submission.createdAtMs),
    slug: slugOf(written),
    isOpen: isOpen(written),
    failed: hasFailed(written) ? timeKey(written.updatedAtMs) : null,
  };
  const entry: IndexEntry = { ...owner, isOpen: head.isOpen };
  const change = kv.atomic().check(old);
  if (old.value !== null) removeIndexes(change, submissionId, old.value);
  change.set(["submission", submissionId], head).set(["time", head.time, submissionId], entry)
    .set(["workflow", head.workflow, head.time, submissionId], entry);
  for (const [part, text] of parts.entries()) change.set(["part", submissionId, head.revision, part], text);
  if (head.isOpen) change.set(["open", head.time, submissionId], entry);
  if (head.slug !== null) change.set(["slug", head.slug, submissionId], null);
  if (head.failed !== null) change.set(["failed", head.failed, submissionId], null);
  if (!head.isOpen) change.sum(["ends", written.state === "finished" ? written.result.status : "rejected"], 1n);
  const { ok } = await change.commit();
  if (!ok) throw new WriteConflict(`Cannot write ${submissionId}: another process has changed it`);
  return written;
}

async function textOf(kv: Deno.Kv, submissionId: string, { parts, revision }: Head): Promise<string | undefined> {
  let text = "";
  for (let part = 0; part < parts; part++) {
    const { value } = await kv.get<string>(["part", submissionId, revision, part]);
    if (value === null) return undefined;
    text += value;
  }
  return text;
}

function removeIndexes(change: Deno.AtomicOperation, submissionId: string, head: Head): void {
  for (let part = 0; part < head.parts; part++) change.delete(["part", submissionId, head.revision, part]);
  change.delete(["time", head.time, submissionId]).delete(["open", head.time, submissionId])
    .delete(["workflow", head.workflow, head.time, submissionId]);
  if (head.slug !== null) change.delete(["slug", head.slug, submissionId]);
  if (head.failed !== null) change.delete(["failed", head.failed, submissionId]);
}

function hasFailed(submission: Submission): boolean {
  return submission.state === "rejected" || (submission.state === "finished" && submission.result.status === "failed");
}

async function prune(
  kv: Deno.Kv,
  owner: Owner | null,
  { beforeMs, keep }: { readonly beforeMs: number; readonly keep: number },
): Promise<number> {
  let rank = 0;
  let count = 0;
  for await (const { key, value } of kv.list<IndexEntry>({ prefix: ["time"] }, { reverse: true })) {
    if (owner !== null && !isOwnedBy(value, owner)) continue;
    const isOld = Number(key[1]) < beforeMs || rank++ >= keep;
    if (!isOld || value.isOpen) continue;
    const submissionId = String(key[2]);
    const head = await kv.get<Head>(["submission", submissionId]);
    if (head.value === null || head.value.isOpen) continue;
    const change = kv.atomic().check(head).delete(["submission", submissionId]);
    removeIndexes(change, submissionId, head.value);
    if ((await change.commit()).ok) count++;
  }
  return count;
}

async function updateCapabilities(kv: Deno.Kv, host: string, facts: ServerCapabilities): Promise<void> {
  while (true) {
    const old = await kv.get<ServerCapabilities>(["capabilities", host]);
    const current = old.value ?? {};
    if (Object.entries(facts).every(([name, fact]) => Reflect.get(current, name) === fact)) return;
    const { ok } = await kv.atomic().check(old).set(["capabilities", host], { ...current, ...facts }).commit();
    if (ok) return;
  }
}

function partsOf(submission: Submission): string[] {
  const maxParts = submission.revision === 1 ? MAX_INITIAL_PARTS : MAX_PARTS;
  for (const version of versionsOf(submission)) {
    const text = JSON.stringify(version);
    if (text.length > maxParts * PART_CHARACTERS) continue;
    const parts: string[] = [];
    for (let start = 0; start < text.length; start += PART_CHARACTERS) {
      parts.push(text.slice(start, start + PART_CHARACTERS));
    }
    return parts;
  }
  throw new SubmissionTooLarge(`Cannot store ${submission.submissionId}: the submission is too large for the store`, {
    hint: "Pass large inputs as a file that the workflow reads itself",
  });
}

/** The complete submission, then shortened ones: a run whose end cannot be stored would stay open forever. */
function* versionsOf(submission: Submission): Generator<Submission, void> {
  yield submission;
  if (submission.state === "finished") {
    const { jobs, outputs, ...result } = submission.result;
    const short: typeof result = JSON.parse(JSON.stringify(result), (_name, value) => shortened(value));
    yield { ...submission, result: { ...short, ...(jobs && { jobs }), ...(outputs && { outputs }) } };
    yield { ...submission, result: short };
  }
  // The details of a run can be read again from the platform.
  if (submission.state === "active") yield { ...submission, run: { ...submission.run, ...NO_DETAILS } };
}

/** JSON.stringify omits these members. */
const NO_DETAILS = { jobs: undefined, inputs: undefined, links: undefined, outputs: undefined };

function shortened(value: unknown): unknown {
  return typeof value === "string" && value.length > MAX_TEXT_LENGTH ? `${value.slice(0, MAX_TEXT_LENGTH)}…` : value;
}

/** Sorts like the instants. */
function timeKey(instantMs: number): string {
  return String(Math.max(0, Math.floor(instantMs))).padStart(15, "0");
}

function isOwnedBy(entry: Owner, { host, user }: Owner): boolean {
  return entry.host === host && entry.user === user;
}
