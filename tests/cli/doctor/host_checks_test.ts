import assert from "node:assert/strict";
import {
  checkAccount,
  checkClock,
  checkConnection,
  checkCredential,
  checkRoutes,
  checkWorkspace,
  type CredentialFacts,
  withProxyHint,
} from "../../../lib/cli/doctor/host_checks.ts";
import { type CheckResult, failedCheckWith, okCheckResult } from "../../../lib/cli/doctor/check.ts";
import { CredentialError } from "../../../lib/errors.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9);
const HOUR_MS = 3_600_000;
const identity = { user: "demo", fullName: "Demo", email: null, organization: "example-org" };

function aCredential(
  credential: Partial<CredentialFacts["credential"]> = {},
  facts: Partial<CredentialFacts> = {},
): CredentialFacts {
  return {
    credential: { kind: "pwt", host: "activate.example.com", source: "PW_API_KEY", expiresAtMs: null, ...credential },
    hidden: [],
    ignoredContext: null,
    fileWarning: null,
    keyHost: null,
    unusedAllowHost: null,
    nowMs: NOW_MS,
    ...facts,
  };
}

const clock = (clockAheadMs: number | null) => checkClock({ clockAheadMs });
const workspace = (status: string, home: { sizeBytes: number; availableBytes: number } | null = null) =>
  checkWorkspace({ status, details: null, home });
const connection = (state: "ok" | "unknown" | "foreign") =>
  checkConnection("https://activate.example.com", { state, elapsedMs: 12.4, clockAheadMs: null });

for (
  const [name, result, status, expected] of [
    ["an API key", checkCredential(aCredential()), "ok", /^API key for activate\.example\.com, from PW_API_KEY;/],
    [
      "a key that hides others",
      checkCredential(aCredential({ source: "context a of f" }, { hidden: ["PW_API_KEY", "current context b"] })),
      "ok",
      /from context a of f \(instead of PW_API_KEY, current context b\);/,
    ],
    [
      "a credentials file that is ignored",
      checkCredential(aCredential({}, { fileWarning: "The credentials file f is ignored: it cannot be read" })),
      "warning",
      /f is ignored.*Fix or remove the file/,
    ],
    [
      "a token that expires later",
      checkCredential(aCredential({ kind: "jwt", expiresAtMs: NOW_MS + 5 * HOUR_MS })),
      "ok",
      /^session token .* expires 2026-01-05 14:00:00 UTC$/,
    ],
    [
      "a token that expires soon",
      checkCredential(aCredential({ expiresAtMs: NOW_MS + HOUR_MS / 2 })),
      "warning",
      /in 30m 00s .*renew/,
    ],
    ["an expired token", checkCredential(aCredential({ expiresAtMs: NOW_MS })), "failed", /expired 0s ago.*new one/],
    [
      "a context that PW_API_KEY overrides",
      checkCredential(aCredential({}, { ignoredContext: "work" })),
      "warning",
      /"work" from PW_CONTEXT is ignored.*Unset PW_API_KEY, or use --context work/,
    ],
    [
      "a key for another host",
      checkCredential(aCredential({}, { keyHost: "other.example.com" })),
      "warning",
      /itself names other\.example\.com.*PW_PLATFORM_HOST and --allow-host/,
    ],
    [
      "an --allow-host without effect",
      checkCredential(aCredential({}, { unusedAllowHost: "other.example.com" })),
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

    ["a user", checkAccount(identity), "ok", /^demo \(Demo\) of example-org$/],
    [
      "a user without a full name or organization",
      checkAccount({ ...identity, fullName: null, organization: null }),
      "ok",
      /^demo; .* no org/,
    ],

    ["a legacy server", checkRoutes("legacy", {}), "warning", /older server.*cannot be cancelled/],
    [
      "a server with unknown capabilities",
      checkRoutes("current", {}),
      "ok",
      /^current API; .*: unknown \(run `pw-workflow-runner probe`\)$/,
    ],
    [
      "a server with one known capability",
      checkRoutes("current", { keepsSlug: true }),
      "ok",
      /keeps our slugs: yes; refuses duplicates: unknown/,
    ],
    [
      "a server with known capabilities",
      checkRoutes("current", { keepsSlug: false, refusesDuplicateSlug: true }),
      "ok",
      /: no; .*: yes$/,
    ],

    ["an unreported workspace", checkWorkspace(null), "skipped", /not reported/],
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
  ] as const satisfies readonly (readonly [string, CheckResult, CheckResult["status"], RegExp])[]
) {
  Deno.test(`${name}: ${status}`, () => {
    assert.equal(result.status, status);
    assert.match([result.detail, result.hint ?? ""].join(" ").trimEnd(), expected);
    // Every failure and every warning comes with a hint.
    if (status === "failed" || status === "warning") assert.notEqual(result.hint, null);
  });
}

Deno.test("a failed connection hints at the proxy, a working one does not", () => {
  const failed = failedCheckWith(new CredentialError("forbidden", "Cannot reach it", { hint: "Check it" }));
  assert.match(withProxyHint(failed, "HTTPS_PROXY").hint ?? "", /^Check it\. HTTPS_PROXY is set/);
  assert.equal(withProxyHint(failed, null), failed);
  assert.equal(withProxyHint(okCheckResult("fine"), "HTTPS_PROXY").hint, null);
});
