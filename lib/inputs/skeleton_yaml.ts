import { stringify } from "../deps/yaml.ts";
import type { Json } from "../json.ts";
import { fieldsInside, type Form } from "./form.ts";
import { skeletonEntries, type SkeletonEntry } from "./skeleton.ts";

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
