/** The program, its settings, and what it keeps on this machine. */

import { orError, UsageError } from "../../errors.ts";
import { LOG_LEVELS } from "../../log.ts";
import { DOTENV_NAMES } from "../../platform/credentials/dotenv_file.ts";
import { shellWord } from "../../shell_command.ts";
import { storageHint } from "../../store/store_file.ts";
import { counted } from "../../text.ts";
import type { Context } from "../context.ts";
import { ENVIRONMENT } from "../help_topics.ts";
import { settingName } from "../settings.ts";
import { timeoutOfEnvironment } from "../tracking/wait_options.ts";
import { type CheckResult, failed, ok, okUnless, warning } from "./check.ts";
import type { DoctorFacts } from "./facts.ts";

export const OLDEST_DENO = "2.4.2";
/** The newest version that CI tests with. */
export const NEWEST_DENO = "2.9.6";

/** The runtime itself reads the proxy variables, in upper and lower case. */
const NETWORK_VARIABLES = [
  ...["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]),
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "PW_CA_CERT",
];
const OUR_VARIABLES = [...Object.keys(ENVIRONMENT), "CLICOLOR_FORCE", "CLICOLOR"].filter((name) =>
  name !== "TERM" && !NETWORK_VARIABLES.includes(name)
);
const PROXY_VARIABLE = /^(https?|all)_proxy$/i;

export function checkVersions({ context: { versionLine, os, runtime: { deno, arch } } }: DoctorFacts): CheckResult {
  const detail = `${versionLine}, Deno ${deno}, ${os} ${arch}`;
  if (deno.localeCompare(OLDEST_DENO, "en", { numeric: true }) < 0) {
    return failed("unsupported", `${detail}: older than Deno ${OLDEST_DENO}`, "Run `deno upgrade`");
  }
  return ok(`${detail} (tested with Deno ${OLDEST_DENO} to ${NEWEST_DENO})`);
}

export async function checkSettings({ context, dotenv }: DoctorFacts): Promise<CheckResult> {
  const file = await dotenv;
  const fromFile = file === null
    ? context.mayRead(".env") ? "no .env file here" : "no permission to read .env (--allow-read)"
    : `${file.read.join(", ") || "nothing used"} from .env`;
  const { set, denied } = readVariables(context, OUR_VARIABLES);
  const names = set.filter(([name]) => file?.settings.get(name) !== context.env(name)).map(([name]) => name);
  const invalid = invalidSettings(context);
  return okUnless(`${names.length === 0 ? "no variables set" : `set: ${names.join(", ")}`}; ${fromFile}${denied}`, [
    invalid.length > 0 && [invalid.join("; "), "Fix or unset it"],
    file !== null && file.ignored.length > 0 && [
      `${file.ignored.join(", ")} in .env is ignored`,
      `Set it in the environment: a .env sets only ${DOTENV_NAMES.join(", ")}`,
    ],
  ]);
}

export function checkNetwork({ context }: DoctorFacts): CheckResult {
  const { set, denied } = readVariables(context, NETWORK_VARIABLES);
  const shown = set.map(([name, value]) => [name, PROXY_VARIABLE.test(name) ? redactProxy(value) : value] as const);
  const [invalid] = shown.find(([, value]) => value === null) ?? [];
  const detail = shown.map(([name, value]) => `${name}=${value ?? "(not a URL)"}`).join(", ");
  return okUnless((detail || "no proxy, no custom CA") + denied, [
    invalid !== undefined && [
      `${invalid} is not a valid proxy URL`,
      "Use a form like http://proxy.example.com:3128, with special characters in a password encoded like %23",
    ],
  ]);
}

export async function checkHistory(facts: DoctorFacts): Promise<CheckResult> {
  const { place, isShared, state, bytes, mode, whyNotWritable } = await facts.history;
  const isNamed = Boolean(facts.context.env("PW_STORE_URL")?.trim());
  const elsewhere = isNamed ? "PW_STORE_URL to another file" : "PW_STATE_DIR to another folder";
  const notWritable = failed(
    "storage",
    `${place} is not writable: ${whyNotWritable}`,
    `${remedyFor(whyNotWritable)}${elsewhere}; --no-history works without it`,
  );
  switch (state.type) {
    case "absent":
      return whyNotWritable === null ? ok(`${place}: none yet, the first run creates it`) : notWritable;
    case "damaged":
      return failed(
        "storage",
        `${place} is damaged: ${state.why}`,
        isNamed && /not a (database|run store)/.test(state.why)
          ? storageHint(state.why, place)
          : "Copy it first if you want to repair it: the next command that needs it sets it aside and creates a new one",
      );
    case "newer":
      return failed(
        "storage",
        `${place} was created by a newer version of this program`,
        `Update pw-workflow-runner, or set ${elsewhere}`,
      );
    case "busy":
      return warning(
        `Cannot inspect ${place}: ${state.why}`,
        "Another process is writing to it, or was stopped while writing: try again, the next run repairs it",
      );
    case "sound": {
      if (whyNotWritable !== null) return notWritable;
      const { records, open, unconfirmed } = state;
      const runs = `${counted(records, "run")}, ${open} unfinished`;
      if (isShared) return ok(`${place} (PW_STORE_URL) responded: ${runs}`);
      const permissions = mode === null ? "" : `, permissions ${mode.toString(8).padStart(4, "0")}`;
      const detail = `${place}: ${runs}, ${unconfirmed} unconfirmed, ${formatBytes(bytes)}${permissions}`;
      if (mode !== null && (mode & 0o077) !== 0) {
        return warning(`${detail}: other users can access it`, `Run \`chmod 600 ${shellWord(place)}\``);
      }
      return unconfirmed === 0 ? ok(detail) : warning(detail, "Run `pw-workflow-runner resume` to find those runs");
    }
    default:
      return state satisfies never;
  }
}

/** As far as the option that also helps. */
function remedyFor(whyNotWritable: string | null): string {
  if (/space|quota/.test(whyNotWritable ?? "")) return "Free disk space, or set ";
  return /read-only/.test(whyNotWritable ?? "") ? "Set " : "Make it writable, or set ";
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

/** `4 KiB`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}

/** The variables that are set, trimmed, and a note about those that the runtime has no permission to read. */
function readVariables({ env, mayReadEnv }: Context, names: readonly string[]) {
  const unreadable = names.filter((name) => !mayReadEnv(name));
  const set = names.map((name) => [name, unreadable.includes(name) ? "" : env(name)?.trim() ?? ""] as const);
  return {
    set: set.filter(([, value]) => value !== ""),
    // Not a warning: a program may be given few permissions on purpose.
    denied: unreadable.length === 0 ? "" : `; no permission to read ${unreadable.join(", ")} (--allow-env)`,
  };
}

/** The messages leave the values out: a user who mixed up two variables may have put the key there. */
function invalidSettings(context: Context): string[] {
  const level = context.env("PW_LOG_LEVEL")?.trim().toUpperCase() ?? "";
  const timeoutMs = orError(UsageError, () => timeoutOfEnvironment(context, null));
  return [
    ...(["", ...LOG_LEVELS].includes(level)
      ? []
      : [`${settingName(context, "PW_LOG_LEVEL")} is not one of ${LOG_LEVELS.join(", ")}`]),
    ...(timeoutMs instanceof UsageError ? [`${settingName(context, "PW_TIMEOUT")} is not a duration`] : []),
  ];
}
