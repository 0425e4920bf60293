/** The local history, and runs without a usable one. Real processes. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../../lib/clock.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { type Disk, fullDisk, mountMissing, readOnlyDisk } from "../../support/disks.ts";
import { needing } from "../../support/needs.ts";
import { type ProgramCall, type ProgramEnd, runProgram } from "../../support/program.ts";
import { submittedTo } from "../../support/received.ts";
import { aFinishedSubmission } from "../../support/records.ts";
import { openRunStore } from "../../support/run_store.ts";

const SPEED = 60;
const SECRET = "correct-horse-battery-staple";

async function aStage() {
  const state = await emptyFolder();
  const simulator = await startSimulator({ clock: fastClock(systemClock, SPEED) });
  const env = { PW_API_KEY: simulator.key, PW_STATE_DIR: state.path };
  return {
    simulator,
    state,
    program: (args: readonly string[], call: Partial<ProgramCall> = {}): Promise<ProgramEnd> =>
      runProgram({ ...call, args, env: { ...env, ...call.env } }),
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
    },
  };
}

Deno.test("history lists the runs of this machine without an API key or network", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick", "--idempotency-key", "one"]);
  await stage.program(["run", "failing-step"]);
  await stage.program(["run", "quick", "--no-wait"]);
  const offline = { env: { PW_API_KEY: "" } };
  const { code, stdout } = await stage.program(["history"], offline);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^WORKFLOW +STATUS +AGE .*\nquick +running .*\nfailing-step +failed .*\nquick +completed +\d+[sm] +1s +quick-/,
  );
  const two = await stage.program(["history", "--limit", "2"], offline);
  assert.equal(two.stdout.split("\n").filter((line) => line !== "").length, 3);
  assert.match(two.stderr, /^Showing the newest 2: --limit N shows more$/m);
  assert.equal((await stage.program(["history", "--limit", "3"], offline)).stderr, "");
  const ofQuick = JSON.parse((await stage.program(["history", "--workflow", "quick", "--json"], offline)).stdout);
  assert.deepEqual(ofQuick.records.map(({ status }: { status: string }) => status), ["running", "completed"]);
  assert.equal(ofQuick.records[1].idempotencyKey, "one");
  const failed = JSON.parse((await stage.program(["history", "--failed", "--json"], offline)).stdout);
  assert.deepEqual(failed.records.map(({ status }: { status: string }) => status), ["failed"]);
  assert.equal(
    (await stage.program(["history", "--since", "1ms"], offline)).stdout,
    "No runs in the local history match\n",
  );
});

Deno.test("history has the status that status, errors, logs and cancel have seen", async () => {
  await using stage = await aStage();
  const records = async (...args: string[]) => {
    const { records } = JSON.parse((await stage.program(["history", ...args, "--json"])).stdout);
    return records.map(({ status }: { status: string }) => status);
  };
  await stage.program(["run", "failing-step", "--no-wait"]);
  await using elsewhere = await emptyFolder();
  const [{ slug = "" } = {}] = stage.simulator.runs();
  await stage.program(["watch", slug], { env: { PW_STATE_DIR: elsewhere.path } });
  assert.deepEqual([await records(), await records("--failed")], [["running"], []]);
  await stage.program(["errors", "last"]);
  assert.deepEqual([await records(), await records("--failed")], [["failed"], ["failed"]]);
  await stage.program(["run", "never-ending", "--no-wait"]);
  await stage.program(["cancel", "last"]);
  await stage.program(["status", "last"]);
  assert.deepEqual(await records(), ["cancelled", "failed"]);
  const { code, stdout } = await stage.program(["resume", "--all", "--json"]);
  assert.equal(code, 1);
  assert.deepEqual(JSON.parse(stdout).runs.map(({ status }: { status: string }) => status).sort(), [
    "cancelled",
    "failed",
  ]);
});

Deno.test("history show shows one run, by its slug, its number or last", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick", "-i", "greeting=hi", "--no-check", "--idempotency-key", "one"]);
  const [{ slug }] = JSON.parse((await stage.program(["history", "--json"])).stdout).records;
  for (const name of [slug, "quick#1", "last"]) {
    const { stdout } = await stage.program(["history", "show", name]);
    assert.match(stdout, /^Workflow +quick\nStatus +completed\n[^]*\nIdempotency key +one\n[^]*"greeting": "hi"/, name);
  }
  assert.equal((await stage.program(["history", "show", "no-such-run"])).code, 5);
});

Deno.test("history prune removes finished runs, and first those of a clock that was ahead", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick"]);
  await stage.program(["run", "quick"]);
  {
    await using store = openRunStore(`${stage.state.path}/history.db`);
    await store.put(aFinishedSubmission({ createdAtMs: systemClock.now() + 86_400_000 }));
  }
  assert.equal((await stage.program(["history", "prune"])).code, 2);
  assert.equal((await stage.program(["history", "prune", "--keep", "1"])).stdout, "Removed 2 records\n");
  const { records } = JSON.parse((await stage.program(["history", "--json"])).stdout);
  assert.deepEqual(records.map(({ runNumber }: { readonly runNumber: number }) => runNumber), [2]);
});

Deno.test("status, watch and rerun accept last for the latest run of this machine", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick", "-i", "greeting=hi", "--no-check"]);
  assert.match((await stage.program(["status", "last"])).stdout, /completed/);
  assert.match((await stage.program(["watch", "last"])).stdout, /completed successfully/);
  const { code } = await stage.program(["rerun", "last", "-i", "more=1", "--no-check"]);
  assert.equal(code, 0);
  assert.deepEqual(submittedTo(stage.simulator)[1], { workflow: "quick", inputs: { greeting: "hi", more: 1 } });
});

Deno.test("rerun reads the inputs from the platform if the run is not in the local history", async () => {
  await using stage = await aStage();
  const { stdout } = await stage.program(["run", "quick", "-i", "greeting=hi", "--no-check", "--json"]);
  const { slug } = JSON.parse(stdout);
  await using elsewhere = await emptyFolder();
  const { code } = await stage.program(["rerun", slug, "--no-check"], { env: { PW_STATE_DIR: elsewhere.path } });
  assert.equal(code, 0);
  assert.deepEqual(submittedTo(stage.simulator)[1]?.inputs, { greeting: "hi" });
});

Deno.test("rerun needs the secrets again, since they are not stored", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick", "-i", `password=${SECRET}`, "-i", "user=ann", "--no-check"]);
  for await (const { name } of Deno.readDir(stage.state.path)) {
    const bytes = await Deno.readFile(`${stage.state.path}/${name}`);
    assert.ok(!new TextDecoder().decode(bytes).includes(SECRET), `${name} contains the secret`);
  }
  const shown = await stage.program(["history", "show", "last"]);
  assert.ok(!shown.stdout.includes(SECRET));
  assert.match(shown.stdout, /"user": "ann"/);
  const refused = await stage.program(["rerun", "last", "--no-check"]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /secrets are missing[^]*password +is a secret, and secrets are not stored/);
  const again = await stage.program(["rerun", "last", "--no-check", "-i", `password=${SECRET}`]);
  assert.equal(again.code, 0);
  assert.deepEqual(submittedTo(stage.simulator)[1]?.inputs, { user: "ann", password: SECRET });
});

Deno.test("a damaged history is set aside with a warning, and the run continues with a new one", async () => {
  await using stage = await aStage();
  await Deno.writeTextFile(`${stage.state.path}/history.db`, "not a database\n".repeat(100));
  const { code, stderr } = await stage.program(["run", "quick"]);
  assert.equal(code, 0);
  assert.match(stderr, /damaged: it was set aside as .*history\.db\.set-aside-/);
  const names = [...Deno.readDirSync(stage.state.path)].map(({ name }) => name);
  assert.ok(names.some((name) => name.startsWith("history.db.set-aside-")), names.join());
});

interface BadFolder {
  readonly what: string;
  readonly missing: string | undefined;
  /** Makes a folder unusable and returns the value for PW_STATE_DIR. */
  readonly make: (folder: string) => Promise<Disk>;
}

