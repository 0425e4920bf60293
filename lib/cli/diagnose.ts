/** What is made of what a check has found: well or not, why, and what to do about it. Pure. */

import type { Health, WorkspaceStatus } from "../client/checkup.ts";
import type { Credential } from "../client/credentials.ts";
import type { LedgerInspection } from "../ledger/inspect.ts";
import type { HostProfile, Identity, RouteFamily } from "../model.ts";
import { formatDuration } from "./duration.ts";
import { EXIT_CODES, gravest } from "./exit_codes.ts";
import { reportOf } from "./failure_report.ts";

export type CheckName =
  | "versions"
  | "settings"
  | "network"
  | "credential"
  | "connection"
  | "clock"
  | "account"
  | "routes"
  | "workspace"
  | "history";

/** What one check came to. */
export type Verdict =
  | { readonly status: "ok" | "warning" | "skipped"; readonly detail: string; readonly hint: string | null }
  | {
    readonly status: "failed";
    readonly detail: string;
    readonly hint: string | null;
    /** As in the table of exit codes. */
    readonly kind: string;
    readonly exitCode: number;
  };

export type Check = Verdict & { readonly name: CheckName };

export const OLDEST_DENO = "2.4.2";
/** The newest that this was tried with. */
export const NEWEST_DENO = "2.9.6";

const SOON_MS = 3_600_000;
const SKEW_OF_NOTE_MS = 30_000;
const SKEW_TOO_LARGE_MS = 300_000;
const CROWDED_SHARE = 0.05;

export const well = (detail: string): Verdict => ({ status: "ok", detail, hint: null });
export const odd = (detail: string, hint: string): Verdict => ({ status: "warning", detail, hint });
export const skipped = (detail: string): Verdict => ({ status: "skipped", detail, hint: null });

function bad(kind: keyof typeof EXIT_CODES, detail: string, hint: string): Verdict {
  return { status: "failed", detail, hint, kind, exitCode: EXIT_CODES[kind] };
}

/** What a check that could not be done says. */
export function verdictOf(error: unknown): Verdict {
  const { message, hint, kind, exitCode } = reportOf(error);
  return { status: "failed", detail: message, hint: hint ?? null, kind, exitCode };
}

/** What the whole comes to: of several failed checks the gravest decides. */
export function conclude(checks: readonly Check[]): { readonly exitCode: number; readonly kind: string } {
  const failed = checks.filter((check) => check.status === "failed");
  const exitCode = gravest(failed.map((check) => check.exitCode));
  return { exitCode, kind: failed.find((check) => check.exitCode === exitCode)?.kind ?? "completed" };
}

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

export interface CredentialFacts {
  readonly credential: Pick<Credential, "kind" | "host" | "source" | "expiresAtMs">;
  readonly isFromDotenv: boolean;
  /** An identity that was named although `PW_API_KEY` is set, and by what. */
  readonly beatenContext: { readonly name: string; readonly by: string } | null;
  /** The host that the key names, when it is sent to another. */
  readonly ownHost: string | null;
  /** `--allow-host` where it has nothing to allow. */
  readonly idleAllowHost: string | null;
  readonly nowMs: number;
}

const KIND_WORDS: Readonly<Record<Credential["kind"], string>> = {
  pwt: "API key",
  pwut: "user token",
  jwt: "session token",
  pwoa: "sign-in token",
};

