/**
 * A run store in one file, safe for concurrent processes. It uses SQLite's rollback journal instead of the write-ahead
 * log, which needs shared memory and fails on home folders that login nodes share over the network.
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

/** Options of {@link openSqliteRunStore}. */
export interface SqliteRunStoreOptions {
  /** The file; its folder is created if necessary. */
  readonly path: string;
  /** Milliseconds since the epoch, for the name of a file that is set aside. */
  readonly nowMs: number;
  /**
   * Called when an unreadable file was set aside and a new one started, or when the history of an earlier version is
   * ignored; `null` to leave an unreadable file in place and throw.
   */
  readonly onSetAside: ((message: string) => void) | null;
}

/** How long to wait for another process's write. */
const BUSY_MS = 10_000;

/** The migration to each version, starting at 1; `user_version` is the file's version. Append only. */
const MIGRATIONS = [
  `CREATE TABLE submissions (
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
   CREATE INDEX submissions_by_time ON submissions (created_at_ms);
   CREATE INDEX submissions_by_owner ON submissions (host, user, created_at_ms);
   CREATE INDEX submissions_by_workflow ON submissions (host, user, workflow, created_at_ms);
   CREATE INDEX submissions_by_slug ON submissions (slug);
   CREATE INDEX submissions_open ON submissions (is_open, created_at_ms) WHERE is_open = 1;
   CREATE TABLE capabilities (host TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;`,
];

/** The current version of the file, its `user_version`. */
export const STORE_VERSION: number = MIGRATIONS.length;

/** The tables and columns of {@link STORE_VERSION}, in the order of `assertOurTables`. */
const COLUMNS = [
  "capabilities.host",
  "capabilities.body",
  "submissions.submission_id",
  "submissions.revision",
  "submissions.host",
  "submissions.user",
  "submissions.workflow",
  "submissions.slug",
  "submissions.is_open",
  "submissions.created_at_ms",
  "submissions.body",
] as const;

/** The file of the versions before the first release. Its format differs, so it is reported and never read. */
const EARLIER_FILE = "ledger.db";

/**
 * Opens the file, or creates it with access for its owner only.
 *
 * @throws StorageError when it cannot be opened or written, or was created by a newer version of this program.
 */
export async function openSqliteRunStore(options: SqliteRunStoreOptions): Promise<RunStore> {
  const isNew = await createPrivate(options.path);
  if (isNew) reportEarlierHistory(options);
  const file = inode(options.path);
  try {
    return runStoreOn({ database: openDatabase(options.path), file }, options);
  } catch (error) {
    if (!isDamage(error) || options.onSetAside === null) throw asStorageError(error, options.path);
    return runStoreOn(await replaceFile(file, error, options), options);
  }
}

interface OpenFile {
  readonly database: DatabaseSync;
  /** The inode, to detect that another process has replaced the file. */
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
  if (versionOf(database) === MIGRATIONS.length) return assertOurTables(database, MIGRATIONS.length);
  // Immediate: when two processes find an old file, the second one waits here and then finds the migrated file.
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = versionOf(database);
    if (version > MIGRATIONS.length) {
      throw new StorageError(`Cannot read ${path}: it was created by a newer version of this program`, {
        hint: "Update pw-workflow-runner, or set PW_STATE_DIR to another folder",
      });
    }
    assertOurTables(database, version);
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    assertOurTables(database, MIGRATIONS.length);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`);
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

/**
 * Rejects a file of another program, or of the versions before the first release: `user_version` does not reveal it.
 *
 * @param version The file's `user_version`: at 0 the file must be empty; between 0 and the current version it is not checked.
 * @throws UnknownFormat.
 */
export function assertOurTables(database: DatabaseSync, version: number): void {
  if (version !== 0 && version !== STORE_VERSION) return;
  const columns = database.prepare(
    `SELECT t.name || '.' || c.name AS name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite@_%' ESCAPE '@' ORDER BY t.name, c.cid`,
  ).all().map(({ name }) => String(name));
  const expected = version === 0 ? [] : COLUMNS;
  if (columns.join() !== expected.join()) throw new UnknownFormat("its tables are not those of this program");
}

class UnknownFormat extends Error {}

