/** What `doctor` looks at, one thing at a time. Changes nothing, and no finding holds a key. */

import type { Client } from "../client/client.ts";
import type { Credential } from "../client/credentials.ts";
import { RunnerError } from "../errors.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { formatDuration } from "./duration.ts";
import { EXIT_CODES } from "./exit_codes.ts";

export interface Finding {
  readonly name: string;
  /** `skipped` where something before it already went wrong. */
  readonly status: "ok" | "warning" | "failed" | "skipped";
  /** What is so. */
  readonly detail: string;
  /** What to do about it. */
  readonly hint: string | null;
  /** What the program ends with if this is the gravest; 0 unless it failed. */
  readonly exitCode: number;
}

/** What the checks ask, each bounded by its own deadline. */
export interface Patient {
  readonly nowMs: () => number;
  readonly env: (name: string) => string | undefined;
  /** Throws CredentialError when there is none. */
  readonly findCredential: () => Promise<Credential>;
  readonly openClient: (credential: Credential) => Promise<Client>;
  /** Throws StorageError when there is no place. */
  readonly ledgerPath: () => string;
  /** Opens what is there without making, mending or setting aside anything; `null` where there is no file yet. */
  readonly openLedger: (path: string) => Promise<{ readonly ledger: Ledger; readonly bytes: number } | null>;
  /** Throws when nothing can be written beside the file. */
  readonly tryWriting: (path: string) => Promise<void>;
  readonly versions: { readonly program: string; readonly deno: string; readonly system: string };
  readonly isDotenvRead: boolean;
  /** A signal that aborts when a check has taken long enough. */
  readonly signal: AbortSignal;
}

const OURS = [
  "PW_API_KEY",
  "PW_CONTEXT",
  "PW_PLATFORM_HOST",
  "PW_CREDENTIALS_DIR",
  "PW_TIMEOUT",
  "PW_LOG_LEVEL",
  "PW_STATE_DIR",
  "PW_CA_CERT",
  "NO_COLOR",
];
const PROXIES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"];
const TRUST = ["DENO_CERT", "DENO_TLS_CA_STORE", "PW_CA_CERT"];

const NOTABLE_SKEW_MS = 30_000;
const GRAVE_SKEW_MS = 5 * 60_000;
const SOON_MS = 24 * 60 * 60_000;
const OLDEST_DENO = [2, 4, 2] as const;

/** Looks at everything, in the order in which things depend on each other. */
export async function* diagnose(patient: Patient): AsyncGenerator<Finding> {
  yield versions(patient);
  yield settings(patient);
  yield* network(patient);
  const credential = await attempt("credential", () => patient.findCredential());
  if ("finding" in credential) yield credential.finding;
  else yield credentialFinding(credential.value, patient);
  if ("finding" in credential) {
    for (const name of ["connection", "clock", "account", "routes", "workspace"]) {
      yield skipped(name, "there is no key");
    }
  } else {
    const client = await attempt("certificates", () => patient.openClient(credential.value));
    if ("finding" in client) yield client.finding;
    else yield* platform(patient, client.value);
  }
  yield* history(patient, "finding" in credential ? undefined : credential.value.host);
}

async function* platform(patient: Patient, client: Client): AsyncGenerator<Finding> {
  const { signal, nowMs } = patient;
  const begunMs = nowMs();
  const reached = await attempt("connection", () => client.serverTime({ signal, retry: "none" }));
  if ("finding" in reached) {
    yield reached.finding;
    for (const name of ["clock", "account", "routes", "workspace"]) {
      yield skipped(name, "the platform can't be reached");
    }
    return;
  }
  yield ok("connection", `${client.baseUrl} answers in ${Math.round(nowMs() - begunMs)} ms`);
  yield clock(reached.value, nowMs());
  const who = await attempt("account", () => client.whoAmI({ signal, retry: "none" }));
  if ("finding" in who) {
    yield who.finding;
    for (const name of ["routes", "workspace"]) yield skipped(name, "the platform does not take the key");
    return;
  }
  const { user, organization } = who.value;
  yield ok("account", `${user}${organization === null ? "" : ` of ${organization}`}`);
  const family = await attempt("routes", () => client.routes({ signal, retry: "none" }));
  yield "finding" in family
    ? family.finding
    : family.value === "flat"
    ? ok("routes", "the current ones: a run is its slug")
    : warning("routes", "an older server's: a lost submit can't be looked for, and --key is not possible", null);
  const workspace = await attempt("workspace", () => client.workspaceStatus({ signal, retry: "none" }));
  yield "finding" in workspace
    ? { ...workspace.finding, status: "warning", exitCode: 0 }
    : workspaceFinding(workspace.value);
}

