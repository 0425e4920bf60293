/**
 * The candidates nearest to a misspelled word, nearest first: at most three.
 *
 * An edit inserts, deletes or replaces a letter, or swaps two neighbors. One edit is allowed per three letters.
 */
export function nearest(word: string, candidates: Iterable<string>): string[] {
  const maxEdits = Math.max(1, Math.floor(word.length / 3));
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, edits: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= maxEdits || (word.length >= 3 && candidate.startsWith(word)))
    .sort((a, b) => a.edits - b.edits || a.candidate.localeCompare(b.candidate))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** `Did you mean "a"?`, `Did you mean "a" or "b"?`; `undefined` if nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const quoted = nearest(word, candidates).map((candidate) => `"${candidate}"`);
  return quoted.length === 0 ? undefined : `Did you mean ${orList(quoted)}?`;
}

/** {@link didYouMean}, or all names: `Known: a, b`. */
export function didYouMeanOrKnown(word: string, known: readonly string[]): string {
  return didYouMean(word, known) ?? `Known: ${known.join(", ")}`;
}

/** `a`, `a or b`, `a, b or c`. */
export function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** The restricted Damerau-Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let edits = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) edits = Math.min(edits, (beforeLast[column - 2] ?? 0) + 1);
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
