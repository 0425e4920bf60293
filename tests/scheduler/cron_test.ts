/** The real cron trigger: `Deno.cron`, in a process of its own, started as Deno Deploy starts it. */

import assert from "node:assert/strict";
import { everyMinute, tickHandler } from "../../lib/scheduler/cron.ts";
import { readTickLog } from "../../lib/scheduler/scheduler_store.ts";
import { systemClock } from "../../lib/clock.ts";
import { openKv } from "../../lib/store/open_kv.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { freePort } from "../support/free_port.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { cacheEnv } from "../support/program.ts";

const MAIN = new URL("../../functions/main.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
/** The next full minute, with a margin. */
const DEADLINE_MS = 70_000;

Deno.test("functions/main.ts under `deno run` answers /healthz, its cron ticks within a minute, and SIGINT ends it", async () => {
  await using folder = await emptyFolder();
  await using simulator = await startSimulator();
  const kvPath = `${folder.path}/kv`;
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", "--config", CONFIG, "--unstable-kv", "--unstable-cron", MAIN],
    cwd: folder.path,
    clearEnv: true,
    env: {
      ...machineEnv(),
      ...cacheEnv(),
      NO_COLOR: "1",
      PW_API_KEY: simulator.key,
      PW_STORE_URL: `deno-kv:${kvPath}`,
      DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`,
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const deadline = setTimeout(() => child.kill("SIGKILL"), 2 * DEADLINE_MS + 30_000);
  const errors = new Response(child.stderr).text();
  let hasEnded = false;
  try {
    assert.equal(await healthStatus(port, Date.now() + DEADLINE_MS), 200);
    const endMs = Date.now() + DEADLINE_MS;
    let log = null;
    while (log === null && Date.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      log = await tickLogIn(kvPath);
    }
    assert.notEqual(log, null, "no tick came");
    assert.equal(log?.error, null);
    if (Deno.build.os === "windows") return;
    const signaledMs = performance.now();
    child.kill("SIGINT");
    const { code } = await child.status;
    hasEnded = true;
    assert.equal(code, 0);
    assert.ok(performance.now() - signaledMs < 5_000);
  } finally {
    if (!hasEnded) child.kill("SIGKILL");
    await child.status;
    clearTimeout(deadline);
    assert.ok(!/error/i.test(await errors), await errors);
  }
});

Deno.test("a failed tick is logged, and the handler rejects, so that the host shows it", async () => {
  const lines: string[] = [];
  const handler = tickHandler(
    () => Promise.reject(new Error("the store is unavailable")),
    (level, message) => void lines.push(`${level} ${message}`),
  );
  await assert.rejects(handler(), /the store is unavailable/);
  assert.deepEqual(lines, ["ERROR A tick failed: the store is unavailable"]);
});

Deno.test("a tick that submitted nothing of what was due is logged as failed, and the handler rejects", async () => {
  const lines: string[] = [];
  const failure = "None of 2 due occurrences was submitted";
  const report = { didTick: true, submitted: 0, polled: 0, delivered: 0, missedTicks: 0, isCutShort: false, failure };
  const handler = tickHandler(
    () => Promise.resolve(report),
    (level, message) => void lines.push(`${level} ${message}`),
  );
  await assert.rejects(handler(), new RegExp(failure));
  assert.deepEqual(lines, [`ERROR A tick failed: ${failure}`]);
});

Deno.test("everyMinute() goes on after a call that failed", async () => {
  const clock = virtualClock(30_000);
  const stop = new AbortController();
  const calls: number[] = [];
  await everyMinute(clock, () => {
    calls.push(clock.now());
    if (calls.length === 3) stop.abort();
    return Promise.reject(new Error("the store is unavailable"));
  }, stop.signal);
  assert.deepEqual(calls, [60_000, 120_000, 180_000]);
});

Deno.test("everyMinute() calls at each full minute, one call at a time, until aborted", async () => {
  const clock = virtualClock(30_000);
  const stop = new AbortController();
  const calls: number[] = [];
  await everyMinute(clock, async () => {
    calls.push(clock.now());
    if (calls.length === 1) await clock.sleep(90_000, {});
    if (calls.length === 3) stop.abort();
  }, stop.signal);
  assert.deepEqual(calls, [60_000, 180_000, 240_000]);
});

async function tickLogIn(path: string) {
  try {
    await using kv = openKv(`deno-kv:${path}`, { clock: systemClock, random: Math.random, onSetAside: null });
    return await readTickLog(kv);
  } catch {
    // The other process is writing, or has not created the store yet.
    return null;
  }
}

/** The status of the first answer; the shipped schedules are disabled, so no tick is needed for it to be 200. */
async function healthStatus(port: number, endMs: number): Promise<number | undefined> {
  while (Date.now() < endMs) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/healthz`);
      await response.body?.cancel();
      return response.status;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return undefined;
}
