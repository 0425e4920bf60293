import type { ReportCase } from "./report.ts";

/** What was expected and what happened, or why there is nothing to compare. */
export function reasonsOf({ reason, expectations }: ReportCase): readonly string[] {
  const unmet = expectations.filter(({ isMet, knownFailure }) => !isMet && knownFailure === null).map((
    { path, expected, actual },
  ) => `${path}: expected ${expected}, got ${actual}`);
  // The reason of a case with one such line is that line.
  if (reason === null || unmet.some((line) => reason.startsWith(line))) return unmet;
  // It states the status together with why the run ended so.
  return [reason, ...unmet.filter((line) => !`status: ${reason}`.startsWith(line))];
}
