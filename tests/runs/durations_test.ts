import assert from "node:assert/strict";
import { estimateDurations, hazardAt, quantileMs, survivalAt } from "../../lib/runs/durations.ts";

function estimate(endedMs: readonly number[], censoredMs: readonly number[] = []) {
  const found = estimateDurations({ endedMs, censoredMs });
  assert.ok(found !== undefined);
  return found;
}

const isNear = (got: number, want: number, tolerance: number) =>
  assert.ok(Math.abs(got - want) <= tolerance, `${got} is not ${want} ± ${tolerance}`);

Deno.test("estimateDurations() needs a run that ended", () => {
  assert.equal(estimateDurations({ endedMs: [], censoredMs: [60_000] }), undefined);
  assert.equal(estimateDurations({ endedMs: [NaN, -1, Infinity], censoredMs: [] }), undefined);
});

Deno.test("estimateDurations() of equal durations expects the end there, and keeps a tail", () => {
  const known = estimate(Array(20).fill(100_000));
  assert.ok(survivalAt(known, 0) > 0.999);
  assert.ok(survivalAt(known, 95_000) > 0.95);
  isNear(survivalAt(known, 110_000), 0.05 * Math.log(5_000 / 110) / Math.log(5_000), 0.01);
  isNear(quantileMs(known, 0.5), 100_000, 500);
  assert.ok(hazardAt(known, 100_000) > 50 * hazardAt(known, 50_000));
});

Deno.test("estimateDurations() keeps two usual durations apart", () => {
  const known = estimate([...Array(10).fill(60_000), ...Array(10).fill(600_000)].map((ms, index) => ms + index * 50));
  assert.ok(hazardAt(known, 300_000) < hazardAt(known, 60_000) / 50);
  isNear(survivalAt(known, 300_000), 0.5, 0.05);
  isNear(quantileMs(known, 0.5, 300_000), 600_000, 5_000);
});

Deno.test("estimateDurations() counts runs that still run as longer, not as absent", () => {
  const early = [50_000, 60_000];
  const naive = estimate(early);
  const fair = estimate(early, Array(18).fill(300_000));
  assert.ok(survivalAt(naive, 200_000) < 0.3);
  assert.ok(survivalAt(fair, 200_000) > 0.75);
  assert.ok(quantileMs(fair, 0.5) >= 300_000);
});

Deno.test("estimateDurations() ignores the age of a run that was younger than those that ended", () => {
  isNear(quantileMs(estimate([100_000, 100_000, 100_000], [1_000]), 0.5), 100_000, 1_000);
});

Deno.test("quantileMs() of a run that has reached an age is never below it", () => {
  const known = estimate([10_000, 20_000, 30_000, 40_000, 50_000]);
  for (const ageMs of [0, 9_000, 33_000, 80_000, 10_000_000]) {
    for (const share of [0, 0.25, 0.5, 0.99]) assert.ok(quantileMs(known, share, ageMs) >= Math.min(ageMs, 500_000));
  }
});

Deno.test("survival falls and hazard is finite over the whole estimate", () => {
  for (const endedMs of [[1], [500, 3_600_000], [1_000, 1_001, 90_000], Array(50).fill(7_200_000)]) {
    const { survival, hazard } = estimate(endedMs, [3_000]);
    for (const [index, value] of survival.entries()) {
      assert.ok(value > 0 && value <= 1 + 1e-9 && value <= (survival[index - 1] ?? 1) + 1e-9);
    }
    assert.ok(hazard.every((value) => Number.isFinite(value) && value >= 0));
  }
});
