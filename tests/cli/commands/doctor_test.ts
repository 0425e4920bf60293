/** `doctor` on machines with problems, and that it changes nothing. Real processes. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../../lib/clock.ts";
import type { ServerBehavior } from "../../../lib/simulator/simulator.ts";
import { mountMissing, readOnlyDisk } from "../../support/disks.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { keyFor } from "../../platform/support/servers.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { needing } from "../../support/needs.ts";
import { type ProgramCall, type ProgramEnd, runProgram } from "../../support/program.ts";
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

interface Diagnosis extends ProgramEnd {
  readonly kind: string;
  /** By the name of the check. */
  readonly statuses: Readonly<Record<string, Check["status"]>>;
  check(name: string): Check;
}

async function aStage(behavior: Partial<ServerBehavior> = {}, { isKeySet = true } = {}) {
  const folder = await emptyFolder();
  const simulator = await startSimulator({ clock: fastClock(systemClock, 1), behavior });
  const state = `${folder.path}/state`;
  await Deno.mkdir(`${folder.path}/here`);
  const program = (args: readonly string[], { env, ...call }: Partial<ProgramCall> = {}) =>
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
    async diagnose(call: Partial<ProgramCall> = {}, ...options: string[]): Promise<Diagnosis> {
      const key = call.env?.PW_API_KEY ?? simulator.key;
      const [asText, asJson] = await Promise.all([
        program(["doctor", ...options], call),
        program(["doctor", "--json", ...options], call),
      ]);
      for (const { stdout, stderr } of [asText, asJson]) assertNotShown(key, stdout + stderr);
      return diagnosisOf(asText, asJson);
    },
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Unsets the proxies of the machine that runs the tests. */
const NO_PROXIES = Object.fromEntries(
  ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].flatMap((name) => [[name, ""], [name.toLowerCase(), ""]]),
);

/** The first part of an API key encodes its host: no secret, but not shown in this form either. */
function assertNotShown(key: string, text: string): void {
  const parts = key.split(".").flatMap((part) => [part, part.replace(/^pwu?t_/, "")]);
  for (const part of parts.filter(({ length }) => length > 5)) assert.ok(!text.includes(part), text);
}

/** Checks that text and JSON agree. */
function diagnosisOf(asText: ProgramEnd, asJson: ProgramEnd): Diagnosis {
  const document = JSON.parse(asJson.stdout);
  assert.deepEqual(Object.keys(document), ["checks", "exitCode", "kind", "submitted"]);
  const checks: Check[] = document.checks;
  assert.deepEqual(checks.map(({ name }) => name), NAMES);
  for (const check of checks) {
    assert.deepEqual(Object.keys(check), ["name", "status", "detail", "hint"]);
    assert.ok(["ok", "warning", "failed", "skipped"].includes(check.status), check.status);
    assert.ok(typeof check.detail === "string" && check.detail !== "");
    assert.equal(check.hint !== null, check.status === "failed" || check.status === "warning", check.name);
    const sign = { ok: "✓", warning: "!", failed: "✗", skipped: "·" }[check.status];
    assert.ok(asText.stdout.includes(`${sign} ${check.name}`), asText.stdout);
    if (check.hint !== null) assert.ok(asText.stdout.includes(`  ${check.hint}`), asText.stdout);
  }
  assert.equal(document.submitted, "no");
  assert.deepEqual([asJson.code, asText.code], [document.exitCode, document.exitCode]);
  return {
    ...asText,
    kind: document.kind,
    statuses: Object.fromEntries(checks.map(({ name, status }) => [name, status])),
    check: (name) => checks.find((check) => check.name === name) ?? assert.fail(name),
  };
}

Deno.test("on a working setup every check is ok, and nothing is changed or submitted", async () => {
  await using stage = await aStage();
  const { code, kind, statuses, check, stderr } = await stage.diagnose();
  assert.deepEqual([...new Set(Object.values(statuses))], ["ok"]);
  assert.deepEqual([code, kind], [0, "completed"]);
  const host = new URL(stage.simulator.url).host;
  assert.match(check("credential").detail, new RegExp(`^API key for ${host}, from PW_API_KEY;`));
  assert.match(check("connection").detail, /^http:.* responded in \d+ ms$/);
  assert.equal(check("account").detail, "demo (Demo) of example-org");
  assert.match(check("history").detail, /none yet/);
  assert.match(check("versions").detail, new RegExp(`Deno ${Deno.version.deno.replaceAll(".", "\\.")}, `));
  assert.equal(stderr, "No problems found\n");
  assert.deepEqual(await namesIn(stage.folder), ["here"]);
  assert.ok(stage.simulator.received().every(({ method }) => method === "GET"));
});

