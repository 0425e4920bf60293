/** `run --report github` and `--allow-failure`. tests/action_test.ts runs them as a step of a job. */

import assert from "node:assert/strict";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { type CallOptions, cliStage } from "../support/cli_stage.ts";
import { commandReader } from "../support/github_runner.ts";

const FAST = ["--poll-interval", "100ms", "--max-poll-interval", "200ms"];
const FILES = { GITHUB_OUTPUT: "outputs", GITHUB_STEP_SUMMARY: "summary" };

async function aStage(options: SimulatorOptions = {}) {
  const stage = await cliStage(options);
  return {
    ...stage,
    async report(args: readonly string[], { env = FILES, context }: CallOptions = {}) {
      const written: Record<string, string> = {};
      const appendFile = (path: string, text: string) => void (written[path] = (written[path] ?? "") + text);
      const end = await stage.call([...args, "--report", "github"], { env, context: { appendFile, ...context } });
      const reader = commandReader();
      end.stderr.trimEnd().split("\n").forEach((line) => reader.read(line));
      const { outputs = "", summary = "" } = written;
      return { ...end, outputs, summary, commands: reader.commands, log: reader.log() };
    },
  };
}

const SUBMITTED = /^run-slug<<\w+\nquick-\w+\n\w+\n/;

