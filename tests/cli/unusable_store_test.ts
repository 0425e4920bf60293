/** What to do without a usable store: only what the command offers. */

import assert from "node:assert/strict";
import type { StopSignal } from "../../lib/cli/context.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { cliStage } from "../support/cli_stage.ts";
import { emptyFolder } from "../support/main_job.ts";
import { needing } from "../support/needs.ts";
import { postgresMissing, startPostgres } from "../support/postgres.ts";
import { runProgram } from "../support/program.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const SUITE = "version: 1\ncases:\n  - { name: a, workflow: quick }\n";

for (
  const [args, hasOption] of [
    [["run", "quick"], true],
    [["run", "quick", "--matrix", "n=1,2", "--no-check"], false],
    [["test", "a.suite.yaml"], false],
    [["test", "a.suite.yaml", "--last-failed"], false],
  ] as const
) {
  Deno.test(`${args.join(" ")} on a store that cannot be opened hints at --no-history: ${hasOption}`, async () => {
    await using simulator = await startSimulator();
    await using folder = await emptyFolder();
    await Deno.writeTextFile(`${folder.path}/a.suite.yaml`, SUITE);
    await Deno.writeTextFile(`${folder.path}/file`, "");
    const env = { PW_API_KEY: simulator.key, PW_STATE_DIR: `${folder.path}/file/below` };
    const { code, stderr } = await runProgram({ args: [...args], cwd: folder.path, env });
    assert.equal(code, 8, stderr);
    assert.match(stderr, /✗ .*annot use the run store at .*\n.*PW_STORE_URL/);
    assert.equal(stderr.includes("--no-history"), hasOption, stderr);
    assert.equal(complaintsIn(stderr), 1, stderr);
    assert.deepEqual(simulator.received("submit"), []);
  });
}

for (
  const [args, complaints] of [
    [["status", "last"], 0],
    [["watch", "last"], 1],
    [["run", "quick"], 1],
  ] as const
) {
  Deno.test(`${args.join(" ")} on a store that can only be read complains ${complaints} times`, async () => {
    await using simulator = await startSimulator();
    await using folder = await emptyFolder();
    const call = { args: [...args], cwd: folder.path, env: { PW_API_KEY: simulator.key, PW_STATE_DIR: folder.path } };
    assert.equal((await runProgram({ ...call, args: ["run", "quick", "--no-wait"] })).code, 0);
    const { stderr } = await runProgram({ ...call, permissions: ["--allow-read", "--allow-env", "--allow-net"] });
    assert.equal(complaintsIn(stderr), complaints, stderr);
  });
}

for (const command of ["status", "watch", "logs", "errors", "cancel", "open", "files", "rerun"]) {
  Deno.test(`${command} last on a store that cannot be opened does not call the history empty`, async () => {
    await using simulator = await startSimulator();
    await using folder = await emptyFolder();
    await Deno.mkdir(`${folder.path}/history.db`);
    const env = {
      PW_API_KEY: simulator.key,
      PW_STORE_URL: `${folder.path}/history.db`,
      PW_RUN_URL: "https://example.com/{slug}",
    };
    const args = [command, "last", ...(command === "files" ? ["a.txt"] : [])];
    const { code, stderr } = await runProgram({ args, cwd: folder.path, env });
    assert.equal(code, 8, stderr);
    assert.match(stderr, /✗ Cannot use the run store at .*: it is a folder, not a file\n/);
    assert.equal(complaintsIn(stderr), 1, stderr);
  });
}

for (
  const args of [
    ["run", "quick"],
    ["run", "quick", "--matrix", "n=1,2", "--no-check"],
    ...["watch", "status", "logs", "errors", "cancel", "files", "open"].map((command) =>
      command === "files" ? [command, "last", "a.txt"] : [command, "last"]
    ),
    ["resume"],
    ["history"],
    ["batch", "list"],
    ["store", "copy", "STORE", "postgres://u@127.0.0.1:9/runs"],
  ]
) {
  Deno.test({
    name: `Ctrl-C ends ${args.join(" ")} while it connects to a server that does not answer`,
    // The client gives up on the connection later.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using stage = await cliStage({ clock: virtualClock() });
      using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const url = `postgres://user@127.0.0.1:${server.addr.port}/runs`;
      let stop: ((signal: StopSignal) => void) | undefined;
      const running = stage.call(args.map((arg) => arg.replace("STORE", url)), {
        env: { PW_STORE_URL: url, PW_RUN_URL: "https://example.com/{slug}" },
        context: {
          onSignal(callback) {
            stop ??= callback;
            return { [Symbol.dispose]: () => {} };
          },
        },
      });
      using _connection = await server.accept();
      stop?.("SIGINT");
      const { code, stderr } = await running;
      assert.equal(code, 130, stderr);
      assert.deepEqual(stage.simulator.received("submit"), []);
    },
  });
}

Deno.test({
  ...needing(
    "Ctrl-C ends a run whose server holds up its first write, and nothing is submitted",
    await postgresMissing(),
  ),
  async fn() {
    using postgres = await startPostgres();
    await using simulator = await startSimulator();
    const env = { PW_API_KEY: simulator.key, PW_STORE_URL: postgres.url };
    assert.equal((await runProgram({ args: ["history"], env })).code, 0);
    // As the lock of writes.
    const held = postgres.query("SELECT pg_advisory_lock(x'70776b76'::int), pg_sleep(60)").catch(() => {});
    const isTrue = async (condition: string) =>
      await postgres.query(`SELECT count(*) FROM pg_stat_activity WHERE ${condition}`) === "1";
    while (!await isTrue("wait_event = 'PgSleep'"));
    let program: Deno.ChildProcess | undefined;
    const running = runProgram({ args: ["run", "quick"], env, onStart: (child) => void (program = child) });
    while (!await isTrue("wait_event_type = 'Lock'"));
    program?.kill("SIGINT");
    const { code, stderr } = await running;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /The run store did not answer: the last change may not be stored[^]*✗ Stopped by SIGINT/);
    assert.deepEqual(simulator.received("submit"), []);
    await postgres.kill();
    await held;
  },
});

function complaintsIn(stderr: string): number {
  return stderr.match(/[cC]annot use the run store/g)?.length ?? 0;
}
