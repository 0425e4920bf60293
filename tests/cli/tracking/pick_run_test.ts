/** Commands of runs without RUN. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../../lib/clock.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { cliStage } from "../../support/cli_stage.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { needing } from "../../support/needs.ts";
import { cacheEnv } from "../../support/program.ts";
import { openTerminal, tmuxMissing } from "../../support/tmux.ts";

const missing = await tmuxMissing();
const ROOT = new URL("../../../", import.meta.url).pathname;

for (const command of ["watch", "logs", "status", "errors", "open"]) {
  Deno.test(`${command} without RUN and without a terminal is a usage error that names how to list runs`, async () => {
    await using stage = await cliStage();
    const { code, stdout, stderr } = await stage.call([command]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, new RegExp(`${command}: missing argument RUN\n.*\`pw-workflow-runner runs\` lists runs`));
    assert.equal(stage.simulator.received().length, 0);
  });
}

for (
  const [command, shown] of [
    ["logs", /==> build › compile <==/],
    ["status", /^Status +failed/m],
    ["errors", /✗ .*compile/],
  ] as const
) {
  Deno.test({
    ...needing(`${command} without RUN is about the run that is selected at the terminal`, missing),
    async fn() {
      await using stage = await aStage();
      await using terminal = await stage.open(command);
      await terminal.waitFor(
        /Select a run[^]*1\. hello-world#46 {2}completed \(started \dh \d\dm ago\)\n.*2\. hello-world#45 {2}completed$/m,
      );
      await terminal.keys("failing");
      await terminal.waitFor(/● 6\. failing-step#1 {2}failed/);
      await terminal.keys("Enter");
      assert.match(await terminal.waitFor(/\[ended [01]\]/), shown);
    },
  });
}

Deno.test({
  ...needing("watch without RUN offers only running runs, and tracks the selected one until Ctrl-C", missing),
  async fn() {
    await using stage = await aStage();
    await stage.submit("never-ending");
    await using terminal = await stage.open("watch");
    const screen = await terminal.waitFor(/Select a run[^]*1\. never-ending#1 {2}running/);
    assert.ok(!screen.includes("hello-world"), screen);
    await terminal.keys("Enter");
    await terminal.waitFor(/Status: running\.\.\. /);
    await terminal.keys("C-c");
    assert.match(await terminal.waitFor(/\[ended 130\]/), /run never-ending-\S+ is still running/);
  },
});

Deno.test({
  ...needing("watch without RUN and without running runs is exit code 5", missing),
  async fn() {
    await using stage = await aStage();
    await using terminal = await stage.open("watch");
    assert.match(await terminal.waitFor(/\[ended 5\]/), /Cannot pick a run: there is no running run/);
  },
});

Deno.test({
  ...needing("Escape or Ctrl-C in the list of runs ends the command", missing),
  async fn() {
    await using stage = await aStage();
    for (const key of ["Escape", "C-c"]) {
      await using terminal = await stage.open("logs");
      await terminal.waitFor(/Select a run/);
      await terminal.keys(key);
      assert.match(await terminal.waitFor(/\[ended 130\]/), /Cancelled: no run was selected/);
    }
  },
});

async function aStage() {
  const simulator = await startSimulator({ clock: fastClock(systemClock, 4) });
  const state = await emptyFolder();
  const env = { ...cacheEnv(), PW_API_KEY: simulator.key, PW_STATE_DIR: state.path };
  return {
    open: (args: string) =>
      openTerminal({
        command: `'${Deno.execPath()}' run --no-prompt -A main.ts ${args}`,
        cwd: ROOT,
        env: { ...env, NO_COLOR: "1" },
      }),
    async submit(workflow: string) {
      const { code } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "main.ts", "run", workflow, "--no-wait"],
        cwd: ROOT,
        env,
        stdin: "null",
        stdout: "null",
        stderr: "null",
        signal: AbortSignal.timeout(30_000),
      }).output();
      assert.equal(code, 0);
    },
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
    },
  };
}
