import assert from "node:assert/strict";
import { readBoundedText } from "../../lib/cli/read_text.ts";
import { problemsOfRows, readRows } from "../../lib/batches/read_rows.ts";
import { createInputLayer } from "../../lib/inputs/merge.ts";
import { originOf, sourcesAt } from "../../lib/inputs/sources.ts";
import type { Json } from "../../lib/json.ts";
import { depsFor, inputsOf, linesOf, readFiles, shape } from "./support/sources.ts";

const SOLVE = { workflow: "solve" };

for (
  const [name, file, text, want] of [
    ["the form's types", "a.csv", "title,count,fast\n007,007,true\nNO,1e5,FALSE\n1e5,1.50,yes\n", [
      { title: "007", count: 7, fast: true },
      { title: "NO", count: 100_000, fast: false },
      { title: "1e5", count: 1.5, fast: "yes" },
    ]],
    ["text where the form has no field", "a.csv", "other\n12\ntrue\n", [{ other: "12" }, { other: "true" }]],
    ["inexact numbers as text, which the form refuses", "a.csv", "count\n9007199254740993\n", [
      { count: "9007199254740993" },
    ]],
    ["empty cells as not given", "a.csv", 'title,count\n,1\n"",\n', [{ count: 1 }, {}]],
    ["one column with a missing value, as data frames write it", "a.csv", 'count\n1\n""\n3\n', [
      { count: 1 },
      {},
      { count: 3 },
    ]],
    ["paths", "a.csv", "mesh.size,mesh.file\n0.1,a.msh\n", [{ mesh: { size: 0.1, file: "a.msh" } }]],
    ["rows of lists", "a.csv", "cases[0].n,cases[1].n\n1,2\n", [{ cases: [{ n: 1 }, { n: 2 }] }]],
    ["rows of lists in any order of the columns", "a.csv", "cases[1].n,title,cases[0].n,cases[0].m\n2,x,1,3\n", [
      { cases: [{ n: 1, m: "3" }, { n: 2 }], title: "x" },
    ]],
    ["JSON columns", "a.csv", 'cases:=\n"[{""n"": 1}]"\n', [{ cases: [{ n: 1 }] }]],
    ["inputs. before a name", "a.csv", "inputs.title;inputs.name\nx;y\n", [{ title: "x", name: "y" }]],
    ["a byte order mark, CRLF and semicolons", "a.csv", "\uFEFFtitle;count\r\na,b;2\r\n", [{ title: "a,b", count: 2 }]],
    ["tab-separated values", "a.tsv", "title\tcount\na\t2\n", [{ title: "a", count: 2 }]],
    ["a list of rows", "a.yaml", "- inputs: {count: 1}\n- inputs:\n    title: NO\n", [{ count: 1 }, { title: "NO" }]],
    ["JSON", "a.json", '{"rows": [{"inputs": {"count": 1}}, {}]}', [{ count: 1 }, {}]],
    ["JSON with comments", "a.json", '[ // first\n {"inputs": {"count": 1}},]', [{ count: 1 }]],
    ["JSON Lines", "a.jsonl", '\uFEFF{"inputs":{"count":1}}\r\n\r\n{"inputs":{"title":"x"}}\r\n', [
      { count: 1 },
      { title: "x" },
    ]],
    [
      "defaults",
      "a.yaml",
      "defaults: {inputs: {mesh: {size: 1, file: a}, cases: [{n: 1}]}}\nrows:\n- inputs: {mesh: {size: 2}, cases: []}\n- {}\n",
      [{ mesh: { size: 2, file: "a" }, cases: [] }, { mesh: { size: 1, file: "a" }, cases: [{ n: 1 }] }],
    ],
    ["repeat", "a.yaml", "repeat: 2\nrows:\n- {inputs: {count: 1}, repeat: 2}\n- {inputs: {count: 2}}\n", [
      ...[1, 1, 1, 1, 2, 2].map((count) => ({ count })),
    ]],
    ["a repeat column", "a.csv", "count,repeat\n1,2\n2,\n", [{ count: 1 }, { count: 1 }, { count: 2 }]],
    [
      "a matrix beside rows, with exclude and include",
      "a.yaml",
      "rows:\n- inputs: {count: 9}\nmatrix: {count: 1..2, title: [a, b]}\nexclude: [{count: 2, title: a}]\n" +
      "include:\n- inputs: {count: 7}\n",
      [
        { count: 9 },
        { count: 1, title: "a" },
        { count: 1, title: "b" },
        { count: 2, title: "b" },
        { count: 7 },
      ],
    ],
    ["a zipped matrix", "a.yaml", "matrix:\n  count: [1, 2]\n  title: 3,4\nzip: true\n", [
      { count: 1, title: "3" },
      { count: 2, title: "4" },
    ]],
  ] as const satisfies readonly (readonly [string, string, string, readonly unknown[]])[]
) {
  Deno.test(`readRows() reads ${name}`, async () => {
    assert.deepEqual(inputsOf(await readFiles({ [file]: text }, SOLVE)), want);
  });
}

