import { type Cluster, isUsableCluster } from "../../cluster.ts";
import { type Field, fieldsInside, type FormFields } from "../../inputs/form.ts";
import { joinPath } from "../../json.ts";

interface InputCompletion {
  /** In the syntax of `-i`. */
  readonly path: string;
  readonly description: string;
  /** Allowed values, if the form lists them. */
  readonly values: readonly string[];
}

/** The fields that take a value and are not always hidden, in the form's order; for a list, the fields of its first row. */
export function completionInputsOf(
  fields: FormFields,
  clusters: readonly Cluster[],
  under = "",
): readonly InputCompletion[] {
  return [...fields].flatMap(([name, field]) => {
    const path = joinPath(under, name);
    if (field.hidden === true || field.ignore === true || field.kind === "header") return [];
    if (field.kind === "group") return completionInputsOf(field.fields, clusters, path);
    const rowFields = field.kind === "list" ? fieldsInside(field) : undefined;
    if (rowFields !== undefined) return completionInputsOf(rowFields, clusters, joinPath(path, 0));
    return [{ path, description: field.label ?? field.tooltip ?? field.type, values: valuesOf(field, clusters) }];
  });
}

function valuesOf(field: Field, clusters: readonly Cluster[]): readonly string[] {
  const { prompt } = field;
  if (field.kind === "cluster") {
    return clusters.filter((cluster) => isUsableCluster(cluster, field.providers)).map(({ name }) => name);
  }
  if (prompt.type === "confirm") return ["true", "false"];
  return prompt.type === "choice" ? prompt.options.map(({ value }) => String(value)) : [];
}
