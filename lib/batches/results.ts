/** The results of a batch as files that a spreadsheet or a data frame reads. */

import type { RowResult, RowStatus } from "../batch.ts";
import { isInside, type Json, type JsonObject } from "../json.ts";
import { leavesOf, namesIn } from "./labels.ts";

/** How many rows have each status that occurs, in the order of the statuses' first rows. */
export function countsOf(results: readonly Pick<RowResult, "status">[]): Readonly<Partial<Record<RowStatus, number>>> {
  const counts: Partial<Record<RowStatus, number>> = {};
  for (const { status } of results) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/**
 * CSV (RFC 4180): a line per row, in the order of the file. Inputs and outputs have a column each, like `in.mesh.size`;
 * lists are JSON. Times are in UTC, as in ISO 8601. A text that a spreadsheet would run as a formula starts with an
 * apostrophe.
 */
export function resultsCsv(results: readonly RowResult[]): string {
  const rows = results.map((result) => leavesOf(resultDocument(result)));
  const names = namesIn(rows);
  const inside = (member: string) => names.filter((name) => isInside(name, member));
  const header = [...HEADER, ...inside("in"), ...inside("out"), "error"];
  const lines = rows.map((leaves) => header.map((name) => cellOf(leaves.get(name))));
  return [header.map(quotedCell), ...lines].map((cells) => `${cells.join(",")}\r\n`).join("");
}

/** JSON Lines: the columns of {@link resultsCsv} as members, with inputs and outputs as they are. */
export function resultsJsonLines(results: readonly RowResult[]): string {
  return results.map((result) => `${JSON.stringify(resultDocument(result))}\n`).join("");
}

export function resultDocument(result: RowResult): JsonObject {
  const { row, label, attempt, status, run, startedAtMs, seconds, inputs, outputs, error } = result;
  const started = startedAtMs === null ? null : new Date(startedAtMs).toISOString();
  return { row, label, attempt, status, run, started, seconds, in: inputs, out: outputs, error };
}

const HEADER = ["row", "label", "attempt", "status", "run", "started", "seconds"];

/** A missing value and `null` are both empty. */
export function cellOf(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") return quotedCell(JSON.stringify(value));
  return quotedCell(isFormula(value) ? `'${value}` : value);
}

/** Spreadsheets run these when they open the file, wherever the text came from. A number is no formula. */
function isFormula(text: string): boolean {
  return /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text));
}

/** A cell of CSV. */
export function quotedCell(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
