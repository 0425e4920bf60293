import assert from "node:assert/strict";
import { runKilledBatch } from "./torture/killed_batch.ts";
import { seededRandom, seedOfTheDay } from "./support/seeded_random.ts";

const ROWS = 80;
const KILLS = 4;
const seed = Number(Deno.env.get("TORTURE_SEED") ?? seedOfTheDay());

Deno.test(`a batch over a storm of failures, killed and continued, has the results of an unbroken one and the runs it should have (TORTURE_SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const unbroken = await runKilledBatch({ rowCount: ROWS, kills: 0, storm: false, random });
  const broken = await runKilledBatch({ rowCount: ROWS, kills: KILLS, storm: true, random });
  assert.equal(broken.killed, KILLS);
  assert.equal(broken.results, unbroken.results, broken.output);
  assert.deepEqual([broken.runs, broken.code], [unbroken.runs, unbroken.code]);
  // Four rows fail, and the same error twice is final.
  assert.equal(unbroken.runs, ROWS + 4);
});
