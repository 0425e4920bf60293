/**
 * Inputs to start from: the form's defaults, and `null` for a required value. Hidden, ignored and disabled fields are
 * omitted.
 */

import { stringify } from "../deps/yaml.ts";
import type { Json, JsonObject } from "../json.ts";
import { fieldStateOf, isRequired } from "./field_state.ts";
import { type Field, fieldsInside, type Form, type FormContext, type FormFields } from "./form.ts";
import { secretsInDefault } from "./secrets.ts";

interface SkeletonEntry {
  readonly name: string;
  readonly field: Field;
  readonly isRequired: boolean;
  /** True to leave it out of JSON, unless it is empty text, and to comment it out in YAML. */
  readonly isOptional: boolean;
  /** Of an optional one, a sample that shows the format. */
  readonly value: Json;
  /** Instead of a value: the fields of a group, or of one row of a list. That of a row without fields has no name. */
  readonly entries: readonly SkeletonEntry[] | null;
}

/** The skeleton for JSON: optional text is empty; other optional values are omitted. */
export function skeletonOf(form: Form): JsonObject {
  return valueOf(skeletonEntries(form));
}

/** One entry per field, in the order of the form. */
function skeletonEntries(form: Form): SkeletonEntry[] {
  const empty: FormContext = { form, inputs: {}, rows: [], clusters: null };
  // Twice, because conditions depend on the values.
  return entriesOf(form.fields, { ...empty, inputs: valueOf(entriesOf(form.fields, empty)) });
}

function valueOf(all: readonly SkeletonEntry[], isInRow = false): JsonObject {
  return Object.fromEntries(all.flatMap(({ name, field, isOptional, value, entries }): [string, Json][] => {
    if (isOptional) return entries === null && value === "" && !isInRow ? [[name, ""]] : [];
    if (entries === null) return [[name, value]];
    const isList = field.kind === "list";
    const inner = valueOf(entries, isInRow || isList);
    return [[name, isList ? [fieldsInside(field) === undefined ? inner[""] ?? null : inner] : inner]];
  }));
}

function entriesOf(fields: FormFields, context: FormContext): SkeletonEntry[] {
  return [...fields].flatMap(([name, field]): SkeletonEntry[] => {
    const state = fieldStateOf(field, context);
    if (field.kind === "header" || [state.hidden, state.disabled, state.ignore].includes(true)) return [];
    const isMissing = isRequired(field, state) === true;
    const entry = { name, field, isRequired: isMissing, isOptional: false, value: null, entries: null };
    const isSecret = secretsInDefault(name, field).length > 0;
    if (field.default !== undefined && !isSecret) return [{ ...entry, value: field.default }];
    if (field.kind === "group") {
      const entries = entriesOf(field.fields, context);
      // A group without required values or defaults would be empty.
      const isOptional = state.optional === true || entries.every((inner) => inner.isOptional);
      return entries.length === 0 ? [] : [{ ...entry, entries, isOptional }];
    }
    if (field.kind === "list") {
      const inner = fieldsInside(field) ?? new Map([["", field.item]]);
      const entries = entriesOf(inner, { ...context, rows: [...context.rows, 0] });
      return [{ ...entry, entries, isOptional: !isMissing }];
    }
    if (isMissing) return [entry];
    return [{ ...entry, isOptional: true, value: field.defaultExpression?.text ?? field.sample }];
  });
}

/** A file for `inputs new`: labels become comments, and optional fields are commented out. */
export function skeletonYaml(form: Form): string {
  const entries = skeletonEntries(form);
  const lines = entries.flatMap(linesOf);
  const isEmpty = lines.every((line) => line === "" || line.startsWith("#"));
  return `${[...lines, ...(isEmpty ? ["{}"] : [])].join("\n")}\n`;
}

function linesOf(entry: SkeletonEntry): string[] {
  const { name, field, value, entries, isOptional } = entry;
  const comments = [headline(entry), field.tooltip ?? ""].map(inOneLine).filter((line) => line !== "");
  const lines = entries === null && value !== null
    ? stringify({ [name]: value }, { lineWidth: 0 }).trimEnd().split("\n")
    : [`${keyOf(name)}:`, ...(entries === null ? [] : nestedLines(entry, entries))];
  const written = isOptional ? lines.map((line) => line === "" ? "#" : `# ${line}`) : lines;
  return [...comments.map((line) => `# ${line}`), ...written];
}

function nestedLines({ field, isOptional }: SkeletonEntry, entries: readonly SkeletonEntry[]): string[] {
  const hasNames = fieldsInside(field) !== undefined;
  const inner = entries.flatMap(hasNames ? linesOf : valueLines);
  const isEmpty = !isOptional && inner.every((line) => line === "" || line.startsWith("#"));
  const body = [...inner, ...(isEmpty && hasNames ? ["{}"] : [])];
  return field.kind === "list" ? ["  -", ...indented(indented(body))] : indented(body);
}

/** The value of a row without fields. */
function valueLines(entry: SkeletonEntry): string[] {
  const value = entry.isOptional ? null : entry.value;
  return [`# ${inOneLine(headline(entry))}`, ...(value === null ? [] : stringify(value).trimEnd().split("\n"))];
}

/** `CPUs per task: a whole number from 1 to 128, required`. */
function headline({ field, isRequired, isOptional }: SkeletonEntry): string {
  if (field.kind === "group") return field.label ?? "";
  const suffix = isRequired ? ", required" : !isOptional || field.optional === false ? "" : ", optional";
  return `${field.label === null ? "" : `${field.label}: `}${field.allowed}${suffix}`;
}

/** A line break in a label must not end the comment. */
function inOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
}

function keyOf(name: string): string {
  return stringify({ [name]: 0 }, { lineWidth: 0 }).replace(/: 0\n$/, "");
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => line === "" ? "" : `  ${line}`);
}