Deno.test("the local history and the observed server capabilities are shown", async () => {
  await using stage = await aStage();
  assert.equal((await stage.program(["run", "quick", "--no-wait"])).code, 0);
  const { check } = await stage.diagnose();
  assert.match(check("history").detail, /history\.db: 1 run, 1 unfinished, 0 unconfirmed, \d+ KiB/);
  assert.match(check("routes").detail, /^current API; keeps our slugs: yes/);
});

Deno.test("without an API key the searched places are listed, and the other checks still run", async () => {
  await using stage = await aStage();
  const { code, kind, statuses, check } = await stage.diagnose({ env: { PW_API_KEY: "" } });
  assert.deepEqual([code, kind], [4, "credential_missing"]);
  assert.match(check("credential").detail, /PW_API_KEY \(not set\), .*credentials \(not found\)/);
  assert.deepEqual([statuses.history, statuses.settings, statuses.connection], ["ok", "ok", "skipped"]);
  const named = await stage.diagnose({ env: { PW_API_KEY: "", PW_PLATFORM_HOST: stage.simulator.url } });
  assert.deepEqual([named.code, named.statuses.connection, named.statuses.clock, named.statuses.account], [
    4,
    "ok",
    "ok",
    "skipped",
  ]);
});

Deno.test("a malformed API key is reported without any part of it", async () => {
  await using stage = await aStage();
  const { code, kind, check } = await stage.diagnose({ env: { PW_API_KEY: "hunter2hunter2" } });
  assert.deepEqual([code, kind], [4, "credential_malformed"]);
  assert.match(check("credential").detail, /none of the known formats/);
});

