import assert from "node:assert/strict";
import { seededRandom } from "./support/seeded_random.ts";
import { drawRace, playRace, type Race, RACE_SLUGS, type RaceResult, raceViolationsOf } from "./torture/key_race.ts";

for (const slugs of RACE_SLUGS) {
  Deno.test(`simultaneous submits with one key keep one run, or end with an unknown outcome, when slugs are ${slugs}`, async () => {
    const random = seededRandom(7);
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(raceViolationsOf(await playRace(drawRace(random, slugs))), []);
    }
  });
}

const end = (code: number, slug: string | null) => ({ code, slug, stdout: "", stderr: "" });
const runs = (...entries: readonly (readonly [string, string])[]) => ({
  statuses: new Map(entries),
  runs: entries.length,
});

for (
  const [what, slugs, result, want] of [
    ["one run for all", "unique", { ends: [end(0, "a"), end(0, "a")], ...runs(["a", "completed"]) }, null],
    [
      "one run, the other one cancelled",
      "ignored",
      { ends: [end(0, "a"), end(0, "a")], ...runs(["a", "running"], ["b", "canceled"]) },
      null,
    ],
    [
      "two runs, and an unknown outcome everywhere",
      "refused",
      { ends: [end(6, "a"), end(6, "b")], ...runs(["a", "running"], ["b", "running"]) },
      null,
    ],
    [
      "two runs, and an unknown outcome for one process",
      "ignored",
      { ends: [end(0, "a"), end(6, "b")], ...runs(["a", "running"], ["b", "running"]) },
      /not one run was kept/,
    ],
    [
      "two runs, both reported",
      "ignored",
      { ends: [end(0, "a"), end(0, "b")], ...runs(["a", "completed"], ["b", "completed"]) },
      /different runs/,
    ],
    [
      "two runs where the server keeps slugs",
      "unique",
      { ends: [end(6, "a"), end(6, "b")], ...runs(["a", "running"], ["b", "running"]) },
      /not exactly one run/,
    ],
    [
      "no run that was kept",
      "ignored",
      { ends: [end(3, "a"), end(3, "b")], ...runs(["a", "canceled"], ["b", "canceled"]) },
      /not one run was kept/,
    ],
    [
      "a cancelled run",
      "ignored",
      { ends: [end(0, "a"), end(0, "a")], ...runs(["a", "canceled"], ["b", "running"]) },
      /another one cancelled/,
    ],
  ] as const satisfies readonly (readonly [string, Race["slugs"], Omit<RaceResult, "race">, RegExp | null])[]
) {
  Deno.test(`a key race that leaves ${what} ${want === null ? "keeps the promise" : "is a violation"}`, () => {
    const violations = raceViolationsOf({ race: drawRace(seededRandom(1), slugs), ...result });
    if (want === null) assert.deepEqual(violations, []);
    else assert.match(violations.join("\n"), want);
  });
}
