/** What befalls those who wait long: a laptop that sleeps, a network that goes away, a key that ends. */

import assert from "node:assert/strict";
import { createClient } from "../../lib/platform/create_client.ts";
import { findCredential } from "../../lib/platform/credentials/credentials.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE, type ExecuteOptions } from "../../lib/runs/options.ts";
import { memoryRunStore } from "../../lib/store/run_store.ts";
import { silentLog } from "../../lib/log.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { RunResult } from "../../lib/result.ts";
import type { Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { aRequest } from "../support/records.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";
import { lasting } from "../support/service.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Waited {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
}

interface Wait extends Partial<ExecuteOptions> {
  readonly seconds: number;
  readonly fetch?: typeof globalThis.fetch;
  readonly onEvent?: (event: RunEvent, world: { readonly clock: VirtualClock; readonly simulator: Simulator }) => void;
}

async function waitFor({ seconds, fetch = globalThis.fetch, onEvent = () => {}, ...options }: Wait): Promise<Waited> {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, workflows: { long: lasting(seconds) } });
  const parts = { clock, random: () => 0.5, log: silentLog };
  const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
  const credential = await findCredential({ env, readTextFile: () => Promise.reject(new Deno.errors.NotFound()) }, {});
  const deps = { ...parts, client: createClient({ ...parts, credential, fetch }), store: memoryRunStore() };
  const events: RunEvent[] = [];
  const how = { ...DEFAULT_EXECUTE, timeoutMs: null, ...options, signal: new AbortController().signal };
  const result = await toEnd(execute(deps, aRequest({ workflow: "long", inputs: {} }), how), (event) => {
    events.push(event);
    onEvent(event, { clock, simulator });
  });
  return { result, events };
}

function once(act: (event: RunEvent, world: { readonly clock: VirtualClock; readonly simulator: Simulator }) => void) {
  let isDone = false;
  return (event: RunEvent, world: { readonly clock: VirtualClock; readonly simulator: Simulator }) => {
    if (isDone || event.type !== "status") return;
    isDone = true;
    act(event, world);
  };
}

Deno.test("a laptop that sleeps through the end of a run hears of it when it wakes", async () => {
  const sleep = once((_event, { clock }) => clock.advance(8 * HOUR_MS));
  const { result, events } = await waitFor({ seconds: 3_600, onEvent: sleep });
  assert.equal(result.kind, "completed");
  assert.equal(events.filter(({ type }) => type === "connection-lost").length, 0);
});

Deno.test("a laptop that sleeps past the deadline looks once more before it calls it one", async () => {
  const sleep = once((_event, { clock }) => clock.advance(8 * HOUR_MS));
  assert.equal((await waitFor({ seconds: 600, timeoutMs: HOUR_MS, onEvent: sleep })).result.kind, "completed");
  const later = await waitFor({ seconds: 86_400, timeoutMs: HOUR_MS, onEvent: sleepAgain() });
  assert.equal(later.result.kind, "timeout");
});

for (
  const words of [
    "client error (Connect): dns error: failed to lookup address information: Temporary failure in name resolution",
    "error sending request for url (http://x/): client error (Connect): dns error: failed to lookup address information",
  ]
) {
  Deno.test(`names that can't be looked up for four minutes are told of once, and once when they can be: ${words.slice(0, 12)}`, async () => {
    let goneSinceMs: number | undefined;
    let clockOf: VirtualClock | undefined;
    const gone: typeof globalThis.fetch = (...request) => {
      const isGone = goneSinceMs !== undefined && (clockOf?.now() ?? 0) - goneSinceMs < 4 * MINUTE_MS;
      return isGone ? Promise.reject(new TypeError(words)) : fetch(...request);
    };
    const { result, events } = await waitFor({
      seconds: 1_200,
      fetch: gone,
      onEvent: once((_event, { clock }) => {
        clockOf = clock;
        goneSinceMs = clock.now();
      }),
    });
    assert.equal(result.kind, "completed");
    const contact = events.filter(({ type }) => type === "connection-lost" || type === "connection-restored");
    assert.deepEqual(contact.map(({ type }) => type), ["connection-lost", "connection-restored"]);
    const [, back] = contact;
    assert.ok(back?.type === "connection-restored" && Math.abs(back.outageMs - 4 * MINUTE_MS) < MINUTE_MS);
  });
}

Deno.test("a key that ends in mid-wait ends the wait, and says that the run goes on", async () => {
  const { result } = await waitFor({
    seconds: 86_400,
    onEvent: once((_event, { simulator }) => simulator.expireKeys("demo")),
  });
  assert.deepEqual([result.kind, result.submitted], ["credential_expired", "yes"]);
  assert.match(result.message ?? "", /The run long-\S+ goes on/);
});

function sleepAgain() {
  return once((_event, { clock }) => clock.advance(8 * HOUR_MS));
}