Deno.test("each label occurs once, also where a name looks like a numbered one", async () => {
  const { rows } = await readFiles({ "a.csv": "name,count\na,1\na (2),2\na,3\na,4\n" }, SOLVE);
  assert.deepEqual(rows.map(({ label }) => label), ["a", "a (2)", "a (3)", "a (4)"]);
});

Deno.test("a row's own columns are not inputs", async () => {
  const text = 'workflow,id,name,tags,lock,count\nsolve,a,First,x y,gpu,1\n,b,,"x, z",,2\n';
  const { rows, problems, name } = await readFiles({ "runs/sweep.csv": text }, { workflow: "mesh" });
  assert.deepEqual(problems, []);
  assert.equal(name, "sweep");
  assert.deepEqual(rows.map(shape), [
    {
      place: "runs/sweep.csv:2",
      workflow: "solve",
      id: "a",
      label: "First",
      displayName: "First",
      tags: ["x", "y"],
      locks: ["gpu"],
    },
    {
      place: "runs/sweep.csv:3",
      workflow: "mesh",
      id: "b",
      label: "mesh count=2",
      displayName: null,
      tags: ["x", "z"],
      locks: [],
    },
  ]);
  assert.deepEqual(rows.map(({ inputs }) => inputs), [{ count: 1 }, { count: "2" }]);
});

Deno.test("a column that could be an input or the row's own is refused, and both have another name", async () => {
  const refused = await readFiles({ "a.csv": "name,inputs.tags\nx,y\n" }, { workflow: "named" });
  assert.deepEqual(linesOf(refused.problems), [
    "a.csv:1 name is also an input of named: write inputs.name for the input, or row:name for the name of the row",
  ]);
  const { rows, problems } = await readFiles({ "a.csv": "row:name,inputs.name\nx,y\n" }, { workflow: "named" });
  assert.deepEqual(problems, []);
  assert.deepEqual(rows[0]?.inputs, { name: "y" });
  assert.equal(rows[0]?.displayName, "x");
});

Deno.test("rows of a YAML file have their place, and add to the defaults", async () => {
  const text = `name: nightly
workflow: named
defaults:
  tags: night
  lock: [a]
  name: Night
rows:
  - id: one
  - workflow: solve
    tags: [big, night]
    lock: b
    name: Big
    repeat: 2
    id: two
`;
  const { rows, problems, name } = await readFiles({ "cases.yaml": text });
  assert.deepEqual(problems, []);
  assert.equal(name, "nightly");
  const big = { place: "cases.yaml:9 rows[1]", workflow: "solve", displayName: "Big" };
  assert.deepEqual(rows.map(shape), [
    {
      place: "cases.yaml:8 rows[0]",
      workflow: "named",
      id: "one",
      label: "Night",
      displayName: "Night",
      tags: ["night"],
      locks: ["a"],
    },
    { ...big, id: "two", label: "Big", tags: ["night", "big"], locks: ["a", "b"] },
    { ...big, id: "two#2", label: "Big (2)", tags: ["night", "big"], locks: ["a", "b"] },
  ]);
  assert.deepEqual(rows.map(({ row }) => row), [1, 2, 3]);
});

Deno.test("options override the inputs of every row", async () => {
  const overrides = [createInputLayer("-i #1", { count: 5 })];
  const text = "count,title\n1,a\n2,b\n";
  assert.deepEqual(inputsOf(await readFiles({ "a.csv": text }, { ...SOLVE, overrides })), [
    { count: 5, title: "a" },
    { count: 5, title: "b" },
  ]);
});