export function judgeCredential(facts: CredentialFacts): Verdict {
  const { credential: { kind, host, source, expiresAtMs }, nowMs, beatenContext, ownHost, idleAllowHost } = facts;
  const what = `${KIND_WORDS[kind]} for ${host}, from ${source}${facts.isFromDotenv ? " of .env" : ""}`;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) {
    return bad(
      "credential_refused",
      `${what}; it expired ${formatDuration(nowMs - expiresAtMs)} ago`,
      "Create a new one in your account settings on the platform, or sign in again",
    );
  }
  const expiry = expiresAtMs === null ? "it does not say when it ends" : `it ends ${instant(expiresAtMs)}`;
  const detail = `${what}; ${expiry}`;
  if (ownHost !== null) {
    return odd(
      `${detail}; the key itself names ${ownHost}`,
      "PW_PLATFORM_HOST and --allow-host send it elsewhere: leave them out if that is not meant",
    );
  }
  if (beatenContext !== null) {
    const { name, by } = beatenContext;
    return odd(`${detail}; the identity "${name}" of ${by} is passed over`, "Unset PW_API_KEY to use that identity");
  }
  if (idleAllowHost !== null) {
    return odd(
      `${detail}; --allow-host ${idleAllowHost} changes nothing`,
      "It only allows what PW_PLATFORM_HOST asks for: set both, or neither",
    );
  }
  if (expiresAtMs !== null && expiresAtMs - nowMs < SOON_MS) {
    return odd(
      `${detail}, in ${formatDuration(expiresAtMs - nowMs)}`,
      "A run that takes longer can't be followed to its end with it: renew it first",
    );
  }
  return well(detail);
}

export function judgeConnection(baseUrl: string, { state, elapsedMs }: Health): Verdict {
  const detail = `${baseUrl} answers in ${Math.round(elapsedMs)} ms`;
  switch (state) {
    case "well":
      return well(detail);
    case "unknown":
      return well(`${detail}; it has no route that tells of its health`);
    case "foreign":
      return odd(
        `${detail}, but not as the platform does`,
        "Check the host, and whether a sign-in page or a proxy stands before it",
      );
    default:
      return state satisfies never;
  }
}

/** A connection that failed where a proxy is set: `name` is the variable that sets it, `null` where none does. */
export function blamingProxy(verdict: Verdict, name: string | null): Verdict {
  if (name === null || verdict.status !== "failed") return verdict;
  const hint = `${name} is set: it may be the proxy that fails, or NO_PROXY that lacks this host`;
  return { ...verdict, hint: verdict.hint === null ? hint : `${verdict.hint}. ${hint}` };
}

export function judgeClock({ clockAheadMs }: Pick<Health, "clockAheadMs">): Verdict {
  if (clockAheadMs === null) return skipped("the host's answer shows no time");
  const size = Math.abs(clockAheadMs);
  // The host's answer tells whole seconds.
  if (size < 2_000) return well("like the host's");
  const detail = `${formatDuration(size)} ${clockAheadMs > 0 ? "behind" : "ahead of"} the host's`;
  if (size < SKEW_OF_NOTE_MS) return well(detail);
  const hint = "Set this machine's clock (NTP): ages and times shown, when a key ends, and finding a run again after " +
    "a lost answer go by it";
  return size > SKEW_TOO_LARGE_MS ? bad("failed", detail, hint) : odd(detail, hint);
}

export function judgeAccount({ user, fullName, organization }: Identity): Verdict {
  const name = fullName === null || fullName === user ? user : `${user} (${fullName})`;
  return well(organization === null ? `${name}; the server names no organization` : `${name} of ${organization}`);
}

const UNKNOWN = "not known: `contact` finds out";

export function judgeRoutes(family: RouteFamily, profile: HostProfile): Verdict {
  if (family === "nested") {
    return odd(
      "nested: an older server",
      "Runs can't be cancelled there, nor found again by a name of ours after a lost answer",
    );
  }
  const { echoesSlug, rejectsDuplicateSlug } = profile;
  if (echoesSlug === undefined && rejectsDuplicateSlug === undefined) {
    return well(`flat; whether it keeps a run's name of ours is ${UNKNOWN}`);
  }
  const said = (fact: boolean | undefined) => fact === undefined ? UNKNOWN : fact ? "yes" : "no";
  return well(
    `flat; keeps a run's name of ours: ${said(echoesSlug)}; refuses it a second time: ${said(rejectsDuplicateSlug)}`,
  );
}

