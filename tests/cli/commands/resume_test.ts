/** What a process leaves behind, and what the next one makes of it: real processes, killed. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../../lib/clock.ts";
import { openSqliteRunStore } from "../../../lib/store/sqlite_run_store.ts";
import type { Submission } from "../../../lib/submission.ts";
import type { Operation, Simulator, SimulatorOptions } from "../../../lib/simulator/simulator.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { type Ending, runProgram } from "../../support/program.ts";
import { aPendingSubmission, aStoredRequest } from "../../support/records.ts";

const SPEED = 30;
const QUARTER_HOUR_MS = 15 * 60_000;

interface Stage {
  readonly simulator: Simulator;
  readonly owner: { readonly host: string; readonly user: string };
  program(...args: readonly string[]): Promise<Ending>;
  /** Kills the program when a request of this kind has got so far. */
  killAt(operation: Operation, step: "arrived" | "answered", ...args: readonly string[]): Promise<Ending>;
  put(...records: readonly Submission[]): Promise<void>;
}

function onStage(name: string, options: SimulatorOptions, act: (stage: Stage) => Promise<void>): void {
  Deno.test(name, async () => {
    await using state = await emptyFolder();
    let strike: (operation: Operation, step: string) => void = () => {};
    await using simulator = await startSimulator({
      clock: fastClock(systemClock, SPEED),
      onStep: (operation, step) => strike(operation, step),
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
            strike = (seen, at) => {
              if (seen !== operation || at !== step) return;
              strike = () => {};
              child.kill("SIGKILL");
            };
          },
        });
      },
      async put(...records) {
        const path = `${state.path}/ledger.db`;
        await using store = await openSqliteRunStore({ path, nowMs: 0, onSetAside: (text) => assert.fail(text) });
        for (const record of records) await store.put(record);
      },
    });
  });
}

for (const step of ["arrived", "answered"] as const) {
  onStage(`killed when the submit had ${step}, resume finds the run and follows it to its end`, {}, async (stage) => {
    const killed = await stage.killAt("submit", step, "run", "quick");
    assert.notEqual(killed.code, 0);
    const { code, stdout } = await stage.program("resume");
    assert.equal(code, 0);
    assert.match(stdout, /^quick-[a-z2-7]{16}: ✓ Workflow completed successfully\n$/);
    assert.equal(stage.simulator.runs().length, 1);
    assert.match((await stage.program("resume")).stdout, /Nothing to take up/);
  });
}

onStage("killed while it waited, resume --json tells the end in one document", {}, async (stage) => {
  await stage.killAt("get-run", "answered", "run", "failing-step");
  const { code, stdout } = await stage.program("resume", "--json");
  assert.equal(code, 1);
  const { runs, exitCode, kind, submitted } = JSON.parse(stdout);
  assert.deepEqual({ exitCode, kind, submitted }, { exitCode: 1, kind: "failed", submitted: "no" });
  assert.equal(runs.length, 1);
  assert.equal(runs[0].status, "failed");
});

onStage("what was left with --no-wait is told of, and followed with --all", {}, async (stage) => {
  await stage.program("run", "quick", "--no-wait");
  const { code, stdout, stderr } = await stage.program("resume");
  assert.deepEqual([code, stdout], [0, "Nothing to take up\n"]);
  assert.match(stderr, /1 run was left/);
  assert.match((await stage.program("resume", "--all")).stdout, /completed successfully/);
});

onStage("an old intent that was never sent is told of, and sent only when that is said", {}, async (stage) => {
  const owner = stage.owner;
  const request = aStoredRequest({ workflow: "quick", inputs: {} });
  const createdAtMs = Date.now() - QUARTER_HOUR_MS - 60_000;
  await stage.put(
    aPendingSubmission({ owner, request, createdAtMs, ownSlug: "quick-abcdefghijklmnop", nextPollAtMs: 0 }),
  );
  const first = await stage.program("resume");
  assert.match(first.stderr, /quick, wished 16m 0\ds ago, was never sent: `resume --submit-pending` sends it/);
  assert.equal(stage.simulator.received("submit").length, 0);
  const second = await stage.program("resume", "--submit-pending");
  assert.match(second.stdout, /quick-abcdefghijklmnop: ✓ Workflow completed/);
  assert.equal(stage.simulator.received("submit").length, 1);
});

onStage("a young intent that was never sent is sent", {}, async (stage) => {
  const request = aStoredRequest({ workflow: "quick", inputs: {} });
  await stage.put(
    aPendingSubmission({ owner: stage.owner, request, createdAtMs: Date.now() - 60_000, nextPollAtMs: 0 }),
  );
  assert.equal((await stage.program("resume")).code, 0);
  assert.equal(stage.simulator.received("submit").length, 1);
});

onStage("an intent whose secrets were not stored can't be sent, and says so", {}, async (stage) => {
  const request = aStoredRequest({ workflow: "quick", inputs: { password: "hunter2" }, secretPaths: ["password"] });
  await stage.put(aPendingSubmission({ owner: stage.owner, request, createdAtMs: Date.now(), nextPollAtMs: 0 }));
  const { code, stderr } = await stage.program("resume", "--submit-pending");
  assert.equal(code, 0);
  assert.match(stderr, /secrets, which are not stored: run it again/);
  assert.equal(stage.simulator.received("submit").length, 0);
});

onStage("another user's records are told of and not touched", {}, async (stage) => {
  const owner = { ...stage.owner, user: "alice" };
  await stage.put(aPendingSubmission({ owner, createdAtMs: Date.now(), nextPollAtMs: 0 }));
  const { stdout, stderr } = await stage.program("resume", "--all", "--submit-pending");
  assert.match(stderr, /There are runs of alice on 127\.0\.0\.1:\d+ as well/);
  assert.equal(stdout, "Nothing to take up\n");
  assert.equal(stage.simulator.received("submit").length, 0);
});

onStage("a lost submit that never shows stays unknown, and is looked for again each time", {
  behavior: { slugs: "ignored" },
  faults: [{ on: "submit", cut: "before-effect" }],
}, async (stage) => {
  // Not waited for: the search takes a minute, and a killed process leaves it just so.
  await stage.killAt("get-run", "answered", "run", "quick");
  const records = JSON.parse((await stage.program("history", "--json")).stdout).records;
  assert.equal(records[0].status, "unknown");
  assert.equal(stage.simulator.runs().length, 0);
});