const BAD_FOLDERS: readonly BadFolder[] = [
  { what: "a full disk", missing: await mountMissing(), make: fullDisk },
  { what: "a read-only disk", missing: await mountMissing(), make: readOnlyDisk },
  { what: "no folder", missing: undefined, make: noFolder },
];

for (const { what, missing, make } of BAD_FOLDERS) {
  Deno.test({
    ...needing(`with ${what} for the history, run refuses to submit, and --no-history runs with a warning`, missing),
    async fn() {
      await using stage = await aStage();
      await using folder = await emptyFolder();
      const below = `${folder.path}/disk`;
      await Deno.mkdir(below);
      await using disk = await make(below);
      const call = { env: { PW_STATE_DIR: disk.path } };
      const refused = await stage.program(["run", "quick", "--json"], call);
      assert.equal(refused.code, 8, refused.stderr);
      assert.equal(JSON.parse(refused.stdout).submitted, "no");
      assert.match(
        refused.stderr,
        /Cannot submit quick: cannot use the (?:run store at|local history: no folder) [^]*--no-history/,
      );
      assert.equal(stage.simulator.received("submit").length, 0);
      const forced = await stage.program(["run", "quick", "--no-history"], call);
      assert.equal(forced.code, 0, forced.stderr);
      assert.match(forced.stderr, /Local history is off: if this process dies/);
      const listed = await stage.program(["list"], call);
      assert.equal(listed.code, 0, listed.stderr);
      const { slug } = JSON.parse((await stage.program(["runs", "quick", "--json"], call)).stdout).runs[0];
      const watched = await stage.program(["watch", slug], call);
      assert.equal(watched.code, 0, watched.stderr);
      assert.match(watched.stderr, /Cannot use the (?:run store at|local history: no folder) /);
    },
  });
}

