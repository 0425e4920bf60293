/** What is found out about a platform is how it was set. */

import assert from "node:assert/strict";
import { createHttp } from "../../../../lib/platform/http.ts";
import { findCredential } from "../../../../lib/platform/credentials/credentials.ts";
import { type Contact, contact } from "../../../../lib/cli/doctor/probe/probe.ts";
import { hostProfileOf, type PlatformProfile } from "../../../../lib/cli/doctor/probe/profile.ts";
import { NotFound, Rejected } from "../../../../lib/errors.ts";
import { silentLog } from "../../../../lib/log.ts";
import type { ServerBehavior, Simulator, SimulatorOptions } from "../../../../lib/simulator/simulator.ts";
import { startSimulator } from "../../../../lib/simulator/start.ts";
import { emptyFolder } from "../../../support/main_job.ts";
import { runProgram } from "../../../support/program.ts";
import { type VirtualClock, virtualClock } from "../../../support/virtual_clock.ts";

type Row = readonly [behavior: Partial<ServerBehavior>, want: Partial<PlatformProfile>];

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
    nestedRead,
  ): Row => [{ routes: "both", nestedRead }, { routes: "both", nestedRead }]),
  ...(["405", "run"] as const).map((nestedRead): Row => [
    { routes: "legacy", nestedRead },
    { routes: "legacy", nestedRead },
  ]),
  ...([204, 409] as const).map((cancelOfEnded): Row => [{ cancelOfEnded }, { cancelOfEnded }]),
  [{ idInPath: true }, { idInPath: true }],
  ...(["envelope", "problem"] as const).map((errorBody): Row => [{ errorBody }, { errorBody }]),
  ...(["run", "run-without-status", "no-slug"] as const).map((dryRun): Row => [{ dryRun }, { dryRun }]),
  ...(["newest", "oldest"] as const).map((listOrder): Row => [{ listOrder }, { listOrder }]),
  [{ maxLimit: 3 }, { maxLimit: 3 }],
  [{ maxLimit: 100 }, { maxLimit: null }],
  [{ readLagMs: 4_000, listLagMs: 9_000 }, { readLagMs: 4_000, listLagMs: 9_000 }],
  [{ clockSkewMs: 120_000 }, { clockSkewMs: 120_000 }],
];

for (const [behavior, want] of ROWS) {
  Deno.test(`contact finds ${JSON.stringify(want)} where it is set so`, async () => {
    await using stage = await aStage({ behavior });
    const { profile } = await stage.contact();
    for (const [name, value] of Object.entries(want)) {
      assert.deepEqual(Reflect.get(profile, name), value, `${name}: ${JSON.stringify(profile)}`);
    }
    assert.ok(stage.simulator.runs().length <= 3);
  });
}

Deno.test("contact leaves nothing running, and deletes what it started only when that is wished", async () => {
  await using stage = await aStage({});
  const { left } = await stage.contact({ workflow: "never-ending", patienceMs: 5_000 });
  assert.equal(left.length, 1);
  assert.deepEqual(stage.simulator.received("delete-run"), []);
  await stage.clock.sleep(60_000, {});
  assert.deepEqual(stage.simulator.runs().map(({ status }) => status), ["canceled"]);
  await using other = await aStage({});
  assert.deepEqual((await other.contact({ deletes: true })).left, []);
  assert.equal(other.simulator.received("delete-run").length, 1);
});

Deno.test("contact cleans up when it is stopped in the middle", async () => {
  const stopping = new AbortController();
  const why = new Error("stopped");
  let polls = 0;
  await using stage = await aStage({
    onStep: (operation, step) => {
      if (operation === "get-run" && step === "answered" && ++polls === 6) stopping.abort(why);
    },
  });
  const options = { workflow: "never-ending", signal: stopping.signal, patienceMs: 86_400_000 };
  await assert.rejects(stage.contact(options), why);
  assert.equal(stage.simulator.received("cancel-run").length, 1);
});

Deno.test("contact starts nothing without the workflow, and says so when it can't be started", async () => {
  await using stage = await aStage({});
  await assert.rejects(stage.contact({ workflow: "no-such-workflow" }), NotFound);
  assert.equal(stage.simulator.received("submit").length, 0);
  await using refusing = await aStage({ faults: [{ on: "submit", status: 400, times: Infinity }] });
  await assert.rejects(refusing.contact(), Rejected);
  assert.equal(refusing.simulator.runs().length, 0);
});

