import assert from "node:assert/strict";
import { collectAnnotations, digestFailure } from "../../lib/runs/failure.ts";
import { aRunDetail, aStep } from "../support/records.ts";
import type { Job, LogAnnotation } from "../../lib/run.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();

/** In pieces of all lengths, since a log arrives in pieces. */
function annotationsIn(log: string) {
  const results = Array.from({ length: log.length }, (_, index) => {
    const collector = collectAnnotations();
    for (let start = 0; start < log.length; start += index + 1) collector.add(log.slice(start, start + index + 1));
    return collector.all();
  });
  for (const result of results) assert.deepEqual(result, results[0]);
  return results[0];
}

for (
  const [line, want] of [
    ["::error title=MPI::rank 3 died", { type: "error", title: "MPI", message: "rank 3 died" }],
    ["::error title=Solver: mesh::no such cell", { type: "error", title: "Solver: mesh", message: "no such cell" }],
    ["2026-01-05T09:00:00Z ::warning::low memory", { type: "warning", title: null, message: "low memory" }],
    ["::notice file=a.f90,title=Build::2 units: done", { type: "notice", title: "Build", message: "2 units: done" }],
  ] as const
) {
  Deno.test(`collectAnnotations() reads ${line}`, () =>
    assert.deepEqual(annotationsIn(`before\n${line}\nafter`), [want]));
}

Deno.test("collectAnnotations() finds none in plain lines and groups", () => {
  assert.deepEqual(annotationsIn("error: no\n::group::build\nstd::error(x)"), []);
});

Deno.test("digestFailure() is undefined for a run without failed jobs", async () => {
  const deps = await aDeps();
  assert.equal(await digestFailure(deps, aRunDetail(), { signal }), undefined);
});

Deno.test("digestFailure() names the failed step even when its log cannot be read", async () => {
  const deps = await aDeps();
  const jobs: Job[] = [{
    name: "main",
    status: "error",
    steps: [aStep({ name: "build", status: "error" })],
    outputs: {},
  }];
  const failure = await digestFailure(deps, aRunDetail({ jobs, slug: "no-such-run" }), { signal });
  assert.equal(failure?.summary, 'step "build" of job "main" failed');
  assert.deepEqual(failure?.failedJobs[0]?.failedSteps[0]?.logTail, []);
});

Deno.test("digestFailure() notes why a step's log could not be read", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  simulator.addFaults({ on: "read-file", status: 403, times: Infinity });
  const deps = await depsFor(simulator, { clock });
  const jobs: Job[] = [{ name: "main", status: "error", steps: [aStep({ status: "error" })], outputs: {} }];
  const failure = await digestFailure(deps, aRunDetail({ jobs, slug: "hello-world-00046" }), { signal });
  assert.match(
    failure?.failedJobs[0]?.failedSteps[0]?.note ?? "",
    /^Cannot read logs\/main\/step_0\/logs\.out of run hello-world-00046: /,
  );
});

Deno.test("digestFailure() reads the logs of the first ten failed steps, and names all", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  const steps = Array.from({ length: 12 }, (_, index) => aStep({ name: `step ${index}`, status: "error", index }));
  const jobs: Job[] = [{ name: "main", status: "error", steps, outputs: {} }];
  const failure = await digestFailure(deps, aRunDetail({ jobs, slug: "no-such-run" }), { signal });
  assert.equal(failure?.failedJobs[0]?.failedSteps.length, 12);
  assert.equal(new Set(simulator.received("read-file").map(({ path }) => path.replace(/\.\d+$/, ""))).size, 10);
});

for (const status of ["error", "failed", "faulted"]) {
  Deno.test(`digestFailure() counts a step with the status ${status} as failed`, async () => {
    const deps = await aDeps();
    const jobs: Job[] = [{
      name: "main",
      status: "completed",
      steps: [aStep({ name: "build", status })],
      outputs: {},
    }];
    const failure = await digestFailure(deps, aRunDetail({ jobs, slug: "no-such-run" }), { signal });
    assert.equal(failure?.failedJobs[0]?.failedSteps[0]?.status, status);
  });
}

/** A job with one step that contains these jobs. */
function aCaller(name: string, status: string, jobs: readonly Job[]): Job {
  return { name, status, steps: [aStep({ name: "Call", status, uses: "workflow/inner", jobs })], outputs: {} };
}

const failedInside: Job = {
  name: "ssh_job",
  status: "error",
  steps: [aStep({
    name: "Submit",
    status: "error",
    annotations: [{ type: "error", title: null, message: "no partition" }],
  })],
  outputs: {},
};

for (const status of ["error", "running", "canceled"]) {
  Deno.test(`digestFailure() names only the innermost job inside steps with the status ${status}`, async () => {
    const jobs = [aCaller("outer", status, [aCaller("runner", status, [failedInside])])];
    const failure = await digestFailure(await aDeps(), aRunDetail({ jobs, slug: "no-such-run" }), { signal });
    assert.equal(failure?.summary, 'step "Submit" of job "outer › runner › ssh_job" failed: no partition');
    assert.deepEqual(failure?.failedJobs.map(({ name, path }) => [name, path]), [
      ["ssh_job", ["outer", "runner", "ssh_job"]],
    ]);
  });
}

Deno.test("digestFailure() ignores a failure inside a step that completed", async () => {
  const jobs = [aCaller("outer", "completed", [failedInside])];
  assert.equal(await digestFailure(await aDeps(), aRunDetail({ jobs }), { signal }), undefined);
});

Deno.test("digestFailure() reports that the logs of a called workflow are missing when the server shows no jobs", async () => {
  const digest = async (uses: string) => {
    const steps = [aStep({ status: "error", uses })];
    const jobs = [{ name: "main", status: "error", steps, outputs: {} }];
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock });
    const deps = await depsFor(simulator, { clock });
    const failure = await digestFailure(deps, aRunDetail({ jobs, slug: "no-such-run" }), { signal });
    return failure?.failedJobs[0]?.failedSteps[0]?.note;
  };
  assert.match(await digest("github/example/tools@main") ?? "", /github\/example\/tools@main, could not be found/);
  assert.equal(await digest("parallelworks/cancel-jobs"), null);
});

Deno.test("digestFailure() shows an annotation once if the platform and the log have it", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  const run = await deps.client.getRun({ type: "slug", slug: "failing-step-00001" }, { signal });
  const logged = (await digestFailure(deps, run, { signal }))?.failedJobs[0]?.failedSteps[0]?.annotations ?? [];
  const known: LogAnnotation[] = [
    ...logged.map((annotation) => ({ ...annotation, title: null })),
    { type: "notice", title: null, message: "only from the platform" },
  ];
  const jobs = run.jobs.map((job) => ({
    ...job,
    steps: job.steps.map((step) => ({ ...step, annotations: known })),
  }));
  const merged = (await digestFailure(deps, { ...run, jobs }, { signal }))?.failedJobs[0]?.failedSteps[0]?.annotations;
  assert.ok(logged.length > 0);
  assert.deepEqual(merged, [...logged, known.at(-1)]);
});

async function aDeps() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  await simulator[Symbol.asyncDispose]();
  return deps;
}
