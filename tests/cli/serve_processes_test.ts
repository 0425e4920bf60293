/** Several `deno task serve` on one PostgreSQL, in real time: the cron trigger fires at full minutes. */

import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { scheduleProgressAt } from "../../lib/scheduler/occurrences.ts";
import { scheduleProgressKey } from "../../lib/scheduler/scheduler_store.ts";
import { openKv } from "../../lib/store/open_kv.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { needing } from "../support/needs.ts";
import { postgresMissing, startPostgres } from "../support/postgres.ts";
import { cacheEnv } from "../support/program.ts";
import { within } from "../support/within.ts";

const ROOT = new URL("../../", import.meta.url);
const DEADLINE_MS = 260_000;
const MINUTE_MS = 60_000;
/** From a full minute to the request that it causes. */
const MARGIN_MS = 10_000;

interface Server extends AsyncDisposable {
  /** Resolves once it prints the text. */
  printed(text: string): Promise<void>;
  kill(): void;
}

Deno.test({
  ...needing(
    "of two servers on one PostgreSQL one ticks, and the other takes over within a minute when it is killed",
    await postgresMissing(),
  ),
  async fn() {
    using postgres = await startPostgres();
    await using folder = await emptyFolder();
    const submits: number[] = [];
    const submitted = Promise.withResolvers<void>();
    await using simulator = await startSimulator({
      onStep: (operation, step) => {
        if (operation !== "submit" || step !== "arrived") return;
        submits.push(Date.now());
        submitted.resolve();
      },
    });
    const entry = `${folder.path}/serve.ts`;
    const url = (path: string) => JSON.stringify(new URL(path, ROOT).href);
    await Deno.writeTextFile(
      entry,
      `import { runServer } from ${url("lib/cli/serve.ts")};
       import { defineSchedules } from ${url("lib/scheduler/define.ts")};
       import { host } from ${url("functions/host.ts")};
       const schedule = { name: "each", cron: "* * * * *", workflow: "quick", overlap: "allow" };
       await runServer(host, () => Promise.resolve(defineSchedules([schedule])));\n`,
    );
    const env = { PW_API_KEY: simulator.key, PW_STORE_URL: postgres.url, PW_TRIGGER_KEY: "full-key-0123456789" };
    await using kv = openKv(postgres.url, { clock: systemClock, random: Math.random, onSetAside: null });
    const schedule = { name: "each", cron: "* * * * *", timeZone: "UTC", backfill: "last", jitterMs: 0 } as const;
    await kv.atomic().set(scheduleProgressKey("each"), scheduleProgressAt(schedule, Date.now())).commit();
    // The first submit is answered so slowly that its tick still holds the lock when the other server asks for it.
    simulator.addFaults({ on: "submit", body: "slow", slowMs: 4 * MINUTE_MS });
    await using one = startServer(entry, env, folder.path);
    await using other = startServer(entry, env, folder.path);
    await Promise.all([one.printed("Serving on"), other.printed("Serving on")]);
    const waiting = await Promise.race([one, other].map(async (server) => {
      await server.printed("Another tick is in progress");
      return server;
    }));
    await within(submitted.promise, "submit");
    (waiting === one ? other : one).kill();
    const killedMs = Date.now();
    while (submits.length < 2 && Date.now() < killedMs + 2 * MINUTE_MS) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const tookMs = (submits[1] ?? Infinity) - killedMs;
    assert.ok(tookMs <= MINUTE_MS + MARGIN_MS, `${tookMs} ms`);
    // The occurrence of the killed server was found again, and that of the next minute was submitted.
    assert.equal(simulator.runs().length, 2);
  },
});

function startServer(entry: string, env: Readonly<Record<string, string>>, cwd: string): Server {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--no-check", "-A", "--frozen", `--lock=${new URL("deno.lock", ROOT).pathname}`],
      ...[entry, "--port", "0"],
    ],
    cwd,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).spawn();
  let output = "";
  let isOver = false;
  const read = async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) output += text;
    isOver = true;
  };
  const ended = read();
  return {
    async printed(text) {
      while (!output.includes(text)) {
        // Never resolves for a server that was killed.
        if (isOver) throw new Error(`The server ended: ${output}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    kill: () => child.kill("SIGKILL"),
    async [Symbol.asyncDispose]() {
      if (!isOver) child.kill("SIGKILL");
      await child.status;
      await ended;
    },
  };
}
