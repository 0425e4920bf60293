/** Waits end on time on servers that hang and machines whose clock is set. */

import assert from "node:assert/strict";
import type { Clock } from "../../lib/clock.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE, type ExecuteOptions } from "../../lib/runs/options.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { RunResult } from "../../lib/result.ts";
import type { Fault, Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { trackRun } from "../../lib/runs/track_run.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** At the end of a wait, the server gets this long to respond to the last poll. */
const LAST_POLL_MS = 5 * SECOND_MS;

interface Stage {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
}

/** The server has a clock of its own, which is never set. */
function serverClock(clock: VirtualClock): Clock {
  const startMs = clock.now();
  return { ...clock, now: () => startMs + clock.monotonic() };
}

interface WaitOptions extends Partial<ExecuteOptions> {
  readonly workflow?: string;
  readonly faults?: readonly Fault[];
  readonly onEvent?: (event: RunEvent, stage: Stage) => void;
}

interface Wait {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
  /** On the monotonic clock, from the start of the run. */
  readonly tookMs: number;
  /** On the monotonic clock, when each poll was received. */
  readonly pollsMs: readonly number[];
}

async function waitFor(
  { workflow = "never-ending", faults = [], onEvent = () => {}, ...parts }: WaitOptions,
): Promise<Wait> {
  const clock = virtualClock();
  const pollsMs: number[] = [];
  await using simulator = await startSimulator({
    clock: serverClock(clock),
    faults,
    onStep: (operation, step) => {
      if (operation === "get-run" && step === "arrived") pollsMs.push(clock.monotonic());
    },
  });
  const deps = await depsFor(simulator, { clock, random: () => 0.5 });
  const events: RunEvent[] = [];
  let startedMs = 0;
  const options = { ...DEFAULT_EXECUTE, ...parts, signal: new AbortController().signal };
  const result = await toEnd(execute(deps, aRequest({ workflow, inputs: {} }), options), (event) => {
    events.push(event);
    if (event.type === "started") startedMs = clock.monotonic();
    onEvent(event, { clock, simulator });
  });
  return { result, events, tookMs: clock.monotonic() - startedMs, pollsMs };
}

function once(type: RunEvent["type"], act: (stage: Stage) => void): NonNullable<WaitOptions["onEvent"]> {
  let isDone = false;
  return (event, stage) => {
    if (isDone || event.type !== type) return;
    isDone = true;
    act(stage);
  };
}

const delays = (events: readonly RunEvent[]) =>
  events.flatMap((event) => event.type === "poll-delayed" ? [event.untilMs - event.atMs] : []);

const longestGapMs = (pollsMs: readonly number[]) =>
  Math.max(...pollsMs.slice(1).map((atMs, index) => atMs - (pollsMs[index] ?? 0)));

for (const retryAfter of ["3600", "999999999", "Fri, 31 Dec 9999 23:59:59 GMT"]) {
  Deno.test(`a Retry-After of ${retryAfter} delays the next poll by five minutes at most, and is reported`, async () => {
    const faults: Fault[] = [{ on: "get-run", status: 503, retryAfter }];
    const { result, events, tookMs } = await waitFor({ workflow: "quick", faults, timeoutMs: null });
    assert.equal(result.kind, "completed");
    assert.deepEqual(delays(events), [5 * MINUTE_MS]);
    assert.ok(tookMs < 6 * MINUTE_MS, `it took ${tookMs} ms`);
  });
}

Deno.test("a Retry-After within the poll interval is obeyed without a report", async () => {
  const faults: Fault[] = [{ on: "get-run", status: 429, retryAfter: "7" }];
  const { events, pollsMs } = await waitFor({ workflow: "quick", faults });
  assert.deepEqual(delays(events), []);
  assert.ok((pollsMs[1] ?? 0) - (pollsMs[0] ?? 0) >= 7 * SECOND_MS);
});

Deno.test("several answers with Retry-After delay each poll by hardly more, and are reported as a busy server", async () => {
  const times = 8;
  const faults: Fault[] = [{ on: "get-run", status: 429, times, retryAfter: "2" }];
  const { result, events, pollsMs } = await waitFor({ workflow: "quick", faults });
  assert.equal(result.kind, "completed");
  const gapsMs = pollsMs.slice(1, times + 1).map((atMs, index) => atMs - (pollsMs[index] ?? 0));
  assert.equal(gapsMs.length, times);
  for (const gapMs of gapsMs) assert.ok(gapMs >= 2 * SECOND_MS && gapMs < 2.5 * SECOND_MS, `${gapMs} ms`);
  const outage = events.filter(({ type }) => type.startsWith("connection-") || type === "poll-delayed");
  assert.deepEqual(outage.map(({ type }) => type), ["poll-delayed"]);
});

Deno.test("an outage after a busy server is reported once, and so is its end", async () => {
  const busy: Fault = { on: "get-run", status: 429, times: 8, retryAfter: "2" };
  const faults: Fault[] = [busy, { on: "get-run", cut: "before-effect", times: 12 }];
  const { result, events } = await waitFor({ workflow: "quick", faults });
  assert.equal(result.kind, "completed");
  const outage = events.filter(({ type }) => type.startsWith("connection-") || type === "poll-delayed");
  assert.deepEqual(outage.map(({ type }) => type), ["poll-delayed", "connection-lost", "connection-restored"]);
});

Deno.test("of two outages with a response between them that the run is not there, each is reported, and its end", async () => {
  const cut: Fault = { on: "get-run", cut: "before-effect", times: 12 };
  const faults: Fault[] = [cut, { on: "get-run", status: 404, times: 1 }, cut];
  const { result, events } = await waitFor({ workflow: "quick", faults });
  assert.equal(result.kind, "completed");
  const outages = events.filter(({ type }) => type.startsWith("connection-")).map(({ type }) => type);
  const outage = ["connection-lost", "connection-restored"];
  assert.deepEqual(outages, [...outage, ...outage]);
});

Deno.test("a Retry-After does not extend the wait beyond its deadline, and the report has both", async () => {
  const faults: Fault[] = [{ on: "get-run", status: 503, retryAfter: "3600", times: Infinity }];
  const { result, events, tookMs } = await waitFor({ faults, timeoutMs: MINUTE_MS });
  assert.equal(result.kind, "timeout");
  assert.ok(tookMs <= MINUTE_MS, `it took ${tookMs} ms`);
  const [deadlineAtMs] = events.flatMap((event) => event.type === "started" ? [event.deadlineAtMs] : []);
  const [untilMs] = events.flatMap((event) => event.type === "poll-delayed" ? [event.untilMs] : []);
  assert.equal(untilMs, deadlineAtMs);
});

Deno.test("a Retry-After does not extend an outage beyond the unreachable timeout", async () => {
  const faults: Fault[] = [{ on: "get-run", status: 503, retryAfter: "3600", times: Infinity }];
  const { result, tookMs } = await waitFor({ faults, timeoutMs: null, unreachableTimeoutMs: 30 * SECOND_MS });
  assert.equal(result.kind, "connection_lost");
  assert.ok(tookMs <= 33 * SECOND_MS, `it took ${tookMs} ms`);
});

for (const timeoutMs of [SECOND_MS, 5 * SECOND_MS, 45 * SECOND_MS, 100 * SECOND_MS]) {
  Deno.test(`a wait of ${timeoutMs / 1000} s for a server that hangs ends in time`, async () => {
    const faults: Fault[] = [{ on: "get-run", latencyMs: HOUR_MS, times: Infinity }];
    const { result, tookMs } = await waitFor({ faults, timeoutMs });
    assert.equal(result.kind, "timeout");
    assert.ok(tookMs <= timeoutMs + LAST_POLL_MS, `it took ${tookMs} ms`);
  });

  Deno.test(`an unreachable timeout of ${timeoutMs / 1000} s ends the wait for a server that hangs in time`, async () => {
    const faults: Fault[] = [{ on: "get-run", latencyMs: HOUR_MS, times: Infinity }];
    const { result, tookMs } = await waitFor({ faults, timeoutMs: null, unreachableTimeoutMs: timeoutMs });
    assert.equal(result.kind, "connection_lost");
    assert.ok(tookMs <= timeoutMs + LAST_POLL_MS + SECOND_MS, `it took ${tookMs} ms`);
  });
}

Deno.test("an unreachable timeout also ends the search for a run on a server that hangs", async () => {
  const faults: Fault[] = [
    { on: "submit", cut: "after-effect" },
    { on: "get-run", latencyMs: HOUR_MS, times: Infinity },
  ];
  const { result, tookMs } = await waitFor({ faults, unreachableTimeoutMs: 5 * SECOND_MS });
  assert.equal(result.kind, "submit_unknown");
  assert.ok(tookMs <= 12 * SECOND_MS, `it took ${tookMs} ms`);
});

for (const elapsedMs of [0, 3 * HOUR_MS]) {
  Deno.test(`attaching to a run that started ${elapsedMs / HOUR_MS} h ago waits for the whole timeout, and reports its end`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock });
    const deps = await depsFor(simulator, { clock, random: () => 0.5 });
    const { signal } = new AbortController();
    const request = { workflow: "never-ending", inputs: {}, slug: "mine-1", displayName: null, consent: null };
    await deps.client.submit(request, { signal });
    clock.advance(elapsedMs);
    const attachedMs = clock.now();
    const events: RunEvent[] = [];
    const options = { ...DEFAULT_EXECUTE, timeoutMs: 10 * MINUTE_MS, signal };
    const result = await toEnd(
      trackRun(deps, { type: "slug", slug: "mine-1" }, options),
      (event) => void events.push(event),
    );
    assert.equal(result.kind, "timeout");
    assert.equal(clock.now() - attachedMs, 10 * MINUTE_MS);
    const started = events.find((event) => event.type === "started");
    assert.deepEqual(started && [started.isAttached, started.deadlineAtMs], [true, attachedMs + 10 * MINUTE_MS]);
  });
}

