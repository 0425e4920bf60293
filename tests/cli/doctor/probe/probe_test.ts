/** The probe finds the behavior that the simulator is configured with. */

import assert from "node:assert/strict";
import { createHttp } from "../../../../lib/platform/http.ts";
import { findCredential } from "../../../../lib/platform/credentials/credentials.ts";
import { probeServer } from "../../../../lib/cli/doctor/probe/probe.ts";
import { type ProbeResult, toServerCapabilities, UNDETERMINED } from "../../../../lib/cli/doctor/probe/result.ts";
import { NotFound, Rejected } from "../../../../lib/errors.ts";
import { silentLog } from "../../../../lib/log.ts";
import type { ServerBehavior, Simulator, SimulatorOptions } from "../../../../lib/simulator/simulator.ts";
import { startSimulator } from "../../../../lib/simulator/start.ts";
import { emptyFolder } from "../../../support/main_job.ts";
import { runProgram } from "../../../support/program.ts";
import { type VirtualClock, virtualClock } from "../../../support/virtual_clock.ts";
import { testRandom } from "../../../support/seeded_random.ts";

type Row = readonly [behavior: Partial<ServerBehavior>, expected: Partial<ProbeResult>];

const ROWS: readonly Row[] = [
  [{}, { routes: "current", slugs: "unique", duplicateSlugStatus: 409, listOrder: "newest", idInPath: false }],
  ...([400, 409, 422] as const).map((status): Row => [
    { duplicateSlugStatus: status },
    { slugs: "unique", duplicateSlugStatus: status },
  ]),
  ...(["shared", "existing", "ignored", "refused"] as const).map((slugs): Row => [
    { slugs },
    { slugs, duplicateSlugStatus: null },
  ]),
  ...(["405", "run"] as const).map((
    legacyRead,
  ): Row => [{ apiVersion: "both", legacyRead }, { routes: "both", legacyRead }]),
  ...(["405", "run"] as const).map((legacyRead): Row => [
    { apiVersion: "legacy", legacyRead },
    { routes: "legacy", legacyRead },
  ]),
  ...([204, 409] as const).map((cancelOfEnded): Row => [{ cancelOfEnded }, { cancelOfEnded }]),
  [{ idInPath: true }, { idInPath: true }],
  ...(["envelope", "problem"] as const).map((errorBody): Row => [{ errorBody }, { errorBody }]),
  ...(["run", "run-without-status", "no-slug"] as const).map((dryRun): Row => [{ dryRun }, { dryRun }]),
  ...(["newest", "oldest"] as const).map((listOrder): Row => [{ listOrder }, { listOrder }]),
  [{}, { fileRanges: false }],
  [{ maxLimit: 3 }, { maxLimit: 3 }],
  [{ maxLimit: 100 }, { maxLimit: null }],
  [{ readLagMs: 4_000, listLagMs: 9_000 }, { readLagMs: 4_000, listLagMs: 9_000 }],
  [{ clockSkewMs: 120_000 }, { clockSkewMs: 120_000 }],
];

for (const [behavior, expected] of ROWS) {
  Deno.test(`probe finds ${JSON.stringify(expected)} on a server with ${JSON.stringify(behavior)}`, async () => {
    await using stage = await aStage({ behavior });
    const { result } = await stage.probe();
    for (const [name, value] of Object.entries(expected)) {
      assert.deepEqual(Reflect.get(result, name), value, `${name}: ${JSON.stringify(result)}`);
    }
    assert.ok(stage.simulator.runs().length <= 3);
  });
}

Deno.test("a probe reports how late a run is shown, or that it was not shown at all", async () => {
  for (
    const [behavior, want] of [
      [{ readLagMs: 4_000, listLagMs: 9_000 }, "run 4 s, list 9 s"],
      [{ readLagMs: 0, listLagMs: 86_400_000 }, "run 0 s, list more than 90 s"],
    ] as const
  ) {
    await using stage = await aStage({ behavior });
    await stage.probe();
    assert.ok(stage.reported.includes(`delay until visible: ${want}`), stage.reported.join("\n"));
  }
});

