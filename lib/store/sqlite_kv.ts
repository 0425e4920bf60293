/**
 * A store in one file, safe for many processes at once. It keeps SQLite's rollback journal and not its write-ahead log,
 * which needs shared memory and breaks where login nodes share a home over the network.
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock } from "../clock.ts";
import { orError, StorageError } from "../errors.ts";
import {
  addToCounter,
  COMMON_LIMITS,
  type StoreBackend,
  type StoreRow,
  type StoreWrite,
  toStorageError,
} from "./backend.ts";
import {
  APPLICATION_ID,
  createPrivate,
  hasOurMark,
  inodeOf,
  makePrivate,
  renameFile,
  storageHint,
} from "./store_file.ts";

interface SqliteOptions {
  readonly path: string;
  /** Names a file that is set aside. */
  readonly clock: Pick<Clock, "now">;
  /** Receives what happened to a file that can't be read, or an earlier version's; `null` leaves it alone, and throws. */
  readonly onSetAside: ((message: string) => void) | null;
  /** True for a path that a user names: another program's file is left alone there. Default: false. */
  readonly isNamed?: boolean | undefined;
}

/** The wait blocks the event loop, so it is short; the pauses between retries are not. */
const BUSY_TIMEOUT_MS = 100;

/** One step per version: from what `user_version` names to what this program needs. Steps are only ever appended. */
const MIGRATIONS = [
  // Most rows are index rows: without rowids, their keys are stored once. Long values would take pages of their own there.
  `CREATE TABLE kv (key TEXT PRIMARY KEY, version TEXT NOT NULL, short TEXT, long INTEGER) STRICT, WITHOUT ROWID;
   CREATE TABLE long_values (id INTEGER PRIMARY KEY, value TEXT NOT NULL) STRICT;
   CREATE TRIGGER kv_deleted AFTER DELETE ON kv WHEN old.long IS NOT NULL
   BEGIN DELETE FROM long_values WHERE id = old.long; END;
   CREATE TRIGGER kv_replaced AFTER UPDATE ON kv WHEN old.long IS NOT NULL AND new.long IS NOT old.long
   BEGIN DELETE FROM long_values WHERE id = old.long; END;
   CREATE VIEW entries AS
   SELECT key, coalesce(short, (SELECT value FROM long_values WHERE id = long)) AS value, version FROM kv`,
];
const MAX_SHORT_LENGTH = 200;

/** The newest file that this program can read, as its `user_version`. */
export const STORE_VERSION: number = MIGRATIONS.length;

/** Of the versions before the first release: reported, and never read. */
const EARLIER_FILE = "ledger.db";

/** Not ours, or damaged. */
class UnreadableFile extends Error {}

type OpenFile = ReturnType<typeof openFile>;

/**
 * Opens the file, or creates it, private to its owner. A file that can't be written is opened for reading.
 *
 * @throws StorageError when it can't be read, or a newer version of this program made it.
 */
export async function openSqliteBackend(options: SqliteOptions): Promise<StoreBackend> {
  const { path, onSetAside, isNamed = false } = options;
  const { DatabaseSync: Database } = await import("node:sqlite");
  let file: OpenFile | undefined;
  const attempt = <T>(act: (file: OpenFile) => T, canSetAside: boolean): T => {
    const inode = inodeOf(path);
    try {
      const wasRemoved = file !== undefined && file.inode !== null && inode === null;
      // Another process may have set the file aside: what is written there is lost.
      if (file?.inode !== inode) file = close(file);
      file ??= openFile(Database, options);
      if (wasRemoved) onSetAside?.(`The run store at ${path} was removed: a new one was started`);
      return act(file);
    } catch (error) {
      if (!canSetAside || !isUnreadable(error) || (isNamed && !hasOurMark(path))) throw error;
      file = close(file);
      setAside(error, inode, options);
      return attempt(act, false);
    }
  };
  // deno-lint-ignore require-await -- what it throws is to reject
  const run = async <T>(act: (file: OpenFile) => T): Promise<T> => {
    try {
      return attempt(act, onSetAside !== null);
    } catch (error) {
      const isPassing = error instanceof Error && /database is locked/.test(error.message);
      throw toStorageError(error, { store: `run store at ${path}`, hint: storageHint(error, path), isPassing });
    }
  };
  await run(() => {});
  return {
    limits: COMMON_LIMITS,
    read: (keys) => run(({ read }) => rowsOf(read.all(JSON.stringify(keys)))),
    page: ({ start, end, limit, reverse }) =>
      run(({ page, pageReverse }) => rowsOf((reverse ? pageReverse : page).all(start, end, limit))),
    write: (write) =>
      run((opened) => {
        if (opened.whyReadOnly === undefined) return applyWrite(opened, write);
        // The fault may have passed by the next use.
        file = close(file);
        throw opened.whyReadOnly;
      }),
    [Symbol.asyncDispose]() {
      file = close(file);
      return Promise.resolve();
    },
  };
}

