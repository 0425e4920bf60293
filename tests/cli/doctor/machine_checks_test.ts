import assert from "node:assert/strict";
import {
  judgeHistory,
  judgeNetwork,
  judgeSettings,
  judgeVersions,
  NEWEST_DENO,
  OLDEST_DENO,
  proxyText,
} from "../../../lib/cli/doctor/machine_checks.ts";
import type { Verdict } from "../../../lib/cli/doctor/check.ts";
import type { StoreInspection } from "../../../lib/store/inspect.ts";

const machine = { program: "pw-workflow-runner 0.1.0", os: "linux", arch: "x86_64" };

function anInspection(parts: Partial<StoreInspection> = {}): StoreInspection {
  const state = { type: "sound", records: 2, open: 1, unconfirmed: 0, profile: {} } as const;
  return { state, bytes: 4_096, mode: 0o600, whyNotWritable: null, ...parts };
}

const settings = { dotenv: null, mayReadDotenv: true, set: [], hidden: [], unusable: [] };
const history = (parts: Partial<StoreInspection> = {}) => judgeHistory("/state/ledger.db", anInspection(parts));

for (
  const [what, verdict, status, words] of [
    ["a Deno between the two", judgeVersions({ ...machine, deno: "2.5.0" }), "ok", /Deno 2\.5\.0, linux x86_64/],
    ["the oldest Deno", judgeVersions({ ...machine, deno: "2.4.2" }), "ok", /2\.4\.2 to /],
    ["a newer Deno", judgeVersions({ ...machine, deno: "2.10.0+abc" }), "ok", /2\.10\.0/],
    ["an older Deno", judgeVersions({ ...machine, deno: "2.4.1" }), "failed", /older than Deno 2\.4\.2 .*deno upgrade/],

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
      history({ state: { type: "sound", records: 1, open: 1, unconfirmed: 1, profile: {} } }),
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
      /^HTTP_PROXY=\(not an address\); HTTP_PROXY cannot be read Write it like/,
    ],
    [
      "variables unseen",
      judgeNetwork({ variables: [], hidden: ["NO_PROXY"] }),
      "ok",
      /NO_PROXY may not be read \(--allow-env\)$/,
    ],

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
    ["a .env unseen", judgeSettings({ ...settings, mayReadDotenv: false }), "ok", /\.env may not be read/],
    [
      "a value of no use",
      judgeSettings({ ...settings, unusable: ["PW_TIMEOUT is odd"] }),
      "warning",
      /PW_TIMEOUT is odd/,
    ],
    ["a variable unseen", judgeSettings({ ...settings, hidden: ["PW_CONTEXT"] }), "ok", /PW_CONTEXT may not be read/],
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

Deno.test("the versions that are named are those that everything is tried with", async () => {
  const ci = await Deno.readTextFile(new URL("../../../.ci/run", import.meta.url));
  assert.ok(ci.includes(`NEWEST=${NEWEST_DENO} OLDEST=${OLDEST_DENO}`), ci);
});
