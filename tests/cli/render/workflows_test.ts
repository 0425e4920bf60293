import assert from "node:assert/strict";
import { renderWorkflows } from "../../../lib/cli/render/workflows.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";
import type { Workflow } from "../../../lib/workflow.ts";

const plain = styleFor(false);

function aWorkflow(parts: Partial<Workflow>): Workflow {
  return {
    id: "6894b3f8d9dedd97d7c3d536",
    name: "hello-world",
    displayName: null,
    description: null,
    type: "local",
    tags: [],
    isFavorite: false,
    owner: null,
    yaml: null,
    presets: [],
    ...parts,
  };
}

Deno.test("renderWorkflows() prints name, star and description, or the display name without a description", () => {
  const workflows = [
    aWorkflow({ description: "Says hello", displayName: "Hello", isFavorite: true }),
    aWorkflow({ name: "quick", displayName: "Quick one" }),
    aWorkflow({ name: "bare" }),
  ];
  assert.equal(
    renderWorkflows(workflows, { style: plain, columns: 80 }),
    ["hello-world  ★  Says hello", "quick           Quick one", "bare"].join("\n"),
  );
});

Deno.test("renderWorkflows() shortens descriptions to the terminal's width", () => {
  const workflows = [aWorkflow({ description: "x".repeat(100) }), aWorkflow({ description: "short" })];
  const [long, short] = renderWorkflows(workflows, { style: plain, columns: 40 }).split("\n");
  assert.equal(long?.length, 40);
  assert.match(long ?? "", /x…$/);
  assert.match(short ?? "", /short$/);
});

Deno.test("renderWorkflows() escapes text from a server and keeps it on one line", () => {
  const text = renderWorkflows([aWorkflow({ name: "a\nb", description: "one\ntwo\u001b[2J" })], {
    style: plain,
    columns: 80,
  });
  assert.equal(text, "a\\nb     one\\ntwo\\x1b[2J");
});

Deno.test("renderWorkflows() of no workflows is empty", () => {
  assert.equal(renderWorkflows([], { style: plain, columns: 80 }), "");
});

Deno.test("renderWorkflows() makes names bold and stars yellow", () => {
  const style = styleFor(true);
  const text = renderWorkflows([aWorkflow({ isFavorite: true, description: "d" })], { style, columns: 80 });
  assert.equal(text, `${style.bold("hello-world")}  ${style.yellow("★")}  d`);
});
