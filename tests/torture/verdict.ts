import type { RoundResult } from "./torture.ts";

/** The promises that a round broke. */
export function violationsOf(result: RoundResult): string[] {
  const { round, runs, isUnknown, output } = result;
  const details = JSON.stringify(round);
  const violations: string[] = [];
  if (runs > 1) violations.push(`DOUBLE: ${runs} runs of one submission: ${details}`);
  if (runs === 0 && !isUnknown) violations.push(`LOST: no run, and not reported as unknown: ${details}\n${output}`);
  if (round.server.isExact && (runs !== 1 || isUnknown)) {
    violations.push(`NOT EXACTLY ONE: ${runs} runs on a server that rejects duplicates: ${details}\n${output}`);
  }
  return violations;
}
