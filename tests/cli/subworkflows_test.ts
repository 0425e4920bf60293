/** Runs whose work is done in workflows that their steps call, as every command shows them. */

import assert from "node:assert/strict";
import type { Scenario } from "../../lib/simulator/scenario.ts";
import { cliStage } from "../support/cli_stage.ts";
import { commandReader } from "../support/github_runner.ts";
import { emptyFolder } from "../support/main_job.ts";
import { fixtureWorkflows } from "../support/real_workflows.ts";

const { texts: workflows } = await fixtureWorkflows();

const FAILING: Scenario = {
  "session_runner/Session runner/runner/Script submitter/ssh_job/Connect": { logs: ["connected"] },
  "session_runner/Session runner/runner/Script submitter/ssh_job/Submit": {
    logs: ["sbatch: submitting", "::error title=Submission failed::invalid partition of ${{ inputs.host }}"],
    lasts: "30s",
    fails: true,
  },
};
const SUMMARY = 'step "Submit" of job "session_runner › runner › ssh_job" failed: invalid partition of 192.0.2.20';
const LOG_TAIL = ["sbatch: submitting", "::error title=Submission failed::invalid partition of 192.0.2.20"];
const LOG = `${LOG_TAIL.join("\n")}\n`;
const LOG_FILE = "subworkflows/session_runner/step_0/subworkflows/runner/step_0/logs/ssh_job/step_1/logs.out";
const FAILED_JOBS = [{
  name: "ssh_job",
  path: ["session_runner", "runner", "ssh_job"],
  status: "error",
  failedSteps: [{
    name: "Submit",
    status: "error",
    annotations: [{ type: "error", title: "Submission failed", message: "invalid partition of 192.0.2.20" }],
    logTail: LOG_TAIL,
    note: null,
  }],
}];

const RUN = [
  "run",
  "calls_workflows",
  "-i",
  "resource=cloudslurm",
  "--poll-interval",
  "1s",
  "--max-poll-interval",
  "5s",
];
const STAGE = { workflows, scenarios: { calls_workflows: FAILING } };