Deno.test("a rejected API key fails the account check, and checks that need it are skipped", async () => {
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

Deno.test("an unreachable server is reported once, with the reason", async () => {
  await using stage = await aStage();
  const key = keyFor(await closedUrl());
  const { code, kind, statuses, check } = await stage.diagnose({ env: { PW_API_KEY: key } });
  assert.deepEqual([code, kind], [8, "unreachable"]);
  assert.match(check("connection").detail, /the connection was refused/);
  assert.deepEqual([statuses.clock, statuses.account, statuses.history], ["skipped", "skipped", "ok"]);
});

for (
  const [skewMs, status, code, detail] of [
    [90_000, "warning", 0, /^1m \d+s behind the host$/],
    [-600_000, "failed", 1, /^(9m 59|10m 00)s ahead of the host$/],
  ] as const
) {
  Deno.test(`a clock that is ${skewMs / 1_000} s behind gives the status ${status}`, async () => {
    await using stage = await aStage({ clockSkewMs: skewMs });
    const diagnosis = await stage.diagnose();
    assert.equal(diagnosis.code, code);
    assert.equal(diagnosis.check("clock").status, status);
    assert.match(diagnosis.check("clock").detail, detail);
    assert.match(diagnosis.check("clock").hint ?? "", /NTP/);
  });
}

Deno.test("a legacy server and a stopped workspace are warnings", async () => {
  await using stage = await aStage({ apiVersion: "legacy", workspace: "Off" });
  const { code, check, statuses } = await stage.diagnose();
  assert.equal(code, 0);
  assert.match(check("routes").detail, /^legacy API/);
  assert.deepEqual([statuses.routes, statuses.workspace], ["warning", "warning"]);
});

Deno.test("a state folder that cannot be created fails, and the other checks are ok", async () => {
  await using stage = await aStage();
  await Deno.writeTextFile(`${stage.folder}/file`, "");
  const { code, kind, statuses, check } = await stage.diagnose({ env: { PW_STATE_DIR: `${stage.folder}/file/state` } });
  assert.deepEqual([code, kind, statuses.account], [8, "storage", "ok"]);
  assert.match(check("history").detail, /is not writable/);
  assert.match(check("history").hint ?? "", /PW_STATE_DIR/);
});

Deno.test({
  ...needing("a state folder on a read-only disk fails", await mountMissing()),
  fn: async () => {
    await using stage = await aStage();
    await Deno.mkdir(stage.state);
    await using _disk = await readOnlyDisk(stage.state);
    const { code, kind } = await stage.diagnose();
    assert.deepEqual([code, kind], [8, "storage"]);
  },
});

Deno.test("a damaged history is reported and left unchanged", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick", "--no-wait"]);
  const path = `${stage.state}/history.db`;
  await Deno.writeTextFile(path, "no database, ".repeat(1_000));
  const { code, kind, check } = await stage.diagnose();
  assert.deepEqual([code, kind], [8, "storage"]);
  assert.match(check("history").detail, /is damaged: file is not a database/);
  assert.deepEqual(await namesIn(stage.state), ["history.db"]);
  assert.equal(await Deno.readTextFile(path), "no database, ".repeat(1_000));
});

Deno.test("a proxy is shown without its credentials, and named if the connection fails", async () => {
  await using stage = await aStage();
  const proxy = new URL(await closedUrl()).host;
  const env = { HTTP_PROXY: `http://jo:hunter2@${proxy}`, HTTPS_PROXY: "jo:hun#ter2@proxy:1", NO_PROXY: "" };
  const { code, stdout, stderr, check } = await stage.diagnose({ env });
  assert.equal(code, 8);
  assert.ok(check("network").detail.includes(`HTTP_PROXY=http://***@${proxy}`), stdout);
  assert.match(check("network").detail, /HTTPS_PROXY=\(not a URL\)/);
  assert.match(check("connection").hint ?? "", /HTTP_PROXY is set/);
  assert.doesNotMatch(stdout + stderr, /hunter2|hun#|ter2|jo:/);
});

Deno.test("a context overridden by PW_API_KEY and a host that differs from the API key's are reported", async () => {
  await using stage = await aStage();
  const overridden = await stage.diagnose({ env: { PW_CONTEXT: "work" } });
  assert.match(overridden.check("credential").detail, /"work" from PW_CONTEXT is ignored/);
  const byOption = await stage.diagnose({ env: { PW_CONTEXT: "work" } }, "--context", "home");
  assert.match(byOption.check("credential").detail, /"home" from --context is ignored/);
  const idle = await stage.diagnose({}, "--allow-host", "other.example.com");
  assert.match(idle.check("credential").detail, /--allow-host other\.example\.com has no effect/);
  assert.deepEqual([overridden.code, byOption.code, idle.code], [0, 0, 0]);

  const elsewhere = await closedUrl();
  const env = { PW_PLATFORM_HOST: stage.simulator.url, PW_API_KEY: keyFor(elsewhere) };
  const refused = await stage.diagnose({ env });
  assert.deepEqual([refused.code, refused.kind], [4, "credential_malformed"]);
  const allowed = await stage.diagnose({ env }, "--allow-host", stage.simulator.url);
  assert.match(allowed.check("credential").detail, new RegExp(`itself names ${new URL(elsewhere).host}$`));
  assert.equal(allowed.check("credential").status, "warning");
});

Deno.test("an API key from .env is reported, and variables that .env may not set", async () => {
  await using stage = await aStage({}, { isKeySet: false });
  const text = `PW_API_KEY=${stage.simulator.key}\nPW_CONTEXT=work\nOTHER=1\n`;
  await Deno.writeTextFile(`${stage.folder}/here/.env`, text);
  const { code, check } = await stage.diagnose({ env: { PW_TIMEOUT: "soon" } });
  assert.equal(code, 0);
  assert.match(
    check("settings").detail,
    /PW_TIMEOUT, NO_COLOR; PW_API_KEY from \.env; PW_TIMEOUT is not a duration; PW_CONTEXT in \.env is ignored$/,
  );
  assert.match(check("credential").detail, /from PW_API_KEY in \.env;/);
});

Deno.test("every missing permission is reported without a crash", async () => {
  await using stage = await aStage();
  const host = new URL(stage.simulator.url).host;
  const bare = ["--allow-read=" + ROOT.pathname + "lib"];
  const none = await stage.diagnose({ permissions: bare });
  assert.equal(none.statuses.credential, "failed");
  assert.match(none.check("credential").detail, /PW_API_KEY/);
  assert.match(none.check("settings").detail, /no permission to read PW_API_KEY, /);
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
  ...needing("in a narrow terminal every line fits, and failures are red", missing),
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
    assert.match(screen, /^✗ account\n {4}Cannot identify the key's user:$/m);
    assert.ok((await terminal.screen({ isStyled: true })).includes("\u001b[31m✗"));
  },
});

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

/** An address where no server listens any more. */
async function closedUrl(): Promise<string> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response());
  await server.shutdown();
  return `http://127.0.0.1:${server.addr.port}`;
}
