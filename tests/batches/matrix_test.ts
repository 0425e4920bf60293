import assert from "node:assert/strict";
import { InvalidInputs } from "../../lib/errors.ts";
import type { Json } from "../../lib/json.ts";
import { createInputLayer } from "../../lib/inputs/merge.ts";
import { parseAxisItems, resolveAxis } from "../../lib/batches/axis.ts";
import { readMatrixRows, type RowsRead } from "../../lib/batches/read_rows.ts";
import type { MatrixArguments } from "../../lib/batches/matrix_spec.ts";
import { depsFor, inputsOf, linesOf } from "./support/sources.ts";

const NOTHING: MatrixArguments = {
  matrix: [],
  zip: false,
  exclude: [],
  include: [],
  sample: undefined,
  seed: undefined,
  sampling: undefined,
};

function rowsOf(parts: Partial<MatrixArguments>, repeat = 1): Promise<RowsRead> {
  const layers = [createInputLayer("-i #1", { mesh: { file: "a.msh" } })];
  return readMatrixRows({ workflow: "solve", layers, matrix: { ...NOTHING, ...parts }, repeat }, depsFor({}));
}

/** `count/title` of each row. */
async function shortRows(parts: Partial<MatrixArguments>): Promise<string[]> {
  return inputsOf(await rowsOf(parts)).map((inputs) => {
    assert.ok(typeof inputs === "object" && inputs !== null && !Array.isArray(inputs));
    return `${inputs["count"] ?? "-"}/${inputs["title"] ?? "-"}`;
  });
}

for (
  const [text, declared, want] of [
    ["1,2,4", "number", [1, 2, 4]],
    ["1, 2", "text", ["1", "2"]],
    ["007,NO,1e5", "text", ["007", "NO", "1e5"]],
    ["007,NO,1e5", "number", [7, "NO", 100_000]],
    ["true,false", "boolean", [true, false]],
    ["1,x,true", undefined, [1, "x", true]],
    ["1..4", "number", [1, 2, 3, 4]],
    ["1..4", "text", ["1", "2", "3", "4"]],
    ["08..10", "text", ["08", "09", "10"]],
    ["1..003", "text", ["001", "002", "003"]],
    ["000..100:3", "text", ["000", "050", "100"]],
    ["08..10", "number", [8, 9, 10]],
    ["-1..01", "text", ["-1", "0", "1"]],
    ["3..1", "number", [3, 2, 1]],
    ["-1..1", "number", [-1, 0, 1]],
    ["20260105120000..20260105120002", "number", [20260105120000, 20260105120001, 20260105120002]],
    ["20260105120000..20260105120004:3", "text", ["20260105120000", "20260105120002", "20260105120004"]],
    ["0..1:5", "number", [0, 0.25, 0.5, 0.75, 1]],
    ["0.1..0.5:5", "number", [0.1, 0.2, 0.3, 0.4, 0.5]],
    ["1e-5..1e-1:log", "number", [0.00001, 0.0001, 0.001, 0.01, 0.1]],
    ["1..1000:log", "number", [1, 10, 100, 1_000]],
    ["2..200:log", "number", [2, 20, 200]],
    ["1e-2..1e-4:log:5", "number", [0.01, 0.00316227766017, 0.001, 0.000316227766017, 0.0001]],
    ["0..0.1234567890123:2", "number", [0, 0.1234567890123]],
    ["1..2..3", "text", ["1..2..3"]],
  ] as const satisfies readonly (readonly [string, "text" | "number" | "boolean" | undefined, readonly Json[]])[]
) {
  Deno.test(`the values ${text} of an input of type ${declared} are ${JSON.stringify(want)}`, () => {
    const axis = { path: ["a"], origin: "", items: parseAxisItems(text) };
    const resolved = resolveAxis(axis, { declared, isSampled: false, max: 100 });
    assert.deepEqual("values" in resolved ? resolved.values : resolved, want);
  });
}

for (
  const [text, isSampled, want] of [
    ["1,,2", false, "has an empty value: remove the extra comma"],
    ["", false, "needs at least one value"],
    ["0.1..0.5", false, "the range needs a number of values, like 0.1..0.5:5"],
    ["2..5:log", false, "the range needs a number of values, like 2..5:log:5"],
    ["0..1:log", true, "the range 0..1:log must be above 0 to be logarithmic"],
    ["9007199254740992..9007199254740994", false, "the range 9007199254740992..9007199254740994 is too large"],
    ["0..1:1", false, "the range 0..1:1 must have at least 2 values"],
    ["1..101", false, "the range 1..101 has more than 100 values"],
    ["1..101", true, "the range 1..101 has more than 100 values"],
    ["1e999..1", true, "the range 1e999..1 is too large"],
  ] as const
) {
  Deno.test(`the values ${text} are refused: ${want}`, () => {
    const axis = { path: ["a"], origin: "", items: parseAxisItems(text) };
    const resolved = resolveAxis(axis, { declared: "number", isSampled, max: 100 });
    assert.equal("message" in resolved ? resolved.message : resolved, want);
  });
}

