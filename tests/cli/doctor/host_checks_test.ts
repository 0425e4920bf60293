import assert from "node:assert/strict";
import {
  checkAccount,
  checkClock,
  checkConnection,
  checkCredential,
  checkRoutes,
  checkWorkspace,
} from "../../../lib/cli/doctor/host_checks.ts";
import type { CheckResult } from "../../../lib/cli/doctor/check.ts";
import type { DoctorFacts } from "../../../lib/cli/doctor/facts.ts";
import type { ServerCapabilities } from "../../../lib/capabilities.ts";
import { Unreachable } from "../../../lib/errors.ts";
import { aContext } from "../../support/cli_context.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { facts, resultOf } from "./support/facts.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9);
const HOUR_MS = 3_600_000;
const identity = { user: "demo", fullName: "Demo", email: null, organization: "example-org" };

type FoundCredential = Awaited<DoctorFacts["credential"]>;

function credential(
  parts: Partial<FoundCredential["credential"]> = {},
  { env = {}, allowHost, ...found }: Partial<FoundCredential> & {
    env?: Record<string, string>;
    allowHost?: string;
  } = {},
): Promise<CheckResult> {
  return resultOf(
    checkCredential,
    facts({
      context: aContext({ clock: virtualClock(NOW_MS), env: (name) => env[name] }),
      values: { allowHost },
      credential: {
        credential: { kind: "pwt", host: "activate.example.com", source: "PW_API_KEY", expiresAtMs: null, ...parts },
        hidden: [],
        fileWarning: undefined,
        keyHost: "activate.example.com",
        ...found,
      },
    }),
  );
}

const clock = (clockAheadMs: number | null) =>
  resultOf(checkClock, facts({ health: { state: "ok", elapsedMs: 0, clockAheadMs } }));
const workspace = (status: string, home: { sizeBytes: number; availableBytes: number } | null = null) =>
  resultOf(checkWorkspace, facts({ workspace: { status, details: null, home } }));
const http = { baseUrl: "https://activate.example.com" };
const connection = (state: "ok" | "unknown" | "foreign") =>
  resultOf(checkConnection, facts({ http, health: { state, elapsedMs: 12.4, clockAheadMs: null } }));
const account = (parts: Partial<typeof identity> | { fullName: null; organization: null } = {}) =>
  resultOf(checkAccount, facts({ identity: { ...identity, ...parts } }));
const routes = (apiVersion: "current" | "legacy", capabilities: ServerCapabilities = {}) => {
  const state = { type: "sound", records: 0, open: 0, unconfirmed: 0, capabilities } as const;
  return resultOf(checkRoutes, facts({ apiVersion, history: { state } }));
};