for (
  const [name, text, want] of [
    ["CSV", "title,count\na,1\n", { title: "a", count: 1 }],
    ["YAML", "rows:\n- inputs: {title: a, count: 1}\n", { title: "a", count: 1 }],
    ["a YAML list", "- inputs: {title: a, count: 1}\n", { title: "a", count: 1 }],
    ["JSON", '{"rows": [{"inputs": {"title": "a", "count": 1}}]}', { title: "a", count: 1 }],
    ["JSON Lines", '{"inputs": {"title": "a", "count": 1}}\n{"inputs": {"title": "b"}}\n', { title: "a", count: 1 }],
    ["CSV with one column", "\uFEFFtitle\na\n", { title: "a" }],
    ["JSON with comments", '// rows\n[{"inputs": {"title": "a"}}]', { title: "a" }],
  ] as const
) {
  Deno.test(`readRows() recognizes ${name} on stdin, and in a file without an extension`, async () => {
    const read = await readFiles({ "-": text }, SOLVE);
    assert.deepEqual(inputsOf(read)[0], want);
    assert.equal(read.name, null);
    assert.deepEqual(inputsOf(await readFiles({ "/dev/fd/63": text }, SOLVE))[0], want);
  });
}

Deno.test("a batch of several files has all their rows, and a name from each", async () => {
  const files = { "a.csv": "count\n1\n", "b.yaml": "rows: [{inputs: {count: 2}}]\n" };
  const read = await readFiles(files, { ...SOLVE, files: ["a.csv", "b.yaml"] });
  assert.deepEqual(inputsOf(read), [{ count: 1 }, { count: 2 }]);
  assert.deepEqual(read.rows.map(({ place }) => place), ["a.csv:2", "b.yaml:1 rows[0]"]);
  assert.equal(read.name, "a+b");
});

const CASES = {
  "d/b.json": '{"title": "b"}',
  "d/a.json": '{"title": "a"}',
  "d/.hidden.json": "",
  "d/x.txt": "some\ntext",
  "d/sub/c.json": "{}",
  "d/other/a.json": '{"title": "o"}',
  "d/.hidden/a.json": "{}",
  "/abs/sub/m.msh": "",
};

for (
  const [from, want] of [
    ["'*.json'", [["d/a.json", { title: "a", count: 1 }], ["d/b.json", { title: "b", count: 1 }]]],
    ["'./?.{json,yaml}'", [["d/a.json", { title: "a", count: 1 }], ["d/b.json", { title: "b", count: 1 }]]],
    ["{files: '*.txt', contents: title, path: mesh.file}", [
      ["d/x.txt", { count: 1, mesh: { file: "x.txt" }, title: "some\ntext" }],
    ]],
    ["{files: sub/*.json, path: mesh.file}", [["d/sub/c.json", { count: 1, mesh: { file: "sub/c.json" } }]]],
    ["'*/{a,c}.json'", [["d/other/a.json", { count: 1, title: "o" }], ["d/sub/c.json", { count: 1 }]]],
    ["{files: /abs/s?b/*.msh, path: mesh.file}", [["/abs/sub/m.msh", { count: 1, mesh: { file: "/abs/sub/m.msh" } }]]],
  ] as const satisfies readonly (readonly [string, readonly (readonly [string, Json])[]])[]
) {
  Deno.test(`from: ${from} is a row per file, relative to the file it is written in`, async () => {
    const text = `from: ${from}\ndefaults: {inputs: {count: 1}}\n`;
    const read = await readFiles({ "d/batch.yml": text, ...CASES }, SOLVE);
    assert.deepEqual(read.problems, []);
    assert.deepEqual(read.rows.map(({ place, inputs }) => [place, inputs]), want);
  });
}

