/** The house's rows: imports point down, npm packages come in by their doors. Read from the real import graph. */

import assert from "node:assert/strict";
import { type ImportEdge, importGraph, sourceFiles } from "./support/import_graph.ts";

const ROOT = new URL("../", import.meta.url);

/** Where a file stands. Equal heights don't import each other, but for folders that `order` lets look down a row. */
interface Place {
  readonly folder: string;
  readonly height: number;
  /** Within a row of faces: a folder may import those of a higher order. */
  readonly order?: number;
}

const FOLDERS: readonly Place[] = [
  { folder: "functions/", height: 5 },
  { folder: "lib/cli/", height: 4, order: 0 },
  { folder: "lib/prompts/", height: 4, order: 1 },
  { folder: "lib/reports/", height: 4, order: 2 },
  { folder: "lib/suites/", height: 4, order: 3 },
  { folder: "lib/schedules/", height: 4, order: 3 },
  { folder: "lib/contact/", height: 4, order: 4 },
  { folder: "lib/executor/", height: 3 },
  { folder: "lib/sessions/", height: 3 },
  { folder: "lib/client/", height: 2 },
  { folder: "lib/ledger/", height: 2 },
  { folder: "lib/inputs/", height: 2 },
  { folder: "lib/simulator/", height: 2 },
  { folder: "lib/deps/", height: 0 },
  // Data that a program carries along, like the demo's payload.
  { folder: "inputs/", height: 0 },
];

function placeOf(file: string): Place | undefined {
  if (file === "main.ts") return { folder: file, height: 5 };
  if (file === "lib/mod.ts") return { folder: file, height: 4, order: 1 };
  if (/^lib\/[^/]+$/.test(file)) return { folder: "lib/*.ts", height: 1 };
  return FOLDERS.find(({ folder }) => file.startsWith(folder));
}

/** What is wrong with an edge between files of the house; `undefined` when nothing is. */
function wrongArrow({ from, to }: ImportEdge): string | undefined {
  const above = placeOf(from);
  if (above === undefined) return undefined;
  const below = placeOf(to);
  if (below === undefined) return `${from} must not import ${to}: it is no part of the program`;
  if (above.folder === below.folder) return undefined;
  if (to === "lib/mod.ts") return `${from} must not import ${to}: import the file that is meant`;
  if (above.height < below.height) return `${from} must not import ${to}: it stands higher`;
  if (above.height > below.height) return undefined;
  if (above.order !== undefined && below.order !== undefined && above.order < below.order) return undefined;
  return `${from} must not import ${to}: they stand side by side`;
}

function wrongPackage({ from, to }: ImportEdge): string | undefined {
  if (/^(node|file):/.test(to) || !/^[a-z]+:/.test(to)) return undefined;
  const isDoor = from.startsWith("lib/deps/") || from.startsWith("tests/deps/");
  if (!isDoor) return `${from} must not name ${to}: packages come in through lib/deps/`;
  if (!/^npm:(@[^/]+\/)?[^/@]+@\d+\.\d+\.\d+(-[\w.]+)?(\/|$)/.test(to)) {
    return `${from} must name ${to} at an exact version`;
  }
  return undefined;
}

function violations(edges: readonly ImportEdge[]): readonly string[] {
  const isOutside = ({ to }: ImportEdge) => /^[a-z]+:/.test(to);
  return edges.flatMap((edge) => (isOutside(edge) ? wrongPackage(edge) : wrongArrow(edge)) ?? []);
}

const PROGRAM = ["main.ts", ...await sourceFiles(ROOT, "lib/"), ...await sourceFiles(ROOT, "functions/")];
const AROUND = [...await sourceFiles(ROOT, "tests/"), ...await sourceFiles(ROOT, "bench/")];

Deno.test("imports point down, and packages come in by their doors", async () => {
  const graph = await importGraph(ROOT, [...PROGRAM, ...AROUND]);
  assert.deepEqual(graph.problems, []);
  assert.deepEqual([...PROGRAM, ...AROUND].filter((file) => !graph.files.has(file)), []);
  assert.deepEqual(violations(graph.edges), []);
});

Deno.test("every file of the program has its place", () => {
  assert.deepEqual(PROGRAM.filter((file) => placeOf(file) === undefined), []);
});

for (
  const [from, to] of [
    ["main.ts", "lib/cli/program.ts"],
    ["lib/cli/program.ts", "lib/prompts/fill.ts"],
    ["lib/prompts/fill.ts", "lib/suites/plan.ts"],
    ["lib/mod.ts", "lib/suites/plan.ts"],
    ["lib/cli/commands/schedules.ts", "lib/scheduler/occurrences.ts"],
    ["functions/schedules.ts", "lib/scheduler/define.ts"],
    ["lib/runs/execute.ts", "lib/store/run_store.ts"],
    ["lib/platform/http.ts", "lib/client/wire.ts"],
    ["lib/client/wire.ts", "lib/deps/zod.ts"],
    ["lib/errors.ts", "lib/model.ts"],
    ["lib/deps/zod.ts", "npm:zod@4.6.7/mini"],
    ["lib/deps/prompts.ts", "npm:@clack/prompts@1.2.3"],
    ["tests/platform/http_test.ts", "lib/platform/http.ts"],
    ["tests/platform/http_test.ts", "node:assert/strict"],
  ] as const
) {
  Deno.test(`the rows allow ${from} to import ${to}`, () => assert.deepEqual(violations([{ from, to }]), []));
}

for (
  const [from, to] of [
    ["lib/platform/http.ts", "lib/cli/output.ts"],
    ["lib/platform/http.ts", "lib/runs/poll_interval.ts"],
    ["lib/platform/http.ts", "lib/store/run_store.ts"],
    ["lib/simulator/server.ts", "lib/client/wire.ts"],
    ["lib/inputs/layers.ts", "lib/platform/client.ts"],
    ["lib/runs/execute.ts", "lib/sessions/tunnel.ts"],
    ["lib/suites/plan.ts", "lib/reports/junit.ts"],
    ["lib/scheduler/due.ts", "lib/suites/plan.ts"],
    ["lib/prompts/fill.ts", "lib/cli/output.ts"],
    ["lib/cli/program.ts", "lib/mod.ts"],
    ["lib/cli/program.ts", "main.ts"],
    ["lib/model.ts", "lib/platform/client.ts"],
    ["lib/deps/zod.ts", "lib/model.ts"],
    ["lib/platform/http.ts", "tests/support/virtual_clock.ts"],
    ["lib/platform/http.ts", "lib/misc/text.ts"],
    ["functions/main.ts", "main.ts"],
    ["lib/client/wire.ts", "npm:zod@4.6.7"],
    ["tests/client/wire_test.ts", "npm:zod@4.6.7"],
    ["lib/client/wire.ts", "https://example.com/zod.ts"],
    ["lib/deps/zod.ts", "npm:zod@^4.6.7"],
    ["lib/deps/zod.ts", "npm:zod"],
  ] as const
) {
  Deno.test(`the rows forbid ${from} to import ${to}`, () => {
    const [message, ...rest] = violations([{ from, to }]);
    assert.deepEqual(rest, []);
    assert.ok(message?.includes(from) && message.includes(to), message);
  });
}

Deno.test("a planted house is read through code, type, re-export and dynamic edges", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const root = new URL(`file://${folder}/`);
    await Deno.mkdir(new URL("lib/client/", root), { recursive: true });
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
        `lib/platform/http.ts must not import lib/cli/${name}.ts: it stands higher`
      ),
    );
    assert.equal(graph.problems.length, 1);
    assert.match(graph.problems.join(), /^lib\/gone\.ts: Module not found/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
