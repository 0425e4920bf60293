/**
 * Inputs to start from: the form's defaults, and `null` for a required value. Hidden, ignored and disabled fields are
 * omitted.
 */

import { stringify } from "../deps/yaml.ts";
import type { Json, JsonObject } from "../json.ts";
import { fieldStateOf, type FormContext, isRequired } from "./field_state.ts";
import { type Field, fieldsInside, type Form, type FormFields } from "./form.ts";
import { secretsInDefault } from "./secrets.ts";

type SkeletonEntry =
  & { readonly name: string; readonly field: Field; readonly isRequired: boolean }
  & (
    | { readonly type: "set"; readonly value: Json }
    /** Optional; the sample shows the format. */
    | { readonly type: "optional"; readonly sample: Json }
    /** The fields of a group, or of one row of a list; the value of a row without fields is that of its only entry. */
    | { readonly type: "nested"; readonly entries: readonly SkeletonEntry[]; readonly isOptional: boolean }
  );

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

function valueOf(entries: readonly SkeletonEntry[], isInRow = false): JsonObject {
  return Object.fromEntries(entries.flatMap((entry): [string, Json][] => {
    switch (entry.type) {
      case "set":
        return [[entry.name, entry.value]];
      case "optional":
        return entry.sample === "" && !isInRow ? [[entry.name, ""]] : [];
      case "nested": {
        if (entry.isOptional) return [];
        const isList = entry.field.kind === "list";
        const value = valueOf(entry.entries, isInRow || isList);
        return [[entry.name, isList ? [fieldsInside(entry.field) === undefined ? value[""] ?? null : value] : value]];
      }
    }
  }));
}

function entriesOf(fields: FormFields, context: FormContext): SkeletonEntry[] {
  return [...fields].flatMap(([name, field]): SkeletonEntry[] => {
    const state = fieldStateOf(field, context);
    if (field.kind === "header" || state.isIgnored === true || state.isHidden === true || state.isDisabled === true) {
      return [];
    }
    const entry = { name, field, isRequired: isRequired(field, state) === true };
    const isSecret = secretsInDefault(name, field).length > 0;
    if (field.default !== undefined && !isSecret) return [{ ...entry, type: "set", value: field.default }];
    if (field.kind === "group") {
      const entries = entriesOf(field.fields, context);
      // A group without required values or defaults would be empty.
      const isEmpty = entries.every((entry) =>
        entry.type === "optional" || (entry.type === "nested" && entry.isOptional)
      );
      const isOptional = state.isOptional === true || isEmpty;
      return entries.length === 0 ? [] : [{ ...entry, type: "nested", entries, isOptional }];
    }
    if (field.kind === "list") {
      const inner = fieldsInside(field) ?? new Map([["", field.item]]);
      const entries = entriesOf(inner, { ...context, rows: [...context.rows, 0] });
      return [{ ...entry, type: "nested", entries, isOptional: !entry.isRequired }];
    }
    if (entry.isRequired) return [{ ...entry, type: "set", value: null }];
    return [{ ...entry, type: "optional", sample: field.defaultExpression?.text ?? field.sample }];
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
  const { name, field } = entry;
  const comments = [headline(entry), field.tooltip ?? ""].map(inOneLine).filter((line) => line !== "");
  const heading = comments.map((line) => `# ${line}`);
  switch (entry.type) {
    case "set":
      return [...heading, ...memberLines(name, entry.value)];
    case "optional":
      return [...heading, ...memberLines(name, entry.sample).map(commented)];
    case "nested": {
      const hasNames = fieldsInside(field) !== undefined;
      const inner = entry.entries.flatMap(hasNames ? linesOf : valueLines);
      const isEmpty = !entry.isOptional && inner.every((line) => line === "" || line.startsWith("#"));
      const body = [...inner, ...(isEmpty && hasNames ? ["{}"] : [])];
      const nested = field.kind === "list" ? ["  -", ...indented(indented(body))] : indented(body);
      const lines = [`${keyOf(name)}:`, ...nested];
      return [...heading, ...(entry.isOptional ? lines.map(commented) : lines)];
    }
  }
}

/** The value of a row without fields. */
function valueLines(entry: SkeletonEntry): string[] {
  const value = entry.type === "set" ? entry.value : null;
  return [`# ${inOneLine(headline(entry))}`, ...(value === null ? [] : stringify(value).trimEnd().split("\n"))];
}

/** `CPUs per task: a whole number from 1 to 128, required`. */
function headline({ field, isRequired, type }: SkeletonEntry): string {
  if (field.kind === "group") return field.label ?? "";
  const suffix = isRequired ? ", required" : type === "set" || field.optional === false ? "" : ", optional";
  return `${field.label === null ? "" : `${field.label}: `}${field.allowed}${suffix}`;
}

/** A line break in a label must not end the comment. */
function inOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
}

function memberLines(name: string, value: Json): string[] {
  if (value === null) return [`${keyOf(name)}:`];
  return stringify({ [name]: value }, { lineWidth: 0 }).trimEnd().split("\n");
}

function keyOf(name: string): string {
  return stringify({ [name]: 0 }, { lineWidth: 0 }).replace(/: 0\n$/, "");
}

function commented(line: string): string {
  return line === "" ? "#" : `# ${line}`;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => line === "" ? "" : `  ${line}`);
}
