/** Where local state is stored, following the conventions of each operating system. */

import { StorageError } from "../errors.ts";

const FOLDER = "pw-workflow-runner";

/**
 * The file of the run store, in `PW_STATE_DIR` or the user's state folder.
 *
 * @throws StorageError if no folder can be determined.
 */
export function runStorePath(env: (name: string) => string | undefined, os: typeof Deno.build.os): string {
  return `${stateFolder(env, os)}${os === "windows" ? "\\" : "/"}history.db`;
}

/** @throws StorageError if no folder can be determined. */
export function stateFolder(env: (name: string) => string | undefined, os: typeof Deno.build.os): string {
  const variable = (name: string) => env(name)?.trim() || undefined;
  const override = variable("PW_STATE_DIR");
  if (override !== undefined) return override;
  if (os === "windows") {
    const local = variable("LOCALAPPDATA") ?? below(variable("USERPROFILE"), "\\AppData\\Local");
    if (local !== undefined) return `${local}\\${FOLDER}`;
  } else {
    // XDG Base Directory: a relative path must be ignored.
    const state = variable("XDG_STATE_HOME");
    if (state?.startsWith("/")) return `${state}/${FOLDER}`;
    const home = variable("HOME");
    if (home !== undefined) return `${home}/.local/state/${FOLDER}`;
  }
  throw new StorageError("Cannot use the local history: no folder for it can be determined", {
    hint: `Set PW_STATE_DIR (or allow reading ${
      os === "windows" ? "LOCALAPPDATA" : "HOME"
    }), or use --no-history to continue without it`,
  });
}

function below(folder: string | undefined, path: string): string | undefined {
  return folder === undefined ? undefined : folder + path;
}
