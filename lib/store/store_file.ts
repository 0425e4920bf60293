/** The file that a store is kept in: private to its owner, and distinguished from another one at the same path. */

import { orError } from "../errors.ts";

/** Creates the file, and its folder, for its owner alone. Throws where it can't be written. */
export function createPrivate(path: string): void {
  Deno.mkdirSync(folderOf(path), { recursive: true, mode: 0o700 });
  Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 }).close();
}

/** Does nothing where there is no file any more, or the system has no permission bits. */
export function makePrivate(path: string): void {
  if (Deno.build.os !== "windows") orError(Deno.errors.NotFound, () => Deno.chmodSync(path, 0o600));
}

/** `null` where there is no file, or the system numbers none. */
export function inodeOf(path: string): number | null {
  const found = orError(Deno.errors.NotFound, () => Deno.statSync(path));
  return found instanceof Error ? null : found.ino;
}

/**
 * Renames a file unless another process has done so: its new file must not be renamed too.
 *
 * @returns Whether this process renamed it.
 */
export function renameFile(
  { path, inode, newPath }: { readonly path: string; readonly inode: number | null; readonly newPath: string },
): boolean {
  return orError(Deno.errors.NotFound, () => {
    // The lock is the file's and not the path's: the next process gets it when the path leads elsewhere already.
    using file = Deno.openSync(path, { read: true, write: true });
    file.lockSync(true);
    if (file.statSync().ino !== inode || inodeOf(path) !== inode) return false;
    Deno.renameSync(path, newPath);
    return true;
  }) === true;
}

/** "pwkv": distinguishes our files from those of other programs. */
export const APPLICATION_ID = 0x70776b76;
/** Where SQLite's file format has the application's id. */
const APPLICATION_ID_AT = 68;

/** The file itself is read: SQLite may not be able to. */
export function hasOurMark(path: string): boolean {
  using file = Deno.openSync(path);
  const header = new Uint8Array(APPLICATION_ID_AT + 4);
  const length = file.readSync(header) ?? 0;
  return length === header.length && new DataView(header.buffer).getUint32(APPLICATION_ID_AT) === APPLICATION_ID;
}

/** What to do about a file that can't be used. */
export function storageHint(error: unknown, path: string): string {
  const folder = folderOf(path);
  const remedy = error instanceof Deno.errors.NotCapable
    ? `Run with \`deno run --allow-read=${folder} --allow-write=${folder} …\``
    : error instanceof Deno.errors.IsADirectory
    ? "Name a file in it"
    : /is locked/.test(String(error))
    ? "End the process that has it locked"
    : /full|space|quota/i.test(String(error))
    ? "Free disk space"
    : /read-only file system/i.test(String(error))
    ? "Use a folder on another disk"
    : /not a (database|run store)/.test(String(error))
    ? "Check the path: this file is not a run store"
    : `Make sure that ${folder} can be written`;
  return `${remedy}, or name another store with PW_STORE_URL`;
}

/** `.` for a path without one. */
export function folderOf(path: string): string {
  return /[\\/]/.test(path) ? path.replace(/[\\/][^\\/]*$/, "") || "/" : ".";
}
