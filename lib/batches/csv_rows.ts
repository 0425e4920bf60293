/**
 * Rows of a CSV file. A column is an input, named by its path; `PATH:=` holds JSON. `workflow`, `id`, `name`, `tags`, `lock`
 * and `repeat` are the row's own: an input of such a name is written `inputs.name`, and then `row:name` is the row's own.
 */

import { jsonIn } from "../inputs/document.ts";
import { type DeclaredType, fieldAt, type Form } from "../inputs/form.ts";
import { createValueLayer, type InputLayer, typedText } from "../inputs/merge.ts";
import { formatPath, type InputPath, type Json, parsePath } from "../json.ts";
import type { Problem } from "../problem.ts";
import { counted } from "../text.ts";
import { MAX_REPEAT, ROW_MEMBERS, type RowDraft, type RowsContext } from "./draft.ts";

type OwnMember = typeof ROW_MEMBERS[number];

export async function readCsvRows(
  text: string,
  { origin, workflow, formOf, problems }: RowsContext,
): Promise<readonly RowDraft[]> {
  const parsed = parseCsv(text, origin);
  problems.push(...parsed.problems);
  const [header, ...records] = parsed.records;
  if (header === undefined) return report(problems, origin, "", "is empty: write a header with the paths of inputs");
  const columns = columnsOf(header, records, origin, problems);
  if (records.length === 0 && parsed.problems.length === 0) report(problems, origin, "", "has a header and no rows");
  const drafts: RowDraft[] = [];
  const checked = new Set<Form | null>();
  for (const { line, cells } of records) {
    const place = `${origin}:${line}`;
    if (cells.length !== header.cells.length) {
      report(problems, place, "", `has ${counted(cells.length, "cell")}: the header has ${header.cells.length}`);
      continue;
    }
    const own = (member: OwnMember) => cells[columns.own.get(member)?.index ?? -1]?.trim() || null;
    const name = own("workflow") ?? workflow;
    if (name === null) {
      report(problems, place, "workflow", "is missing: add a column workflow, or use --workflow");
      continue;
    }
    const form = await formOf(name, place);
    if (form === undefined) continue;
    for (const [member, { isPlain }] of checked.has(form) ? [] : columns.own) {
      // It is refused, instead of being one of them silently.
      if (!isPlain || form?.fields.has(member) !== true) continue;
      const use = `write inputs.${member} for the input, or row:${member} for the ${member} of the row`;
      report(problems, `${origin}:${header.line}`, member, `is also an input of ${name}: ${use}`);
    }
    checked.add(form);
    const repeat = repeatOf(own("repeat"), place, problems);
    const layers: InputLayer[] = [];
    for (const { index, path, isJson } of columns.inputs) {
      const cell = cells[index] ?? "";
      if (cell === "") continue;
      const value = isJson
        ? jsonIn(cell, { origin: place, path: formatPath(path), problems, otherwise: NOT_JSON })
        : valueOf(cell, form === null ? undefined : fieldAt(form, path)?.textType);
      if (value !== undefined) layers.push(createValueLayer(place, path, value));
    }
    drafts.push({
      place,
      workflow: name,
      id: own("id"),
      displayName: own("name"),
      tags: namesIn(own("tags")),
      locks: namesIn(own("lock")),
      repeat,
      layers,
    });
  }
  return drafts;
}

function columnsOf(header: CsvRecord, records: readonly CsvRecord[], origin: string, problems: Problem[]) {
  const place = `${origin}:${header.line}`;
  const seen = new Map<string, number>();
  /** Where the columns are that are the row's own; `isPlain` if an input could have the same header. */
  const own = new Map<OwnMember, { readonly index: number; readonly isPlain: boolean }>();
  const inputs = header.cells.flatMap((text, index) => {
    if (text === "") {
      const isUsed = records.some(({ cells }) => (cells[index] ?? "") !== "");
      return isUsed ? report(problems, place, "", `column ${index + 1} has cells and no header`) : [];
    }
    const member = ROW_MEMBERS.find((member) => text === member || text === `row:${member}`);
    const path = parsePath(text.replace(/^inputs\./, "").replace(/:=$/, ""));
    if (member === undefined && path === undefined) {
      return report(problems, place, text, "is not a path like slurm.partition or rows[0].name");
    }
    const name = member ?? `inputs.${formatPath(path ?? [])}`;
    const first = seen.get(name);
    if (first !== undefined) report(problems, place, text, `columns ${first} and ${index + 1} are the same`);
    seen.set(name, index + 1);
    if (member !== undefined) own.set(member, { index, isPlain: text === member });
    return member !== undefined || path === undefined ? [] : [{ index, path, isJson: text.endsWith(":=") }];
  });
  // A list gets its rows in their order, whichever that of the columns is.
  return { own, inputs: inputs.toSorted((a, b) => rowsOf(a.path).localeCompare(rowsOf(b.path), "en")) };
}

