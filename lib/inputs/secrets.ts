import { type InputPath, isObject, joinPath, type Json, type JsonObject, parsePath, valueAt } from "../json.ts";
import { type Field, fieldsInside, type Form, type FormFields } from "./form.ts";
import { SECRET_MASK } from "../redact.ts";
import type { StoredRequest } from "../submission.ts";

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
export function isSecretField(field: Field, name: string): boolean {
  return field.secrecy === "always" || (field.secrecy === "by name" && isSecretName(name));
}

/** {@link isSecretField} for the field at a path: the rows of a list have its name. */
export function isSecretAt(field: Field, path: InputPath): boolean {
  return isSecretField(field, String(path.findLast((segment) => typeof segment === "string")));
}

/** Whether a member of an object is a secret with a value; `field` is that of the form, if it has one. */
export function isSecretMember(name: string, value: Json, field: Field | undefined): boolean {
  return hasContent(value) && (field === undefined ? isSecretName(name) : isSecretField(field, name));
}

function hasContent(value: Json): boolean {
  return Array.isArray(value) ? value.some(hasContent) : value !== null && value !== "" && typeof value !== "boolean";
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
  addSecrets(inputs, "", form?.fields, found);
  return [...found];
}

/** @param fields Those of the form in the object, or in the rows of the list. */
function addSecrets(value: Json, path: string, fields: FormFields | undefined, found: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (typeof item === "object") addSecrets(item, joinPath(path, index), fields, found);
    }
    return;
  }
  for (const name in value) {
    const member = value[name] ?? null;
    const field = fields?.get(name);
    if (isSecretMember(name, member, field)) {
      for (const secretPath of pathsOf(joinPath(path, name), member, field)) found.add(secretPath);
    } else if (typeof member === "object") addSecrets(member, joinPath(path, name), fieldsInside(field), found);
  }
}

/** Of a list that the form declares, each value can be asked for. */
function pathsOf(path: string, value: Json, field: Field | undefined): string[] {
  return field?.kind === "list" && Array.isArray(value) ? value.map((_, index) => joinPath(path, index)) : [path];
}

/** The paths of the secrets in a field's default, starting with the field's name. */
export function secretsInDefault(name: string, field: Field): string[] {
  const value = field.default ?? field.defaultExpression?.text;
  if (value === undefined) return [];
  return findSecrets({ [name]: value }, { form: { fields: new Map([[name, field]]), notes: [] }, secretPaths: [] });
}

/** Replaces every secret with {@link SECRET_MASK}. */
export function maskSecrets(inputs: JsonObject, secretPaths: readonly string[]): JsonObject {
  const masked = replaceSecrets(inputs, "", { secrets: new Set(secretPaths), replacement: SECRET_MASK });
  return isObject(masked) ? masked : {};
}

/** Removes every secret: members are omitted, and items of a list become `null`. */
export function withoutSecrets(inputs: JsonObject, secretPaths: readonly string[]): JsonObject {
  const left = replaceSecrets(inputs, "", { secrets: new Set(secretPaths), replacement: undefined });
  return isObject(left) ? left : {};
}

/** Masks the secrets in the value at a path, which is none itself. */
export function maskSecretsInside(
  value: Json,
  path: string,
  { fields, secretPaths }: { readonly fields: FormFields | undefined; readonly secretPaths: ReadonlySet<string> },
): Json {
  const secrets = new Set(secretPaths);
  addSecrets(value, path, fields, secrets);
  return replaceSecrets(value, path, { secrets, replacement: SECRET_MASK }) ?? null;
}

interface Replacing {
  readonly secrets: ReadonlySet<string>;
  /** `undefined` to leave secrets out. */
  readonly replacement: Json | undefined;
}

/** Replaces the secrets in the value at a path. @returns `undefined` for one that is left out. */
export function replaceSecrets(value: Json, path: string, replacing: Replacing): Json | undefined {
  const { secrets, replacement } = replacing;
  if (secrets.has(path)) return replacement;
  if (secrets.size === 0 || typeof value !== "object" || value === null) return value;
  const inside = (member: Json, segment: string | number) => replaceSecrets(member, joinPath(path, segment), replacing);
  if (Array.isArray(value)) return value.map((item, index) => inside(item, index) ?? null);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      const shown = inside(member, name);
      return shown === undefined ? [] : [[name, shown]];
    }),
  );
}

/** The values of the secrets, as text. */
export function secretValues(inputs: JsonObject | null, secretPaths: readonly string[]): string[] {
  return secretPaths.flatMap((text) => {
    const path = parsePath(text);
    const value = path === undefined || inputs === null ? undefined : valueAt(inputs, path);
    return textsIn(value);
  });
}

/** The secrets to redact: those that are not also the text of an option, which would mask ordinary words. */
export function redactedValues(
  { inputs, secretPaths, publicValues }: Pick<StoredRequest, "inputs" | "secretPaths" | "publicValues">,
): string[] {
  return secretValues(inputs, secretPaths).filter((value) => !publicValues.includes(value));
}

/** The texts and numbers in a value, as text. */
export function textsIn(value: Json | undefined): readonly string[] {
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
