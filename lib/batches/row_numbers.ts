/** Row numbers as text: `3, 7–12` in messages, `4,8,15-20` as an option. */

import { UsageError } from "../errors.ts";

/** More rows are counted. */
const MAX_PARTS = 8;

/** `3, 7–12`; many parts end with `…`. */
export function formatRows(rows: readonly number[], maxParts = MAX_PARTS): string {
  const ranges: [number, number][] = [];
  for (const row of new Set([...rows].sort((a, b) => a - b))) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === row - 1) last[1] = row;
    else ranges.push([row, row]);
  }
  const parts = ranges.map(([from, to]) => {
    if (from === to) return `${from}`;
    return to === from + 1 ? `${from}, ${to}` : `${from}\u2013${to}`;
  });
  return parts.length <= maxParts ? parts.join(", ") : `${parts.slice(0, maxParts).join(", ")}, \u2026`;
}

/**
 * Parses `4,8,15-20`.
 *
 * @returns The rows in ascending order.
 * @throws UsageError
 */
export function parseRowNumbers(text: string): ReadonlySet<number> {
  const rows = new Set<number>();
  for (const part of text.split(",")) {
    const [, from = "", to = from] = /^\s*(\d{1,9})(?:\s*[-\u2013]\s*(\d{1,9}))?\s*$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (from === "" || first < 1 || last < first) {
      throw new UsageError(`must be row numbers like 4,8,15-20: got "${part.trim()}"`);
    }
    if (last - first >= MAX_RANGE) throw new UsageError(`has too many rows: "${part.trim()}"`);
    for (let row = first; row <= last; row++) rows.add(row);
  }
  return new Set([...rows].sort((a, b) => a - b));
}

/** More than a batch can have. */
const MAX_RANGE = 1_000_000;
