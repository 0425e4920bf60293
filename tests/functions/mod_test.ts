import assert from "node:assert/strict";
import { runNow } from "../../functions/mod.ts";
import { StorageError } from "../../lib/errors.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import type { StoreWrite } from "../../lib/store/backend.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { cacheEnv } from "../support/program.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { aServiceStage } from "../support/service.ts";

Deno.test("runNow() submits one run per key, and the ticks track it to its end", async () => {
  await using stage = await aServiceStage([]);
  const service = await stage.isolate();
  const first = await runNow(service.deps, "quick", { inputs: { file: "a" }, key: "upload a" });
  const second = await runNow(service.deps, "quick", { inputs: { file: "a" }, key: "upload a" });
  assert.equal(second.submissionId, first.submissionId);
  assert.equal(stage.simulator.runs().length, 1);
  stage.clock.advance(60_000);
  await tick(service);
  assert.equal((await service.deps.store.get(first.submissionId))?.state, "finished");
});

Deno.test("the example in functions/mod.ts runs unchanged", async () => {
  const text = await Deno.readTextFile(new URL("../../functions/mod.ts", import.meta.url));
  const [, block = ""] = /```ts\n([^]*?)```/.exec(text) ?? [];
  const example = block.replaceAll(/^ \* ?/gm, "").replace(
    "./functions/mod.ts",
    new URL("../../functions/mod.ts", import.meta.url).href,
  );
  await using folder = await emptyFolder();
  await using simulator = await startSimulator();
  await Deno.writeTextFile(
    `${folder.path}/own.ts`,
    `${example}\nconsole.log(await onUpload("a.dat"));\nawait pollRuns();\nDeno.exit(0);\n`,
  );
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--check",
      "--no-prompt",
      "-A",
      "--config",
      new URL("../../deno.json", import.meta.url).pathname,
      "own.ts",
    ],
    cwd: folder.path,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), NO_COLOR: "1", PW_API_KEY: simulator.key },
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.match(new TextDecoder().decode(stdout), /^quick-[a-z2-7]{16}\n$/);
  assert.equal(simulator.runs().length, 1);
});

Deno.test("runNow() returns the submission once it is stored, even if the store fails before it is sent: a tick sends it", async () => {
  const memory = memoryBackend();
  let writes = 0;
  const write = (change: StoreWrite) =>
    ++writes === 2 ? Promise.reject(new StorageError("Cannot use the run store: disk is full")) : memory.write(change);
  await using stage = await aServiceStage([], { backend: { ...memory, write } });
  const service = await stage.isolate();
  const { state } = await runNow(service.deps, "quick", { key: "upload" });
  assert.deepEqual([state, stage.simulator.runs().length], ["pending", 0]);
  await tick(service);
  assert.equal(stage.simulator.runs().length, 1);
});

Deno.test("runNow() returns the submission that a platform without a response may have taken: a tick finds its run", async () => {
  await using stage = await aServiceStage([], { isHeld: true, faults: [{ on: "submit", latencyMs: 120_000 }] });
  const service = await stage.isolate();
  const { submissionId, state } = await runNow(service.deps, "quick", { key: "upload" });
  assert.equal(state, "unconfirmed");
  for (let minute = 0; minute < 5; minute++) {
    stage.clock.advance(60_000);
    await tick(service);
  }
  assert.equal((await service.deps.store.get(submissionId))?.state, "finished");
  assert.equal(stage.simulator.runs().length, 1);
});
