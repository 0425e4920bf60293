/** The real bell: `Deno.cron`, in a process of its own. */

import assert from "node:assert/strict";
import { type CronTrigger, tickEveryMinute } from "../../lib/scheduler/cron.ts";
import { schedulerStoreOn } from "../../lib/scheduler/scheduler_store.ts";
import { StorageError } from "../../lib/errors.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { cacheEnv } from "../support/program.ts";

const MAIN = new URL("../../functions/main.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
/** The next full minute, and a little. */
const DEADLINE_MS = 70_000;

Deno.test("the host's own bell ticks within a minute", async () => {
  await using folder = await emptyFolder();
  await using simulator = await startSimulator();
  const kvPath = `${folder.path}/kv`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", "--config", CONFIG, "--unstable-kv", "--unstable-cron", MAIN],
    cwd: folder.path,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), NO_COLOR: "1", PW_API_KEY: simulator.key, PW_KV_PATH: kvPath },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS + 30_000);
  const errors = new Response(child.stderr).text();
  try {
    const endMs = Date.now() + DEADLINE_MS;
    let log = null;
    while (log === null && Date.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      log = await tickLogIn(kvPath);
    }
    assert.notEqual(log, null, "no tick came");
    assert.equal(log?.error, null);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    clearTimeout(deadline);
    assert.ok(!/error/i.test(await errors), await errors);
  }
});

Deno.test("without a bell it is said how to get one", () => {
  const parts = { cronTrigger: undefined, log: () => {} };
  assert.throws(() => tickEveryMinute(() => Promise.reject(new Error()), parts), StorageError);
});

Deno.test("a tick that fails is logged, and the bell goes on", async () => {
  const said: string[] = [];
  let onTick: () => Promise<void> = () => Promise.resolve();
  const cronTrigger: CronTrigger = (_name, schedule, ringing) => {
    assert.equal(schedule, "* * * * *");
    onTick = ringing;
  };
  tickEveryMinute(() => Promise.reject(new Error("the store is away")), {
    cronTrigger,
    log: (level, message) => void said.push(`${level} ${message}`),
  });
  await onTick();
  assert.deepEqual(said, ["ERROR A tick failed: the store is away"]);
});

async function tickLogIn(path: string) {
  try {
    using kv = await Deno.openKv(path);
    return await schedulerStoreOn(kv).tickLog();
  } catch {
    // The other process is writing, or has not begun.
    return null;
  }
}
