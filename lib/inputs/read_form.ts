import { isObject, type Json, type JsonObject } from "../json.ts";
import { isExpression, parseExpression } from "./expression.ts";
import type { ChoiceOption, Field, FieldCondition, Form, FormFields, FormNote } from "./form.ts";
import { joinPath } from "./path.ts";

/**
 * Reads the form, `on.execute.inputs`, of a parsed workflow file. What cannot be interpreted becomes a note.
 *
 * @param yaml `null` if the server omitted it.
 * @returns `null` if the form is not known.
 */
export function readForm(yaml: JsonObject | null): Form | null {
  if (yaml === null) return null;
  const notes: FormNote[] = [];
  const note: Note = (path, message) => void notes.push({ path, message });
  // A YAML 1.1 parser reads the key `on` as true.
  const on = membersOf(yaml)?.get("on") ?? membersOf(yaml)?.get("true");
  const inputs = membersOf(membersOf(on)?.get("execute"))?.get("inputs");
  return { fields: fieldsOf(inputs ?? {}, "", note), notes };
}

type Note = (path: string, message: string) => void;

/** The members of an object, or of a list of `{key, value}` pairs or named items, as in older files. */
function membersOf(value: Json | undefined): Map<string, Json> | undefined {
  if (isObject(value)) return new Map(Object.entries(value));
  if (!Array.isArray(value)) return undefined;
  const members = new Map<string, Json>();
  for (const item of value) {
    if (!isObject(item)) return undefined;
    const key = item["key"] ?? item["Key"];
    const member = item["value"] ?? item["Value"];
    if (typeof key === "string" && member !== undefined) members.set(key, member);
    else if (typeof item["name"] === "string") members.set(item["name"], item);
    else return undefined;
  }
  return members;
}

function fieldsOf(declared: Json | undefined, path: string, note: Note): FormFields {
  const members = membersOf(declared);
  if (members === undefined) {
    note(path, "declares no fields");
    return new Map();
  }
  return new Map(
    [...members].map(([name, entry]) => [name, fieldOf(membersOf(entry) ?? new Map(), joinPath(path, name), note)]),
  );
}

type Entry = ReadonlyMap<string, Json>;

function fieldOf(entry: Entry, path: string, note: Note): Field {
  const type = textAt(entry, "type") ?? "";
  const base = {
    type,
    label: textAt(entry, "label"),
    tooltip: textAt(entry, "tooltip"),
    ...defaultOf(entry),
    optional: conditionAt(entry, "optional", path, note),
    hidden: conditionAt(entry, "hidden", path, note),
    disabled: conditionAt(entry, "disabled", path, note),
    ignore: conditionAt(entry, "ignore", path, note),
  };
  switch (type) {
    case "string":
    case "color-picker":
    case "slurm-accounts":
    case "slurm-partitions":
    case "slurm-qos":
      return { ...base, kind: "text", isSecret: false, isMultiline: entry.get("textarea") === true };
    case "editor":
      return { ...base, kind: "text", isSecret: false, isMultiline: true };
    case "password":
      return { ...base, kind: "text", isSecret: true, isMultiline: false };
    case "number":
    case "integer": {
      const [min, max, step] = ["min", "max", "step"].map((name) => numberAt(entry, name, path, note));
      return {
        ...base,
        kind: "number",
        isWhole: type === "integer",
        min: min ?? null,
        max: max ?? null,
        step: step ?? null,
      };
    }
    case "boolean":
      return { ...base, kind: "boolean" };
    case "dropdown":
    case "multi-dropdown":
      return { ...base, kind: "choice", isMultiple: type === "multi-dropdown", options: optionsOf(entry, path, note) };
    case "compute-clusters":
      return { ...base, kind: "cluster", allowsWorkspace: allowsWorkspace(entry) };
    case "group":
      return { ...base, kind: "group", fields: fieldsOf(entry.get("items"), path, note) };
    case "list":
      return listOf(base, entry, path, note);
    case "header":
      return { ...base, kind: "header", text: textAt(entry, "text") ?? base.label ?? "" };
    default:
      if (RESOURCES.has(type) || type.startsWith("kubernetes-")) return { ...base, kind: "resource" };
      note(
        path,
        type === "" ? "has no type, so it is not checked" : `has the unknown type ${type}, so it is not checked`,
      );
      return { ...base, kind: "unknown" };
  }
}

const RESOURCES: ReadonlySet<string> = new Set([
  "compute-resources",
  "instance-type",
  "region",
  "zone",
  "storage",
  "bucket",
  "storage-image",
  "organization-groups",
  "file",
]);

type Base = Omit<Extract<Field, { kind: "unknown" }>, "kind">;

function listOf(base: Base, entry: Entry, path: string, note: Note): Field {
  const template = membersOf(entry.get("template"));
  // If `type` is an object, it is a field of that name.
  if (typeof template?.get("type") !== "string") {
    return { ...base, kind: "list", fields: fieldsOf(entry.get("template"), path, note) };
  }
  if (template.get("type") === "group") {
    return { ...base, kind: "list", fields: fieldsOf(template.get("items"), path, note) };
  }
  note(path, "is a list of something other than rows, so it is not checked");
  return { ...base, kind: "unknown" };
}

function textAt(entry: Entry, name: string): string | null {
  const value = entry.get(name);
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : null;
}

function defaultOf(entry: Entry): Pick<Base, "default" | "defaultExpression"> {
  const value = entry.get("default") ?? undefined;
  if (typeof value === "string" && isExpression(value)) {
    return { default: undefined, defaultExpression: parseExpression(value) };
  }
  return { default: value, defaultExpression: null };
}

function conditionAt(entry: Entry, name: string, path: string, note: Note): FieldCondition {
  const value = entry.get(name) ?? false;
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  const expression = parseExpression(typeof value === "string" ? value : JSON.stringify(value));
  if (expression.tree === null) note(path, `${name}: ${expression.text} cannot be evaluated here`);
  return expression;
}

function numberAt(entry: Entry, name: string, path: string, note: Note): number | null {
  const value = entry.get(name) ?? null;
  if (value === null || typeof value === "number") return value;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : NaN;
  if (Number.isFinite(number)) return number;
  note(path, `${name}: ${JSON.stringify(value)} is not a number`);
  return null;
}

function optionsOf(entry: Entry, path: string, note: Note): readonly ChoiceOption[] | null {
  const declared = entry.get("options");
  const options = Array.isArray(declared) ? declared.map(optionOf) : [];
  const valid = options.filter((option) => option !== undefined);
  if (valid.length > 0 && valid.length === options.length) return valid;
  note(path, "options: the form does not list them, so any value is accepted");
  return null;
}

function optionOf(declared: Json): ChoiceOption | undefined {
  const value = isObject(declared) ? declared["value"] : declared;
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  const label = isObject(declared) ? declared["label"] : undefined;
  return { label: typeof label === "string" ? label : String(value), value };
}

function allowsWorkspace(entry: Entry): boolean {
  // For an expression, which only the platform can evaluate, the workspace is not rejected here.
  const value = entry.get("include-workspace") ?? false;
  return value !== false && value !== "false";
}