function openFile(Database: typeof DatabaseSync, { path, onSetAside }: SqliteOptions) {
  const earlier = path.replace(/[^\\/]*$/, EARLIER_FILE);
  if (inodeOf(path) === null && inodeOf(earlier) !== null) {
    onSetAside?.(`An earlier version's history was found at ${earlier}: it is not read`);
  }
  const whyReadOnly = whyNotWritable(path);
  const inode = inodeOf(path);
  const database = new Database(path, { readOnly: whyReadOnly !== undefined });
  try {
    // Where another process has just set the file aside, SQLite creates the next one, under the umask.
    if (whyReadOnly === undefined && inodeOf(path) !== inode) makePrivate(path);
    // Errors must come from exec(): Deno 2.4 does not report why a statement cannot be prepared.
    database.exec(
      `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA synchronous = EXTRA; PRAGMA cache_spill = OFF; SELECT 1 FROM sqlite_schema`,
    );
    if (migratedVersion(database, path) < MIGRATIONS.length) migrate(database, path);
    database.exec("SELECT key, value, version FROM entries LIMIT 0");
    const page = "SELECT key, value, version FROM entries WHERE key >= ? AND key < ? ORDER BY key";
    return {
      database,
      inode,
      /** `undefined` when it can be written. */
      whyReadOnly,
      mismatch: database.prepare(
        `SELECT 1 FROM json_each(?) AS wanted LEFT JOIN kv ON kv.key = wanted.value ->> 'key'
         WHERE kv.version IS NOT wanted.value ->> 'version' LIMIT 1`,
      ),
      read: database.prepare("SELECT key, value, version FROM entries WHERE key IN (SELECT value FROM json_each(?))"),
      page: database.prepare(`${page} LIMIT ?`),
      pageReverse: database.prepare(`${page} DESC LIMIT ?`),
      put: database.prepare(
        `INSERT INTO kv VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET version = excluded.version, short = excluded.short, long = excluded.long`,
      ),
      putLong: database.prepare(
        `INSERT INTO long_values VALUES ((SELECT long FROM kv WHERE key = ?), ?)
         ON CONFLICT DO UPDATE SET value = excluded.value RETURNING id`,
      ),
      remove: database.prepare("DELETE FROM kv WHERE key IN (SELECT value FROM json_each(?))"),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function whyNotWritable(path: string): unknown {
  const error = orError(Error, () => createPrivate(path));
  if (error instanceof Deno.errors.IsADirectory || (error && inodeOf(path) === null)) throw error;
  return error;
}

/** 0 for a file that is still empty. Throws UnreadableFile for one that is not ours. */
export function storeVersionOf(database: DatabaseSync): number {
  const [{ id, version, tables } = {}] = database.prepare(
    `SELECT application_id AS id, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables
     FROM pragma_application_id, pragma_user_version`,
  ).all();
  if (id === 0 && version === 0 && tables === 0) return 0;
  if (id !== APPLICATION_ID) throw new UnreadableFile("it is not a run store");
  return Number(version);
}

function migratedVersion(database: DatabaseSync, path: string): number {
  const version = storeVersionOf(database);
  if (version <= MIGRATIONS.length) return version;
  throw new StorageError(`Cannot read ${path}: a newer version of this program made it`, {
    hint: "Update pw-workflow-runner, or name another store with PW_STORE_URL",
  });
}

function migrate(database: DatabaseSync, path: string): void {
  inTransaction(database, () => {
    // Read again: another process may have migrated the file while this one waited for the lock.
    for (const step of MIGRATIONS.slice(migratedVersion(database, path))) database.exec(step);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

function applyWrite(file: OpenFile, { version, checks, sets, deletes, sums }: StoreWrite): string | undefined {
  return inTransaction(file.database, () => {
    if (checks.length > 0 && file.mismatch.get(JSON.stringify(checks)) !== undefined) return undefined;
    const keys = sums.map(({ key }) => key);
    const rows = new Map(rowsOf(file.read.all(JSON.stringify(keys))).map((row) => [row.key, row]));
    for (const { key, json } of [...sets, ...sums.map((sum) => addToCounter(sum, rows.get(sum.key)))]) {
      const id = json.length > MAX_SHORT_LENGTH ? file.putLong.get(key, json)?.id ?? null : null;
      file.put.run(key, version, id === null ? json : null, id);
    }
    if (deletes.length > 0) file.remove.run(JSON.stringify(deletes));
    return version;
  });
}

/** Immediate: of two processes, the second waits here and then reads what the first has written. */
function inTransaction<T>(database: DatabaseSync, act: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = act();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite may have rolled back by itself, as it does when the disk is full; the first error has the reason.
    orError(Error, () => database.exec("ROLLBACK"));
    throw error;
  }
}

function rowsOf(rows: ReturnType<StatementSync["all"]>): StoreRow[] {
  return rows.map(({ key, value, version }) => ({ key: String(key), json: String(value), version: String(version) }));
}

/** Nothing is deleted: another program may still be able to read the file. */
function setAside(error: unknown, inode: number | null, { path, clock, onSetAside }: SqliteOptions): void {
  let atMs = clock.now();
  const nameAt = (ms: number) => `${path}.set-aside-${new Date(ms).toISOString().replaceAll(/[:.]/g, "-")}`;
  while (inodeOf(nameAt(atMs)) !== null) atMs++;
  if (!renameFile({ path, inode, newPath: nameAt(atMs) })) return;
  const problem = error instanceof UnreadableFile ? "has an unknown format" : "is damaged";
  onSetAside?.(`The run store at ${path} ${problem}: it was set aside as ${nameAt(atMs)}, and a new one was started`);
}

/** By SQLite's own fixed words: the runtime passes no code. A table or column is missing where the schema is not ours. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof UnreadableFile || error instanceof Error &&
      /file is not a database|malformed|unsupported file format|must use the same text encoding|no such (table|column)/
        .test(error.message);
}

function close(file: OpenFile | undefined): undefined {
  file?.database.close();
}
