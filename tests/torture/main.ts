/**
 * `deno task torture --seed S --rounds N [--slugs RULE]`: many submissions with kill -9 and lost responses. Exits with 1
 * when a submission started two runs, or started none and was not reported as unknown.
 */

import { drawRound, playRound, type RoundResult, SLUG_RULES, type SlugRule } from "./torture.ts";
import { seededRandom, violationsOf } from "./verdict.ts";

const MAX_CONCURRENT_ROUNDS = 4;

const seed = numberOf("--seed") ?? Date.now() % 1_000_000;
const count = numberOf("--rounds") ?? 200;
const only = SLUG_RULES.find((rule) => rule === valueOf("--slugs"));
const random = seededRandom(seed);
const rounds = Array.from({ length: count }, (_, index) => drawRound(random, only ?? ruleOf(index)));

console.log(`Seed ${seed}, ${count} rounds, ${MAX_CONCURRENT_ROUNDS} at a time`);
const results: RoundResult[] = [];
const queue = rounds.values();
await Promise.all(Array.from({ length: MAX_CONCURRENT_ROUNDS }, async () => {
  for (const round of queue) results.push(await playRound(round));
}));

const violations = results.flatMap(violationsOf);
for (const violation of violations) console.log(violation);
for (const rule of SLUG_RULES) {
  console.log(`  ${rule}: ${summary(results.filter(({ round }) => round.slugs === rule))}`);
}
console.log(`  ${results.reduce((sum, { killed }) => sum + killed, 0)} processes were killed`);
console.log(summary(results));
Deno.exit(violations.length === 0 ? 0 : 1);

function summary(group: readonly RoundResult[]): string {
  const runs = group.filter((result) => result.runs > 0).length;
  const unknown = group.filter((result) => result.isUnknown).length;
  const double = group.filter((result) => result.runs > 1).length;
  return `${group.length} submissions, ${runs} runs, ${unknown} unknown, ${double} double`;
}

function ruleOf(index: number): SlugRule {
  return SLUG_RULES[index % SLUG_RULES.length] ?? "unique";
}

function valueOf(name: string): string | undefined {
  const index = Deno.args.indexOf(name);
  return index === -1 ? undefined : Deno.args[index + 1];
}

function numberOf(name: string): number | undefined {
  const value = valueOf(name);
  return value === undefined ? undefined : Number(value);
}
