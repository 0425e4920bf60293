import assert from "node:assert/strict";
import { isObject, type Json } from "../../lib/json.ts";
import { objectOf } from "../../lib/simulator/shape.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { request, submit } from "./request.ts";

/** Summarizes a run's statuses: `run job=status[step statuses] …`. */
function summary(details: Json | undefined): string {
  const run = objectOf(details);
  const jobs = Object.entries(objectOf(run["executedJobs"])).map(([name, job]) => {
    const { status, steps } = objectOf(job);
    const stepStatuses = Array.isArray(steps) ? steps.map((step) => isObject(step) ? step["status"] : step) : [];
    return `${name}=${status}[${stepStatuses.join(" ")}]`;
  });
  return [run["status"], ...jobs].join(" ");
}

const HELLO = { hello: { message: "hi" }, resource: "a30gpuserver" };

const CASES: readonly {
  readonly workflow: string;
  readonly inputs?: Json;
  readonly checks: readonly (readonly [ageMs: number, expected: string])[];
}[] = [
  {
    workflow: "hello-world",
    inputs: HELLO,
    checks: [
      [0, "running hello=running[running pending pending]"],
      [4_999, "running hello=running[running pending pending]"],
      [5_000, "running hello=running[completed running pending]"],
      [35_000, "running hello=running[completed completed running]"],
      [41_999, "running hello=running[completed completed running]"],
      [42_000, "completed hello=completed[completed completed completed]"],
    ],
  },
  {
    workflow: "data-processor",
    inputs: { dataset: "rivers" },
    checks: [
      [9_000, "running fetch=running[completed running] summarize=pending[pending pending pending]"],
      [10_000, "running fetch=completed[completed completed] summarize=running[running pending pending]"],
      [19_500, "running fetch=completed[completed completed] summarize=running[completed completed running]"],
      [20_000, "completed fetch=completed[completed completed] summarize=completed[completed completed completed]"],
    ],
  },
  {
    workflow: "failing-step",
    checks: [
      [6_999, "running build=running[completed running pending] report=pending[pending]"],
      [7_000, "running build=error[completed error skipped] report=running[running]"],
      [8_000, "error build=error[completed error skipped] report=completed[completed]"],
    ],
  },
  {
    workflow: "matrix-sweep",
    checks: [
      [
        5_000,
        "running solve-0=running[running] solve-1=running[running] solve-2=pending[pending] solve-3=pending[pending] gather=pending[pending]",
      ],
      [
        15_000,
        "running solve-0=completed[completed] solve-1=completed[completed] solve-2=running[running] solve-3=running[running] gather=pending[pending]",
      ],
      [
        23_000,
        "completed solve-0=completed[completed] solve-1=completed[completed] solve-2=completed[completed] solve-3=completed[completed] gather=completed[completed]",
      ],
    ],
  },
  {
    workflow: "quick",
    checks: [[999, "running main=running[running]"], [1_000, "completed main=completed[completed]"]],
  },
  { workflow: "never-ending", checks: [[1e12, "running watch=running[completed running]"]] },
  {
    workflow: "simulation-runner",
    checks: [
      [
        20 * 60_000 - 1,
        "running mesh=completed[completed] solve=completed[completed completed] write=running[running]",
      ],
      [
        20 * 60_000,
        "completed mesh=completed[completed] solve=completed[completed completed] write=completed[completed]",
      ],
    ],
  },
];

for (const { workflow, inputs = {}, checks } of CASES) {
  for (const [ageMs, expected] of checks) {
    Deno.test(`${workflow} after ${ageMs} ms: ${expected}`, async () => {
      const clock = virtualClock();
      await using sim = await startSimulator({ clock });
      const slug = await submit(sim, workflow, { inputs });
      clock.advance(ageMs);
      assert.equal(summary((await request(sim, "GET", `/api/workflow-runs/${slug}`)).at("")), expected);
    });
  }
}

Deno.test("a job's outputs are JSON text, and the next job can use them", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "data-processor", { inputs: { dataset: "rivers", rows: 12 } });
  const outputs = async (job: string) =>
    JSON.parse(String((await request(sim, "GET", `/api/workflow-runs/${slug}`)).at(`executedJobs.${job}.outputs`)));
  assert.deepEqual(await outputs("fetch"), {});
  clock.advance(60_000);
  assert.deepEqual(await outputs("fetch"), { rows: "12" });
  assert.deepEqual(await outputs("summarize"), { summary: "rivers-summary.csv", read: "12" });
});

Deno.test("a cleanup step runs last and refers to its step", async () => {
  await using sim = await startSimulator();
  const page = await request(sim, "GET", "/api/workflow-runs/data-processor-00003");
  assert.equal(page.at("executedJobs.summarize.steps.2.name"), "POST summarize");
  assert.equal(page.at("executedJobs.summarize.steps.2.linkedStep"), "1");
});

Deno.test("a canceled job has no outputs, and later jobs are skipped", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "data-processor", { inputs: { dataset: "rivers" } });
  clock.advance(9_000);
  sim.cancelExternally(slug);
  const page = async () => (await request(sim, "GET", `/api/workflow-runs/${slug}`)).at("");
  assert.match(summary(await page()), /^canceling fetch=running\[completed running\]/);
  clock.advance(3_000);
  const ended = await page();
  assert.equal(
    summary(ended),
    "canceled fetch=canceled[completed canceled] summarize=skipped[skipped skipped skipped]",
  );
  assert.equal(objectOf(objectOf(objectOf(ended)["executedJobs"])["fetch"])["outputs"], "{}");
});

Deno.test("running-steps returns the steps that are running now", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "matrix-sweep");
  const steps = async () => (await request(sim, "GET", `/api/workflow-runs/${slug}/running-steps`)).at("runningSteps");
  assert.deepEqual(await steps(), [
    { name: "solve 0 slow", status: "running" },
    { name: "solve 0 fast", status: "running" },
  ]);
  clock.advance(60_000);
  assert.equal(await steps(), null);
});

for (
  const [condition, expected] of [
    ["always", "completed"],
    ["never", "skipped"],
    ["${{ !completed }}", "completed"],
    ["${{ error }}", "completed"],
    ["completed", "skipped"],
  ] as const
) {
  Deno.test(`a step with "if: ${condition}" after a failed one is ${expected}`, async () => {
    const clock = virtualClock();
    const yaml = `jobs: { a: { steps: [{ run: exit 1 }, { if: "${condition}", run: sleep 1 }] } }`;
    await using sim = await startSimulator({ clock, workflows: { mine: yaml } });
    const slug = await submit(sim, "mine");
    clock.advance(60_000);
    const page = await request(sim, "GET", `/api/workflow-runs/${slug}`);
    assert.equal(page.at("executedJobs.a.steps.1.status"), expected);
    assert.equal(page.at("status"), "error");
  });
}

Deno.test("a failed step with ignore-errors does not fail its job", async () => {
  const clock = virtualClock();
  const yaml = "jobs: { a: { steps: [{ run: exit 1, ignore-errors: true }, { run: sleep 1 }] } }";
  await using sim = await startSimulator({ clock, workflows: { mine: yaml } });
  const slug = await submit(sim, "mine");
  clock.advance(60_000);
  const page = await request(sim, "GET", `/api/workflow-runs/${slug}`);
  assert.equal(summary(page.at("")), "completed a=completed[error completed]");
});
