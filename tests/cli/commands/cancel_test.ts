/** `cancel` of several runs. */

import assert from "node:assert/strict";
import { type CliStage, cliStage } from "../../support/cli_stage.ts";

/** @returns Their slugs, in the order of their start. */
async function startedRuns(stage: CliStage, count: number): Promise<readonly string[]> {
  for (let run = 0; run < count; run++) await stage.call(["run", "never-ending", "--no-wait"]);
  return stage.simulator.runs().map(({ slug }) => slug);
}

const statuses = ({ simulator }: CliStage) => simulator.runs().map(({ status }) => status);

Deno.test("a run that cannot be cancelled does not keep the others running", async () => {
  await using stage = await cliStage();
  const slugs = await startedRuns(stage, 3);
  stage.simulator.addFaults({ on: "cancel-run", after: 1, status: 403 });
  const { code, stdout, stderr } = await stage.call(["cancel", ...slugs]);
  assert.equal(code, 4, stderr);
  assert.match(stdout, new RegExp(`^✓ ${slugs[0]} is .*cancelled\n✓ ${slugs[2]} is .*cancelled\n$`));
  assert.match(stderr, new RegExp(`✗ Cannot cancel run ${slugs[1]}: .*403`));
  assert.deepEqual(statuses(stage).map((status) => status.startsWith("cancel")), [true, false, true]);
});

Deno.test("the document of `cancel` has the runs that were cancelled, and why others were not", async () => {
  await using stage = await cliStage();
  const slugs = await startedRuns(stage, 2);
  stage.simulator.addFaults({ on: "cancel-run", after: 1, status: 403 });
  const { code, stdout } = await stage.call(["cancel", ...slugs, "--json"]);
  const { runs, exitCode, kind, submitted } = JSON.parse(stdout);
  assert.deepEqual({ code, exitCode, kind, submitted }, { code: 4, exitCode: 4, kind: "forbidden", submitted: "no" });
  assert.deepEqual(runs.map(({ slug }: { slug: unknown }) => slug), slugs);
  assert.deepEqual([runs[0].error, runs[1].exitCode, runs[1].error.kind], [undefined, 4, "forbidden"]);
});

Deno.test("a name that is not found keeps all runs running, and that is stated", async () => {
  await using stage = await cliStage();
  const { slug } = Object(await stage.json("run", "never-ending", "--no-wait"));
  const many = await stage.call(["cancel", slug, "nope"]);
  assert.equal(many.code, 5);
  assert.match(many.stderr, /^No run was cancelled: all of them have to be found first\n✗ Cannot find run nope: /);
  assert.equal(stage.simulator.received("cancel-run").length, 0);
  assert.match((await stage.call(["cancel", "nope"])).stderr, /^✗ Cannot find run nope: /);
});

Deno.test("a run that is named twice is cancelled and reported once", async () => {
  await using stage = await cliStage();
  const { code, stdout } = await stage.call(["cancel", "hello-world#46", "hello-world-00046"]);
  assert.deepEqual([code, stdout], [0, "✓ hello-world-00046 had already ended: completed\n"]);
});
