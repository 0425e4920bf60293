import type { BatchRow } from "../batch.ts";
import { findSecrets } from "../inputs/secrets.ts";
import type { Form } from "../inputs/form.ts";
import { canonicalJson, isInside, isObject, joinPath, type Json, type JsonObject } from "../json.ts";
import { shortened } from "../text.ts";

type LabeledRow = Pick<BatchRow, "workflow" | "displayName" | "inputs"> & { readonly form: Form | null };

/** Longer labels do not fit beside other columns, nor in the name of a run. */
const MAX_LABEL_LENGTH = 60;

/**
 * Names each row by its own name, else by the inputs in which it differs from the others, like `mesh.size=0.1 solver=fast`.
 * Each label occurs once. Secrets are not shown.
 */
export function labelsOf(rows: readonly LabeledRow[]): readonly string[] {
  const differing = differingValues(rows.map(shownInputs));
  const hasWorkflows = new Set(rows.map(({ workflow }) => workflow)).size > 1;
  /** How many labels each text has had: its own, and numbered ones. */
  const counts = new Map<string, number>();
  return rows.map(({ displayName, workflow }, index) => {
    const parts = differing[index]?.map((pair) => pair.join("=")) ?? [];
    const text = displayName ?? [...(hasWorkflows ? [workflow] : []), ...parts].join(" ");
    const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
    const own = shortened(line === "" ? `row ${index + 1}` : line, MAX_LABEL_LENGTH);
    let count = counts.get(own) ?? 0;
    let label = own;
    while (counts.has(label)) label = `${own} (${++count})`;
    counts.set(label, 1);
    if (label !== own) counts.set(own, count);
    return label;
  });
}

/** Every value that is no object, by its path. */
export function leavesOf(inputs: JsonObject): Map<string, Json> {
  const leaves = new Map<string, Json>();
  const visit = (value: Json, path: string) => {
    const members = isObject(value) ? Object.entries(value) : [];
    if (members.length === 0 && path !== "") leaves.set(path, value);
    for (const [name, member] of members) visit(member, joinPath(path, name));
  };
  visit(inputs, "");
  return leaves;
}

function shownInputs({ inputs, form }: LabeledRow): Map<string, Json> {
  const secrets = findSecrets(inputs, { form, secretPaths: [] });
  // A list is one leaf, and so is hidden with a secret inside it.
  const isHidden = (path: string) =>
    secrets.some((secret) => path === secret || isInside(path, secret) || isInside(secret, path));
  return new Map([...leavesOf(inputs)].filter(([path]) => !isHidden(path)));
}

/** Of each row, what not all rows have, or not with the same value, in the order in which the names occur. */
export function differingValues(rows: readonly ReadonlyMap<string, Json>[]): [name: string, text: string][][] {
  const names = namesIn(rows).filter((name) => {
    const texts = rows.values().map((leaves) => {
      const value = leaves.get(name);
      return value === undefined ? undefined : canonicalJson(value);
    });
    const { value: first } = texts.next();
    return texts.some((text) => text !== first);
  });
  return rows.map((leaves) =>
    names.flatMap((name) => {
      const value = leaves.get(name);
      return value === undefined ? [] : [[name, typeof value === "string" ? value : JSON.stringify(value)]];
    })
  );
}

/** In the order in which they occur. */
export function namesIn(rows: readonly ReadonlyMap<string, Json>[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => [...row.keys()]))];
}