for (
  const [name, parts, want] of [
    ["every combination, the last input first", { matrix: ["count=1,2", "title=x,y"] }, ["1/x", "1/y", "2/x", "2/y"]],
    ["pairs with --zip", { matrix: ["count=1,2", "title=x,y"], zip: true }, ["1/x", "2/y"]],
    ["JSON values", { matrix: ['title:=["a,b", "1..3"]'] }, ["-/a,b", "-/1..3"]],
    [
      "no combination that a filter has all values of",
      { matrix: ["count=1,2", "title=x,y"], exclude: ["count=1,title=y", 'title:="x",count=2'] },
      ["1/x", "2/y"],
    ],
    ["a filter with one value", { matrix: ["count=1,2", "title=x,y"], exclude: ["count=1.0"] }, ["2/x", "2/y"]],
    [
      "whole rows of --include, which change no other row",
      { matrix: ["count=1,2"], include: ["count=1,title=x", "title=a,b"] },
      ["1/-", "2/-", "1/x", "-/a,b"],
    ],
    ["excluded pairs", { matrix: ["count=1,2", "title=x,y"], zip: true, exclude: ["title=y"] }, ["1/x"]],
  ] as const satisfies readonly (readonly [string, Partial<MatrixArguments>, readonly string[]])[]
) {
  Deno.test(`a matrix has ${name}`, async () => assert.deepEqual(await shortRows(parts), want));
}

Deno.test("values of a matrix override those of -i, each row with its label", async () => {
  const { rows } = await rowsOf({ matrix: ["mesh.size=0.1,0.2"] }, 2);
  assert.deepEqual(rows.map(({ label, inputs }) => [label, inputs]), [
    ["mesh.size=0.1", { mesh: { file: "a.msh", size: 0.1 } }],
    ["mesh.size=0.1 (2)", { mesh: { file: "a.msh", size: 0.1 } }],
    ["mesh.size=0.2", { mesh: { file: "a.msh", size: 0.2 } }],
    ["mesh.size=0.2 (2)", { mesh: { file: "a.msh", size: 0.2 } }],
  ]);
});

for (
  const [parts, want] of [
    [{ matrix: ["count=1,2", "title=x,y"], exclude: ["count=3"] }, [
      "--exclude count=3 matches no combination of the matrix",
    ]],
    [{ matrix: ["count=1,2", "title=x,y"], exclude: ["count=1,title=y"], zip: true }, [
      "--exclude count=1,title=y matches no combination of the matrix",
    ]],
    [{ matrix: ["count=1,2"], exclude: ["titel=x"] }, [
      "--exclude titel=x titel is no input of the matrix, which has count",
    ]],
    [{ matrix: ["count=1,2"], exclude: ["count=1", "count=2"] }, ["--matrix count every combination is excluded"]],
    [{ matrix: ["count=1,2", "title=x,y,z"], zip: true }, [
      "--matrix count cannot be zipped: count has 2, title has 3",
    ]],
    [{ matrix: ["count=1,2", "count=3"] }, ["--matrix count count is given twice: write all values in one list"]],
    [{ matrix: ["count=1,", "title=0.5..1"] }, [
      "--matrix count count has an empty value: remove the extra comma",
      "--matrix title title the range needs a number of values, like 0.5..1:5",
    ]],
    [{ matrix: ["count=1..1000", "title=1..1000"] }, [
      "--matrix count has 1,000,000 combinations: use at most 100,000, or a sample of them",
    ]],
    [{ matrix: ["count=1..3"], sample: 4 }, ["--matrix count has 3 combinations: cannot sample 4"]],
    [{ matrix: ["count=1..3"], sample: 2, sampling: "lhs", zip: true }, [
      "--matrix count a Latin hypercube cannot be zipped, and nothing can be excluded from it",
    ]],
    [{ matrix: ["mesh.size=0.0..1.0"], exclude: ["mesh.size=0.5"], sample: 2 }, [
      "--exclude mesh.size=0.5 matches no combination of the matrix",
    ]],
    [{ matrix: ["constructor.x=1"] }, ["--matrix constructor.x constructor is a reserved name (row 1)"]],
  ] as const satisfies readonly (readonly [Partial<MatrixArguments>, readonly string[]])[]
) {
  Deno.test(`a matrix is refused: ${want.join("; ")}`, async () => {
    const { rows, problems } = await rowsOf(parts);
    assert.deepEqual(linesOf(problems), want);
    assert.equal(rows.length <= 1, true);
  });
}

