/** The cases of a suite before their settings are merged, and which of them wait for each other. */

import type { InputLayer } from "../inputs/merge.ts";
import type { InputPath } from "../json.ts";
import type { AxisValue } from "./matrix.ts";
import type { CaseDocument } from "./format.ts";
import { referencesOf } from "./references.ts";

export interface Need {
  readonly id: string;
  readonly when: "passed" | "finished";
}

export interface Drafted {
  readonly id: string;
  readonly kind: "case" | "setup";
  readonly document: Partial<CaseDocument> & { readonly name: string };
  readonly path: InputPath;
  readonly values: readonly AxisValue[];
}

/** Each with all rows of its matrix. */
export type DraftsByName = ReadonlyMap<string, readonly Drafted[]>;

export function matrixOf(values: readonly AxisValue[]): Readonly<Record<string, string>> {
  return Object.fromEntries(values.map(({ axis, name }) => [axis, name]));
}

/** The name of a case with the values of its matrix. */
export function nameOf(name: string, matrix: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(matrix).map(([axis, value]) => `${axis}=${value}`);
  return pairs.length === 0 ? name : `${name} [${pairs.join(", ")}]`;
}

interface NeedContext {
  readonly byName: DraftsByName;
  readonly setups: readonly string[];
  readonly inputs: readonly InputLayer[];
  report(message: string): void;
}

/** Of the rows of a needed case, those that agree with this one on the keys that both have. */
export function needsOf(
  { kind, document, values }: Drafted,
  { byName, setups, inputs, report }: NeedContext,
): readonly Need[] {
  const draftsOf = (wanted: Drafted["kind"], name: string) =>
    byName.get(name)?.filter((other) => other.kind === wanted) ?? [];
  const wanted: readonly { readonly case: string; readonly when?: Need["when"] | undefined }[] = [document.needs ?? []]
    .flat().map((need) => typeof need === "string" ? { case: need } : need);
  const agrees = (other: Drafted) =>
    other.values.every(({ axis, name }) => values.every((own) => own.axis !== axis || own.name === name));
  const found = wanted.flatMap(({ case: name, when = "passed" }) => {
    const all = draftsOf("case", name);
    const rows = all.filter(agrees);
    if (rows.length === 0) {
      const axes = new Set(all.flatMap((other) => other.values.map(({ axis }) => axis)));
      const own = values.filter(({ axis }) => axes.has(axis)).map(({ axis, name }) => `${axis}=${name}`).join(", ");
      report(`${name} is not run with ${own || "any value"}: add that to its matrix, or exclude it from this one`);
    }
    const isUsed = referencesOf(inputs).some((one) => one.type === "output" && one.of === "cases" && one.name === name);
    const [first, second] = rows.map((other) => nameOf(name, matrixOf(other.values)));
    if (isUsed && first !== undefined && second !== undefined) {
      report(`the inputs name an output of ${name}, which has several here: of ${first} and ${second}`);
    }
    return rows.map(({ id }): Need => ({ id, when }));
  });
  if (kind === "setup") return found;
  const needed = [...new Set(setups)].flatMap((name) => draftsOf("setup", name));
  return [...needed.map(({ id }): Need => ({ id, when: "passed" })), ...found];
}
