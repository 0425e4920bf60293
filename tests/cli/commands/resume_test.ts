/** Resuming after a process was killed, with real processes. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../../lib/clock.ts";
import type { Submission } from "../../../lib/submission.ts";
import type { Operation, Simulator, SimulatorOptions } from "../../../lib/simulator/simulator.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { type ProgramEnd, runProgram } from "../../support/program.ts";
import { startMain } from "../../support/main_call.ts";
import { anUnconfirmedSubmission, aPendingSubmission, aStoredRequest } from "../../support/records.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { openRunStore } from "../../support/run_store.ts";

const SPEED = 30;
const QUARTER_HOUR_MS = 15 * 60_000;

interface Stage {
  readonly simulator: Simulator;
  readonly owner: { readonly host: string; readonly user: string };
  program(...args: readonly string[]): Promise<ProgramEnd>;
  /** Kills the program when a request of this kind reaches the step. */
  killAt(operation: Operation, step: "arrived" | "responded", ...args: readonly string[]): Promise<ProgramEnd>;
  put(...records: readonly Submission[]): Promise<void>;
}

function onStage(name: string, options: SimulatorOptions, act: (stage: Stage) => Promise<void>): void {
  Deno.test(name, async () => {
    await using state = await emptyFolder();
    let killOn: (operation: Operation, step: string) => void = () => {};
    await using simulator = await startSimulator({
      clock: fastClock(systemClock, SPEED),
      onStep: (operation, step) => killOn(operation, step),
      ...options,
    });
    const env = { PW_API_KEY: simulator.key, PW_STATE_DIR: state.path };
    await act({
      simulator,
      owner: { host: new URL(simulator.url).host, user: "demo" },
      program: (...args) => runProgram({ args, env }),
      async killAt(operation, step, ...args) {
        return await runProgram({
          args,
          env,
          onStart(child) {
            killOn = (currentOperation, currentStep) => {
              if (currentOperation !== operation || currentStep !== step) return;
              killOn = () => {};
              child.kill("SIGKILL");
            };
          },
        });
      },
      async put(...records) {
        await using store = openRunStore(`${state.path}/history.db`);
        for (const record of records) await store.put(record);
      },
    });
  });
}

for (const step of ["arrived", "responded"] as const) {
  onStage(
    `after a kill when the submit had ${step}, resume finds the run and tracks it to its end`,
    {},
    async (stage) => {
      const killed = await stage.killAt("submit", step, "run", "quick");
      assert.notEqual(killed.code, 0);
      const { code, stdout } = await stage.program("resume");
      assert.equal(code, 0);
      assert.match(stdout, /^quick-[a-z2-7]{16}: ✓ Workflow completed successfully\n$/);
      assert.equal(stage.simulator.runs().length, 1);
      assert.match((await stage.program("resume")).stdout, /Nothing to resume/);
    },
  );
}

onStage("after a kill during the wait, resume --json prints the result as one document", {}, async (stage) => {
  await stage.killAt("get-run", "responded", "run", "failing-step");
  const { code, stdout } = await stage.program("resume", "--json");
  assert.equal(code, 1);
  const { runs, exitCode, kind, submitted } = JSON.parse(stdout);
  assert.deepEqual({ exitCode, kind, submitted }, { exitCode: 1, kind: "failed", submitted: "no" });
  assert.equal(runs.length, 1);
  assert.equal(runs[0].status, "failed");
});

onStage("after a kill during the wait, resume exits with the code of the run that failed", {}, async (stage) => {
  await stage.killAt("get-run", "responded", "run", "failing-step");
  const { code, stdout } = await stage.program("resume");
  assert.equal(code, 1);
  assert.match(stdout, /^failing-step-[a-z2-7]{16}: ✗ Workflow failed/);
});

onStage("resume lists detached runs, and --all tracks them", {}, async (stage) => {
  await stage.program("run", "quick", "--no-wait");
  const { code, stdout, stderr } = await stage.program("resume");
  assert.deepEqual([code, stdout], [0, "Nothing to resume\n"]);
  assert.match(stderr, /1 detached run skipped/);
  assert.match((await stage.program("resume", "--all")).stdout, /completed successfully/);
});

