import { isObject, type Json, type JsonObject } from "../json.ts";
import { type Field, fieldsInside, type Form, type FormFields } from "./form.ts";
import { SECRET_MASK } from "../redact.ts";
import { joinPath, parsePath, valueAt } from "./path.ts";

/** True for names like `password`, `api_key`, `githubToken`. */
export function isSecretName(name: string): boolean {
  if (!SECRET_PART.test(name)) return false;
  const snakeCase = name.replaceAll(/(?<=[a-z\d])[A-Z]/g, "_$&").toLowerCase().replaceAll(/[^a-z\d]+/g, "_");
  return SECRET_NAME.test(snakeCase);
}

/** Every secret name contains one of these: a fast check that excludes most names. */
const SECRET_PART = /pass|secret|token|pwd|pat|jwt|cred|bearer|key/iu;
const SECRET_NAME =
  /(?:(?:password|passwd|passphrase|passcode|secret|token)|(?:^|_)(?:pwd|pass|pat|jwt|cred|credential|bearer)|(?:api|access|private|secret|signing|encryption|license)_?key)s?(?:_(?:value|confirm|confirmation|pem|hash))?_?\d*$/;

/** Decides by the field's type, or by its name. */
export function isSecretField(
  field: Field,
  name: string,
  hasSecretName: (name: string) => boolean = isSecretName,
): boolean {
  return field.secrecy === "always" || (field.secrecy === "by name" && hasSecretName(name));
}

/**
 * The paths of all secrets that have a value, in the order of the inputs.
 *
 * @param secretPaths Paths of values that were entered at a secret prompt: secret regardless of their names.
 */
export function findSecrets(
  inputs: JsonObject,
  { form, secretPaths }: { readonly form: Form | null; readonly secretPaths: readonly string[] },
): string[] {
  const found = new Set(secretPaths);
  // Cached, because names repeat in every row.
  const cache = new Map<string, boolean>();
  const hasSecretName = (name: string): boolean => {
    let isSecret = cache.get(name);
    if (isSecret === undefined) cache.set(name, isSecret = isSecretName(name));
    return isSecret;
  };
  const walk = (value: Json, fields: FormFields | null, path: string): void => {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) if (isContainer(item)) walk(item, fields, joinPath(path, index));
    } else if (isObject(value)) {
      for (const name in value) {
        const member = value[name];
        if (member === undefined || member === null || member === "" || typeof member === "boolean") continue;
        const field = fields?.get(name);
        const isSecret = field === undefined ? hasSecretName(name) : isSecretField(field, name, hasSecretName);
        if (isSecret) found.add(joinPath(path, name));
        else if (isContainer(member)) walk(member, fieldsInside(field) ?? null, joinPath(path, name));
      }
    }
  };
  walk(inputs, form?.fields ?? null, "");
  return [...found];
}

/** The paths of the secrets in a field's default, starting with the field's name. */
export function secretsInDefault(name: string, field: Field): string[] {
  const value = field.default ?? field.defaultExpression?.text;
  if (value === undefined) return [];
  return findSecrets({ [name]: value }, { form: { fields: new Map([[name, field]]), notes: [] }, secretPaths: [] });
}

/** Replaces every secret with {@link SECRET_MASK}. */
export function maskSecrets(inputs: JsonObject, secretPaths: readonly string[]): JsonObject {
  const secrets = new Set(secretPaths);
  if (secrets.size === 0) return inputs;
  const masked = (value: Json, path: string): Json => {
    if (secrets.has(path)) return SECRET_MASK;
    if (Array.isArray(value)) return value.map((item, index) => masked(item, joinPath(path, index)));
    return isObject(value) ? members(value, path) : value;
  };
  const members = (value: JsonObject, path: string): JsonObject =>
    Object.fromEntries(Object.entries(value).map(([name, member]) => [name, masked(member, joinPath(path, name))]));
  return members(inputs, "");
}

/** Removes every secret: members are omitted, and items of a list become `null`. */
export function withoutSecrets(inputs: JsonObject, secretPaths: readonly string[]): JsonObject {
  const secrets = new Set(secretPaths);
  const open = (value: Json, path: string): Json => {
    if (Array.isArray(value)) {
      return value.map((item, index) => {
        const itemPath = joinPath(path, index);
        return secrets.has(itemPath) ? null : open(item, itemPath);
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

/** The values of the secrets, as text. */
export function secretValues(inputs: JsonObject | null, secretPaths: readonly string[]): string[] {
  return secretPaths.flatMap((text) => {
    const path = parsePath(text);
    const value = path === undefined || inputs === null ? undefined : valueAt(inputs, path);
    return leavesOf(value).map(String);
  });
}

/** The secrets to redact: those that are not also the text of an option, which would mask ordinary words. */
export function redactedValues({ inputs, secretPaths, publicValues }: {
  readonly inputs: JsonObject | null;
  readonly secretPaths: readonly string[];
  readonly publicValues: readonly string[];
}): string[] {
  return secretValues(inputs, secretPaths).filter((value) => !publicValues.includes(value));
}

function leavesOf(value: Json | undefined): (string | number)[] {
  if (typeof value === "string" || typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leavesOf) : [];
}

function isContainer(value: Json): boolean {
  return typeof value === "object" && value !== null;
}