Deno.test("a failure inside two subworkflows is shown by run, --report github, --json, errors, logs, files and status", async (t) => {
  await using stage = await cliStage(STAGE);
  const DIGEST = new RegExp(
    'job session_runner › runner › ssh_job {2}error\n {4}step "Submit" {2}error\n' +
      " {6}error Submission failed: invalid partition of 192.0.2.20\n {6}│ sbatch: submitting\n",
  );
  await t.step("run --report github", async () => {
    let summary = "";
    const { code, stdout, stderr } = await stage.call([...RUN, "--report", "github"], {
      env: { GITHUB_OUTPUT: "outputs", GITHUB_STEP_SUMMARY: "summary" },
      context: { appendFile: (path: string, text: string) => void (summary += path === "summary" ? text : "") },
    });
    assert.equal(code, 1, stderr);
    assert.ok(stdout.includes(`✗ Workflow failed: ${SUMMARY}\n`), stdout);
    assert.match(stdout, DIGEST);
    assert.match(
      stderr,
      /^Status: running\.\.\. \(\d+s\) {2}step \d\/\d "session_runner › runner › ssh_job › Submit"$/m,
    );
    const reader = commandReader();
    stderr.trimEnd().split("\n").forEach((line) => reader.read(line));
    const errors = reader.commands.filter(({ name }) => name === "error");
    assert.deepEqual(errors.map(({ properties, data }) => [properties["title"], data]), [
      ["calls_workflows failed", SUMMARY],
      ["Submission failed (session_runner › runner › ssh_job › Submit)", "invalid partition of 192.0.2.20"],
    ]);
    assert.match(summary, /^#### Job session&#95;runner › runner › ssh&#95;job: error\n\nStep Submit: error$/m);
    assert.match(summary, /^```\nsbatch: submitting\n::error title/m);
  });
  await t.step("watch --json", async () => {
    const document = Object(await stage.json("watch", "last"));
    assert.deepEqual(document.failure, { summary: SUMMARY, failedJobs: FAILED_JOBS });
  });
  await t.step("errors, as text and JSON", async () => {
    const { code, stdout } = await stage.call(["errors", "last"]);
    assert.deepEqual([code, stdout.split("\n")[0]], [1, `✗ ${SUMMARY}`]);
    assert.match(stdout, DIGEST);
    assert.deepEqual(Object(await stage.json("errors", "last")).failedJobs, FAILED_JOBS);
  });
  await t.step("status", async () => {
    const { stdout } = await stage.call(["status", "last"]);
    assert.ok(
      stdout.includes([
        "",
        "session_runner  error",
        "  ✗ Session runner  error",
        "    runner  error",
        "      ✗ Script submitter  error",
        "        ssh_job  error",
        "          ✓ Connect  completed",
        "          ✗ Submit  error",
        "        notify  completed",
        "          ✓ Notify  completed",
        "    report  skipped-failed",
        "      · Report  skipped",
        "  · marketplace/unknown_item/v1.0  skipped",
        "",
      ].join("\n")),
      stdout,
    );
  });
  await t.step("logs, with headings", async () => {
    const { stdout } = await stage.call(["logs", "last"]);
    const heading = "==> session_runner › runner › ssh_job";
    assert.ok(stdout.includes(`${heading} › Connect <==\nconnected\n${heading} › Submit <==\n${LOG}`), stdout);
    assert.equal((await stage.call(["logs", "last", "--failed"])).stdout, LOG);
  });
  for (
    const job of [
      "ssh_job",
      "session_runner/ssh_job",
      "session_runner › runner › ssh_job",
      "session_runner/Session runner/runner/Script submitter/ssh_job",
      "session_runner",
    ]
  ) {
    await t.step(`logs --job ${job}`, async () => {
      assert.equal((await stage.call(["logs", "last", "--job", job, "--step", "Submit"])).stdout, LOG);
      assert.doesNotMatch((await stage.call(["logs", "last", "--job", job])).stdout, /Prepare/);
    });
  }
  await t.step("logs --json has the path of a job", async () => {
    const [first] = Object(await stage.json("logs", "last", "--job", "ssh_job", "--failed"));
    const path = ["session_runner", "runner", "ssh_job"];
    assert.deepEqual(first, { path, job: "ssh_job", step: "Submit", status: "error", log: LOG });
  });
  for (const job of ["prepare/ssh_job", "ssh_jb", "Session runner", "notify/ssh_job"]) {
    await t.step(`logs --job ${job} is refused`, async () => {
      const { code, stderr } = await stage.call(["logs", "last", "--job", job]);
      assert.equal(code, 2);
      assert.match(stderr, /has no job of that name/);
      if (job === "prepare/ssh_job") assert.match(stderr, /"session_runner\/runner\/ssh_job"/);
    });
  }
  await t.step("files prints the log that status names", async () => {
    const status = Object(await stage.json("status", "last"));
    const step = status.jobs[1].steps[0].jobs[0].steps[0].jobs[0].steps[1];
    assert.deepEqual([step.name, step.logPath], ["Submit", LOG_FILE]);
    assert.equal((await stage.call(["files", "last", LOG_FILE])).stdout, LOG);
  });
});

Deno.test("logs -f follows the steps of a subworkflow", async () => {
  await using stage = await cliStage(STAGE);
  await stage.call([...RUN, "--no-wait"]);
  const { code, stdout } = await stage.call(["logs", "last", "-f", "--job", "ssh_job"]);
  const heading = "==> session_runner › runner › ssh_job";
  assert.deepEqual([code, stdout], [
    0,
    `${heading} › Connect <==\nconnected\n${heading} › Submit <==\n${LOG}`,
  ]);
});

Deno.test("where the server does not show a subworkflow's jobs, errors and logs report that its logs were not found", async () => {
  await using stage = await cliStage(STAGE);
  const context = { fetch: withoutSubworkflows };
  const missing = /The logs of the workflow that it calls, workflow\/middle, could not be found/;
  const run = await stage.call(RUN, { context });
  assert.match(run.stdout, /step "Session runner" of job "session_runner" failed/);
  assert.match(run.stdout, missing);
  assert.match((await stage.call(["errors", "last"], { context })).stdout, missing);
  const logs = await stage.call(["logs", "last"], { context });
  assert.match(logs.stderr, /session_runner › Session runner: /);
  assert.match(logs.stderr, missing);
  // It was skipped.
  assert.doesNotMatch(logs.stderr, /unknown_item/);
});

async function withoutSubworkflows(input: URL | RequestInfo, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  const text = await response.text();
  if (!text.includes('"subworkflow"')) return new Response(text === "" ? null : text, response);
  const hidden = (name: string, value: unknown) => name === "subworkflow" ? undefined : value;
  return new Response(JSON.stringify(JSON.parse(text, hidden)), response);
}

Deno.test("files saves a file once, and names what it cannot read", async () => {
  await using stage = await cliStage(STAGE);
  await using folder = await emptyFolder();
  await stage.call(RUN);
  const path = `${folder.path}/copy.out`;
  const context = {
    // Like the program, it reads nothing before the file is created.
    writeNewFile: async (path: string, text: string | ReadableStream<string>) => {
      await Deno.writeTextFile(path, "", { createNew: true });
      await Deno.writeTextFile(path, text);
    },
  };
  const save = () => stage.call(["files", "last", LOG_FILE, "--output", path], { context });
  const { code, stdout } = await save();
  assert.deepEqual([code, stdout, await Deno.readTextFile(path)], [0, "", LOG]);
  await Deno.writeTextFile(path, "mine");
  const again = await save();
  assert.equal(again.code, 2);
  assert.match(again.stderr, /the file already exists/);
  assert.equal(await Deno.readTextFile(path), "mine");
  const missing = await stage.call(["files", "last", "no/such/file"]);
  assert.equal(missing.code, 5);
  assert.match(missing.stderr, /Cannot read no\/such\/file of run .*: the server has no such file of this run/);
});

Deno.test("files escapes control characters on a terminal only", async () => {
  const scenarios = { calls_workflows: { "prepare/Prepare": { logs: ["\u001b[31mred"] } } };
  await using stage = await cliStage({ workflows, scenarios });
  await stage.call(RUN);
  const args = ["files", "last", "logs/prepare/step_0/logs.out"];
  assert.equal((await stage.call(args)).stdout, "\u001b[31mred\n");
  assert.equal((await stage.call(args, { isTerminal: true })).stdout, "\\x1b[31mred\n");
});

Deno.test("status of a running session shows its health and its absolute address", async () => {
  await using stage = await cliStage({});
  await stage.call(["run", "open-notebook", "--poll-interval", "1s"]);
  const { stdout } = await stage.call(["status", "last"]);
  assert.match(stdout, /^Run {6}\S[^]*^Session {2}\S+ {2}running, healthy {2}http:\/\/127\.0\.0\.1:\d+\/\S+$/m);
  const [session] = Object(await stage.json("status", "last")).sessions;
  assert.deepEqual([session.status, session.isHealthy, session.errorMessage], ["running", true, null]);
  assert.ok(session.url.startsWith(stage.simulator.url));
});
