/** Where the program keeps what it must remember, by the customs of each system. */

import { StorageError } from "../errors.ts";

const FOLDER = "pw-workflow-runner";

/**
 * The file of the local history: below `PW_STATE_DIR`, or the user's own state folder.
 *
 * @throws StorageError when no folder is known.
 */
export function historyPath(env: (name: string) => string | undefined, os: typeof Deno.build.os): string {
  return `${stateFolder(env, os)}${os === "windows" ? "\\" : "/"}history.db`;
}

/** @throws StorageError when no place is known. */
export function stateFolder(env: (name: string) => string | undefined, os: typeof Deno.build.os): string {
  const set = (name: string) => env(name)?.trim() || undefined;
  const own = set("PW_STATE_DIR");
  if (own !== undefined) return own;
  if (os === "windows") {
    const local = set("LOCALAPPDATA") ?? below(set("USERPROFILE"), "\\AppData\\Local");
    if (local !== undefined) return `${local}\\${FOLDER}`;
  } else {
    // The XDG rules: a path that is not absolute is to be ignored.
    const state = set("XDG_STATE_HOME");
    if (state?.startsWith("/")) return `${state}/${FOLDER}`;
    const home = set("HOME");
    if (home !== undefined) return `${home}/.local/state/${FOLDER}`;
  }
  throw new StorageError("Cannot keep the history: no place for it is known", {
    hint: `Set PW_STATE_DIR (or let ${
      os === "windows" ? "LOCALAPPDATA" : "HOME"
    } be read), or go on without: --no-history`,
  });
}

function below(folder: string | undefined, path: string): string | undefined {
  return folder === undefined ? undefined : folder + path;
}
