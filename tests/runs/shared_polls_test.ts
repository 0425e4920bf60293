import assert from "node:assert/strict";
import { cliStage } from "../support/cli_stage.ts";

async function stageWith(count: number) {
  const scenario = { "main/solve": { lasts: "5m" } };
  const yaml = "jobs: { main: { steps: [{ name: solve, run: solve }] } }";
  const stage = await cliStage({ workflows: { solve: { yaml, scenario } } });
  for (let index = 0; index < count; index++) await stage.call(["run", "solve", "--no-wait"]);
  return stage;
}

Deno.test("watch of many runs lists them instead of polling each, and reads each end by name", async () => {
  await using stage = await stageWith(25);
  const slugs = stage.simulator.runs().map(({ slug }) => slug);
  const before = stage.simulator.received("get-run").length;
  const { code } = await stage.call(["watch", ...slugs, "--poll-interval", "10s", "--max-poll-interval", "10s"]);
  assert.equal(code, 0);
  // The first read, the end, and what the list missed.
  const reads = stage.simulator.received("get-run").length - before;
  assert.ok(reads >= 50 && reads < 100, `${reads} reads`);
});

Deno.test("resume of many runs lists them instead of polling each", async () => {
  await using stage = await stageWith(25);
  const before = stage.simulator.received("get-run").length;
  const words = ["resume", "--all", "--poll-interval", "10s", "--max-poll-interval", "10s"];
  assert.equal((await stage.call(words)).code, 0);
  const reads = stage.simulator.received("get-run").length - before;
  assert.ok(reads >= 25 && reads < 75, `${reads} reads`);
});
