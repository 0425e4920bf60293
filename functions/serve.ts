/**
 * The same on one's own server: `deno task serve`. The store is a local file; with `--demo` the platform is a simulated
 * one, whose time, and the bell with it, may run faster.
 */

import { readKeys } from "./access.ts";
import { createClient } from "../lib/client/create_client.ts";
import { findCredential } from "../lib/client/credentials.ts";
import { type Clock, fastClock, systemClock } from "../lib/clock.ts";
import { UsageError } from "../lib/errors.ts";
import { kvLedger } from "../lib/ledger/kv.ts";
import type { Log } from "../lib/log.ts";
import { defineSchedules } from "../lib/schedules/define.ts";
import { PRODUCTION } from "../lib/schedules/schedule.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { type Cloud, knowingItsOwner, openCloud, openOnce } from "./cloud.ts";
import { type Bell, hostBell, ringEveryMinute } from "./cron.ts";
import { createHandler } from "./http.ts";
import { schedules } from "./schedules.ts";
import { cloudStore, openKv } from "./store.ts";
import { tick } from "./tick.ts";

interface Options {
  readonly port: number;
  readonly hostname: string;
  readonly kvPath: string;
  readonly isDemo: boolean;
  readonly speed: number;
}

const USAGE = `deno task serve [--port N] [--hostname H] [--kv FILE]   PW_API_KEY, PW_TRIGGER_KEY, PW_READ_KEY
deno task serve --demo [--speed X] [--port N]             a simulated platform, X times as fast`;

if (import.meta.main) {
  try {
    await serve(readOptions(Deno.args));
  } catch (error) {
    // deno-lint-ignore no-console -- this is the program's own door
    console.error(error instanceof Error ? `✗ ${error.message}` : error);
    Deno.exit(2);
  }
}

async function serve({ port, hostname, kvPath, isDemo, speed }: Options): Promise<void> {
  const demo = isDemo ? await openDemo(speed) : undefined;
  const env = (name: string) => Deno.env.get(name) ?? demo?.env(name);
  const open = openOnce(() => demo === undefined ? openCloud({ schedules, kvPath }) : demo.open());
  // What is wrong is said now, not at the first request.
  const { deps } = await open();
  ringEveryMinute(async () => await tick(await open()), { bell: demo?.bell ?? hostBell(), log: deps.log });
  const server = Deno.serve({
    port,
    hostname,
    onListen: ({ port }) => deps.log("INFO", `Serving on http://${hostname}:${port}`),
  }, createHandler({ open, keys: readKeys(env) }));
  if (demo !== undefined) {
    deps.log("INFO", `Keys of this demo: PW_TRIGGER_KEY=${env("PW_TRIGGER_KEY")} PW_READ_KEY=${env("PW_READ_KEY")}`);
  }
  await server.finished;
}

interface Demo {
  readonly env: (name: string) => string | undefined;
  readonly bell: Bell;
  readonly open: () => Promise<Cloud>;
}

/** Keys for nobody's account, a platform of our own, and a schedule that has something to show. */
async function openDemo(speed: number): Promise<Demo> {
  const clock = fastClock(systemClock, speed);
  const simulator = await startSimulator({ clock });
  const kv = await openKv(":memory:");
  const env = (name: string) =>
    ({ PW_TRIGGER_KEY: "demo-trigger-key", PW_READ_KEY: "demo-reading-key", PW_API_KEY: simulator.key })[name];
  const log: Log = (level, message) => {
    // deno-lint-ignore no-console -- this is the program's own door
    if (level !== "DEBUG") console.log(`${level} ${message}`);
  };
  return {
    env,
    bell: fastBell(clock),
    async open() {
      const random = Math.random;
      const credential = await findCredential({ env, readTextFile: Deno.readTextFile }, {});
      const client = knowingItsOwner(createClient({ credential, fetch, clock, random, log }));
      const ledger = kvLedger({ kv, clock, random });
      return {
        deps: { client, ledger, clock, random, log },
        store: cloudStore(kv),
        schedules: defineSchedules([
          { name: "every-five", cron: "*/5 * * * *", workflow: "quick" },
          { name: "now-and-then", cron: "*/20 * * * *", workflow: "failing-step", overlap: "queue" },
        ]),
        timeline: PRODUCTION,
        fetch,
        env,
        readTextFile: Deno.readTextFile,
      };
    },
  };
}

/** Rings every minute of a clock that may run fast, and not again while a ring is being answered. */
function fastBell(clock: Clock): Bell {
  return (_name, _schedule, ring) => {
    (async () => {
      while (true) {
        await clock.sleep(60_000 - clock.now() % 60_000, {});
        await ring();
      }
    })();
  };
}

function readOptions(words: readonly string[]): Options {
  const options = { port: 8000, hostname: "127.0.0.1", kvPath: "schedules.kv", isDemo: false, speed: 1 };
  for (let at = 0; at < words.length; at++) {
    const [name = "", inline] = (words[at] ?? "").split("=");
    if (name === "--demo") options.isDemo = true;
    else if (["--port", "--hostname", "--kv", "--speed"].includes(name)) {
      const value = inline ?? words[++at];
      if (value === undefined) throw new UsageError(`${name} needs a value\n${USAGE}`);
      if (name === "--port") options.port = numberOf(name, value);
      if (name === "--hostname") options.hostname = value;
      if (name === "--kv") options.kvPath = value;
      if (name === "--speed") options.speed = numberOf(name, value);
    } else throw new UsageError(`Cannot tell what ${name} means\n${USAGE}`);
  }
  if (options.speed !== 1 && !options.isDemo) {
    throw new UsageError("--speed goes with --demo: a real platform takes its own time");
  }
  return options;
}

function numberOf(name: string, value: string): number {
  const number = Number(value);
  if (value.trim() !== "" && Number.isFinite(number) && number >= 0) return number;
  throw new UsageError(`${name} must be a number: got "${value}"`);
}
