/** The matrix of a batch file, with its filters and its sample. */

import { nameOfType } from "../inputs/document.ts";
import { parsePath } from "../inputs/path.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { type Axis, parseAxisItems } from "./axis.ts";
import { type BatchSource, type Members, originAt, report } from "./draft.ts";
import { type Assignment, type MatrixFilter, type MatrixSpec, MAX_ROWS } from "./matrix.ts";
import { DEFAULT_SEED } from "./matrix_arguments.ts";

/** It is whole unless problems were reported. */
export function readMatrixSpec(members: Members, source: BatchSource): MatrixSpec {
  return {
    axes: axesIn(members.object("matrix") ?? {}, source),
    isZipped: members.flag("zip"),
    exclude: filtersIn(members.list("exclude"), source),
    sample: sampleOf(members, source),
  };
}

function axesIn(matrix: JsonObject, source: BatchSource): Axis[] {
  if (Object.keys(matrix).length === 0) report(source, ["matrix"], "needs at least one input");
  return Object.entries(matrix).flatMap(([name, value]): Axis[] => {
    const path = parsePath(name);
    if (path === undefined) {
      report(source, ["matrix", name], "is not a path like slurm.partition");
      return [];
    }
    if (isObject(value) || value === null) {
      report(source, ["matrix", name], `must be a list of values, or a range like 1..10: got ${nameOfType(value)}`);
      return [];
    }
    const origin = originAt(source, ["matrix", name]);
    if (typeof value === "string") return [{ path, origin, items: parseAxisItems(value) }];
    return [{ path, origin, items: { type: "values", values: Array.isArray(value) ? value : [value] } }];
  });
}

function filtersIn(list: readonly Json[], source: BatchSource): MatrixFilter[] {
  return list.flatMap((filter, index): MatrixFilter[] => {
    if (!isObject(filter) || Object.keys(filter).length === 0) {
      report(source, ["exclude", index], "must be an object of inputs, like {mesh.size: 0.1}");
      return [];
    }
    const values = Object.entries(filter).flatMap(([name, value]): Assignment[] => {
      const path = parsePath(name);
      if (path === undefined) report(source, ["exclude", index, name], "is not a path like slurm.partition");
      return path === undefined ? [] : [{ path, value }];
    });
    return [{ origin: originAt(source, ["exclude", index]), values }];
  });
}

function sampleOf(members: Members, source: BatchSource) {
  const count = members.count("sample", { min: 1, max: MAX_ROWS });
  const seed = members.count("seed", { min: 0 }) ?? DEFAULT_SEED;
  const sampling = members.text("sampling") ?? "random";
  if (sampling !== "random" && sampling !== "lhs") {
    report(source, ["sampling"], `must be random or lhs: got "${sampling}"`);
    return null;
  }
  return count === undefined ? null : { count, seed, sampling } as const;
}
