/** Finds the secrets among inputs, by what the form says and by their names, and hides them. */

import type { Json, JsonObject } from "../json.ts";
import { type Field, fieldAt, type Fields, type Form } from "./form.ts";
import { isObject, joinPath, parsePath, type Path, valueAt } from "./path.ts";

/** Stands in the place of a secret wherever something is shown. */
export const MASK = "•••";

/** True for names like `password`, `api_key`, `githubToken`. */
export function looksSecret(name: string): boolean {
  if (!SECRET_WORD.test(name)) return false;
  const words = name.replaceAll(/(?<=[a-z\d])[A-Z]/g, "_$&").toLowerCase().replaceAll(/[^a-z\d]+/g, "_");
  return SECRET_NAME.test(words);
}

/** One of these is in every such name: most names are done with at once. */
const SECRET_WORD = /pass|secret|token|pwd|pat|jwt|cred|bearer|key/iu;
const SECRET_NAME =
  /(?:(?:password|passwd|passphrase|passcode|secret|token)|(?:^|_)(?:pwd|pass|pat|jwt|cred|credential|bearer)|(?:api|access|private|secret|signing|encryption|license)_?key)s?(?:_(?:value|confirm|confirmation|pem|hash))?_?\d*$/;

/** True for the value of a field whose form or name says that it is secret. */
export function isSecretAt(form: Form | null, path: Path): boolean {
  const field = form === null ? undefined : fieldAt(form, path);
  if (field !== undefined) return isSecretField(field, lastName(path));
  // What the form doesn't know is as secret as anything around it.
  return path.some((segment) => typeof segment === "string" && looksSecret(segment));
}

/** Text whose type or name says that it is secret. */
export function isSecretField(field: Field, name: string, polls: (name: string) => boolean = looksSecret): boolean {
  return field.kind === "text" ? field.isSecret || polls(name) : field.kind === "unknown" && polls(name);
}

/**
 * The paths of all secrets that have a value, in the order of the inputs.
 *
 * @param asked Paths that were asked for without echo: secret whatever their names.
 */
export function findSecrets(
  inputs: JsonObject,
  { form, asked }: { readonly form: Form | null; readonly asked: readonly string[] },
): string[] {
  const found = new Set(asked);
  // Names repeat in every row.
  const known = new Map<string, boolean>();
  const polls = (name: string): boolean => {
    let isSecret = known.get(name);
    if (isSecret === undefined) known.set(name, isSecret = looksSecret(name));
    return isSecret;
  };
  const walk = (value: Json, fields: Fields | null, path: string): void => {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) if (isHolder(item)) walk(item, fields, joinPath(path, index));
    } else if (isObject(value)) {
      for (const name in value) {
        const member = value[name];
        if (member === undefined || member === null || member === "" || typeof member === "boolean") continue;
        const field = fields?.get(name);
        const isSecret = field === undefined ? polls(name) : isSecretField(field, name, polls);
        if (isSecret) found.add(joinPath(path, name));
        else if (isHolder(member)) walk(member, insideOf(field), joinPath(path, name));
      }
    }
  };
  walk(inputs, form?.fields ?? null, "");
  return [...found];
}

/** The paths of the secrets in a field's default, from the field's name on. */
export function secretsInDefault(name: string, field: Field): string[] {
  const value = field.default ?? field.defaultExpression?.text;
  if (value === undefined) return [];
  return findSecrets({ [name]: value }, { form: { fields: new Map([[name, field]]), notes: [] }, asked: [] });
}

/** The same inputs with {@link MASK} in the place of every secret. */
export function maskSecrets(inputs: JsonObject, secretPaths: readonly string[]): JsonObject {
  const secrets = new Set(secretPaths);
  if (secrets.size === 0) return inputs;
  const masked = (value: Json, path: string): Json => {
    if (secrets.has(path)) return MASK;
    if (Array.isArray(value)) return value.map((item, index) => masked(item, joinPath(path, index)));
    return isObject(value) ? members(value, path) : value;
  };
  const members = (value: JsonObject, path: string): JsonObject =>
    Object.fromEntries(Object.entries(value).map(([name, member]) => [name, masked(member, joinPath(path, name))]));
  return members(inputs, "");
}

/** The same inputs without every secret: members are left out, and a list's items are `null`. */
export function withoutSecrets(inputs: JsonObject, secretPaths: readonly string[]): JsonObject {
  const secrets = new Set(secretPaths);
  const open = (value: Json, path: string): Json => {
    if (Array.isArray(value)) {
      return value.map((item, index) => {
        const at = joinPath(path, index);
        return secrets.has(at) ? null : open(item, at);
      });
    }
    return isObject(value) ? members(value, path) : value;
  };
  const members = (value: JsonObject, path: string): JsonObject =>
    Object.fromEntries(
      Object.entries(value).filter(([name]) => !secrets.has(joinPath(path, name)))
        .map(([name, member]) => [name, open(member, joinPath(path, name))]),
    );
  return members(inputs, "");
}

/** Shorter ones would be found in innocent words. */
const MIN_KEY_LENGTH = 4;

/** The secrets themselves, as text, as far as they can be told from other words. */
export function secretValues(inputs: JsonObject | null, secretPaths: readonly string[]): string[] {
  return secretPaths.flatMap((text) => {
    const path = parsePath(text);
    const value = path === undefined || inputs === null ? undefined : valueAt(inputs, path);
    return leavesOf(value).map(String).filter((word) => word.length >= MIN_KEY_LENGTH);
  });
}

/** The text with {@link MASK} in the place of each of these, also where it stands as a JSON text has it. */
export function hideValues(text: string, values: readonly string[]): string {
  return values.reduce(
    (left, value) => left.replaceAll(value, MASK).replaceAll(JSON.stringify(value).slice(1, -1), MASK),
    text,
  );
}

function leavesOf(value: Json | undefined): (string | number)[] {
  if (typeof value === "string" || typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leavesOf) : [];
}

function isHolder(value: Json): boolean {
  return typeof value === "object" && value !== null;
}

function insideOf(field: Field | undefined): Fields | null {
  return field?.kind === "group" || field?.kind === "list" ? field.fields : null;
}

function lastName(path: Path): string {
  const name = path.findLast((segment) => typeof segment === "string");
  return typeof name === "string" ? name : "";
}
