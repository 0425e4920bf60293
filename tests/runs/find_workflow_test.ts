import assert from "node:assert/strict";
import { findWorkflow } from "../../lib/runs/find.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();
const FILE = /^Runs start from workflows of your account: create one from the file .* -i$/;
const MARKETPLACE = /^Runs start from workflows of your account: add this one to your account/;

for (
  const [name, hint] of [
    ["hello-wrld", /^Did you mean "hello-world"\?$/],
    ["something-else", /^`pw-workflow-runner list` lists your workflows$/],
    ["inputs.JSON", /^Specify the workflow by its name, and the input file with -i$/],
    ["hello-world.yaml", FILE],
    ["Flow.YML", FILE],
    ["./hello-world", FILE],
    ["../hello-world", FILE],
    ["/srv/hello-world", FILE],
    ["~/hello-world", FILE],
    [".\\hello-world", FILE],
    ["marketplace/hello-world", MARKETPLACE],
    ["marketplace.hello-world", MARKETPLACE],
    ["github/me/hello-world", MARKETPLACE],
    ["github-world", /^`pw-workflow-runner list`/],
  ] as const
) {
  Deno.test(`findWorkflow() states what to do about "${name}"`, async () => {
    await using stage = await aStage();
    const message = `Cannot find workflow "${name}": your account has no workflow with this name`;
    await assert.rejects(findWorkflow(stage.deps, name, { signal }), { kind: "not_found", message, commandHint: hint });
  });
}

Deno.test("findWorkflow() passes on any other failure, without a search for similar names", async () => {
  await using stage = await aStage();
  stage.simulator.addFaults({ on: "get-workflow", status: 403 });
  await assert.rejects(findWorkflow(stage.deps, "hello-world", { signal, retry: "none" }), { kind: "forbidden" });
  assert.equal(stage.simulator.received("list-workflows").length, 0);
  assert.equal((await findWorkflow(stage.deps, "hello-world", { signal })).name, "hello-world");
});

async function aStage() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  return { simulator, deps, [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose]() };
}
