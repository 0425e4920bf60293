import assert from "node:assert/strict";
import { annotationsIn, digestFailure } from "../../lib/runs/failure.ts";
import { aRunDetail } from "../support/records.ts";
import type { Job } from "../../lib/run.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();

for (
  const [line, want] of [
    ["::error title=MPI::rank 3 died", { type: "error", title: "MPI", message: "rank 3 died" }],
    ["2026-01-05T09:00:00Z ::warning::low memory", { type: "warning", title: null, message: "low memory" }],
    ["::notice file=a.f90,title=Build::2 units: done", { type: "notice", title: "Build", message: "2 units: done" }],
  ] as const
) {
  Deno.test(`annotationsIn() reads ${line}`, () => assert.deepEqual(annotationsIn(`before\n${line}\nafter`), [want]));
}

Deno.test("annotationsIn() finds none in plain lines and groups", () => {
  assert.deepEqual(annotationsIn("error: no\n::group::build\nstd::error(x)"), []);
});

Deno.test("digestFailure() is undefined for a run without failed jobs", async () => {
  const { client } = await aDeps();
  assert.equal(await digestFailure({ client }, aRunDetail(), { signal }), undefined);
});

Deno.test("digestFailure() names the failed step even when its log cannot be read", async () => {
  const { client } = await aDeps();
  const jobs: Job[] = [{
    name: "main",
    status: "error",
    steps: [{ name: "build", status: "error", index: 0 }],
    outputs: {},
  }];
  const failure = await digestFailure({ client }, aRunDetail({ jobs, slug: "no-such-run" }), { signal });
  assert.equal(failure?.summary, 'step "build" of job "main" failed');
  assert.deepEqual(failure?.failedJobs[0]?.failedSteps[0]?.logTail, []);
});

async function aDeps() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  await simulator[Symbol.asyncDispose]();
  return deps;
}
