/** Judges what was found on this machine. Pure. */

import type { StoreInspection } from "../../store/inspect.ts";
import {
  type CheckResult,
  failedCheckResult,
  formatBytes,
  okCheckResult,
  okCheckUnless,
  warningCheckResult,
} from "./check.ts";

export const OLDEST_DENO = "2.4.2";
/** The newest version that CI tests with. */
export const NEWEST_DENO = "2.9.6";

export function checkVersions(
  { program, deno, os, arch }: Readonly<Record<"program" | "deno" | "os" | "arch", string>>,
): CheckResult {
  const detail = `${program}, Deno ${deno}, ${os} ${arch}`;
  if (compareVersions(deno, OLDEST_DENO) < 0) {
    return failedCheckResult("unsupported", `${detail}: older than Deno ${OLDEST_DENO}`, "Run `deno upgrade`");
  }
  return okCheckResult(`${detail} (tested with Deno ${OLDEST_DENO} to ${NEWEST_DENO})`);
}

export function checkHistory(path: string, { state, bytes, mode, whyNotWritable }: StoreInspection): CheckResult {
  const hint = "Make it writable, or set PW_STATE_DIR to another folder; --no-history works without it";
  const unwritable = whyNotWritable === null ? null : `${path} is not writable: ${whyNotWritable}`;
  switch (state.type) {
    case "absent":
      return unwritable === null
        ? okCheckResult(`${path}: none yet, the first run creates it`)
        : failedCheckResult("storage", unwritable, hint);
    case "damaged":
      return failedCheckResult(
        "storage",
        `${path} is damaged: ${state.why}`,
        "Copy it first if you want to repair it: the next command that needs it sets it aside and creates a new one",
      );
    case "newer":
      return failedCheckResult(
        "storage",
        `${path} was created by a newer version of this program`,
        "Update pw-workflow-runner, or set PW_STATE_DIR to another folder",
      );
    case "busy":
      return warningCheckResult(
        `Cannot inspect ${path}: ${state.why}`,
        "Another process is writing to it, or was stopped while writing: try again, the next run repairs it",
      );
    case "sound": {
      if (unwritable !== null) return failedCheckResult("storage", unwritable, hint);
      const { records, open, unconfirmed } = state;
      const runs = `${records} ${records === 1 ? "run" : "runs"}, ${open} unfinished, ${unconfirmed} unconfirmed`;
      const contents = `${path}: ${runs}, ${formatBytes(bytes)}`;
      if (mode !== null && (mode & 0o077) !== 0) {
        return warningCheckResult(
          `${contents}, permissions ${octal(mode)}: other users can access it`,
          `Run \`chmod 600 ${path}\``,
        );
      }
      const detail = mode === null ? contents : `${contents}, permissions ${octal(mode)}`;
      return unconfirmed > 0
        ? warningCheckResult(detail, "Run `pw-workflow-runner resume` to find those runs")
        : okCheckResult(detail);
    }
    default:
      return state satisfies never;
  }
}

/** @param name Without a password. */
export function checkSharedStore(
  name: string,
  { records, open }: { readonly records: number; readonly open: number },
): CheckResult {
  return okCheckResult(
    `${name} (PW_STORE_URL) responded: ${records} ${records === 1 ? "run" : "runs"}, ${open} unfinished`,
  );
}

export interface NetworkFacts {
  /** Those that are set. */
  readonly variables: readonly { readonly name: string; readonly value: string }[];
  /** Names that the runtime has no permission to read. */
  readonly denied: readonly string[];
}

const PROXY_VARIABLE = /^(https?|all)_proxy$/i;

export function checkNetwork({ variables, denied }: NetworkFacts): CheckResult {
  const shown = variables.map(({ name, value }) => ({
    name,
    value: PROXY_VARIABLE.test(name) ? redactProxy(value) : value,
  }));
  const detail = shown.length === 0
    ? "no proxy, no custom CA"
    : shown.map(({ name, value }) => `${name}=${value ?? "(not a URL)"}`).join(", ");
  const invalid = shown.find(({ value }) => value === null)?.name;
  return okCheckUnless(detail + deniedNote(denied), [
    invalid === undefined ? null : {
      detail: `${invalid} is not a valid proxy URL`,
      hint: `Use a form like http://proxy.example.com:3128, with special characters in a password encoded like %23`,
    },
  ]);
}

/** A proxy's URL without user and password; `null` when they can't be distinguished from the rest. */
export function redactProxy(value: string): string | null {
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (!URL.canParse(url)) return null;
  const { protocol, host, username, pathname, search, hash } = new URL(url);
  // An unescaped `/`, `#` or `@` in a password makes the parser take a part of it for the host: show nothing then.
  const atSigns = url.split("@").length - 1;
  const isPlain = atSigns <= 1 && (atSigns === 0 || username !== "") && /^\/?$/.test(pathname) && search + hash === "";
  return isPlain && host !== "" ? `${protocol}//${atSigns === 0 ? "" : "***@"}${host}` : null;
}

export interface SettingsFacts {
  /** Names in the working folder's `.env`; `null` where none is read. */
  readonly dotenv: { readonly read: readonly string[]; readonly ignored: readonly string[] } | null;
  readonly mayReadDotenv: boolean;
  /** Names of the program's own variables that are set in the environment. */
  readonly set: readonly string[];
  /** Names that the runtime has no permission to read. */
  readonly denied: readonly string[];
  /** One message for each variable with an invalid value. */
  readonly invalid: readonly string[];
}

export function checkSettings({ dotenv, mayReadDotenv, set, denied, invalid }: SettingsFacts): CheckResult {
  const file = dotenv === null
    ? mayReadDotenv ? "no .env file here" : "no permission to read .env (--allow-read)"
    : dotenv.read.length === 0
    ? "nothing used from .env"
    : `${dotenv.read.join(", ")} from .env`;
  const detail = `${set.length === 0 ? "no variables set" : `set: ${set.join(", ")}`}; ${file}`;
  return okCheckUnless(detail + deniedNote(denied), [
    invalid.length === 0 ? null : { detail: invalid.join("; "), hint: "Fix or unset it" },
    dotenv === null || dotenv.ignored.length === 0 ? null : {
      detail: `${dotenv.ignored.join(", ")} in .env is ignored`,
      hint: "A working folder may not decide which key is used or where it is sent: set it in the environment",
    },
  ]);
}

/** Not a warning: a program may be given few permissions on purpose. */
function deniedNote(names: readonly string[]): string {
  return names.length === 0 ? "" : `; no permission to read ${names.join(", ")} (--allow-env)`;
}

/** Compares the numbers; ignores what follows a `-` or `+`. */
function compareVersions(left: string, right: string): number {
  const numbers = (version: string) => version.split(/[-+]/)[0]?.split(".").map(Number) ?? [];
  const [leftNumbers, rightNumbers] = [numbers(left), numbers(right)];
  const index = leftNumbers.findIndex((number, index) => number !== rightNumbers[index]);
  return index === -1 ? 0 : (leftNumbers[index] ?? 0) - (rightNumbers[index] ?? 0);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
