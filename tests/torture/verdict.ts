/** What a round must not end with, and the chance that rounds are drawn with. Pure. */

import type { RoundEnd } from "./torture.ts";

/** What is wrong with how a round ended; nothing, most likely. */
export function violationsOf(end: RoundEnd): string[] {
  const { round, runs, isUnknown, said } = end;
  const what = JSON.stringify(round);
  const wrong: string[] = [];
  if (runs > 1) wrong.push(`DOUBLE: ${runs} runs of one wish: ${what}`);
  if (runs === 0 && !isUnknown) wrong.push(`LOST: no run, and not reported as unknown: ${what}\n${said}`);
  if (round.slugs === "unique" && (runs !== 1 || isUnknown)) {
    wrong.push(`NOT EXACTLY ONE: ${runs} runs where the host gives the means: ${what}\n${said}`);
  }
  return wrong;
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
