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
import type { inspectStore } from "../../../lib/store/inspect.ts";
import { aContext } from "../../support/cli_context.ts";
import { facts, resultOf } from "./support/facts.ts";

const versions = (deno: string) =>
  resultOf(
    checkVersions,
    facts({
      context: aContext({ versionLine: "pw-workflow-runner 0.1.0", os: "linux", runtime: { deno, arch: "x86_64" } }),
    }),
  );

type HistoryParts = Partial<Awaited<ReturnType<typeof inspectStore>>> & {
  readonly isShared?: boolean;
  readonly place?: string;
};
const history = (parts: HistoryParts = {}, env: Readonly<Record<string, string>> = {}) =>
  resultOf(
    checkHistory,
    facts({
      context: aContext({ env: (name) => env[name] }),
      history: {
        place: "/state/history.db",
        isShared: false,
        state: { type: "sound", records: 2, open: 1, unconfirmed: 0, capabilities: {} },
        bytes: 4_096,
        mode: 0o600,
        whyNotWritable: null,
        ...parts,
      },
    }),
  );

interface Machine {
  readonly env?: Readonly<Record<string, string>>;
  readonly denied?: readonly string[];
}

const contextOf = ({ env = {}, denied = [] }: Machine, mayRead = true) =>
  aContext({ env: (name) => env[name], mayReadEnv: (name) => !denied.includes(name), mayRead: () => mayRead });
const network = (machine: Machine) => resultOf(checkNetwork, facts({ context: contextOf(machine) }));
const settings = (
  { dotenv = null, mayRead = true, ...machine }: Machine & {
    readonly dotenv?: { readonly read: readonly string[]; readonly ignored: readonly string[] } | null;
    readonly mayRead?: boolean;
  } = {},
) => {
  const names = dotenv === null ? null : { ...dotenv, settings: new Map() };
  return resultOf(checkSettings, facts({ context: contextOf(machine, mayRead), dotenv: names }));
};

for (
  const [name, pending, status, expected] of [
    [
      "a Deno between the oldest and the newest",
      versions("2.5.0"),
      "ok",
      /Deno 2\.5\.0, linux x86_64/,
    ],
    ["the oldest Deno", versions("2.4.2"), "ok", /2\.4\.2 to /],
    ["a newer Deno", versions("2.10.0+abc"), "ok", /2\.10\.0/],
    ["an older Deno", versions("2.4.1"), "failed", /older than Deno 2\.4\.2 .*deno upgrade/],

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
    [
      "a history on a full disk",
      history({ whyNotWritable: "no space left on the disk" }),
      "failed",
      /not writable: no space left on the disk Free disk space, or set PW_STATE_DIR/,
    ],
    [
      "a history on a read-only disk",
      history({ whyNotWritable: "the disk is read-only" }),
      "failed",
      /read-only Set PW_STATE_DIR to another folder/,
    ],
    [
      "a history with a name that the shell would split",
      history({ place: "/my state/history.db", mode: 0o644 }),
      "warning",
      /Run `chmod 600 "\/my state\/history\.db"`$/,
    ],
    [
      "a file of PW_STORE_URL that is not writable",
      history({ whyNotWritable: "no room" }, { PW_STORE_URL: "/state/history.db" }),
      "failed",
      /no room Make it writable, or set PW_STORE_URL to another file;/,
    ],
    [
      "a file of PW_STORE_URL that is another program's",
      history({ state: { type: "damaged", why: "file is not a database" } }, { PW_STORE_URL: "/state/history.db" }),
      "failed",
      /not a database Check the path: this file is not a run store, or name another store with PW_STORE_URL$/,
    ],
    [
      "a file of PW_STORE_URL of a newer version",
      history({ state: { type: "newer" } }, { PW_STORE_URL: "/state/history.db" }),
      "failed",
      /newer version.*set PW_STORE_URL to another file$/,
    ],
    ["a history that is not writable", history({ whyNotWritable: "no room" }), "failed", /no room/],
    [
      "a shared store",
      history({ isShared: true, mode: null }),
      "ok",
      /^\/state\/history\.db \(PW_STORE_URL\) responded: 2 runs, 1 unfinished$/,
    ],
    ["a damaged history", history({ state: { type: "damaged", why: "torn" } }), "failed", /is damaged: torn.*aside/],
    ["a history of a newer version", history({ state: { type: "newer" } }), "failed", /newer version.*Update/],
    ["a history in use", history({ state: { type: "busy", why: "locked" } }), "warning", /locked/],
    [
      "a history with unconfirmed runs",
      history({ state: { type: "sound", records: 1, open: 1, unconfirmed: 1, capabilities: {} } }),
      "warning",
      /1 run, 1 unfinished, 1 unconfirmed.*resume/,
    ],

    ["no proxy", network({}), "ok", /^no proxy/],
    [
      "a proxy with a password",
      network({ env: { https_proxy: "http://jo:hunter2@proxy:3128", DENO_CERT: "/ca.pem" } }),
      "ok",
      /^https_proxy=http:\/\/\*\*\*@proxy:3128, DENO_CERT=\/ca\.pem$/,
    ],
    [
      "a proxy that is not a URL",
      network({ env: { HTTP_PROXY: "http://jo:hun#ter2@proxy" } }),
      "warning",
      /^HTTP_PROXY=\(not a URL\); HTTP_PROXY is not a valid proxy URL Use a form like/,
    ],
    [
      "an unreadable network variable",
      network({ denied: ["NO_PROXY"] }),
      "ok",
      /no permission to read NO_PROXY \(--allow-env\)$/,
    ],

    ["nothing set", settings(), "ok", /^no variables set; no \.env file here$/],
    [
      "a variable of help topic environment",
      settings({ env: { PW_RUN_URL: "https://a.example/{slug}", PW_CA_CERT: "ca.pem", TERM: "xterm" } }),
      "ok",
      /^set: PW_RUN_URL; no \.env file here$/,
    ],
    [
      "a .env",
      settings({ env: { NO_COLOR: "1" }, dotenv: { read: ["PW_API_KEY"], ignored: [] } }),
      "ok",
      /^set: NO_COLOR; PW_API_KEY from \.env$/,
    ],
    [
      "a .env with a variable that it may not set",
      settings({ dotenv: { read: [], ignored: ["PW_CONTEXT"] } }),
      "warning",
      /nothing used from \.env; PW_CONTEXT in \.env is ignored Set it .*only PW_API_KEY, PW_TIMEOUT, PW_LOG_LEVEL$/,
    ],
    ["an unreadable .env", settings({ mayRead: false }), "ok", /no permission to read \.env/],
    [
      "an invalid value",
      settings({ env: { PW_TIMEOUT: "soon" } }),
      "warning",
      /^set: PW_TIMEOUT; no \.env file here; PW_TIMEOUT is not a duration/,
    ],
    [
      "an unreadable variable",
      settings({ denied: ["PW_CONTEXT"] }),
      "ok",
      /no permission to read PW_CONTEXT/,
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
