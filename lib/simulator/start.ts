/** Opens the simulator: an HTTP server behind a TCP front, and the strings that tests pull. */

import { systemClock } from "../clock.ts";
import { createKeyring } from "./auth.ts";
import { exchange, type ExchangeDeps } from "./exchange.ts";
import { createFaults } from "./faults.ts";
import { openFront } from "./tcp_proxy.ts";
import { statusOf } from "./progress.ts";
import { DEFAULT_BEHAVIOR } from "./behavior.ts";
import { askToCancel } from "./routes/runs.ts";
import type { ReceivedRequest, ServerBehavior, Simulator, SimulatorOptions } from "./simulator.ts";
import { createState } from "./create_state.ts";
import type { SimulatedRun } from "./state.ts";

/**
 * Listens on 127.0.0.1. Close it with `await using`, or it keeps the process alive.
 *
 * @throws Deno.errors.AddrInUse when the port is taken.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, clock = systemClock, random = chanceFrom(clock.now()), onStep = () => {} } = options;
  let behavior: ServerBehavior = { ...DEFAULT_BEHAVIOR, ...options.behavior };
  const closing = new AbortController();
  const faults = createFaults(options.faults ?? []);
  const received: ReceivedRequest[] = [];
  const world = createState({ clock, random, behavior: () => behavior, extraWorkflows: options.workflows ?? {} });

  const inner = await listenWithin((request, info) => handle(request, info));
  const front = await openOrShut(inner, () => openFront({ port, serverPort: inner.addr.port }));
  const url = `http://127.0.0.1:${front.port}`;
  const keyring = createKeyring({ url, now: () => clock.now(), random });
  const deps: ExchangeDeps = { world, keyring, faults, received, admittedMs: [], onStep, closing: closing.signal };
  const handle = (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => {
    const connection = front.connectionFrom(info.remoteAddr.port);
    // Whoever found the server behind the front is not one of ours.
    if (connection === undefined) return new Response(null, { status: 404 });
    return exchange(deps, request, { connection, sent: info.completed }).catch((error: unknown) => {
      if (!closing.signal.aborted) throw error;
      return new Response(null, { status: 503 });
    });
  };

  const runOf = (slug: string): SimulatedRun => {
    const run = world.runs.findLast((run) => run.slug === slug && !run.isDeleted);
    if (run === undefined) throw new RangeError(`slug must be that of a run: got ${slug}`);
    return run;
  };
  return {
    url,
    port: front.port,
    key: keyring.keyFor("demo", "pwt"),
    keyFor: (user, kind = "pwt") => keyring.keyFor(user, kind),
    expireKeys: (user) => keyring.expire(user),
    received: (operation) => received.filter((request) => operation === undefined || request.operation === operation),
    addFaults: (...more) => faults.add(more),
    setBehavior: (changed) => void (behavior = { ...behavior, ...changed }),
    runs: () =>
      world.runs.filter((run) => !run.isHistory).map((run) => ({
        slug: run.slug,
        workflow: run.workflow ?? "inline",
        status: statusOf(run, clock.now()),
      })),
    cancelFromOutside: (slug) => askToCancel(runOf(slug), clock.now()),
    deleteFromOutside: (slug) => void (runOf(slug).isDeleted = true),
    overrideStatus: (slug, word) => void (runOf(slug).shownStatus = word),
    finished: inner.finished,
    async [Symbol.asyncDispose]() {
      closing.abort(new DOMException("The simulator is closing", "AbortError"));
      await front[Symbol.asyncDispose]();
      await inner.shutdown();
    },
  };
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32): good enough for names, not for secrets. */
function chanceFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Doesn't leave the server behind when what stands before it can't be opened. */
async function openOrShut<Opened>(inner: Deno.HttpServer, open: () => Opened): Promise<Opened> {
  try {
    return open();
  } catch (error) {
    await inner.shutdown();
    throw error;
  }
}

function listenWithin(handler: Deno.ServeHandler<Deno.NetAddr>) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
}