for (
  const [name, file, text, want] of [
    ["an empty file", "a.yaml", "\n", ["a.yaml is empty: write a list of rows"]],
    ["an empty CSV file", "a.csv", "", ["a.csv is empty: write a header with the paths of inputs"]],
    ["an empty JSON Lines file", "a.jsonl", "\n", ["a.jsonl is empty: write one JSON object per line"]],
    ["a header without rows", "a.csv", "title\n", ["a.csv has a header and no rows"]],
    ["an empty list", "a.json", "[]", ["a.json:1 has no rows"]],
    ["no rows", "a.yaml", "name: x\n", ["a.yaml:1 has no rows: write rows, matrix or from"]],
    ["a scalar", "a.yaml", "x\n", ["a.yaml:1 must be an object or a list of rows: got a string"]],
    ["a file that does not parse", "a.json", '{"rows": }', ["a.json:1 is not JSON: value expected"]],
    ["a file without a workflow", "a.csv", "count\n1\n2\n", [
      "a.csv:2 workflow is missing: add a column workflow, or use --workflow",
      "a.csv:3 workflow is missing: add a column workflow, or use --workflow",
    ], null],
    ["a row without a workflow", "a.yaml", "- {}\n", [
      "a.yaml:1 [0] has no workflow: add workflow, or use --workflow",
    ], null],
    ["ragged rows", "a.csv", "title,count\na\nb,1,2\nc,1\n", [
      "a.csv:2 has 1 cell: the header has 2",
      "a.csv:3 has 3 cells: the header has 2",
    ]],
    ["bad headers", "a.csv", "a..b,count,count,,inputs.count\n1,1,1,1,1\n", [
      "a.csv:1 a..b is not a path like slurm.partition or rows[0].name",
      "a.csv:1 count columns 2 and 3 are the same",
      "a.csv:1 column 4 has cells and no header",
      "a.csv:1 inputs.count columns 3 and 5 are the same",
    ]],
    ["bad cells", "a.csv", "cases:=,repeat\n[oops],0\n[9007199254740993],1\n", [
      'a.csv:2 repeat must be a whole number from 1 to 10000: got "0"',
      "a.csv:2 cases is not JSON: a column whose name ends with := takes JSON",
      "a.csv:3 cases[0] cannot be sent exactly as a number: put it in quotes to send it as text",
    ]],
    ["reserved names", "a.csv", "__proto__.x\n1\n2\n", [
      "a.csv:2 __proto__.x __proto__ is a reserved name (row 1)",
      "a.csv:3 __proto__.x __proto__ is a reserved name (row 2)",
    ]],
    ["unknown workflows, once", "a.csv", "workflow,count\nsolv,1\nsolv,2\n", [
      'a.csv:2 workflow no workflow "solv": Did you mean "solve"?',
    ]],
    ["a name that would be cut", "a.csv", `name,count\n${"x".repeat(300)},1\n`, [
      "a.csv:2 name the name has 300 characters. Use at most 227",
    ]],
    ["repeated ids", "a.csv", "id,count\na,1\na,2\n", ['a.csv:3 id "a" is already the id of row 1, a.csv:2']],
    ["repeated ids, in the order of the rows", "a.csv", "id,count\na,1\nb,2\nb,3\na,4\n", [
      'a.csv:4 id "b" is already the id of row 2, a.csv:3',
      'a.csv:5 id "a" is already the id of row 1, a.csv:2',
    ]],
    [
      "unknown and wrong members, all of them",
      "a.yaml",
      "rows:\n- inputs: 1\n  count: 2\n- tag: x\n  repeat: 0\n- 7\ndefault: {}\n",
      [
        'a.yaml:7 default unknown member: Did you mean "defaults"?',
        "a.yaml:3 rows[0].count unknown member: inputs go under inputs",
        "a.yaml:2 rows[0].inputs must be an object: got 1",
        'a.yaml:4 rows[1].tag unknown member: Did you mean "tags"?',
        "a.yaml:5 rows[1].repeat must be a whole number from 1 to 10000: got 0",
        "a.yaml:6 rows[2] must be an object: got a number",
      ],
    ],
    ["lines of JSON Lines", "a.jsonl", '{"inputs":{}}\n{"inputs":\n[1]\n{"inputs":{"count":9007199254740993}}\n', [
      "a.jsonl:2 is not JSON: each line must be one JSON object",
      "a.jsonl:3 must be an object: got an array",
      "a.jsonl:4 inputs.count cannot be sent exactly as a number: put it in quotes to send it as text",
    ]],
    [
      "names that a line of JSON Lines has twice",
      "a.jsonl",
      '{"inputs":{}}\n{"inputs":{"count":1,"count":2}}\n{"id":"a","inputs":{},"id":"a"}\n',
      ["a.jsonl:2 inputs.count is given twice", "a.jsonl:3 id is given twice"],
    ],
    ["names that the JSON of a cell has twice", "a.csv", 'count,cases:=\n1,"[{""a"":1,""a"":2}]"\n', [
      "a.csv:2 cases[0].a is given twice",
    ]],
    ["inexact numbers", "a.yaml", "- inputs:\n    count: 9007199254740993\n", [
      "a.yaml:2 [0].inputs.count cannot be sent exactly as a number: put it in quotes to send it as text",
    ]],
    ["matrix members without a matrix", "a.yaml", "rows: [{}]\nexclude: []\nseed: 3\n", [
      "a.yaml:2 exclude is only for a matrix",
      "a.yaml:3 seed is only for a matrix",
    ]],
    ["a bad matrix", "a.yaml", "matrix:\n  a..b: [1]\n  count: {x: 1}\nsampling: x\nexclude: [1]\n", [
      'a.yaml:2 matrix["a..b"] is not a path like slurm.partition',
      "a.yaml:3 matrix.count must be a list of values, or a range like 1..10: got an object",
      "a.yaml:5 exclude[0] must be an object of inputs, like {mesh.size: 0.1}",
      'a.yaml:4 sampling must be random or lhs: got "x"',
    ]],
    ["a filter that matches nothing", "a.yaml", "matrix: {count: 1..2}\nexclude:\n- {count: 3}\n- {title: x}\n", [
      "a.yaml:3 matches no combination of the matrix",
      "a.yaml:4 title is no input of the matrix, which has count",
    ]],
    ["files that are not there", "a.yaml", "from: '*.json'\n", ["a.yaml:1 from matches no file: *.json"]],
    ["folders of any depth", "a.yaml", "from: {files: 'cases/**/*.json'}\n", [
      "a.yaml:1 from cannot have **: write a * for each folder, like cases/*/*/*.json",
    ]],
    ["a pattern of another type", "a.yaml", "from: 3\n", [
      "a.yaml:1 from must be a pattern like cases/*.json: got a number",
    ]],
    ["members of files", "a.yaml", "from:\n  path: a..b\n  contents: '[0]'\n  file: x\n", [
      'a.yaml:4 from.file unknown member: Did you mean "files"?',
      "a.yaml:2 from.files is missing: write a pattern like meshes/*.msh",
      "a.yaml:2 from.path is not the path of an input, like mesh.file",
      "a.yaml:3 from.contents is not the path of an input, like mesh.file",
    ]],
    ["a workflow that does not exist", "a.yaml", "rows:\n- workflow: slove\n- {}\n- workflow: slove\n", [
      'a.yaml:2 workflow no workflow "slove": Did you mean "solve"?',
    ]],
    ["names that are too long", "a.yaml", `rows:\n- name: ${"x".repeat(300)}\n`, [
      "a.yaml:2 rows[0] name the name has 300 characters. Use at most 227",
    ]],
    [
      "thousands of equal problems, of which ten are listed",
      "a.csv",
      `count,count2\n${"1\n".repeat(2_000)}1,2,3\n`,
      [
        ...[...Array(10).keys()].map((index) => `a.csv:${index + 2} has 1 cell: the header has 2`),
        "a.csv:2002 has 3 cells: the header has 2",
        "a.csv and 1,990 more: has 1 cell: the header has 2",
      ],
    ],
  ] as const satisfies readonly (readonly [string, string, string, readonly string[], null?])[]
) {
  Deno.test(`readRows() refuses ${name}`, async () => {
    const { problems } = await readFiles({ [file]: text }, want.at(0)?.includes("--workflow") ? {} : SOLVE);
    assert.deepEqual(linesOf(problems), want);
  });
}

