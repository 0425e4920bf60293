/** The keys of the live table of a batch. Pure. */

import type { BatchTable, BatchTableView } from "../render/batch_table.ts";

const KEYS = [
  ["\u001b[A", "up"],
  ["\u001bOA", "up"],
  ["k", "up"],
  ["\u001b[B", "down"],
  ["\u001bOB", "down"],
  ["j", "down"],
  ["\u001b[5~", "page-up"],
  ["\u001b[6~", "page-down"],
  [" ", "page-down"],
  ["\u001b[H", "home"],
  ["\u001bOH", "home"],
  ["\u001b[1~", "home"],
  ["\u001b[F", "end"],
  ["\u001bOF", "end"],
  ["\u001b[4~", "end"],
  ["f", "failed"],
  ["+", "more"],
  ["=", "more"],
  ["-", "fewer"],
  ["q", "detach"],
] as const;

export type BatchKey = (typeof KEYS)[number][1];

const KEY_OF: ReadonlyMap<string, BatchKey> = new Map(KEYS);

/** The keys in what a terminal sent at once; others are ignored. */
export function parseKeys(text: string): readonly BatchKey[] {
  // deno-lint-ignore no-control-regex -- an escape sequence starts with one
  const parts = text.match(/\u001b(?:\[[\d;]*[A-Za-z~]|O[A-Za-z])|[^\u001b]/gu) ?? [];
  return parts.flatMap((part) => KEY_OF.get(part) ?? []);
}

/** The view after a key; the same for keys that do not change it. */
export function viewAfterKey(
  view: BatchTableView,
  key: BatchKey,
  { maxScroll, pageSize }: Pick<BatchTable, "maxScroll" | "pageSize">,
): BatchTableView {
  const by = { up: -1, down: 1, "page-up": -pageSize, "page-down": pageSize, home: -Infinity, end: Infinity };
  if (key === "failed") return { shows: view.shows === "failed" ? "changed" : "failed", scroll: 0 };
  if (key === "more" || key === "fewer" || key === "detach") return view;
  return { ...view, scroll: Math.min(maxScroll, Math.max(0, view.scroll + by[key])) };
}