Deno.test("every option of a matrix that cannot be parsed is reported", async () => {
  const parts: Partial<MatrixArguments> = {
    matrix: ["count", "a..b=1", "title:=5", "title:=[", "count:=[9007199254740993]", 'cases:=[{"a":1,"a":2}]'],
    exclude: ["x"],
    include: ["count=1,y"],
    seed: 3,
    sampling: "lhs",
  };
  await assert.rejects(rowsOf(parts), (error) => {
    assert.ok(error instanceof InvalidInputs);
    assert.deepEqual(linesOf(error.problems), [
      "--matrix count must be written like mesh.size=0.1,0.2 or steps=1..10",
      "--matrix a..b must be written like mesh.size=0.1,0.2 or steps=1..10",
      "--matrix title must be a list of values",
      "--matrix title title is not JSON: := takes JSON; use = for text",
      "--matrix count count[0] cannot be sent exactly as a number: put it in quotes to send it as text",
      "--matrix cases cases[0].a is given twice",
      "--exclude x must be written like mesh.size=0.1,solver=fast",
      "--seed is only for --sample",
      "--sampling is only for --sample",
    ]);
    return true;
  });
});

Deno.test("options of a matrix without a matrix are refused", async () => {
  await assert.rejects(rowsOf({ zip: true }), (error) => {
    assert.ok(error instanceof InvalidInputs);
    return linesOf(error.problems).join().startsWith("--matrix is missing");
  });
});

Deno.test("a sample has different combinations in the order of the matrix, and is the same for the same seed", async () => {
  const matrix = ["count=1..9", "title=x,y,z"];
  const everything = await shortRows({ matrix });
  const [first, again, other] = await Promise.all([1, 1, 2].map((seed) => shortRows({ matrix, sample: 10, seed })));
  assert.deepEqual(first, again);
  assert.deepEqual(first, await shortRows({ matrix, sample: 10 }));
  assert.notDeepEqual(first, other);
  assert.equal(new Set(first).size, 10);
  assert.deepEqual(first, everything.filter((row) => first?.includes(row)));
});

Deno.test("over many seeds, a sample takes each combination equally often", async () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 400; seed++) {
    for (const row of await shortRows({ matrix: ["count=1..8"], sample: 2, seed })) {
      counts.set(row, (counts.get(row) ?? 0) + 1);
    }
  }
  assert.equal(counts.size, 8);
  for (const count of counts.values()) assert.ok(count > 60 && count < 140, `${count} of 100`);
});

Deno.test("a sample of a range without a count is drawn from all of it", async () => {
  const matrix = ["mesh.size=1e-4..1.0:log", "count=0.0..1.0"];
  const { rows } = await rowsOf({ matrix, sample: 200, exclude: [] });
  const sizes = rows.map(({ inputs }) => sizeOf(inputs));
  assert.equal(new Set(sizes).size, 200);
  assert.ok(sizes.every((size) => size >= 1e-4 && size <= 1));
  // Half of the logarithmic range is below 0.01.
  const small = sizes.filter((size) => size < 0.01).length;
  assert.ok(small > 70 && small < 130, `${small}`);
});

Deno.test("a sample of more combinations than can be listed has different ones, none of them excluded", async () => {
  const matrix = ["count=1..1000", "mesh.size=1..1000", "title=x,y"];
  const rows = await shortRows({ matrix, sample: 500, exclude: ["title=x"] });
  assert.equal(rows.length, 500);
  assert.ok(rows.every((row) => row.endsWith("/y")));
  await assert.rejects(shortRows({ matrix, sample: 500, exclude: ["title=x", "title=y"] }), /too few different/);
});

Deno.test("a Latin hypercube has one value in each part of every range", async () => {
  const { rows } = await rowsOf({ matrix: ["mesh.size=0.0..1.0", "count=1..100:log"], sample: 20, sampling: "lhs" });
  const parts = rows.map(({ inputs }) => Math.floor(sizeOf(inputs) * 20));
  assert.deepEqual(parts.toSorted((a, b) => a - b), [...Array(20).keys()]);
  assert.notDeepEqual(parts, [...Array(20).keys()]);
  const whole = rows.map(({ inputs }) => Number(inputs["count"]));
  assert.ok(whole.every((count) => Number.isInteger(count) && count >= 1 && count <= 100), `${whole}`);
  assert.equal(whole.filter((count) => count <= 10).length >= 9, true);
});

Deno.test("a Latin hypercube takes each value of a list equally often", async () => {
  const rows = await shortRows({ matrix: ["title=x,y,z"], sample: 9, sampling: "lhs", seed: 5 });
  assert.deepEqual(rows.toSorted(), ["-/x", "-/x", "-/x", "-/y", "-/y", "-/y", "-/z", "-/z", "-/z"]);
});

function sizeOf(inputs: Json): number {
  const mesh = typeof inputs === "object" && inputs !== null && !Array.isArray(inputs) ? inputs["mesh"] : undefined;
  return Number(typeof mesh === "object" && mesh !== null && !Array.isArray(mesh) ? mesh["size"] : NaN);
}