Deno.test("a row that cannot be read is not reported as missing, too", async () => {
  const { problems } = await readFiles({ "a.csv": 'count\n"1\n' }, { ...SOLVE, files: ["a.csv"] });
  assert.deepEqual(linesOf(problems), ["a.csv:2 has a quote that is never closed"]);
});

Deno.test("a file in another encoding is reported with its line, and how to convert it", async () => {
  const latin1 = new Uint8Array([...new TextEncoder().encode("count\n1\n"), 0xe9, 0x0a]);
  const readTextFile = (path: string) => readBoundedText(ReadableStream.from([latin1]), path);
  const { problems } = await readRows(
    { files: ["a.csv"], workflow: "solve", overrides: [], repeat: 1 },
    {
      readTextFile,
      readStdin: () => Promise.resolve(""),
      listFiles: () => Promise.resolve([]),
      formOf: () => Promise.resolve(null),
    },
  );
  assert.deepEqual(problems.map(({ message }) => message), [
    "cannot be read: line 3 is not UTF-8. Save it as UTF-8, or convert it: iconv -f LATIN1 -t UTF-8",
  ]);
});

Deno.test("a file that cannot be read does not hide the problems of the others", async () => {
  const { problems } = await readFiles({ "a.csv": "count\n1,2\n" }, { ...SOLVE, files: ["none.csv", "a.csv"] });
  assert.deepEqual(linesOf(problems), [
    "none.csv cannot be read: no such file",
    "a.csv:2 has 2 cells: the header has 1",
  ]);
});

