/** Resolves inputs as the server does: applies defaults, resolves clusters and reports missing required fields. */

import { isObject, type Json, type JsonObject } from "../json.ts";
import { HttpError } from "./responses.ts";
import { resolveCluster, SAMPLE_CLUSTERS, type SimulatedCluster } from "./clusters.ts";
import { evaluateCondition, type ExpressionScope, resolveExpressions } from "./expressions.ts";
import { objectOf, textOf } from "./shape.ts";

interface ResolveOptions {
  readonly user: string;
  /** Default: the samples. */
  readonly clusters?: readonly SimulatedCluster[];
  /** Names of the run's sessions, for defaults. */
  readonly sessions?: JsonObject;
  /** `false` for a subworkflow: outputs of jobs that have not run may be missing, and clusters that others resolve. */
  readonly isComplete?: boolean;
  /** Called with the conditions of each field, by its path, like `rows[0].name`. */
  readonly onField?: (path: string, conditions: FieldConditions) => void;
}

export type FieldConditions = Record<"hidden" | "ignore" | "optional", boolean>;

/**
 * As on the platform, `min` and `max` of numbers are not enforced, unknown members are accepted, and conditions see the
 * inputs without defaults. Throws an HttpError (400): `Missing required fields: <labels>`.
 */
export function resolveInputs(yaml: JsonObject, inputs: JsonObject, options: ResolveOptions): JsonObject {
  const { sessions = {}, isComplete = true } = options;
  // YAML 1.1 reads the key `on` as true.
  const form = itemsOf(objectOf(objectOf(yaml["on"] ?? yaml["true"])["execute"])["inputs"]);
  const missing: string[] = [];
  const scope = { inputs: withClusters(form, inputs, options), sessions, org: {} };
  const resolved = resolveGroup(form, scope.inputs, { options, scope, missing, isRow: false, path: "", label: "" });
  if (isComplete && missing.length > 0) {
    throw new HttpError(400, `Missing required fields: ${missing.join(", ")}`, { code: "missing_required_fields" });
  }
  return resolved;
}

/** Replaces the names of clusters, since conditions refer to their properties. */
function withClusters(form: JsonObject, inputs: JsonObject, options: ResolveOptions): JsonObject {
  const resolved = { ...inputs };
  for (const [name, entry] of Object.entries(form)) {
    const spec = objectOf(entry);
    const value = inputs[name];
    if (value === undefined || value === null || value === "") continue;
    if (spec["type"] === "compute-clusters") {
      resolved[name] = clusterFor(spec, value, options);
    } else if (spec["type"] === "group") {
      resolved[name] = withClusters(itemsOf(spec["items"]), objectOf(value), options);
    } else if (spec["type"] === "list" && Array.isArray(value)) {
      resolved[name] = value.map((row) => isObject(row) ? withClusters(objectOf(spec["template"]), row, options) : row);
    }
  }
  return resolved;
}

function clusterFor(spec: JsonObject, value: Json, options: ResolveOptions): Json {
  const { user, clusters = SAMPLE_CLUSTERS, isComplete = true } = options;
  const cluster = resolveCluster(value, { user, clusters, allowsWorkspace: spec["include-workspace"] === true });
  if (cluster !== undefined || !isComplete) return cluster ?? value;
  throw new HttpError(400, "Compute resource not found", { code: "compute_resource_not_found" });
}

interface FormContext {
  readonly options: ResolveOptions;
  readonly scope: ExpressionScope;
  /** Labels of missing fields, collected while resolving. */
  readonly missing: string[];
  /** Empty text in a row of a list is not replaced by the default. */
  readonly isRow: boolean;
  /** Of the group or row around; then of the field itself. */
  readonly path: string;
  readonly label: string;
}

function resolveGroup(form: JsonObject, inputs: JsonObject, context: FormContext): JsonObject {
  const resolved: JsonObject = { ...inputs };
  for (const [name, entry] of Object.entries(form)) {
    const spec = objectOf(entry);
    if (spec["type"] === "header") continue;
    const path = context.path === "" ? name : `${context.path}.${name}`;
    const value = resolveValue(spec, inputs[name], { ...context, path, label: textOf(spec["label"]) ?? name });
    if (value !== undefined) resolved[name] = value;
  }
  return resolved;
}

function resolveValue(spec: JsonObject, input: Json | undefined, context: FormContext): Json | undefined {
  const { options, scope, isRow } = context;
  const conditions = conditionsOf(spec, scope);
  options.onField?.(context.path, conditions);
  if (conditions.ignore) return input;
  // What is hidden has its default, and is not required; nor is an optional group.
  const isOmitted = spec["type"] === "group" && input === undefined && conditions.optional;
  const missing = conditions.hidden || isOmitted ? [] : context.missing;
  if (spec["type"] === "group") return resolveGroup(itemsOf(spec["items"]), objectOf(input), { ...context, missing });
  const template = objectOf(spec["template"]);
  if (spec["type"] === "list" && Array.isArray(input) && typeof template["type"] !== "string") {
    return input.map((row, index) => {
      const path = `${context.path}[${index}]`;
      const rowContext = { ...context, path, missing, scope: { ...scope, index }, isRow: true };
      return isObject(row) ? resolveGroup(template, row, rowContext) : row;
    });
  }
  const isDefaulted = input === undefined || (input === "" && !isRow);
  const value = isDefaulted && spec["default"] !== undefined
    ? resolveExpressions(spec["default"], { ...scope, $: conditions })
    : input;
  const isMissing = value === undefined || value === null || (value === "" && !isRow);
  if (isMissing && spec["type"] === "boolean") return false;
  if (isMissing && spec["default"] === undefined && !conditions.optional) missing.push(context.label);
  return !isMissing && value !== input && spec["type"] === "compute-clusters"
    ? clusterFor(spec, value, options)
    : value;
}

/** The platform's guides show the items of a group both as a map and as a list of objects with a name. */
function itemsOf(items: Json | undefined): JsonObject {
  if (!Array.isArray(items)) return objectOf(items);
  return Object.fromEntries(items.filter(isObject).map((item) => [textOf(item["name"]) ?? "", item]));
}

/** A field's conditions, which may refer to each other: `hidden: ${{ .ignore }}`. To itself, each is false. */
function conditionsOf(spec: JsonObject, scope: ExpressionScope, around: readonly string[] = []): FieldConditions {
  const isTrue = (name: string): boolean =>
    !around.includes(name) &&
    evaluateCondition(spec[name], { ...scope, $: conditionsOf(spec, scope, [...around, name]) });
  return { hidden: isTrue("hidden"), ignore: isTrue("ignore"), optional: isTrue("optional") };
}