Deno.test("logs that hang do not extend the wait for a run that failed", async () => {
  const faults: Fault[] = [{ on: "read-file", latencyMs: HOUR_MS, times: Infinity }];
  const { result, tookMs } = await waitFor({ workflow: "failing-step", faults, timeoutMs: 30 * SECOND_MS });
  assert.equal(result.kind, "failed");
  assert.ok(tookMs <= 30 * SECOND_MS + LAST_POLL_MS, `it took ${tookMs} ms`);
});

for (const [name, jumpMs] of [["two hours", -2 * HOUR_MS], ["two days", -48 * HOUR_MS]] as const) {
  Deno.test(`a clock that is set back by ${name} neither stops polling nor moves the deadline`, async () => {
    const { result, tookMs, pollsMs } = await waitFor({
      timeoutMs: 10 * MINUTE_MS,
      onEvent: once("status", ({ clock }) => clock.set(jumpMs)),
    });
    assert.equal(result.kind, "timeout");
    assert.ok(longestGapMs(pollsMs) <= MINUTE_MS, `no poll for ${longestGapMs(pollsMs)} ms`);
    assert.equal(tookMs, 10 * MINUTE_MS);
  });
}

Deno.test("a clock that is set forward by two days does not end a wait early", async () => {
  const { result, tookMs } = await waitFor({
    timeoutMs: 10 * MINUTE_MS,
    onEvent: once("status", ({ clock }) => clock.set(48 * HOUR_MS)),
  });
  assert.equal(result.kind, "timeout");
  assert.equal(tookMs, 10 * MINUTE_MS);
});

