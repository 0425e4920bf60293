import type { ServerCapabilities } from "../capabilities.ts";
import { systemClock } from "../clock.ts";
import { messageWithHint } from "../errors.ts";
import { orNull, osErrorReason } from "../os_error.ts";
import { isOpen, isUnsent } from "../submission.ts";
import { toStorageError } from "./backend.ts";
import { createKv, type Kv } from "./kv.ts";
import { isUnreadable, openSqliteBackend, STORE_VERSION, storeVersionOf } from "./sqlite_kv.ts";
import { folderOf, storageHint } from "./store_file.ts";
import type { StoredSubmission } from "./submission_rows.ts";

export type StoreState =
  /** There is no file yet. */
  | { readonly type: "absent" }
  | { readonly type: "sound" } & Awaited<ReturnType<typeof storeFacts>>
  | { readonly type: "damaged"; readonly why: string }
  /** Created by a newer version of this program. */
  | { readonly type: "newer" }
  /** Another process has locked it, or left an unfinished write that the next writer rolls back. */
  | { readonly type: "busy"; readonly why: string };

/** How long to wait for another process's write. */
const BUSY_MS = 2_000;

/**
 * Inspects the file of a run store without changing it, even when it is damaged.
 *
 * @param host Whose server capabilities to read; `null` for none.
 * @throws StorageError when the file cannot be read.
 */
export async function inspectStore(path: string, host: string | null) {
  const info = await statOf(path);
  const state: StoreState = info === null ? { type: "absent" } : await stateOf(path, host);
  return {
    state,
    bytes: info?.size ?? 0,
    // The higher bits are the file type. Windows has none of them: the runtime reports 0666 for every file.
    mode: typeof info?.mode !== "number" || Deno.build.os === "windows" ? null : info.mode & 0o777,
    whyNotWritable: await whyNotWritableAt(path, info),
  };
}

function statOf(path: string): Promise<Deno.FileInfo | null> {
  return orNull(Deno.stat(path), Deno.errors.NotADirectory, Deno.errors.PermissionDenied);
}

/** SQLite creates its journal next to the file, so the folder must be writable too. */
async function whyNotWritableAt(path: string, info: Deno.FileInfo | null): Promise<string | null> {
  try {
    if (info !== null) (await Deno.open(path, { write: true })).close();
    await assertWritable(folderOf(path));
    return null;
  } catch (error) {
    return osErrorReason(error) ?? messageWithHint(error);
  }
}

/** Writes a temporary file to the folder or, if the folder does not exist yet, to its nearest existing ancestor. */
async function assertWritable(folder: string): Promise<void> {
  if (Deno.permissions.querySync({ name: "write", path: folder }).state !== "granted") {
    throw new Deno.errors.NotCapable(`Requires write access to "${folder}", run again with the --allow-write flag`);
  }
  try {
    const existing = await nearestExisting(folder);
    // Synchronous: an interruption in between would leave the file behind.
    const temporary = Deno.makeTempFileSync({ dir: existing, prefix: ".pw-workflow-runner-" });
    try {
      Deno.writeFileSync(temporary, new Uint8Array(4_096));
    } finally {
      Deno.removeSync(temporary);
    }
  } catch (error) {
    // A process that may only write to the folder cannot read its ancestors.
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
}

async function nearestExisting(folder: string): Promise<string> {
  const info = await statOf(folder);
  if (info?.isDirectory || folder === ".") return folder;
  if (info !== null) throw new Deno.errors.NotADirectory(`${folder} is not a folder`);
  return await nearestExisting(folderOf(folder));
}

async function stateOf(path: string, host: string | null): Promise<StoreState> {
  try {
    const found = await readFile(path);
    if (found !== undefined) return found;
    await using kv = createKv(await openSqliteBackend({ path, clock: systemClock, onSetAside: null }));
    return { type: "sound", ...await storeFacts(kv, host) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // The error of Deno 2.4 for a missing table.
    if (isUnreadable(error) || error.message === "failed to prepare statement") {
      return { type: "damaged", why: error.message };
    }
    if (/locked|busy|readonly database/.test(error.message)) return { type: "busy", why: error.message };
    const hint = storageHint(error, path);
    throw toStorageError(error, { store: `run store at ${path}`, hint, isPassing: false });
  }
}

/** `undefined` for a file whose rows can be read. */
async function readFile(path: string): Promise<StoreState | undefined> {
  // SQLite does not report why it cannot open a file.
  using file = await Deno.open(path);
  if ((await file.stat()).isDirectory) throw new Deno.errors.IsADirectory("it is a folder, not a file");
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    // Unlike prepare(), exec() also names the fault on Deno 2.4.
    database.exec("PRAGMA schema_version");
    const version = storeVersionOf(database);
    if (version > STORE_VERSION) return { type: "newer" };
    const complaint = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
    if (complaint !== "ok") return { type: "damaged", why: String(complaint) };
    // Created, and not yet written to.
    return version === 0 ? { type: "sound", records: 0, open: 0, unconfirmed: 0, capabilities: {} } : undefined;
  } finally {
    database.close();
  }
}

/** Reads a store without changing it. @param host Whose server capabilities to read; `null` for none. */
export async function storeFacts(kv: Kv, host: string | null) {
  const rows = await Array.fromAsync(kv.list({ prefix: ["open"] }));
  const found = await kv.getMany<StoredSubmission>(rows.map(({ key }) => ["submission", key.at(-1) ?? ""]));
  const open = found.flatMap(({ value }) => value ?? []);
  const records = await kv.get<number>(["count", "all"]);
  const capabilities = host === null ? null : await kv.get<ServerCapabilities>(["capabilities", host]);
  return {
    records: records.value ?? 0,
    open: open.length,
    /** Open ones whose outcome is unknown: they may have started a run. */
    unconfirmed: open.filter((one) => "state" in one && isOpen(one) && one.state !== "active" && !isUnsent(one)).length,
    capabilities: capabilities?.value ?? {},
  };
}
