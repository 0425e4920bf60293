/** What a signal or the timeout does to a run: as documented for `--on-interrupt` and `--on-timeout`. */

import assert from "node:assert/strict";
import type { StopSignal } from "../../../lib/cli/context.ts";
import type { SimulatorOptions } from "../../../lib/simulator/simulator.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { type MainEnd, type RunningMain, startMain } from "../../support/main_call.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { openRunStore } from "../../support/run_store.ts";
import { virtualClock } from "../../support/virtual_clock.ts";

const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const KEPT = /Stopped waiting: run never-ending-\S+ is still running\n[^]*watch never-ending-/;
const CANCELLED = /Run never-ending-\S+ is being cancelled\n[^]*status never-ending-/;

for (const command of ["run", "watch", "resume"] as const) {
  for (
    const [options, signal, isCancelled] of [
      [[], "SIGINT", false],
      [["--on-interrupt", "keep"], "SIGINT", false],
      [["--on-interrupt", "cancel"], "SIGINT", true],
      [["--on-interrupt", "cancel"], "SIGTERM", false],
      [["--on-interrupt", "cancel"], "SIGHUP", false],
    ] as const
  ) {
    Deno.test(`${signal} during \`${[command, ...options].join(" ")}\` ${isCancelled ? "cancels" : "keeps"} the run`, async () => {
      await using stage = await aStage();
      const { code, stderr } = await stage.stopped(command, options, signal);
      assert.equal(code, CODES[signal]);
      assert.match(stderr, isCancelled ? CANCELLED : KEPT);
      assert.equal(stage.simulator.received("cancel-run").length, isCancelled ? 1 : 0);
    });
  }

  for (const [options, isCancelled] of [[[], false], [["keep"], false], [["cancel"], true]] as const) {
    const words = options.flatMap((action) => ["--on-timeout", action]);
    Deno.test(`the timeout of \`${[command, ...words].join(" ")}\` ${isCancelled ? "cancels" : "keeps"} the run`, async () => {
      await using stage = await aStage();
      const { code, stdout } = await stage.play(command, [...words, "--timeout", "30s"]);
      assert.equal(code, 124);
      assert.match(
        stdout,
        isCancelled ? /is being cancelled: timed out/ : /is still running: stopped waiting after 30s/,
      );
      assert.equal(stage.simulator.received("cancel-run").length, isCancelled ? 1 : 0);
    });
  }
}

for (
  const [command, line, isCancelled] of [
    ["run", "y", true],
    ["run", "YES", true],
    ["run", "", false],
    ["run", "yellow", false],
    ["run", undefined, false],
    // Watching a run is no reason to ask whether to cancel it.
    ["watch", "y", false],
    ["resume", "y", false],
  ] as const
) {
  Deno.test(`Ctrl-C during \`${command}\` at a terminal, answered with ${line === undefined ? "the end of stdin" : `"${line}"`}, ${isCancelled ? "cancels" : "keeps"} the run`, async () => {
    await using stage = await aStage();
    const lines = line === undefined ? [] : [line];
    const { code, stderr } = await stage.stopped(command, [], "SIGINT", lines);
    assert.equal(code, 130);
    assert.equal(stderr.includes("Cancel it too? [y/N]"), command === "run");
    assert.equal(stage.simulator.received("cancel-run").length, isCancelled ? 1 : 0);
  });
}

Deno.test("Ctrl-C during `watch` of two runs asks about one after the other, with --on-interrupt ask", async () => {
  const clock = virtualClock();
  const started: { program?: RunningMain } = {};
  let polls = 0;
  await using simulator = await startSimulator({
    clock,
    onStep: (operation, step) => {
      // Each run is found, read, and polled.
      if (operation === "get-run" && step === "responded" && ++polls === 8) started.program?.signal("SIGINT");
    },
  });
  const { key } = simulator;
  for (const name of ["one", "two"]) {
    await startMain({ args: ["run", "never-ending", "--no-wait", "--no-history", "--name", name], key, clock }).end;
  }
  const answers = ["y", "n"];
  let [asking, most] = [0, 0];
  const readLine = async () => {
    most = Math.max(most, ++asking);
    await clock.sleep(1_000, {});
    asking--;
    return answers.shift() ?? null;
  };
  const args = ["watch", ...simulator.runs().map(({ slug }) => slug), "--on-interrupt", "ask"];
  started.program = startMain({ args, key, clock, readLine });
  assert.equal((await started.program.end).code, 130);
  assert.equal(most, 1);
  assert.deepEqual(simulator.runs().map(({ status }) => status).toSorted(), ["canceling", "running"]);
});

