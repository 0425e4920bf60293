/** The credential, and what its host answers. */

import type { Identity } from "../../account.ts";
import { formatDuration } from "../../duration.ts";
import type { Credential } from "../../platform/credentials/credentials.ts";
import { IDLE_STATUSES, STARTING_STATUSES } from "../../runs/submit.ts";
import { nonBlank } from "../../text.ts";
import type { Context } from "../context.ts";
import { type CheckResult, failed, ok, okUnless, resultOfError, warning } from "./check.ts";
import { type DoctorFacts, isConnectionFailure, Skipped } from "./facts.ts";
import { formatBytes } from "./machine_checks.ts";
import { formatTime } from "../terminal/time_text.ts";

const EXPIRES_SOON_MS = 3_600_000;
const SKEW_WARNING_MS = 30_000;
const SKEW_FAILURE_MS = 300_000;
/** Below this share of free space the home folder is almost full. */
const LOW_SPACE_SHARE = 0.05;

export const KIND_LABELS: Readonly<Record<Credential["kind"], string>> = {
  pwt: "API key",
  pwut: "user token",
  jwt: "session token",
  pwoa: "sign-in token",
};

export const RENEW_KEY = "Create a new one in your account settings on the platform, or sign in again";

export const expirationText = (expiresAtMs: number | null): string =>
  expiresAtMs === null ? "expiration unknown" : `expires ${formatTime(expiresAtMs)}`;

export async function checkCredential(
  { context: { env, clock }, values, credential }: DoctorFacts,
): Promise<CheckResult> {
  const { credential: { kind, host, source, expiresAtMs }, hidden, fileWarning, keyHost } = await credential;
  const instead = hidden.length === 0 ? "" : ` (instead of ${hidden.join(", ")})`;
  const origin = `${KIND_LABELS[kind]} for ${host}, from ${source}${instead}`;
  const leftMs = expiresAtMs === null ? Infinity : expiresAtMs - clock.now();
  if (leftMs <= 0) {
    return failed("credential_refused", `${origin}; expired ${formatDuration(-leftMs)} ago`, RENEW_KEY);
  }
  const isHostSet = nonBlank(env("PW_PLATFORM_HOST")) !== null;
  const { allowHost } = values;
  const isAllowHostUnused = nonBlank(allowHost) !== null && !isHostSet && source !== ".env" && allowHost !== host;
  const context = nonBlank(env("PW_CONTEXT"));
  return okUnless(`${origin}; ${expirationText(expiresAtMs)}`, [
    isHostSet && keyHost !== null && keyHost !== host && [
      `the key itself names ${keyHost}`,
      "PW_PLATFORM_HOST and --allow-host send it to another host: remove them to use the key's own host",
    ],
    source === "PW_API_KEY" && context !== null && [
      `context "${context}" from PW_CONTEXT is ignored`,
      `Unset PW_API_KEY, or use --context ${context}, to use that context`,
    ],
    fileWarning !== undefined &&
    [fileWarning, "Fix or remove the file: signing in with the official CLI writes a new one"],
    isAllowHostUnused && [
      `--allow-host ${allowHost} has no effect`,
      "It only permits the host in PW_PLATFORM_HOST, or the host of a key in .env",
    ],
    leftMs < EXPIRES_SOON_MS && [
      `that is in ${formatDuration(leftMs)}`,
      "A run that takes longer cannot be tracked to its end with it: renew it first",
    ],
  ]);
}

export async function checkConnection({ context, http, health }: DoctorFacts): Promise<CheckResult> {
  try {
    const { state, elapsedMs } = await health;
    const detail = `${(await http).baseUrl} responded in ${Math.round(elapsedMs)} ms`;
    if (state !== "foreign") return ok(state === "ok" ? detail : `${detail}; it has no health endpoint`);
    return warning(
      `${detail}, but not like the platform`,
      "Check the host, and whether a sign-in page or a proxy is in front of it",
    );
  } catch (error) {
    const variable = isConnectionFailure(error) ? proxyVariableFor(context, (await http).baseUrl) : undefined;
    if (variable === undefined) throw error;
    const result = resultOfError(error);
    const hint = `${variable} is set: the proxy may be failing, or NO_PROXY may be missing this host`;
    return { ...result, hint: result.hint === null ? hint : `${result.hint}. ${hint}` };
  }
}

