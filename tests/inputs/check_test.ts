import assert from "node:assert/strict";
import { parse } from "../../lib/deps/yaml.ts";
import { checkInputs } from "../../lib/inputs/check.ts";
import { readLayers } from "../../lib/inputs/layers.ts";
import { mergeLayers } from "../../lib/inputs/merge.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import { declaredTypes } from "../../lib/inputs/form.ts";
import { everyTypeWorkflow } from "../../lib/simulator/workflows/every_type.ts";
import type { Problem } from "../../lib/problem.ts";

const CASE = `
solver: { type: dropdown, label: Solver, default: steady, options: [{ label: Steady state, value: steady }, { label: Large eddies, value: les }] }
cores: { type: integer, label: Cores, min: 1, max: 512 }
reynolds: { type: number, min: 0, default: 1000 }
fields: { type: multi-dropdown, optional: true, options: [pressure, velocity] }
is_dry: { type: boolean }
license: { type: password, optional: true }
db_password: { type: string, optional: true }
resource: { type: compute-clusters, label: Resource }
elsewhere: { type: compute-resources, optional: true }
steps: { type: integer, hidden: "\${{ inputs.solver == 'steady' }}" }
queue: { type: string, hidden: "\${{ inputs.resource.schedulerType == '' }}", ignore: "\${{ .hidden }}" }
odd: { type: string, hidden: "\${{ lookup(inputs.solver) }}" }
notes: { type: header, text: Text }
output: { type: group, items: { folder: { type: string, label: Folder }, format: { type: string, default: csv } } }
extra: { type: group, optional: true, items: { name: { type: string } } }
gone: { type: group, hidden: true, items: { name: { type: string } } }
off: { type: group, ignore: true, items: { name: { type: string }, rows: { type: list, template: { name: { type: string } } } } }
probes:
  type: list
  optional: true
  template:
    name: { type: string }
    kind: { type: dropdown, options: [point, line], default: point }
    length: { type: number, hidden: "\${{ inputs.probes.[index].kind == 'point' }}" }
`;
const VALID = '{"cores": 4, "resource": "gpu", "queue": "q", "odd": "o", "output": {"folder": "out"}}';

async function check(
  args: readonly string[],
  isStrict = false,
  file = FILE,
): Promise<{ problems: string[]; warnings: string[] }> {
  const form = readForm({ on: { execute: { inputs: parse(CASE) } } });
  assert.ok(form !== null);
  const layers = await readLayers(args, {
    readTextFile: () => Promise.resolve(file),
    readStdin: () => Promise.resolve("{}"),
    promptSecret: () => Promise.resolve("hunter2"),
  });
  const checked = await checkInputs(form, mergeLayers(layers, declaredTypes(form)), { isStrict, clusters: null });
  const line = ({ origin, path, message }: Problem) => `${origin} | ${path} | ${message}`;
  return { problems: checked.problems.map(line), warnings: checked.warnings.map(line) };
}

const FILE = `{
  "solver": "stedy",
  "cores": 1024,
  "reynolds": "many",
  "fields": ["pressure", "speed"],
  "resource": "pw://me",
  "is_dry": "yes",
  "output": {
    "floder": "out"
  }
}
`;

Deno.test("all problems of a file are reported, each with its line and what is allowed", async () => {
  assert.deepEqual((await check(["case.json", "queue=q", "odd=o"])).problems, [
    'case.json:2 | solver | must be one of "steady", "les": got "stedy"; did you mean "steady"?',
    "case.json:3 | cores | must be a whole number from 1 to 512: got 1024",
    'case.json:4 | reynolds | must be a number of at least 0: got "many"',
    'case.json:5 | fields[1] | must be one of "pressure", "velocity": got "speed"',
    'case.json:7 | is_dry | must be true or false: got "yes"',
    'case.json:6 | resource | must be a cluster\'s name, its pw://user/name or an object with its id: got "pw://me"',
    'case.json:9 | output.floder | unknown field: did you mean "folder", which is required?',
  ]);
});

