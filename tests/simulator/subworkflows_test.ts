/** Steps that call other workflows, jobs that stop others, and runs with sessions, as a run's details show them. */

import assert from "node:assert/strict";
import type { Json, JsonObject } from "../../lib/json.ts";
import { objectOf } from "../../lib/simulator/shape.ts";
import type { Scenario } from "../../lib/simulator/scenario.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { fixtureWorkflows } from "../support/real_workflows.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { request, submit } from "./request.ts";

const { texts } = await fixtureWorkflows();
const INPUTS = { resource: "cloudslurm" };

interface Run {
  /** Jobs after `ageMs`: `job=status[step=status …]`, with the jobs of a subworkflow in braces. */
  jobs(ageMs: number): Promise<string>;
  /** The run's status now. */
  status(): Promise<Json | undefined>;
  details(): Promise<Json | undefined>;
  file(path: string): Promise<string | null>;
  cancel(): Promise<unknown>;
}

async function withRun(
  { workflow, inputs = {}, scenario }: { workflow: string; inputs?: Json; scenario?: Scenario },
  check: (run: Run) => Promise<void>,
): Promise<void> {
  const clock = virtualClock();
  const startMs = clock.now();
  const scenarios = scenario === undefined ? {} : { [workflow]: scenario };
  await using sim = await startSimulator({ clock, workflows: texts, scenarios });
  const slug = await submit(sim, workflow, { inputs });
  const details = async () => (await request(sim, "GET", `/api/workflow-runs/${slug}`)).at("");
  await check({
    details,
    async jobs(ageMs) {
      clock.advance(startMs + ageMs - clock.now());
      return summary(objectOf(await details())["executedJobs"]);
    },
    status: async () => objectOf(await details())["status"],
    async file(path) {
      const response = await request(sim, "GET", `/api/workflow-runs/${slug}/files?file=${encodeURIComponent(path)}`);
      return response.status === 404 ? null : String(response.at(""));
    },
    cancel: () => request(sim, "POST", `/api/workflow-runs/${slug}/cancel`),
  });
}

function summary(jobs: Json | undefined): string {
  return Object.entries(objectOf(jobs)).map(([name, job]) => {
    const { status, steps } = objectOf(job);
    const inner = (Array.isArray(steps) ? steps : []).map(objectOf).map(({ status, subworkflow }) =>
      subworkflow === undefined ? status : `${status}{${summary(objectOf(subworkflow)["jobs"])}}`
    );
    return `${name}=${status}[${inner.join(" ")}]`;
  }).join(" ");
}

Deno.test("a step contains the jobs of the workflow that it calls, and an unknown workflow is a stub", async () => {
  await withRun({ workflow: "calls_workflows", inputs: INPUTS }, async ({ jobs, status }) => {
    assert.equal(
      await jobs(1_500),
      "prepare=completed[completed] " +
        "session_runner=running[running{runner=running[running{ssh_job=running[running pending] notify=pending[pending]}] " +
        "report=pending[pending]} pending{main=pending[pending]}]",
    );
    assert.match(await jobs(4_999), /pending\{main=pending\[pending\]\}\]$/);
    assert.match(await jobs(60_000), /completed\{main=completed\[completed\]\}\]$/);
    assert.equal(await status(), "completed");
  });
});

const FAILING: Scenario = {
  "session_runner/Session runner/runner/Script submitter/ssh_job/Submit": {
    logs: ["sbatch: submitting", "::error title=Submission failed::invalid partition of ${{ inputs.host }}"],
    fails: true,
  },
};

Deno.test("a failure inside two subworkflows fails all steps around it, with its log and annotations", async () => {
  await withRun({ workflow: "calls_workflows", inputs: INPUTS, scenario: FAILING }, async (run) => {
    assert.equal(
      await run.jobs(60_000),
      "prepare=completed[completed] session_runner=error[" +
        "error{runner=error[error{ssh_job=error[completed error] notify=completed[completed]}] " +
        "report=skipped-failed[skipped]} skipped]",
    );
    assert.equal(await run.status(), "error");
    const folder = "subworkflows/session_runner/step_0/subworkflows/runner/step_0/logs/ssh_job";
    assert.equal(
      await run.file(`${folder}/step_1/logs.out`),
      "sbatch: submitting\n::error title=Submission failed::invalid partition of 192.0.2.20\n",
    );
    assert.equal(await run.file(`${folder}/step_7/logs.out`), null);
    assert.equal(await run.file("logs/session_runner/step_0/logs.out"), null);
    assert.match(
      JSON.stringify(await run.details()),
      /"annotations":\[\{"type":"error","message":"invalid partition of 192\.0\.2\.20"\}\]/,
    );
  });
});

