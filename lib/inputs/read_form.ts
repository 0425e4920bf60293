import { isObject, joinPath, type Json, type JsonObject } from "../json.ts";
import { isExpression, parseExpression } from "./expression.ts";
import type { Field, FieldAttributes, FieldCondition, Form, FormFields, FormNote } from "./form.ts";
import { kindOf } from "./kinds/kinds.ts";
import { completeField, type FieldEntry } from "./kinds/kind.ts";

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

type Members = ReadonlyMap<string, Json>;

function fieldOf(members: Members, path: string, note: Note): Field {
  const entry = entryOf(members, path, note);
  const attributes = attributesOf(entry);
  return completeField(attributes, kindOf(attributes.type).read(attributes, entry));
}

function entryOf(members: Members, path: string, note: Note): FieldEntry {
  return {
    get: (name) => members.get(name),
    text(name) {
      const value = members.get(name);
      return typeof value === "string" ? value : typeof value === "number" ? String(value) : null;
    },
    number(name) {
      const value = members.get(name) ?? null;
      if (value === null || typeof value === "number") return value;
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : NaN;
      if (Number.isFinite(number)) return number;
      note(path, `${name}: ${JSON.stringify(value)} is not a number`);
      return null;
    },
    isFalse: (name) => [undefined, null, false, "false"].some((no) => members.get(name) === no),
    fields: (name) => fieldsOf(members.get(name), path, note),
    field(name) {
      const items = members.get(name);
      const declared = membersOf(items);
      // If `type` is an object, it is a field of that name.
      if (typeof declared?.get("type") === "string") return fieldOf(declared, path, note);
      return fieldOf(new Map<string, Json>([["type", "group"], ["items", items ?? null]]), path, note);
    },
    note: (message) => note(path, message),
  };
}

function attributesOf(entry: FieldEntry): FieldAttributes {
  const fallback = entry.get("default") ?? undefined;
  const isComputed = typeof fallback === "string" && isExpression(fallback);
  return {
    type: entry.text("type") ?? "",
    label: entry.text("label"),
    tooltip: entry.text("tooltip") ?? entry.text("description"),
    placeholder: entry.text("placeholder"),
    prefillsDefault: entry.get("prefillDefault") === true,
    default: isComputed ? undefined : fallback,
    defaultExpression: isComputed ? parseExpression(fallback) : null,
    optional: conditionOf("optional", entry),
    hidden: conditionOf("hidden", entry),
    disabled: conditionOf("disabled", entry),
    ignore: conditionOf("ignore", entry),
  };
}

function conditionOf(name: string, { get, note }: FieldEntry): FieldCondition {
  const value = get(name) ?? false;
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  const expression = parseExpression(typeof value === "string" ? value : JSON.stringify(value));
  const { text, evaluate, external } = expression;
  if (evaluate === null) note(`${name}: ${text} cannot be evaluated here`);
  if (external.length > 0) note(`${name}: depends on ${external.join(", ")}, which only the platform knows`);
  return expression;
}
