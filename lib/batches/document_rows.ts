/** Rows of a YAML, JSON or JSON Lines file. */

import { declaredTypes } from "../inputs/form.ts";
import { jsonIn, nameOfType, readValue } from "../inputs/document.ts";
import { createValueLayer } from "../inputs/merge.ts";
import { type InputPath, isObject, type Json, type JsonObject } from "../json.ts";
import { readMatrixSpec } from "./matrix_spec.ts";
import {
  type BatchSource,
  layerAt,
  MAX_REPEAT,
  type Members,
  membersOf,
  originAt,
  PLAIN_ROW,
  report,
  ROW_MEMBERS,
  type RowDraft,
  type RowsContext,
} from "./draft.ts";
import { readFileRows } from "./file_rows.ts";
import { expandMatrix } from "./matrix.ts";

/** A file as rows are read from it. */
interface DocumentSource extends RowsContext, BatchSource {
  readonly defaults: Defaults;
}

type OwnParts = Omit<RowDraft, "workflow"> & { readonly workflow: string | null };
type Defaults = Pick<OwnParts, "workflow" | "displayName" | "tags" | "locks" | "layers">;

const NO_DEFAULTS: Defaults = { ...PLAIN_ROW, workflow: null, layers: [] };

const FILE_MEMBERS = [
  ...["name", "workflow", "defaults", "rows", "from", "matrix", "zip", "exclude", "include"],
  ...["sample", "seed", "sampling", "repeat"],
];
const DEFAULTS_MEMBERS = ["workflow", "inputs", "name", "tags", "lock"];

export async function readDocumentRows(text: string, context: RowsContext): Promise<readonly RowDraft[]> {
  const { origin, problems } = context;
  const read = await readValue(text, { origin, ifEmpty: "write a list of rows" });
  if (!("value" in read)) {
    problems.push(...read);
    return [];
  }
  const { value } = read;
  const source = { ...context, lines: read.lines };
  if (Array.isArray(value)) return await readFile({ rows: value }, source, []);
  if (isObject(value)) return await readFile(value, source, ["rows"]);
  report(source, [], `must be an object or a list of rows: got ${nameOfType(value)}`);
  return [];
}

/** One row per line; blank lines are ignored. */
export async function readJsonLines(text: string, context: RowsContext): Promise<readonly RowDraft[]> {
  const { problems, origin: file } = context;
  const rows: RowDraft[] = [];
  for (const [index, line] of text.replace(/^\uFEFF/, "").split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const origin = `${file}:${index + 1}`;
    const otherwise = "is not JSON: each line must be one JSON object";
    const value = jsonIn(line, { origin, path: "", problems, otherwise });
    if (value === undefined) continue;
    const draft = await readRow(value, [], { ...context, origin, lines: null, defaults: NO_DEFAULTS });
    if (draft !== undefined) rows.push(draft);
  }
  if (rows.length === 0 && problems.length === 0) {
    problems.push({ origin: file, path: "", message: "is empty: write one JSON object per line" });
  }
  return rows;
}

async function readFile(file: JsonObject, context: RowsContext & BatchSource, rowsPath: readonly string[]) {
  const members = membersOf(context, [], file, {
    known: FILE_MEMBERS,
    hint: "the inputs of all rows go under defaults",
  });
  const source = { ...context, defaults: defaultsOf(members, context) };
  const rows: RowDraft[] = [];
  const add = async (list: readonly Json[], path: readonly string[]) => {
    for (const [index, value] of list.entries()) {
      const draft = await readRow(value, [...path, index], source);
      if (draft !== undefined) rows.push(draft);
    }
  };
  await add(members.list("rows"), rowsPath);
  if (members.has("from")) {
    const found = await readFileRows(members.get("from") ?? null, source, source.files);
    rows.push(...await draftsOf(found, source, ["from"]));
  }
  if (members.has("matrix")) rows.push(...await readMatrix(members, source));
  else {
    for (const name of ["zip", "exclude", "sample", "seed", "sampling"]) {
      if (members.has(name)) report(source, [name], "is only for a matrix");
    }
  }
  await add(members.list("include"), ["include"]);
  const repeat = members.count("repeat", { min: 1, max: MAX_REPEAT }) ?? 1;
  if (!["rows", "from", "matrix", "include"].some(members.has)) {
    report(source, [], "has no rows: write rows, matrix or from");
  } else if (rows.length === 0 && source.problems.length === 0) report(source, [], "has no rows");
  source.names.push(...[members.text("name") ?? []].flat());
  return rows.map((row) => ({ ...row, repeat: row.repeat * repeat }));
}

