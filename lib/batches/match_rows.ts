/** Recognizes the rows of an edited file: what is kept, new, changed or no longer there, and why. */

import type { BatchRow } from "../batch.ts";
import { canonicalJson, type Json, type JsonObject } from "../json.ts";
import type { Attempt, StoredRow } from "../store/batch_store.ts";
import { shortened } from "../text.ts";
import { leavesOf } from "./labels.ts";

/** A row of the file as it is now. */
export type CurrentRow =
  & Pick<BatchRow, "row" | "place" | "id" | "label" | "workflow">
  & Pick<StoredRow, "contentHash" | "inputs">;

/** A row that the batch had before. One that an earlier edit has removed is recognized only by its id or content. */
export type EarlierRow = StoredRow & Pick<Attempt, "status">;

export interface InputChange {
  /** Like `mesh.size`; `workflow` for the workflow itself. */
  readonly path: string;
  /** `undefined` if it was not given. */
  readonly from: Json | undefined;
  readonly to: Json | undefined;
}

export interface MatchedRow<Row = CurrentRow> {
  readonly row: Row;
  readonly decision: "kept" | "new" | "changed";
  /** `null` for a new row. */
  readonly earlier: EarlierRow | null;
  /** What recognized it; `null` for a new row. */
  readonly matchedBy: "id" | "content" | "position" | null;
  /** Empty if only a secret has changed. */
  readonly changes: readonly InputChange[];
}

type Match = Pick<MatchedRow, "matchedBy"> & { readonly earlier: EarlierRow };

export interface RowMatch<Row extends MatchedRow = MatchedRow> {
  /** In the order of the file. */
  readonly rows: readonly Row[];
  /** Rows that this edit removed from the file. Their runs are left alone. */
  readonly gone: readonly EarlierRow[];
}

/** Matches by id, else by equal content, else by position between rows that were matched. */
export function matchRows<Row extends CurrentRow>(
  current: readonly Row[],
  earlier: readonly EarlierRow[],
): RowMatch<MatchedRow<Row>> {
  const matches = new Map<CurrentRow, Match>();
  const left = new Set(earlier);
  const pair = (row: CurrentRow, other: EarlierRow | undefined, matchedBy: MatchedRow["matchedBy"]) => {
    if (other === undefined || !left.delete(other)) return;
    matches.set(row, { earlier: other, matchedBy });
  };
  // Those in the file come first, and the first remains: a changed row has earlier versions with its id.
  const byId = new Map(earlier.toReversed().flatMap((row) => row.id === null ? [] : [[row.id, row]]));
  for (const row of current) if (row.id !== null) pair(row, byId.get(row.id), "id");
  // Backwards, because a list is cheap to shorten at its end.
  const byContent = Map.groupBy([...left].reverse(), ({ contentHash }) => contentHash);
  for (const row of current) {
    if (matches.has(row)) continue;
    const others = byContent.get(row.contentHash) ?? [];
    for (let last = others.at(-1); last !== undefined && !left.has(last); last = others.at(-1)) others.pop();
    // Different ids mean different rows, in spite of equal inputs.
    pair(row, others.findLast((other) => left.has(other) && !haveOtherIds(row, other)), "content");
  }
  for (const [row, other] of neighbors(current, earlier, matches, left)) pair(row, other, "position");
  return {
    rows: current.map((row) => ({ row, ...decisionOn(row, matches.get(row)) })),
    gone: [...left].filter(({ isInFile }) => isInFile).sort((a, b) => a.row - b.row),
  };
}

function decisionOn(row: CurrentRow, match: Match | undefined): Omit<MatchedRow, "row"> {
  if (match === undefined) return { decision: "new", earlier: null, matchedBy: null, changes: [] };
  if (match.earlier.contentHash === row.contentHash) return { decision: "kept", ...match, changes: [] };
  return { decision: "changed", ...match, changes: changesBetween(match.earlier, row) };
}

function haveOtherIds({ id }: CurrentRow, other: EarlierRow): boolean {
  return id !== null && other.id !== null && id !== other.id;
}

/**
 * Pairs what is left after the same matched row, if it is as many rows as before: otherwise rows were added or removed
 * there, and which ones cannot be known.
 */