Deno.test("a report does not change what a run prints to stdout", async () => {
  await using stage = await aStage();
  const plain = await stage.call(["run", "quick", "--report", "text", ...FAST]);
  const reported = await stage.report(["run", "quick", ...FAST]);
  assert.deepEqual([reported.code, reported.stdout], [plain.code, plain.stdout]);
  assert.match(reported.summary, /^### ✅ quick: completed\n/);
  assert.match(reported.outputs, SUBMITTED);
  assert.match(reported.outputs, /^status<<\w+\ncompleted\n/m);
  assert.deepEqual(reported.commands, [{ name: "add-mask", properties: {}, data: stage.simulator.key }]);
  const json = await stage.report(["run", "quick", "--json", ...FAST]);
  assert.equal(JSON.parse(json.stdout).status, "completed");
  assert.match(json.log, /^✓ Workflow completed successfully$/m);
});

for (const format of ["--json", "--output=yaml", "--events"]) {
  Deno.test(`${format} has a document also where a report for GitHub cannot be written`, async () => {
    await using stage = await aStage();
    const { code, stdout } = await stage.report(["run", "quick", format], { env: {} });
    assert.equal(code, 2);
    assert.match(stdout, /GITHUB_OUTPUT is not set/);
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

for (
  const [args, title] of [
    [["test", "absent.suite.yaml"], "test"],
    [["-q", "test", "--tagg", "a"], "test"],
    [["batch", "absent.csv"], "batch"],
    [["run"], "run"],
    [["run", "no-such-workflow"], "no-such-workflow"],
  ] as const
) {
  Deno.test(`the report of an error of ${args.join(" ")} has the title ${title}`, async () => {
    await using stage = await aStage();
    const readTextFile = () => Promise.reject(new Deno.errors.NotFound());
    const { code, summary, commands, stderr } = await stage.report(args, { context: { readTextFile } });
    assert.notEqual(code, 0);
    assert.ok(summary.startsWith(`### ❌ ${title}: nothing was started\n`), summary + stderr);
    assert.equal(commands.find(({ name }) => name === "error")?.properties["title"], title);
  });
}

Deno.test("the slug is written as soon as the run is submitted", async () => {
  await using stage = await aStage();
  const atSubmit: string[] = [];
  const appendFile = (path: string, text: string) => {
    if (path === "outputs" && text !== "") atSubmit.push(`${stage.simulator.received("submit").length} ${text}`);
  };
  await stage.report(["run", "quick", ...FAST], { context: { appendFile } });
  assert.match(atSubmit[0] ?? "", /^0 run-slug<</);
});

Deno.test("--allow-failure exits with 0 after a failed run, and the report still has its exit code", async () => {
  await using stage = await aStage();
  const args = ["run", "failing-step", "--allow-failure", ...FAST];
  const { code, outputs, commands } = await stage.report(args);
  assert.equal(code, 0);
  assert.match(outputs, /^exit-code<<\w+\n1\n/m);
  assert.equal(commands.filter(({ name }) => name === "error").length, 2);
  assert.equal((await stage.call(["run", "no-such-workflow", "--allow-failure"])).code, 5);
  assert.equal((await stage.call(["run", "never-ending", "--allow-failure", "--timeout", "5s", ...FAST])).code, 124);
});

Deno.test("an unknown option is reported too", async () => {
  await using stage = await aStage();
  const { code, commands, outputs, summary } = await stage.report(["run", "quick", "--frobnicate"]);
  assert.equal(code, 2);
  assert.match(commands.at(-1)?.data ?? "", /^Unknown option --frobnicate/);
  assert.match(outputs, /^status<<\w+\nerror\n/m);
  assert.match(summary, /^### ❌ run: nothing was started$/m);
});

for (const name of Object.keys(FILES)) {
  Deno.test(`a report without ${name} is a usage error, and nothing is submitted`, async () => {
    await using stage = await aStage();
    const { code, stderr } = await stage.report(["run", "quick"], { env: { ...FILES, [name]: "" } });
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`Cannot write a report for GitHub: ${name} is not set\n.*step of GitHub Actions`));
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

for (const [name, unwritable] of Object.entries(FILES)) {
  Deno.test(`a report whose ${name} cannot be written is a usage error, and nothing is submitted`, async () => {
    await using stage = await aStage();
    const appendFile = (path: string) => {
      if (path === unwritable) throw Object.assign(new Error("EACCES"), { code: "EACCES" });
    };
    const { code, stderr } = await stage.report(["run", "quick"], { context: { appendFile } });
    assert.equal(code, 2);
    const message = `Cannot write a report for GitHub: ${name} is ${unwritable}: permission denied`;
    assert.ok(stderr.includes(message), stderr);
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

Deno.test("a report that cannot be written leaves the exit code, and is named", async () => {
  await using stage = await aStage();
  let calls = 0;
  const appendFile = () => {
    if (++calls > 2) throw new Error("No space left on device");
  };
  const { code, log } = await stage.report(["run", "quick", ...FAST], { context: { appendFile } });
  assert.equal(code, 0);
  assert.match(log, /Cannot write the report: .*No space left on device/);
});

const SECRET = "hunter2-planted";
const LEAKY = {
  yaml: `on:
  execute:
    inputs: { password: { type: password } }
jobs:
  main:
    steps:
      - name: leak ${SECRET}
        run: leak
`,
  scenario: {
    "main/0": {
      logs: [`::error title=${SECRET}::${SECRET}`, `the password is ${SECRET}`, "##[add-mask]owned"],
      fails: true,
    },
  },
};

Deno.test("no secret input of the run is in its report", async () => {
  await using stage = await aStage({ workflows: { leaky: LEAKY } });
  const end = await stage.report(["run", "leaky", "-i", `password=${SECRET}`, ...FAST]);
  assert.equal(end.code, 1, end.stderr);
  assert.match(end.summary, /the password is •••/);
  assert.equal(end.commands.filter(({ name }) => name === "error").length, 2);
  const text = [end.summary, end.outputs, end.stdout, end.stderr, JSON.stringify(end.commands)].join("\n");
  assert.ok(!text.includes(SECRET), text);
});

Deno.test("a command in a run's log is not executed while the result is printed", async () => {
  await using stage = await aStage({ workflows: { leaky: LEAKY } });
  const { commands, log } = await stage.report(["run", "leaky", "-i", `password=${SECRET}`, "--json", ...FAST]);
  assert.match(log, /##\[add-mask\]owned/);
  assert.deepEqual(commands.filter(({ name }) => name === "add-mask").map(({ data }) => data), [stage.simulator.key]);
});
