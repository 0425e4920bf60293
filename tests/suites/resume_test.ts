/** A suite whose process is killed is resumed: no case runs twice, and the report is that of an unbroken one. */

import assert from "node:assert/strict";
import type { Report } from "../../lib/reports/report.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { EPOCH_VARIABLE, sharedClock, SPEED_VARIABLE } from "../support/fast_main.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { testRandom } from "../support/seeded_random.ts";
import { cacheEnv } from "../support/program.ts";

const FAST_MAIN = new URL("../support/fast_main.ts", import.meta.url).href;
const SPEED = 30;
const KILLS = 10;

const WORKFLOWS = {
  good: {
    yaml:
      "on:\n  execute:\n    inputs:\n      n: { type: number, optional: true }\njobs:\n  main:\n    steps:\n      - name: solve\n        run: solve\n",
    scenario: { "main/solve": { lasts: "40s", outputs: { n: "${{ inputs.n }}" } } },
  },
  bad: {
    yaml: "jobs:\n  main:\n    steps:\n      - name: solve\n        run: solve\n",
    scenario: { "main/solve": { lasts: "20s", fails: true } },
  },
};

const SUITE = `version: 1
setup: [{ name: data, workflow: good, inputs: { n: 5 } }]
cases:
  - { name: a, workflow: good, setup: data, inputs: { n: "\${setup.data.outputs.main.n}" }, matrix: { k: [1, 2, 3] } }
  - { name: b, workflow: bad, expect: { status: failed } }
  - { name: c, workflow: bad, retries: { max: 1, on: [any] } }
  - { name: d, workflow: good, needs: { case: b, when: finished }, expect: { outputs: { main.n: { exists: false } } } }
  - { name: e, workflow: good, needs: c }
  - { name: f, workflow: good, inputs: { n: "\${cases.a.outputs.main.n}" }, matrix: { k: [1] }, needs: a }
`;

interface Stage extends AsyncDisposable {
  readonly runs: () => readonly { readonly workflow: string }[];
  spawn(args: readonly string[]): Deno.ChildProcess;
}

async function aStage(): Promise<Stage> {
  const epochMs = Date.now();
  const simulator = await startSimulator({ clock: sharedClock(epochMs, SPEED), workflows: WORKFLOWS });
  const folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/a.suite.yaml`, SUITE);
  return {
    runs: simulator.runs,
    spawn: (args) =>
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-prompt",
          "-A",
          FAST_MAIN,
          "test",
          "a.suite.yaml",
          "--json",
          "--max-poll-interval",
          "5s",
          ...args,
        ],
        cwd: folder.path,
        clearEnv: true,
        env: {
          ...machineEnv(),
          ...cacheEnv(),
          HOME: folder.path,
          PW_API_KEY: simulator.key,
          PW_STATE_DIR: folder.path,
          [EPOCH_VARIABLE]: String(epochMs),
          [SPEED_VARIABLE]: String(SPEED),
        },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** What does not depend on times and slugs. */
function essence(stdout: string): unknown {
  const report: Report = JSON.parse(stdout);
  return report.cases.map(({ name, verdict, reason, isFlaky, attempts, expectations }) => ({
    name,
    verdict,
    reason,
    isFlaky,
    attempts: attempts.map(({ status, reason, cause }) => ({ status, reason, cause })),
    expectations: expectations.map(({ path, isMet }) => ({ path, isMet })),
  }));
}

async function endOf(
  child: Deno.ChildProcess,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("a suite that is killed ten times and resumed runs no case twice, and reports what an unbroken one does", async () => {
  await using unbroken = await aStage();
  const whole = await endOf(unbroken.spawn([]));
  assert.equal(whole.code, 1, whole.stderr);

  await using stage = await aStage();
  const random = testRandom();
  for (let kill = 0; kill < KILLS; kill++) {
    const child = stage.spawn(kill === 0 ? [] : ["--resume"]);
    const timer = setTimeout(() => child.kill("SIGKILL"), 500 + 1_200 * random());
    const { stdout, stderr } = await endOf(child);
    clearTimeout(timer);
    assert.doesNotMatch(stderr, /Internal error/);
    if (stdout.startsWith("{") && kill > 0) assert.ok(JSON.parse(stdout).cases !== undefined, stdout);
  }
  const last = await endOf(stage.spawn(["--resume"]));
  assert.equal(last.code, 1, last.stderr);
  assert.deepEqual(essence(last.stdout), essence(whole.stdout));
  const count = (of: Stage) => of.runs().map(({ workflow }) => workflow).sort().join();
  assert.equal(count(stage), count(unbroken));
});
