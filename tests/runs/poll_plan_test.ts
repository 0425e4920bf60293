import assert from "node:assert/strict";
import { compare, logUniform } from "../../bench/pace/simulate.ts";
import { DISTRIBUTIONS } from "../../bench/pace/durations.ts";
import { basePolls, estimateDurations, expectedPolls, plannedDelayMs, planPolls } from "../../lib/runs/durations.ts";
import { BASE_POLL_INTERVAL } from "../../lib/runs/poll_interval.ts";
import { seededRandom } from "../support/seeded_random.ts";

const never = () => 0;

function planOf(endedMs: readonly number[], base = BASE_POLL_INTERVAL) {
  const estimate = estimateDurations({ endedMs, censoredMs: [] });
  assert.ok(estimate !== undefined);
  return { estimate, plan: planPolls(estimate, base) };
}

Deno.test("basePolls() begin after 5 s and grow by half up to a minute", () => {
  assert.deepEqual(basePolls(BASE_POLL_INTERVAL, 230_000).map(Math.round), [
    5_000,
    12_500,
    23_750,
    40_625,
    65_938,
    103_906,
    160_859,
    220_859,
    280_859,
  ]);
});

Deno.test("basePolls() end also without an interval", () => {
  const pollsMs = basePolls({ pollIntervalMs: 0, maxPollIntervalMs: 1_000 }, 60_000);
  assert.ok((pollsMs.at(-1) ?? 0) >= 60_000 && pollsMs.length < 100, `${pollsMs}`);
});

Deno.test("planPolls() polls where the runs used to end, and seldom before", () => {
  const { plan: { pollsMs } } = planOf(Array(20).fill(600_000));
  const near = pollsMs.filter((ageMs) => ageMs > 580_000 && ageMs < 620_000);
  assert.ok(near.length >= 4, `${near}`);
  assert.ok(pollsMs.filter((ageMs) => ageMs < 580_000).length <= 8);
});

Deno.test("planPolls() expects fewer polls than the base schedule", () => {
  for (const endedMs of [[30_000, 31_000], [600_000], [60_000, 3_600_000], Array(20).fill(5_000)]) {
    const { estimate, plan: { pollsMs } } = planOf(endedMs);
    assert.ok(expectedPolls(estimate, pollsMs) < expectedPolls(estimate, basePolls(BASE_POLL_INTERVAL, 1e7)));
  }
});

Deno.test("planPolls() notices runs that end before the first poll of the base schedule", () => {
  const { plan: { pollsMs } } = planOf(Array(20).fill(3_000));
  assert.ok(pollsMs[0] !== undefined && pollsMs[0] >= 3_000 && pollsMs[0] < 4_500, `${pollsMs}`);
});

Deno.test("planPolls() plans no more than a month, also where a clock that was not set made durations of decades", () => {
  for (const endedMs of [[1e12], [60_000, 1.7e12], [1e15]]) {
    const { plan } = planOf(endedMs);
    assert.ok((plan.pollsMs.at(-1) ?? 0) <= 30 * 24 * 3_600_000);
    assert.ok(plan.pollsMs.length < 50_000, `${plan.pollsMs.length}`);
    const delayMs = plannedDelayMs(plan, 40 * 24 * 3_600_000, never);
    assert.ok(delayMs > 0 && delayMs <= 61_000, `${delayMs}`);
  }
});

for (const meanMs of [1_500, 45_000, 400_000, 3_000_000, 40_000_000]) {
  Deno.test(`planPolls() of runs of ${meanMs / 1_000} s keeps every limit`, () => {
    const random = seededRandom(meanMs);
    for (let history = 0; history < 12; history++) {
      const endedMs = Array.from({ length: 1 + history }, () => meanMs * (1 - random()) ** -0.7);
      const { plan } = planOf(endedMs);
      const base = basePolls(BASE_POLL_INTERVAL, 6 * meanMs);
      let [ageMs, polls, basePollsMade] = [0, 0, 0];
      while (ageMs < 5 * meanMs) {
        const delayMs = plannedDelayMs(plan, ageMs, random);
        assert.ok(delayMs >= 500);
        assert.ok(delayMs <= 1.1 * Math.max(60_000, ageMs / 2) + 1, `${delayMs} at ${ageMs}`);
        ageMs += delayMs;
        polls++;
        while ((base[basePollsMade] ?? Infinity) <= ageMs) basePollsMade++;
        const allowed = 1.5 * basePollsMade + 2;
        assert.ok(polls <= allowed, `${polls} polls after ${ageMs} ms, ${allowed} are allowed`);
      }
    }
  });
}

Deno.test("plannedDelayMs() follows the base schedule once a run is far older than any before", () => {
  const { plan } = planOf(Array(20).fill(100_000));
  const ageMs = 100_000 * 2;
  assert.equal(ageMs + plannedDelayMs(plan, ageMs, never), basePolls(BASE_POLL_INTERVAL, 200_501).at(-1));
});

Deno.test("plannedDelayMs() is lengthened by at most a tenth, and treats a clock that went back as no elapsed time", () => {
  const { plan } = planOf(Array(20).fill(100_000));
  const delayMs = plannedDelayMs(plan, 0, never);
  assert.equal(plannedDelayMs(plan, -5_000, never), delayMs);
  assert.ok(plannedDelayMs(plan, 0, () => 0.999) <= 1.1 * delayMs);
});

Deno.test("a longer maximum poll interval allows longer gaps", () => {
  const base = { pollIntervalMs: 5_000, maxPollIntervalMs: 300_000 };
  const { plan: { pollsMs } } = planOf(Array(20).fill(3_600_000), base);
  assert.ok(pollsMs.some((ageMs, index) => (pollsMs[index + 1] ?? 0) - ageMs > Math.max(60_000, ageMs / 2)));
});

// A few of the measurements of `deno task bench pace`.
for (const { name, draw, maxDelay, maxRequests } of DISTRIBUTIONS) {
  Deno.test(`polls by experience are no more and notice the end earlier: ${name}`, () => {
    const found = compare(draw, {
      meansMs: logUniform(30_000, 3_600_000, 30),
      known: 20,
      histories: 1,
      runs: 100,
      random: seededRandom(3),
    });
    assert.ok(found.requests <= maxRequests * found.baseRequests * 1.02, `${found.requests}, ${found.baseRequests}`);
    assert.ok(found.delayMs <= maxDelay * found.baseDelayMs * 1.1, `${found.delayMs}, ${found.baseDelayMs}`);
    assert.ok(found.maxExcess <= 2, `${found.maxExcess}`);
  });
}
