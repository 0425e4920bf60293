import assert from "node:assert/strict";
import { planSuites } from "../../lib/suites/plan.ts";
import { readSuites } from "../../lib/suites/read_suite.ts";
import { selectCases, type Selection } from "../../lib/suites/select.ts";

const ALL: Selection = {
  tags: [],
  cases: [],
  changedFiles: null,
  shard: null,
  repeat: 1,
  order: "file",
  random: () => 0,
};

async function planned(cases: string, files: Readonly<Record<string, string>> = {}) {
  const text = `version: 1\nsetup: [{ name: data, workflow: w }]\ncases:\n${cases}`;
  const suites = await readSuites(["suites/a.suite.yaml"], {
    nowMs: 0,
    readTextFile: (path) => {
      const found = path === "suites/a.suite.yaml" ? text : files[path];
      return found === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(found);
    },
  });
  return await planSuites(suites, { environment: null, env: () => undefined, overrides: {} });
}

const FILES = { "suites/base.json": "{}", "suites/known.yaml": "version: 1\nreference: {}\n" };
const CASES = `  - { name: a, workflow: w, tags: [fast], inputs: base.json }
  - { name: b, workflow: w, needs: a }
  - { name: c, workflow: w, setup: data, paths: ["../src/**"] }
  - { name: d, workflow: w, matrix: { k: [1, 2] }, reference: known.yaml }
`;

for (
  const [what, selection, want] of [
    ["everything", {}, ["setup data", "a", "b", "c", "d [k=1]", "d [k=2]"]],
    ["a tag", { tags: ["fast"] }, ["a"]],
    ["a case with what it needs", { cases: ["b"] }, ["a", "b"]],
    ["a case with its setup", { cases: ["c"] }, ["setup data", "c"]],
    ["a setup run, for its own sake", { cases: ["setup data"] }, ["setup data"]],
    ["one row of a matrix", { cases: ["d [k=2]"] }, ["d [k=2]"]],
    ["all rows of a matrix", { cases: ["d"] }, ["d [k=1]", "d [k=2]"]],
    ["a pattern", { cases: ["*2*"] }, ["d [k=2]"]],
    ["a changed suite", { changedFiles: ["suites/a.suite.yaml"] }, ["setup data", "a", "b", "c", "d [k=1]", "d [k=2]"]],
    ["a changed input file", { changedFiles: ["suites/base.json"] }, ["a"]],
    ["a changed source", { changedFiles: ["src/deep/solver.c"] }, ["setup data", "c"]],
    ["a changed file of references", { changedFiles: ["suites/known.yaml"] }, ["d [k=1]", "d [k=2]"]],
    ["nothing changed", { changedFiles: ["README.md"] }, []],
    ["the first shard", { shard: { index: 1, count: 2 } }, ["a", "b", "d [k=2]"]],
    ["the second shard", { shard: { index: 2, count: 2 } }, ["setup data", "c", "d [k=1]"]],
    [
      "a setup run for its own sake, in the first shard",
      { cases: ["setup data", "a"], shard: { index: 1, count: 2 } },
      ["setup data"],
    ],
    [
      "a setup run for its own sake, in the second shard",
      { cases: ["setup data", "a"], shard: { index: 2, count: 2 } },
      ["a"],
    ],
    ["repetitions", { cases: ["c"], repeat: 2 }, ["setup data", "c", "c #2"]],
  ] as const
) {
  Deno.test(`selectCases() of ${what} is ${want.join(", ") || "nothing"}`, async () => {
    const all = await planned(CASES, FILES);
    assert.deepEqual(selectCases(all, { ...ALL, ...selection }).map(({ name }) => name), want);
  });
}

for (
  const [file, want] of [
    ["suites/mesh.json", ["setup data", "uses", "follows"]],
    ["suites/gen.json", ["gen", "solves"]],
  ] as const
) {
  Deno.test(`selectCases() of the changed ${file} has the cases that use what a run with it has made`, async () => {
    const text = `version: 1
setup: [{ name: data, workflow: w, inputs: mesh.json }]
cases:
  - { name: uses, workflow: w, setup: data }
  - { name: follows, workflow: w, needs: uses, inputs: { x: "\${cases.uses.outputs.main.x}" } }
  - { name: gen, workflow: w, inputs: gen.json }
  - { name: solves, workflow: w, needs: gen, inputs: { x: "\${cases.gen.outputs.main.x}" } }
  - { name: later, workflow: w, needs: gen }
`;
    const readTextFile = (path: string) => Promise.resolve(path.endsWith(".json") ? "{}" : text);
    const suites = await readSuites(["suites/a.suite.yaml"], { nowMs: 0, readTextFile });
    const all = await planSuites(suites, { environment: null, env: () => undefined, overrides: {} });
    assert.deepEqual(selectCases(all, { ...ALL, changedFiles: [file] }).map(({ name }) => name), want);
  });
}

Deno.test("a case may follow thousands of others", async () => {
  const count = 8_000;
  const cases = Array.from({ length: count }, (_, n) => {
    return `  - { name: c${n}, workflow: w${n === count - 1 ? "" : `, needs: c${n + 1}`} }\n`;
  });
  const all = await planned(cases.join(""));
  assert.equal(selectCases(all, { ...ALL, cases: ["c0"] }).length, count);
  assert.equal(selectCases(all, { ...ALL, shard: { index: 1, count: 2 } }).length, count);
});

Deno.test("two asterisks match whole folders, also none", async () => {
  const all = await planned('  - { name: a, workflow: w, paths: ["../src/**/test.c", "../lib/**"] }\n');
  const isSelected = (file: string) => selectCases(all, { ...ALL, changedFiles: [file] }).length > 0;
  for (const file of ["src/test.c", "src/a/b/test.c", "lib/x", "lib/a/x"]) assert.ok(isSelected(file), file);
  for (const file of ["src/mytest.c", "src/a/latest.c", "other/lib/x"]) assert.ok(!isSelected(file), file);
});

Deno.test("an id stays the same when the file is rearranged, and differs between cases", async () => {
  const idsOf = (all: Awaited<ReturnType<typeof planned>>) => new Map(all.map(({ name, id }) => [name, id]));
  const before = idsOf(await planned(CASES, FILES));
  const after = idsOf(
    await planned(CASES.split("\n").toReversed().filter(Boolean).join("\n"), FILES),
  );
  assert.deepEqual([...after].sort(), [...before].sort());
  assert.equal(new Set(before.values()).size, before.size);
});

Deno.test("`id` identifies a case that was renamed", async () => {
  const [, before] = await planned("  - { name: old, id: x, workflow: w }\n");
  const [, after] = await planned("  - { name: new, id: x, workflow: w }\n");
  assert.equal(before?.id, after?.id);
});
