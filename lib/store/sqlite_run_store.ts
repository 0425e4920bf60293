/**
 * A keeper in one file, safe for many processes at once. It keeps SQLite's rollback journal and not its write-ahead
 * log, which needs shared memory and breaks where login nodes share a home over the network.
 */

import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../errors.ts";
import type { Owner } from "../account.ts";
import type { ServerCapabilities } from "../capabilities.ts";
import type { Submission } from "../submission.ts";
import {
  isOpen,
  type PruneBounds,
  type RecentQuery,
  type RunStore,
  slugOf,
  storable,
  WriteConflict,
} from "./run_store.ts";

/** Where the file is, and who is told of damage. */
export interface SqliteOptions {
  /** The file; its folder is made when it isn't there. */
  readonly path: string;
  /** For the name of a file that is set aside, milliseconds. */
  readonly nowMs: number;
  /** Told when an unreadable file was set aside and a fresh one begun; `null` to leave such a file as it is. */
  readonly onSetAside: ((message: string) => void) | null;
}

/** How long a writer waits for another process's write, milliseconds. */
const BUSY_MS = 10_000;

/** One step a version: from what `user_version` says to what this program needs. Only ever added to. */
const MIGRATIONS = [
  `CREATE TABLE records (
     submission_id TEXT PRIMARY KEY,
     revision INTEGER NOT NULL,
     host TEXT NOT NULL,
     user TEXT NOT NULL,
     workflow TEXT NOT NULL,
     slug TEXT,
     is_open INTEGER NOT NULL,
     created_at_ms INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX records_by_time ON records (created_at_ms);
   CREATE INDEX records_by_owner ON records (host, user, created_at_ms);
   CREATE INDEX records_by_workflow ON records (host, user, workflow, created_at_ms);
   CREATE INDEX records_by_slug ON records (slug);
   CREATE INDEX records_open ON records (is_open, created_at_ms) WHERE is_open = 1;
   CREATE TABLE profiles (host TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;`,
];

/** The newest file that this program can read, as its `user_version`. */
export const STORE_VERSION: number = MIGRATIONS.length;

/**
 * Opens the file, or begins it, readable by its owner alone.
 *
 * @throws StorageError when it can't be opened or written, or a newer version of this program made it.
 */
export async function openSqliteRunStore(options: SqliteOptions): Promise<RunStore> {
  await makePrivate(options.path);
  const file = inode(options.path);
  try {
    return keeper({ database: openDatabase(options.path), file }, options);
  } catch (error) {
    if (!isDamage(error) || options.onSetAside === null) throw asStorageError(error, options.path);
    return keeper(await beginAfresh(file, options), options);
  }
}

interface Opened {
  readonly database: DatabaseSync;
  /** Tells this file from one that another process began in its place. */
  readonly file: number | null;
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA synchronous = EXTRA;`);
    migrate(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: DatabaseSync, path: string): void {
  if (versionOf(database) === MIGRATIONS.length) return;
  // Immediate: of two processes that find an old file, the second waits here and then finds a new one.
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = versionOf(database);
    if (version > MIGRATIONS.length) {
      throw new StorageError(`Cannot read ${path}: a newer version of this program made it`, {
        hint: "Update pw-workflow-runner, or name another place with PW_STATE_DIR",
      });
    }
    for (const step of MIGRATIONS.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`);
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

function keeper(opened: Opened, options: SqliteOptions): RunStore {
  const { path } = options;
  let { database, file } = opened;
  const guarded = async <T>(act: () => T): Promise<T> => {
    try {
      return act();
    } catch (error) {
      // Another process may have set it aside meanwhile.
      const isOurs = inode(path) === file;
      if ((!isDamage(error) || options.onSetAside === null) && isOurs) throw asStorageError(error, path);
      database.close();
      ({ database, file } = await beginAfresh(file, options));
    }
    try {
      return act();
    } catch (error) {
      throw asStorageError(error, path);
    }
  };
  const read = (where: string, ...values: (string | number | null)[]): Submission[] =>
    database.prepare(`SELECT body FROM records WHERE ${where}`).all(...values).map(({ body }) =>
      JSON.parse(String(body))
    );
  return {
    put: (record) =>
      guarded(() => {
        const written = { ...record, revision: record.revision + 1 };
        write(database, written);
        return written;
      }),
    get: (submissionId) => guarded(() => read("submission_id = ?", submissionId)[0]),
    findRun: (owner, slug) =>
      guarded(() => read(`slug = ? AND ${OWNED} ORDER BY created_at_ms DESC LIMIT 1`, slug, ...wordsOf(owner))[0]),
    listOpen: ({ host, user }) =>
      guarded(() => read("is_open = 1 AND host = ? AND user = ? ORDER BY created_at_ms", host, user)),
    listOpenOfOthers: ({ host, user }) =>
      guarded(() => read("is_open = 1 AND (host <> ? OR user <> ?) ORDER BY created_at_ms", host, user)),
    listRecent: (owner, query) => guarded(() => recent(read, owner, query)),
    prune: (owner, bounds) => guarded(() => prune(database, owner, bounds)),
    capabilities: (host) => guarded(() => capabilitiesOf(database, host)),
    updateCapabilities: (host, facts) =>
      guarded(() => {
        const known = capabilitiesOf(database, host);
        const isKnown = Object.entries(facts).every(([name, fact]) => Reflect.get(known, name) === fact);
        // Learned again and again, and each write costs a wait for the disk.
        if (isKnown) return;
        database.prepare(
          "INSERT INTO profiles VALUES (?, ?) ON CONFLICT DO UPDATE SET body = json_patch(body, excluded.body)",
        ).run(host, JSON.stringify(facts));
      }),
    [Symbol.asyncDispose]() {
      database.close();
      return Promise.resolve();
    },
  };
}

