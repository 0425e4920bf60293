/** The layers: imports point down, npm packages come in through adapters, no cycles. Read from the real import graph. */

import assert from "node:assert/strict";
import { type ImportEdge, importGraph, sourceFiles } from "./support/import_graph.ts";

const ROOT = new URL("../", import.meta.url);

/** Top to bottom. Imports point down only; folders of one row do not import each other. */
const ROWS: readonly (readonly string[])[] = [
  ["main.ts", "functions/"],
  ["lib/cli/"],
  ["lib/prompts/", "lib/server/", "lib/mod.ts"],
  ["lib/scheduler/"],
  ["lib/suites/"],
  ["lib/batches/"],
  ["lib/reports/"],
  ["lib/runs/"],
  ["lib/platform/", "lib/store/", "lib/inputs/"],
  ["lib/simulator/"],
  ["lib/*.ts"],
  ["lib/deps/"],
  // Data that the program ships, like the demo's inputs.
  ["inputs/"],
];

/** The files that the simulator may import: it shares no code with the client. */
const SIMULATOR_MAY_IMPORT = /^lib\/(simulator\/|deps\/|json\.ts$|clock\.ts$)/;

function layerOf(file: string): string | undefined {
  if (/^lib\/(?!mod\.ts)[^/]+$/.test(file)) return "lib/*.ts";
  return ROWS.flat().find((layer) => layer.endsWith("/") ? file.startsWith(layer) : file === layer);
}

function rowOf(layer: string): number {
  return ROWS.findIndex((row) => row.includes(layer));
}

/** The problem of an import between two files of the project; `undefined` if it is allowed. */
function wrongImport({ from, to }: ImportEdge): string | undefined {
  const fromLayer = layerOf(from);
  if (fromLayer === undefined) return undefined;
  const toLayer = layerOf(to);
  if (toLayer === undefined) return `${from} must not import ${to}: it is not part of the program`;
  if (fromLayer === "lib/simulator/" && !SIMULATOR_MAY_IMPORT.test(to)) {
    return `${from} must not import ${to}: the simulator shares no code with the client`;
  }
  if (fromLayer === toLayer) return undefined;
  if (rowOf(fromLayer) > rowOf(toLayer)) return `${from} must not import ${to}: it is in a higher layer`;
  if (rowOf(fromLayer) === rowOf(toLayer)) return `${from} must not import ${to}: they are in the same layer`;
  return undefined;
}

function wrongPackage({ from, to }: ImportEdge): string | undefined {
  if (/^(node|file):/.test(to) || !/^[a-z]+:/.test(to)) return undefined;
  const isAdapter = from.startsWith("lib/deps/") || from.startsWith("tests/deps/");
  if (!isAdapter) return `${from} must not name ${to}: packages come in through lib/deps/`;
  if (!/^npm:(@[^/]+\/)?[^/@]+@\d+\.\d+\.\d+(-[\w.]+)?(\/|$)/.test(to)) {
    return `${from} must name ${to} at an exact version`;
  }
  return undefined;
}

function violations(edges: readonly ImportEdge[]): readonly string[] {
  const isOutside = ({ to }: ImportEdge) => /^[a-z]+:/.test(to);
  return edges.flatMap((edge) => (isOutside(edge) ? wrongPackage(edge) : wrongImport(edge)) ?? []);
}

const PROGRAM = ["main.ts", ...await sourceFiles(ROOT, "lib/"), ...await sourceFiles(ROOT, "functions/")];
const DEVELOPMENT = [...await sourceFiles(ROOT, "tests/"), ...await sourceFiles(ROOT, "bench/")];

Deno.test("imports point down, and packages come in through adapters", async () => {
  const graph = await importGraph(ROOT, [...PROGRAM, ...DEVELOPMENT]);
  assert.deepEqual(graph.problems, []);
  assert.deepEqual([...PROGRAM, ...DEVELOPMENT].filter((file) => !graph.files.has(file)), []);
  assert.deepEqual(violations(graph.edges), []);
});

Deno.test("there are no import cycles", async () => {
  const { edges } = await importGraph(ROOT, PROGRAM);
  assert.deepEqual(cyclesIn(edges), []);
});

Deno.test("every file of the program is in a layer", () => {
  assert.deepEqual(PROGRAM.filter((file) => layerOf(file) === undefined), []);
});

Deno.test("every layer exists", async () => {
  for (const layer of ROWS.flat().filter((layer) => !layer.includes("*"))) await Deno.stat(new URL(layer, ROOT));
});

Deno.test("no file of the program is longer than 400 lines", async () => {
  const long = await Promise.all(PROGRAM.map(async (file) => {
    const lines = (await Deno.readTextFile(new URL(file, ROOT))).split("\n").length - 1;
    return lines > 400 ? [`${file}: ${lines} lines`] : [];
  }));
  assert.deepEqual(long.flat(), []);
});

