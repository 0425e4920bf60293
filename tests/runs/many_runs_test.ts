import assert from "node:assert/strict";
import { estimateDurations } from "../../lib/runs/durations.ts";
import { type ListPace, manyRunsGapMs, type TrackedAge } from "../../lib/runs/many_runs.ts";
import { seededRandom } from "../support/seeded_random.ts";

const known = estimateDurations({ endedMs: Array(20).fill(300_000), censoredMs: [] });
const pace: ListPace = { pages: 1, requestsPerMinute: 6, areRowsWaiting: true };
const EVEN_MS = 10_000;

function runs(count: number, ageMs: number, estimate: TrackedAge["estimate"] = known): TrackedAge[] {
  return Array.from({ length: count }, () => ({ ageMs, estimate }));
}
const unknown = (count: number, ageMs: number) => runs(count, ageMs).map((run) => ({ ...run, estimate: undefined }));

Deno.test("manyRunsGapMs() without history spends the budget evenly", () => {
  assert.equal(manyRunsGapMs(unknown(100, 30_000), pace), EVEN_MS);
  assert.equal(manyRunsGapMs([], pace), EVEN_MS);
});

Deno.test("manyRunsGapMs() is short when ends are due and long when none are", () => {
  assert.equal(manyRunsGapMs(runs(100, 300_000), pace), EVEN_MS / 2);
  assert.equal(manyRunsGapMs(runs(100, 100_000), pace), EVEN_MS * 3);
});

Deno.test("manyRunsGapMs() is longer when no row waits for an end, except for the last five", () => {
  const idle = { ...pace, areRowsWaiting: false };
  assert.equal(Math.round(manyRunsGapMs(unknown(100, 30_000), idle)), Math.round(EVEN_MS * Math.sqrt(5)));
  assert.equal(manyRunsGapMs(unknown(5, 30_000), idle), EVEN_MS);
});

Deno.test("manyRunsGapMs() stretches with the pages of the list, and stays between 2 s and 60 s within the budget", () => {
  assert.equal(manyRunsGapMs(unknown(10_000, 30_000), { ...pace, pages: 100, requestsPerMinute: 60 }), 100_000);
  assert.equal(manyRunsGapMs(runs(50, 100_000), { ...pace, requestsPerMinute: 2 }), 60_000);
  assert.equal(manyRunsGapMs(runs(50, 300_000), { ...pace, requestsPerMinute: 600 }), 2_000);
});

Deno.test("manyRunsGapMs() stays within the budget over the life of a batch", () => {
  const random = seededRandom(7);
  const durationMs = () => 300_000 * (0.9 + 0.2 * random());
  const estimate = estimateDurations({ endedMs: Array.from({ length: 20 }, durationMs), censoredMs: [] });
  let running = Array.from({ length: 16 }, () => ({ startedAtMs: 0, endsAtMs: durationMs() }));
  let [nowMs, rounds] = [0, 0];
  while (nowMs < 4 * 3_600_000) {
    const ages = running.map(({ startedAtMs }) => ({ ageMs: nowMs - startedAtMs, estimate }));
    nowMs += manyRunsGapMs(ages, pace);
    rounds++;
    running = running.map((run) =>
      run.endsAtMs <= nowMs ? { startedAtMs: nowMs, endsAtMs: nowMs + durationMs() } : run
    );
  }
  assert.ok(rounds <= 1.05 * 6 * nowMs / 60_000, `${rounds} rounds in ${nowMs / 60_000} minutes`);
});