function recent(
  read: (where: string, ...values: (string | number | null)[]) => Submission[],
  owner: Owner | null,
  { limit, workflow, sinceMs = 0, after }: RecentQuery,
): Submission[] {
  const conditions: [string, ...(string | number)[]][] = [
    ...(owner === null ? [] : [["host = ? AND user = ?", owner.host, owner.user] satisfies [string, ...string[]]]),
    ...(workflow === undefined ? [] : [["workflow = ?", workflow] satisfies [string, ...string[]]]),
    ["created_at_ms >= ?", sinceMs],
    ...(after === undefined ? [] : [
      ["(created_at_ms, submission_id) < (?, ?)", after.createdAtMs, after.submissionId] satisfies [
        string,
        number,
        string,
      ],
    ]),
  ];
  return read(
    `${conditions.map(([sql]) => sql).join(" AND ")} ORDER BY created_at_ms DESC, submission_id DESC LIMIT ?`,
    ...conditions.flatMap(([, ...values]) => values),
    limit,
  );
}

function prune(database: DatabaseSync, owner: Owner | null, { beforeMs, keep }: PruneBounds): number {
  // The oldest instant that is within the number; before it, and before the bound, everything that is over goes.
  const row = database.prepare(
    `SELECT created_at_ms AS oldest FROM records WHERE ${OWNED} ORDER BY created_at_ms DESC LIMIT 1 OFFSET ?`,
  ).get(...wordsOf(owner), Math.max(0, keep - 1));
  const oldestKeptMs = keep === 0 ? Infinity : row === undefined ? 0 : Number(row.oldest);
  const { changes } = database.prepare(
    `DELETE FROM records WHERE ${OWNED} AND is_open = 0 AND created_at_ms < ?`,
  ).run(...wordsOf(owner), Math.min(Number.MAX_SAFE_INTEGER, Math.max(beforeMs, oldestKeptMs)));
  return Number(changes);
}

/** Where an owner may be anybody. */
const OWNED = "(? IS NULL OR (host = ? AND user = ?))";

function wordsOf(owner: Owner | null): (string | null)[] {
  return [owner?.host ?? null, owner?.host ?? null, owner?.user ?? null];
}

/** One statement, so that it needs no transaction: what the revision refuses changes nothing. */
function write(database: DatabaseSync, record: Submission): void {
  const { submissionId, revision, owner, request, createdAtMs } = record;
  const body = JSON.stringify(storable(record));
  const open = isOpen(record) ? 1 : 0;
  const slug = slugOf(record);
  const { changes } = revision === 1
    ? database.prepare("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
      .run(submissionId, revision, owner.host, owner.user, request.workflow, slug, open, createdAtMs, body)
    : database.prepare(
      "UPDATE records SET revision = ?, slug = ?, is_open = ?, created_at_ms = ?, body = ? WHERE submission_id = ? AND revision = ?",
    ).run(revision, slug, open, createdAtMs, body, submissionId, revision - 1);
  if (Number(changes) !== 1) {
    throw new WriteConflict(`Cannot write ${submissionId}: revision ${revision - 1} is not the one stored`);
  }
}

function capabilitiesOf(database: DatabaseSync, host: string): ServerCapabilities {
  const row = database.prepare("SELECT body FROM profiles WHERE host = ?").get(host);
  return row === undefined ? {} : JSON.parse(String(row.body));
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.user_version);
}

async function makePrivate(path: string): Promise<void> {
  try {
    await Deno.mkdir(folderOf(path), { recursive: true, mode: 0o700 });
    (await Deno.open(path, { create: true, write: true, read: true, mode: 0o600 })).close();
  } catch (error) {
    throw asStorageError(error, path);
  }
}

/** Nothing is deleted: what can't be read by us may still be read by somebody. */
async function beginAfresh(damaged: number | null, { path, nowMs, onSetAside }: SqliteOptions): Promise<Opened> {
  try {
    if (inode(path) === damaged) {
      const aside = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, "-")}`;
      await Deno.rename(path, aside);
      onSetAside?.(`The history at ${path} is damaged: it was set aside as ${aside}, and a fresh one begun`);
    }
    await makePrivate(path);
    return { database: openDatabase(path), file: inode(path) };
  } catch (error) {
    throw asStorageError(error, path);
  }
}

function inode(path: string): number | null {
  try {
    return Deno.statSync(path).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw asStorageError(error, path);
  }
}

/** SQLite's own fixed words for a file that it can't make sense of: the runtime passes no code. */
export function isDamage(error: unknown): boolean {
  return error instanceof Error &&
    /file is not a database|malformed|unsupported file format|must use the same text encoding/.test(error.message);
}

function asStorageError(error: unknown, path: string): Error {
  if (error instanceof StorageError || error instanceof WriteConflict) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const folder = folderOf(path);
  const hint = error instanceof Deno.errors.NotCapable
    ? `Start it with \`deno run --allow-read=${folder} --allow-write=${folder} …\``
    : "Make room, or name another place with PW_STATE_DIR";
  return new StorageError(`Cannot keep the history in ${path}: ${detail}`, {
    hint: `${hint}; or go on without it: --no-history`,
    cause: error,
  });
}

function folderOf(path: string): string {
  return path.replace(/[\\/][^\\/]*$/, "");
}