onStage("an old pending submission is listed, and sent only with --submit-pending", {}, async (stage) => {
  const owner = stage.owner;
  const request = aStoredRequest({ workflow: "quick", inputs: {} });
  const createdAtMs = Date.now() - QUARTER_HOUR_MS - 60_000;
  await stage.put(
    aPendingSubmission({ owner, request, createdAtMs, ownSlug: "quick-abcdefghijklmnop", nextPollAtMs: 0 }),
  );
  const first = await stage.program("resume");
  assert.match(first.stderr, /quick, created 16m 0\ds ago, was never sent: `resume --submit-pending` sends it/);
  assert.equal(stage.simulator.received("submit").length, 0);
  const second = await stage.program("resume", "--submit-pending");
  assert.match(second.stdout, /quick-abcdefghijklmnop: ✓ Workflow completed/);
  assert.match(second.stderr, /Submitting quick to 127\.0\.0\.1:\d+ as demo\.\.\.\n/);
  assert.equal(stage.simulator.received("submit").length, 1);
});

onStage("a recent pending submission is sent", {}, async (stage) => {
  const request = aStoredRequest({ workflow: "quick", inputs: {} });
  await stage.put(
    aPendingSubmission({ owner: stage.owner, request, createdAtMs: Date.now() - 60_000, nextPollAtMs: 0 }),
  );
  assert.equal((await stage.program("resume")).code, 0);
  assert.equal(stage.simulator.received("submit").length, 1);
});

onStage("a pending submission whose secrets were not stored is reported and not sent", {}, async (stage) => {
  const request = aStoredRequest({ workflow: "quick", inputs: { password: "hunter2" }, secretPaths: ["password"] });
  await stage.put(aPendingSubmission({ owner: stage.owner, request, createdAtMs: Date.now(), nextPollAtMs: 0 }));
  const { code, stderr } = await stage.program("resume", "--submit-pending");
  assert.equal(code, 0);
  assert.match(stderr, /secrets, which are not stored: run it again/);
  assert.equal(stage.simulator.received("submit").length, 0);
});

onStage("submissions of another user are listed and left unchanged", {}, async (stage) => {
  const owner = { ...stage.owner, user: "alice" };
  await stage.put(aPendingSubmission({ owner, createdAtMs: Date.now(), nextPollAtMs: 0 }));
  const { stdout, stderr } = await stage.program("resume", "--all", "--submit-pending");
  assert.match(stderr, /Runs of alice on 127\.0\.0\.1:\d+ skipped/);
  assert.equal(stdout, "Nothing to resume\n");
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("a submission without a response whose run is never found stays unknown, and each resume searches again", async () => {
  await using stage = await aStageInProcess();
  await stage.put(
    anUnconfirmedSubmission({ owner: stage.owner, request: QUICK, createdAtMs: stage.nowMs, nextPollAtMs: 0 }),
  );
  for (const searches of [3, 6]) {
    const { code, stdout } = await stage.program("resume");
    assert.equal(code, 6);
    assert.match(stdout, /✗ Outcome unknown: a run may have been started/);
    assert.ok(stage.simulator.received("list-runs").length >= searches);
  }
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("resume exits with the most severe code, and prints every result", async () => {
  await using stage = await aStageInProcess();
  await stage.program("run", "quick", "--no-wait");
  await stage.program("run", "failing-step", "--no-wait");
  const { code, stdout } = await stage.program("resume", "--all");
  assert.equal(code, 1);
  assert.match(stdout, /^quick-\S+: ✓ Workflow completed/m);
  assert.match(stdout, /^failing-step-\S+: ✗ Workflow failed/m);
  assert.deepEqual(await stage.program("resume").then(({ code, stdout }) => [code, stdout]), [
    0,
    "Nothing to resume\n",
  ]);
});

Deno.test("resume reports a submission that the platform rejects, and exits with its code", async () => {
  await using stage = await aStageInProcess();
  const request = aStoredRequest({ workflow: "no-such-workflow", inputs: {} });
  const parts = { owner: stage.owner, request, createdAtMs: stage.nowMs, nextPollAtMs: 0 };
  await stage.put(aPendingSubmission(parts));
  const { code, stdout } = await stage.program("resume");
  assert.equal(code, 5);
  assert.match(stdout, /no-such-workflow/);
});

const QUICK = aStoredRequest({ workflow: "quick", inputs: {} });

/** The program in this process: a search of a minute takes no time. */
async function aStageInProcess() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const state = await emptyFolder();
  return {
    simulator,
    nowMs: clock.now(),
    owner: { host: new URL(simulator.url).host, user: "demo" },
    program: (...args: readonly string[]) =>
      startMain({ args, key: simulator.key, clock, env: { PW_STATE_DIR: state.path } }).end,
    async put(submission: Submission) {
      const path = `${state.path}/history.db`;
      await using store = openRunStore(path);
      await store.put(submission);
    },
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
    },
  };
}
