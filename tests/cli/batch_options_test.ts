import assert from "node:assert/strict";
import { readArgv } from "../../lib/cli/argv.ts";
import { MATRIX_OPTIONS, matrixArguments } from "../../lib/cli/batch/options.ts";

Deno.test("the options of a matrix may be repeated, and keep commas", () => {
  const argv = ["--matrix", "a=1,2", "--matrix=b=x", "--exclude", "a=1,b=x", "--sample", "3", "--sampling", "lhs"];
  assert.deepEqual(matrixArguments(readArgv("run", MATRIX_OPTIONS, argv)), {
    matrix: ["a=1,2", "b=x"],
    zip: false,
    exclude: ["a=1,b=x"],
    include: [],
    sample: 3,
    seed: undefined,
    sampling: "lhs",
  });
});

for (const argv of [["--zip"], ["--exclude", "a=1"], ["--seed", "0"], ["--sampling", "random"]]) {
  Deno.test(`${argv[0]} alone is about a matrix, too`, () => {
    assert.deepEqual(matrixArguments(readArgv("run", MATRIX_OPTIONS, argv))?.matrix, []);
  });
}

Deno.test("a run without these options has no matrix", () => {
  assert.equal(matrixArguments(readArgv("run", MATRIX_OPTIONS, [])), undefined);
});
