/** The service around a simulator: real parts, with a clock and ticks that the test owns. */

import { defineSchedules } from "../../lib/scheduler/define.ts";
import { PRODUCTION, type ScheduleSpec } from "../../lib/scheduler/schedule.ts";
import type { Service } from "../../lib/scheduler/service.ts";
import type { Simulator, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { StoreBackend } from "../../lib/store/backend.ts";
import { sharingLists } from "../../lib/runs/sharing_lists.ts";
import { createKv, type Kv } from "../../lib/store/kv.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";
import { createRunStore } from "../../lib/store/run_store.ts";
import { depsFor } from "./deps.ts";
import { testRandom } from "./seeded_random.ts";
import { type VirtualClock, virtualClock } from "./virtual_clock.ts";

export interface ServiceStage extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  readonly backend: StoreBackend;
  readonly kv: Kv;
  /** A process of its own on the one store; what it works with may be replaced. */
  isolate(parts?: Partial<Service>): Promise<Service>;
}

export async function aServiceStage(
  specs: readonly ScheduleSpec[],
  {
    startMs = Date.UTC(2026, 0, 5, 9),
    random = testRandom(),
    backend = memoryBackend(),
    isHeld = false,
    ...options
  }:
    & Partial<SimulatorOptions>
    // `isHeld`: the clock does not jump while a request is on its way.
    & { readonly startMs?: number; readonly backend?: StoreBackend; readonly isHeld?: boolean } = {},
): Promise<ServiceStage> {
  const kv = createKv(backend);
  const clock = virtualClock(startMs);
  const simulator = await startSimulator({ clock: isHeld ? serverClock(clock) : clock, ...options });
  const schedules = defineSchedules(specs);
  return {
    clock,
    simulator,
    backend,
    kv,
    async isolate({ kv: ownKv = kv, ...parts } = {}) {
      const plain = await depsFor(simulator, {
        clock,
        random,
        store: createRunStore(ownKv),
        ...(isHeld && { fetch: holdingFetch(clock) }),
      });
      return {
        deps: { ...plain, client: sharingLists(plain.client, clock) },
        kv: ownKv,
        schedules,
        timeline: PRODUCTION,
        ownTick: { failed: null },
        fetch,
        env: () => undefined,
        readTextFile: Deno.readTextFile,
        ...parts,
      };
    },
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await kv[Symbol.asyncDispose]();
    },
  };
}

/** A request for which the server waits holds nothing. */
function serverClock(clock: VirtualClock): VirtualClock {
  return {
    ...clock,
    async sleep(durationMs, options) {
      using _released = clock.release();
      await clock.sleep(durationMs, options);
    },
  };
}

/** The clock stands still until a response has arrived completely. */
export function holdingFetch(clock: VirtualClock, send: typeof fetch = fetch): typeof fetch {
  return async (input, init) => {
    using _held = clock.hold();
    const response = await send(input, init);
    const body = response.body === null ? null : await response.arrayBuffer();
    return new Response(body, response);
  };
}

/** A workflow that takes so many seconds. */
export function lasting(seconds: number) {
  const yaml = "jobs:\n  main:\n    steps:\n      - name: work\n        run: work\n";
  return { yaml, scenario: { "main/work": { lasts: `${seconds}s` } } };
}