function defaultsOf(members: Members, source: BatchSource): Defaults {
  const workflow = members.text("workflow");
  const value = members.object("defaults");
  if (value === undefined) return { ...NO_DEFAULTS, workflow };
  const hint = "inputs go under defaults.inputs";
  const defaults = membersOf(source, ["defaults"], value, { known: DEFAULTS_MEMBERS, hint });
  return { ...ownOf(defaults, source), workflow: defaults.text("workflow") ?? workflow };
}

/** What a row and the defaults of all rows have in common. */
function ownOf(members: Members, source: BatchSource) {
  const inputs = members.object("inputs");
  return {
    workflow: members.text("workflow"),
    displayName: members.text("name"),
    tags: members.texts("tags"),
    locks: members.texts("lock"),
    layers: inputs === undefined ? [] : [layerAt(source, [...members.path, "inputs"], inputs)],
  };
}

async function readRow(value: Json, path: InputPath, source: DocumentSource): Promise<RowDraft | undefined> {
  if (!isObject(value)) {
    report(source, path, `must be an object: got ${nameOfType(value)}`);
    return undefined;
  }
  const members = membersOf(source, path, value, { known: [...ROW_MEMBERS, "inputs"], hint: "inputs go under inputs" });
  const own = ownOf(members, source);
  const repeat = members.count("repeat", { min: 1, max: MAX_REPEAT }) ?? 1;
  const id = members.text("id");
  return await draftOf({ ...own, id, repeat, place: placeOf(source, path) }, source, path);
}

/** `cases.yaml:4 rows[2]`. */
function placeOf(source: BatchSource, path: InputPath): string {
  const formatted = path.map((part) => typeof part === "number" ? `[${part}]` : part).join("");
  return `${originAt(source, path)}${formatted === "" ? "" : ` ${formatted}`}`;
}

async function draftOf(own: OwnParts, source: DocumentSource, path: InputPath): Promise<RowDraft | undefined> {
  const { defaults } = source;
  const workflow = own.workflow ?? defaults.workflow ?? source.workflow;
  if (workflow === null) {
    report(source, path, "has no workflow: add workflow, or use --workflow");
    return undefined;
  }
  if (await source.formOf(workflow, originAt(source, path)) === undefined) return undefined;
  return {
    ...own,
    workflow,
    displayName: own.displayName ?? defaults.displayName,
    tags: [...new Set([...defaults.tags, ...own.tags])],
    locks: [...new Set([...defaults.locks, ...own.locks])],
    layers: [...defaults.layers, ...own.layers],
  };
}

async function readMatrix(members: Members, source: DocumentSource): Promise<RowDraft[]> {
  const path = ["matrix"];
  const origin = originAt(source, path);
  const before = source.problems.length;
  const spec = readMatrixSpec(members, source);
  const workflow = source.defaults.workflow ?? source.workflow;
  const form = workflow === null ? null : await source.formOf(workflow, origin);
  if (form === undefined || source.problems.length > before) return [];
  const { combinations, problems } = expandMatrix(spec, declaredTypes(form));
  source.problems.push(...problems);
  const found = combinations.map((combination, index) => ({
    place: `${placeOf(source, path)}[${index}]`,
    layers: combination.map(({ path, value }) => createValueLayer(origin, path, value)),
  }));
  return await draftsOf(found, source, path);
}

/** Rows of which only the inputs are given: what prevents one of them prevents all. */
async function draftsOf(found: readonly Pick<RowDraft, "place" | "layers">[], source: DocumentSource, path: InputPath) {
  const drafts: RowDraft[] = [];
  for (const own of found) {
    const draft = await draftOf({ ...PLAIN_ROW, workflow: null, ...own }, source, path);
    if (draft === undefined) return [];
    drafts.push(draft);
  }
  return drafts;
}