for (
  const [args, want] of [
    [[], []],
    [["cores=1.5"], ["-i #2 | cores | must be a whole number from 1 to 512: got 1.5"]],
    [["cores="], ['-i #2 | cores | is required (Cores): give a whole number from 1 to 512, got ""']],
    [["cores:=null"], ["-i #2 | cores | is required (Cores): give a whole number from 1 to 512, got null"]],
    [["reynolds="], []],
    [["reynolds:=null"], ["-i #2 | reynolds | must be a number of at least 0: got null"]],
    [["fields:=null", "license:=null"], []],
    [["solver=Large eddies"], ['-i #2 | solver | must be one of "steady", "les": got "Large eddies"; give "les"']],
    [["fields=velocity"], [
      '-i #2 | fields | must be a list of any of "pressure", "velocity": got "velocity"; give ["velocity"]',
    ]],
    [["fields=pressure, velocity"], [
      '-i #2 | fields | must be a list of any of "pressure", "velocity": got "pressure, velocity"; ' +
      'give ["pressure","velocity"]',
    ]],
    [["fields=pressure,speed"], [
      '-i #2 | fields | must be a list of any of "pressure", "velocity": got "pressure,speed"',
    ]],
    [["output=x"], ['-i #2 | output | must be an object: got "x"']],
    [["output:={}"], []],
    [["output.folder="], ['-i #2 | output.folder | is required (Folder): give text, got ""']],
    [["output.folder:=7"], ["-i #2 | output.folder | must be text: got 7; put it in quotes"]],
    [["extra:={}"], ["-i #2 | extra.name | is required: give text"]],
    [["gone:={}"], []],
    [["gone.name:=7"], ["-i #2 | gone.name | must be text: got 7; put it in quotes"]],
    [["solver=les"], [" | steps | is required: give a whole number"]],
    [["solver=les", "steps=3"], []],
    [["probes:={}"], ["-i #2 | probes | must be a list of rows: got an object"]],
    [['probes:=[{"name": "a"}, 7]'], ["-i #2 | probes[1] | must be an object: got 7"]],
    [['probes:=[{"name": ""}, {}]'], ["-i #2 | probes[1].name | is required: give text"]],
    [['probes:=[{"name": "a", "kind": ""}]'], ['-i #2 | probes[0].kind | must be one of "point", "line": got ""']],
    [['probes:=[{"name": "a"}, {"name": "b", "kind": "line"}]'], [
      "-i #2 | probes[1].length | is required: give a number",
    ]],
    [["resource=workspace"], [
      "-i #2 | resource | must be a cluster's name, its pw://user/name or an object with its id: " +
      'got "workspace"; this workflow does not accept the workspace',
    ]],
    // Secrets are never quoted.
    [["license:=7"], ["-i #2 | license | must be text: got •••"]],
    [["db_password:=1234"], ["-i #2 | db_password | must be text: got •••"]],
    [["solver=@-"], ['-i #2 | solver | must be one of "steady", "les": got •••']],
  ] as const satisfies readonly (readonly [readonly string[], readonly string[]])[]
) {
  Deno.test(`-i ${JSON.stringify(args)} on top of valid inputs has the problems ${JSON.stringify(want)}`, async () => {
    assert.deepEqual((await check([VALID, ...args])).problems, want);
  });
}

Deno.test("empty inputs are missing every required field, in the order of the form", async () => {
  const { problems } = await check([]);
  assert.deepEqual(problems, [
    " | cores | is required (Cores): give a whole number from 1 to 512",
    " | resource | is required (Resource): give a cluster's name, its pw://user/name or an object with its id",
    " | output.folder | is required (Folder): give text",
  ]);
});

Deno.test("a field whose condition only the platform can evaluate is a warning", async () => {
  const inputs = '{"cores": 4, "resource": "gpu", "output": {"folder": "out"}}';
  assert.deepEqual(await check([inputs]), {
    problems: [],
    warnings: [
      " | queue | may be required: depends on resource.schedulerType, not known here",
      " | odd | may be required: depends on ${{ lookup(inputs.solver) }}, not known here",
    ],
  });
  const shown = await check([inputs, 'resource:={"name": "gpu", "schedulerType": "slurm"}']);
  assert.deepEqual(shown.problems, [" | queue | is required: give text"]);
  const hidden = await check([inputs, 'resource:={"name": "gpu", "schedulerType": ""}', "odd=o"]);
  assert.deepEqual(hidden, { problems: [], warnings: [] });
});

for (
  const [args, want] of [
    [["solvr=les"], ['-i #2 | solvr | unknown field: did you mean "solver"?']],
    [["folder=out"], ['-i #2 | folder | unknown field: did you mean "output.folder"?']],
    [['{"output.folder": "out"}'], [
      '-i #2 | ["output.folder"] | unknown field: did you mean { output: { folder: … } }?',
    ]],
    [['{"output": {"probes.nmae": 1}}'], ['-i #2 | output["probes.nmae"] | unknown field']],
    [["qwertyuiop=1"], ["-i #2 | qwertyuiop | unknown field"]],
    [["gone.nmae=x", "gone.name=x"], ['-i #2 | gone.nmae | unknown field: did you mean "name"?']],
    [["off.nmae=x"], ['-i #2 | off.nmae | unknown field: did you mean "name"?']],
    [['off.rows:=[{"name": "a"}, {"nmae": 1}]'], ['-i #2 | off.rows[1].nmae | unknown field: did you mean "name"?']],
    [["notes=text"], ["-i #2 | notes | unknown field"]],
    [['probes:=[{"name": "a", "nmae": 1}, {"name": "b", "nmae": 1}]'], [
      '-i #2 | probes[0].nmae | unknown field (in 2 rows): did you mean "name"?',
    ]],
  ] as const satisfies readonly (readonly [readonly string[], readonly string[]])[]
) {
  Deno.test(`-i ${JSON.stringify(args)} is a warning, and a problem in a strict check`, async () => {
    assert.deepEqual(await check([VALID, ...args]), { problems: [], warnings: want });
    assert.deepEqual(await check([VALID, ...args], true), { problems: want, warnings: [] });
  });
}

