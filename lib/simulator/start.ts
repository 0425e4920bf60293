import { fastClock, systemClock } from "../clock.ts";
import { createAuthKeys } from "./auth.ts";
import { type ExchangeDeps, handleExchange } from "./exchange.ts";
import { createFaultInjector } from "./faults.ts";
import { openTcpProxy } from "./tcp_proxy.ts";
import { simulatedStatusOf } from "./progress.ts";
import { checkSettings, DEFAULT_BEHAVIOR } from "./check_settings.ts";
import { requestSimulatedCancel } from "./routes/runs.ts";
import type { ReceivedRequest, ServerBehavior, Simulator, SimulatorOptions } from "./simulator.ts";
import { createState } from "./create_state.ts";

export type { LogLine, Scenario, StepScenario } from "./scenario.ts";
export type {
  ClusterFacts,
  Fault,
  Operation,
  ReceivedRequest,
  ServerBehavior,
  Setting,
  SettingsOf,
  Simulator,
  SimulatorOptions,
} from "./simulator.ts";
export { BEHAVIOR, BODY_FAULTS, CLUSTER, FAULT, OPERATIONS } from "./simulator.ts";

/**
 * Starts a simulator on 127.0.0.1: an HTTP server behind a TCP proxy that injects faults. It keeps the process alive
 * until it is disposed of (`await using`).
 *
 * @throws Deno.errors.AddrInUse if the port is in use.
 * @throws RangeError if a workflow file, a scenario, a server behavior option, a fault or a cluster is invalid.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, clock = systemClock, speed = 1, random = seededRandom(clock.now()), onStep = () => {} } = options;
  checkSettings(options);
  let behavior: ServerBehavior = { ...DEFAULT_BEHAVIOR, ...options.behavior };
  const closing = new AbortController();
  const faults = createFaultInjector(options.faults ?? []);
  const received: ReceivedRequest[] = [];
  const state = createState(options, {
    // A server is another machine: its clock is not set with this one's.
    clock: fastClock(clock, speed),
    speed,
    random,
    behavior: () => behavior,
  });

  const proxy = openTcpProxy(port, () => server.addr.port);
  const url = `http://127.0.0.1:${proxy.port}`;
  const authKeys = createAuthKeys(url, () => clock.now(), random);
  const deps: ExchangeDeps = { state, authKeys, faults, received, admittedMs: [], onStep, closing: closing.signal };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request, info) => {
    const connection = proxy.connectionFrom(info.remoteAddr.port);
    // The request bypassed the proxy.
    if (connection === undefined) return new Response(null, { status: 404 });
    return handleExchange(deps, request, { connection, sent: info.completed }).catch((error: unknown) => {
      if (!closing.signal.aborted) throw error;
      return new Response(null, { status: 503 });
    });
  });

  const runOf = (slug: string) => {
    const run = state.runs.findLast((run) => run.slug === slug && !run.isDeleted);
    if (run === undefined) throw new RangeError(`slug must name an existing run: got ${slug}`);
    return run;
  };
  return {
    url,
    port: proxy.port,
    key: authKeys.keyFor("demo", "pwt"),
    keyFor: (user, kind = "pwt") => authKeys.keyFor(user, kind),
    expireKeys: (user) => authKeys.expire(user),
    received: (operation) => received.filter((request) => operation === undefined || request.operation === operation),
    addFaults: (...added) => faults.add(added),
    setBehavior(changes) {
      behavior = { ...behavior, ...changes };
      if (changes.workspace !== undefined) state.workspaceRestarts.clear();
    },
    runs: () =>
      state.runs.filter((run) => !run.isHistory).map((run) => ({
        slug: run.slug,
        workflow: run.workflow ?? "inline",
        status: simulatedStatusOf(run, state.clock.now()),
      })),
    cancelExternally: (slug) => requestSimulatedCancel(runOf(slug), state.clock.now()),
    deleteExternally: (slug) => void (runOf(slug).isDeleted = true),
    overrideStatus: (slug, status) => void (runOf(slug).statusOverride = status),
    finished: server.finished,
    async [Symbol.asyncDispose]() {
      closing.abort(new DOMException("The simulator is closing", "AbortError"));
      await proxy[Symbol.asyncDispose]();
      await server.shutdown();
    },
  };
}

/** A deterministic generator of numbers in [0, 1) (mulberry32). Not for secrets. */
function seededRandom(seed: number): () => number {
  let current = seed | 0;
  return () => {
    current = (current + 0x6d2b79f5) | 0;
    let mixed = Math.imul(current ^ (current >>> 15), current | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
