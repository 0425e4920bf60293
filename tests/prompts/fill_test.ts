import assert from "node:assert/strict";
import { readForm } from "../../lib/inputs/read_form.ts";
import type { Cluster } from "../../lib/cluster.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import { promptForFields } from "../../lib/prompts/fill.ts";
import { type ScriptedAnswer, scriptedPrompter } from "./support/scripted_prompter.ts";

const GPU: Cluster = {
  id: "0",
  name: "gpu",
  displayName: null,
  user: null,
  type: null,
  status: "active",
  ipAddress: "",
  schedulerType: null,
  csp: null,
};
const SECRET = "hunter2-in-the-form";

async function filled(inputs: JsonObject, given: JsonObject, script: readonly ScriptedAnswer[]) {
  const form = readForm({ on: { execute: { inputs } } });
  assert.ok(form !== null);
  const prompter = scriptedPrompter(script);
  const result = await promptForFields(prompter, form, given, {
    clusters: [GPU],
  });
  assert.deepEqual(prompter.rest, []);
  return { result, shown: prompter.shown() };
}

for (
  const [what, field] of [
    ["a password", { pin: { type: "password", default: SECRET } }],
    ["a text with the name of a secret", { api_token: { type: "string", default: SECRET } }],
    ["a multiline text with the name of a secret", { private_key: { type: "editor", default: SECRET } }],
  ] as const
) {
  Deno.test(`the question for ${what} does not show its default`, async () => {
    const { result, shown } = await filled(field, {}, [[/\(default •••\)/, ""]]);
    assert.ok(!shown.includes(SECRET), shown);
    assert.deepEqual(result, {});
  });

  Deno.test(`the question for ${what} does not show the value so far, and an empty answer keeps it`, async () => {
    const [name] = Object.keys(field);
    const given = { [name ?? ""]: "given-before" };
    const { result, shown } = await filled(field, given, [[/./, ""]]);
    assert.ok(!shown.includes("given-before"), shown);
    assert.deepEqual(result, given);
  });

  Deno.test(`an answer to the question for ${what} replaces the value so far`, async () => {
    const [name] = Object.keys(field);
    const { result } = await filled(field, { [name ?? ""]: "given-before" }, [[/./, "new"]]);
    assert.deepEqual(result, { [name ?? ""]: "new" });
  });
}

Deno.test("an optional question is asked again when a later answer makes it required", async () => {
  const form = {
    reason: { type: "string", optional: "${{ !inputs.urgent }}" },
    urgent: { type: "boolean" },
  };
  const { result } = await filled(form, {}, [
    [/reason \(optional\)/, ""],
    [/urgent/, true],
    [/reason \(required\)/, "outage"],
  ]);
  assert.deepEqual(result, { urgent: true, reason: "outage" });
});

Deno.test("a row of secrets is asked for without echo, also if only the name of the list shows that they are", async () => {
  for (const [name, type] of [["pins", "password"], ["tokens", "string"]] as const) {
    const list = { [name]: { type: "list", min: 1, max: 1, template: { type, default: SECRET } } };
    const { result, shown } = await filled(list, {}, [[/\(default •••\)/, "new"]]);
    assert.ok(!shown.includes(SECRET), shown);
    assert.deepEqual(result, { [name]: ["new"] });
  }
});

Deno.test("an empty answer to a text removes the value so far, and the default applies", async () => {
  const { result, shown } = await filled({ title: { type: "string", default: "x" } }, { title: "y" }, [[
    /default x/,
    "",
  ]]);
  assert.deepEqual(result, {});
  assert.ok(shown.includes('{"initial":"y","placeholder":"x"}'), shown);
});

Deno.test("a choice can be left to the platform only when it is optional and has no default", async () => {
  const options = [{ label: "A", value: "a" }, { label: "B", value: "b" }];
  const optional = { mode: { type: "dropdown", optional: true, options } };
  assert.deepEqual((await filled(optional, {}, [[/mode/, "None"]])).result, {});
  const required = { mode: { type: "dropdown", options } };
  const { result, shown } = await filled(required, { mode: "b" }, [[/mode/, "A"]]);
  assert.deepEqual(result, { mode: "a" });
  assert.ok(!shown.includes("None") && shown.includes('{"initial":"b"}'), shown);
});

