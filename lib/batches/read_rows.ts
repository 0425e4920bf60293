/** Reads the rows of a batch from files, stdin or a matrix, and reports every problem at once. */

import type { BatchRow } from "../batch.ts";
import { expected, InvalidInputs, messageWithHint, NotFound, orError, UsageError } from "../errors.ts";
import { declaredTypes, type Form } from "../inputs/form.ts";
import { createValueLayer, type InputLayer, mergeLayers } from "../inputs/merge.ts";
import { textOf } from "../os_error.ts";
import { distinctProblems, firstOfKinds, type Problem } from "../problem.ts";
import { checkDisplayName } from "../runs/slug.ts";
import { readCsvRows } from "./csv_rows.ts";
import { readDocumentRows, readJsonLines } from "./document_rows.ts";
import { type FileAccess, type FormLookup, PLAIN_ROW, type RowDraft } from "./draft.ts";
import { labelsOf } from "./labels.ts";
import { expandMatrix, MAX_ROWS } from "./matrix.ts";
import { type MatrixArguments, parseMatrixArguments } from "./matrix_spec.ts";
import { formatRows } from "./row_numbers.ts";

export interface RowSources {
  /** Paths, or `-` for stdin. */
  readonly files: readonly string[];
  /** Of rows that name none. */
  readonly workflow: string | null;
  /** Overrides the inputs of every row. */
  readonly overrides: readonly InputLayer[];
  /** Each row this often. */
  readonly repeat: number;
}

export interface RowDeps extends FileAccess {
  readStdin(): Promise<string>;
  /**
   * The workflow's input form; `null` if it cannot be read.
   *
   * @throws NotFound for an unknown workflow.
   */
  formOf(workflow: string): Promise<Form | null>;
}

/** A row with the sources of its inputs, which give their problems a file and line. */
export type ReadRow = BatchRow & Pick<RowDraft, "layers">;

/** Not complete if there are problems. */
export type RowsRead = Awaited<ReturnType<typeof readRows>>;

/** Reads the files of `batch`. @returns `name`: its own, else one from the names of its files; `null` for stdin. */
export async function readRows(sources: RowSources, deps: RowDeps) {
  const problems: Problem[] = [];
  const formOf = formLookup(deps, problems);
  const names: string[] = [];
  const drafts: RowDraft[] = [];
  for (const file of sources.files) {
    const origin = file === "-" ? "stdin" : file;
    const text = await textOf(origin, file === "-" ? { readTextFile: () => deps.readStdin() } : deps);
    if (typeof text !== "string") {
      problems.push({ origin, path: "", message: `cannot be read: ${text.reason}` });
      continue;
    }
    const context = { origin, workflow: sources.workflow, files: deps, formOf, names, problems };
    for (const draft of await readerOf(origin, text)(text, context)) drafts.push(draft);
  }
  const rows = await finished(drafts, sources, formOf, problems);
  return { name: nameOf(names, sources.files, problems), rows, problems: limitProblems(problems) };
}

export interface MatrixSources extends Pick<ReadRow, "workflow" | "layers">, Pick<RowSources, "repeat"> {
  /** `null` to repeat one row. */
  readonly matrix: MatrixArguments | null;
}

/**
 * Reads the rows of `run WORKFLOW --matrix`.
 *
 * @throws InvalidInputs for options that cannot be parsed.
 */
