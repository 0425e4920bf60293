/** The cloud side around a simulator: real parts, with a clock and a bell that the test owns. */

import { kvRunStore } from "../../lib/store/kv_run_store.ts";
import { defineSchedules } from "../../lib/scheduler/define.ts";
import { PRODUCTION, type ScheduleSpec } from "../../lib/scheduler/schedule.ts";
import type { Simulator, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { cachingIdentity, type Service } from "../../lib/scheduler/service.ts";
import { retryingStore } from "../../lib/scheduler/retrying_store.ts";
import { schedulerStoreOn } from "../../lib/scheduler/scheduler_store.ts";
import { depsFor } from "./deps.ts";
import { type VirtualClock, virtualClock } from "./virtual_clock.ts";

export interface ServiceStage extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  readonly kv: Deno.Kv;
  /** An isolate of its own on the one store; what it works with may be replaced. */
  isolate(parts?: Partial<Service> & { readonly kv?: Deno.Kv }): Promise<Service>;
}

export async function aServiceStage(
  specs: readonly ScheduleSpec[],
  { startMs = Date.UTC(2026, 0, 5, 9), random = Math.random, ...options }:
    & Partial<SimulatorOptions>
    & { readonly startMs?: number } = {},
): Promise<ServiceStage> {
  const clock = virtualClock(startMs);
  const simulator = await startSimulator({ clock, ...options });
  const kv = await Deno.openKv(":memory:");
  const schedules = defineSchedules(specs);
  return {
    clock,
    simulator,
    kv,
    async isolate({ kv: ownKv = kv, ...parts } = {}) {
      const store = kvRunStore({ kv: ownKv, clock, random });
      const plain = await depsFor(simulator, { clock, random, store });
      const deps = { ...plain, store, client: cachingIdentity(plain.client) };
      return {
        deps,
        schedulerStore: retryingStore(schedulerStoreOn(ownKv), { clock, random }),
        schedules,
        timeline: PRODUCTION,
        fetch,
        env: () => undefined,
        readTextFile: Deno.readTextFile,
        ...parts,
      };
    },
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      kv.close();
    },
  };
}

/** A workflow that takes so many seconds. */
export function lasting(seconds: number): string {
  return `jobs:\n  main:\n    steps:\n      - name: work\n        run: sleep ${seconds}\n`;
}