Deno.test("a scenario of the called workflow applies, unless the caller's overrides it", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({
    clock,
    workflows: texts,
    scenarios: {
      tools__inner: { "ssh_job/Connect": { lasts: "1h" }, "ssh_job/Submit": { outputs: { jobid: "7" } } },
      calls_workflows: { "session_runner/0/runner/0/ssh_job/Connect": { lasts: "2h" } },
    },
  });
  const called = await submit(sim, "middle", { inputs: { ...INPUTS, script: "x" } });
  const caller = await submit(sim, "calls_workflows", { inputs: INPUTS });
  const status = async (slug: string) => (await request(sim, "GET", `/api/workflow-runs/${slug}`)).at("status");
  clock.advance(70 * 60_000);
  assert.deepEqual([await status(called), await status(caller)], ["completed", "running"]);
  clock.advance(70 * 60_000);
  assert.equal(await status(caller), "completed");
});

Deno.test("a workflow that calls itself is refused", async () => {
  const yaml = "jobs: { again: { steps: [{ uses: workflow/loop }] } }";
  await using sim = await startSimulator({ workflows: { loop: yaml } });
  const response = await request(sim, "POST", "/api/workflow-runs", { body: { workflow: "loop" } });
  assert.equal(response.status, 400);
  assert.match(response.text, /Could not parse subworkflow/);
});

Deno.test("cancel-jobs cancels a job and the subworkflow that it runs, and the run completes", async () => {
  const scenario = { "service/Serve/main/main": { lasts: "1h" } };
  await withRun({ workflow: "first_one_wins", scenario }, async ({ jobs, status }) => {
    assert.equal(
      await jobs(1_500),
      "service=running[canceled{main=canceled[canceled]} skipped running] wait=completed[completed]",
    );
    await jobs(60_000);
    assert.equal(await status(), "completed");
  });
});

Deno.test("a failed job cancels the early-cancel steps of others", async () => {
  const scenario = { "service/Serve": { lasts: "forever" }, "wait/0": { lasts: "5s", fails: true } };
  await withRun({ workflow: "first_one_wins", scenario }, async ({ jobs, status }) => {
    assert.equal(await jobs(4_000), "service=running[running pending pending] wait=running[running]");
    assert.equal(await jobs(60_000), "service=canceled[canceled skipped completed] wait=error[error]");
    assert.equal(await status(), "error");
  });
});

Deno.test("a job that needs a failed one is skipped-failed, and one whose condition is false is skipped", async () => {
  await withRun({ workflow: "skipped_jobs" }, async ({ jobs }) => {
    assert.equal(
      await jobs(60_000),
      "build=completed[completed skipped] install=completed[completed] clean=skipped[skipped] report=completed[completed]",
    );
  });
  const scenario = { "build/Compile": { fails: true } };
  await withRun({ workflow: "skipped_jobs", scenario }, async ({ jobs, status }) => {
    assert.equal(
      await jobs(60_000),
      "build=error[error skipped] install=skipped-failed[skipped] clean=completed[completed] report=completed[completed]",
    );
    assert.equal(await status(), "error");
  });
});

