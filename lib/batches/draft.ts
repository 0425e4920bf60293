/** Rows as their sources give them, and what all sources share. */

import type { BatchRow } from "../batch.ts";
import { didYouMean } from "../did_you_mean.ts";
import type { Form } from "../inputs/form.ts";
import { createInputLayer, type InputLayer } from "../inputs/merge.ts";
import { type Lines, linesAt, originAtLine } from "../inputs/lines.ts";
import { nameOfType } from "../inputs/document.ts";
import { formatPath, type InputPath, isObject, type Json, type JsonObject } from "../json.ts";
import type { Problem } from "../problem.ts";

/** A row before its layers are merged. */
export interface RowDraft extends Pick<BatchRow, "place" | "workflow" | "id" | "displayName" | "tags" | "locks"> {
  /** How many equal rows it represents. */
  readonly repeat: number;
  /** Lowest precedence first. */
  readonly layers: readonly InputLayer[];
}

/** A row of which only the inputs are given. */
export const PLAIN_ROW = { id: null, displayName: null, tags: [], locks: [], repeat: 1 } as const;

/** The members of a row beside its inputs; also the columns of a CSV file that are no inputs. */
export const ROW_MEMBERS = ["workflow", "id", "name", "tags", "lock", "repeat"] as const;

/** Higher numbers are typing errors. */
export const MAX_REPEAT = 10_000;

/** The form of a workflow; `null` for one that cannot be read, `undefined` for an unknown workflow, which is reported. */
export type FormLookup = (workflow: string, origin: string) => Promise<Form | null | undefined>;

export interface FileAccess {
  /** Like `Deno.readTextFile`. */
  readTextFile(path: string): Promise<string>;
  /** Paths of the matching files, or folders, in a folder, including the folder; empty if the folder does not exist. */
  listFiles(folder: string, pattern: RegExp, kind?: "file" | "folder"): Promise<readonly string[]>;
}

/** What a file of rows is read with. */
export interface RowsContext {
  readonly origin: string;
  readonly files: FileAccess;
  /** Those that files give the batch. */
  readonly names: string[];
  /** Of rows that name none, unless the file does. */
  readonly workflow: string | null;
  readonly formOf: FormLookup;
  readonly problems: Problem[];
}

/** A parsed file, and where its problems go. */
export interface BatchSource extends Pick<RowsContext, "origin" | "problems"> {
  readonly lines: Lines | null;
}

/** `cases.yaml:12`. What is missing has the line of what it is missing in. */
export function originAt({ origin, lines }: BatchSource, path: InputPath): string {
  return originAtLine(origin, linesAt(lines, path) ?? linesAt(lines, path.slice(0, -1)));
}

export function report(source: BatchSource, path: InputPath, message: string): void {
  source.problems.push({ origin: originAt(source, path), path: formatPath(path), message });
}

/** Inputs inside a file, as a layer that has the lines of the file. */
export function layerAt(source: BatchSource, path: InputPath, value: JsonObject): InputLayer {
  return { ...createInputLayer(source.origin, value), lines: linesAt(source.lines, path) };
}

/** One object of a file: reads its members and reports what they must not be. */
export type Members = ReturnType<typeof membersOf>;

/** @param known Every member that may occur; others are reported with this hint. */
export function membersOf(
  source: BatchSource,
  path: InputPath,
  value: JsonObject,
  { known, hint }: { readonly known: readonly string[]; readonly hint?: string },
) {
  const refuse = (name: string, must: string) => {
    const member = value[name];
    const got = isObject(member) || Array.isArray(member) ? nameOfType(member) : JSON.stringify(member);
    report(source, [...path, name], `must be ${must}: got ${got}`);
  };
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const advice = didYouMean(name, known) ?? hint;
    report(source, [...path, name], `unknown member${advice === undefined ? "" : `: ${advice}`}`);
  }
  const get = (name: string) => Object.hasOwn(value, name) && value[name] !== null ? value[name] : undefined;
  const read = <T extends Json, None>(name: string, must: string, is: (member: Json) => member is T, none: None) => {
    const member = get(name);
    if (member === undefined) return none;
    if (is(member)) return member;
    refuse(name, must);
    return none;
  };
  return {
    path,
    has: (name: string) => get(name) !== undefined,
    get,
    /** Text that is not blank; `null` if there is none. Numbers are accepted as their text. */
    text(name: string) {
      const text = read(name, "text", isText, null);
      return text === null ? null : String(text);
    },
    /** A text or a list of texts. */
    texts(name: string): readonly string[] {
      const found = [get(name) ?? []].flat();
      const texts = found.filter(isText);
      if (texts.length < found.length) refuse(name, "text, or a list of texts");
      return texts.map(String);
    },
    /** A whole number; `undefined` if there is none. */
    count(name: string, { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number }) {
      const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
      const isCount = (member: Json) => Number.isSafeInteger(member) && Number(member) >= min && Number(member) <= max;
      return read(name, `a whole number ${range}`, (member): member is number => isCount(member), undefined);
    },
    object: (name: string) => read(name, "an object", isObject, undefined),
    list: (name: string): readonly Json[] => read(name, "a list", (member) => Array.isArray(member), []),
    flag: (name: string) => read(name, "true or false", (member) => typeof member === "boolean", false),
  };
}

function isText(member: Json): member is string | number {
  return typeof member === "number" || (typeof member === "string" && member.trim() !== "");
}