Deno.test("rows come from files in folders that a pattern matches, hidden ones aside", async () => {
  const files = {
    "sweep/a.yaml": "from: ./cases/{one,two}/v?.json\n",
    "sweep/cases/one/v1.json": '{"count": 1}',
    "sweep/cases/one/v22.json": '{"count": 22}',
    "sweep/cases/two/v2.json": '{"count": 2}',
    "sweep/cases/three/v3.json": '{"count": 3}',
    "sweep/cases/one/.json": '{"count": 4}',
  };
  const { rows, problems } = await readFiles(files, SOLVE);
  assert.deepEqual(problems, []);
  assert.deepEqual(rows.map(({ place }) => place), ["sweep/cases/one/v1.json", "sweep/cases/two/v2.json"]);
});

Deno.test("the path of a file and its contents are inputs where the form asks for them", async () => {
  const files = {
    "a.yaml": "from: {files: '*.msh', path: mesh.file, contents: title}\n",
    "x.msh": "nodes\n",
    "y.msh": "",
  };
  assert.deepEqual(inputsOf(await readFiles(files, SOLVE)), [
    { mesh: { file: "x.msh" }, title: "nodes\n" },
    { mesh: { file: "y.msh" }, title: "" },
  ]);
});

Deno.test("each file of a pattern that cannot be read is a problem, beside those of the others", async () => {
  const files = { "a.yaml": "from: '*.json'\n", "b.json": "{", "c.json": '{"count": 1}', "d.json": "{}" };
  const deps = depsFor(files);
  const readTextFile = (path: string) =>
    path === "d.json"
      ? Promise.reject(new Deno.errors.PermissionDenied("Permission denied (os error 13)"))
      : deps.readTextFile(path);
  const sources = { files: ["a.yaml"], workflow: "solve", overrides: [], repeat: 1 };
  const { problems } = await readRows(sources, { ...deps, readTextFile });
  assert.deepEqual(linesOf(problems), [
    "b.json:1 is not JSON: close brace expected",
    "a.yaml:1 from cannot read d.json: Permission denied",
  ]);
});

Deno.test("files that name different batches are refused", async () => {
  const files = { "a.yaml": "name: one\nrows: [{}]\n", "b.yaml": "name: two\nrows: [{}]\n" };
  const { problems } = await readFiles(files, { ...SOLVE, files: ["a.yaml", "b.yaml"] });
  assert.deepEqual(linesOf(problems), ['name the files name different batches: "one", "two"']);
});

Deno.test("a problem of the defaults is listed once, with the rows that have it", async () => {
  const text = "defaults: {inputs: {count: 1}}\nrows: [{}, {}, {inputs: {count: 2}}, {}]\n";
  const { rows } = await readFiles({ "a.yaml": text }, SOLVE);
  const problem = { origin: "a.yaml:1", path: "count", message: "must be text" };
  const own = { origin: "", path: "count", message: "is missing" };
  const found = rows.map((row) => ({ row, problems: row.row === 3 ? [own] : [problem] }));
  assert.deepEqual(linesOf(problemsOfRows(found)), [
    "a.yaml:1 count must be text (rows 1, 2, 4)",
    "a.yaml:2 rows[2] count is missing (row 3)",
  ]);
});

Deno.test("the value of a row has the line of its file", async () => {
  const { rows } = await readFiles({ "a.yaml": "rows:\n- inputs:\n    mesh:\n      size: 2\n" }, SOLVE);
  assert.deepEqual(sourcesAt(rows[0]?.layers ?? [], ["mesh", "size"]).map(originOf), ["a.yaml:4"]);
});

Deno.test("a label is one line without control characters: it is in tables and in the name of a run", async () => {
  const lines = ["cd case\nsolve", "\u001b[31mred  text\t"].map((title) =>
    JSON.stringify({ workflow: "solve", inputs: { title } })
  );
  const { rows } = await readFiles({ "a.jsonl": lines.join("\n") });
  assert.deepEqual(rows.map(({ label }) => label), ["title=cd case solve", "title= [31mred text"]);
});

Deno.test("labels are the inputs in which rows differ, without secrets", async () => {
  const text = "title,count,token,mesh.size\na,1,s3cret,2\na,2,other,2\na,2,third,2\na,,x,2\n";
  const { rows } = await readFiles({ "a.csv": text }, SOLVE);
  assert.deepEqual(rows.map(({ label }) => label), ["count=1", "count=2", "count=2 (2)", "row 4"]);
});
