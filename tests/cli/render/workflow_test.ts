import assert from "node:assert/strict";
import { wrapLines } from "../../../lib/cli/terminal/wrap.ts";
import { renderWorkflow } from "../../../lib/cli/render/workflow.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";
import { parse } from "../../../lib/deps/yaml.ts";
import type { Workflow } from "../../../lib/workflow.ts";

const YAML = `
permissions: ['*']
on: { execute: { inputs: {
  resource: { type: compute-clusters, label: Resource },
  script: { type: editor, label: "The script that is run on the cluster", default: "#!/bin/bash\\necho 'a long default that goes on and on'\\n" },
  api_key: { type: string, label: Key, default: planted-secret },
  pin: { type: password, default: planted-secret },
  is_dry: { type: boolean },
  slurm: { type: group, hidden: "\${{ inputs.is_dry }}", items: {
    scheduler_directives_with_a_long_name: { type: editor, label: Directives that are passed to the scheduler } } },
  juice: { type: string, label: Juice, hidden: "\${{ org.TOKEN == '' }}" } } } }
`;

Deno.test("show fits into 80 columns, and every label survives", () => {
  const shown = render({ columns: 80 });
  for (const line of shown.split("\n")) assert.ok(line.length <= 80, line);
  for (
    const label of ["The script that is run on the cluster", "Directives that are passed to the scheduler", "Juice"]
  ) {
    assert.ok(shown.includes(label), label);
  }
});

Deno.test("at 50 columns, show still lists what is required and what has a default", () => {
  const shown = render({ columns: 50 });
  for (const line of shown.split("\n")) assert.ok(line.length <= 50, line);
  assert.match(shown, /^ {2}resource\n {4}compute-clusters · required · Resource$/m);
  assert.match(shown, /^ {4}boolean · default false$/m);
  assert.match(shown, /^ {4}editor · required when shown · Directives/m);
});

Deno.test("show cuts long defaults, masks secrets, and marks what is required when shown", () => {
  const shown = render({ columns: Infinity });
  assert.ok(!shown.includes("planted-secret"), shown);
  assert.match(shown, /^ {2}script +editor +default "#!\/bin\/bash.{0,14}… +The script/m);
  assert.match(shown, /^ {2}api_key +string +default ••• +Key$/m);
  assert.match(shown, /^ {2}is_dry +boolean +default false$/m);
  assert.match(shown, /^ {2}resource +compute-clusters +required +Resource$/m);
  assert.match(shown, /scheduler_directives_with_a_long_name +editor +required when shown/);
});

Deno.test("show marks what an optional group needs once it is given", () => {
  const items = { to: { type: "string" }, cc: { type: "string", hidden: "${{ inputs.quiet }}" } };
  const inputs = {
    mail: {
      type: "group",
      optional: true,
      items: { ...items, server: { type: "group", items: { port: { type: "integer" } } } },
    },
    always: { type: "group", items },
    either: { type: "group", optional: "${{ inputs.quiet }}", items },
  };
  const shown = render({ columns: Infinity, yaml: { on: { execute: { inputs } } } });
  assert.match(shown, /^ {2}mail\.to +string +required when the group is given$/m);
  assert.match(shown, /^ {2}mail\.cc +string +required when shown$/m);
  assert.match(shown, /^ {2}mail\.server\.port +integer +required when the group is given/m);
  assert.match(shown, /^ {2}always\.to +string +required$/m);
  assert.match(shown, /^ {2}either\.to +string +required when shown$/m);
});

Deno.test("show lists the options of a choice and the range of a number", () => {
  const inputs = {
    mode: { type: "dropdown", label: "Mode", options: [{ value: "fast" }, { value: "exact" }] },
    extras: { type: "multi-dropdown", options: [{ value: "plots" }], optional: true },
    cores: { type: "integer", label: "Cores", min: 1, max: 8, default: 2 },
    count: { type: "integer", label: "Count", default: 3 },
  };
  const shown = render({ columns: Infinity, yaml: { on: { execute: { inputs } } } });
  assert.match(shown, /^ {2}mode +dropdown +required +Mode: one of "fast", "exact"$/m);
  assert.match(shown, /^ {2}extras +multi-dropdown +optional +a list of any of "plots"$/m);
  assert.match(shown, /^ {2}cores +integer +default 2 +Cores: a whole number from 1 to 8$/m);
  assert.match(shown, /^ {2}count +integer +default 3 +Count$/m);
});

Deno.test("show names what a workflow asks for, and what cannot be evaluated", () => {
  const shown = render({ columns: 80 });
  assert.match(shown, /^Asks for +all permissions \(\*\)$/m);
  assert.match(shown, /Not evaluated here\n {2}juice hidden: depends on org\.TOKEN, which only the platform knows/);
});

Deno.test("a workflow file that the server left out is not one without inputs", () => {
  assert.match(render({ columns: 80, yaml: null }), /Inputs unknown: the server left the workflow file out/);
  assert.match(render({ columns: 80, yaml: { jobs: {} } }), /No inputs/);
});

Deno.test("at 20 columns, no line of a command is a backslash alone", () => {
  const shown = wrapLines(render({ columns: 20 }), 20).split("\n");
  const commands = shown.slice(shown.indexOf("Run") + 1);
  assert.deepEqual(commands.filter((line) => line.length > 20 || /^ *\\$/.test(line)), []);
  assert.equal(commands.filter((line) => line === "pw-workflow-runner \\").length, 2);
});

function render({ columns, yaml = parse(YAML) }: { columns: number; yaml?: Workflow["yaml"] }): string {
  return renderWorkflow({
    id: "0",
    name: "sample",
    displayName: null,
    description: null,
    type: "local",
    tags: [],
    isFavorite: false,
    owner: null,
    yaml,
    presets: [],
  }, { style: styleFor(false), columns });
}
