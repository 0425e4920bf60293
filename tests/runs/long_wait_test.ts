/** Events during long waits: a suspended laptop, a lost network, an expired API key. */

import assert from "node:assert/strict";
import { createClient } from "../../lib/platform/create_client.ts";
import { findCredential } from "../../lib/platform/credentials/credentials.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE, type ExecuteOptions } from "../../lib/runs/options.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
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

interface WaitResult {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
}

interface WaitOptions extends Partial<ExecuteOptions> {
  readonly seconds: number;
  readonly fetch?: typeof globalThis.fetch;
  readonly onEvent?: (event: RunEvent, stage: { readonly clock: VirtualClock; readonly simulator: Simulator }) => void;
}

async function waitFor(
  { seconds, fetch = globalThis.fetch, onEvent = () => {}, ...options }: WaitOptions,
): Promise<WaitResult> {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, workflows: { long: lasting(seconds) } });
  const parts = { clock, random: () => 0.5, log: silentLog };
  const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
  const credential = await findCredential({ env, readTextFile: () => Promise.reject(new Deno.errors.NotFound()) }, {});
  const deps = { ...parts, client: createClient({ ...parts, credential, fetch }), store: memoryRunStore() };
  const events: RunEvent[] = [];
  const executeOptions = { ...DEFAULT_EXECUTE, timeoutMs: null, ...options, signal: new AbortController().signal };
  const result = await toEnd(execute(deps, aRequest({ workflow: "long", inputs: {} }), executeOptions), (event) => {
    events.push(event);
    onEvent(event, { clock, simulator });
  });
  return { result, events };
}

function once(act: (event: RunEvent, stage: { readonly clock: VirtualClock; readonly simulator: Simulator }) => void) {
  let isDone = false;
  return (event: RunEvent, stage: { readonly clock: VirtualClock; readonly simulator: Simulator }) => {
    if (isDone || event.type !== "status") return;
    isDone = true;
    act(event, stage);
  };
}

Deno.test("a laptop that is suspended during the end of a run detects it afterwards", async () => {
  const sleep = once((_event, { clock }) => clock.advance(8 * HOUR_MS));
  const { result, events } = await waitFor({ seconds: 3_600, onEvent: sleep });
  assert.equal(result.kind, "completed");
  assert.equal(events.filter(({ type }) => type === "connection-lost").length, 0);
});

Deno.test("a laptop that is suspended beyond the timeout polls once more before timing out", async () => {
  const sleep = once((_event, { clock }) => clock.advance(8 * HOUR_MS));
  assert.equal((await waitFor({ seconds: 600, timeoutMs: HOUR_MS, onEvent: sleep })).result.kind, "completed");
  const later = await waitFor({ seconds: 86_400, timeoutMs: HOUR_MS, onEvent: sleepAgain() });
  assert.equal(later.result.kind, "timeout");
});

for (
  const message of [
    "client error (Connect): dns error: failed to lookup address information: Temporary failure in name resolution",
    "error sending request for url (http://x/): client error (Connect): dns error: failed to lookup address information",
  ]
) {
  Deno.test(`a DNS outage of four minutes is reported once, and its end once: ${message.slice(0, 12)}`, async () => {
    let outageSinceMs: number | undefined;
    let clockOf: VirtualClock | undefined;
    const fetchWithOutage: typeof globalThis.fetch = (...request) => {
      const isOutage = outageSinceMs !== undefined && (clockOf?.now() ?? 0) - outageSinceMs < 4 * MINUTE_MS;
      return isOutage ? Promise.reject(new TypeError(message)) : fetch(...request);
    };
    const { result, events } = await waitFor({
      seconds: 1_200,
      fetch: fetchWithOutage,
      onEvent: once((_event, { clock }) => {
        clockOf = clock;
        outageSinceMs = clock.now();
      }),
    });
    assert.equal(result.kind, "completed");
    const connection = events.filter(({ type }) => type === "connection-lost" || type === "connection-restored");
    assert.deepEqual(connection.map(({ type }) => type), ["connection-lost", "connection-restored"]);
    const [, restored] = connection;
    assert.ok(restored?.type === "connection-restored" && Math.abs(restored.outageMs - 4 * MINUTE_MS) < MINUTE_MS);
  });
}

Deno.test("an API key that expires during the wait ends it, and the run is reported as still running", async () => {
  const { result } = await waitFor({
    seconds: 86_400,
    onEvent: once((_event, { simulator }) => simulator.expireKeys("demo")),
  });
  assert.deepEqual([result.kind, result.submitted], ["credential_expired", "yes"]);
  assert.match(result.message ?? "", /Run long-\S+ is still running/);
});

function sleepAgain() {
  return once((_event, { clock }) => clock.advance(8 * HOUR_MS));
}
