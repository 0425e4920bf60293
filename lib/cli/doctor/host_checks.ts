/** Judges the credential and what its host answered. Pure. */

import type { HostHealth, WorkspaceStatus } from "../../platform/host_check.ts";
import type { Credential } from "../../platform/credentials/credentials.ts";
import type { Identity } from "../../account.ts";
import type { ApiVersion, ServerCapabilities } from "../../capabilities.ts";
import { formatDuration } from "../../duration.ts";
import { IDLE_STATUSES, STARTING_STATUSES } from "../../runs/workspace.ts";
import {
  type CheckResult,
  failedCheckResult,
  formatBytes,
  okCheckResult,
  okCheckUnless,
  skippedCheckResult,
  warningCheckResult,
} from "./check.ts";

const EXPIRES_SOON_MS = 3_600_000;
const SKEW_WARNING_MS = 30_000;
const SKEW_FAILURE_MS = 300_000;
/** Below this share of free space the home folder is almost full. */
const LOW_SPACE_SHARE = 0.05;

export interface CredentialFacts {
  readonly credential: Pick<Credential, "kind" | "host" | "source" | "expiresAtMs">;
  /** The sources that this one takes precedence over, strongest first. */
  readonly hidden: readonly string[];
  /** The context that `PW_CONTEXT` selects although `PW_API_KEY` takes precedence. */
  readonly ignoredContext: string | null;
  /** Why the credentials file is ignored; `null` if it is not. */
  readonly fileWarning: string | null;
  /** The host that the key names, when the key is sent to another one. */
  readonly keyHost: string | null;
  /** `--allow-host` when nothing needs it. */
  readonly unusedAllowHost: string | null;
  readonly nowMs: number;
}

export const KIND_LABELS: Readonly<Record<Credential["kind"], string>> = {
  pwt: "API key",
  pwut: "user token",
  jwt: "session token",
  pwoa: "sign-in token",
};

export function checkCredential(facts: CredentialFacts): CheckResult {
  const { credential: { kind, host, source, expiresAtMs }, nowMs, ignoredContext, keyHost, unusedAllowHost } = facts;
  const hides = facts.hidden.length === 0 ? "" : ` (instead of ${facts.hidden.join(", ")})`;
  const origin = `${KIND_LABELS[kind]} for ${host}, from ${source}${hides}`;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) {
    return failedCheckResult(
      "credential_refused",
      `${origin}; expired ${formatDuration(nowMs - expiresAtMs)} ago`,
      "Create a new one in your account settings on the platform, or sign in again",
    );
  }
  const expiry = expiresAtMs === null ? "expiration unknown" : `expires ${formatUtc(expiresAtMs)}`;
  return okCheckUnless(`${origin}; ${expiry}`, [
    keyHost === null ? null : {
      detail: `the key itself names ${keyHost}`,
      hint: "PW_PLATFORM_HOST and --allow-host send it to another host: remove them to use the key's own host",
    },
    ignoredContext === null ? null : {
      detail: `context "${ignoredContext}" from PW_CONTEXT is ignored`,
      hint: `Unset PW_API_KEY, or use --context ${ignoredContext}, to use that context`,
    },
    facts.fileWarning === null ? null : {
      detail: facts.fileWarning,
      hint: "Fix or remove the file: signing in with the official CLI writes a new one",
    },
    unusedAllowHost === null ? null : {
      detail: `--allow-host ${unusedAllowHost} has no effect`,
      hint: "It only permits the host in PW_PLATFORM_HOST, or the host of a key in .env",
    },
    expiresAtMs === null || expiresAtMs - nowMs >= EXPIRES_SOON_MS ? null : {
      detail: `that is in ${formatDuration(expiresAtMs - nowMs)}`,
      hint: "A run that takes longer cannot be tracked to its end with it: renew it first",
    },
  ]);
}

export function checkConnection(baseUrl: string, { state, elapsedMs }: HostHealth): CheckResult {
  const detail = `${baseUrl} responded in ${Math.round(elapsedMs)} ms`;
  switch (state) {
    case "ok":
      return okCheckResult(detail);
    case "unknown":
      return okCheckResult(`${detail}; it has no health endpoint`);
    case "foreign":
      return warningCheckResult(
        `${detail}, but not like the platform`,
        "Check the host, and whether a sign-in page or a proxy is in front of it",
      );
    default:
      return state satisfies never;
  }
}

