import { NotFound } from "../../../lib/errors.ts";
import { readForm } from "../../../lib/inputs/read_form.ts";
import type { Json, JsonObject } from "../../../lib/json.ts";
import type { Problem } from "../../../lib/problem.ts";
import {
  type ReadRow,
  readRows,
  type RowDeps,
  type RowSources,
  type RowsRead,
} from "../../../lib/batches/read_rows.ts";

const INPUTS: Readonly<Record<string, JsonObject>> = {
  solve: {
    title: { type: "string" },
    count: { type: "number" },
    fast: { type: "boolean" },
    token: { type: "password" },
    mesh: { type: "group", items: { size: { type: "number" }, file: { type: "string" } } },
    cases: { type: "list", template: { n: { type: "number" } } },
  },
  mesh: { size: { type: "number" } },
  named: { name: { type: "string" }, tags: { type: "string" } },
};

export function depsFor(files: Readonly<Record<string, string>>): RowDeps {
  const read = (path: string) => {
    const text = files[path];
    return text === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(text);
  };
  return {
    readTextFile: read,
    readStdin: () => read("-"),
    listFiles: (folder, pattern, kind = "file") => {
      const prefix = folder === "." ? "" : `${folder}/`;
      const inside = Object.keys(files).filter((path) => path.startsWith(prefix)).map((path) =>
        path.slice(prefix.length)
      );
      const names = kind === "file"
        ? inside.filter((path) => !path.includes("/"))
        : inside.flatMap((path) => path.includes("/") ? path.split("/")[0] ?? [] : []);
      return Promise.resolve(
        [...new Set(names)].filter((name) => pattern.test(name)).sort().map((name) => prefix + name),
      );
    },
    formOf(workflow) {
      const inputs = INPUTS[workflow];
      if (inputs === undefined) return Promise.reject(new NotFound("", { hint: 'Did you mean "solve"?' }));
      return Promise.resolve(readForm({ on: { execute: { inputs } } }));
    },
  };
}

export async function readFiles(
  files: Readonly<Record<string, string>>,
  sources: Partial<RowSources> = {},
): Promise<RowsRead> {
  const named = Object.keys(files).slice(0, 1);
  return await readRows({ files: named, workflow: null, overrides: [], repeat: 1, ...sources }, depsFor(files));
}

/** The inputs of each row; throws if there are problems. */
export function inputsOf({ rows, problems }: RowsRead): Json[] {
  if (problems.length > 0) throw new Error(linesOf(problems).join("\n"));
  return rows.map(({ inputs }) => inputs);
}

export function linesOf(problems: readonly Problem[]): string[] {
  return problems.map(({ origin, path, message }) => [origin, path, message].filter((part) => part !== "").join(" "));
}

export function shape(row: ReadRow | undefined): JsonObject {
  const { place = "", workflow = "", id = null, label = "", displayName = null, tags = [], locks = [] } = row ?? {};
  return { place, workflow, id, label, displayName, tags: [...tags], locks: [...locks] };
}
