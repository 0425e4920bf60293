/** What is made of what was found on this machine: well or not, why, and what to do about it. Pure. */

import type { StoreInspection } from "../../store/inspect.ts";
import { bad, byteText, odd, unlessOdd, type Verdict, well } from "./check.ts";

export const OLDEST_DENO = "2.4.2";
/** The newest that this was tried with. */
export const NEWEST_DENO = "2.9.6";

export function judgeVersions(
  { program, deno, os, arch }: Readonly<Record<"program" | "deno" | "os" | "arch", string>>,
): Verdict {
  const detail = `${program}, Deno ${deno}, ${os} ${arch}`;
  if (compareVersions(deno, OLDEST_DENO) < 0) {
    return bad("unsupported", `${detail}: older than Deno ${OLDEST_DENO}`, "Update it: `deno upgrade`");
  }
  const range = `${OLDEST_DENO} to ${NEWEST_DENO}`;
  return well(`${detail} (tried with Deno ${range})`);
}

export function judgeHistory(path: string, { state, bytes, mode, whyNotWritable }: StoreInspection): Verdict {
  const hint = "Make it writable, or name another place with PW_STATE_DIR; --no-history goes on without it";
  const unwritable = whyNotWritable === null ? null : `${path} cannot be written: ${whyNotWritable}`;
  switch (state.type) {
    case "absent":
      return unwritable === null
        ? well(`${path}: none yet, the first run begins it`)
        : bad("storage", unwritable, hint);
    case "damaged":
      return bad(
        "storage",
        `${path} is damaged: ${state.why}`,
        "Copy it away if it is to be mended; the next command that needs it sets it aside and begins a fresh one",
      );
    case "newer":
      return bad(
        "storage",
        `${path}: a newer version of this program made it`,
        "Update pw-workflow-runner, or name another place with PW_STATE_DIR",
      );
    case "busy":
      return odd(
        `${path} could not be looked into: ${state.why}`,
        "Another process writes to it, or was ended while it did: try again, the next run puts it right",
      );
    case "sound": {
      if (unwritable !== null) return bad("storage", unwritable, hint);
      const { records, open, unconfirmed } = state;
      const runs = `${records} ${records === 1 ? "run" : "runs"}, ${open} open, ${unconfirmed} of unknown fate`;
      const detail = `${path}: ${runs}, ${byteText(bytes)}`;
      if (mode !== null && (mode & 0o077) !== 0) {
        return odd(`${detail}, permissions ${octal(mode)}: others may read it`, `chmod 600 ${path}`);
      }
      const whole = mode === null ? detail : `${detail}, permissions ${octal(mode)}`;
      return unconfirmed > 0 ? odd(whole, "`pw-workflow-runner resume` looks for those runs again") : well(whole);
    }
    default:
      return state satisfies never;
  }
}

export interface NetworkFacts {
  /** Those that are set. */
  readonly variables: readonly { readonly name: string; readonly value: string }[];
  /** Those that may not be read. */
  readonly hidden: readonly string[];
}

const PROXIES = /^(https?|all)_proxy$/i;

export function judgeNetwork({ variables, hidden }: NetworkFacts): Verdict {
  const shown = variables.map(({ name, value }) => ({ name, value: PROXIES.test(name) ? proxyText(value) : value }));
  const detail = shown.length === 0
    ? "no proxy, no certificates of one's own"
    : shown.map(({ name, value }) => `${name}=${value ?? "(not an address)"}`).join(", ");
  const unread = shown.find(({ value }) => value === null)?.name;
  return unlessOdd(detail + unseen(hidden), [
    unread === undefined ? null : {
      what: `${unread} cannot be read`,
      hint: `Write it like http://proxy.example.com:3128, with what is special in a password as %23`,
    },
  ]);
}

/** A proxy's address without who uses it; `null` for what can't be told apart from a password. */
export function proxyText(value: string): string | null {
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (!URL.canParse(address)) return null;
  const { protocol, host, username, pathname, search, hash } = new URL(address);
  // A password with a `/`, `#` or `@` in it moves the host's place: then nothing of it is shown.
  const marks = address.split("@").length - 1;
  const isPlain = marks <= 1 && (marks === 0 || username !== "") && /^\/?$/.test(pathname) && search + hash === "";
  return isPlain && host !== "" ? `${protocol}//${marks === 0 ? "" : "***@"}${host}` : null;
}

export interface SettingsFacts {
  /** Of the working folder: `null` where none is read. */
  readonly dotenv: { readonly read: readonly string[]; readonly ignored: readonly string[] } | null;
  /** False when the runtime may not read it. */
  readonly mayReadDotenv: boolean;
  /** Names alone: of ours, those that are set and those that may not be read. */
  readonly set: readonly string[];
  readonly hidden: readonly string[];
  /** Variables whose value can't be used, with why. */
  readonly unusable: readonly string[];
}

export function judgeSettings({ dotenv, mayReadDotenv, set, hidden, unusable }: SettingsFacts): Verdict {
  const file = dotenv === null
    ? mayReadDotenv ? "no .env here" : "a .env may not be read (--allow-read)"
    : dotenv.read.length === 0
    ? ".env here names nothing that is read"
    : `.env here gives ${dotenv.read.join(", ")}`;
  const detail = `${set.length === 0 ? "no variable is set" : `set: ${set.join(", ")}`}; ${file}`;
  return unlessOdd(detail + unseen(hidden), [
    unusable.length === 0 ? null : { what: unusable.join("; "), hint: "Mend it, or unset it" },
    dotenv === null || dotenv.ignored.length === 0 ? null : {
      what: `${dotenv.ignored.join(", ")} in it is not read`,
      hint: "Where a key goes and whose it is, a working folder may not say: set it in the environment",
    },
  ]);
}

/** No trouble by itself: whoever gives a program few permissions knows which it needs. */
function unseen(names: readonly string[]): string {
  return names.length === 0 ? "" : `; ${names.join(", ")} may not be read (--allow-env)`;
}

/** By their numbers; what follows a `-` or `+` is left out. */
function compareVersions(left: string, right: string): number {
  const numbers = (version: string) => version.split(/[-+]/)[0]?.split(".").map(Number) ?? [];
  const [ours, theirs] = [numbers(left), numbers(right)];
  const place = ours.findIndex((number, index) => number !== theirs[index]);
  return place === -1 ? 0 : (ours[place] ?? 0) - (theirs[place] ?? 0);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
