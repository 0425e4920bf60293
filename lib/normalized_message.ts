/** What differs from run to run without being another reason. Each is replaced by an ellipsis. */
const VARIABLE = [
  // As error messages name a request.
  /(?<=\brequest )[\w.:-]{1,64}(?=\))/g,
  // Times, and then identifiers: both have numbers in them.
  /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:?\d\d)?/g,
  /\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/gi,
  /\b0x[\da-f]+\b/gi,
  /\b(?=[a-f]*\d)[\da-f]{7,}\b/gi,
  /\d+(?:[.,:]\d+)*/g,
];

/** Equal for failures that have the same reason. @param runs Slugs, which are no part of a reason. */
export function normalizedMessage(message: string, runs: readonly string[]): string {
  const withoutRuns = runs.reduce((text, run) => text.replaceAll(run, "\u2026"), message);
  return VARIABLE.reduce((text, pattern) => text.replaceAll(pattern, "\u2026"), withoutRuns);
}