Deno.test("Ctrl-C during `run --json` at a terminal does not ask, and keeps the run", async () => {
  await using stage = await aStage();
  const { code, stderr, stdout } = await stage.stopped("run", ["--json"], "SIGINT", ["y"]);
  assert.equal(code, 130);
  assert.ok(!stderr.includes("Cancel it too?"));
  assert.equal(JSON.parse(stdout).submitted, "yes");
  assert.equal(stage.simulator.received("cancel-run").length, 0);
});

Deno.test("SIGTERM at a terminal does not ask", async () => {
  await using stage = await aStage();
  const { code, stderr } = await stage.stopped("run", [], "SIGTERM", ["y"]);
  assert.equal(code, 143);
  assert.ok(!stderr.includes("Cancel it too?"));
  assert.equal(stage.simulator.received("cancel-run").length, 0);
});

Deno.test("--on-interrupt cancel reports a run that cannot be cancelled as still running", async () => {
  await using stage = await aStage({ faults: [{ on: "cancel-run", status: 403, times: Infinity }] });
  const { stderr } = await stage.stopped("run", ["--on-interrupt", "cancel"], "SIGINT");
  assert.match(
    stderr,
    /Run never-ending-\S+ is still running: .*\n[^]*Try again: pw-workflow-runner cancel never-ending-/,
  );
});

Deno.test("--on-interrupt cancel reports a run whose cancel has no response before a CI system kills the job", async () => {
  await using stage = await aStage({ faults: [{ on: "cancel-run", latencyMs: 60_000, times: Infinity }] });
  const { code, stderr, tookMs } = await stage.stopped("run", ["--on-interrupt", "cancel"], "SIGINT");
  assert.equal(code, 130);
  assert.match(
    stderr,
    /Run never-ending-\S+ is still running: .*did not respond in time\n[^]*Try again: .* cancel never-/,
  );
  assert.ok(tookMs < 7_500, `${tookMs} ms`);
});

for (
  const [when, policy, behavior] of [
    ["", "keep", {}],
    [", if the run cannot be found by its slug", "cancel", { slugs: "ignored" }],
  ] as const
) {
  Deno.test(`a signal while submitting reports the outcome as unknown, and how to find out, with --on-interrupt ${policy}${when}`, async () => {
    const started: { program?: RunningMain } = {};
    const clock = virtualClock();
    await using simulator = await startSimulator({
      clock,
      behavior,
      faults: [{ on: "submit", latencyMs: 60_000 }],
      onStep: (operation, step) => {
        if (operation === "submit" && step === "arrived") started.program?.signal("SIGINT");
      },
    });
    const args = ["run", "never-ending", "--json", "--no-history", "--on-interrupt", policy];
    started.program = startMain({ args, key: simulator.key, clock });
    const { code, stderr, stdout } = await started.program.end;
    assert.equal(code, 130);
    assert.equal(JSON.parse(stdout).submitted, "unknown");
    assert.match(stderr, /unknown whether the run started\n[^]*resume to find out.*status never-ending-/);
  });
}

for (
  const [policy, message, left] of [
    ["keep", /Stopped before the run was submitted: nothing was started\n.*resume to submit it/, ["pending"]],
    ["cancel", /Cancelled before the run was submitted: nothing was started\n.*run it again/, ["finished"]],
  ] as const
) {
  Deno.test(`SIGINT while the server refuses the submit reports that nothing was started, with --on-interrupt ${policy}`, async () => {
    await using state = await emptyFolder();
    const started: { program?: RunningMain } = {};
    const clock = virtualClock();
    await using simulator = await startSimulator({
      clock,
      faults: [{ on: "submit", status: 429, retryAfter: "60" }],
      onStep: (operation, step) => {
        if (operation === "submit" && step === "responded") {
          clock.sleep(5_000, {}).then(() => started.program?.signal("SIGINT"));
        }
      },
    });
    const env = { PW_STATE_DIR: state.path };
    const args = ["run", "never-ending", "--json", "--on-interrupt", policy];
    started.program = startMain({ args, key: simulator.key, clock, env });
    const { code, stderr, stdout } = await started.program.end;
    assert.equal(code, 130);
    assert.equal(JSON.parse(stdout).submitted, "no");
    assert.match(stderr, message);
    await using store = openRunStore(`${state.path}/history.db`);
    assert.deepEqual((await store.listRecent({ limit: 9 })).map((one) => one.state), left);
    const last = await startMain({ args: ["status", "last"], key: simulator.key, clock, env }).end;
    assert.match(last.stderr, /the local history is empty/);
    assert.deepEqual(simulator.runs(), []);
  });
}

