/** What doctor says of a machine where something is wrong, and that it changes nothing. Real processes. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../../lib/clock.ts";
import type { ServerBehavior } from "../../../lib/simulator/simulator.ts";
import { mountMissing, readOnlyDisk } from "../../support/disks.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { keyFor } from "../../platform/support/servers.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { needing } from "../../support/needs.ts";
import { type Call, type Ending, runProgram } from "../../support/program.ts";
import { openTerminal, tmuxMissing } from "../../support/tmux.ts";

const ROOT = new URL("../../../", import.meta.url);
const NAMES = [
  "versions",
  "settings",
  "network",
  "credential",
  "connection",
  "clock",
  "account",
  "routes",
  "workspace",
  "history",
];

interface Check {
  readonly name: string;
  readonly status: "ok" | "warning" | "failed" | "skipped";
  readonly detail: string;
  readonly hint: string | null;
}

interface Diagnosis extends Ending {
  readonly kind: string;
  /** `ok` and so on, by the check's name. */
  readonly statuses: Readonly<Record<string, Check["status"]>>;
  check(name: string): Check;
}

async function aStage(behavior: Partial<ServerBehavior> = {}, { isKeySet = true } = {}) {
  const folder = await emptyFolder();
  const simulator = await startSimulator({ clock: fastClock(systemClock, 1), behavior });
  const state = `${folder.path}/state`;
  await Deno.mkdir(`${folder.path}/here`);
  const program = (args: readonly string[], { env, ...call }: Partial<Call> = {}) =>
    runProgram({
      cwd: `${folder.path}/here`,
      ...call,
      args,
      env: {
        ...(isKeySet ? { PW_API_KEY: simulator.key } : {}),
        PW_STATE_DIR: state,
        HOME: folder.path,
        ...NO_PROXIES,
        ...env,
      },
    });
  return {
    simulator,
    folder: folder.path,
    state,
    program,
    async diagnose(call: Partial<Call> = {}, ...options: string[]): Promise<Diagnosis> {
      const key = call.env?.PW_API_KEY ?? simulator.key;
      const [inWords, ending] = await Promise.all([
        program(["doctor", ...options], call),
        program(["doctor", "--json", ...options], call),
      ]);
      for (const { stdout, stderr } of [inWords, ending]) assertNothingOf(key, stdout + stderr);
      return diagnosisOf(inWords, ending);
    },
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The machine's own proxies are no concern of these tests. */
const NO_PROXIES = Object.fromEntries(
  ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].flatMap((name) => [[name, ""], [name.toLowerCase(), ""]]),
);

/** The first part of a key names its host, which is no secret in itself, but is not shown in that form either. */
function assertNothingOf(key: string, text: string): void {
  const parts = key.split(".").flatMap((part) => [part, part.replace(/^pwu?t_/, "")]);
  for (const part of parts.filter(({ length }) => length > 5)) assert.ok(!text.includes(part), text);
}

/** What both faces said: they must not differ. */
function diagnosisOf(inWords: Ending, ending: Ending): Diagnosis {
  const document = JSON.parse(ending.stdout);
  assert.deepEqual(Object.keys(document), ["checks", "exitCode", "kind", "submitted"]);
  const checks: Check[] = document.checks;
  assert.deepEqual(checks.map(({ name }) => name), NAMES);
  for (const check of checks) {
    assert.deepEqual(Object.keys(check), ["name", "status", "detail", "hint"]);
    assert.ok(["ok", "warning", "failed", "skipped"].includes(check.status), check.status);
    assert.ok(typeof check.detail === "string" && check.detail !== "");
    assert.equal(check.hint !== null, check.status === "failed" || check.status === "warning", check.name);
    const sign = { ok: "✓", warning: "!", failed: "✗", skipped: "·" }[check.status];
    assert.ok(inWords.stdout.includes(`${sign} ${check.name}`), inWords.stdout);
    if (check.hint !== null) assert.ok(inWords.stdout.includes(`  ${check.hint}`), inWords.stdout);
  }
  assert.equal(document.submitted, "no");
  assert.deepEqual([ending.code, inWords.code], [document.exitCode, document.exitCode]);
  return {
    ...inWords,
    kind: document.kind,
    statuses: Object.fromEntries(checks.map(({ name, status }) => [name, status])),
    check: (name) => checks.find((check) => check.name === name) ?? assert.fail(name),
  };
}

Deno.test("where all is well every check says what is so, and nothing was changed or submitted", async () => {
  await using stage = await aStage();
  const { code, kind, statuses, check, stderr } = await stage.diagnose();
  assert.deepEqual([...new Set(Object.values(statuses))], ["ok"]);
  assert.deepEqual([code, kind], [0, "completed"]);
  const host = new URL(stage.simulator.url).host;
  assert.match(check("credential").detail, new RegExp(`^API key for ${host}, from PW_API_KEY;`));
  assert.match(check("connection").detail, /^http:.* answers in \d+ ms$/);
  assert.equal(check("account").detail, "demo (Demo) of example-org");
  assert.match(check("history").detail, /none yet/);
  assert.match(check("versions").detail, new RegExp(`Deno ${Deno.version.deno.replaceAll(".", "\\.")}, `));
  assert.equal(stderr, "Nothing is wrong\n");
  assert.deepEqual(await namesIn(stage.folder), ["here"]);
  assert.ok(stage.simulator.received().every(({ method }) => method === "GET"));
});

Deno.test("a history is told of with its runs, and what runs taught of the host", async () => {
  await using stage = await aStage();
  assert.equal((await stage.program(["run", "quick", "--no-wait"])).code, 0);
  const { check } = await stage.diagnose();
  assert.match(check("history").detail, /ledger\.db: 1 run, 1 open, 0 of unknown fate, \d+ KiB/);
  assert.match(check("routes").detail, /^flat; keeps a run's name of ours: yes/);
});

Deno.test("without a key the places looked at are told, and the rest is looked at all the same", async () => {
  await using stage = await aStage();
  const { code, kind, statuses, check } = await stage.diagnose({ env: { PW_API_KEY: "" } });
  assert.deepEqual([code, kind], [4, "credential_missing"]);
  assert.match(check("credential").detail, /PW_API_KEY \(not set\), .*credentials \(not there\)/);
  assert.deepEqual([statuses.history, statuses.settings, statuses.connection], ["ok", "ok", "skipped"]);
  const named = await stage.diagnose({ env: { PW_API_KEY: "", PW_PLATFORM_HOST: stage.simulator.url } });
  assert.deepEqual([named.code, named.statuses.connection, named.statuses.clock, named.statuses.account], [
    4,
    "ok",
    "ok",
    "skipped",
  ]);
});

Deno.test("a malformed key is told without a part of it", async () => {
  await using stage = await aStage();
  const { code, kind, check } = await stage.diagnose({ env: { PW_API_KEY: "hunter2hunter2" } });
  assert.deepEqual([code, kind], [4, "credential_malformed"]);
  assert.match(check("credential").detail, /none of the known forms/);
});

Deno.test("a refused key fails at the account, and what needs it is passed over", async () => {
  await using stage = await aStage();
  const { code, kind, statuses, check } = await stage.diagnose({
    env: { PW_API_KEY: stage.simulator.keyFor("expired") },
  });
  assert.deepEqual([code, kind], [4, "credential_refused"]);
  assert.match(check("account").hint ?? "", /has expired: create a new one/);
  assert.deepEqual([statuses.connection, statuses.clock, statuses.routes, statuses.workspace], [
    "ok",
    "ok",
    "skipped",
    "skipped",
  ]);
});

Deno.test("a server that is gone is told as the network tells it, once", async () => {
  await using stage = await aStage();
  const key = keyFor(await urlOfNobody());
  const { code, kind, statuses, check } = await stage.diagnose({ env: { PW_API_KEY: key } });
  assert.deepEqual([code, kind], [8, "unreachable"]);
  assert.match(check("connection").detail, /the connection was refused/);
  assert.deepEqual([statuses.clock, statuses.account, statuses.history], ["skipped", "skipped", "ok"]);
});

for (
  const [skewMs, status, code, words] of [
    [90_000, "warning", 0, /^1m \d+s behind the host's$/],
    [-600_000, "failed", 1, /^(9m 59|10m 00)s ahead of the host's$/],
  ] as const
) {
  Deno.test(`a clock that is ${skewMs / 1_000} s behind is a ${status} check`, async () => {
    await using stage = await aStage({ clockSkewMs: skewMs });
    const diagnosis = await stage.diagnose();
    assert.equal(diagnosis.code, code);
    assert.equal(diagnosis.check("clock").status, status);
    assert.match(diagnosis.check("clock").detail, words);
    assert.match(diagnosis.check("clock").hint ?? "", /NTP/);
  });
}

Deno.test("an older server and a workspace at rest are warnings", async () => {
  await using stage = await aStage({ routes: "legacy", workspace: "Off" });
  const { code, check, statuses } = await stage.diagnose();
  assert.equal(code, 0);
  assert.match(check("routes").detail, /^nested/);
  assert.deepEqual([statuses.routes, statuses.workspace], ["warning", "warning"]);
});

Deno.test("a state folder that can't be made fails, and the rest is well", async () => {
  await using stage = await aStage();
  await Deno.writeTextFile(`${stage.folder}/file`, "");
  const { code, kind, statuses, check } = await stage.diagnose({ env: { PW_STATE_DIR: `${stage.folder}/file/state` } });
  assert.deepEqual([code, kind, statuses.account], [8, "storage", "ok"]);
  assert.match(check("history").detail, /cannot be written/);
  assert.match(check("history").hint ?? "", /PW_STATE_DIR/);
});

Deno.test({
  ...needing("a state folder on a disk that may only be read fails", await mountMissing()),
  fn: async () => {
    await using stage = await aStage();
    await Deno.mkdir(stage.state);
    await using _disk = await readOnlyDisk(stage.state);
    const { code, kind } = await stage.diagnose();
    assert.deepEqual([code, kind], [8, "storage"]);
  },
});

Deno.test("a damaged history is told of, and neither set aside nor touched", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick", "--no-wait"]);
  const path = `${stage.state}/ledger.db`;
  await Deno.writeTextFile(path, "no database, ".repeat(1_000));
  const { code, kind, check } = await stage.diagnose();
  assert.deepEqual([code, kind], [8, "storage"]);
  assert.match(check("history").detail, /is damaged: file is not a database/);
  assert.deepEqual(await namesIn(stage.state), ["ledger.db"]);
  assert.equal(await Deno.readTextFile(path), "no database, ".repeat(1_000));
});

Deno.test("a proxy is shown without who uses it, and named where the connection fails", async () => {
  await using stage = await aStage();
  const proxy = new URL(await urlOfNobody()).host;
  const env = { HTTP_PROXY: `http://jo:hunter2@${proxy}`, HTTPS_PROXY: "jo:hun#ter2@proxy:1", NO_PROXY: "" };
  const { code, stdout, stderr, check } = await stage.diagnose({ env });
  assert.equal(code, 8);
  assert.ok(check("network").detail.includes(`HTTP_PROXY=http://***@${proxy}`), stdout);
  assert.match(check("network").detail, /HTTPS_PROXY=\(not an address\)/);
  assert.match(check("connection").hint ?? "", /HTTP_PROXY is set/);
  assert.doesNotMatch(stdout + stderr, /hunter2|hun#|ter2|jo:/);
});

Deno.test("an identity that PW_API_KEY beats, and a host that is not the key's own, are said", async () => {
  await using stage = await aStage();
  const beaten = await stage.diagnose({ env: { PW_CONTEXT: "work" } });
  assert.match(beaten.check("credential").detail, /"work" of PW_CONTEXT is passed over/);
  const asked = await stage.diagnose({ env: { PW_CONTEXT: "work" } }, "--context", "home");
  assert.match(asked.check("credential").detail, /"home" of --context is passed over/);
  const idle = await stage.diagnose({}, "--allow-host", "other.example.com");
  assert.match(idle.check("credential").detail, /--allow-host other\.example\.com changes nothing/);
  assert.deepEqual([beaten.code, asked.code, idle.code], [0, 0, 0]);

  const elsewhere = await urlOfNobody();
  const env = { PW_PLATFORM_HOST: stage.simulator.url, PW_API_KEY: keyFor(elsewhere) };
  const refused = await stage.diagnose({ env });
  assert.deepEqual([refused.code, refused.kind], [4, "credential_malformed"]);
  const allowed = await stage.diagnose({ env }, "--allow-host", stage.simulator.url);
  assert.match(allowed.check("credential").detail, new RegExp(`itself names ${new URL(elsewhere).host}$`));
  assert.equal(allowed.check("credential").status, "warning");
});

Deno.test("a key of .env is said to be, and what such a file may not say", async () => {
  await using stage = await aStage({}, { isKeySet: false });
  const text = `PW_API_KEY=${stage.simulator.key}\nPW_CONTEXT=work\nOTHER=1\n`;
  await Deno.writeTextFile(`${stage.folder}/here/.env`, text);
  const { code, check } = await stage.diagnose({ env: { PW_TIMEOUT: "soon" } });
  assert.equal(code, 0);
  assert.match(
    check("settings").detail,
    /PW_TIMEOUT, NO_COLOR; \.env here gives PW_API_KEY; PW_TIMEOUT is not a duration; PW_CONTEXT in it is not read$/,
  );
  assert.match(check("credential").detail, /from PW_API_KEY of \.env;/);
});

Deno.test("with few permissions each that is missing is said, and none is a crash", async () => {
  await using stage = await aStage();
  const host = new URL(stage.simulator.url).host;
  const bare = ["--allow-read=" + ROOT.pathname + "lib"];
  const none = await stage.diagnose({ permissions: bare });
  assert.equal(none.statuses.credential, "failed");
  assert.match(none.check("credential").detail, /PW_API_KEY/);
  assert.match(none.check("settings").detail, /PW_API_KEY, .* may not be read/);
  assert.notEqual(none.code, 70);

  const key = await stage.diagnose({ permissions: [...bare, "--allow-env"] });
  assert.deepEqual([key.statuses.credential, key.statuses.connection], ["ok", "failed"]);
  assert.match(key.check("connection").hint ?? "", /--allow-net/);
  assert.match(key.check("history").hint ?? "", /--allow-read/);

  const readable = [...bare, "--allow-env", `--allow-net=${host}`, `--allow-read=${stage.state}`];
  const unwritable = await stage.diagnose({ permissions: readable });
  assert.equal(unwritable.statuses.account, "ok");
  assert.match(unwritable.check("history").detail, /write access/);

  const enough = await stage.diagnose({ permissions: [...readable, `--allow-write=${stage.state}`] });
  assert.equal(enough.code, 0, enough.stdout);
});

const missing = await tmuxMissing();

Deno.test({
  ...needing("in a narrow terminal every line fits, and a failure is red", missing),
  async fn() {
    await using stage = await aStage();
    const main = new URL("main.ts", ROOT).pathname;
    await using terminal = await openTerminal({
      command: `${Deno.execPath()} run -A ${main} doctor`,
      columns: 44,
      rows: 60,
      env: { PW_API_KEY: stage.simulator.keyFor("expired"), PW_STATE_DIR: stage.state, NO_COLOR: "", ...NO_PROXIES },
    });
    const screen = await terminal.waitFor(/\[ended 4\]/);
    assert.match(screen, /^✗ account\n {4}Cannot ask whose key it is:$/m);
    assert.ok((await terminal.screen({ isStyled: true })).includes("\u001b[31m✗"));
  },
});

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

/** An address where nobody listens any more. */
async function urlOfNobody(): Promise<string> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response());
  await server.shutdown();
  return `http://127.0.0.1:${server.addr.port}`;
}