/** The indexes in a path, as a text by which they can be sorted. */
function rowsOf(path: InputPath): string {
  return path.flatMap((segment) => typeof segment === "number" ? String(segment).padStart(16, "0") : []).join();
}

function namesIn(cell: string | null): string[] {
  return (cell ?? "").split(/[\s,;]+/).filter((name) => name !== "");
}

function repeatOf(cell: string | null, origin: string, problems: Problem[]): number {
  if (cell === null) return 1;
  const count = Number(cell);
  if (/^\d+$/.test(cell) && count >= 1 && count <= MAX_REPEAT) return count;
  report(problems, origin, "repeat", `must be a whole number from 1 to ${MAX_REPEAT}: got "${cell}"`);
  return 1;
}

/** The cell is not quoted, because it may be a password. */
const NOT_JSON = "is not JSON: a column whose name ends with := takes JSON";

/** Only the workflow's form makes a cell anything else than text. */
function valueOf(cell: string, declared: DeclaredType | undefined): Json {
  if (declared === "number") return typedText(cell, declared);
  // Spreadsheets write TRUE.
  if (declared === "boolean") return typedText(/^(?:true|false)$/i.test(cell) ? cell.toLowerCase() : cell, declared);
  return cell;
}

function report(problems: Problem[], origin: string, path: string, message: string): [] {
  problems.push({ origin, path, message });
  return [];
}

interface CsvRecord {
  /** Where it starts, from 1. */
  readonly line: number;
  /** Spaces around cells without quotes are removed. */
  readonly cells: readonly string[];
}

/**
 * Reads every record but blank lines, as spreadsheets and data frames write them (RFC 4180, also with semicolons or tabs). The
 * separator is the most frequent of `,`, `;` and tab in the first record.
 */
export function parseCsv(text: string, origin: string) {
  const source = text.replace(/^\uFEFF/, "");
  const [separatorLine, declared] = /^sep=(.)(?:\r\n?|\n)/i.exec(source) ?? [""];
  const separator = declared ?? separatorOf(source);
  const records: CsvRecord[] = [];
  const problems: Problem[] = [];
  let line = separatorLine === "" ? 1 : 2;
  let record = { line, cells: new Array<string>() };
  const rest = source.slice(separatorLine.length);
  for (const { 1: quoted, 2: plain = "", 3: end, index } of rest.matchAll(cellPattern(separator))) {
    if (/^ *"/.test(plain)) {
      const isClosed = rest.includes('"', index + plain.indexOf('"') + 1);
      const message = isClosed
        ? 'has text beside a quoted cell: write quotes inside of quotes twice, like "a ""b"" c"'
        : "has a quote that is never closed";
      problems.push({ origin: `${origin}:${line}`, path: "", message });
      if (!isClosed) return { records, problems };
    }
    record.cells.push(quoted?.replaceAll('""', '"') ?? plain.replace(/^ *"/, "").trim());
    line += quoted?.match(/\r\n?|\n/g)?.length ?? 0;
    if (end === separator) continue;
    // Data frames with one column write a missing value as "".
    if (record.cells.length > 1 || quoted !== undefined || record.cells[0] !== "") records.push(record);
    record = { line: ++line, cells: [] };
  }
  return { records, problems };
}

/** One cell and what ends it. */
function cellPattern(separator: string): RegExp {
  const escaped = RegExp.escape(separator);
  return new RegExp(`(?: *"([^"]*(?:""[^"]*)*)" *|((?:(?!${escaped})[^\r\n])*))(${escaped}|\r\n?|\n|$)`, "gy");
}

function separatorOf(source: string): string {
  const header = /^(?:"[^"]*"|[^"\r\n])*/.exec(source)?.[0].replaceAll(/"[^"]*"/g, "") ?? "";
  const count = (separator: string) => header.split(separator).length;
  return [";", "\t"].reduce((best, separator) => count(separator) > count(best) ? separator : best, ",");
}
