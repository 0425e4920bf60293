/** The program in a real terminal of 50 columns: the terminal breaks no word. */

import assert from "node:assert/strict";
import { startSimulator } from "../../lib/simulator/start.ts";
import { emptyFolder } from "../support/main_job.ts";
import { needing } from "../support/needs.ts";
import { cacheEnv } from "../support/program.ts";
import { openTerminal, tmuxMissing } from "../support/tmux.ts";

const missing = await tmuxMissing();
const ROOT = new URL("../../", import.meta.url).pathname;
const COLUMNS = 50;

const CALLS = {
  "the failures of a run": "errors failing-step-00001 --tail 0",
  "problems with inputs": "run hello-world -i slurm.cpus_per_task=0 -i hello.mesage=text --no-wait",
  "an error and its hint": "open last",
  "an error of the command line": "run hello-world --matrix hello.message=a --no-wait",
  "where inputs come from": "inputs explain hello-world -i inputs/hello-world.json -i hello.message=again",
  "a workflow": "show hello-world",
  "the checks of a batch": "run hello-world -i slurm.cpus_per_task=0 --matrix hello.message=one,two",
  "the schedules": "schedules --file functions/schedules.ts",
};

for (const [what, call] of Object.entries(CALLS)) {
  Deno.test({
    ...needing(`a narrow terminal shows ${what} in whole words: ${call}`, missing),
    async fn() {
      await using simulator = await startSimulator();
      await using state = await emptyFolder();
      const env = { ...cacheEnv(), PW_API_KEY: simulator.key, PW_STATE_DIR: state.path, NO_COLOR: "1" };
      const command = `'${Deno.execPath()}' run --no-prompt -A main.ts ${call}`;
      const args = ["-c", `${command} 2>&1`];
      const { stdout } = await new Deno.Command("sh", { args, cwd: ROOT, env, stdin: "null" }).output();
      const wordsOf = (text: string) => text.split(/\s+/).filter((word) => word !== "");
      const words = wordsOf(new TextDecoder().decode(stdout));
      await using terminal = await openTerminal({ command, cwd: ROOT, env, columns: COLUMNS, rows: 60 });
      const screen = await terminal.waitFor(/\[ended \d+\]/);
      // What joins lines is no word.
      const shown = wordsOf(screen.replace(/\[ended \d+\]/, "").replaceAll(/ (?:·|\\$)/gm, ""));
      assert.deepEqual(shown, words, screen);
    },
  });
}