for (const [direction, jumpMs] of [["forward", 2 * HOUR_MS], ["back", -2 * HOUR_MS]] as const) {
  Deno.test(`a clock that is set ${direction} during an outage does not change when the wait ends`, async () => {
    const { result, tookMs, events } = await waitFor({
      faults: [{ on: "get-run", status: 503, after: 1, times: Infinity }],
      timeoutMs: null,
      unreachableTimeoutMs: 5 * MINUTE_MS,
      onEvent: once("connection-lost", ({ clock }) => clock.set(jumpMs)),
    });
    assert.equal(result.kind, "connection_lost");
    assert.equal(events.filter(({ type }) => type === "connection-lost").length, 1);
    assert.ok(tookMs > 5 * MINUTE_MS && tookMs < 6 * MINUTE_MS, `it took ${tookMs} ms`);
  });

  Deno.test(`a clock that is set ${direction} during a poll that hangs does not change when the wait ends`, async () => {
    const polls: number[] = [];
    const clock = virtualClock();
    await using simulator = await startSimulator({
      clock: serverClock(clock),
      faults: [{ on: "get-run", latencyMs: HOUR_MS, times: Infinity }],
    });
    const send: typeof fetch = (input, init) => {
      if (/never-ending-\w+$/.test(String(input)) && polls.push(clock.monotonic()) === 2) clock.set(jumpMs);
      return fetch(input, init);
    };
    const deps = await depsFor(simulator, { clock, random: () => 0.5, fetch: send });
    const options = {
      ...DEFAULT_EXECUTE,
      timeoutMs: null,
      unreachableTimeoutMs: 5 * MINUTE_MS,
      signal: new AbortController().signal,
    };
    const result = await toEnd(execute(deps, aRequest({ workflow: "never-ending", inputs: {} }), options), () => {});
    assert.equal(result.kind, "connection_lost");
    const tookMs = clock.monotonic() - (polls[0] ?? 0);
    assert.ok(tookMs >= 5 * MINUTE_MS && tookMs < 6 * MINUTE_MS, `it took ${tookMs} ms`);
  });

  Deno.test(`a clock that is set ${direction} does not change how long a lost run is searched for`, async () => {
    const { result, tookMs } = await waitFor({
      faults: [{ on: "submit", cut: "before-effect" }],
      onEvent: once("submit-delayed", ({ clock }) => clock.set(jumpMs)),
    });
    assert.equal(result.kind, "submit_unknown");
    assert.ok(tookMs >= MINUTE_MS && tookMs < 3 * MINUTE_MS, `it took ${tookMs} ms`);
  });
}