function neighbors(
  current: readonly CurrentRow[],
  earlier: readonly EarlierRow[],
  matches: ReadonlyMap<CurrentRow, Match>,
  left: ReadonlySet<EarlierRow>,
): [CurrentRow, EarlierRow][] {
  const before = earlier.filter(({ isInFile }) => isInFile).sort((a, b) => a.row - b.row);
  const gapsBefore = gapsOf(before, (row) => left.has(row) ? undefined : row);
  const gapsNow = gapsOf(current, (row) => matches.get(row)?.earlier);
  return [...gapsNow].flatMap(([start, rows]) => {
    const others = gapsBefore.get(start) ?? [];
    if (others.length !== rows.length) return [];
    return rows.flatMap((row, index): [CurrentRow, EarlierRow][] => {
      const other = others[index];
      const canBeSame = other?.workflow === row.workflow && !haveOtherIds(row, other);
      return other !== undefined && canBeSame ? [[row, other]] : [];
    });
  });
}

/** The unmatched rows after each matched one; those before the first are at `null`. */
function gapsOf<Row>(rows: readonly Row[], matchOf: (row: Row) => EarlierRow | undefined) {
  let start: EarlierRow | null = null;
  const groups = Map.groupBy(rows, (row) => start = matchOf(row) ?? start);
  return new Map([...groups].map(([match, group]) => [match, group.filter((row) => matchOf(row) === undefined)]));
}

function changesBetween(from: EarlierRow, to: CurrentRow): InputChange[] {
  const [before, after] = [leavesOf(from.inputs), leavesOf(to.inputs)];
  const names = new Set([...before.keys(), ...after.keys()]);
  const changes = [...names].flatMap((path): InputChange[] => {
    const [old, now] = [before.get(path), after.get(path)];
    const isSame = old !== undefined && now !== undefined && canonicalJson(old) === canonicalJson(now);
    return isSame ? [] : [{ path, from: old, to: now }];
  });
  if (from.workflow === to.workflow) return changes;
  return [{ path: "workflow", from: from.workflow, to: to.workflow }, ...changes];
}

/** More are counted. */
const MAX_SHOWN = 3;

/** `497 kept · 3 new · 2 no longer in the file, left alone · 1 changed: mesh.size 0.1 → 0.2`. */
export function summaryOfMatch({ rows, gone }: RowMatch): string {
  const count = (decision: MatchedRow["decision"]) => rows.filter((row) => row.decision === decision).length;
  const texts = [...new Set(rows.filter(({ decision }) => decision === "changed").map(changesText))];
  const shown = texts.slice(0, MAX_SHOWN).join("; ") + (texts.length > MAX_SHOWN ? "; \u2026" : "");
  const parts = [
    [count("kept"), "kept"],
    [count("new"), "new"],
    [gone.length, "no longer in the file, left alone"],
    [count("changed"), `changed: ${shown}`],
  ] as const;
  const occurring = parts.filter(([count]) => count > 0);
  return occurring.map(([count, text]) => `${count.toLocaleString("en-US")} ${text}`).join(" \u00b7 ");
}

/** Why a row is kept, new or changed. */
export function reasonOf({ row, decision, earlier, matchedBy, changes }: MatchedRow): string {
  if (earlier === null) return "new";
  const from = earlier.row === row.row ? "" : `, which was row ${earlier.row}`;
  const by = {
    id: `same id "${row.id}"${from}`,
    content: `same inputs${from}`,
    position: `same position${from}`,
  }[matchedBy ?? "content"];
  return decision === "kept" ? by : `${by}, ${changesText({ changes })}`;
}

/** `mesh.size 0.1 → 0.2, title not given → "x"`. */
function changesText({ changes }: Pick<MatchedRow, "changes">): string {
  if (changes.length === 0) return "a secret input";
  const texts = changes.map(({ path, from, to }) => `${path} ${valueText(from)} \u2192 ${valueText(to)}`);
  return texts.length <= MAX_SHOWN ? texts.join(", ") : `${texts.slice(0, MAX_SHOWN).join(", ")}, \u2026`;
}

/** For `--dry-run --json`. */
export function matchDocument(match: RowMatch): JsonObject {
  return {
    summary: summaryOfMatch(match),
    rows: match.rows.map((matched) => ({
      row: matched.row.row,
      label: matched.row.label,
      place: matched.row.place,
      decision: matched.decision,
      matchedBy: matched.matchedBy,
      earlierRow: matched.earlier?.row ?? null,
      earlierStatus: matched.earlier?.status ?? null,
      changes: matched.changes.map(({ path, from, to }) => ({
        path,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      })),
      reason: reasonOf(matched),
    })),
    gone: match.gone.map(({ row, label, status }) => ({ row, label, status })),
  };
}

const MAX_VALUE_LENGTH = 40;

function valueText(value: Json | undefined): string {
  return value === undefined ? "not given" : shortened(JSON.stringify(value), MAX_VALUE_LENGTH);
}
