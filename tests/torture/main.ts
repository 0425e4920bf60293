/**
 * `deno task torture [--seed S] [--rounds N] [--slugs SERVER]`: many submissions with kill -9 and lost responses, on all
 * kinds of servers or on one. Exits with 1 when a submission started two runs, or started none and was not reported as
 * unknown. Without a seed, it is the seed of the day.
 */

import { seededRandom, seedOfTheDay } from "../support/seeded_random.ts";
import { drawRound, playRound, type RoundResult, SERVER_KINDS, type ServerKind } from "./torture.ts";
import { violationsOf } from "./verdict.ts";

const MAX_CONCURRENT_ROUNDS = 4;

const seed = numberOf("--seed") ?? seedOfTheDay();
const count = numberOf("--rounds") ?? 200;
const only = kindNamed(valueOf("--slugs"));
const random = seededRandom(seed);
const rounds = Array.from({ length: count }, (_, index) => drawRound(random, only ?? kindAt(index)));

console.log(`Seed ${seed}, ${count} rounds, ${MAX_CONCURRENT_ROUNDS} at a time`);
const results: RoundResult[] = [];
const queue = rounds.values();
await Promise.all(Array.from({ length: MAX_CONCURRENT_ROUNDS }, async () => {
  for (const round of queue) results.push(await playRound(round));
}));

const violations = results.flatMap(violationsOf);
for (const violation of violations) console.log(violation);
for (const { name } of SERVER_KINDS) {
  console.log(`  ${name}: ${summary(results.filter(({ round }) => round.server.name === name))}`);
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

function kindAt(index: number): ServerKind {
  const kind = SERVER_KINDS[index % SERVER_KINDS.length];
  if (kind === undefined) throw new TypeError("There are no kinds of servers");
  return kind;
}

function kindNamed(name: string | undefined): ServerKind | undefined {
  const kind = SERVER_KINDS.find((kind) => kind.name === name);
  if (name !== undefined && kind === undefined) throw new TypeError(`--slugs must be a kind of server: got "${name}"`);
  return kind;
}

function valueOf(name: string): string | undefined {
  const index = Deno.args.indexOf(name);
  return index === -1 ? undefined : Deno.args[index + 1];
}

function numberOf(name: string): number | undefined {
  const value = valueOf(name);
  return value === undefined ? undefined : Number(value);
}
