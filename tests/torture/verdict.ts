import type { RoundResult } from "./torture.ts";

/** The promises that a round broke. */
export function violationsOf(result: RoundResult): string[] {
  const { round, runs, isUnknown, output } = result;
  const details = JSON.stringify(round);
  const violations: string[] = [];
  if (runs > 1) violations.push(`DOUBLE: ${runs} runs of one submission: ${details}`);
  if (runs === 0 && !isUnknown) violations.push(`LOST: no run, and not reported as unknown: ${details}\n${output}`);
  if (round.slugs === "unique" && (runs !== 1 || isUnknown)) {
    violations.push(`NOT EXACTLY ONE: ${runs} runs on a server that rejects duplicates: ${details}\n${output}`);
  }
  return violations;
}

/** Random numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
