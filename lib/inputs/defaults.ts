import type { Cluster } from "../cluster.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { fieldStateOf } from "./field_state.ts";
import type { Form } from "./form.ts";
import { ownCopies, type ResolvedInputs } from "./merge.ts";
import { formatPath, type InputPath, valueInside } from "./path.ts";
import { secretsInDefault } from "./secrets.ts";
import { walkFields } from "./walk_fields.ts";

/**
 * Adds the literal default of every field that is sent and has no value, as the web form does: the platform evaluates
 * conditions with what was sent, so a field that is hidden by a default would be missing. Not added are secrets, and
 * anything inside an optional group that was not given, which would make its other fields required.
 */
export function withDefaults(
  resolved: ResolvedInputs,
  form: Form,
  { clusters }: { readonly clusters: readonly Cluster[] | null },
): ResolvedInputs {
  const added: { readonly path: InputPath; readonly value: Json }[] = [];
  walkFields({ form, inputs: resolved.value, rows: [], clusters }, ({ field, path, value, context }) => {
    if (field.kind === "group" && field.default === undefined) {
      if (value !== undefined && !isObject(value)) return false;
      const { isIgnored, isOptional } = fieldStateOf(field, context);
      return isIgnored === false && (value !== undefined || isOptional === false);
    }
    if (field.kind === "list" && Array.isArray(value)) return fieldStateOf(field, context).isIgnored === false;
    if (value !== undefined || field.default === undefined || field.kind === "header") return false;
    const isSecret = secretsInDefault(String(path.at(-1)), field).length > 0;
    if (fieldStateOf(field, context).isIgnored === false && !isSecret) {
      added.push({ path, value: field.default });
    }
    return false;
  });
  if (added.length === 0) return resolved;
  const own = ownCopies();
  const filled = own(resolved.value);
  for (const { path, value } of added) {
    const around = path.slice(0, -1).reduce<Json[] | JsonObject>((outer, segment) => {
      const inner = valueInside(outer, segment);
      const copy = own(typeof inner === "object" && inner !== null ? inner : {});
      Object.assign(outer, { [segment]: copy });
      return copy;
    }, filled);
    Object.assign(around, { [String(path.at(-1))]: value });
  }
  return { ...resolved, value: filled, defaultPaths: new Set(added.map(({ path }) => formatPath(path))) };
}
