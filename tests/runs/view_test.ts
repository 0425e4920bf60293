import assert from "node:assert/strict";
import { isAnythingRunning, stepPositionOf, toRunResult, toRunView } from "../../lib/runs/view.ts";
import { formatRunId, type Job } from "../../lib/run.ts";
import { aRun, aRunDetail, aStep } from "../support/records.ts";

const job = (name: string, ...statuses: string[]): Job => ({
  name,
  status: "running",
  steps: statuses.map((status, index) => aStep({ name: `${name} ${index}`, status, index })),
  outputs: {},
});

Deno.test("viewOf() calculates the duration from the server's timestamps", () => {
  const run = aRun({ createdAt: "2026-01-05T09:00:00.250Z", completedAt: "2026-01-05T09:00:42.750123456Z" });
  assert.equal(toRunView(run).durationSeconds, 42.5);
  assert.equal(toRunView(aRun()).durationSeconds, null);
});

Deno.test("viewOf() has jobs, outputs and links only for a run detail", () => {
  assert.ok(!("jobs" in toRunView(aRun())));
  const jobs = [{ ...job("prepare", "completed"), outputs: { rows: "12" } }, job("report", "running")];
  assert.deepEqual(toRunView(aRunDetail({ jobs })).outputs, { prepare: { rows: "12" } });
});

Deno.test("positionOf() counts the running step over all jobs", () => {
  assert.deepEqual(stepPositionOf([job("a", "completed"), job("b", "completed", "running", "pending")]), {
    path: ["b"],
    job: "b",
    step: "b 1",
    ordinal: 3,
    total: 4,
  });
  assert.equal(stepPositionOf([job("a", "completed")]), null);
});

Deno.test("stepPositionOf() counts the steps of a subworkflow in place of the step that calls it", () => {
  const calling = (...inner: string[]): Job => ({
    ...job("b"),
    steps: [aStep({ name: "call", status: "running", jobs: [job("ssh_job", ...inner)] }), aStep({ index: 1 })],
  });
  assert.deepEqual(stepPositionOf([job("a", "completed"), calling("completed", "running")]), {
    path: ["b", "ssh_job"],
    job: "ssh_job",
    step: "ssh_job 1",
    ordinal: 3,
    total: 4,
  });
  const between = stepPositionOf([job("a", "completed"), calling("pending", "pending")]);
  assert.deepEqual(between, { path: ["b"], job: "b", step: "call", ordinal: 2, total: 4 });
});

Deno.test("formatRunId() is the slug, or workflow and number on legacy servers", () => {
  assert.equal(formatRunId({ type: "slug", slug: "nice-goose" }), "nice-goose");
  assert.equal(formatRunId({ type: "number", workflow: "hello-world", number: 47 }), "hello-world#47");
});

for (
  const [createdAt, completedAt, want] of [
    ["2026-01-05T09:00:00Z", null, null],
    [null, "2026-01-05T09:00:00Z", null],
    ["soon", "2026-01-05T09:00:00Z", null],
    // The server's clock was set back.
    ["2026-01-05T09:00:01Z", "2026-01-05T09:00:00Z", 0],
  ] as const
) {
  Deno.test(`toRunView() has a duration of ${want} from ${createdAt} to ${completedAt}`, () => {
    assert.equal(toRunView(aRun({ createdAt, completedAt })).durationSeconds, want);
  });
}

Deno.test("toRunResult() explains a failure by the server's reason or else by what failed", () => {
  const failure = { summary: "build failed", failedJobs: [] };
  const facts = { kind: "failed", submitted: "yes", failure } as const;
  assert.equal(toRunResult(aRun(), facts).errorMessage, "build failed");
  assert.equal(toRunResult(aRun({ statusReason: "out of memory" }), facts).errorMessage, "out of memory");
  const { status, ...rest } = toRunResult(aRun(), { kind: "timeout", submitted: "no" });
  assert.deepEqual([status, "failure" in rest, "session" in rest, "message" in rest], ["running", false, false, false]);
});

for (
  const [what, jobs, want] of [
    ["no job", [], false],
    ["a job that runs without a step that does", [job("a", "completed")], true],
    ["an ended job", [{ ...job("a", "completed", "error"), status: "error" }], false],
    ["a step that runs in a job that does not", [{ ...job("a", "running"), status: "error" }], true],
    ["a step that runs in a workflow that a step calls", [{
      ...job("a"),
      status: "error",
      steps: [aStep({ jobs: [{ ...job("b", "running"), status: "error" }] })],
    }], true],
  ] as const satisfies readonly (readonly [string, readonly Job[], boolean])[]
) {
  Deno.test(`isAnythingRunning() is ${want} of ${what}`, () => {
    assert.equal(isAnythingRunning(jobs), want);
  });
}