for (
  const [from, to] of [
    ["main.ts", "lib/cli/start.ts"],
    ["functions/serve.ts", "lib/cli/serve.ts"],
    ["lib/cli/program.ts", "lib/prompts/fill.ts"],
    ["lib/cli/commands/schedules.ts", "lib/scheduler/occurrences.ts"],
    ["lib/server/app.ts", "lib/scheduler/service.ts"],
    ["functions/schedules.ts", "lib/scheduler/define.ts"],
    ["lib/scheduler/tick.ts", "lib/runs/advance.ts"],
    ["lib/runs/execute.ts", "lib/store/run_store.ts"],
    ["lib/platform/http.ts", "lib/platform/schema.ts"],
    ["lib/suites/format.ts", "lib/deps/zod.ts"],
    ["lib/errors.ts", "lib/problem.ts"],
    ["lib/simulator/start.ts", "lib/clock.ts"],
    ["lib/deps/zod.ts", "npm:zod@4.6.7/mini"],
    ["lib/deps/prompts.ts", "npm:@clack/prompts@1.2.3"],
    ["tests/platform/http_test.ts", "lib/platform/http.ts"],
    ["tests/platform/http_test.ts", "node:assert/strict"],
  ] as const
) {
  Deno.test(`the layers allow ${from} to import ${to}`, () => assert.deepEqual(violations([{ from, to }]), []));
}

for (
  const [from, to] of [
    ["lib/platform/http.ts", "lib/cli/output.ts"],
    ["lib/platform/http.ts", "lib/runs/poll_interval.ts"],
    ["lib/platform/http.ts", "lib/store/run_store.ts"],
    ["lib/simulator/start.ts", "lib/platform/schema.ts"],
    ["lib/simulator/start.ts", "lib/escape.ts"],
    ["lib/inputs/layers.ts", "lib/platform/client.ts"],
    ["lib/scheduler/tick.ts", "lib/server/app.ts"],
    ["lib/prompts/fill.ts", "lib/cli/output.ts"],
    ["lib/prompts/fill.ts", "lib/server/app.ts"],
    ["lib/cli/program.ts", "main.ts"],
    ["lib/run.ts", "lib/platform/client.ts"],
    ["lib/deps/zod.ts", "lib/json.ts"],
    ["lib/platform/http.ts", "tests/support/virtual_clock.ts"],
    ["lib/platform/http.ts", "lib/misc/text.ts"],
    ["functions/main.ts", "main.ts"],
    ["lib/suites/format.ts", "npm:zod@4.6.7"],
    ["tests/platform/schema_test.ts", "npm:zod@4.6.7"],
    ["lib/platform/schema.ts", "https://example.com/zod.ts"],
    ["lib/deps/zod.ts", "npm:zod@^4.6.7"],
    ["lib/deps/zod.ts", "npm:zod"],
  ] as const
) {
  Deno.test(`the layers forbid ${from} to import ${to}`, () => {
    const [message, ...rest] = violations([{ from, to }]);
    assert.deepEqual(rest, []);
    assert.ok(message?.includes(from) && message.includes(to), message);
  });
}

Deno.test("cyclesIn() names the files of each cycle once", () => {
  const edges = [["a", "b"], ["b", "c"], ["c", "a"], ["c", "d"], ["d", "e"], ["e", "d"], ["f", "a"]] as const;
  assert.deepEqual(cyclesIn(edges.map(([from, to]) => ({ from, to }))), ["a -> b -> c", "d -> e"]);
});

Deno.test("importGraph() reads code, type, re-export and dynamic imports", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const root = new URL(`file://${folder}/`);
    await Deno.mkdir(new URL("lib/platform/", root), { recursive: true });
    await Deno.mkdir(new URL("lib/cli/", root));
    await Deno.writeTextFile(
      new URL("lib/platform/http.ts", root),
      `import { a } from "../cli/code.ts";
       import type { A } from "../cli/type.ts";
       export type { A as B } from "../cli/again.ts";
       export type C = import("../cli/inline.ts").A;
       export const d: A = (await import("../cli/dynamic.ts")).a + a;
       import "../gone.ts";`,
    );
    for (const name of ["code", "type", "again", "inline", "dynamic"]) {
      await Deno.writeTextFile(new URL(`lib/cli/${name}.ts`, root), "export const a = 1;\nexport type A = number;\n");
    }
    const graph = await importGraph(root, ["lib/platform/http.ts"]);
    assert.deepEqual(
      [...violations(graph.edges)].sort(),
      ["again", "code", "dynamic", "inline", "type"].map((name) =>
        `lib/platform/http.ts must not import lib/cli/${name}.ts: it is in a higher layer`
      ),
    );
    assert.equal(graph.problems.length, 1);
    assert.match(graph.problems.join(), /^lib\/gone\.ts: Module not found/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Strongly connected groups of more than one file, each sorted (Tarjan's algorithm). */
function cyclesIn(edges: readonly ImportEdge[]): readonly string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of edges) targets.set(from, [...targets.get(from) ?? [], to]);
  const found: string[] = [];
  const indexes = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): number => {
    const index = indexes.size;
    let low = index;
    indexes.set(file, index);
    stack.push(file);
    for (const target of targets.get(file) ?? []) {
      if (!indexes.has(target)) low = Math.min(low, visit(target));
      else if (stack.includes(target)) low = Math.min(low, indexes.get(target) ?? low);
    }
    if (low === index) {
      const group = stack.splice(stack.indexOf(file)).sort();
      if (group.length > 1) found.push(group.join(" -> "));
    }
    return low;
  };
  for (const file of targets.keys()) if (!indexes.has(file)) visit(file);
  return found.sort();
}
