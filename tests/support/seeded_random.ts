/** Random numbers that a failed test can draw again. */

import { seededRandom } from "../../lib/seeded_random.ts";

export { seededRandom };

const DAY_MS = 86_400_000;

/** Changes once a day, so that every day tests other cases and a failure can be repeated. */
export function seedOfTheDay(nowMs: number = Date.now()): number {
  return Math.floor(nowMs / DAY_MS);
}

/** The numbers in the tests are the same in each run; this variable selects others. */
const SEED_VARIABLE = "TEST_SEED";
const DEFAULT_SEED = 1;

let sources = 0;

/** The default of every test's `random`. Each call returns another source: two machines draw different numbers. */
export function testRandom(): () => number {
  const seed = Deno.env.get(SEED_VARIABLE) ?? "";
  if (sources === 0 && seed !== "") console.log(`${SEED_VARIABLE}=${seed}`);
  return seededRandom((seed === "" ? DEFAULT_SEED : Number(seed)) * 7_919 + sources++);
}
