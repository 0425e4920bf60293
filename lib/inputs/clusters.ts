import { type Cluster, isUsableCluster, isWorkspace } from "../cluster.ts";
import { formatPath, type InputPath, isObject, type Json, type JsonObject } from "../json.ts";
import { fieldStateOf, hasValue, isNoneTrue } from "./field_state.ts";
import { type ClusterField, type Form, type FormContext, hasDefault, walkFields } from "./form.ts";

/** A cluster field that is sent, with its value. */
interface ClusterInput {
  readonly path: InputPath;
  readonly field: ClusterField;
  /** Or its default; `undefined` if it is missing. */
  readonly value: Json | undefined;
  readonly isOptional: boolean;
}

/** Whether the check needs the account's clusters: for one given by name, or to choose one. */
export function needsClusters(form: Form, inputs: JsonObject): boolean {
  return clusterInputs({ form, inputs, rows: [], clusters: null }).some(({ field, value, isOptional }) =>
    value === undefined ? field.isAutoselected || !isOptional : typeof value === "string" && !isWorkspace(value)
  );
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

function clusterInputs(all: FormContext): ClusterInput[] {
  const found: ClusterInput[] = [];
  walkFields(all, ({ field, path, value, context }) => {
    if (field.kind === "value" || field.kind === "header") return false;
    const { isHidden, isDisabled, isIgnored, isOptional } = fieldStateOf(field, context);
    if (isNoneTrue([isHidden, isDisabled, isIgnored]) === false) return false;
    if (field.kind !== "cluster") return field.kind === "list" || value !== undefined || isOptional !== true;
    const given = hasValue(field, value, context) && value !== null ? value : field.default;
    if (given === undefined && hasDefault(field)) return false;
    found.push({ path, field, value: given, isOptional: isOptional !== false });
    return false;
  });
  return found;
}

/** The names of the clusters that are sent, each once. */
export function clusterNames(form: Form, inputs: JsonObject, clusters: readonly Cluster[] | null): readonly string[] {
  const values = clusterInputs({ form, inputs, rows: [], clusters }).map(({ value }) => value);
  const names = values.map((value) => isObject(value) ? value["name"] : value);
  return [...new Set(names.flatMap((name) => typeof name === "string" && name !== "" ? [name] : []))];
}

/** What a message calls a selected cluster. */
export function describeSelected({ path, name }: SelectedCluster): string {
  return `${formatPath(path)}: selected ${name}, the only active cluster that fits`;
}
