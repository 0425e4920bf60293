/** Why this file: a typing error should cost one look, not a search through the help. */

/**
 * The words that somebody may have meant, the nearest first: at most three.
 *
 * A slip is a letter too many, too few, another, or two swapped; the longer the word, the more of them are forgiven.
 */
export function nearest(word: string, known: Iterable<string>): string[] {
  const most = Math.max(1, Math.floor(word.length / 3));
  return [...new Set(known)]
    .map((candidate) => ({ candidate, slips: slipsBetween(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, slips }) => slips <= most || (word.length >= 3 && candidate.startsWith(word)))
    .sort((a, b) => a.slips - b.slips || a.candidate.localeCompare(b.candidate))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** `Did you mean "a"?`, `Did you mean "a" or "b"?`; `undefined` when nothing is near. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  const words = nearest(word, known).map((candidate) => `"${candidate}"`);
  const last = words.pop();
  if (last === undefined) return undefined;
  return `Did you mean ${words.length === 0 ? last : `${words.join(", ")} or ${last}`}?`;
}

/** Damerau-Levenshtein distance, in its restricted form. */
function slipsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let slips = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) slips = Math.min(slips, (beforeLast[column - 2] ?? 0) + 1);
      current.push(slips);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
