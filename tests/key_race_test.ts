import { seededRandom } from "./support/seeded_random.ts";
import { assertKept, drawRace, playRace } from "./key_race.ts";

for (const slugs of ["unique", "shared", "existing", "ignored", "refused"] as const) {
  Deno.test(`simultaneous submits with one key keep one run, or end with an unknown outcome, when slugs are ${slugs}`, async () => {
    const random = seededRandom(7);
    for (let round = 0; round < 2; round++) {
      const race = drawRace(random, slugs);
      assertKept(race, await playRace(race));
    }
  });
}
