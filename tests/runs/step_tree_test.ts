import assert from "node:assert/strict";
import type { Job, Step } from "../../lib/run.ts";
import { allJobs, allSteps, formatPath, hasFailed, lacksJobs } from "../../lib/runs/view.ts";
import { aStep } from "../support/records.ts";

const aJob = (name: string, ...steps: readonly Step[]): Job => ({ name, status: "running", steps, outputs: {} });

const JOBS = [
  aJob("prepare", aStep({ name: "fetch" })),
  aJob(
    "session",
    aStep({ name: "run", index: 0, jobs: [aJob("ssh_job", aStep({ name: "submit" })), aJob("notify")] }),
    aStep({ name: "clean up", index: 1, jobs: [aJob("ssh_job", aStep({ name: "remove" }))] }),
  ),
];

Deno.test("allJobs() names inner jobs by the jobs around them, and by a step only where that is ambiguous", () => {
  assert.deepEqual(allJobs(JOBS).map(({ path }) => formatPath(path)), [
    "prepare",
    "session",
    "session › run › ssh_job",
    "session › notify",
    "session › clean up › ssh_job",
  ]);
});

Deno.test("allSteps() lists a step that calls a workflow before the steps of that workflow", () => {
  assert.deepEqual(allSteps(JOBS).map(({ fullPath, step }) => formatPath([...fullPath, step.name])), [
    "prepare › fetch",
    "session › run",
    "session › run › ssh_job › submit",
    "session › clean up",
    "session › clean up › ssh_job › remove",
  ]);
});

for (
  const [uses, jobs, want] of [
    [null, [], false],
    ["parallelworks/cancel-jobs", [], false],
    ["marketplace/script_submitter/v3.5", [], true],
    ["marketplace/script_submitter/v3.5", JOBS, false],
  ] as const
) {
  Deno.test(`lacksJobs() of a step that uses ${uses} with ${jobs.length} jobs is ${want}`, () => {
    assert.equal(lacksJobs(aStep({ uses, jobs })), want);
  });
}

for (
  const [status, want] of [
    ["error", true],
    ["failed", true],
    ["faulted", true],
    ["canceled", false],
    ["skipped", false],
    ["running", false],
    ["completed", false],
  ] as const
) {
  Deno.test(`hasFailed() of a step with the status ${status} is ${want}`, () => {
    assert.equal(hasFailed(aStep({ status })), want);
  });
}