function runStoreOn(opened: OpenFile, options: SqliteRunStoreOptions): RunStore {
  const { path } = options;
  let { database, file } = opened;
  const guarded = async <T>(act: () => T): Promise<T> => {
    try {
      return act();
    } catch (error) {
      // Another process may have set the file aside in the meantime.
      const isSameFile = inode(path) === file;
      if ((!isDamage(error) || options.onSetAside === null) && isSameFile) throw asStorageError(error, path);
      database.close();
      ({ database, file } = await replaceFile(file, error, options));
    }
    try {
      return act();
    } catch (error) {
      throw asStorageError(error, path);
    }
  };
  const read = (where: string, ...values: (string | number | null)[]): Submission[] =>
    database.prepare(`SELECT body FROM submissions WHERE ${where}`).all(...values).map(({ body }) =>
      JSON.parse(String(body))
    );
  return {
    put: (submission) =>
      guarded(() => {
        const written = { ...submission, revision: submission.revision + 1 };
        write(database, written);
        return written;
      }),
    get: (submissionId) => guarded(() => read("submission_id = ?", submissionId)[0]),
    findRun: (owner, slug) =>
      guarded(() =>
        read(`slug = ? AND ${OWNED} ORDER BY created_at_ms DESC LIMIT 1`, slug, ...ownerParameters(owner))[0]
      ),
    listOpen: ({ host, user }) =>
      guarded(() => read("is_open = 1 AND host = ? AND user = ? ORDER BY created_at_ms", host, user)),
    listOpenOfOthers: ({ host, user }) =>
      guarded(() => read("is_open = 1 AND (host <> ? OR user <> ?) ORDER BY created_at_ms", host, user)),
    listRecent: (owner, query) => guarded(() => recent(read, owner, query)),
    prune: (owner, bounds) => guarded(() => prune(database, owner, bounds)),
    capabilities: (host) => guarded(() => capabilitiesOf(database, host)),
    updateCapabilities: (host, facts) =>
      guarded(() => {
        const current = capabilitiesOf(database, host);
        const isUnchanged = Object.entries(facts).every(([name, fact]) => Reflect.get(current, name) === fact);
        // The same facts are observed again and again, and each write waits for the disk.
        if (isUnchanged) return;
        database.prepare(
          "INSERT INTO capabilities VALUES (?, ?) ON CONFLICT DO UPDATE SET body = json_patch(body, excluded.body)",
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
  // The creation time of the oldest submission to keep.
  const row = database.prepare(
    `SELECT created_at_ms AS oldest FROM submissions WHERE ${OWNED} ORDER BY created_at_ms DESC LIMIT 1 OFFSET ?`,
  ).get(...ownerParameters(owner), Math.max(0, keep - 1));
  const oldestKeptMs = keep === 0 ? Infinity : row === undefined ? 0 : Number(row.oldest);
  const { changes } = database.prepare(
    `DELETE FROM submissions WHERE ${OWNED} AND is_open = 0 AND created_at_ms < ?`,
  ).run(...ownerParameters(owner), Math.min(Number.MAX_SAFE_INTEGER, Math.max(beforeMs, oldestKeptMs)));
  return Number(changes);
}

/** The condition for an owner; `null` matches all. */
const OWNED = "(? IS NULL OR (host = ? AND user = ?))";

function ownerParameters(owner: Owner | null): (string | null)[] {
  return [owner?.host ?? null, owner?.host ?? null, owner?.user ?? null];
}

/** A single statement, so it needs no transaction: a revision that does not match changes nothing. */
function write(database: DatabaseSync, submission: Submission): void {
  const { submissionId, revision, owner, request, createdAtMs } = submission;
  const body = JSON.stringify(storable(submission));
  const open = isOpen(submission) ? 1 : 0;
  const slug = slugOf(submission);
  const { changes } = revision === 1
    ? database.prepare("INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
      .run(submissionId, revision, owner.host, owner.user, request.workflow, slug, open, createdAtMs, body)
    : database.prepare(
      "UPDATE submissions SET revision = ?, slug = ?, is_open = ?, created_at_ms = ?, body = ? WHERE submission_id = ? AND revision = ?",
    ).run(revision, slug, open, createdAtMs, body, submissionId, revision - 1);
  if (Number(changes) !== 1) {
    throw new WriteConflict(`Cannot write ${submissionId}: revision ${revision - 1} is not stored`);
  }
}

function capabilitiesOf(database: DatabaseSync, host: string): ServerCapabilities {
  const row = database.prepare("SELECT body FROM capabilities WHERE host = ?").get(host);
  return row === undefined ? {} : JSON.parse(String(row.body));
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.user_version);
}

/** @returns True when the file did not exist. */
async function createPrivate(path: string): Promise<boolean> {
  const access = { write: true, read: true, mode: 0o600 };
  try {
    await Deno.mkdir(folderOf(path), { recursive: true, mode: 0o700 });
    try {
      (await Deno.open(path, { ...access, createNew: true })).close();
      return true;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    (await Deno.open(path, { ...access, create: true })).close();
    return false;
  } catch (error) {
    throw asStorageError(error, path);
  }
}

function reportEarlierHistory({ path, onSetAside }: SqliteRunStoreOptions): void {
  const earlier = path.replace(/[^\\/]*$/, EARLIER_FILE);
  if (earlier === path || inode(earlier) === null) return;
  onSetAside?.(`An earlier version's history was found at ${earlier}: it is not read`);
}

/** Sets the unreadable file aside, unless another process has done so, and creates a new one. Deletes nothing. */
async function replaceFile(
  unreadable: number | null,
  reason: unknown,
  { path, nowMs, onSetAside }: SqliteRunStoreOptions,
): Promise<OpenFile> {
  try {
    if (inode(path) === unreadable) {
      const aside = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, "-")}`;
      await Deno.rename(path, aside);
      const problem = reason instanceof UnknownFormat ? "has an unknown format" : "is damaged";
      onSetAside?.(`The local history at ${path} ${problem}: it was set aside as ${aside}, and a new one was started`);
    }
    await createPrivate(path);
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

/** SQLite's messages for an unreadable file, because the runtime passes no code; or a file with other tables. */
export function isDamage(error: unknown): boolean {
  return error instanceof UnknownFormat || error instanceof Error &&
      /file is not a database|malformed|unsupported file format|must use the same text encoding/.test(error.message);
}

function asStorageError(error: unknown, path: string): Error {
  if (error instanceof StorageError || error instanceof WriteConflict) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const folder = folderOf(path);
  const hint = error instanceof Deno.errors.NotCapable
    ? `Start it with \`deno run --allow-read=${folder} --allow-write=${folder} …\``
    : "Free some space, or set PW_STATE_DIR to another folder";
  return new StorageError(`Cannot use the local history at ${path}: ${detail}`, {
    hint: `${hint}; or continue without it: --no-history`,
    cause: error,
  });
}

function folderOf(path: string): string {
  return path.replace(/[\\/][^\\/]*$/, "");
}