Deno.test("legacy fields are accepted silently, also in a strict check", async () => {
  const legacy = '{"v3": true, "__config__": "Small", "output": {"v3": true}}';
  assert.deepEqual(await check([VALID, legacy], true), { problems: [], warnings: [] });
});

Deno.test("a line break at the end of a text of one line is a warning, as in a file with a password", async () => {
  const want = ["-i #2 | license | ends with a line break, which is sent, too"];
  assert.deepEqual(await check([VALID, "license=hunter2\n"], true), { problems: [], warnings: want });
  // Several lines are meant, as those of a key.
  assert.deepEqual(await check([VALID, "license=BEGIN\nEND\n", "queue=q"], true), { problems: [], warnings: [] });
});

Deno.test("a plain name for compute-resources is a warning, even in a strict check", async () => {
  const want = [
    "-i #2 | elsewhere | is sent as text: the platform resolves names only for compute-clusters",
  ];
  assert.deepEqual(await check([VALID, "elsewhere=gpu"], true), { problems: [], warnings: want });
});

Deno.test("valid inputs for a form with every type have no problems", async () => {
  const form = readForm(parse(everyTypeWorkflow.yaml));
  assert.ok(form !== null);
  const layers = await readLayers([
    "text=a",
    "secret=@-",
    "mode=exact",
    "exact_only=x",
    'stages:=[{"name": "one"}]',
    "advanced.nested.token=@-",
  ], {
    readTextFile: Deno.readTextFile,
    readStdin: () => Promise.resolve(""),
    promptSecret: () => Promise.resolve("s"),
  });
  const checked = await checkInputs(form, mergeLayers(layers, declaredTypes(form)), { isStrict: true, clusters: null });
  assert.deepEqual(checked, { problems: [], warnings: [], missing: [], problemCount: 0 });
});

for (const isStrict of [false, true]) {
  Deno.test(`of 100,000 unknown fields, ten are ${isStrict ? "problems" : "warnings"} and the others are counted`, async () => {
    const unknown = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`x${index}`, 1]));
    const { problems, warnings } = await check([VALID, JSON.stringify(unknown)], isStrict);
    const found = isStrict ? problems : warnings;
    assert.equal(found.length, 11);
    assert.match(found.at(-1) ?? "", /and 99,990 more unknown fields$/);
  });
}

Deno.test("of the same problem in 1,000 rows, ten are listed and the others are counted", async () => {
  const probes = Array.from({ length: 1_000 }, () => ({ name: "p", kind: "sphere", length: "long" }));
  const { problems } = await check([VALID, JSON.stringify({ probes })]);
  assert.equal(problems.filter((problem) => problem.includes(".kind")).length, 10);
  assert.ok(problems.some((problem) => /probes.* and 990 more$/.test(problem)), problems.at(-1));
});

for (
  const [file, text] of [
    ["inputs.json", '{ "cores": 1.10,\n "output": { "folder": 1E3 },\n "solver": 2.50 }'],
    ["inputs.yaml", "cores: 1.10\noutput: { folder: 1E3 }\nsolver: 2.50\n"],
  ] as const
) {
  Deno.test(`refusals quote the numbers of ${file} as they are written, and name quotes where text is needed`, async () => {
    const { problems } = await check([VALID, file], false, text);
    assert.deepEqual(problems, [
      `${file}:3 | solver | must be one of "steady", "les": got 2.50`,
      `${file}:1 | cores | must be a whole number from 1 to 512: got 1.10`,
      `${file}:2 | output.folder | must be text: got 1E3; put it in quotes`,
    ]);
  });
}

for (const argument of ["cores=1.10", "cores:=1.10"]) {
  Deno.test(`the refusal of ${argument} quotes the number as it is written`, async () => {
    assert.deepEqual((await check([VALID, argument])).problems, [
      "-i #2 | cores | must be a whole number from 1 to 512: got 1.10",
    ]);
  });
}
