import assert from "node:assert/strict";
import {
  blamingProxy,
  type Check,
  conclude,
  type CredentialFacts,
  judgeAccount,
  judgeClock,
  judgeConnection,
  judgeCredential,
  judgeHistory,
  judgeNetwork,
  judgeRoutes,
  judgeSettings,
  judgeVersions,
  judgeWorkspace,
  odd,
  proxyText,
  skipped,
  type Verdict,
  verdictOf,
  well,
} from "../../lib/cli/diagnose.ts";
import { CredentialError } from "../../lib/errors.ts";
import type { LedgerInspection } from "../../lib/ledger/inspect.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9);
const HOUR_MS = 3_600_000;
const identity = { user: "demo", fullName: "Demo", email: null, organization: "example-org" };
const machine = { program: "pw-workflow-runner 0.1.0", os: "linux", arch: "x86_64" };

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

function anInspection(parts: Partial<LedgerInspection> = {}): LedgerInspection {
  const state = { type: "sound", records: 2, open: 1, doubtful: 0, profile: {} } as const;
  return { state, bytes: 4_096, mode: 0o600, whyNotWritable: null, ...parts };
}

const settings = { dotenv: null, mayReadDotenv: true, set: [], hidden: [], unusable: [] };
const clock = (clockAheadMs: number | null) => judgeClock({ clockAheadMs });
const history = (parts: Partial<LedgerInspection> = {}) => judgeHistory("/state/ledger.db", anInspection(parts));
const workspace = (status: string, home: { sizeBytes: number; availableBytes: number } | null = null) =>
  judgeWorkspace({ status, details: null, home });
const connection = (state: "well" | "unknown" | "foreign") =>
  judgeConnection("https://activate.example.com", { state, elapsedMs: 12.4, clockAheadMs: null });

