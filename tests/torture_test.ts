import assert from "node:assert/strict";
import { drawRound, playRound, SLUG_RULES } from "./torture/torture.ts";
import { seededRandom, violationsOf } from "./torture/verdict.ts";

const SEED = 20_261_123;

for (const slugs of SLUG_RULES) {
  Deno.test(`killed at any instant, with slugs ${slugs}, one wish never becomes two runs, and none is lost unsaid`, async () => {
    const random = seededRandom(SEED + SLUG_RULES.indexOf(slugs));
    const rounds = Array.from({ length: 4 }, () => drawRound(random, slugs));
    const ends = await Promise.all(rounds.map(playRound));
    assert.deepEqual(ends.flatMap(violationsOf), []);
  });
}

Deno.test("a run that was started twice, or lost without a word, is a violation", () => {
  const round = drawRound(seededRandom(1), "shared");
  const end = { round, runs: 1, isUnknown: false, killed: 0, said: "" };
  assert.deepEqual(violationsOf(end), []);
  assert.match(violationsOf({ ...end, runs: 2 })[0] ?? "", /^DOUBLE/);
  assert.match(violationsOf({ ...end, runs: 0 })[0] ?? "", /^LOST/);
  assert.deepEqual(violationsOf({ ...end, runs: 0, isUnknown: true }), []);
  assert.match(
    violationsOf({ ...end, runs: 0, isUnknown: true, round: { ...round, slugs: "unique" } })[0] ?? "",
    /^NOT/,
  );
});
