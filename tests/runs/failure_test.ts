import assert from "node:assert/strict";
import { collectAnnotations, digestFailure } from "../../lib/runs/failure.ts";
import { aRunDetail } from "../support/records.ts";
import type { Job } from "../../lib/run.ts";
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
    steps: [{ name: "build", status: "error", index: 0 }],
    outputs: {},
  }];
  const failure = await digestFailure(deps, aRunDetail({ jobs, slug: "no-such-run" }), { signal });
  assert.equal(failure?.summary, 'step "build" of job "main" failed');
  assert.deepEqual(failure?.failedJobs[0]?.failedSteps[0]?.logTail, []);
});

Deno.test("digestFailure() reads the logs of the first ten failed steps, and names all", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  const steps = Array.from({ length: 12 }, (_, index) => ({ name: `step ${index}`, status: "error", index }));
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
      steps: [{ name: "build", status, index: 0 }],
      outputs: {},
    }];
    const failure = await digestFailure(deps, aRunDetail({ jobs, slug: "no-such-run" }), { signal });
    assert.equal(failure?.failedJobs[0]?.failedSteps[0]?.status, status);
  });
}

async function aDeps() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  await simulator[Symbol.asyncDispose]();
  return deps;
}
