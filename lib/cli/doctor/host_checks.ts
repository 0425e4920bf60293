/** Judges the credential and what its host answered. Pure. */

import type { Health, WorkspaceStatus } from "../../platform/host_check.ts";
import type { Credential } from "../../platform/credentials/credentials.ts";
import type { Identity } from "../../account.ts";
import type { ApiVersion, ServerCapabilities } from "../../capabilities.ts";
import { formatDuration } from "../../duration.ts";
import { type CheckResult, failed, formatBytes, ok, okUnless, skipped, warning } from "./check.ts";

const EXPIRES_SOON_MS = 3_600_000;
const SKEW_WARNING_MS = 30_000;
const SKEW_FAILURE_MS = 300_000;
/** Below this share of free space the home folder is almost full. */
const LOW_SPACE_SHARE = 0.05;

export interface CredentialFacts {
  readonly credential: Pick<Credential, "kind" | "host" | "source" | "expiresAtMs">;
  readonly isFromDotenv: boolean;
  /** An identity that is selected by `source` although `PW_API_KEY` is set and overrides it. */
  readonly ignoredContext: { readonly name: string; readonly source: string } | null;
  /** The host that the key names, when the key is sent to another one. */
  readonly keyHost: string | null;
  /** `--allow-host` when no other host is selected. */
  readonly unusedAllowHost: string | null;
  readonly nowMs: number;
}

const KIND_LABELS: Readonly<Record<Credential["kind"], string>> = {
  pwt: "API key",
  pwut: "user token",
  jwt: "session token",
  pwoa: "sign-in token",
};

export function checkCredential(facts: CredentialFacts): CheckResult {
  const { credential: { kind, host, source, expiresAtMs }, nowMs, ignoredContext, keyHost, unusedAllowHost } = facts;
  const origin = `${KIND_LABELS[kind]} for ${host}, from ${source}${facts.isFromDotenv ? " in .env" : ""}`;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) {
    return failed(
      "credential_refused",
      `${origin}; expired ${formatDuration(nowMs - expiresAtMs)} ago`,
      "Create a new one in your account settings on the platform, or sign in again",
    );
  }
  const expiry = expiresAtMs === null ? "expiration unknown" : `expires ${formatInstant(expiresAtMs)}`;
  return okUnless(`${origin}; ${expiry}`, [
    keyHost === null ? null : {
      detail: `the key itself names ${keyHost}`,
      hint: "PW_PLATFORM_HOST and --allow-host send it to another host: remove them to use the key's own host",
    },
    ignoredContext === null ? null : {
      detail: `identity "${ignoredContext.name}" from ${ignoredContext.source} is ignored`,
      hint: "Unset PW_API_KEY to use that identity",
    },
    unusedAllowHost === null ? null : {
      detail: `--allow-host ${unusedAllowHost} has no effect`,
      hint: "It only permits the host in PW_PLATFORM_HOST: set both, or neither",
    },
    expiresAtMs === null || expiresAtMs - nowMs >= EXPIRES_SOON_MS ? null : {
      detail: `that is in ${formatDuration(expiresAtMs - nowMs)}`,
      hint: "A run that takes longer cannot be tracked to its end with it: renew it first",
    },
  ]);
}

export function checkConnection(baseUrl: string, { state, elapsedMs }: Health): CheckResult {
  const detail = `${baseUrl} responded in ${Math.round(elapsedMs)} ms`;
  switch (state) {
    case "ok":
      return ok(detail);
    case "unknown":
      return ok(`${detail}; it has no health endpoint`);
    case "foreign":
      return warning(
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

export function checkClock({ clockAheadMs }: Pick<Health, "clockAheadMs">): CheckResult {
  if (clockAheadMs === null) return skipped("the host's response has no date");
  const skewMs = Math.abs(clockAheadMs);
  // The host's date has a resolution of one second.
  if (skewMs < 2_000) return ok("in sync with the host");
  const detail = `${formatDuration(skewMs)} ${clockAheadMs > 0 ? "behind" : "ahead of"} the host`;
  if (skewMs < SKEW_WARNING_MS) return ok(detail);
  const hint =
    "Set this machine's clock (NTP): displayed ages and times, key expiration, and finding a run again after " +
    "a lost response depend on it";
  return skewMs > SKEW_FAILURE_MS ? failed("failed", detail, hint) : warning(detail, hint);
}

export function checkAccount({ user, fullName, organization }: Identity): CheckResult {
  const name = fullName === null || fullName === user ? user : `${user} (${fullName})`;
  return ok(organization === null ? `${name}; the server names no organization` : `${name} of ${organization}`);
}

const UNKNOWN = "unknown (run `pw-workflow-runner probe`)";

export function checkRoutes(apiVersion: ApiVersion, capabilities: ServerCapabilities): CheckResult {
  if (apiVersion === "legacy") {
    return warning(
      "legacy API: an older server",
      "Its runs cannot be cancelled, nor found by our slug after a lost response",
    );
  }
  const { keepsSlug, refusesDuplicateSlug } = capabilities;
  if (keepsSlug === undefined && refusesDuplicateSlug === undefined) {
    return ok(`current API; keeps our slugs and refuses duplicates: ${UNKNOWN}`);
  }
  const answer = (fact: boolean | undefined) => fact === undefined ? UNKNOWN : fact ? "yes" : "no";
  return ok(`current API; keeps our slugs: ${answer(keepsSlug)}; refuses duplicates: ${answer(refusesDuplicateSlug)}`);
}

const STARTING_STATUSES = ["Starting", "Pulling", "Restarting"];
const STOPPED_STATUSES = ["Off", "Stopped", "Paused", "Terminating"];

/** @param workspace `null` when the server has no such endpoint. */
export function checkWorkspace(workspace: WorkspaceStatus | null): CheckResult {
  if (workspace === null) return skipped("not reported by the server");
  const { status, details, home } = workspace;
  const detail = details === null ? status : `${status}: ${details}`;
  if (status === "Failed") return failed("unavailable", detail, "Restart it in the platform's web interface");
  if (STOPPED_STATUSES.includes(status)) {
    return warning(detail, "Runs need it: start it in the platform's web interface before the next run");
  }
  if (STARTING_STATUSES.includes(status)) return warning(detail, "Runs need it: wait until it is Running");
  if (home !== null && home.availableBytes < home.sizeBytes * LOW_SPACE_SHARE) {
    return warning(
      `${detail}; ${formatBytes(home.availableBytes)} of ${formatBytes(home.sizeBytes)} left in its home folder`,
      "Free some space there: runs write their logs to it",
    );
  }
  return ok(detail);
}

function formatInstant(atMs: number): string {
  return new Date(atMs).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}
