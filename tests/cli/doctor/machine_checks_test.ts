import assert from "node:assert/strict";
import {
  checkHistory,
  checkNetwork,
  checkSettings,
  checkVersions,
  NEWEST_DENO,
  OLDEST_DENO,
  redactProxy,
} from "../../../lib/cli/doctor/machine_checks.ts";
import type { CheckResult } from "../../../lib/cli/doctor/check.ts";
import type { StoreInspection } from "../../../lib/store/inspect.ts";

const machine = { program: "pw-workflow-runner 0.1.0", os: "linux", arch: "x86_64" };

function anInspection(parts: Partial<StoreInspection> = {}): StoreInspection {
  const state = { type: "sound", records: 2, open: 1, unconfirmed: 0, capabilities: {} } as const;
  return { state, bytes: 4_096, mode: 0o600, whyNotWritable: null, ...parts };
}

const settings = { dotenv: null, mayReadDotenv: true, set: [], denied: [], invalid: [] };
const history = (parts: Partial<StoreInspection> = {}) => checkHistory("/state/history.db", anInspection(parts));

for (
  const [name, result, status, expected] of [
    [
      "a Deno between the oldest and the newest",
      checkVersions({ ...machine, deno: "2.5.0" }),
      "ok",
      /Deno 2\.5\.0, linux x86_64/,
    ],
    ["the oldest Deno", checkVersions({ ...machine, deno: "2.4.2" }), "ok", /2\.4\.2 to /],
    ["a newer Deno", checkVersions({ ...machine, deno: "2.10.0+abc" }), "ok", /2\.10\.0/],
    ["an older Deno", checkVersions({ ...machine, deno: "2.4.1" }), "failed", /older than Deno 2\.4\.2 .*deno upgrade/],

    ["no history yet", history({ state: { type: "absent" }, bytes: 0, mode: null }), "ok", /none yet/],
    [
      "a history that cannot be created",
      history({ state: { type: "absent" }, bytes: 0, mode: null, whyNotWritable: "no" }),
      "failed",
      /is not writable: no .*PW_STATE_DIR/,
    ],
    [
      "a history",
      history(),
      "ok",
      /^\/state\/history\.db: 2 runs, 1 unfinished, 0 unconfirmed, 4 KiB, permissions 0600$/,
    ],
    ["a history on Windows", history({ mode: null }), "ok", /4 KiB$/],
    [
      "a history that other users can read",
      history({ mode: 0o644 }),
      "warning",
      /0644: other users can access it Run `chmod 600/,
    ],
    ["a history that is not writable", history({ whyNotWritable: "no room" }), "failed", /no room/],
    ["a damaged history", history({ state: { type: "damaged", why: "torn" } }), "failed", /is damaged: torn.*aside/],
    ["a history of a newer version", history({ state: { type: "newer" } }), "failed", /newer version.*Update/],
    ["a history in use", history({ state: { type: "busy", why: "locked" } }), "warning", /locked/],
    [
      "a history with unconfirmed runs",
      history({ state: { type: "sound", records: 1, open: 1, unconfirmed: 1, capabilities: {} } }),
      "warning",
      /1 run, 1 unfinished, 1 unconfirmed.*resume/,
    ],

    ["no proxy", checkNetwork({ variables: [], denied: [] }), "ok", /^no proxy/],
    [
      "a proxy with a password",
      checkNetwork({
        variables: [
          { name: "https_proxy", value: "http://jo:hunter2@proxy:3128" },
          { name: "DENO_CERT", value: "/ca.pem" },
        ],
        denied: [],
      }),
      "ok",
      /^https_proxy=http:\/\/\*\*\*@proxy:3128, DENO_CERT=\/ca\.pem$/,
    ],
    [
      "a proxy that is not a URL",
      checkNetwork({ variables: [{ name: "HTTP_PROXY", value: "http://jo:hun#ter2@proxy" }], denied: [] }),
      "warning",
      /^HTTP_PROXY=\(not a URL\); HTTP_PROXY is not a valid proxy URL Use a form like/,
    ],
    [
      "an unreadable network variable",
      checkNetwork({ variables: [], denied: ["NO_PROXY"] }),
      "ok",
      /no permission to read NO_PROXY \(--allow-env\)$/,
    ],

    ["nothing set", checkSettings(settings), "ok", /^no variables set; no \.env file here$/],
    [
      "a .env",
      checkSettings({ ...settings, set: ["NO_COLOR"], dotenv: { read: ["PW_API_KEY"], ignored: [] } }),
      "ok",
      /^set: NO_COLOR; PW_API_KEY from \.env$/,
    ],
    [
      "a .env with a variable that it may not set",
      checkSettings({ ...settings, dotenv: { read: [], ignored: ["PW_CONTEXT"] } }),
      "warning",
      /nothing used from \.env; PW_CONTEXT in \.env is ignored/,
    ],
    ["an unreadable .env", checkSettings({ ...settings, mayReadDotenv: false }), "ok", /no permission to read \.env/],
    [
      "an invalid value",
      checkSettings({ ...settings, invalid: ["PW_TIMEOUT is wrong"] }),
      "warning",
      /PW_TIMEOUT is wrong/,
    ],
    [
      "an unreadable variable",
      checkSettings({ ...settings, denied: ["PW_CONTEXT"] }),
      "ok",
      /no permission to read PW_CONTEXT/,
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
  Deno.test(`redactProxy(${value}) is ${shown}`, () => assert.equal(redactProxy(value), shown));
}

Deno.test("the named Deno versions are those that CI tests with", async () => {
  const ci = await Deno.readTextFile(new URL("../../../.ci/run", import.meta.url));
  assert.ok(ci.includes(`NEWEST=${NEWEST_DENO} OLDEST=${OLDEST_DENO}`), ci);
});
