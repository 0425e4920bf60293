/**
 * A keeper on Deno KV: a local file, or the distributed store of a cloud. A record and everything that finds it are
 * written in one atomic operation, which fails when somebody else has moved the record on.
 *
 * Deno KV holds values of up to 64 KiB, and 800 KiB in one atomic operation (Deno manual, "Key-Value Database").
 */

import type { Clock } from "../clock.ts";
import { StorageError } from "../errors.ts";
import type { Owner } from "../account.ts";
import type { ServerCapabilities } from "../capabilities.ts";
import type { Submission } from "../submission.ts";
import { MAX_TRIES, withRetry } from "./kv_retry.ts";
import { isOpen, type RunStore, slugOf, storable, SubmissionTooLarge, WriteConflict } from "./run_store.ts";

/** What a keeper on Deno KV works with. */
export interface KvRunStoreOptions {
  /** Stays its opener's to close. */
  readonly kv: Deno.Kv;
  /** Where pauses between tries come from. */
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
}

/** What ended records came to, counted as they ended. */
export type EndCounts = Readonly<Record<string, number>>;

/** Those that have been open the longest, and how many there are. */
export interface OpenRuns {
  /** The oldest first. */
  readonly records: readonly Submission[];
  /** Of all. */
  readonly count: number;
}

/** A keeper that also counts. */
export interface KvRunStore extends RunStore {
  /** How many records have ended, by status (`refused` among them), since the store was begun. */
  countEnds(): Promise<EndCounts>;
  /** What is open, whoever's it is; reads so many records at most. */
  longestOpen(limit: number): Promise<OpenRuns>;
  /** What failed or was refused, the latest end first; reads nothing else. */
  recentFailures(limit: number): Promise<readonly Submission[]>;
}

/** With room for what is around it. */
const PART_CHARACTERS = 16_000;
/** Of a new record: the rest is for what is learned of its run, or it could never be moved on. */
const MAX_INITIAL_PARTS = 14;
/** A character is stored in up to two bytes, and the whole must fit into one atomic operation. */
const MAX_PARTS = 22;
/** Of a text in a result that would not fit otherwise: a log may be one line without end. */
const MAX_TEXT_LENGTH = 500;

interface Head {
  readonly revision: number;
  readonly parts: number;
  readonly workflow: string;
  /** Of what stands in the time index, so that a new state can find the old one's place. */
  readonly time: string;
  readonly slug: string | null;
  readonly isOpen: boolean;
  /** When it failed or was refused, in the index of failures; missing in older records. */
  readonly failed?: string | null;
}

interface Place {
  readonly host: string;
  readonly user: string;
  readonly isOpen: boolean;
}

/** Keeps records in an open store. */
export function kvRunStore(options: KvRunStoreOptions): KvRunStore {
  const { kv } = options;
  const guarded = <T>(act: () => Promise<T>) => withRetry(act, options);
  const read = async (submissionId: string): Promise<Submission | undefined> => {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { value: head } = await kv.get<Head>(["record", submissionId]);
      if (head === null) return undefined;
      const text = await textOf(kv, submissionId, head);
      // Missing: it was written anew while we read.
      if (text !== undefined) return JSON.parse(text);
    }
    throw new StorageError(`Cannot read ${submissionId} from the store: parts of it are missing`);
  };
  const readAll = async (submissionIds: readonly string[]): Promise<Submission[]> =>
    (await Promise.all(submissionIds.map(read))).filter((record) => record !== undefined);
  const openOnes = async (fits: (place: Place) => boolean): Promise<Submission[]> => {
    const found: string[] = [];
    for await (const { key, value } of kv.list<Place>({ prefix: ["open"] })) {
      if (fits(value)) found.push(String(key[2]));
    }
    return (await readAll(found)).filter(isOpen);
  };

  return {
    put: (record) => guarded(() => put(kv, record)),
    get: (submissionId) => guarded(() => read(submissionId)),
    findRun: (owner, slug) =>
      guarded(async () => {
        const found: string[] = [];
        for await (const { key } of kv.list({ prefix: ["slug", slug] })) found.push(String(key[2]));
        const records = await readAll(found);
        return records.filter((record) => owner === null || isOwnedBy(record.owner, owner))
          .sort((a, b) => b.createdAtMs - a.createdAtMs)[0];
      }),
    listOpen: (owner) => guarded(() => openOnes((place) => isOwnedBy(place, owner))),
    listOpenOfOthers: (owner) => guarded(() => openOnes((place) => !isOwnedBy(place, owner))),
    listRecent: (owner, { limit, workflow, sinceMs = -Infinity, after }) =>
      guarded(async () => {
        const found: string[] = [];
        const prefix = workflow === undefined ? ["time"] : ["workflow", workflow];
        const range = after === undefined ? { prefix } : {
          prefix,
          end: [...prefix, timeKey(after.createdAtMs), after.submissionId],
        };
        for await (const { key, value } of kv.list<Place>(range, { reverse: true })) {
          const [time, submissionId] = key.slice(prefix.length);
          if (found.length >= limit || Number(time) < sinceMs) break;
          if (owner === null || isOwnedBy(value, owner)) found.push(String(submissionId));
        }
        return await readAll(found);
      }),
    prune: (owner, bounds) => guarded(() => prune(kv, owner, bounds)),
    capabilities: (host) => guarded(async () => (await kv.get<ServerCapabilities>(["profile", host])).value ?? {}),
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
        const found: string[] = [];
        let count = 0;
        for await (const { key } of kv.list({ prefix: ["open"] })) {
          if (count++ < limit) found.push(String(key[2]));
        }
        return { records: (await readAll(found)).filter(isOpen), count };
      }),
    recentFailures: (limit) =>
      guarded(async () => {
        const found = await Array.fromAsync(kv.list({ prefix: ["failed"] }, { reverse: true, limit }));
        return await readAll(found.map(({ key }) => String(key[2])));
      }),
    // The store is its opener's to close.
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function put<R extends Submission>(kv: Deno.Kv, record: R): Promise<R> {
  const { submissionId, owner, request } = record;
  const old = await kv.get<Head>(["record", submissionId]);
  const stored = old.value?.revision ?? 0;
  if (stored !== record.revision) {
    throw new WriteConflict(`Cannot write ${submissionId}: revision ${stored} is stored, not ${record.revision}`);
  }
  const written = { ...record, revision: record.revision + 1 };
  const parts = partsOf(storable(written));
  const head: Head = {
    revision: written.revision,
    parts: parts.length,
    workflow: request.workflow,
    time: timeKey(record.createdAtMs),
    slug: slugOf(written),
    isOpen: isOpen(written),
    failed: hasFailed(written) ? timeKey(written.updatedAtMs) : null,
  };
  const place: Place = { ...owner, isOpen: head.isOpen };
  const change = kv.atomic().check(old);
  if (old.value !== null) removeIndexes(change, submissionId, old.value);
  change.set(["record", submissionId], head).set(["time", head.time, submissionId], place)
    .set(["workflow", head.workflow, head.time, submissionId], place);
  for (const [part, text] of parts.entries()) change.set(["part", submissionId, head.revision, part], text);
  if (head.isOpen) change.set(["open", head.time, submissionId], place);
  if (head.slug !== null) change.set(["slug", head.slug, submissionId], null);
  if (typeof head.failed === "string") change.set(["failed", head.failed, submissionId], null);
  if (!head.isOpen) change.sum(["ends", written.state === "finished" ? written.result.status : "refused"], 1n);
  const { ok } = await change.commit();
  if (!ok) throw new WriteConflict(`Cannot write ${submissionId}: somebody else did`);
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
  if (typeof head.failed === "string") change.delete(["failed", head.failed, submissionId]);
}

