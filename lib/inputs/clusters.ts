import { type Cluster, isUsableCluster } from "../cluster.ts";
import type { Json, JsonObject } from "../json.ts";
import { fieldStateOf, type FormContext, hasValue, isNoneTrue } from "./field_state.ts";
import { type ClusterField, type Field, type Form, type FormFields, hasDefault, valueFields } from "./form.ts";
import { formatPath, type InputPath, isObject } from "./path.ts";

/** A cluster field that is sent, with its value. */
interface ClusterInput {
  readonly path: InputPath;
  readonly field: ClusterField;
  /** `undefined` if it is missing. */
  readonly value: Json | undefined;
  readonly isOptional: boolean;
}

/** Whether the check needs the account's clusters: for what is known of one given by name, or to choose one. */
export function needsClusters(form: Form, inputs: JsonObject): boolean {
  const expressions = textsOfExpressions(form.fields);
  return clusterInputs({ form, inputs, rows: [], clusters: null }).some(({ path, field, value, isOptional }) => {
    if (value === undefined) return field.isAutoselected || !isOptional;
    const isRead = field.providers !== null || expressions.includes(`${path.at(-1)}.`);
    return typeof value === "string" && isRead;
  });
}

export interface SelectedCluster {
  readonly path: InputPath;
  readonly name: string;
}

/** Chooses the cluster of each field with `autoselect` and no value, as the web form does, if exactly one fits. */
export function selectClusters(
  form: Form,
  inputs: JsonObject,
  clusters: readonly Cluster[],
): readonly SelectedCluster[] {
  return clusterInputs({ form, inputs, rows: [], clusters }).flatMap(({ path, field, value }) => {
    if (value !== undefined || !field.isAutoselected) return [];
    const [only, ...others] = clusters.filter((cluster) => isUsableCluster(cluster, field.providers));
    return only === undefined || others.length > 0 ? [] : [{ path, name: only.name }];
  });
}

function clusterInputs(context: FormContext): ClusterInput[] {
  const found: ClusterInput[] = [];
  const visit = (field: Field, path: InputPath, value: Json | undefined, inner: FormContext): void => {
    if (field.kind === "value" || field.kind === "header") return;
    const { isHidden, isDisabled, isIgnored, isOptional } = fieldStateOf(field, inner);
    if (isNoneTrue([isHidden, isDisabled, isIgnored]) === false) return;
    if (field.kind === "cluster") {
      const given = hasValue(field, value, inner) && value !== null ? value : undefined;
      if (given === undefined && hasDefault(field)) return;
      found.push({ path, field, value: given, isOptional: isOptional !== false });
    } else if (field.kind === "group") {
      if (value !== undefined || isOptional !== true) visitAll(field.fields, path, value, inner);
    } else if (Array.isArray(value)) {
      for (const [index, row] of value.entries()) {
        visit(field.item, [...path, index], row, { ...inner, rows: [...inner.rows, index] });
      }
    }
  };
  const visitAll = (fields: FormFields, path: InputPath, values: Json | undefined, inner: FormContext): void => {
    for (const [name, field] of fields) {
      visit(field, [...path, name], isObject(values) && Object.hasOwn(values, name) ? values[name] : undefined, inner);
    }
  };
  if (valueFields(context.form.fields).some(({ kind }) => kind === "cluster")) {
    visitAll(context.form.fields, [], context.inputs, context);
  }
  return found;
}

/** What a message calls a selected cluster. */
export function describeSelected({ path, name }: SelectedCluster): string {
  return `${formatPath(path)}: selected ${name}, the only active cluster that fits`;
}

function textsOfExpressions(fields: FormFields): string {
  return [...fields.values()].map((field) => {
    const { hidden, disabled, ignore, optional, defaultExpression, variants } = field;
    const own = [hidden, disabled, ignore, optional, defaultExpression, variants?.key]
      .map((expression) => typeof expression === "object" ? expression?.text ?? "" : "").join(" ");
    const inner = field.kind === "list"
      ? new Map([["", field.item]])
      : field.kind === "group"
      ? field.fields
      : undefined;
    return inner === undefined ? own : `${own} ${textsOfExpressions(inner)}`;
  }).join(" ");
}
