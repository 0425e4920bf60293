import assert from "node:assert/strict";
import { drawRound, playRound, SLUG_RULES } from "./torture/torture.ts";
import { seededRandom, violationsOf } from "./torture/verdict.ts";

const SEED = 20_261_123;

for (const slugs of SLUG_RULES) {
  Deno.test(`killed at any instant with slugs ${slugs}, a submission never starts two runs and is never lost silently`, async () => {
    const random = seededRandom(SEED + SLUG_RULES.indexOf(slugs));
    const rounds = Array.from({ length: 4 }, () => drawRound(random, slugs));
    const results = await Promise.all(rounds.map(playRound));
    assert.deepEqual(results.flatMap(violationsOf), []);
  });
}

Deno.test("two runs, or a run that is lost silently, are violations", () => {
  const round = drawRound(seededRandom(1), "shared");
  const result = { round, runs: 1, isUnknown: false, killed: 0, output: "" };
  assert.deepEqual(violationsOf(result), []);
  assert.match(violationsOf({ ...result, runs: 2 })[0] ?? "", /^DOUBLE/);
  assert.match(violationsOf({ ...result, runs: 0 })[0] ?? "", /^LOST/);
  assert.deepEqual(violationsOf({ ...result, runs: 0, isUnknown: true }), []);
  assert.match(
    violationsOf({ ...result, runs: 0, isUnknown: true, round: { ...round, slugs: "unique" } })[0] ?? "",
    /^NOT/,
  );
});
