/**
 * `deno task torture [--seed S] [--rounds N] [--slugs SERVER]`: many submissions with kill -9 and lost responses, on all
 * kinds of servers or on one. Exits with 1 when a submission started two runs, or started none and was not reported as
 * unknown. Without a seed, it is the seed of the day.
 *
 * `--races N` instead: processes that submit with one idempotency key at the same moment. Exits with 1 when a key did not
 * keep its promise.
 *
 * `--batch N` instead: a batch of N rows over a storm of failures, killed ten times. Exits with 1 when its results or its
 * runs differ from those of an unbroken one.
 */

import { seededRandom, seedOfTheDay } from "../support/seeded_random.ts";
import { drawRound, playRound, type RoundResult, SERVER_KINDS, type ServerKind } from "./torture.ts";
import { drawRace, playRace, RACE_SLUGS, type RaceResult, raceViolationsOf } from "./key_race.ts";
import { runKilledBatch } from "./killed_batch.ts";
import { violationsOf } from "./verdict.ts";

const MAX_CONCURRENT_ROUNDS = 4;

const seed = numberOf("--seed") ?? seedOfTheDay();
const raceCount = numberOf("--races");
const rowCount = numberOf("--batch");
const violations = rowCount !== undefined
  ? await killBatch(rowCount)
  : raceCount === undefined
  ? await torture()
  : await raceForKeys(raceCount);
for (const violation of violations) console.log(violation);
Deno.exit(violations.length === 0 ? 0 : 1);

async function torture(): Promise<string[]> {
  const count = numberOf("--rounds") ?? 200;
  const only = kindNamed(valueOf("--slugs"));
  const random = seededRandom(seed);
  const rounds = Array.from({ length: count }, (_, index) => drawRound(random, only ?? cyclic(SERVER_KINDS, index)));
  console.log(`Seed ${seed}, ${count} rounds, ${MAX_CONCURRENT_ROUNDS} at a time`);
  const results = await playAll(rounds, playRound);
  for (const { name } of SERVER_KINDS) {
    console.log(`  ${name}: ${summary(results.filter(({ round }) => round.server.name === name))}`);
  }
  console.log(`  ${results.reduce((sum, { killed }) => sum + killed, 0)} processes were killed`);
  console.log(summary(results));
  return results.flatMap(violationsOf);
}

async function raceForKeys(count: number): Promise<string[]> {
  const random = seededRandom(seed);
  const races = Array.from({ length: count }, (_, index) => drawRace(random, cyclic(RACE_SLUGS, index)));
  console.log(`Seed ${seed}, ${count} key races, ${MAX_CONCURRENT_ROUNDS} at a time`);
  const results = await playAll(races, playRace);
  for (const slugs of RACE_SLUGS) {
    console.log(`  ${slugs}: ${raceSummary(results.filter(({ race }) => race.slugs === slugs))}`);
  }
  console.log(raceSummary(results));
  return results.flatMap(raceViolationsOf);
}

async function killBatch(rowCount: number): Promise<string[]> {
  const random = seededRandom(seed);
  const unbroken = await runKilledBatch({ rowCount, kills: 0, storm: false, random });
  const broken = await runKilledBatch({ rowCount, kills: 10, storm: true, random });
  console.log(`Seed ${seed}, ${rowCount} rows, ${broken.killed} kills: ${broken.runs} runs, ${unbroken.runs} expected`);
  return [
    ...(broken.results === unbroken.results ? [] : [`DIFFERENT RESULTS\n${broken.results}\n${broken.output}`]),
    ...(broken.runs === unbroken.runs ? [] : [`DIFFERENT RUNS: ${broken.runs}, not ${unbroken.runs}`]),
  ];
}

async function playAll<T, R>(all: readonly T[], play: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = all.values();
  await Promise.all(Array.from({ length: MAX_CONCURRENT_ROUNDS }, async () => {
    for (const one of queue) results.push(await play(one));
  }));
  return results;
}

function raceSummary(group: readonly RaceResult[]): string {
  const unknown = group.filter(({ ends }) => ends.every(({ code }) => code === 6)).length;
  const several = group.filter(({ runs }) => runs > 1).length;
  const violations = group.flatMap(raceViolationsOf).length;
  return `${group.length} races, ${several} with more than one run started, ${unknown} unknown, ${violations} violations`;
}

function summary(group: readonly RoundResult[]): string {
  const runs = group.filter((result) => result.runs > 0).length;
  const unknown = group.filter((result) => result.isUnknown).length;
  const double = group.filter((result) => result.runs > 1).length;
  return `${group.length} submissions, ${runs} runs, ${unknown} unknown, ${double} double`;
}

function cyclic<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new TypeError("The list is empty");
  return item;
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