Deno.test("an optional choice of several without a selection is left to the platform", async () => {
  const options = [{ label: "A", value: "a" }, { label: "B", value: "b" }];
  const extras = { type: "multi-dropdown", options };
  assert.deepEqual((await filled({ extras: { ...extras, optional: true } }, {}, [[/extras/, []]])).result, {});
  const withDefault = { extras: { ...extras, optional: true, default: ["a"] } };
  assert.deepEqual((await filled(withDefault, {}, [[/extras/, []]])).result, { extras: [] });
  const { result, shown } = await filled({ extras }, { extras: ["b"] }, [[/extras/, ["A", "B"]]]);
  assert.deepEqual(result, { extras: ["a", "b"] });
  assert.ok(shown.includes('{"initial":["b"],"isRequired":true}'), shown);
});

Deno.test("a cluster can be chosen, typed or left to the platform", async () => {
  const cluster = { type: "compute-clusters", optional: true };
  assert.deepEqual((await filled({ cluster }, {}, [[/cluster/, "gpu"]])).result, { cluster: "gpu" });
  assert.deepEqual((await filled({ cluster }, {}, [[/cluster/, "None"]])).result, {});
  const typed = await filled({ cluster }, {}, [[/cluster/, "Other"], [/cluster/, "my-own"]]);
  assert.deepEqual(typed.result, { cluster: "my-own" });
});

Deno.test("rows are added until the user declines, and each group has a heading", async () => {
  const inputs = {
    more: { type: "group", label: "More", items: { n: { type: "integer", optional: true } } },
    rows: { type: "list", label: "Rows", template: { name: { type: "string" } } },
  };
  const { result, shown } = await filled(inputs, {}, [
    [/n \(a whole number, optional\)/, "7"],
    [/Add a row to Rows\?/, true],
    [/name \(required\)/, "one"],
    [/Add another row to Rows\? \(1 so far\)/, false],
  ]);
  assert.deepEqual(result, { more: { n: 7 }, rows: [{ name: "one" }] });
  assert.match(shown, /^More$/m);
  assert.match(shown, /^Rows$/m);
});