for (
  const [what, verdict, status, words] of [
    ["a Deno between the two", judgeVersions({ ...machine, deno: "2.5.0" }), "ok", /Deno 2\.5\.0, linux x86_64/],
    ["the oldest Deno", judgeVersions({ ...machine, deno: "2.4.2" }), "ok", /2\.4\.2 to /],
    ["a newer Deno", judgeVersions({ ...machine, deno: "2.10.0+abc" }), "ok", /2\.10\.0/],
    ["an older Deno", judgeVersions({ ...machine, deno: "2.4.1" }), "failed", /older than Deno 2\.4\.2 .*deno upgrade/],

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
      /in 30m 00s.*renew/,
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

    ["an older server", judgeRoutes("nested", {}), "warning", /older server.*can't be cancelled/],
    ["a server of which nothing is known", judgeRoutes("flat", {}), "ok", /^flat; .*not known: `contact` finds out$/],
    [
      "a server of which a part is known",
      judgeRoutes("flat", { echoesSlug: true }),
      "ok",
      /keeps a run's name of ours: yes; refuses it a second time: not known/,
    ],
    ["a known server", judgeRoutes("flat", { echoesSlug: false, rejectsDuplicateSlug: true }), "ok", /: no; .*: yes$/],

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

    ["no history yet", history({ state: { type: "absent" }, bytes: 0, mode: null }), "ok", /none yet/],
    [
      "no place for a history",
      history({ state: { type: "absent" }, bytes: 0, mode: null, whyNotWritable: "no" }),
      "failed",
      /cannot be written: no .*PW_STATE_DIR/,
    ],
    ["a history", history(), "ok", /^\/state\/ledger\.db: 2 runs, 1 open, 0 of unknown fate, 4 KiB, permissions 0600$/],
    ["a history on Windows", history({ mode: null }), "ok", /4 KiB$/],
    ["a history for all to read", history({ mode: 0o644 }), "warning", /0644: others may read it chmod 600/],
    ["a history that can't be written", history({ whyNotWritable: "no room" }), "failed", /no room/],
    ["a damaged history", history({ state: { type: "damaged", why: "torn" } }), "failed", /is damaged: torn.*aside/],
    ["a history of tomorrow", history({ state: { type: "newer" } }), "failed", /newer version.*Update/],
    ["a history that is written", history({ state: { type: "busy", why: "locked" } }), "warning", /locked/],
    [
      "a history with runs in doubt",
      history({ state: { type: "sound", records: 1, open: 1, doubtful: 1, profile: {} } }),
      "warning",
      /1 run, 1 open, 1 of unknown fate.*resume/,
    ],

    ["no proxy", judgeNetwork({ variables: [], hidden: [] }), "ok", /^no proxy/],
    [
      "a proxy with a password",
      judgeNetwork({
        variables: [
          { name: "https_proxy", value: "http://jo:hunter2@proxy:3128" },
          { name: "DENO_CERT", value: "/ca.pem" },
        ],
        hidden: [],
      }),
      "ok",
      /^https_proxy=http:\/\/\*\*\*@proxy:3128, DENO_CERT=\/ca\.pem$/,
    ],
    [
      "a proxy that is no address",
      judgeNetwork({ variables: [{ name: "HTTP_PROXY", value: "http://jo:hun#ter2@proxy" }], hidden: [] }),
      "warning",
      /^HTTP_PROXY=\(not an address\) Write HTTP_PROXY like/,
    ],
    ["variables unseen", judgeNetwork({ variables: [], hidden: ["NO_PROXY"] }), "warning", /--allow-env=NO_PROXY /],

    ["nothing set", judgeSettings(settings), "ok", /^no variable is set; no \.env here$/],
    [
      "a .env",
      judgeSettings({ ...settings, set: ["NO_COLOR"], dotenv: { read: ["PW_API_KEY"], ignored: [] } }),
      "ok",
      /^set: NO_COLOR; \.env here gives PW_API_KEY$/,
    ],
    [
      "a .env that says more than it may",
      judgeSettings({ ...settings, dotenv: { read: [], ignored: ["PW_CONTEXT"] } }),
      "warning",
      /names nothing that is read; PW_CONTEXT in it is not read/,
    ],
    ["a .env unseen", judgeSettings({ ...settings, mayReadDotenv: false }), "warning", /--allow-read=\.env/],
    [
      "a value of no use",
      judgeSettings({ ...settings, unusable: ["PW_TIMEOUT is odd"] }),
      "warning",
      /PW_TIMEOUT is odd/,
    ],
    ["a variable unseen", judgeSettings({ ...settings, hidden: ["PW_CONTEXT"] }), "warning", /--allow-env=PW_CONTEXT /],
  ] as const satisfies readonly (readonly [string, Verdict, Verdict["status"], RegExp])[]
) {
  Deno.test(`${what}: ${status}`, () => {
    assert.equal(verdict.status, status);
    assert.match([verdict.detail, verdict.hint ?? ""].join(" ").trimEnd(), words);
    // Whoever reads a cross is told what to do, and so is whoever reads a warning.
    if (status === "failed" || status === "warning") assert.notEqual(verdict.hint, null);
  });
}

for (
  const [value, shown] of [
    ["http://proxy.example.com:3128", "http://proxy.example.com:3128"],
    ["proxy.example.com:3128", "http://proxy.example.com:3128"],
    ["http://proxy.example.com/", "http://proxy.example.com"],
    ["http://jo:hunter2@proxy:3128/", "http://***@proxy:3128"],
    ["jo:hunter2@proxy:3128", "http://***@proxy:3128"],
    ["socks5://jo:hunter2@proxy:1080", "socks5://***@proxy:1080"],
    ["http://jo:12/34@proxy", null],
    ["http://jo:12#34@proxy", null],
    ["http://jo:12@34#56@proxy", null],
    ["http://jo:12?34@proxy", null],
    ["http://hunter2/secret", null],
    ["http://", null],
    ["not an address", null],
  ] as const
) {
  Deno.test(`proxyText(${value}) is ${shown}`, () => assert.equal(proxyText(value), shown));
}

Deno.test("the gravest of the failed checks decides how it ends, and warnings don't", () => {
  const check = (verdict: Verdict): Check => ({ ...verdict, name: "account" });
  const refused = check(verdictOf(new CredentialError("credential_refused", "Cannot ask", { hint: "mend it" })));
  const late = check(clock(HOUR_MS));
  assert.deepEqual(conclude([check(well("")), check(odd("", "")), check(skipped(""))]), {
    exitCode: 0,
    kind: "completed",
  });
  assert.deepEqual(conclude([late]), { exitCode: 1, kind: "failed" });
  assert.deepEqual(conclude([late, refused]), { exitCode: 4, kind: "credential_refused" });
});

Deno.test("a proxy is named where a connection failed, and not where it came about", () => {
  const failed = verdictOf(new CredentialError("forbidden", "Cannot reach it", { hint: "Check it" }));
  assert.match(blamingProxy(failed, "HTTPS_PROXY").hint ?? "", /^Check it\. HTTPS_PROXY is set/);
  assert.equal(blamingProxy(failed, null), failed);
  assert.equal(blamingProxy(well("fine"), "HTTPS_PROXY").hint, null);
});