for (
  const [name, pending, status, expected] of [
    ["an API key", credential(), "ok", /^API key for activate\.example\.com, from PW_API_KEY;/],
    [
      "a key that hides others",
      credential({ source: "context a of f" }, { hidden: ["PW_API_KEY", "current context b"] }),
      "ok",
      /from context a of f \(instead of PW_API_KEY, current context b\);/,
    ],
    [
      "a credentials file that is ignored",
      credential({}, { fileWarning: "The credentials file f is ignored: it cannot be read" }),
      "warning",
      /f is ignored.*Fix or remove the file/,
    ],
    [
      "a token that expires later",
      credential({ kind: "jwt", expiresAtMs: NOW_MS + 5 * HOUR_MS }),
      "ok",
      /^session token .* expires 2026-01-0[56] \d\d:\d\d:00 \S+$/,
    ],
    [
      "a token that expires soon",
      credential({ expiresAtMs: NOW_MS + HOUR_MS / 2 }),
      "warning",
      /in 30m 00s .*renew/,
    ],
    ["an expired token", credential({ expiresAtMs: NOW_MS }), "failed", /expired 0s ago.*new one/],
    [
      "a context that PW_API_KEY overrides",
      credential({}, { env: { PW_CONTEXT: "work" } }),
      "warning",
      /"work" from PW_CONTEXT is ignored.*Unset PW_API_KEY, or use --context work/,
    ],
    [
      "a key for another host",
      credential({}, { keyHost: "other.example.com", env: { PW_PLATFORM_HOST: "activate.example.com" } }),
      "warning",
      /itself names other\.example\.com.*PW_PLATFORM_HOST and --allow-host/,
    ],
    [
      "an --allow-host without effect",
      credential({}, { allowHost: "other.example.com" }),
      "warning",
      /--allow-host other\.example\.com has no effect/,
    ],

    ["a healthy host", connection("ok"), "ok", /^https:\/\/activate\.example\.com responded in 12 ms$/],
    ["a host without a health endpoint", connection("unknown"), "ok", /no health endpoint/],
    ["a host that is not the platform", connection("foreign"), "warning", /sign-in page or a proxy/],

    ["a response without a date", clock(null), "skipped", /no date/],
    ["a clock in sync", clock(-1_400), "ok", /^in sync with the host$/],
    ["a clock that is a little behind", clock(29_000), "ok", /^29s behind the host$/],
    ["a clock that is behind", clock(30_000), "warning", /^30s behind .*NTP/],
    ["a clock that is five minutes ahead", clock(-300_000), "warning", /^5m 00s ahead of /],
    ["a clock that is more ahead", clock(-301_000), "failed", /^5m 01s ahead of .*NTP/],

    ["a user", account(), "ok", /^demo \(Demo\) of example-org$/],
    [
      "a user without a full name or organization",
      account({ fullName: null, organization: null }),
      "ok",
      /^demo; .* no org/,
    ],

    ["a legacy server", routes("legacy", {}), "warning", /older server.*cannot be cancelled/],
    [
      "a server with unknown capabilities",
      routes("current", {}),
      "ok",
      /^current API; .*: unknown \(run `pw-workflow-runner doctor --probe WORKFLOW`\)$/,
    ],
    [
      "a server with one known capability",
      routes("current", { keepsSlug: true }),
      "ok",
      /keeps our slugs: yes; refuses duplicates: unknown/,
    ],
    [
      "a server with known capabilities",
      routes("current", { keepsSlug: false, refusesDuplicateSlug: true }),
      "ok",
      /: no; .*: yes$/,
    ],

    ["an unreported workspace", resultOf(checkWorkspace, facts({ workspace: null })), "skipped", /not reported/],
    ["a running workspace", workspace("Running"), "ok", /^Running$/],
    ["an idle workspace", workspace("Off"), "ok", /^Off; normal while idle/],
    ["a paused workspace", workspace("Paused"), "ok", /^Paused; normal while idle/],
    ["a starting workspace", workspace("Pulling"), "ok", /^Pulling; a run waits/],
    ["a failed workspace", workspace("Failed"), "failed", /`pw-workflow-runner workspace restart`/],
    ["a workspace with an unknown status", workspace("Hibernating"), "ok", /^Hibernating$/],
    [
      "an almost full home folder",
      workspace("Running", { sizeBytes: 100 * 2 ** 30, availableBytes: 2 ** 30 }),
      "warning",
      /1 GiB of 100 GiB left/,
    ],
  ] as const satisfies readonly (readonly [string, Promise<CheckResult>, CheckResult["status"], RegExp])[]
) {
  Deno.test(`${name}: ${status}`, async () => {
    const result = await pending;
    assert.equal(result.status, status);
    assert.match([result.detail, result.hint ?? ""].join(" ").trimEnd(), expected);
    // Every failure and every warning comes with a hint.
    if (status === "failed" || status === "warning") assert.notEqual(result.hint, null);
  });
}

Deno.test("a failed connection hints at the proxy, a working one does not", async () => {
  const error = new Unreachable("Cannot reach it", { hint: "Check it" });
  const context = aContext({ env: (name) => name === "https_proxy" ? "http://proxy:3128" : undefined });
  const failing = facts({ context, http, health: error });
  assert.match((await resultOf(checkConnection, failing)).hint ?? "", /^Check it\. https_proxy is set/);
  assert.equal((await resultOf(checkConnection, facts({ http, health: error }))).hint, "Check it");
  const health = { state: "ok", elapsedMs: 1, clockAheadMs: null } as const;
  assert.equal((await resultOf(checkConnection, facts({ context, http, health }))).hint, null);
});
