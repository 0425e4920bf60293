/**
 * `deno task torture --seed S --rounds N`: many wishes under kill -9 and cut answers. Ends with 1 when a wish became two
 * runs, or a wish without a run was not reported as unknown.
 */

import { drawRound, playRound, type RoundEnd, SLUG_RULES, type SlugRule } from "./torture.ts";
import { seededRandom, violationsOf } from "./verdict.ts";

const AT_ONCE = 4;

const seed = numberAfter("--seed") ?? Date.now() % 1_000_000;
const count = numberAfter("--rounds") ?? 200;
const only = SLUG_RULES.find((rule) => rule === wordAfter("--slugs"));
const random = seededRandom(seed);
const rounds = Array.from({ length: count }, (_, index) => drawRound(random, only ?? ruleOf(index)));

console.log(`Seed ${seed}, ${count} rounds, ${AT_ONCE} at once`);
const ends: RoundEnd[] = [];
const queue = rounds.values();
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  for (const round of queue) ends.push(await playRound(round));
}));

const violations = ends.flatMap(violationsOf);
for (const violation of violations) console.log(violation);
for (const rule of SLUG_RULES) console.log(`  ${rule}: ${summary(ends.filter(({ round }) => round.slugs === rule))}`);
console.log(`  ${ends.reduce((sum, { killed }) => sum + killed, 0)} processes were killed`);
console.log(summary(ends));
Deno.exit(violations.length === 0 ? 0 : 1);

function summary(some: readonly RoundEnd[]): string {
  const runs = some.filter((end) => end.runs > 0).length;
  const unknown = some.filter((end) => end.isUnknown).length;
  const double = some.filter((end) => end.runs > 1).length;
  return `${some.length} wishes, ${runs} runs, ${unknown} unknown, ${double} double`;
}

function ruleOf(index: number): SlugRule {
  return SLUG_RULES[index % SLUG_RULES.length] ?? "unique";
}

function wordAfter(name: string): string | undefined {
  const index = Deno.args.indexOf(name);
  return index === -1 ? undefined : Deno.args[index + 1];
}

function numberAfter(name: string): number | undefined {
  const word = wordAfter(name);
  return word === undefined ? undefined : Number(word);
}