Deno.test("without a local history, in a folder that cannot be written, the commands that read it find nothing", async () => {
  await using stage = await aStage();
  const readOnly = { permissions: ["--allow-read", "--allow-env"] };
  const history = await stage.program(["history"], readOnly);
  assert.deepEqual(history, { code: 0, stdout: "No runs in the local history\n", stderr: "" });
  const document = await stage.program(["history", "--json"], readOnly);
  assert.deepEqual([document.code, JSON.parse(document.stdout).records], [0, []]);
  assert.match((await stage.program(["history", "show", "last"], readOnly)).stderr, /no such run in the local history/);
  assert.match((await stage.program(["test", "history", "a"], readOnly)).stderr, /Cannot find the case "a"/);
  // It may exist in a folder that cannot be read.
  const mayReadItself = `--allow-read=${new URL("../../../", import.meta.url).pathname}`;
  const unreadable = await stage.program(["history"], { permissions: ["--allow-env", mayReadItself] });
  assert.deepEqual([unreadable.code, unreadable.stdout], [8, ""]);
  assert.match(unreadable.stderr, /annot use the run store at .*\n.*PW_STORE_URL/);
});

Deno.test("twenty processes with one idempotency key and no shared state start one run and print the same result", async () => {
  await using stage = await aStage();
  const folders = await Promise.all(Array.from({ length: 20 }, emptyFolder));
  try {
    const args = ["run", "quick", "--idempotency-key", "build 4711", "--json", "--no-check"];
    const ends = await Promise.all(
      folders.map((folder) => stage.program(args, { env: { PW_STATE_DIR: folder.path } })),
    );
    assert.deepEqual(ends.map(({ code }) => code), Array(20).fill(0), ends.map(({ stderr }) => stderr).join("\n"));
    assert.equal(stage.simulator.runs().length, 1);
    const results = ends.map(({ stdout }) => JSON.parse(stdout));
    const withoutStarter = results.map(({ submitted: _, ...result }) => result);
    for (const result of withoutStarter) assert.deepEqual(result, withoutStarter[0]);
    assert.equal(results.filter(({ submitted }) => submitted === "yes").length, 1);
  } finally {
    for (const folder of folders) await folder[Symbol.asyncDispose]();
  }
});

Deno.test("several processes can use one history at the same time", async () => {
  await using stage = await aStage();
  const ends = await Promise.all(Array.from({ length: 8 }, () => stage.program(["run", "quick", "--json"])));
  assert.deepEqual(ends.map(({ code }) => code), Array(8).fill(0), ends.map(({ stderr }) => stderr).join("\n"));
  const { records } = JSON.parse((await stage.program(["history", "--json"])).stdout);
  assert.deepEqual(records.map(({ status }: { status: string }) => status), Array(8).fill("completed"));
});

function noFolder(): Promise<Disk> {
  return Promise.resolve({ path: "", [Symbol.asyncDispose]: () => Promise.resolve() });
}