Deno.test("a run with sessions lasts until it is canceled", async () => {
  await withRun({ workflow: "session" }, async ({ jobs, status, cancel }) => {
    const day = await jobs(24 * 60 * 60_000);
    assert.equal(
      day,
      "preprocessing=completed[completed] session_runner=running[running{runner=completed[completed{" +
        "ssh_job=completed[completed completed] notify=completed[completed]}] report=running[running]}] " +
        "create_session=completed[completed completed]",
    );
    await cancel();
    assert.match(await jobs(25 * 60 * 60_000), /session_runner=canceled\[canceled\{.*report=canceled\[canceled\]/);
    assert.equal(await status(), "canceled");
  });
});

Deno.test("a run with sessions ends when a scenario specifies how long its last step lasts", async () => {
  const scenario = { "session_runner/0": { lasts: "1m" } };
  await withRun({ workflow: "session", scenario }, async ({ jobs, status }) => {
    await jobs(70_000);
    assert.equal(await status(), "completed");
  });
});

Deno.test("a session redirects as its expression specifies", async () => {
  for (const [mode, redirect] of [["browser", "session_1_session"], ["api", undefined]] as const) {
    await using sim = await startSimulator({ workflows: texts });
    const response = await request(sim, "POST", "/api/workflow-runs", {
      body: { workflow: "session", inputs: { mode } },
    });
    assert.equal(response.at("redirect"), redirect);
    const details = await request(sim, "GET", `/api/workflow-runs/${response.at("run.slug")}`);
    assert.equal(details.at("inputs.name"), "session_1_session");
  }
});

Deno.test("a marketplace workflow runs by its item, with its own form of slug, and unnamed steps have no name", async () => {
  await using sim = await startSimulator({ workflows: texts });
  const sources: JsonObject[] = [{ marketplace: "greeter" }, { workflow: "marketplace.greeter.latest" }];
  for (const source of sources) {
    const response = await request(sim, "POST", "/api/workflow-runs", { body: source });
    assert.match(String(response.at("run.slug")), /^mp-greeter-0000[12]$/);
    assert.equal(response.at("run.marketplace"), true);
  }
  const details = await request(sim, "GET", "/api/workflow-runs/mp-greeter-00001");
  assert.equal(details.at("executedJobs.greet.steps.0.name"), undefined);
  assert.equal(details.at("executedJobs.greet.steps.1.uses"), "parallelworks/cancel-jobs");
  assert.equal(details.at("executedJobs.greet.steps.2.linkedStep"), "0");
});

Deno.test("a matrix over the rows of a list has a job for each row", async () => {
  const workers: JsonObject[] = [{ resource: "a30gpuserver" }, { resource: "cloudslurm", scheduler: false }];
  await withRun({ workflow: "matrix_over_rows", inputs: { workers } }, async ({ jobs, details }) => {
    assert.match(await jobs(0), /^work-0=running\[running\] work-1=running\[running\] gather=pending/);
    assert.match(JSON.stringify(await details()), /Work on a30gpuserver.*Work on cloudslurm/);
  });
});

Deno.test("a row's field is required under the row's own conditions", async () => {
  await using sim = await startSimulator({ workflows: texts });
  const workers: JsonObject[] = [{ resource: "a30gpuserver" }, { resource: "cloudslurm", scheduler: true }];
  const body = { workflow: "matrix_over_rows", inputs: { workers } };
  const response = await request(sim, "POST", "/api/workflow-runs", { body });
  assert.match(response.text, /Missing required fields: Account"/);
});

Deno.test("presets of a workflow file are its configurations' inputs", async () => {
  await using sim = await startSimulator({ workflows: texts });
  const item = await request(sim, "GET", "/api/workflows/presets");
  assert.deepEqual(item.at("configurations.0.inputs"), { nodes: 2, output: { format: "csv" } });
  assert.equal(item.at("configurations.1.name"), "Large");
});

const PERMISSIONS: readonly (readonly ["third-party" | "always" | "never", JsonObject, number])[] = [
  ["third-party", {}, 200],
  ["third-party", { untrusted: true }, 403],
  ["third-party", { untrusted: true, consentPermissions: ["*"] }, 200],
  ["always", {}, 403],
  ["always", { autoApproveConsent: true }, 200],
  ["never", { untrusted: true }, 200],
];

for (const [consent, fields, status] of PERMISSIONS) {
  Deno.test(`with consent=${consent}, a file with permissions and ${JSON.stringify(fields)} gets ${status}`, async () => {
    await using sim = await startSimulator({ workflows: texts, behavior: { consent } });
    const inputs = { resource: "a30gpuserver" };
    const body = { workflow: "autoselect", inputs, ...fields };
    assert.equal((await request(sim, "POST", "/api/workflow-runs", { body })).status, status);
  });
}
