/** What is made of a key, and of what was found on its host: well or not, why, and what to do about it. Pure. */

import type { Health, WorkspaceStatus } from "../../platform/host_check.ts";
import type { Credential } from "../../platform/credentials/credentials.ts";
import type { Identity } from "../../account.ts";
import type { ApiVersion, ServerCapabilities } from "../../capabilities.ts";
import { formatDuration } from "../../duration.ts";
import { bad, byteText, odd, skipped, unlessOdd, type Verdict, well } from "./check.ts";

const SOON_MS = 3_600_000;
const SKEW_OF_NOTE_MS = 30_000;
const SKEW_TOO_LARGE_MS = 300_000;
const CROWDED_SHARE = 0.05;

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
  return unlessOdd(detail, [
    ownHost === null ? null : {
      what: `the key itself names ${ownHost}`,
      hint: "PW_PLATFORM_HOST and --allow-host send it elsewhere: leave them out if that is not meant",
    },
    beatenContext === null ? null : {
      what: `the identity "${beatenContext.name}" of ${beatenContext.by} is passed over`,
      hint: "Unset PW_API_KEY to use that identity",
    },
    idleAllowHost === null ? null : {
      what: `--allow-host ${idleAllowHost} changes nothing`,
      hint: "It only allows what PW_PLATFORM_HOST asks for: set both, or neither",
    },
    expiresAtMs === null || expiresAtMs - nowMs >= SOON_MS ? null : {
      what: `that is in ${formatDuration(expiresAtMs - nowMs)}`,
      hint: "A run that takes longer can't be followed to its end with it: renew it first",
    },
  ]);
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

export function judgeRoutes(family: ApiVersion, profile: ServerCapabilities): Verdict {
  if (family === "legacy") {
    return odd(
      "nested: an older server",
      "Runs can't be cancelled there, nor found again by a name of ours after a lost answer",
    );
  }
  const { keepsSlug, refusesDuplicateSlug } = profile;
  if (keepsSlug === undefined && refusesDuplicateSlug === undefined) {
    return well(`flat; whether it keeps a run's name of ours is ${UNKNOWN}`);
  }
  const said = (fact: boolean | undefined) => fact === undefined ? UNKNOWN : fact ? "yes" : "no";
  return well(
    `flat; keeps a run's name of ours: ${said(keepsSlug)}; refuses it a second time: ${said(refusesDuplicateSlug)}`,
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

function instant(atMs: number): string {
  return new Date(atMs).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}
