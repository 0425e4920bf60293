/** Where local state is stored, following the conventions of each operating system. */

import { StorageError } from "../errors.ts";
import type { Context } from "./context.ts";

const FOLDER = "pw-workflow-runner";

type Env = (name: string) => string | undefined;

/**
 * The run store that `PW_STORE_URL` names, or else the file of the local history, in `PW_STATE_DIR` or the user's state
 * folder.
 *
 * @throws StorageError if no folder can be determined.
 */
export function runStoreName({ env, os }: Pick<Context, "env" | "os">): string {
  const name = env("PW_STORE_URL")?.trim();
  if (name) return name;
  const folder = env("PW_STATE_DIR")?.trim() || userFolder(env, os, "state");
  if (folder !== undefined) return `${folder}${os === "windows" ? "\\" : "/"}history.db`;
  throw new StorageError("Cannot use the local history: no folder for it can be determined", {
    hint: `Set PW_STATE_DIR (or allow reading ${os === "windows" ? "LOCALAPPDATA" : "HOME"})`,
  });
}

const FOLDERS_IN_HOME = { state: ".local/state", cache: ".cache", data: ".local/share" } as const;

/** The program's folder below the user's folder of this kind; `undefined` when the environment names none. */
export function userFolder(env: Env, os: typeof Deno.build.os, kind: keyof typeof FOLDERS_IN_HOME): string | undefined {
  const variable = (name: string) => env(name)?.trim() || undefined;
  const below = (folder: string | undefined, path: string) => folder === undefined ? undefined : folder + path;
  if (os === "windows") {
    const local = variable("LOCALAPPDATA") ?? below(variable("USERPROFILE"), "\\AppData\\Local");
    return below(local, `\\${FOLDER}${kind === "cache" ? "\\cache" : ""}`);
  }
  // XDG Base Directory Specification: relative paths must be ignored.
  const xdg = variable(`XDG_${kind.toUpperCase()}_HOME`);
  if (xdg?.startsWith("/")) return `${xdg}/${FOLDER}`;
  return below(variable("HOME"), `/${FOLDERS_IN_HOME[kind]}/${FOLDER}`);
}
