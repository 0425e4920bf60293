import { type Cluster, findCluster, isUsableCluster, isWorkspace } from "../cluster.ts";
import { didYouMean } from "../did_you_mean.ts";
import { formatPath, type InputPath, isObject, type Json, type JsonObject } from "../json.ts";
import { fieldStateOf, hasValue } from "./field_state.ts";
import { type ClusterField, type Form, type FormContext, hasDefault, walkFields } from "./form.ts";
import { createValueLayer, type InputLayer } from "./merge.ts";

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

/** Chooses the cluster of each field with `autoselect` and no value, as the web form does, if exactly one fits. */
export function selectClusters(
  form: Form,
  inputs: JsonObject,
  clusters: readonly Cluster[],
): readonly InputLayer[] {
  return clusterInputs({ form, inputs, rows: [], clusters }).flatMap(({ path, field, value }) => {
    if (value !== undefined || !field.isAutoselected) return [];
    const [only, ...others] = clusters.filter((cluster) => isUsableCluster(cluster, field.providers));
    return only === undefined || others.length > 0 ? [] : [createValueLayer("autoselect", path, only.name)];
  });
}

function clusterInputs(all: FormContext): ClusterInput[] {
  const found: ClusterInput[] = [];
  walkFields(all, ({ field, path, value, context }) => {
    if (field.kind === "value" || field.kind === "header") return false;
    const { hidden, disabled, ignore, optional } = fieldStateOf(field, context);
    if ([hidden, disabled, ignore].includes(true)) return false;
    if (field.kind !== "cluster") return field.kind === "list" || value !== undefined || optional !== true;
    const given = hasValue(field, value, context) && value !== null ? value : field.default;
    const isDeclined = value === null && optional === true;
    if (given === undefined && (hasDefault(field) || isDeclined)) return false;
    found.push({ path, field, value: given, isOptional: optional !== false });
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
export function describeSelected({ path, value }: InputLayer): string {
  return `${formatPath(path)}: selected ${value}, the only active cluster that fits`;
}

/** Only the platform knows whether it accepts a cluster that is not listed, or one that its web form does not offer. */
export function clusterWarning(
  field: ClusterField,
  value: Json,
  clusters: FormContext["clusters"],
): string | undefined {
  if (clusters === null || isWorkspace(value)) return undefined;
  const cluster = findCluster(clusters, value);
  if (cluster === undefined) {
    if (clusters.length === 0 || typeof value !== "string") return undefined;
    const near = didYouMean(value, clusters.map(({ name }) => name));
    const advice = near === undefined ? describeUsable(field, clusters) : `: ${near.replace(/^D/, "d")}`;
    return `no cluster ${JSON.stringify(value)}${advice}`;
  }
  const { providers } = field;
  if (providers === null || isUsableCluster({ ...cluster, status: "active" }, providers)) return undefined;
  return `is of type ${cluster.type ?? cluster.csp ?? "unknown"}: the form offers only ${providers.join(", ")}`;
}

const MAX_CLUSTERS = 10;

/** The end of a message: the clusters that could be given; empty if they are not known. */
export function describeUsable({ providers }: ClusterField, clusters: FormContext["clusters"]): string {
  if (clusters === null) return "";
  const names = clusters.filter((cluster) => isUsableCluster(cluster, providers)).map(({ name }) => name);
  if (names.length === 0) return "; none of your clusters is active and fits";
  const rest = names.length > MAX_CLUSTERS ? `, … (${names.length} in all)` : "";
  return `; active clusters that fit: ${names.slice(0, MAX_CLUSTERS).join(", ")}${rest}`;
}