Deno.test("probe leaves no run running, and deletes its runs only on request", async () => {
  await using stage = await aStage({});
  const { remainingRuns } = await stage.probe({ workflow: "never-ending", runTimeoutMs: 5_000 });
  assert.equal(remainingRuns.length, 1);
  const [slug] = remainingRuns;
  assert.equal(stage.reported.at(-1), `clean-up: ${slug} has finished or is being cancelled, and stays in your list`);
  assert.deepEqual(stage.simulator.received("delete-run"), []);
  await stage.clock.sleep(60_000, {});
  assert.deepEqual(stage.simulator.runs().map(({ status }) => status), ["canceled"]);
  await using other = await aStage({});
  assert.deepEqual((await other.probe({ deletesRuns: true })).remainingRuns, []);
  assert.equal(other.simulator.received("delete-run").length, 1);
  assert.match(other.reported.at(-1) ?? "", /^clean-up: deleted \S+$/);
});

Deno.test("a probe that is stopped cancels its run", async () => {
  const stopping = new AbortController();
  const reason = new Error("stopped");
  let polls = 0;
  await using stage = await aStage({
    onStep: (operation, step) => {
      if (operation === "get-run" && step === "responded" && ++polls === 6) stopping.abort(reason);
    },
  });
  const options = { workflow: "never-ending", signal: stopping.signal, runTimeoutMs: 86_400_000 };
  await assert.rejects(stage.probe(options), reason);
  assert.equal(stage.simulator.received("cancel-run").length, 1);
});

for (
  const [clockSkewMs, want] of [
    [120_000, "120 s ahead of this machine"],
    [-3_000, "3 s behind this machine"],
    [0, "in sync with this machine"],
  ] as const
) {
  Deno.test(`a probe reports that the server's clock is ${want}`, async () => {
    await using stage = await aStage({ behavior: { clockSkewMs } });
    await stage.probe();
    assert.ok(stage.reported.includes(`clock: ${want}`), stage.reported.join("\n"));
  });
}

Deno.test("probe fails without starting a run when the workflow is missing or refused", async () => {
  await using stage = await aStage({});
  await assert.rejects(stage.probe({ workflow: "no-such-workflow" }), NotFound);
  await assert.rejects(stage.probe({ workflow: "quik" }), (error) => {
    assert.ok(error instanceof NotFound);
    assert.equal(error.hint, 'Did you mean "quick"?');
    return true;
  });
  assert.equal(stage.simulator.received("submit").length, 0);
  await using refusing = await aStage({ faults: [{ on: "submit", status: 400, times: Infinity }] });
  await assert.rejects(refusing.probe(), Rejected);
  assert.equal(refusing.simulator.runs().length, 0);
});

Deno.test("the result contains no name of a host, user, workflow or run", async () => {
  await using stage = await aStage({});
  const { result, remainingRuns } = await stage.probe();
  const text = JSON.stringify(result);
  for (const name of ["127.0.0.1", "demo", "quick", ...remainingRuns, stage.simulator.key]) {
    assert.ok(!text.includes(name), name);
  }
});

Deno.test("toServerCapabilities() reports that duplicates are refused only when a refusal was observed", () => {
  const result = { routes: "current", slugs: "unique", duplicateSlugStatus: 409 } as ProbeResult;
  assert.deepEqual(toServerCapabilities(result, 5), {
    apiVersion: "current",
    apiVersionCheckedAtMs: 5,
    keepsSlug: true,
    refusesDuplicateSlug: true,
  });
  assert.equal(toServerCapabilities({ ...result, slugs: "shared" }, 5).refusesDuplicateSlug, false);
  assert.equal(toServerCapabilities({ ...result, slugs: null }, 5).refusesDuplicateSlug, undefined);
});