export async function readMatrixRows(sources: MatrixSources, deps: Pick<RowDeps, "formOf">): Promise<RowsRead> {
  const { workflow, layers, repeat } = sources;
  const spec = sources.matrix === null ? null : parseMatrixArguments(sources.matrix);
  const problems: Problem[] = [];
  const formOf = formLookup(deps, problems);
  const form = await formOf(workflow, "");
  if (form === undefined) return { name: null, rows: [], problems };
  const drafts: RowDraft[] = [];
  const add = (place: string, own: readonly InputLayer[]) => {
    drafts.push({ ...PLAIN_ROW, place, workflow, layers: [...layers, ...own] });
  };
  if (spec === null) add("--repeat", []);
  else {
    const { combinations, problems: found } = expandMatrix(spec, declaredTypes(form));
    problems.push(...found);
    for (const values of combinations) {
      add("--matrix", values.map(({ path, value }) => createValueLayer("--matrix", path, value)));
    }
    for (const { origin, values } of spec.include) {
      const own = values.map(({ path, value }): InputLayer => {
        return { ...createValueLayer(origin, path, value), isUntyped: typeof value === "string" };
      });
      add("--include", own);
    }
  }
  const rows = await finished(drafts, { overrides: [], repeat }, formOf, problems);
  return { name: null, rows, problems: limitProblems(problems) };
}

/**
 * Adds to the problems of rows which rows have them. A problem of a value that rows share, like one of their defaults, is
 * listed once.
 */
export function problemsOfRows(found: readonly { readonly row: BatchRow; readonly problems: readonly Problem[] }[]) {
  const all = found.flatMap(({ row: { row, place }, problems }) =>
    problems.map(({ path, message, origin }) => ({
      row,
      problem: { origin: origin === "" ? place : origin, path, message },
    }))
  );
  const equal = Map.groupBy(all, ({ problem }) => JSON.stringify(problem));
  const listed = [...equal.values()].flatMap((same) => {
    const rows = same.map(({ row }) => row);
    const where = `(${rows.length === 1 ? "row" : "rows"} ${formatRows(rows)})`;
    return same.slice(0, 1).map(({ problem }) => ({ ...problem, message: `${problem.message} ${where}` }));
  });
  return limitProblems(listed);
}

/** Lists equal problems once, and at most ten of the same kind: the same problem in many rows of one file. */
function limitProblems(problems: readonly Problem[]): readonly Problem[] {
  return firstOfKinds(distinctProblems(problems), kindOf, (first, count): Problem => ({
    origin: fileOf(first),
    path: first.path.replaceAll(/\[\d+\]/g, "[]"),
    message: `and ${count} more: ${messageStart(first)}`,
  }));
}

/** Without the line, the row and the value. */
function kindOf(problem: Problem): string {
  const text = messageStart(problem).replaceAll(/"[^"]*"|\d+/g, "");
  return JSON.stringify([fileOf(problem), problem.path.replaceAll(/\[\d+\]/g, "[]"), text]);
}

function messageStart({ message }: Problem): string {
  return message.replace(/ \(rows? [^)]*\)$/, "").replace(/: got .*$/s, "");
}

function fileOf({ origin }: Pick<Problem, "origin">): string {
  return origin.replace(/:\d+(?: .*)?$/s, "");
}

/** By the name of the file, else by how its text begins. */
function readerOf(origin: string, text: string) {
  if (/\.(?:csv|tsv)$/i.test(origin)) return readCsvRows;
  if (/\.(?:jsonl|ndjson)$/i.test(origin)) return readJsonLines;
  const isDocument = /\.(?:ya?ml|jsonc?)$/i.test(origin);
  if (!isDocument && isJsonLines(text)) return readJsonLines;
  return !isDocument && isCsv(text) ? readCsvRows : readDocumentRows;
}

/** Several lines that are one object each. */
function isJsonLines(text: string): boolean {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.length > 0 && lines.slice(0, 2).every((line) => /^\s*\{.*\}\s*$/.test(line)) &&
    (lines.length > 1 || !/"(?:rows|matrix|from)"\s*:/.test(text));
}

