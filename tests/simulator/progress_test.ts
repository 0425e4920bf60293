import assert from "node:assert/strict";
import type { Json } from "../../lib/json.ts";
import { isObject, objectOf } from "../../lib/simulator/shape.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { ask, submit } from "./ask.ts";

/** `status job=word[step words] …` on one line, which is what there is to see of a run. */
function sketch(page: Json | undefined): string {
  const run = objectOf(page);
  const jobs = Object.entries(objectOf(run["executedJobs"])).map(([name, job]) => {
    const { status, steps } = objectOf(job);
    const words = Array.isArray(steps) ? steps.map((step) => isObject(step) ? step["status"] : step) : [];
    return `${name}=${status}[${words.join(" ")}]`;
  });
  return [run["status"], ...jobs].join(" ");
}

const HELLO = { hello: { message: "hi" }, resource: "a30gpuserver" };

const CASES: readonly {
  readonly workflow: string;
  readonly inputs?: Json;
  readonly looks: readonly (readonly [ageMs: number, sketch: string])[];
}[] = [
  {
    workflow: "hello-world",
    inputs: HELLO,
    looks: [
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
    looks: [
      [9_000, "running fetch=running[completed running] summarise=pending[pending pending pending]"],
      [10_000, "running fetch=completed[completed completed] summarise=running[running pending pending]"],
      [19_500, "running fetch=completed[completed completed] summarise=running[completed completed running]"],
      [20_000, "completed fetch=completed[completed completed] summarise=completed[completed completed completed]"],
    ],
  },
  {
    workflow: "failing-step",
    looks: [
      [6_999, "running build=running[completed running pending] report=pending[pending]"],
      [7_000, "running build=error[completed error skipped] report=running[running]"],
      [8_000, "error build=error[completed error skipped] report=completed[completed]"],
    ],
  },
  {
    workflow: "matrix-sweep",
    looks: [
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
    looks: [[999, "running main=running[running]"], [1_000, "completed main=completed[completed]"]],
  },
  { workflow: "never-ending", looks: [[1e12, "running watch=running[completed running]"]] },
  {
    workflow: "simulation-runner",
    looks: [
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

for (const { workflow, inputs = {}, looks } of CASES) {
  for (const [ageMs, expected] of looks) {
    Deno.test(`${workflow} after ${ageMs} ms: ${expected}`, async () => {
      const clock = virtualClock();
      await using sim = await startSimulator({ clock });
      const slug = await submit(sim, workflow, { inputs });
      clock.advance(ageMs);
      assert.equal(sketch((await ask(sim, "GET", `/api/workflow-runs/${slug}`)).at("")), expected);
    });
  }
}

Deno.test("a job's outputs are a JSON text, and the next job reads them", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "data-processor", { inputs: { dataset: "rivers", rows: 12 } });
  const outputs = async (job: string) =>
    JSON.parse(String((await ask(sim, "GET", `/api/workflow-runs/${slug}`)).at(`executedJobs.${job}.outputs`)));
  assert.deepEqual(await outputs("fetch"), {});
  clock.advance(60_000);
  assert.deepEqual(await outputs("fetch"), { rows: "12" });
  assert.deepEqual(await outputs("summarise"), { summary: "rivers-summary.csv", read: "12" });
});

Deno.test("a clean-up step comes last and says which step it belongs to", async () => {
  await using sim = await startSimulator();
  const page = await ask(sim, "GET", "/api/workflow-runs/data-processor-00003");
  assert.equal(page.at("executedJobs.summarise.steps.2.name"), "POST summarise");
  assert.equal(page.at("executedJobs.summarise.steps.2.linkedStep"), "1");
});

Deno.test("a canceled job publishes nothing, and jobs that never began are skipped", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "data-processor", { inputs: { dataset: "rivers" } });
  clock.advance(9_000);
  sim.cancelFromOutside(slug);
  const page = async () => (await ask(sim, "GET", `/api/workflow-runs/${slug}`)).at("");
  assert.match(sketch(await page()), /^canceling fetch=running\[completed running\]/);
  clock.advance(3_000);
  const ended = await page();
  assert.equal(sketch(ended), "canceled fetch=canceled[completed canceled] summarise=skipped[skipped skipped skipped]");
  assert.equal(objectOf(objectOf(objectOf(ended)["executedJobs"])["fetch"])["outputs"], "{}");
});

Deno.test("the running steps are the ones that run right now", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "matrix-sweep");
  const steps = async () => (await ask(sim, "GET", `/api/workflow-runs/${slug}/running-steps`)).at("runningSteps");
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
    const page = await ask(sim, "GET", `/api/workflow-runs/${slug}`);
    assert.equal(page.at("executedJobs.a.steps.1.status"), expected);
    assert.equal(page.at("status"), "error");
  });
}

Deno.test("a step whose errors are ignored does not fail its job", async () => {
  const clock = virtualClock();
  const yaml = "jobs: { a: { steps: [{ run: exit 1, ignore-errors: true }, { run: sleep 1 }] } }";
  await using sim = await startSimulator({ clock, workflows: { mine: yaml } });
  const slug = await submit(sim, "mine");
  clock.advance(60_000);
  const page = await ask(sim, "GET", `/api/workflow-runs/${slug}`);
  assert.equal(sketch(page.at("")), "completed a=completed[error completed]");
});