async function* history(patient: Patient, host: string | undefined): AsyncGenerator<Finding> {
  const path = await attempt("history", () => Promise.resolve().then(patient.ledgerPath));
  if ("finding" in path) return yield path.finding;
  const written = await attempt("history", () => patient.tryWriting(path.value));
  if ("finding" in written) return yield written.finding;
  const opened = await attempt("history", () => patient.openLedger(path.value));
  if ("finding" in opened) {
    return yield {
      ...opened.finding,
      hint: "The next run sets the file aside, begins a fresh one, and deletes nothing",
    };
  }
  if (opened.value === null) return yield ok("history", `${path.value}: nothing was run from here yet`);
  await using ledger = opened.value.ledger;
  const newest = await ledger.listRecent(null, { limit: 1_000 });
  const unknown = newest.filter(({ state }) => state === "submitted").length;
  const size = `${Math.ceil(opened.value.bytes / 1024)} KiB`;
  const detail = `${path.value}, ${size}, ${newest.length === 1_000 ? "1000 or more" : newest.length} remembered`;
  yield unknown === 0
    ? ok("history", detail)
    : warning("history", `${detail}, ${unknown} of unknown outcome`, "`pw-workflow-runner resume` looks for them");
  if (host === undefined) return;
  const { echoesSlug, rejectsDuplicateSlug } = await ledger.profile(host);
  const words = [
    `slugs of ours are ${yesNo(echoesSlug, "honoured", "not honoured")}`,
    `a second run of a slug is ${yesNo(rejectsDuplicateSlug, "refused", "not refused")}`,
  ];
  const isKnown = echoesSlug !== undefined && rejectsDuplicateSlug !== undefined;
  yield isKnown
    ? ok("host", words.join("; "))
    : { ...ok("host", words.join("; ")), hint: "`pw-workflow-runner contact` finds out, with a few harmless runs" };
}

function versions({ versions: { program, deno, system } }: Patient): Finding {
  const detail = `pw-workflow-runner ${program}, Deno ${deno}, ${system}`;
  const parts = deno.split(".").map(Number);
  const older = OLDEST_DENO.findIndex((least, index) => (parts[index] ?? 0) !== least);
  const isOld = older !== -1 && (parts[older] ?? 0) < (OLDEST_DENO[older] ?? 0);
  return isOld
    ? warning("versions", detail, `Deno ${OLDEST_DENO.join(".")} is the oldest that this program is tested with`)
    : ok("versions", detail);
}

function settings({ env, isDotenvRead }: Patient): Finding {
  const set = OURS.filter((name) => (env(name) ?? "") !== "");
  const where = isDotenvRead ? "; .env of this folder is read" : "";
  const both = set.includes("PW_API_KEY") && set.includes("PW_CONTEXT");
  const detail = `${set.length === 0 ? "no variable of ours" : set.join(", ")} set${where}`;
  return both
    ? warning("settings", `${detail}: PW_API_KEY comes before PW_CONTEXT`, "Unset PW_API_KEY to use the context")
    : ok("settings", detail);
}

function* network({ env }: Patient): Generator<Finding> {
  const proxies = PROXIES.filter((name) => (env(name) ?? "") !== "");
  if (proxies.length > 0) {
    yield ok(
      "proxy",
      proxies.map((name) => `${name}=${withoutPassword(env(name) ?? "")}`).join(", "),
    );
  }
  const trust = TRUST.filter((name) => (env(name) ?? "") !== "");
  if (trust.length > 0) yield ok("certificates", trust.map((name) => `${name}=${env(name)}`).join(", "));
}

function credentialFinding({ kind, host, source, expiresAtMs }: Credential, { nowMs }: Patient): Finding {
  const leftMs = expiresAtMs === null ? null : expiresAtMs - nowMs();
  const detail = `a ${kind} key for ${host}, from ${source}`;
  if (leftMs === null) return ok("credential", detail);
  if (leftMs <= 0) {
    const hint = "Create a new key in your account settings on the platform";
    return { ...failed("credential", `${detail}, expired`, hint), exitCode: EXIT_CODES.credential_refused };
  }
  const left = `${detail}, good for ${formatDuration(leftMs)}`;
  return leftMs < SOON_MS
    ? warning("credential", left, "Runs that take longer will be lost sight of")
    : ok("credential", left);
}

function clock(serverMs: number | null, nowMs: number): Finding {
  if (serverMs === null) return ok("clock", "the platform does not tell its time");
  // The header counts in whole seconds.
  const skewMs = Math.abs(nowMs - serverMs);
  if (skewMs < NOTABLE_SKEW_MS) return ok("clock", "agrees with the platform's");
  const detail = `differs from the platform's by ${formatDuration(skewMs)}`;
  const hint = "Set this machine's clock: keys expire by it, and times that are shown are wrong";
  return skewMs < GRAVE_SKEW_MS ? warning("clock", detail, hint) : failed("clock", detail, hint);
}

function workspaceFinding(status: string | null): Finding {
  if (status === null) return ok("workspace", "the platform does not tell");
  if (status === "Running") return ok("workspace", status);
  return warning("workspace", status, "A submit waits for it; start it in the web interface if it stays so");
}

async function attempt<T>(
  name: string,
  act: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly finding: Finding }> {
  try {
    return { value: await act() };
  } catch (error) {
    if (error instanceof RunnerError) {
      const { message, hint, kind } = error;
      return { finding: { ...failed(name, message, hint ?? null), exitCode: EXIT_CODES[kind] } };
    }
    const words = error instanceof Error ? error.message : String(error);
    return { finding: { ...failed(name, words, null), exitCode: EXIT_CODES.unavailable } };
  }
}

function ok(name: string, detail: string): Finding {
  return { name, status: "ok", detail, hint: null, exitCode: 0 };
}

function warning(name: string, detail: string, hint: string | null): Finding {
  return { name, status: "warning", detail, hint, exitCode: 0 };
}

function failed(name: string, detail: string, hint: string | null): Finding {
  return { name, status: "failed", detail, hint, exitCode: EXIT_CODES.failed };
}

function skipped(name: string, why: string): Finding {
  return { name, status: "skipped", detail: `not looked at: ${why}`, hint: null, exitCode: 0 };
}

function yesNo(known: boolean | undefined, yes: string, no: string): string {
  return known === undefined ? "not known to be so" : known ? yes : no;
}

function withoutPassword(address: string): string {
  return address.replace(/\/\/[^/@]*@/, "//•••@");
}
