/** Resolves inputs as the server does: applies defaults, resolves clusters and reports missing required fields. */

import { isObject, type Json, type JsonObject } from "../json.ts";
import { HttpError } from "./responses.ts";
import { resolveCluster } from "./clusters.ts";
import { evaluateCondition } from "./expressions.ts";
import { objectOf, textOf } from "./shape.ts";

/**
 * As on the platform, `min` and `max` of numbers are not enforced, and unknown members are accepted. Throws an HttpError
 * (400): `Missing required fields: <labels>`.
 */
export function resolveInputs(yaml: JsonObject, inputs: JsonObject, { user }: { readonly user: string }): JsonObject {
  const form = objectOf(objectOf(objectOf(yaml["on"])["execute"])["inputs"]);
  const missing: string[] = [];
  const resolved = resolveGroup(form, inputs, { user, root: inputs, missing });
  if (missing.length > 0) {
    throw new HttpError(400, `Missing required fields: ${missing.join(", ")}`, { code: "missing_required_fields" });
  }
  return resolved;
}

interface FormContext {
  readonly user: string;
  /** All inputs of the run, for expressions. */
  readonly root: JsonObject;
  /** Labels of missing fields, collected while resolving. */
  readonly missing: string[];
}

function resolveGroup(form: JsonObject, inputs: JsonObject, context: FormContext): JsonObject {
  const resolved: JsonObject = { ...inputs };
  for (const [name, entry] of Object.entries(form)) {
    const spec = objectOf(entry);
    if (spec["type"] === "header") continue;
    const value = resolveValue(spec, inputs[name], context, textOf(spec["label"]) ?? name);
    if (value !== undefined) resolved[name] = value;
  }
  return resolved;
}

function resolveValue(
  spec: JsonObject,
  input: Json | undefined,
  context: FormContext,
  label: string,
): Json | undefined {
  if (isIgnored(spec, context.root)) return input;
  if (spec["type"] === "group") return resolveGroup(itemsOf(spec["items"]), objectOf(input), context);
  const value = input === undefined || input === "" ? spec["default"] ?? input : input;
  const isMissing = value === undefined || value === null || value === "";
  if (isMissing && spec["type"] === "boolean") return false;
  if (isMissing && spec["optional"] !== true && spec["default"] === undefined) {
    context.missing.push(label);
    return value;
  }
  if (isMissing || spec["type"] !== "compute-clusters") return value;
  return resolveCluster(value, { user: context.user, allowsWorkspace: spec["include-workspace"] === true });
}

/** The platform's guides show the items of a group both as a map and as a list of objects with a name. */
function itemsOf(items: Json | undefined): JsonObject {
  if (!Array.isArray(items)) return objectOf(items);
  return Object.fromEntries(items.filter(isObject).map((item) => [textOf(item["name"]) ?? "", item]));
}

/** Whether the form hides or ignores a field, which makes it optional. `.hidden` refers to the field's own `hidden`. */
function isIgnored(spec: JsonObject, inputs: JsonObject): boolean {
  const isHidden = evaluateCondition(spec["hidden"], { inputs });
  const ignore = spec["ignore"];
  return isHidden ||
    evaluateCondition(typeof ignore === "string" ? ignore.replace(/(^|[^\w.])\.hidden\b/g, `$1${isHidden}`) : ignore, {
      inputs,
    });
}
