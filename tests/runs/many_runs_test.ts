import assert from "node:assert/strict";
import { estimateDurations } from "../../lib/runs/durations.ts";
import { manyRunsGapMs } from "../../lib/runs/many_runs.ts";
import { seededRandom } from "../support/seeded_random.ts";

const known = estimateDurations({ endedMs: Array(20).fill(300_000), censoredMs: [] });
const EVEN_MS = 10_000;

const ages = (count: number, ageMs: number): number[] => Array(count).fill(ageMs);

Deno.test("manyRunsGapMs() without history spends the budget evenly", () => {
  assert.equal(manyRunsGapMs(ages(100, 30_000), undefined, true), EVEN_MS);
});

Deno.test("manyRunsGapMs() is short when ends are due and long when none are", () => {
  assert.equal(manyRunsGapMs(ages(100, 300_000), known, true), EVEN_MS / 2);
  assert.equal(manyRunsGapMs(ages(100, 100_000), known, true), EVEN_MS * 3);
});

Deno.test("manyRunsGapMs() is longer when no row waits for an end, except for the last five", () => {
  const gapMs = manyRunsGapMs(ages(100, 30_000), undefined, false);
  assert.equal(Math.round(gapMs), Math.round(EVEN_MS * Math.sqrt(5)));
  assert.equal(manyRunsGapMs(ages(5, 30_000), undefined, false), EVEN_MS);
});

Deno.test("manyRunsGapMs() stays within the budget over the life of a batch", () => {
  const random = seededRandom(7);
  const durationMs = () => 300_000 * (0.9 + 0.2 * random());
  const estimate = estimateDurations({ endedMs: Array.from({ length: 20 }, durationMs), censoredMs: [] });
  let running = Array.from({ length: 16 }, () => ({ startedAtMs: 0, endsAtMs: durationMs() }));
  let [nowMs, rounds] = [0, 0];
  while (nowMs < 4 * 3_600_000) {
    nowMs += manyRunsGapMs(running.map(({ startedAtMs }) => nowMs - startedAtMs), estimate, true);
    rounds++;
    running = running.map((run) =>
      run.endsAtMs <= nowMs ? { startedAtMs: nowMs, endsAtMs: nowMs + durationMs() } : run
    );
  }
  assert.ok(rounds <= 1.05 * 6 * nowMs / 60_000, `${rounds} rounds in ${nowMs / 60_000} minutes`);
});