/** @param variable The variable that sets a proxy; `null` for none. */
export function withProxyHint(result: CheckResult, variable: string | null): CheckResult {
  if (variable === null || result.status !== "failed") return result;
  const hint = `${variable} is set: the proxy may be failing, or NO_PROXY may be missing this host`;
  return { ...result, hint: result.hint === null ? hint : `${result.hint}. ${hint}` };
}

export function checkClock({ clockAheadMs }: Pick<HostHealth, "clockAheadMs">): CheckResult {
  if (clockAheadMs === null) return skippedCheckResult("the host's response has no date");
  const skewMs = Math.abs(clockAheadMs);
  // The host's date has a resolution of one second.
  if (skewMs < 2_000) return okCheckResult("in sync with the host");
  const detail = `${formatDuration(skewMs)} ${clockAheadMs > 0 ? "behind" : "ahead of"} the host`;
  if (skewMs < SKEW_WARNING_MS) return okCheckResult(detail);
  const hint =
    "Set this machine's clock (NTP): displayed ages and times, key expiration, and finding a run again after " +
    "a lost response depend on it";
  return skewMs > SKEW_FAILURE_MS ? failedCheckResult("failed", detail, hint) : warningCheckResult(detail, hint);
}

export function checkAccount(identity: Identity): CheckResult {
  const name = accountName(identity);
  return okCheckResult(identity.organization === null ? `${name}; the server names no organization` : name);
}

/** `demo (Demo) of example-org`. */
export function accountName({ user, fullName, organization }: Identity): string {
  const name = fullName === null || fullName === user ? user : `${user} (${fullName})`;
  return organization === null ? name : `${name} of ${organization}`;
}

const UNKNOWN = "unknown (run `pw-workflow-runner probe`)";

export function checkRoutes(apiVersion: ApiVersion, capabilities: ServerCapabilities): CheckResult {
  if (apiVersion === "legacy") {
    return warningCheckResult(
      "legacy API: an older server",
      "Its runs cannot be cancelled, nor found by our slug after a lost response",
    );
  }
  const { keepsSlug, refusesDuplicateSlug } = capabilities;
  if (keepsSlug === undefined && refusesDuplicateSlug === undefined) {
    return okCheckResult(`current API; keeps our slugs and refuses duplicates: ${UNKNOWN}`);
  }
  const answer = (fact: boolean | undefined) => fact === undefined ? UNKNOWN : fact ? "yes" : "no";
  return okCheckResult(
    `current API; keeps our slugs: ${answer(keepsSlug)}; refuses duplicates: ${answer(refusesDuplicateSlug)}`,
  );
}

/** @param workspace `null` when the server has no such endpoint. */
export function checkWorkspace(workspace: WorkspaceStatus | null): CheckResult {
  if (workspace === null) return skippedCheckResult("not reported by the server");
  const { status, details, home } = workspace;
  const detail = details === null ? status : `${status}: ${details}`;
  if (status === "Failed") {
    return failedCheckResult("unavailable", detail, "Restart it with `pw-workflow-runner workspace restart`");
  }
  // The platform turns an idle workspace off.
  if (IDLE_STATUSES.has(status)) {
    return okCheckResult(`${detail}; normal while idle, and a run waits until it is Running`);
  }
  if (STARTING_STATUSES.has(status)) return okCheckResult(`${detail}; a run waits until it is Running`);
  if (home !== null && home.availableBytes < home.sizeBytes * LOW_SPACE_SHARE) {
    return warningCheckResult(
      `${detail}; ${formatBytes(home.availableBytes)} of ${formatBytes(home.sizeBytes)} left in its home folder`,
      "Free some space there: runs write their logs to it",
    );
  }
  return okCheckResult(detail);
}

/** `2026-01-05 14:00:00 UTC`. */
export function formatUtc(atMs: number): string {
  return new Date(atMs).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}