/** A first line as neither YAML nor JSON has it. */
function isCsv(text: string): boolean {
  const [header = ""] = text.replace(/^\uFEFF/, "").split(/[\r\n]/);
  return header.trim() !== "" && !/^\s*(?:[[{#%-]|\/[/*])|:\s|:$/.test(header);
}

/** Loads each form once, and reports an unknown workflow once. */
function formLookup({ formOf }: Pick<RowDeps, "formOf">, problems: Problem[]): FormLookup {
  const forms = new Map<string, Promise<Form | null | undefined>>();
  const load = async (workflow: string, origin: string) => {
    const form = await formOf(workflow).catch(expected(NotFound));
    if (!(form instanceof NotFound)) return form;
    const advice = form.commandHint === undefined ? "" : `: ${form.commandHint}`;
    problems.push({ origin, path: "workflow", message: `no workflow "${workflow}"${advice}` });
    return undefined;
  };
  return (workflow, origin) => {
    const form = forms.get(workflow) ?? load(workflow, origin);
    forms.set(workflow, form);
    return form;
  };
}

async function finished(
  drafts: readonly RowDraft[],
  { overrides, repeat }: Pick<RowSources, "overrides" | "repeat">,
  formOf: FormLookup,
  problems: Problem[],
): Promise<ReadRow[]> {
  const total = drafts.reduce((sum, draft) => sum + draft.repeat * repeat, 0);
  if (total > MAX_ROWS) {
    const [count, max] = [total, MAX_ROWS].map((number) => number.toLocaleString("en-US"));
    problems.push({ origin: "", path: "", message: `there are ${count} rows: a batch has at most ${max}` });
    return [];
  }
  const rows: (ReadRow & { readonly form: Form | null })[] = [];
  const wrong: { row: ReadRow; problems: readonly Problem[] }[] = [];
  for (const draft of drafts) {
    const form = await formOf(draft.workflow, draft.place) ?? null;
    const { repeat: own, ...parts } = draft;
    const layers = [...draft.layers, ...overrides];
    const row = { ...parts, layers, row: rows.length + 1, label: "", inputs: {}, form };
    try {
      const inputs = mergeLayers(layers, declaredTypes(form)).value;
      for (let copy = 1; copy <= own * repeat; copy++) {
        const id = draft.id === null || copy === 1 ? draft.id : `${draft.id}#${copy}`;
        rows.push({ ...row, inputs, id, row: rows.length + 1 });
      }
    } catch (error) {
      if (!(error instanceof InvalidInputs)) throw error;
      wrong.push({ row, problems: error.problems });
      rows.push(row);
    }
  }
  problems.push(...problemsOfRows(wrong), ...longNames(rows), ...repeatedIds(rows));
  const labels = labelsOf(rows);
  return rows.map(({ form: _, ...row }, index) => ({ ...row, label: labels[index] ?? "" }));
}

function longNames(rows: readonly ReadRow[]): Problem[] {
  return rows.flatMap(({ displayName, place }) => {
    const error = displayName === null ? null : orError(UsageError, () => checkDisplayName(displayName));
    if (!(error instanceof UsageError)) return [];
    const message = messageWithHint(error).replace(/^Cannot name the run: /, "");
    return [{ origin: place, path: "name", message }];
  });
}

function repeatedIds(rows: readonly ReadRow[]): Problem[] {
  const firstOf = new Map(rows.toReversed().map((row) => [row.id, row]));
  return rows.flatMap((row) => {
    const first = firstOf.get(row.id) ?? row;
    if (row.id === null || first === row) return [];
    const message = `"${row.id}" is already the id of row ${first.row}, ${first.place}`;
    return [{ origin: row.place, path: "id", message }];
  });
}

function nameOf(names: readonly string[], files: readonly string[], problems: Problem[]): string | null {
  const given = [...new Set(names)];
  if (given.length > 1) {
    const message = `the files name different batches: ${given.map((name) => `"${name}"`).join(", ")}`;
    problems.push({ origin: "", path: "name", message });
  }
  if (given[0] !== undefined) return given[0];
  if (files.includes("-")) return null;
  return files.map((file) => file.replace(/^.*[/\\]/, "").replace(/(?<=.)\.\w+$/, "")).join("+");
}
