import assert from "node:assert/strict";
import {
  blamingProxy,
  type CredentialFacts,
  judgeAccount,
  judgeClock,
  judgeConnection,
  judgeCredential,
  judgeRoutes,
  judgeWorkspace,
} from "../../../lib/cli/doctor/host_checks.ts";
import { type Verdict, verdictOf, well } from "../../../lib/cli/doctor/check.ts";
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
    isFromDotenv: false,
    beatenContext: null,
    ownHost: null,
    idleAllowHost: null,
    nowMs: NOW_MS,
    ...facts,
  };
}

const clock = (clockAheadMs: number | null) => judgeClock({ clockAheadMs });
const workspace = (status: string, home: { sizeBytes: number; availableBytes: number } | null = null) =>
  judgeWorkspace({ status, details: null, home });
const connection = (state: "well" | "unknown" | "foreign") =>
  judgeConnection("https://activate.example.com", { state, elapsedMs: 12.4, clockAheadMs: null });

for (
  const [what, verdict, status, words] of [
    ["an API key", judgeCredential(aCredential()), "ok", /^API key for activate\.example\.com, from PW_API_KEY;/],
    ["a key of .env", judgeCredential(aCredential({}, { isFromDotenv: true })), "ok", /from PW_API_KEY of \.env;/],
    [
      "a token that lasts",
      judgeCredential(aCredential({ kind: "jwt", expiresAtMs: NOW_MS + 5 * HOUR_MS })),
      "ok",
      /^session token .* ends 2026-01-05 14:00:00 UTC$/,
    ],
    [
      "a token that ends soon",
      judgeCredential(aCredential({ expiresAtMs: NOW_MS + HOUR_MS / 2 })),
      "warning",
      /in 30m 00s .*renew/,
    ],
    ["an expired token", judgeCredential(aCredential({ expiresAtMs: NOW_MS })), "failed", /expired 0s ago.*new one/],
    [
      "an identity that PW_API_KEY beats",
      judgeCredential(aCredential({}, { beatenContext: { name: "work", by: "--context" } })),
      "warning",
      /"work" of --context is passed over.*Unset PW_API_KEY/,
    ],
    [
      "a key for another host",
      judgeCredential(aCredential({}, { ownHost: "other.example.com" })),
      "warning",
      /itself names other\.example\.com.*PW_PLATFORM_HOST and --allow-host/,
    ],
    [
      "an --allow-host that allows nothing",
      judgeCredential(aCredential({}, { idleAllowHost: "other.example.com" })),
      "warning",
      /--allow-host other\.example\.com changes nothing/,
    ],

    ["a host that is well", connection("well"), "ok", /^https:\/\/activate\.example\.com answers in 12 ms$/],
    ["a host without a health route", connection("unknown"), "ok", /no route/],
    ["a host that is something else", connection("foreign"), "warning", /sign-in page or a proxy/],

    ["no time", clock(null), "skipped", /no time/],
    ["a clock that is right", clock(-1_400), "ok", /^like the host's$/],
    ["a clock that is a little behind", clock(29_000), "ok", /^29s behind the host's$/],
    ["a clock that is behind", clock(30_000), "warning", /^30s behind .*NTP/],
    ["a clock that is five minutes ahead", clock(-300_000), "warning", /^5m 00s ahead of /],
    ["a clock that is more ahead", clock(-301_000), "failed", /^5m 01s ahead of .*NTP/],

    ["a user", judgeAccount(identity), "ok", /^demo \(Demo\) of example-org$/],
    [
      "a user without more",
      judgeAccount({ ...identity, fullName: null, organization: null }),
      "ok",
      /^demo; .* no org/,
    ],

    ["an older server", judgeRoutes("legacy", {}), "warning", /older server.*can't be cancelled/],
    [
      "a server of which nothing is known",
      judgeRoutes("current", {}),
      "ok",
      /^flat; .*not known: `contact` finds out$/,
    ],
    [
      "a server of which a part is known",
      judgeRoutes("current", { keepsSlug: true }),
      "ok",
      /keeps a run's name of ours: yes; refuses it a second time: not known/,
    ],
    [
      "a known server",
      judgeRoutes("current", { keepsSlug: false, refusesDuplicateSlug: true }),
      "ok",
      /: no; .*: yes$/,
    ],

    ["no word of a workspace", judgeWorkspace(null), "skipped", /does not tell/],
    ["a workspace that runs", workspace("Running"), "ok", /^Running$/],
    ["a workspace that is off", workspace("Off"), "warning", /start it/],
    ["a workspace that starts", workspace("Pulling"), "warning", /wait/],
    ["a workspace that failed", workspace("Failed"), "failed", /Restart/],
    ["a word of tomorrow", workspace("Hibernating"), "ok", /^Hibernating$/],
    [
      "a full home",
      workspace("Running", { sizeBytes: 100 * 2 ** 30, availableBytes: 2 ** 30 }),
      "warning",
      /1 GiB of 100 GiB are left/,
    ],
  ] as const satisfies readonly (readonly [string, Verdict, Verdict["status"], RegExp])[]
) {
  Deno.test(`${what}: ${status}`, () => {
    assert.equal(verdict.status, status);
    assert.match([verdict.detail, verdict.hint ?? ""].join(" ").trimEnd(), words);
    // Whoever reads a cross is told what to do, and so is whoever reads a warning.
    if (status === "failed" || status === "warning") assert.notEqual(verdict.hint, null);
  });
}

Deno.test("a proxy is named where a connection failed, and not where it came about", () => {
  const failed = verdictOf(new CredentialError("forbidden", "Cannot reach it", { hint: "Check it" }));
  assert.match(blamingProxy(failed, "HTTPS_PROXY").hint ?? "", /^Check it\. HTTPS_PROXY is set/);
  assert.equal(blamingProxy(failed, null), failed);
  assert.equal(blamingProxy(well("fine"), "HTTPS_PROXY").hint, null);
});
