/** Inputs as the server takes them: defaults filled in, clusters looked up, what is required and missing listed. */

import type { Json, JsonObject } from "../json.ts";
import { Refusal } from "./answers.ts";
import { resolveCluster } from "./clusters.ts";
import { condition } from "./expressions.ts";
import { isObject, objectOf, textOf } from "./shape.ts";

/**
 * Throws `400 Missing required fields: <labels>`. Numbers are not held to `min` and `max`, and members that the form
 * doesn't know pass, as on the platform.
 */
export function resolveInputs(yaml: JsonObject, given: JsonObject, { user }: { readonly user: string }): JsonObject {
  const form = objectOf(objectOf(objectOf(yaml["on"])["execute"])["inputs"]);
  const missing: string[] = [];
  const inputs = resolveGroup(form, given, { user, root: given, missing });
  if (missing.length > 0) {
    throw new Refusal(400, `Missing required fields: ${missing.join(", ")}`, { code: "missing_required_fields" });
  }
  return inputs;
}

interface Around {
  readonly user: string;
  /** All that was given, for expressions. */
  readonly root: JsonObject;
  /** Labels, filled on the way. */
  readonly missing: string[];
}

function resolveGroup(form: JsonObject, given: JsonObject, around: Around): JsonObject {
  const resolved: JsonObject = { ...given };
  for (const [name, entry] of Object.entries(form)) {
    const spec = objectOf(entry);
    if (spec["type"] === "header") continue;
    const value = resolveValue(spec, given[name], around, textOf(spec["label"]) ?? name);
    if (value !== undefined) resolved[name] = value;
  }
  return resolved;
}

function resolveValue(spec: JsonObject, given: Json | undefined, around: Around, label: string): Json | undefined {
  if (isIgnored(spec, around.root)) return given;
  if (spec["type"] === "group") return resolveGroup(itemsOf(spec["items"]), objectOf(given), around);
  const value = given === undefined || given === "" ? spec["default"] ?? given : given;
  const isMissing = value === undefined || value === null || value === "";
  if (isMissing && spec["type"] === "boolean") return false;
  if (isMissing && spec["optional"] !== true && spec["default"] === undefined) {
    around.missing.push(label);
    return value;
  }
  if (isMissing || spec["type"] !== "compute-clusters") return value;
  return resolveCluster(value, { user: around.user, allowsWorkspace: spec["include-workspace"] === true });
}

/** One guide shows a group's items as a map, another as a list of named ones. */
function itemsOf(items: Json | undefined): JsonObject {
  if (!Array.isArray(items)) return objectOf(items);
  return Object.fromEntries(items.filter(isObject).map((item) => [textOf(item["name"]) ?? "", item]));
}

/** What the form hides or leaves out is not asked for. `.hidden` is the entry's own. */
function isIgnored(spec: JsonObject, inputs: JsonObject): boolean {
  const isHidden = condition(spec["hidden"], { inputs });
  const ignore = spec["ignore"];
  return isHidden ||
    condition(typeof ignore === "string" ? ignore.replace(/(^|[^\w.])\.hidden\b/g, `$1${isHidden}`) : ignore, {
      inputs,
    });
}
