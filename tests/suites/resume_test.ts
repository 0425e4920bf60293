/** A suite whose process is killed is resumed: no case runs twice, and the report is that of an unbroken one. */

import assert from "node:assert/strict";
import type { Report } from "../../lib/reports/report.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { EPOCH_VARIABLE, sharedClock, SPEED_VARIABLE, STARTED_VARIABLE } from "../support/fast_main.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { openRunStore } from "../support/run_store.ts";
import { testRandom } from "../support/seeded_random.ts";
import { cacheEnv } from "../support/program.ts";

const FAST_MAIN = new URL("../support/fast_main.ts", import.meta.url).href;
const SPEED = 15;
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

interface ProcessEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Stage extends AsyncDisposable {
  readonly runs: () => readonly { readonly workflow: string }[];
  /** @param killMs Kills it so long after its first request. */
  call(args: readonly string[], killMs?: number): Promise<ProcessEnd>;
}

/**
 * The time of the processes, one after another. It stands still while none runs: how long a machine takes to start one must
 * not decide whether a submit is given up.
 */
function processClock(file: string): Clock & { stop(): void } {
  let epochMs = Date.now();
  let clock: Clock | undefined;
  const now = () => {
    const startedMs = clock === undefined ? startedIn(file) : null;
    if (startedMs !== null) clock = sharedClock(epochMs, SPEED, startedMs);
    return clock?.now() ?? epochMs;
  };
  return {
    ...systemClock,
    now,
    monotonic: now,
    stop() {
      epochMs = now();
      clock = undefined;
      Deno.removeSync(file);
    },
  };
}

function startedIn(file: string): number | null {
  try {
    return Number(Deno.readTextFileSync(file)) || null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function aStage(): Promise<Stage> {
  const folder = await emptyFolder();
  const startedFile = `${folder.path}/started`;
  const clock = processClock(startedFile);
  let onRequest = () => {};
  const simulator = await startSimulator({ clock, workflows: WORKFLOWS, onStep: () => onRequest() });
  await Deno.writeTextFile(`${folder.path}/a.suite.yaml`, SUITE);
  {
    // As `doctor --probe` records them: without these, a submit that a killed process never sent stays unknown.
    await using store = openRunStore(`${folder.path}/history.db`);
    const facts = { keepsSlug: true, refusesDuplicateSlug: true };
    await store.updateCapabilities(new URL(simulator.url).host, facts);
  }
  return {
    runs: simulator.runs,
    async call(args, killMs) {
      const child = new Deno.Command(Deno.execPath(), {
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
          [EPOCH_VARIABLE]: String(clock.now()),
          [STARTED_VARIABLE]: startedFile,
          [SPEED_VARIABLE]: String(SPEED),
        },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      let timer: ReturnType<typeof setTimeout> | undefined;
      onRequest = () => {
        if (killMs !== undefined) timer ??= setTimeout(() => child.kill("SIGKILL"), killMs);
      };
      const { code, stdout, stderr } = await child.output();
      clearTimeout(timer);
      onRequest = () => {};
      clock.stop();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, stdout: text(stdout), stderr: text(stderr) };
    },
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

Deno.test("a suite that is killed ten times and resumed runs no case twice, and reports what an unbroken one does", async () => {
  await using unbroken = await aStage();
  const whole = await unbroken.call([]);
  assert.equal(whole.code, 1, whole.stderr);

  await using stage = await aStage();
  const random = testRandom();
  for (let kill = 0; kill < KILLS; kill++) {
    const { stdout, stderr } = await stage.call(kill === 0 ? [] : ["--resume"], 500 + 1_200 * random());
    assert.doesNotMatch(stderr, /Internal error/);
    if (stdout.startsWith("{") && kill > 0) assert.ok(JSON.parse(stdout).cases !== undefined, stdout);
  }
  const last = await stage.call(["--resume"]);
  assert.equal(last.code, 1, last.stderr);
  assert.deepEqual(essence(last.stdout), essence(whole.stdout));
  const count = (of: Stage) => of.runs().map(({ workflow }) => workflow).sort().join();
  assert.equal(count(stage), count(unbroken));
});
