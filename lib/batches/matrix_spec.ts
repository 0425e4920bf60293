/** Reads a matrix: the options of `run --matrix`, or the matrix of a batch file with its filters and its sample. */

import { InvalidInputs } from "../errors.ts";
import { jsonIn, nameOfType } from "../inputs/document.ts";
import { ASSIGNMENT } from "../inputs/layers.ts";
import { type InputPath, isObject, type Json, type JsonObject, parsePath } from "../json.ts";
import type { Problem } from "../problem.ts";
import { counted } from "../text.ts";
import { type Axis, parseAxisItems } from "./axis.ts";
import { type BatchSource, type Members, originAt, report } from "./draft.ts";
import { type Assignment, type MatrixFilter, type MatrixSpec, MAX_ROWS, type Sampling } from "./matrix.ts";

export interface MatrixArguments {
  /** `mesh.size=0.1,0.2`, `steps=1..10`, `rate=1e-5..1e-1:log`, `case:=["a,b", "c"]`. */
  readonly matrix: readonly string[];
  readonly zip: boolean;
  /** `mesh.size=0.1,solver=fast`. */
  readonly exclude: readonly string[];
  readonly include: readonly string[];
  readonly sample: number | undefined;
  readonly seed: number | undefined;
  readonly sampling: Sampling | undefined;
}

/** The same command draws the same rows again, which recognizes them. */
export const DEFAULT_SEED = 1;

/** @throws InvalidInputs with all problems. */
export function parseMatrixArguments({ matrix, zip, exclude, include, sample, seed, sampling }: MatrixArguments) {
  const problems: Problem[] = [];
  const axes: Axis[] = [];
  for (const text of matrix) {
    const origin = `--matrix ${ASSIGNMENT.exec(text)?.[1] ?? text}`;
    const assignment = assignmentIn(text, { example: "mesh.size=0.1,0.2 or steps=1..10", origin, problems });
    if (assignment === undefined) continue;
    const { path, value } = assignment;
    if (typeof value === "string" || Array.isArray(value)) axes.push(axisOf(path, origin, value));
    else problems.push({ origin, path: "", message: "must be a list of values" });
  }
  const filtersIn = (option: string, texts: readonly string[]) =>
    texts.map((text): MatrixFilter => {
      const place = { example: "mesh.size=0.1,solver=fast", origin: `${option} ${text}`, problems };
      return { origin: place.origin, values: text.split(COMMA).flatMap((part) => assignmentIn(part, place) ?? []) };
    });
  const spec = {
    axes,
    isZipped: zip,
    exclude: filtersIn("--exclude", exclude),
    include: filtersIn("--include", include),
    sample: sample === undefined
      ? null
      : { count: sample, seed: seed ?? DEFAULT_SEED, sampling: sampling ?? "random" } as const,
  };
  if (matrix.length === 0) {
    const message = "is missing: write --matrix NAME=VALUES, like --matrix mesh.size=0.1,0.2";
    problems.push({ origin: "--matrix", path: "", message });
  }
  if (sample === undefined) {
    for (const [option, value] of [["--seed", seed], ["--sampling", sampling]] as const) {
      if (value !== undefined) problems.push({ origin: option, path: "", message: "is only for --sample" });
    }
  }
  if (problems.length === 0) return spec;
  throw new InvalidInputs(`Cannot read the matrix: ${counted(problems.length, "problem")}`, problems);
}

/** Between assignments: a comma inside of JSON separates nothing. */
const COMMA = /,(?=(?:\["(?:[^"\\]|\\.)*"\]|[\w.[\]-])+:?=)/;

function assignmentIn(
  text: string,
  { example, origin, problems }: { readonly example: string; readonly origin: string; readonly problems: Problem[] },
): Assignment | undefined {
  const [, name = "", operator, value = ""] = ASSIGNMENT.exec(text) ?? [];
  const path = parsePath(name);
  if (path === undefined) return void problems.push({ origin, path: "", message: `must be written like ${example}` });
  const otherwise = "is not JSON: := takes JSON; use = for text";
  const parsed = operator === ":=" ? jsonIn(value, { origin, path: name, problems, otherwise }) : value;
  return parsed === undefined ? undefined : { path, value: parsed };
}

/** @param value A text with values or a range, a list of values, or one value. */
function axisOf(path: InputPath, origin: string, value: Json): Axis {
  if (typeof value === "string") return { path, origin, items: parseAxisItems(value) };
  return { path, origin, items: { type: "values", values: [value].flat() } };
}

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
  return assignmentsOf(matrix, source, ["matrix"]).flatMap(({ path, name, value }): Axis[] => {
    if (isObject(value) || value === null) {
      report(source, ["matrix", name], `must be a list of values, or a range like 1..10: got ${nameOfType(value)}`);
      return [];
    }
    return [axisOf(path, originAt(source, ["matrix", name]), value)];
  });
}

function assignmentsOf(object: JsonObject, source: BatchSource, around: InputPath) {
  return Object.entries(object).flatMap(([name, value]) => {
    const path = parsePath(name);
    if (path === undefined) report(source, [...around, name], "is not a path like slurm.partition");
    return path === undefined ? [] : [{ path, name, value }];
  });
}

function filtersIn(list: readonly Json[], source: BatchSource): MatrixFilter[] {
  return list.flatMap((filter, index): MatrixFilter[] => {
    if (!isObject(filter) || Object.keys(filter).length === 0) {
      report(source, ["exclude", index], "must be an object of inputs, like {mesh.size: 0.1}");
      return [];
    }
    const path = ["exclude", index];
    return [{ origin: originAt(source, path), values: assignmentsOf(filter, source, path) }];
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
