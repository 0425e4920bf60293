import assert from "node:assert/strict";
import { readJobs } from "../../lib/platform/run_schema.ts";
import { aStep } from "../support/records.ts";

const STEPS = [{ name: "build", status: "completed" }, { id: "go", status: "error" }, { run: "true" }, null];

const WANT = [{
  name: "main",
  status: "error",
  steps: [
    aStep({ name: "build", status: "completed" }),
    aStep({ name: "go", status: "error", index: 1 }),
    aStep({ name: "step 3", status: "", index: 2 }),
    aStep({ name: "step 4", status: "", index: 3 }),
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

Deno.test("a step contains the jobs of the workflow that it calls, with logs in the folder of that step", () => {
  const submit = { name: "Submit", status: "error", annotations: [{ type: "error", message: "no partition" }] };
  const inner = { ssh_job: { status: "error", steps: [{ name: "Connect", status: "completed" }, submit] } };
  const middle = { runner: { status: "error", steps: [{ status: "error", subworkflow: { jobs: inner } }] } };
  const call = { uses: "marketplace/session_runner/v1", status: "error", subworkflow: { jobs: middle } };
  const [job] = readJobs({ session_runner: { status: "error", steps: [{ uses: "parallelworks/checkout" }, call] } });
  const [checkout, caller] = job?.steps ?? [];
  assert.deepEqual([checkout?.name, checkout?.uses, checkout?.jobs], ["parallelworks/checkout", checkout?.uses, []]);
  assert.equal(caller?.name, "marketplace/session_runner/v1");
  assert.equal(caller?.logPath, "logs/session_runner/step_1/logs.out");
  const [ssh] = caller?.jobs[0]?.steps[0]?.jobs ?? [];
  const folder = "subworkflows/session_runner/step_1/subworkflows/runner/step_0";
  assert.deepEqual(ssh?.steps.map(({ name, logPath }) => [name, logPath]), [
    ["Connect", `${folder}/logs/ssh_job/step_0/logs.out`],
    ["Submit", `${folder}/logs/ssh_job/step_1/logs.out`],
  ]);
  assert.deepEqual(ssh?.steps[1]?.annotations, [{ type: "error", title: null, message: "no partition" }]);
});

for (const subworkflow of [undefined, null, 5, [], {}, { jobs: null }, { jobs: "x" }, { jobs: [5] }]) {
  Deno.test(`a subworkflow like ${JSON.stringify(subworkflow)} contains no jobs`, () => {
    assert.deepEqual(readJobs({ main: { steps: [{ subworkflow }] } })[0]?.steps[0]?.jobs, []);
  });
}

for (const annotations of [null, "text", [null], [{ type: "error" }], [{ message: 5 }]]) {
  Deno.test(`annotations like ${JSON.stringify(annotations)} are ignored`, () => {
    assert.deepEqual(readJobs({ main: { steps: [{ annotations }] } })[0]?.steps[0]?.annotations, []);
  });
}

Deno.test("endlessly nested subworkflows are cut", () => {
  const nested = Array.from({ length: 10_000 }).reduce<unknown>(
    (jobs) => ({ main: { steps: [{ subworkflow: { jobs } }] } }),
    {},
  );
  let depth = 0;
  for (let jobs = readJobs(nested); jobs[0] !== undefined; jobs = [...jobs[0].steps[0]?.jobs ?? []]) depth += 1;
  assert.equal(depth, 17);
});