Deno.test("SIGINT while submitting cancels the run that the submit still starts, with --on-interrupt cancel", async () => {
  const started: { program?: RunningMain } = {};
  const clock = virtualClock();
  await using simulator = await startSimulator({
    clock,
    // Listed some time after it was started.
    faults: [{ on: "submit", latencyMs: 2_000 }, { on: "cancel-run", status: 404, times: 3 }],
    onStep: (operation, step) => {
      if (operation === "submit" && step === "arrived") started.program?.signal("SIGINT");
    },
  });
  const args = ["run", "never-ending", "--no-history", "--on-interrupt", "cancel"];
  started.program = startMain({ args, key: simulator.key, clock });
  const { code, stderr } = await started.program.end;
  assert.equal(code, 130);
  assert.match(stderr, CANCELLED);
  await clock.sleep(60_000, {});
  assert.deepEqual(simulator.runs().map(({ status }) => status), ["canceled"]);
});

Deno.test("SIGINT while submitting reports a run that had ended before it could be cancelled, with --on-interrupt cancel", async () => {
  const started: { program?: RunningMain } = {};
  const clock = virtualClock();
  await using simulator = await startSimulator({
    clock,
    faults: [{ on: "submit", latencyMs: 2_000 }, { on: "cancel-run", status: 404, times: 3 }],
    onStep: (operation, step) => {
      if (operation === "submit" && step === "arrived") started.program?.signal("SIGINT");
    },
  });
  const args = ["run", "quick", "--no-history", "--on-interrupt", "cancel"];
  started.program = startMain({ args, key: simulator.key, clock });
  const { code, stderr } = await started.program.end;
  assert.equal(code, 130);
  assert.match(stderr, /Run quick-\S+ had already ended: completed\n[^]*status quick-/);
});

async function aStage(options: SimulatorOptions = {}) {
  const clock = virtualClock();
  let polls = 0;
  let onPoll = () => {};
  const simulator = await startSimulator({
    clock,
    onStep: (operation, step) => {
      if (operation === "get-run" && step === "responded" && ++polls === 3) onPoll();
    },
    ...options,
  });
  const state = await emptyFolder();
  const start = (args: readonly string[], lines?: readonly string[]) =>
    startMain({
      args,
      key: simulator.key,
      clock,
      env: { PW_STATE_DIR: state.path },
      ...(lines === undefined ? {} : { lines }),
    });
  const argsOf = async (command: "run" | "watch" | "resume", options: readonly string[]) => {
    if (command === "run") return ["run", "never-ending", ...options];
    await start(["run", "never-ending", "--no-wait"]).end;
    const slug = simulator.runs()[0]?.slug ?? "";
    return command === "watch" ? ["watch", slug, ...options] : ["resume", "--all", ...options];
  };
  return {
    simulator,
    async play(command: "run" | "watch" | "resume", options: readonly string[]): Promise<MainEnd> {
      return await start(await argsOf(command, options)).end;
    },
    /** Sends the signal after the third poll. */
    async stopped(
      command: "run" | "watch" | "resume",
      options: readonly string[],
      signal: StopSignal,
      lines?: readonly string[],
    ): Promise<MainEnd & { readonly tookMs: number }> {
      const args = await argsOf(command, options);
      polls = 0;
      const program = start(args, lines);
      let sentAtMs = 0;
      onPoll = () => {
        sentAtMs = clock.now();
        program.signal(signal);
      };
      return { ...await program.end, tookMs: clock.now() - sentAtMs };
    },
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
    },
  };
}
