/**
 * The service on your own server: `deno task serve`. The store is a local file unless another is named. With
 * `--demo`, the platform is simulated and its clock, which also drives the cron trigger, may run faster.
 */

import { readAccessKeys } from "../server/auth.ts";
import { type Clock, fastClock, systemClock } from "../clock.ts";
import { messageWithHint, orError, RunnerError, UsageError } from "../errors.ts";
import { osErrorReason } from "../os_error.ts";
import { flag, integer, option, positiveNumber, readArgv } from "./argv.ts";
import { STORE_NAMES } from "../store/open_kv.ts";
import type { Log } from "../log.ts";
import { renderFailure, reportOf } from "./failure_report.ts";
import { styleFor } from "./terminal/style.ts";
import { defineSchedules } from "../scheduler/define.ts";
import type { Schedule } from "../scheduler/schedule.ts";
import { startSimulator } from "../simulator/start.ts";
import { onceUnlessFailed } from "../once_unless_failed.ts";
import { openService, type ServiceHost } from "../scheduler/service.ts";
import { everyMinute, scheduledTick, tickHandler } from "../scheduler/cron.ts";
import { createHandler } from "../server/app.ts";
import { closingOnSignals, shutDown } from "./closing.ts";

const DEFAULT_STORE = "schedules.db";

const OPTIONS = {
  port: option("N", "Port to listen on", integer({ min: 0, max: 65_535 })),
  hostname: option("H", "Address to listen on"),
  store: option("URL", "Store to use"),
  demo: flag("Use a simulated platform"),
  speed: option("X", "Speed of the simulated platform", positiveNumber),
} as const;

const USAGE = `deno task serve [--port N] [--hostname H] [--store URL]
  reads PW_API_KEY, PW_TRIGGER_KEY and PW_READ_KEY
deno task serve --demo [--speed X] [--port N]
  uses a simulated platform, X times as fast

The store is schedules.db in this folder, or what --store or PW_STORE_URL names:
  ${STORE_NAMES.replaceAll(", ", "\n  ")}`;

/**
 * Runs the server until a signal stops it.
 *
 * @param importSchedules Called once the options are valid, so that every problem in the schedules file is reported here.
 */
export async function runServer(
  host: ServiceHost,
  importSchedules: () => Promise<readonly Schedule[]>,
): Promise<never> {
  try {
    if (Deno.args.some((arg) => arg === "--help" || arg === "-h")) console.log(USAGE);
    else await serve(host, importSchedules);
    return Deno.exit(0);
  } catch (error) {
    const report = reportOf(error);
    console.error(await renderFailure(report, styleFor(false)));
    return Deno.exit(report.exitCode);
  }
}

async function serve(ownHost: ServiceHost, importSchedules: () => Promise<readonly Schedule[]>): Promise<void> {
  const values = readArgv("serve", OPTIONS, Deno.args, "deno task serve");
  const { port = 8000, hostname = "127.0.0.1", speed = 1, demo: isDemo = false } = values;
  if (speed !== 1 && !isDemo) {
    throw new UsageError("Option --speed requires --demo: only a simulated platform can run faster");
  }
  if (values.store !== undefined && isDemo) {
    throw new UsageError("Option --store has no effect with --demo: a demo keeps nothing");
  }
  const store = values.store ?? (Deno.env.get("PW_STORE_URL")?.trim() || DEFAULT_STORE);
  const clock = fastClock(systemClock, speed);
  // A demo logs its keys: they are never those of a real service.
  const host = isDemo ? await demoHost(ownHost, clock) : ownHost;
  const { env } = host;
  // Report configuration errors now, not on the first request.
  const keys = readAccessKeys(env);
  if (typeof keys === "string" && env("PW_TRIGGER_KEY")) {
    throw new UsageError(`Cannot configure access: ${keys}`, { hint: "`openssl rand -hex 24` creates a key" });
  }
  const open = onceUnlessFailed(async () => {
    if (isDemo) return await openService({ host, schedules: defineSchedules(DEMO_SCHEDULES), store: "memory:", clock });
    return await openService({ host, schedules: await importSchedules().catch(cannotRead), store });
  });
  const { deps, kv } = await open();
  // With a store that can only be read, nothing could be submitted. This write changes nothing.
  await kv.atomic().delete(["tick", "none"]).commit();
  if (typeof keys === "string") deps.log("WARNING", `Access is not configured: ${keys}`);
  using closing = closingOnSignals();
  const { signal } = closing;
  const ticking = everyMinute(deps.clock, tickHandler(() => scheduledTick(open, signal), deps.log), signal);
  const handler = createHandler({ open, keys, log: deps.log, closing: signal });
  const server = listen({ port, hostname, log: deps.log }, handler);
  if (isDemo) {
    deps.log("INFO", `Keys for this demo: PW_TRIGGER_KEY=${env("PW_TRIGGER_KEY")} PW_READ_KEY=${env("PW_READ_KEY")}`);
  }
  await closing.started;
  await shutDown(server, ticking, async () => await kv[Symbol.asyncDispose]());
}

/** The file is the user's: an error in it is no defect of this program. */
function cannotRead(error: unknown): never {
  if (error instanceof RunnerError || !(error instanceof Error)) throw error;
  throw new UsageError(`Cannot read functions/schedules.ts: ${error.message.split("\n")[0]}`, {
    hint: "Try `deno check functions/schedules.ts`",
    cause: error,
  });
}

function listen(
  { port, hostname, log }: { readonly port: number; readonly hostname: string; readonly log: Log },
  handler: (request: Request) => Promise<Response>,
): Deno.HttpServer {
  const host = hostname.includes(":") && !hostname.startsWith("[") ? `[${hostname}]` : hostname;
  const onListen = ({ port }: Deno.NetAddr) => log("INFO", `Serving on http://${host}:${port}`);
  const server = orError(Error, () => Deno.serve({ port, hostname, onListen }, handler));
  if (!(server instanceof Error)) return server;
  const reason = osErrorReason(server) ?? messageWithHint(server);
  const hint = "Choose another --port or --hostname";
  throw new UsageError(`Cannot listen on ${host}:${port}: ${reason}`, { hint, cause: server });
}

/** A host of a simulated platform, with keys of its own. */
async function demoHost(host: ServiceHost, clock: Clock): Promise<ServiceHost> {
  const { key } = await startSimulator({ clock });
  const keys = { PW_TRIGGER_KEY: "demo-trigger-key", PW_READ_KEY: "demo-reading-key", PW_API_KEY: key };
  const env = new Map(Object.entries(keys));
  return { ...host, env: (name) => env.get(name), runIsolated: undefined };
}

/** The status page can show their runs. */
const DEMO_SCHEDULES = [
  { name: "every-five", cron: "*/5 * * * *", workflow: "quick" },
  { name: "every-twenty", cron: "*/20 * * * *", workflow: "failing-step", overlap: "queue" },
] as const;
