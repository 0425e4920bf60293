import assert from "node:assert/strict";
import { explainInputs } from "../../lib/inputs/explain.ts";
import { readLayers } from "../../lib/inputs/layers.ts";
import { createInputLayer, mergeLayers } from "../../lib/inputs/merge.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import type { JsonObject } from "../../lib/json.ts";

const FILES: Readonly<Record<string, string>> = {
  "base.json":
    '{\n  "case": {\n    "name": "first", "cores": 4\n  },\n  "rows": [\n    {"n": 1},\n    {"n": 2}\n  ],\n  "none": {}\n}\n',
  "more.yaml": "# more\ncase:\n  cores: 8\nrows:\n  - n: 3\n",
  "commented.json":
    '// comment\n{\n  /* of the\n     case */ "case": { "name": "a \\"quoted\\" name" },\n\n  "odd \\"name\\"": [1,\n    2,],\n}\n',
  "secrets.json":
    '{"login": {"password": "hunter2", "pin": "4711"}, "api_token": "abc", "extra": {"secrets": {"a": "xyz"}}}',
};
const FORM: JsonObject = {
  case: {
    type: "group",
    items: {
      name: { type: "string" },
      cores: { type: "integer", default: 1 },
      mode: { type: "string", default: "fast" },
    },
  },
  computed: { type: "boolean", default: "${{ inputs.case.cores == 1 }}" },
  ignored: { type: "string", default: "x", ignore: true },
  login: {
    type: "group",
    optional: true,
    items: { password: { type: "string" }, pin: { type: "password", default: "0000" } },
  },
};

async function explain(args: readonly string[], inputs: JsonObject | null, preset?: JsonObject): Promise<string[]> {
  const layers = await readLayers(args, {
    readTextFile: (path) => Promise.resolve(FILES[path] ?? ""),
    readStdin: () => Promise.resolve('{\n"case": {"name": "from stdin"}}'),
    promptSecret: () => Promise.resolve("entered-secret"),
  });
  const all = preset === undefined ? layers : [createInputLayer("preset small", preset), ...layers];
  const form = inputs === null ? null : readForm({ on: { execute: { inputs } } });
  const rows = await explainInputs(mergeLayers(all), form);
  return rows.map(({ path, value, origin, overrode, isSent }) =>
    [
      `${path} = ${JSON.stringify(value)} from ${origin}${isSent ? "" : ", not sent"}`,
      ...overrode.map((source) => `over ${JSON.stringify(source.value)} from ${source.origin}`),
    ].join(", ")
  );
}

for (
  const [args, want] of [
    [["base.json"], [
      'case.name = "first" from base.json:3',
      "case.cores = 4 from base.json:3",
      "rows[0].n = 1 from base.json:6",
      "rows[1].n = 2 from base.json:7",
      "none = {} from base.json:9",
    ]],
    [["base.json", "more.yaml", "case.cores=16"], [
      'case.name = "first" from base.json:3',
      "case.cores = 16 from -i #3, over 8 from more.yaml:3, over 4 from base.json:3",
      "rows[0].n = 3 from more.yaml:5, over 1 from base.json:6",
      "none = {} from base.json:9",
    ]],
    [["commented.json"], [
      'case.name = "a \\"quoted\\" name" from commented.json:4',
      '["odd \\"name\\""][0] = 1 from commented.json:6',
      '["odd \\"name\\""][1] = 2 from commented.json:7',
    ]],
    [["base.json", "rows[1].n=5", "none.x=1", '{"case": 7}'], [
      'case = 7 from -i #4, over {"name":"first","cores":4} from base.json:2',
      "rows[0].n = 1 from base.json:6",
      "rows[1].n = 5 from -i #2, over 2 from base.json:7",
      "none.x = 1 from -i #3",
    ]],
    [["-"], ['case.name = "from stdin" from stdin:2']],
    [[], []],
  ] as const satisfies readonly (readonly [readonly string[], readonly string[]])[]
) {
  Deno.test(`-i ${JSON.stringify(args)} is explained value by value`, async () => {
    assert.deepEqual(await explain(args, null), want);
  });
}

Deno.test("a preset has lower precedence, and the form's defaults are shown as not sent", async () => {
  assert.deepEqual(await explain(["case.cores=8"], FORM, { case: { name: "saved", cores: 2 } }), [
    'case.name = "saved" from preset small',
    "case.cores = 8 from -i #1, over 2 from preset small",
    'case.mode = "fast" from default, not sent',
    'computed = "${{ inputs.case.cores == 1 }}" from default, not sent',
    'login.pin = "•••" from default, not sent',
  ]);
});

const SECRETS = /hunter2|hunter3|4711|4712|abc|xyz|entered-secret|0000/;

for (
  const args of [
    ["secrets.json"],
    ["secrets.json", '{"login": {"password": "hunter3", "pin": "4712"}}'],
    // An overridden value may be secret, too.
    ["secrets.json", "login:=null", "api_token:=7", "extra:=[]"],
    ["login.password=hunter3", "login=plain"],
    ["ordinary=@-"],
    ["ordinary=@-", "ordinary=other"],
    ['rows:=[{"api_token": "abc"}]', "rows[0].api_token=xyz"],
    ['login:={"password": "hunter2"}', "login:=[]"],
  ]
) {
  Deno.test(`no secret is shown in the explanation of -i ${args.join(" -i ")}`, async () => {
    const rows = await explain(args, FORM);
    assert.ok(rows.length > 0);
    assert.doesNotMatch(rows.join("\n"), SECRETS);
  });
}

Deno.test("secret defaults are masked, by type and by name, including those in rows", async () => {
  const form = readForm({
    on: {
      execute: {
        inputs: {
          pin: { type: "password", default: "planted" },
          code: { type: "password", default: "${{ 'planted' }}" },
          api_token: { type: "string", default: "planted" },
          rows: {
            type: "list",
            template: { user: { type: "string" }, key: { type: "password" } },
            default: [{ user: "me", key: "planted" }],
          },
        },
      },
    },
  });
  const rows = await explainInputs(mergeLayers([]), form);
  assert.deepEqual(rows.map(({ path, value }) => [path, value]), [
    ["pin", "•••"],
    ["code", "•••"],
    ["api_token", "•••"],
    ["rows", [{ user: "me", key: "•••" }]],
  ]);
});