export async function checkClock({ health }: DoctorFacts): Promise<CheckResult> {
  const { clockAheadMs } = await health.catch(() => Promise.reject(new Skipped("needs a connection")));
  if (clockAheadMs === null) throw new Skipped("the host's response has no date");
  const skewMs = Math.abs(clockAheadMs);
  // The host's date has a resolution of one second.
  if (skewMs < 2_000) return ok("in sync with the host");
  const detail = `${formatDuration(skewMs)} ${clockAheadMs > 0 ? "behind" : "ahead of"} the host`;
  if (skewMs < SKEW_WARNING_MS) return ok(detail);
  const hint = "Set this machine's clock (NTP): displayed ages and times, key expiration, and finding a run again " +
    "after a lost response depend on it";
  return skewMs > SKEW_FAILURE_MS ? failed("failed", detail, hint) : warning(detail, hint);
}

export async function checkAccount({ identity }: DoctorFacts): Promise<CheckResult> {
  const found = await identity;
  return ok(found.organization === null ? `${found.user}; the server names no organization` : accountName(found));
}

const UNKNOWN = "unknown (run `pw-workflow-runner doctor --probe WORKFLOW`)";

export async function checkRoutes({ apiVersion, history }: DoctorFacts): Promise<CheckResult> {
  if (await apiVersion === "legacy") {
    return warning(
      "legacy API: an older server",
      "Its runs cannot be cancelled, nor found by our slug after a lost response",
    );
  }
  const state = await history.then((found) => found.state, () => null);
  const { keepsSlug, refusesDuplicateSlug } = state?.type === "sound" ? state.capabilities : {};
  if (keepsSlug === undefined && refusesDuplicateSlug === undefined) {
    return ok(`current API; keeps our slugs and refuses duplicates: ${UNKNOWN}`);
  }
  const answer = (fact: boolean | undefined) => fact === undefined ? UNKNOWN : fact ? "yes" : "no";
  return ok(`current API; keeps our slugs: ${answer(keepsSlug)}; refuses duplicates: ${answer(refusesDuplicateSlug)}`);
}

export async function checkWorkspace(facts: DoctorFacts): Promise<CheckResult> {
  const found = await facts.workspace;
  if (found === null) throw new Skipped("not reported by the server");
  const { status, details, home } = found;
  const detail = details === null ? status : `${status}: ${details}`;
  if (status === "Failed") {
    return failed("unavailable", detail, "Restart it with `pw-workflow-runner workspace restart`");
  }
  // The platform stops an idle workspace.
  if (IDLE_STATUSES.has(status)) return ok(`${detail}; normal while idle, and a run waits until it is Running`);
  if (STARTING_STATUSES.has(status)) return ok(`${detail}; a run waits until it is Running`);
  if (home === null || home.availableBytes >= home.sizeBytes * LOW_SPACE_SHARE) return ok(detail);
  return warning(
    `${detail}; ${formatBytes(home.availableBytes)} of ${formatBytes(home.sizeBytes)} left in its home folder`,
    "Free some space there: runs write their logs to it",
  );
}

/** `demo (Demo) of example-org`. */
export function accountName({ user, fullName, organization }: Identity): string {
  const name = fullName === null || fullName === user ? user : `${user} (${fullName})`;
  return organization === null ? name : `${name} of ${organization}`;
}

function proxyVariableFor({ env }: Context, baseUrl: string): string | undefined {
  const names = [baseUrl.startsWith("http:") ? "HTTP_PROXY" : "HTTPS_PROXY", "ALL_PROXY"];
  return names.flatMap((name) => [name, name.toLowerCase()]).find((name) => nonBlank(env(name)) !== null);
}
