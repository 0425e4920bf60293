/** `store copy`, and the store that PW_STORE_URL names. Real processes. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../../lib/clock.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { needing } from "../../support/needs.ts";
import { postgresMissing, type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { type ProgramCall, type ProgramEnd, runProgram } from "../../support/program.ts";

const SPEED = 60;
const missing = await postgresMissing();
let server: PostgresServer | undefined;
const postgres = async () => server ??= await startPostgres();
addEventListener("unload", () => server?.[Symbol.dispose]());

async function aStage() {
  const folder = await emptyFolder();
  const simulator = await startSimulator({ clock: fastClock(systemClock, SPEED) });
  const env = { PW_API_KEY: simulator.key, PW_STATE_DIR: `${folder.path}/state`, HOME: folder.path };
  await Deno.mkdir(`${folder.path}/here`);
  return {
    folder: folder.path,
    local: `${folder.path}/state/history.db`,
    program: (args: readonly string[], call: Partial<ProgramCall> = {}): Promise<ProgramEnd> =>
      runProgram({ cwd: `${folder.path}/here`, ...call, args, env: { ...env, ...call.env } }),
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("store copy moves a local history to a new file, which history then lists", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick"]);
  const target = `${stage.folder}/copy.db`;
  const copied = await stage.program(["store", "copy", stage.local, target]);
  assert.deepEqual([copied.code, copied.stdout], [0, "Copied 1 submission\n"], copied.stderr);
  const listed = await stage.program(["history", "--json"], { env: { PW_STORE_URL: `sqlite:${target}` } });
  assert.equal(listed.stdout, (await stage.program(["history", "--json"])).stdout);
  const again = await stage.program(["store", "copy", stage.local, target, "--json"]);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /target store is not empty/);
  assert.equal(JSON.parse(again.stdout).kind, "usage");
});

Deno.test("store copy refuses a missing source, another program's file and wrong words, and creates nothing", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick", "--no-wait"]);
  const other = `${stage.folder}/other.db`;
  await Deno.writeTextFile(other, "not a database\n".repeat(100));
  for (
    const [args, code, message] of [
      [
        [`${stage.folder}/absent.db`, `${stage.folder}/new.db`],
        2,
        /Cannot copy .*absent\.db: there is no such store\n {2}Check/,
      ],
      [[stage.local, other], 8, /file is not a database\n {2}Check the path: this file is not a run store/],
      [["mysql://u@host/db", "foo:bar"], 2, /Unknown store "mysql:…"; Unknown store "foo:bar"\n {2}Name one of/],
      [[stage.local], 2, /missing argument TO\n.*sqlite:PATH/],
      [[stage.local, "Memory:"], 2, /Cannot copy to memory: it is gone when this program ends\n {2}Name another store/],
      [[`${stage.folder}/absent.db`, "memory:"], 2, /there is no such store; Cannot copy to memory: it is gone/],
      [[stage.local, "-"], 2, /Unknown store "-"\n {2}Name one of/],
      [["-", `${stage.folder}/new.db`], 2, /Unknown store "-"\n {2}Name one of/],
      [[stage.local, "mysql://u:hunter2@host/db"], 2, /Unknown store "mysql:…"/],
    ] as const
  ) {
    const end = await stage.program(["store", "copy", ...args]);
    assert.equal(end.code, code, end.stderr);
    assert.match(end.stderr, message);
    assert.ok(!end.stderr.includes("hunter2"));
  }
  const names = [...Deno.readDirSync(stage.folder)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["here", "other.db", "state"]);
});

Deno.test({
  ...needing("two machines share one history on PostgreSQL, and the password is never shown", missing),
  async fn() {
    await using stage = await aStage();
    const { createSchema, password } = await postgres();
    const url = await createSchema();
    await stage.program(["run", "quick"]);
    const ends = [await stage.program(["store", "copy", stage.local, url])];
    const call = { env: { PW_STORE_URL: url, PW_STATE_DIR: `${stage.folder}/another-machine` } };
    ends.push(await stage.program(["run", "quick", "--log-level", "debug"], call));
    ends.push(await stage.program(["history", "--json"], { env: { PW_STORE_URL: url } }));
    assert.deepEqual(ends.map(({ code }) => code), [0, 0, 0], ends.map(({ stderr }) => stderr).join("\n"));
    assert.equal(JSON.parse(ends[2]?.stdout ?? "").records.length, 2);
    ends.push(await stage.program(["store", "copy", stage.local, url]));
    ends.push(await stage.program(["doctor"], call));
    assert.match(
      ends[4]?.stdout ?? "",
      /✓ history .*postgres:\/\/127\.0\.0\.1:\d+\/runs \(PW_STORE_URL\) responded: 2 runs/,
    );
    const nowhere = { env: { PW_STORE_URL: url.replace(/:\d+\//, ":9/") } };
    const [refused, diagnosis] = await Promise.all([
      stage.program(["doctor"], nowhere),
      stage.program(["doctor", "--json"], nowhere),
    ]);
    assert.equal(refused.code, 8);
    assert.match(refused.stdout, /✗ history .*postgres:\/\/127\.0\.0\.1:9\/runs/);
    for (const { stdout, stderr } of [...ends, refused, diagnosis]) {
      for (const text of [password, encodeURIComponent(password)]) assert.ok(!(stdout + stderr).includes(text));
    }
    assert.deepEqual([...Deno.readDirSync(stage.folder)].map(({ name }) => name).sort(), ["here", "state"]);
  },
});

Deno.test({
  ...needing("a shared store that can't be reached fails a run, and a command that only reads warns", missing),
  async fn() {
    await using stage = await aStage();
    const call = { env: { PW_STORE_URL: "postgres://runs:hunter2@127.0.0.1:9/runs" } };
    const [run, watch] = await Promise.all([
      stage.program(["run", "quick"], call),
      stage.program(["watch", "last"], call),
    ]);
    assert.equal(run.code, 8);
    assert.match(run.stderr, /Cannot submit quick: cannot use the run store postgres:\/\/127\.0\.0\.1:9\/runs/);
    assert.match(watch.stderr, /Cannot use the run store postgres:\/\/127\.0\.0\.1:9\/runs/);
    assert.ok(!(run.stderr + watch.stderr).includes("hunter2"));
  },
});

Deno.test("PW_STORE_URL in .env is ignored: a working folder does not decide where runs are stored", async () => {
  await using stage = await aStage();
  const elsewhere = `${stage.folder}/elsewhere.db`;
  await Deno.writeTextFile(`${stage.folder}/here/.env`, `PW_STORE_URL=sqlite:${elsewhere}\n`);
  assert.equal((await stage.program(["run", "quick", "--no-wait"])).code, 0);
  await assert.rejects(Deno.stat(elsewhere), Deno.errors.NotFound);
  assert.ok((await Deno.stat(stage.local)).isFile);
  assert.match((await stage.program(["doctor"])).stdout, /PW_STORE_URL in \.env is ignored/);
});