function hasFailed(record: Submission): boolean {
  return record.state === "rejected" || (record.state === "finished" && record.result.status === "failed");
}

async function prune(
  kv: Deno.Kv,
  owner: Owner | null,
  { beforeMs, keep }: { readonly beforeMs: number; readonly keep: number },
): Promise<number> {
  let rank = 0;
  let count = 0;
  for await (const { key, value } of kv.list<Place>({ prefix: ["time"] }, { reverse: true })) {
    if (owner !== null && !isOwnedBy(value, owner)) continue;
    const isOld = Number(key[1]) < beforeMs || rank++ >= keep;
    if (!isOld || value.isOpen) continue;
    const submissionId = String(key[2]);
    const head = await kv.get<Head>(["record", submissionId]);
    if (head.value === null || head.value.isOpen) continue;
    const change = kv.atomic().check(head).delete(["record", submissionId]);
    removeIndexes(change, submissionId, head.value);
    if ((await change.commit()).ok) count++;
  }
  return count;
}

async function updateCapabilities(kv: Deno.Kv, host: string, facts: ServerCapabilities): Promise<void> {
  while (true) {
    const old = await kv.get<ServerCapabilities>(["profile", host]);
    const known = old.value ?? {};
    if (Object.entries(facts).every(([name, fact]) => Reflect.get(known, name) === fact)) return;
    const { ok } = await kv.atomic().check(old).set(["profile", host], { ...known, ...facts }).commit();
    if (ok) return;
  }
}

function partsOf(record: Submission): string[] {
  const most = record.revision === 1 ? MAX_INITIAL_PARTS : MAX_PARTS;
  for (const form of formsOf(record)) {
    const text = JSON.stringify(form);
    if (text.length > most * PART_CHARACTERS) continue;
    const parts: string[] = [];
    for (let at = 0; at < text.length; at += PART_CHARACTERS) parts.push(text.slice(at, at + PART_CHARACTERS));
    return parts;
  }
  throw new SubmissionTooLarge(`Cannot keep ${record.submissionId}: its record is too large for the store`, {
    hint: "Pass large inputs by a file that the workflow reads itself",
  });
}

/** As it is, and ever shorter: a run whose end can't be written down would be open for ever. */
function* formsOf(record: Submission): Generator<Submission, void> {
  yield record;
  if (record.state === "finished") {
    const { jobs, outputs, ...result } = record.result;
    const short: typeof result = JSON.parse(JSON.stringify(result), (_name, value) => shortened(value));
    yield { ...record, result: { ...short, ...(jobs && { jobs }), ...(outputs && { outputs }) } };
    yield { ...record, result: short };
  }
  // What a run's own page tells beside that can be asked for again.
  if (record.state === "active") yield { ...record, run: { ...record.run, ...NO_DETAILS } };
}

/** Left out where JSON is made of it. */
const NO_DETAILS = { jobs: undefined, inputs: undefined, links: undefined, outputs: undefined };

function shortened(value: unknown): unknown {
  return typeof value === "string" && value.length > MAX_TEXT_LENGTH ? `${value.slice(0, MAX_TEXT_LENGTH)}…` : value;
}

/** So that the order of keys is that of time. */
function timeKey(instantMs: number): string {
  return String(Math.max(0, Math.floor(instantMs))).padStart(15, "0");
}

function isOwnedBy(place: Owner, { host, user }: Owner): boolean {
  return place.host === host && place.user === user;
}