Deno.test("a simulator with the probed behavior gives the same result", async () => {
  await using folder = await emptyFolder();
  const behavior = {
    slugs: "shared",
    cancelOfEnded: 409,
    dryRun: "no-slug",
    errorBody: "envelope",
    idInPath: true,
  } as const;
  await using simulator = await startSimulator({ behavior });
  const probe = async (key: string, file: string): Promise<ProbeResult> => {
    const args = ["doctor", "--probe", "quick", "--yes", "--probe-output", `${folder.path}/${file}`];
    const { code, stderr } = await runProgram({ args, env: { PW_API_KEY: key } });
    assert.equal(code, 0, stderr);
    return JSON.parse(await Deno.readTextFile(`${folder.path}/${file}`));
  };
  const first = await probe(simulator.key, "a.json");
  await using copy = await simulate(`${folder.path}/a.json`);
  const second = await probe(copy.key, "b.json");
  // Measured times vary.
  const measured = { readLagMs: 0, listLagMs: 0, clockSkewMs: 0 };
  assert.deepEqual({ ...second, ...measured }, { ...first, ...measured });
});

Deno.test("what the simulator cannot do like the probed server is left out", async () => {
  await using folder = await emptyFolder();
  const file = `${folder.path}/probe.json`;
  await Deno.writeTextFile(file, JSON.stringify({ ...UNDETERMINED, slugs: "unique", duplicateSlugStatus: 418 }));
  await using copy = await simulate(file);
  assert.match(copy.key, /^pwt_/);
});

Deno.test("doctor --probe asks for confirmation, and starts nothing without a terminal", async () => {
  await using simulator = await startSimulator();
  const { code, stderr } = await runProgram({
    args: ["doctor", "--probe", "quick"],
    env: { PW_API_KEY: simulator.key },
  });
  assert.equal(code, 2);
  assert.match(stderr, /there is no terminal\n.*--yes/);
  assert.equal(simulator.received().length, 0);
});

Deno.test("an option of the probe without --probe is refused", async () => {
  const { code, stderr } = await runProgram({ args: ["doctor", "--probe-delete"], env: {} });
  assert.equal(code, 2);
  assert.match(stderr, /Cannot use --probe-delete without --probe\n.*--probe WORKFLOW/);
});

Deno.test("the next command uses what the probe found", async () => {
  await using folder = await emptyFolder();
  await using simulator = await startSimulator();
  const env = { PW_API_KEY: simulator.key, PW_STATE_DIR: folder.path };
  await runProgram({ args: ["doctor", "--probe", "quick", "--yes"], env });
  const { stdout } = await runProgram({ args: ["doctor"], env });
  assert.match(stdout, /✓ routes .*keeps our slugs: yes; refuses duplicates: yes/);
});

interface Stage extends AsyncDisposable {
  readonly simulator: Simulator;
  /** What it has reported, a line each. */
  readonly reported: readonly string[];
  readonly clock: VirtualClock;
  probe(options?: Partial<Parameters<typeof probeServer>[0]>): ReturnType<typeof probeServer>;
}

async function aStage(options: SimulatorOptions): Promise<Stage> {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, ...options });
  const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
  const credential = await findCredential({ env, readTextFile: () => Promise.reject(new Deno.errors.NotFound()) }, {});
  const parts = { clock, random: testRandom() };
  const reported: string[] = [];
  const http = createHttp({ ...parts, credential, fetch, log: silentLog, userAgent: "test" });
  return {
    simulator,
    clock,
    reported,
    probe: (options = {}) =>
      probeServer({
        ...parts,
        http,
        report: (check, text) => reported.push(`${check}: ${text}`),
        signal: new AbortController().signal,
        workflow: "quick",
        inputs: {},
        deletesRuns: false,
        runTimeoutMs: 60_000,
        ...options,
      }),
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

/** Runs `simulate` with the behavior from a file of `doctor --probe-output`. */
async function simulate(profile: string): Promise<{ readonly key: string } & AsyncDisposable> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "-A",
      new URL("../../../../main.ts", import.meta.url).href,
      "simulate",
      "--probe-result",
      profile,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const deadline = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/PW_API_KEY=\S+\n/.test(text)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`simulate ended: ${text}`);
    text += value;
  }
  return {
    key: /PW_API_KEY=(\S+)/.exec(text)?.[1] ?? "",
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await reader.cancel();
      await child.status;
      clearTimeout(deadline);
    },
  };
}