Deno.test("a question shows the form's example, starts with a default to edit, and takes one line", async () => {
  const inputs = {
    modules: { type: "string", placeholder: "firefox, virtuoso", optional: true },
    model: { type: "string", default: "base", prefillDefault: true },
    script: { type: "editor", default: "#!/bin/bash\nmake\nmake install\n" },
    size: { type: "string", default: "${{ inputs.model == 'large' ? '80' : '8' }}" },
  };
  const { shown } = await filled(inputs, {}, [
    [/^modules \(optional\)$/, ""],
    [/^model \(default base\)$/, "large"],
    [/^script \(press Enter twice to finish, default #!\/bin\/bash…\)$/, ""],
    [/^size \(default 80\)$/, ""],
  ]);
  assert.ok(shown.includes('{"placeholder":"firefox, virtuoso"}'), shown);
  assert.ok(shown.includes('{"initial":"base","placeholder":"base"}'), shown);
});

Deno.test("a list starts with the rows that it needs, and ends with those that it may have", async () => {
  const rows = { type: "list", label: "Rows", template: { name: { type: "string" } } };
  const bounded = await filled({ rows: { ...rows, min: 1, max: 1 } }, {}, [[/name/, "one"]]);
  assert.deepEqual(bounded.result, { rows: [{ name: "one" }] });
  const required = await filled({ rows }, {}, [[/^Add a row to Rows\? \(required\)$/, false]]);
  assert.ok(required.shown.includes('{"initial":true}'), required.shown);
  const prompts = { type: "list", label: "Prompts", max: 1, template: { type: "string", label: "Prompt" } };
  const single = await filled({ prompts }, {}, [[/Add a row/, true], [/^Prompt \(required\)$/, "hi"]]);
  assert.deepEqual(single.result, { prompts: ["hi"] });
});

Deno.test("only the clusters that the form offers, and the options for an input, can be chosen", async () => {
  const inputs = {
    cluster: { type: "compute-clusters", provider: ["existing"] },
    node: { type: "dropdown", "option-key": "${{ inputs.cluster }}", options: { own: ["a"], gpu: ["b"] } },
  };
  const { result, shown } = await filled(inputs, {}, [[/cluster/, "Other"], [/cluster/, "gpu"], [/node/, "b"]]);
  assert.deepEqual(result, { cluster: "gpu", node: "b" });
  assert.ok(!shown.includes('"gpu"') && !shown.includes('"a"'), shown);
});

for (const [given, byDefault, want] of [[true, false, true], [undefined, true, true], [undefined, undefined, false]]) {
  Deno.test(`the question for a boolean starts with ${want} when the value is ${given} and the default ${byDefault}`, async () => {
    const field = { real: { type: "boolean", ...(byDefault === undefined ? {} : { default: byDefault }) } };
    const { shown } = await filled(field, given === undefined ? {} : { real: given }, [[/real/, true]]);
    assert.ok(shown.includes(`{"initial":${want}}`), shown);
  });
}

for (
  const [what, field, answers, problem, value] of [
    [
      "a name that a JSON object has twice",
      { type: "json" },
      ['{"a": 1, "b": {"c": 1, "c": 2}}', '{"a": 1, "b": {"c": 2}}'],
      "data.b.c is given twice",
      { a: 1, b: { c: 2 } },
    ],
    [
      "a number in JSON that would be sent as another one",
      { type: "json" },
      ['[{"a": 9007199254740993}]', '[{"a": "9007199254740993"}]'],
      "data[0].a cannot be sent exactly as a number",
      [{ a: "9007199254740993" }],
    ],
    [
      "a number that would be sent as another one",
      { type: "number" },
      ["9007199254740993", "9007199254740992"],
      "data cannot be sent exactly as a number",
      9007199254740992,
    ],
  ] as const
) {
  Deno.test(`${what} is refused like in a file`, async () => {
    const { result, shown } = await filled({ data: field }, {}, answers.map((answer) => [/data/, answer]));
    assert.deepEqual(result, { data: value });
    assert.ok(shown.includes(`refused ${answers[0]}: ${problem}`), shown);
  });
}

Deno.test("several values whose options the form does not list are entered as JSON", async () => {
  const field = { tags: { type: "multi-dropdown", options: "${{ org.TAGS }}" } };
  const { result, shown } = await filled(field, {}, [[/tags \(required\)/, "a"], [/tags/, '["a", 1]']]);
  assert.match(shown, /refused a: It must be a list of the options: got "a"/);
  assert.deepEqual(result, { tags: ["a", 1] });
});

Deno.test("a default that is not among the options can be kept", async () => {
  const node = { type: "dropdown", label: "Node", default: "", options: ["standard", "bigmem"] };
  const kept = await filled({ node }, {}, [[/^Node \(optional\)$/, "None"]]);
  assert.deepEqual(kept.result, {});
  assert.ok(kept.shown.includes('{"value":null,"label":"None"}]\n{"initial":null}'), kept.shown);
  const computed = { ...node, default: "${{ org.NODE }}" };
  assert.deepEqual((await filled({ node: computed }, {}, [[/Node/, "Default"]])).result, {});
  const replaced = await filled({ node: { ...node, default: "gone" } }, { node: "bigmem" }, [[/Node/, "Default"]]);
  assert.deepEqual(replaced.result, {});
  assert.ok(replaced.shown.includes('{"initial":"bigmem"}'), replaced.shown);
});

Deno.test("an unchanged choice of several leaves its default to the platform", async () => {
  const extras = { type: "multi-dropdown", options: ["a", "b"] };
  const defaults: readonly (readonly [Json, string[]])[] = [["a", ["a"]], [["a", "b"], ["a", "b"]], [["gone"], []]];
  for (const [byDefault, selection] of defaults) {
    const { result, shown } = await filled({ extras: { ...extras, default: byDefault } }, {}, [[/extras/, selection]]);
    assert.deepEqual(result, {});
    assert.ok(shown.includes(`{"initial":${JSON.stringify(selection)},"isRequired":false}`), shown);
  }
});

Deno.test("a required text cannot be removed", async () => {
  const { result, shown } = await filled({ title: { type: "string" } }, { title: "old" }, [[/title/, ""], [
    /title/,
    "x",
  ]]);
  assert.deepEqual(result, { title: "x" });
  assert.ok(shown.includes("refused : This is required"), shown);
  const pin = await filled({ pin: { type: "password" } }, { pin: "" }, [[/pin/, ""], [/pin/, "x"]]);
  assert.deepEqual(pin.result, { pin: "x" });
});

Deno.test("the question for a cluster starts at the current one, however it was given", async () => {
  const cluster = { type: "compute-clusters" };
  const gpu = { $type: "computeResource", id: GPU.id, name: GPU.name };
  for (const [current, initial] of [["pw://me/gpu", "gpu"], [gpu, "gpu"], ["typed", null]] as const) {
    const { shown } = await filled({ cluster }, { cluster: current }, [[/cluster/, "gpu"]]);
    assert.ok(shown.includes(`\n{"initial":${JSON.stringify(initial)}}`), shown);
  }
});

Deno.test("None for a cluster that would be selected is sent as none", async () => {
  const cluster = { type: "compute-clusters", optional: true, autoselect: true };
  assert.deepEqual((await filled({ cluster }, {}, [[/cluster/, "None"]])).result, { cluster: null });
});

Deno.test("a list that was declined is asked for again when a later answer makes it required, and only then", async () => {
  const rows = {
    type: "list",
    label: "Rows",
    optional: "${{ !inputs.strict }}",
    template: { name: { type: "string" } },
  };
  const declined: ScriptedAnswer = [/^Add a row to Rows\?$/, false];
  const form = { rows, strict: { type: "boolean" } };
  assert.deepEqual((await filled(form, {}, [declined, [/strict/, false]])).result, { strict: false });
  const needed: ScriptedAnswer = [/^Add a row to Rows\? \(required\)$/, true];
  const { result } = await filled(form, {}, [
    declined,
    [/strict/, true],
    needed,
    [/name/, "one"],
    [/Add another row/, false],
  ]);
  assert.deepEqual(result, { strict: true, rows: [{ name: "one" }] });
  await filled(form, {}, [declined, [/strict/, true], [/Rows\? \(required\)/, false]]);
});

Deno.test("an optional list needs its rows only once it has one", async () => {
  const rows = { type: "list", label: "Rows", min: 2, max: 2, optional: true, template: { name: { type: "string" } } };
  assert.deepEqual((await filled({ rows }, {}, [[/^Add a row to Rows\?$/, false]])).result, {});
  const { result } = await filled({ rows }, {}, [[/Add a row/, true], [/name/, "one"], [/name/, "two"]]);
  assert.deepEqual(result, { rows: [{ name: "one" }, { name: "two" }] });
  // Without rows, a list that was given would be refused.
  const given = await filled({ rows }, { rows: [] }, [[/name/, "one"], [/name/, "two"]]);
  assert.deepEqual(given.result, result);
});

Deno.test("a text that is left as it was keeps its type", async () => {
  for (const data of [5, '{"a": 1}', true, { a: 1 }]) {
    const text = typeof data === "string" ? data : JSON.stringify(data);
    assert.deepEqual((await filled({ data: { type: "json" } }, { data }, [[/data/, text]])).result, { data });
  }
  // What is not valid is read again.
  assert.deepEqual((await filled({ n: { type: "integer" } }, { n: "5" }, [[/n/, "5"]])).result, { n: 5 });
});

Deno.test("an optional group can be left out, and its fields are asked for only if it is not", async () => {
  const items = { name: { type: "string" }, fast: { type: "boolean", default: true } };
  const mail = { type: "group", label: "Mail", optional: true, items };
  assert.deepEqual((await filled({ mail }, {}, [[/^Fill in Mail\? \(optional\)$/, false]])).result, {});
  const answers: readonly ScriptedAnswer[] = [[/^name \(required\)$/, "x"], [/fast/, false]];
  const filledIn = { mail: { name: "x", fast: false } };
  assert.deepEqual((await filled({ mail }, {}, [[/Mail/, true], ...answers])).result, filledIn);
  assert.deepEqual((await filled({ mail }, { mail: {} }, answers)).result, filledIn);
  assert.deepEqual((await filled({ mail: { ...mail, optional: false } }, {}, answers)).result, filledIn);
});
