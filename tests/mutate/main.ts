/**
 * `deno task mutate`: plants one fault at a time in a copy of the checkout and runs the tests that should notice it.
 * Prints the faults that survived and the shares of those noticed.
 *
 * By default all named faults and 100 drawn ones. `--named`: only the named ones. `--drawn N`: only N drawn ones.
 * `--only TEXT`: only named faults whose name contains the text, and faults in files whose path starts with it.
 * `--seed S`: what to draw (the seed of the day). `--jobs N`: how many at a time (2).
 * Exits with 1 when a share is below its goal, and with 2 when the place of a named fault is gone.
 */

import { seededRandom, seedOfTheDay } from "../support/seeded_random.ts";
import { NAMED_FAULTS } from "./faults.ts";
import { drawnMutants, type Mutant, namedMutants } from "./mutants.ts";
import { testOrder } from "./order.ts";
import { copyCheckout, judge, runTests, type Verdict } from "./run_tests.ts";

const ROOT = new URL("../../", import.meta.url);
const GOALS = { named: 0.95, drawn: 0.85 } as const;
const DEFAULT_DRAWN = 100;
const BASELINE_DEADLINE_MS = 15 * 60_000;
/** Machines are slow at times. */
const MIN_DEADLINE_MS = 60_000;
/** A mutant gets this many times as long as the tests take without it. */
const DEADLINE_FACTOR = 2;

interface Judged {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
}

const startMs = performance.now();
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => stopping.abort(new Error(`Stopped by ${signal}`)));
}
const seed = numberOf("--seed") ?? seedOfTheDay();
const jobs = numberOf("--jobs") ?? 2;
const mutants = await chooseMutants();
console.log(`Seed ${seed}, ${mutants.length} faults, ${jobs} at a time`);
const judged = await judgeAll(mutants);
console.log(`${Math.round((performance.now() - startMs) / 6_000) / 10} minutes`);
Deno.exit(report(judged) ? 0 : 1);

async function chooseMutants(): Promise<Mutant[]> {
  const only = valueOf("--only");
  const drawn = numberOf("--drawn");
  const hasNamed = Deno.args.includes("--named") || drawn === undefined;
  const count = drawn ?? (only !== undefined || Deno.args.includes("--named") ? 0 : DEFAULT_DRAWN);
  try {
    // All of them, so that each run notices a named fault whose place is gone.
    const named = await namedMutants(ROOT, NAMED_FAULTS);
    return [
      ...named.filter(({ name, file }) =>
        hasNamed && (only === undefined || name.includes(only) || file.startsWith(only))
      ),
      ...await drawnMutants(ROOT, { count, random: seededRandom(seed), within: only }),
    ];
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(2);
  }
}

async function judgeAll(mutants: readonly Mutant[]): Promise<Judged[]> {
  const judged: Judged[] = [];
  const order = await testOrder(ROOT);
  const deadlines = new Map<string, Promise<number>>();
  const queue = mutants.values();
  await Promise.all(Array.from({ length: Math.min(jobs, mutants.length) }, async () => {
    await using copy = await copyCheckout(ROOT);
    for (const mutant of queue) {
      for (const test of mutant.tests) {
        if (!deadlines.has(test)) deadlines.set(test, measureDeadline(copy.path, test));
        await deadlines.get(test);
      }
      const deadlineMs = async (test: string) => await deadlines.get(test) ?? MIN_DEADLINE_MS;
      const verdict = await judge(copy, mutant, { order, deadlineMs, signal: stopping.signal });
      judged.push({ mutant, verdict });
      console.log(`${String(judged.length).padStart(4)}  ${verdict.padEnd(9)}  ${mutant.name}`);
    }
  }));
  return judged;
}

/** Runs the tests without a fault: they must pass. */
async function measureDeadline(path: string, test: string): Promise<number> {
  const options = { deadlineMs: BASELINE_DEADLINE_MS, signal: stopping.signal };
  let { outcome, durationMs, output } = await runTests(path, [test], options);
  // Once more: a machine that is busy must not end hours of work.
  if (outcome !== "passed") ({ outcome, durationMs, output } = await runTests(path, [test], options));
  if (outcome !== "passed") throw new Error(`${test} fails without a fault:\n${output.slice(-4_000)}`);
  return MIN_DEADLINE_MS + DEADLINE_FACTOR * durationMs;
}

/** @returns True when every share reaches its goal. */
function report(judged: readonly Judged[]): boolean {
  const survivors = judged.filter(({ verdict }) => verdict === "survived");
  if (survivors.length > 0) console.log("\nSurvived:");
  for (const { mutant } of survivors) console.log(`  ${mutant.group}  ${mutant.file}  ${mutant.name}`);
  let isGood = true;
  for (const group of ["named", "drawn"] as const) {
    const all = judged.filter(({ mutant }) => mutant.group === group);
    if (all.length === 0) continue;
    const noticed = all.filter(({ verdict }) => verdict !== "survived").length;
    const share = noticed / all.length;
    isGood &&= share >= GOALS[group];
    console.log(`${group}: ${noticed} of ${all.length} noticed, ${percent(share)} (goal ${percent(GOALS[group])})`);
  }
  return isGood;
}

function percent(share: number): string {
  return `${Math.floor(share * 1_000) / 10} %`;
}

function valueOf(name: string): string | undefined {
  const index = Deno.args.indexOf(name);
  return index === -1 ? undefined : Deno.args[index + 1];
}

function numberOf(name: string): number | undefined {
  const value = valueOf(name);
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) throw new TypeError(`${name} must be a whole number: got "${value}"`);
  return Number(value);
}
