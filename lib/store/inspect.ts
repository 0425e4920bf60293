/** Looks at a ledger's file from outside, and changes nothing: what is damaged stays where it is. */

import type { DatabaseSync } from "node:sqlite";
import type { ServerCapabilities } from "../capabilities.ts";
import { isUnreadable, STORE_VERSION } from "./sqlite_kv.ts";

export type StoreState =
  /** Nothing was written down yet. */
  | { readonly type: "absent" }
  | {
    readonly type: "sound";
    readonly records: number;
    readonly open: number;
    /** Open ones of which it is not known whether they became a run. */
    readonly unconfirmed: number;
    readonly profile: ServerCapabilities;
  }
  | { readonly type: "damaged"; readonly why: string }
  /** A newer version of this program made it. */
  | { readonly type: "newer" }
  /** Another process holds it, or has left a write unfinished that the next writer will take back. */
  | { readonly type: "busy"; readonly why: string };

export interface StoreInspection {
  readonly state: StoreState;
  readonly bytes: number;
  /** The file's permissions; `null` where there are none, or no file. */
  readonly mode: number | null;
  /** Why nothing can be written there; `null` when it can. */
  readonly whyNotWritable: string | null;
}

/** How long another process's write is waited for. */
const BUSY_MS = 2_000;

/**
 * @param host Whose profile is wanted; `null` for nobody's.
 * @throws What the system says when the file can't be read at all.
 */
export async function inspectStore(path: string, host: string | null): Promise<StoreInspection> {
  const info = await statOf(path);
  const whyNotWritable = await whyNotWritableAt(path, info);
  if (info === null) return { state: { type: "absent" }, bytes: 0, mode: null, whyNotWritable };
  // The folders' bits say who may come in, the rest what kind of file it is.
  const mode = info.mode === null ? null : info.mode & 0o777;
  return { state: await stateOf(path, host), bytes: info.size, mode, whyNotWritable };
}

async function statOf(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}

/** SQLite keeps its journal beside the file: so the folder has to be writable too. */
async function whyNotWritableAt(path: string, info: Deno.FileInfo | null): Promise<string | null> {
  try {
    if (info !== null) (await Deno.open(path, { write: true })).close();
    await tryWriting(path.replace(/[\\/][^\\/]*$/, ""));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Writes a page into a file that is gone at once; above a folder that is still to be made, the first that is there. */
async function tryWriting(folder: string): Promise<void> {
  if (Deno.permissions.querySync({ name: "write", path: folder }).state !== "granted") {
    throw new Deno.errors.NotCapable(`Requires write access to "${folder}", run again with the --allow-write flag`);
  }
  try {
    const there = await firstThere(folder);
    // In one go: a program that is stopped in the middle would leave it there.
    const trial = Deno.makeTempFileSync({ dir: there, prefix: ".pw-workflow-runner-" });
    try {
      Deno.writeFileSync(trial, new Uint8Array(4_096));
    } finally {
      Deno.removeSync(trial);
    }
  } catch (error) {
    // Whoever may write to the folder alone need not see what is above it.
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
}

async function firstThere(folder: string): Promise<string> {
  const info = await statOf(folder);
  if (info?.isDirectory) return folder;
  if (info !== null) throw new Deno.errors.NotADirectory(`${folder} is not a folder`);
  const above = folder.replace(/[\\/]+[^\\/]*$/, "");
  return above === folder ? "." : await firstThere(above === "" ? "/" : above);
}

async function stateOf(path: string, host: string | null): Promise<StoreState> {
  const { DatabaseSync } = await import("node:sqlite");
  try {
    using database = opened(DatabaseSync, path);
    return read(database, host);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (isUnreadable(error)) return { type: "damaged", why: error.message };
    if (/locked|busy|readonly database/.test(error.message)) return { type: "busy", why: error.message };
    throw error;
  }
}

function opened(Database: typeof DatabaseSync, path: string): DatabaseSync & Disposable {
  const database = new Database(path, { readOnly: true });
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}

function read(database: DatabaseSync, host: string | null): StoreState {
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  if (version > STORE_VERSION) return { type: "newer" };
  const complaint = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  if (complaint !== "ok") return { type: "damaged", why: String(complaint) };
  // Created, and not yet written to.
  if (version === 0) return { type: "sound", records: 0, open: 0, unconfirmed: 0, profile: {} };
  const valueOf = (key: string) => {
    const row = database.prepare("SELECT value FROM kv WHERE key = ?").get(key);
    return row === undefined ? undefined : JSON.parse(String(row.value));
  };
  const { open, unconfirmed } = database.prepare(
    `SELECT count(*) AS open, coalesce(sum(${UNCONFIRMED}), 0) AS unconfirmed FROM kv AS o
     JOIN kv AS s ON s.key = 'submission' || char(9) || replace(o.key, rtrim(o.key, replace(o.key, char(9), '')), '')
     WHERE o.key >= 'open' || char(9) AND o.key < 'open' || char(10)`,
  ).get() ?? {};
  return {
    type: "sound",
    records: valueOf("count\tall") ?? 0,
    open: Number(open),
    unconfirmed: Number(unconfirmed),
    profile: host === null ? {} : valueOf(`capabilities\t${host}`) ?? {},
  };
}

const UNCONFIRMED = `json_extract(s.value, '$.state') = 'unconfirmed' OR
  (json_extract(s.value, '$.state') = 'pending' AND json_extract(s.value, '$.lostResponses') > 0)`;
