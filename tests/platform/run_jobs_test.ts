import assert from "node:assert/strict";
import { readJobs } from "../../lib/platform/run_jobs.ts";

const STEPS = [{ name: "build", status: "completed" }, { id: "go", status: "error" }, { run: "true" }, null];

const WANT = [{
  name: "main",
  status: "error",
  steps: [
    { name: "build", status: "completed", index: 0 },
    { name: "go", status: "error", index: 1 },
    { name: "step 3", status: "", index: 2 },
    { name: "step 4", status: "", index: 3 },
  ],
  outputs: { url: "x" },
}];

for (
  const [shape, executedJobs] of [
    ["a map", { main: { status: "error", steps: STEPS, outputs: '{"url":"x"}' } }],
    ["pairs", [["main", { status: "error", steps: STEPS, outputs: { url: "x" } }]]],
    ["key and value", [{ key: "main", value: { status: "error", steps: STEPS, outputs: '{"url":"x"}' } }]],
  ] as const
) {
  Deno.test(`jobs are read from ${shape}`, () => assert.deepEqual(readJobs(executedJobs), WANT));
}

for (const executedJobs of [undefined, null, "text", 5, [], {}, [null, 5, [], [7, {}]]]) {
  Deno.test(`${JSON.stringify(executedJobs)} contains no jobs`, () => assert.deepEqual(readJobs(executedJobs), []));
}

for (const outputs of [undefined, null, "", "{", "[1]", "null", 5]) {
  Deno.test(`outputs of ${JSON.stringify(outputs)} are empty`, () => {
    assert.deepEqual(readJobs({ main: { status: "completed", outputs } }), [
      { name: "main", status: "completed", steps: [], outputs: {} },
    ]);
  });
}
