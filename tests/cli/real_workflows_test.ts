/** Workflow files as they occur, with every command that reads a form, and run with the least inputs that are accepted. */

import assert from "node:assert/strict";
import { parse } from "../../lib/deps/yaml.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import type { JsonObject } from "../../lib/json.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { leastInputs } from "../inputs/support/real_workflows.ts";
import { depsFor } from "../support/deps.ts";
import { startMain } from "../support/main_call.ts";
import { needing } from "../support/needs.ts";
import { fixtureWorkflows, realWorkflows, type WorkflowTexts } from "../support/real_workflows.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const CLUSTER = "a30gpuserver";
const SCHEDULERS = { slurm: { schedulerType: "slurm" }, pbs: { schedulerType: "pbs" } } as const;
const real = await realWorkflows();

Deno.test("the workflow files of this repository can be shown, filled in and run to their end", async (t) => {
  await testAll(t, await fixtureWorkflows());
});

Deno.test({
  ...needing("public workflow files can be shown, filled in and run to their end", real.missing, "../shared"),
  fn: (t) => testAll(t, real),
});

for (const cluster of ["slurm", "pbs"] as const) {
  Deno.test({
    ...needing(`public workflow files run to their end on a cluster with ${cluster}`, real.missing, "../shared"),
    async fn(t) {
      const clock = virtualClock();
      await using simulator = await startSimulator({ clock, workflows: real.texts, clusters: SCHEDULERS });
      const { client } = await depsFor(simulator, { clock });
      const clusters = await client.listClusters();
      for (const [name, text] of Object.entries(real.texts)) {
        await t.step(name, async () => {
          const form = readForm(parse(text));
          const { inputs } = form === null ? { inputs: {} } : leastInputs(form, cluster, clusters);
          const args = ["run", name, "--no-history", "--trust", "-i", JSON.stringify(inputs)];
          const { code, stderr } = await startMain({ args, key: simulator.key, clock }).end;
          assert.equal(code, 0, stderr);
        });
      }
    },
  });
}

async function testAll(t: Deno.TestContext, { texts }: WorkflowTexts): Promise<void> {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, workflows: texts });
  const { client } = await depsFor(simulator, { clock });
  const clusters = await client.listClusters();
  const call = (...args: readonly string[]) => startMain({ args, key: simulator.key, clock }).end;
  const listed: readonly JsonObject[] = JSON.parse((await call("list", "--json")).stdout);
  for (const [name, text] of Object.entries(texts)) {
    await t.step(name, async () => {
      assert.ok(listed.some((workflow) => workflow["name"] === name));
      for (const args of [["show"], ["inputs", "new"], ["inputs", "schema"], ["inputs", "explain"]]) {
        const { code, stderr } = await call(...args, name);
        assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
      }
      const form = readForm(parse(text));
      const { inputs } = form === null ? { inputs: {} } : leastInputs(form, CLUSTER, clusters);
      const run = ["run", name, "--no-history", "-i", JSON.stringify(inputs)];
      const { code, stderr } = await call(...run, "--trust");
      assert.equal(code, 0, stderr);
      const wrong = await call(...run.with(4, JSON.stringify({ ...inputs, "no such field": 1 })), "--strict");
      assert.equal(wrong.code, 2, wrong.stderr);
    });
  }
}
