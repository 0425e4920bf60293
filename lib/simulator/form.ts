/** Resolves inputs as the server does: applies defaults, resolves clusters and reports missing required fields. */

import type { Json, JsonObject } from "../json.ts";
import { HttpError } from "./responses.ts";
import { resolveCluster } from "./clusters.ts";
import { evaluateCondition, type ExpressionScope, resolveExpressions } from "./expressions.ts";
import { isObject, objectOf, textOf } from "./shape.ts";

interface ResolveOptions {
  readonly user: string;
  /** Names of the run's sessions, for defaults. */
  readonly sessions?: JsonObject;
  /** `false` for a subworkflow, whose inputs may be outputs of jobs that have not run. Required fields may then be missing. */
  readonly isComplete?: boolean;
}

/**
 * As on the platform, `min` and `max` of numbers are not enforced, unknown members are accepted, and conditions see the
 * inputs without defaults. Throws an HttpError (400): `Missing required fields: <labels>`.
 */
export function resolveInputs(
  yaml: JsonObject,
  inputs: JsonObject,
  { user, sessions = {}, isComplete = true }: ResolveOptions,
): JsonObject {
  const form = formOf(yaml);
  const missing: string[] = [];
  const scope = { inputs: withClusters(form, inputs, user), sessions, org: {} };
  const resolved = resolveGroup(form, scope.inputs, { user, scope, missing, isRow: false });
  if (isComplete && missing.length > 0) {
    throw new HttpError(400, `Missing required fields: ${missing.join(", ")}`, { code: "missing_required_fields" });
  }
  return resolved;
}

/** YAML 1.1 reads the key `on` as true. */
function formOf(yaml: JsonObject): JsonObject {
  return itemsOf(objectOf(objectOf(yaml["on"] ?? yaml["true"])["execute"])["inputs"]);
}

/** Replaces the names of clusters, since conditions refer to their properties. */
function withClusters(form: JsonObject, inputs: JsonObject, user: string): JsonObject {
  const resolved = { ...inputs };
  for (const [name, entry] of Object.entries(form)) {
    const spec = objectOf(entry);
    const value = inputs[name];
    if (value === undefined || value === null || value === "") continue;
    if (spec["type"] === "compute-clusters") {
      resolved[name] = clusterFor(spec, value, user);
    } else if (spec["type"] === "group") {
      resolved[name] = withClusters(itemsOf(spec["items"]), objectOf(value), user);
    } else if (spec["type"] === "list" && Array.isArray(value)) {
      resolved[name] = value.map((row) => isObject(row) ? withClusters(objectOf(spec["template"]), row, user) : row);
    }
  }
  return resolved;
}

function clusterFor(spec: JsonObject, value: Json, user: string): JsonObject {
  return resolveCluster(value, { user, allowsWorkspace: spec["include-workspace"] === true });
}

interface FormContext {
  readonly user: string;
  readonly scope: ExpressionScope;
  /** Labels of missing fields, collected while resolving. */
  readonly missing: string[];
  /** Empty text in a row of a list is not replaced by the default. */
  readonly isRow: boolean;
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
  const { user, scope, missing, isRow } = context;
  const is = attributesOf(spec, scope);
  if (is("hidden") || is("ignore")) return input;
  if (spec["type"] === "group") return resolveGroup(itemsOf(spec["items"]), objectOf(input), context);
  const template = objectOf(spec["template"]);
  if (spec["type"] === "list" && Array.isArray(input) && typeof template["type"] !== "string") {
    return input.map((row, index) => {
      const rowContext = { ...context, scope: { ...scope, index }, isRow: true };
      return isObject(row) ? resolveGroup(template, row, rowContext) : row;
    });
  }
  const isDefaulted = input === undefined || (input === "" && !isRow);
  const value = isDefaulted && spec["default"] !== undefined ? resolveExpressions(spec["default"], scope) : input;
  const isMissing = value === undefined || value === null || (value === "" && !isRow);
  if (isMissing && spec["type"] === "boolean") return false;
  if (isMissing && spec["default"] === undefined && !is("optional")) missing.push(label);
  return !isMissing && value !== input && spec["type"] === "compute-clusters" ? clusterFor(spec, value, user) : value;
}

/** The platform's guides show the items of a group both as a map and as a list of objects with a name. */
function itemsOf(items: Json | undefined): JsonObject {
  if (!Array.isArray(items)) return objectOf(items);
  return Object.fromEntries(items.filter(isObject).map((item) => [textOf(item["name"]) ?? "", item]));
}

/** Evaluates a field's conditions, which may refer to each other: `hidden: ${{ .ignore }}`. */
function attributesOf(spec: JsonObject, scope: ExpressionScope): (name: string) => boolean {
  const evaluating = new Set<string>();
  const evaluate = (name: string): boolean => {
    if (evaluating.has(name)) return false;
    evaluating.add(name);
    const $ = {
      get hidden() {
        return evaluate("hidden");
      },
      get ignore() {
        return evaluate("ignore");
      },
    };
    try {
      return evaluateCondition(spec[name], { ...scope, $ });
    } finally {
      evaluating.delete(name);
    }
  };
  return evaluate;
}