Deno.test("what was found holds no name of host, user, workflow or run", async () => {
  await using stage = await aStage({});
  const { profile, left } = await stage.contact();
  const text = JSON.stringify(profile);
  for (const name of ["127.0.0.1", "demo", "quick", ...left, stage.simulator.key]) {
    assert.ok(!text.includes(name), name);
  }
});

Deno.test("the client believes that a host refuses a second run only where it was seen", () => {
  const profile = { routes: "current", slugs: "unique", duplicateSlugStatus: 409 } as PlatformProfile;
  assert.deepEqual(hostProfileOf(profile, 5), {
    apiVersion: "current",
    apiVersionCheckedAtMs: 5,
    keepsSlug: true,
    refusesDuplicateSlug: true,
  });
  assert.equal(hostProfileOf({ ...profile, slugs: "shared" }, 5).refusesDuplicateSlug, false);
  assert.equal(hostProfileOf({ ...profile, slugs: null }, 5).refusesDuplicateSlug, undefined);
});

Deno.test("a simulator that plays a profile is found to be the same", async () => {
  await using folder = await emptyFolder();
  const behavior = {
    slugs: "shared",
    cancelOfEnded: 409,
    dryRun: "no-slug",
    errorBody: "envelope",
    idInPath: true,
  } as const;
  await using simulator = await startSimulator({ behavior });
  const find = async (key: string, file: string): Promise<PlatformProfile> => {
    const args = ["contact", "--workflow", "quick", "--yes", "-o", `${folder.path}/${file}`];
    const { code, stderr } = await runProgram({ args, env: { PW_API_KEY: key } });
    assert.equal(code, 0, stderr);
    return JSON.parse(await Deno.readTextFile(`${folder.path}/${file}`));
  };
  const found = await find(simulator.key, "a.json");
  await using played = await playing(`${folder.path}/a.json`);
  const again = await find(played.key, "b.json");
  // What passes by while it is measured differs a little.
  const measured = { readLagMs: 0, listLagMs: 0, clockSkewMs: 0 };
  assert.deepEqual({ ...again, ...measured }, { ...found, ...measured });
});

Deno.test("contact asks, and starts nothing where nobody can answer", async () => {
  await using simulator = await startSimulator();
  const { code, stderr } = await runProgram({ args: ["contact"], env: { PW_API_KEY: simulator.key } });
  assert.equal(code, 2);
  assert.match(stderr, /nobody can be asked.*\n.*--yes/);
  assert.equal(simulator.received().length, 0);
});

Deno.test("what contact found is believed by the next run", async () => {
  await using folder = await emptyFolder();
  await using simulator = await startSimulator();
  const env = { PW_API_KEY: simulator.key, PW_STATE_DIR: folder.path };
  await runProgram({ args: ["contact", "--workflow", "quick", "--yes"], env });
  const { stdout } = await runProgram({ args: ["doctor"], env });
  assert.match(stdout, /✓ routes .*keeps.*yes.*yes/);
});

interface Stage extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly clock: VirtualClock;
  contact(options?: Partial<Parameters<typeof contact>[1]>): Promise<Contact>;
}

async function aStage(options: SimulatorOptions): Promise<Stage> {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, ...options });
  const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
  const credential = await findCredential({ env, readTextFile: () => Promise.reject(new Deno.errors.NotFound()) }, {});
  const parts = { clock, random: Math.random };
  const http = createHttp({ ...parts, credential, fetch, log: silentLog, userAgent: "test" });
  return {
    simulator,
    clock,
    contact: (wanted = {}) =>
      contact({ ...parts, http, tell: () => {} }, {
        signal: new AbortController().signal,
        workflow: "quick",
        inputs: {},
        deletes: false,
        patienceMs: 60_000,
        ...wanted,
      }),
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

async function playing(profile: string): Promise<{ readonly key: string } & AsyncDisposable> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "-A",
      new URL("../../../../main.ts", import.meta.url).href,
      "simulate",
      "--profile",
      profile,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const deadline = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  return {
    key: /PW_API_KEY=(\S+)/.exec(value)?.[1] ?? "",
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await reader.cancel();
      await child.status;
      clearTimeout(deadline);
    },
  };
}
