import assert from "node:assert/strict";
import { estimateDurations } from "../../lib/runs/durations.ts";
import { timeLeftOf } from "../../lib/runs/experience.ts";

function left(endedMs: readonly number[], ageMs: number) {
  const estimate = estimateDurations({ endedMs, censoredMs: [] });
  assert.ok(estimate !== undefined);
  return timeLeftOf(estimate, ageMs);
}

const ABOUT_TWO_MINUTES = [118_000, 119_000, 120_000, 121_000, 122_000];

Deno.test("timeLeftOf() needs five earlier runs", () => {
  assert.equal(left(ABOUT_TWO_MINUTES.slice(1), 60_000), null);
  const found = left(ABOUT_TWO_MINUTES, 60_000);
  assert.ok(found?.type === "about" && found.earlierRuns === 5);
  assert.ok(Math.abs(found.leftMs - 60_000) < 2_000 && Math.abs(found.usualMs - 120_000) < 2_000);
});

Deno.test("timeLeftOf() returns nothing where the earlier runs differ", () => {
  assert.equal(left([20_000, 60_000, 200_000, 600_000, 2_000_000], 10_000), null);
});

Deno.test("timeLeftOf() agrees once the run is past what made the earlier ones differ", () => {
  const twoModes = [10_000, 11_000, 12_000, 13_000, 14_000, 598_000, 599_000, 600_000, 601_000, 602_000];
  assert.equal(left(twoModes, 5_000), null);
  const found = left(twoModes, 120_000);
  assert.ok(found?.type === "about" && Math.abs(found.leftMs - 480_000) < 10_000);
});

Deno.test("timeLeftOf() still estimates shortly before the end", () => {
  assert.equal(left(ABOUT_TWO_MINUTES, 115_000)?.type, "about");
});

Deno.test("timeLeftOf() reports when a run takes longer than each of the earlier ones", () => {
  assert.deepEqual(left(ABOUT_TWO_MINUTES, 122_001), { type: "longer-than-all", earlierRuns: 5 });
});
