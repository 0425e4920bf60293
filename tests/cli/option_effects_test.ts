/** Options whose effect no other test of the command line observes. */

import assert from "node:assert/strict";
import { cliStage } from "../support/cli_stage.ts";
import { submittedTo } from "../support/received.ts";

const FAST = ["--poll-interval", "100ms", "--max-poll-interval", "200ms"];
const COLOR = "\u001b[";

Deno.test("--no-color disables colors on a terminal", async () => {
  await using stage = await cliStage();
  assert.ok((await stage.call(["list"], { isTerminal: true })).stdout.includes(COLOR));
  assert.ok(!(await stage.call(["list", "--no-color"], { isTerminal: true })).stdout.includes(COLOR));
});

Deno.test("-V prints the version", async () => {
  await using stage = await cliStage();
  assert.equal((await stage.call(["-V"])).stdout, (await stage.call(["--version"])).stdout);
});

Deno.test("common options can come before the command", async () => {
  await using stage = await cliStage();
  const { code, stderr } = await stage.call(["--log-level", "DEBUG", "list"]);
  assert.equal(code, 0);
  assert.match(stderr, /GET \/api\/workflows/);
});

Deno.test("run --name sets the display name", async () => {
  await using stage = await cliStage();
  await stage.call(["run", "quick", "--name", "Nightly check", "--no-wait"]);
  assert.match(JSON.stringify(stage.simulator.received("submit").map(({ body }) => body)), /"Nightly check/);
});

Deno.test("run --idempotency-policy decides what happens if the key was used before", async () => {
  await using stage = await cliStage();
  const args = ["run", "failing-step", "--idempotency-key", "k", ...FAST];
  assert.equal((await stage.call(args)).code, 1);
  assert.equal((await stage.call([...args, "--idempotency-policy", "attach"])).code, 1);
  assert.equal((await stage.call([...args, "--idempotency-policy", "reject"])).code, 2);
  assert.equal(stage.simulator.runs().length, 1);
  assert.equal((await stage.call([...args, "--idempotency-policy", "new-if-failed"])).code, 1);
  assert.equal(stage.simulator.runs().length, 2);
});

for (const on of ["*", "get-workflow", "auth-session", "list-runs"] as const) {
  Deno.test(`run --submit-timeout also limits the retries of what is read before the submit: ${on}`, async () => {
    const faults = [{ on, status: 503, retryAfter: "5", times: Infinity }];
    await using stage = await cliStage({ faults });
    const { code, stderr } = await stage.call(["run", "quick", "--submit-timeout", "2s"]);
    assert.equal(code, 8, stderr);
    assert.ok(!stderr.includes("retrying in"), stderr);
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

Deno.test("--on-timeout cancel cancels the run, and keep does not", async () => {
  await using stage = await cliStage();
  const args = ["run", "never-ending", "--timeout", "20s", ...FAST];
  assert.equal((await stage.call([...args, "--on-timeout", "keep"])).code, 124);
  assert.equal(stage.simulator.received("cancel-run").length, 0);
  assert.equal((await stage.call([...args, "--on-timeout", "cancel"])).code, 124);
  assert.equal(stage.simulator.received("cancel-run").length, 1);
});

Deno.test("logs --job shows only the steps of that job", async () => {
  await using stage = await cliStage();
  const args = ["logs", "hello-world#46"];
  assert.match((await stage.call([...args, "--job", "hello"])).stdout, /==> hello › collect <==/);
  const { code, stderr } = await stage.call([...args, "--job", "nope"]);
  assert.equal(code, 2);
  assert.match(stderr, /no job of that name\n.*"hello"/);
});

Deno.test("inputs new --format selects JSON or YAML", async () => {
  await using stage = await cliStage();
  const args = ["inputs", "new", "hello-world", "--format"];
  assert.equal(typeof JSON.parse((await stage.call([...args, "json"])).stdout), "object");
  assert.match((await stage.call([...args, "yaml"])).stdout, /^hello:$/m);
});

Deno.test("history --limit and prune --since limit the submissions", async () => {
  await using stage = await cliStage();
  await stage.call(["run", "quick", "--no-wait"]);
  await stage.call(["run", "quick", ...FAST]);
  const { stdout } = await stage.call(["history", "--limit", "1"]);
  assert.equal(stdout.trimEnd().split("\n").length, 2, stdout);
  assert.equal((await stage.call(["history", "prune", "--since", "1h"])).stdout, "Removed 0 records\n");
  assert.equal((await stage.call(["history", "prune", "--since", "1ms"])).stdout, "Removed 1 record\n");
});

Deno.test("resume --events prints events as JSON Lines", async () => {
  await using stage = await cliStage();
  await stage.call(["run", "quick", "--no-wait"]);
  const { stdout } = await stage.call(["resume", "--all", "--events", ...FAST]);
  const types = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).type);
  assert.equal(types.at(-1), "finished", stdout);
});

Deno.test("doctor --probe-input, --probe-timeout and --probe-delete reach the runs that the probe starts", async () => {
  await using stage = await cliStage();
  const args = ["doctor", "--probe", "never-ending", "--probe-input", "a:=1", "--yes", "--probe-timeout", "5s"];
  const { code, stderr } = await stage.call([...args, "--probe-delete"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(submittedTo(stage.simulator).at(-1)?.inputs, { a: 1 });
  assert.ok(stage.simulator.received("delete-run").length > 0);
});

Deno.test("doctor --probe prepares the inputs of its runs as run does", async () => {
  await using stage = await cliStage();
  const args = ["doctor", "--probe", "hello-world", "--yes"];
  const { code, stderr } = await stage.call([...args, "--probe-input", "hello.message=hi"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /resource: selected a30gpuserver, the only active cluster that fits\n/);
  const inputs = submittedTo(stage.simulator).at(-1)?.inputs;
  assert.deepEqual(inputs?.hello, { message: "hi" });
  assert.equal(inputs?.submit_to_scheduler, false);
  const refused = await stage.call([...args, "--probe-input", "slurm.cpus_per_task=0"]);
  assert.match(refused.stderr, /-i #1 +slurm\.cpus_per_task +must be a whole number from 1 to 128: got 0/);
});

Deno.test("rerun prompts for secrets at a terminal, and names the prompt as their origin", async () => {
  await using stage = await cliStage();
  await stage.call(["run", "quick", "-i", "password=first", "--no-check", "--no-wait"]);
  const labels: string[] = [];
  const context = {
    stdin: { isTerminal: true, readText: () => Promise.resolve("") },
    promptSecret(label: string) {
      labels.push(label);
      return Promise.resolve("second");
    },
  };
  const { stdout } = await stage.call(["rerun", "last", "--strict", "--json"], { context });
  assert.equal(JSON.parse(stdout).error.problems[0].origin, "prompt");
  assert.equal((await stage.call(["rerun", "last", "--no-check", "--no-wait"], { context })).code, 0);
  assert.deepEqual(labels, ["password", "password"]);
  assert.deepEqual(submittedTo(stage.simulator).at(-1)?.inputs, { password: "second" });
});

for (
  const [args, want] of [
    [["inputs", "new", "hello-world", "-i", "a=1"], "Cannot use --input with inputs new: it has no effect there"],
    [
      ["inputs", "schema", "hello-world", "--preset", "x"],
      "Cannot use --preset with inputs schema: it has no effect there",
    ],
    [
      ["inputs", "new", "hello-world", "--no-defaults"],
      "Cannot use --no-defaults with inputs new: it has no effect there",
    ],
    [
      ["inputs", "schema", "hello-world", "-o", "yaml"],
      "Cannot use --output with inputs schema: it has no effect there",
    ],
    [
      ["inputs", "explain", "hello-world", "--format=yaml"],
      "Cannot use --format with inputs explain: it has no effect there",
    ],
    [["history", "show", "last", "--failed"], "Cannot use --failed with history show: it has no effect there"],
    [["history", "--keep", "3"], "Cannot use --keep with history: it has no effect there"],
    [["history", "show", "last", "--since", "1d"], "Cannot use --since with history show: it has no effect there"],
    [["workspace", "status", "--wait"], "Cannot use --wait with workspace status: it has no effect there"],
    [["batch", "cancel", "sweep", "--rows", "3"], "Cannot use --rows with batch cancel: it has no effect there"],
    [["show", "hello-world", "--yaml", "--json"], "Cannot use --json together with --yaml"],
    [["show", "hello-world", "--yaml", "-o", "text"], "Cannot use --output together with --yaml"],
    [["test", "--resume", "--rejudge"], "Cannot use --resume together with --rejudge"],
    [["batch", "list", "--csv", "a"], "Cannot use --csv with batch list: it has no effect there"],
    [["batch", "status", "sweep", "-i", "a=1"], "Cannot use --input with batch status: it has no effect there"],
    [["batch", "results", "sweep", "--log", "a"], "Cannot use --log with batch results: it has no effect there"],
    [["batch", "set", "sweep", "-j1", "--trust"], "Cannot use --trust with batch set: it has no effect there"],
    [["batch", "sweep.csv", "--exit-status"], "Cannot use --exit-status without batch status"],
    [["batch", "sweep.csv", "--cancel-running"], "Cannot use --cancel-running without --rerun"],
    [["batch", "sweep.csv", "--retry-on", "any"], "Cannot use --retry-on without --retries"],
    [["batch", "sweep.csv", "--retry-on", "any", "--retries", "0"], "Cannot use --retry-on without --retries"],
    [["run", "quick", "--repeat", "2", "--cancel-running"], "Cannot use --cancel-running without --rerun"],
    [["run", "quick", "--no-wait", "--timeout", "5m"], "Cannot use --timeout together with --no-wait"],
    [["rerun", "last", "--no-wait", "--on-timeout", "cancel"], "Cannot use --on-timeout together with --no-wait"],
    [["test", "a.suite.yaml", "--seed", "3"], "Cannot use --seed without --order random"],
    [["test", "a.suite.yaml", "--metric", "x"], "Cannot use --metric without test history"],
    [["test", "merge", "1.json", "--shard", "1/2"], "Cannot use --shard with test merge: it has no effect there"],
    [["test", "history", "a", "--report", "text"], "Cannot use --report with test history: it has no effect there"],
  ] as const
) {
  Deno.test(`${args.join(" ")} is refused, because an option has no effect`, async () => {
    await using stage = await cliStage();
    const { code, stderr } = await stage.call(args);
    assert.equal(code, 2);
    assert.ok(stderr.includes(want), stderr);
  });
}

Deno.test("an unknown PW_LOG_LEVEL is refused, unless an option names the level", async () => {
  await using stage = await cliStage();
  const env = { PW_LOG_LEVEL: "LOUD" };
  const { code, stderr } = await stage.call(["list"], { env });
  assert.equal(code, 2);
  assert.match(stderr, /Cannot use PW_LOG_LEVEL: it is not one of DEBUG, INFO, WARNING, ERROR/);
  assert.equal((await stage.call(["list", "-v"], { env })).code, 0);
  assert.equal((await stage.call(["--version"], { env })).code, 0);
  assert.equal((await stage.call(["list"], { env: { PW_LOG_LEVEL: " debug " } })).code, 0);
});

for (const others of [["--json"], ["-o", "json"], ["-o", "yaml"], ["-o", "text"]]) {
  Deno.test(`--events together with ${others.join(" ")} is refused`, async () => {
    await using stage = await cliStage();
    const { code, stderr } = await stage.call(["run", "quick", "--events", ...others]);
    assert.equal(code, 2);
    const format = others.join(" ").replace("-o", "--output");
    assert.ok(stderr.includes(`Cannot use --events together with ${format}\n`), stderr);
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

for (const format of ["text", "yaml"]) {
  Deno.test(`--json together with --output ${format} is refused`, async () => {
    await using stage = await cliStage();
    const { code, stdout, stderr } = await stage.call(["list", "--json", "-o", format]);
    assert.equal(code, 2);
    assert.match(stdout, /"?exitCode"?: 2/);
    assert.match(stderr, new RegExp(`Cannot use --json together with --output ${format}`));
    assert.equal((await stage.call(["list", "--json", "-o", "json"])).code, 0);
  });
}