const ON_ITS_WAY = ["Starting", "Pulling", "Restarting"];
const AT_REST = ["Off", "Stopped", "Paused", "Terminating"];

export function judgeWorkspace(workspace: WorkspaceStatus | null): Verdict {
  if (workspace === null) return skipped("the server does not tell");
  const { status, details, home } = workspace;
  const detail = details === null ? status : `${status}: ${details}`;
  if (status === "Failed") return bad("unavailable", detail, "Restart it in the platform's web interface");
  if (AT_REST.includes(status)) {
    return odd(detail, "Runs need it: start it in the platform's web interface before the next one");
  }
  if (ON_ITS_WAY.includes(status)) return odd(detail, "Runs need it: wait until it is Running");
  if (home !== null && home.availableBytes < home.sizeBytes * CROWDED_SHARE) {
    return odd(
      `${detail}; ${byteText(home.availableBytes)} of ${byteText(home.sizeBytes)} are left in its home`,
      "Make room there: runs write their logs to it",
    );
  }
  return well(detail);
}

export function judgeHistory(path: string, { state, bytes, mode, whyNotWritable }: LedgerInspection): Verdict {
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
      return odd(`${path} could not be looked into: ${state.why}`, "Another process writes to it, or was ended while it did: try again, the next run puts it right");
    case "sound": {
      if (unwritable !== null) return bad("storage", unwritable, hint);
      const { records, open, doubtful } = state;
      const runs = `${records} ${records === 1 ? "run" : "runs"}, ${open} open, ${doubtful} of unknown fate`;
      const detail = `${path}: ${runs}, ${byteText(bytes)}`;
      if (mode !== null && (mode & 0o077) !== 0) {
        return odd(`${detail}, permissions ${octal(mode)}: others may read it`, `chmod 600 ${path}`);
      }
      const whole = mode === null ? detail : `${detail}, permissions ${octal(mode)}`;
      return doubtful > 0 ? odd(whole, "`pw-workflow-runner resume` looks for those runs again") : well(whole);
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
  if (unread !== undefined) return odd(detail, `Write ${unread} like http://proxy.example.com:3128`);
  return hidden.length === 0 ? well(detail) : odd(`${detail}; ${cannotSee(hidden)}`, allowing(hidden));
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
    ? mayReadDotenv ? "no .env here" : ".env may not be read"
    : dotenv.read.length === 0
    ? ".env here names nothing that is read"
    : `.env here gives ${dotenv.read.join(", ")}`;
  const detail = `${set.length === 0 ? "no variable is set" : `set: ${set.join(", ")}`}; ${file}`;
  if (unusable.length > 0) return odd(`${detail}; ${unusable.join("; ")}`, "Mend it, or unset it");
  if (dotenv !== null && dotenv.ignored.length > 0) {
    return odd(
      `${detail}; ${dotenv.ignored.join(", ")} in it is not read`,
      "Where a key goes and whose it is, a working folder may not say: set it in the environment",
    );
  }
  if (hidden.length > 0) return odd(`${detail}; ${cannotSee(hidden)}`, allowing(hidden));
  if (!mayReadDotenv) return odd(detail, "Start it with --allow-read=.env if there is one to be read");
  return well(detail);
}

function cannotSee(names: readonly string[]): string {
  return `${names.join(", ")} may not be read`;
}

function allowing(names: readonly string[]): string {
  return `Start it with --allow-env=${names.join(",")} if one of them is set`;
}

/** By their numbers; what follows a `-` or `+` is left out. */
function compareVersions(left: string, right: string): number {
  const numbers = (version: string) => version.split(/[-+]/)[0]?.split(".").map(Number) ?? [];
  const [ours, theirs] = [numbers(left), numbers(right)];
  const place = ours.findIndex((number, index) => number !== theirs[index]);
  return place === -1 ? 0 : (ours[place] ?? 0) - (theirs[place] ?? 0);
}

function instant(atMs: number): string {
  return new Date(atMs).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function byteText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}
