/** Runs the GitHub Action as GitHub's runner does, against the simulator. */

import assert from "node:assert/strict";
import hello from "../inputs/hello-world.json" with { type: "json" };
import { fastClock, systemClock } from "../lib/clock.ts";
import { parse } from "../lib/deps/yaml.ts";
import type { SimulatorOptions } from "../lib/simulator/simulator.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { childrenOf, evaluate, readAction, runAction, type TakenCommand } from "./support/github_runner.ts";
import { emptyFolder } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";
import { submittedTo } from "./support/received.ts";

const missing = Deno.build.os === "linux" ? undefined : "needs Linux";
const HELLO = "hello:\n  message: from a job\nresource: a30gpuserver\n";

function startPlatform(options: SimulatorOptions = {}) {
  return startSimulator({ clock: fastClock(systemClock, 30), ...options });
}

/** Inputs of every job, without an idempotency key: each job starts its own run. */
function inputsFor(key: string, workflow: string) {
  return { "api-key": key, workflow, "idempotency-key": "", "args": "--poll-interval=1s\n--max-poll-interval=1s" };
}

Deno.test({
  ...needing("a completed run: outputs, summary, result, and no annotations", missing),
  async fn() {
    await using platform = await startPlatform();
    const end = await runAction({ with: { ...inputsFor(platform.key, "hello-world"), inputs: HELLO } });
    assert.equal(end.code, 0, end.log);
    const { "run-slug": slug, status, "exit-code": exitCode } = end.outputs;
    assert.deepEqual({ slug, status, exitCode }, {
      slug: platform.runs()[0]?.slug,
      status: "completed",
      exitCode: "0",
    });
    assert.match(end.summary, /^### ✅ hello-world: completed$/m);
    assert.equal(end.result?.["status"], "completed");
    assert.equal(end.result?.["exitCode"], 0);
    assert.deepEqual(end.commands, [{ name: "add-mask", properties: {}, data: platform.key }]);
    assert.match(end.log, /^Status: completed \(42s\)\n✓ Workflow completed successfully$/m);
    assert.ok(!end.log.includes(platform.key));
    assert.equal(end.stderr, "");
    assert.deepEqual(submittedTo(platform)[0]?.inputs["hello"], { message: "from a job" });
    assert.match(end.used.join(), /^denoland\/setup-deno@[0-9a-f]{40}$/);
  },
});

Deno.test({
  ...needing("later lines of input-files override earlier ones, and inputs overrides them all", missing),
  async fn() {
    await using platform = await startPlatform();
    const end = await runAction({
      files: {
        "base.yaml": "hello: { message: base }\nresource: a30gpuserver\n",
        "more.json": '{"workflow_dir": "a"}',
      },
      with: {
        ...inputsFor(platform.key, "hello-world"),
        "input-files": "base.yaml\n  more.json\n\nworkflow_dir=b b\n",
        "inputs": '{"hello": {"message": "last"}}',
      },
    });
    assert.equal(end.code, 0, end.log);
    const inputs = submittedTo(platform)[0]?.inputs;
    assert.deepEqual(inputs?.["hello"], { message: "last" });
    assert.equal(inputs?.["workflow_dir"], "b b");
  },
});

Deno.test({
  ...needing("a failed run: exit code 1, annotations, and the reason in the summary", missing),
  async fn() {
    await using platform = await startPlatform();
    const end = await runAction({ with: inputsFor(platform.key, "failing-step") });
    assert.equal(end.code, 1, end.log);
    assert.equal(end.outputs["status"], "failed");
    assert.deepEqual(withoutMask(end.commands).map(({ name, properties, data }) => [name, properties["title"], data]), [
      ["error", "failing-step failed", `step "compile" of job "build" failed: solver.c:42: 'dt' undeclared`],
      ["error", "Compilation failed (build › compile)", "solver.c:42: 'dt' undeclared"],
      ["warning", "Deprecated (build › compile)", "solver.c uses an old interface"],
    ]);
    assert.match(end.summary, /^### ❌ failing-step: failed$/m);
    assert.match(end.summary, /^```\n(.*\n)*solver\.c:42: error: 'dt' undeclared\n(.*\n)*```$/m);
  },
});

Deno.test({
  ...needing("fail-on-failed-run: false lets the step succeed when the run fails", missing),
  async fn() {
    await using platform = await startPlatform();
    const end = await runAction({
      with: { ...inputsFor(platform.key, "failing-step"), "fail-on-failed-run": "false" },
    });
    assert.equal(end.code, 0, end.log);
    assert.deepEqual([end.outputs["status"], end.outputs["exit-code"]], ["failed", "1"]);
  },
});

Deno.test({
  ...needing("wait: false leaves the run running", missing),
  async fn() {
    await using platform = await startPlatform();
    const end = await runAction({ with: { ...inputsFor(platform.key, "never-ending"), wait: "false" } });
    assert.equal(end.code, 0, end.log);
    assert.deepEqual([end.outputs["status"], end.outputs["run-slug"]], ["running", platform.runs()[0]?.slug]);
    assert.match(end.summary, /^### ⏳ never-ending: running$/m);
  },
});

Deno.test({
  ...needing("invalid inputs: exit code 2, every problem is reported, nothing is submitted", missing),
  async fn() {
    await using platform = await startPlatform();
    const end = await runAction({
      with: {
        ...inputsFor(platform.key, "hello-world"),
        inputs: "hello:\n  message: 3\nresource: a30gpuserver\nslurm: 5\n",
      },
    });
    assert.equal(end.code, 2, end.log);
    assert.deepEqual([end.outputs["status"], end.outputs["run-slug"]], ["error", ""]);
    const [error, ...rest] = withoutMask(end.commands);
    assert.deepEqual(rest, []);
    assert.match(error?.data ?? "", /nothing was submitted\n.*stdin:4/s);
    assert.match(end.summary, /^### ❌ hello-world: nothing was started$/m);
    assert.equal(platform.received("submit").length, 0);
  },
});

for (
  const [what, changed, exitCode, message] of [
    ["no API key", { "api-key": "" }, 4, /PW_API_KEY \(not set\)\nCheck that the secret is set/],
    ["a malformed API key", { "api-key": "s3cret" }, 4, /none of the known formats/],
    ["no workflow", { workflow: " " }, 2, /missing argument WORKFLOW/i],
    ["a workflow that does not exist", { workflow: "helo-world" }, 5, /hello-world/],
    ["an unknown value", { "on-cancel": "perhaps" }, 2, /--on-interrupt: must be ask, keep or cancel: got "perhaps"/],
    ["an unknown value of a switch", { wait: "perhaps" }, 2, /--no-wait takes no value/],
    ["an unknown option", { args: "--frobnicate" }, 2, /Unknown option --frobnicate/],
  ] as const
) {
  Deno.test({
    ...needing(`${what}: exit code ${exitCode} and an error annotation`, missing),
    async fn() {
      await using platform = await startPlatform();
      const end = await runAction({ with: { ...inputsFor(platform.key, "hello-world"), ...changed } });
      assert.equal(end.code, exitCode, end.log);
      const [error] = withoutMask(end.commands);
      assert.equal(error?.name, "error");
      assert.match(error?.data ?? "", message);
      assert.equal(end.outputs["status"], "error");
      assert.equal(platform.received("submit").length, 0);
    },
  });
}

Deno.test({
  ...needing("an empty input counts as not given, like one of an event that another event does not have", missing),
  async fn() {
    await using platform = await startPlatform();
    const { inputs } = await readAction();
    const empty = Object.fromEntries(Object.keys(inputs).map((name) => [name, ""]));
    const end = await runAction({ with: { ...empty, ...inputsFor(platform.key, "quick") } });
    assert.equal(end.code, 0, end.log);
    assert.equal(end.outputs["status"], "completed");
    assert.deepEqual(end.used.map((name) => name.replace(/@.*/, "")), ["denoland/setup-deno"]);
    const suite = "version: 1\ncases:\n  - { name: good, workflow: quick }\n";
    const tested = await runAction({
      files: { "a.suite.yaml": suite },
      with: { ...empty, "api-key": platform.key, suite: "a.suite.yaml", args: "--max-poll-interval=1s" },
    });
    assert.equal(tested.code, 0, tested.log);
    assert.deepEqual([tested.outputs["passed"], tested.outputs["infra-only"]], ["1", ""]);
  },
});

Deno.test({
  ...needing("binary runs that file instead of the checkout", missing),
  async fn() {
    await using platform = await startPlatform();
    const main = new URL("../main.ts", import.meta.url).pathname;
    await using folder = await emptyFolder();
    const binary = `${folder.path}/program`;
    const script = `#!/bin/sh\necho called with "$1" >&2\nexec deno run -A ${main} "$@"\n`;
    await Deno.writeTextFile(binary, script, { mode: 0o755 });
    const end = await runAction({ with: { ...inputsFor(platform.key, "quick"), binary, "setup-deno": "false" } });
    assert.equal(end.code, 0, end.log);
    assert.match(end.log, /^called with run$/m);
    assert.deepEqual(end.used, []);
  },
});

Deno.test({
  ...needing("the default idempotency key is made of repository, workflow run, job and step", missing),
  async fn() {
    await using folder = await emptyFolder();
    const binary = `${folder.path}/program`;
    await Deno.writeTextFile(binary, '#!/bin/sh\nprintf "%s\\n" "$@" >&2\n', { mode: 0o755 });
    const job = { "api-key": "none", "workflow": "quick", "setup-deno": "false", binary };
    assert.match((await runAction({ with: job })).log, /^--idempotency-key=octo\/sim\/7\/nightly\/0\/__self$/m);
    assert.match((await runAction({ with: { ...job, "idempotency-key": "mine" } })).log, /^--idempotency-key=mine$/m);
    assert.ok(!(await runAction({ with: { ...job, "idempotency-key": "" } })).log.includes("--idempotency-key"));
  },
});

Deno.test("the default idempotency key differs between steps and is the same for every attempt", async () => {
  const { inputs } = await readAction();
  const parts = [...(inputs["idempotency-key"]?.default ?? "").matchAll(/\$\{\{ ([\w.-]+) \}\}/g)].map(([, name]) =>
    name
  );
  assert.deepEqual(parts, ["github.repository", "github.run_id", "github.job", "strategy.job-index", "github.action"]);
});

for (const interrupts of ["process", "group"] as const) {
  Deno.test({
    ...needing(`a cancelled job keeps its run when SIGINT reaches the ${interrupts}`, missing),
    async fn() {
      await using platform = await startPlatform({ clock: systemClock });
      const end = await runAction({
        with: inputsFor(platform.key, "never-ending"),
        cancelAt: /^Status: running/,
        interrupts,
      });
      assert.equal(end.code, 130, end.log);
      assert.deepEqual(platform.runs().map(({ status }) => status), ["running"]);
      assert.equal(end.outputs["run-slug"], platform.runs()[0]?.slug);
      assert.equal(platform.received("cancel-run").length, 0);
    },
  });

  Deno.test({
    ...needing(`a cancelled job with on-cancel: cancel cancels its run when SIGINT reaches the ${interrupts}`, missing),
    async fn() {
      await using platform = await startPlatform({ clock: systemClock });
      const end = await runAction({
        with: { ...inputsFor(platform.key, "never-ending"), "on-cancel": "cancel" },
        cancelAt: /^Status: running/,
        interrupts,
      });
      assert.equal(end.code, 130, end.log);
      assert.equal(platform.received("cancel-run").length, 1);
      assert.equal(end.outputs["status"], "cancelled");
      assert.match(end.summary, /^### 🚫 never-ending: cancelled$/m);
    },
  });
}

Deno.test({
  ...needing("a job that is cancelled while it submits cancels the run that the submit starts", missing),
  async fn() {
    const submitted = Promise.withResolvers<void>();
    await using platform = await startPlatform({
      clock: systemClock,
      faults: [{ on: "submit", latencyMs: 2_000 }],
      onStep(operation, step) {
        if (operation === "submit" && step === "arrived") submitted.resolve();
      },
    });
    const end = await runAction({
      with: { ...inputsFor(platform.key, "never-ending"), "on-cancel": "cancel" },
      cancelAt: /^Submitting/,
      onCancel: () => submitted.promise,
    });
    assert.equal(end.code, 130, end.log);
    assert.equal(end.outputs["status"], "cancelled", end.log);
    assert.deepEqual(platform.runs().map(({ slug }) => slug), [end.outputs["run-slug"]]);
    assert.ok(platform.received("cancel-run").length > 0);
  },
});

Deno.test({
  ...needing("a program that prints no result fails the step", missing),
  async fn() {
    const end = await runAction({ with: { ...inputsFor("none", "quick"), binary: "true" } });
    assert.deepEqual([end.code, end.outputs["status"], end.outputs["exit-code"]], [70, "unknown", "70"]);
  },
});

Deno.test({
  ...needing("a program that does not exist is not reported as a failed run", missing),
  async fn() {
    const end = await runAction({ with: { ...inputsFor("none", "quick"), binary: "/nowhere/program" } });
    assert.deepEqual([end.code, end.outputs["status"], end.outputs["exit-code"]], [127, "unknown", "70"], end.log);
    assert.match(end.commands.at(-1)?.data ?? "", /Cannot run the program/);
  },
});

Deno.test({
  ...needing("the API key is on no command line, and the program may connect only to the platform", missing),
  async fn() {
    await using platform = await startPlatform({ clock: systemClock });
    let line = "";
    await runAction({
      with: inputsFor(platform.key, "never-ending"),
      cancelAt: /^Status: running/,
      async onCancel(pid) {
        line = (await Deno.readTextFile(`/proc/${pid}/cmdline`)).replaceAll("\0", " ");
        assert.deepEqual(await childrenOf(pid), []);
      },
    });
    assert.ok(!line.includes(platform.key));
    assert.ok(line.includes(`--allow-net=127.0.0.1:${platform.port} `), line);
    assert.ok(!/-A\b|--allow-all|--allow-run/.test(line), line);
    assert.match(line, /--allow-write=\S+\/pw-workflow-runner-state,\S+\/output,\S+\/summary /);
  },
});

Deno.test({
  ...needing("the nightly workflow runs hello-world once for each message", missing),
  async fn() {
    await using platform = await startPlatform();
    const nightly: { jobs: { run: { strategy: { matrix: { message: string[] } }; steps: UsingStep[] } } } = parse(
      await Deno.readTextFile(new URL("../.github/workflows/nightly.yml", import.meta.url)),
    );
    const { strategy: { matrix }, steps } = nightly.jobs.run;
    const inputs = steps.find(({ uses }) => uses === "./")?.with ?? {};
    for (const message of matrix.message) {
      const context = { "secrets.PW_API_KEY": platform.key, "matrix.message": message, "github.run_id": "7" };
      const end = await runAction({
        files: { "inputs/hello-world.json": JSON.stringify(hello) },
        with: {
          ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, evaluate(value, context)])),
          "idempotency-key": "",
        },
      });
      assert.equal(end.code, 0, end.log);
    }
    const messages = submittedTo(platform).map(({ inputs }) => inputs["hello"]);
    assert.deepEqual(messages, matrix.message.map((message) => ({ ...hello.hello, message })));
  },
});

Deno.test({
  ...needing("a suite: the verdicts as outputs, summary, annotations and JUnit", missing),
  async fn() {
    await using platform = await startPlatform();
    const suite = `version: 1
name: nightly
cases:
  - { name: good, workflow: quick, expect: { check: 'test -z "$PW_API_KEY"' } }
  - { name: broken, workflow: failing-step }
`;
    const end = await runAction({
      files: { "tests/nightly.suite.yaml": suite },
      with: { "api-key": platform.key, suite: "tests/", args: "--max-poll-interval=1s" },
    });
    assert.equal(end.code, 1, end.log);
    const { status, passed, failed, "exit-code": exitCode, junit = "" } = end.outputs;
    assert.deepEqual({ status, passed, failed, exitCode }, {
      status: "failed",
      passed: "1",
      failed: "1",
      exitCode: "1",
    });
    // Another step of the job has other files.
    const [, step = ""] = /-(\d+)\.json$/.exec(end.outputs["result"] ?? "") ?? [];
    assert.match(step, /^\d+$/);
    assert.ok(junit.endsWith(`/pw-workflow-runner-state/${step}/junit.xml`), junit);
    assert.ok(end.outputs["html"]?.endsWith(`/pw-workflow-runner-state/${step}/report.html`), end.outputs["html"]);
    assert.match(end.summary, /^### ❌ nightly: 1 passed, 1 failed in /);
    assert.match(end.summary, /compile/);
    const [, error] = end.commands;
    assert.equal(error?.name, "error");
    assert.equal(error?.properties["title"], "nightly: broken failed");
    assert.equal(end.result?.["exitCode"], 1);
    assert.ok(!end.log.includes(platform.key));
  },
});

Deno.test({
  ...needing(
    "history: what changed since the earlier runs of the job is an output, also of a step that fails",
    missing,
  ),
  async fn() {
    const cache = new Map<string, ReadonlyMap<string, string>>();
    const night = async (runId: string, workflows: string, more: Readonly<Record<string, string>> = {}) => {
      await using platform = await startPlatform();
      const cases = [...workflows].map((letter, index) =>
        `  - { name: case ${index}, workflow: ${letter === "F" ? "failing-step" : "quick"} }\n`
      );
      const end = await runAction({
        files: { "tests/nightly.suite.yaml": `version: 1\ncases:\n${cases.join("")}` },
        with: { "api-key": platform.key, suite: "tests/", history: "true", args: "--max-poll-interval=1s", ...more },
        runId,
        cache,
      });
      const { regressions, recovered, "still-failing": stillFailing, "infra-only": infraOnly } = end.outputs;
      return { ...end, changes: { regressions, recovered, stillFailing, infraOnly } };
    };
    assert.equal((await night("1", "PP")).code, 0);
    const broken = await night("2", "PF");
    assert.equal(broken.code, 1, broken.log);
    assert.deepEqual(broken.changes, {
      regressions: "nightly: case 1",
      recovered: "",
      stillFailing: "",
      infraOnly: "false",
    });
    assert.match(broken.outputs["failing-since"] ?? "", /^\d{4}-\d\d-\d\dT/);
    const other = await night("3", "FP");
    assert.deepEqual(other.changes, {
      regressions: "nightly: case 0",
      recovered: "nightly: case 1",
      stillFailing: "",
      infraOnly: "false",
    });
    assert.deepEqual([...cache.values()].map((files) => [...files.keys()].length), [1, 2, 3]);
    assert.deepEqual([...other.used].map((name) => name.replace(/@.*/, "")), [
      "denoland/setup-deno",
      "actions/cache/restore",
      "actions/cache/save",
    ]);
    // A history of its own, and none.
    assert.equal((await night("4", "FP", { history: "weekly" })).changes.regressions, "nightly: case 0");
    assert.equal((await night("5", "FP", { history: "false" })).changes.regressions, "");
    assert.equal(cache.size, 4);
  },
});

interface UsingStep {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
}

const HOSTILE = {
  yaml: `jobs:
  "::add-mask::job":
    steps:
      - name: "::set-output name=status::completed"
        run: make
`,
  scenario: {
    "::add-mask::job/0": {
      logs: [
        "::stop-commands::known",
        "::add-mask::a",
        "  ::set-output name=run-slug::owned",
        "in the middle ##[add-mask]b",
        "::error title=x::first%0A::add-mask::c",
        "::warning title=a%0A::add-mask::d",
        "::notice title=##[add-mask]e::##[set-output name=status;]f",
      ],
      lasts: "2s",
      fails: true,
    },
  },
};

Deno.test({
  ...needing("no text of a run or its log is executed as a workflow command", missing),
  async fn() {
    await using platform = await startPlatform({ workflows: { "##[add-mask]wf": HOSTILE } });
    const end = await runAction({ with: inputsFor(platform.key, "##[add-mask]wf") });
    assert.equal(end.code, 1, end.log);
    assert.deepEqual(end.commands.filter(({ name }) => name === "add-mask").map(({ data }) => data), [platform.key]);
    const names = withoutMask(end.commands).map(({ name }) => name);
    assert.deepEqual(names, ["error", "error", "warning", "notice"]);
    assert.equal(end.commands[2]?.data, "first%0A::add-mask::c");
    assert.equal(end.outputs["status"], "failed");
    assert.equal(end.outputs["run-slug"], platform.runs()[0]?.slug);
    // The log still shows them.
    assert.match(end.log, /::set-output name=run-slug::owned/);
  },
});

Deno.test("inputs reach the shell only as environment variables", async () => {
  for (const { run = "" } of (await readAction()).runs.steps) assert.ok(!run.includes("${{"), run);
});

Deno.test("every input is used, and passed under its own name", async () => {
  const { inputs, runs } = await readAction();
  const env = runs.steps.flatMap((step) => Object.entries(step.env ?? {}));
  const used = [...env.map(([, value]) => value), ...runs.steps.map((step) => step.if ?? "")].join("\n");
  for (const name of Object.keys(inputs)) assert.match(used, new RegExp(`\\binputs\\.${name}(?![\\w-])`));
  for (const [variable, value] of env.filter(([name]) => name.startsWith("INPUT_"))) {
    assert.equal(value, `\${{ inputs.${variable.slice("INPUT_".length).toLowerCase().replaceAll("_", "-")} }}`);
  }
});

function withoutMask(commands: readonly TakenCommand[]): readonly TakenCommand[] {
  return commands.filter(({ name }) => name !== "add-mask");
}
