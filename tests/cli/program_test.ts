/** Every command as a real process without a terminal: arguments, stdin, exit code, stdout, stderr. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import type { Fault, ServerBehavior } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { type ProgramCall, runProgram } from "../support/program.ts";
import { submittedTo } from "../support/received.ts";

interface Row {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly code: number;
  readonly stdout?: RegExp;
  readonly stderr?: RegExp;
  readonly behavior?: Partial<ServerBehavior>;
  readonly faults?: readonly Fault[];
  /** A signal to send when stderr first matches. */
  readonly signal?: readonly [RegExp, Deno.Signal];
  readonly entry?: string;
  /** The expected number of started runs; not checked if absent. */
  readonly started?: number;
  /** The inputs that the platform should receive. */
  readonly inputs?: unknown;
}

const FAST = ["--poll-interval", "100ms", "--max-poll-interval", "200ms"];
const HELLO = ["run", "hello-world", "-i", "inputs/hello-world.json", ...FAST];
const SUCCESS = /^✓ Workflow completed successfully\n$/m;

const ROWS: readonly Row[] = [
  // Help, usage, versions.
  { args: [], code: 2, stdout: /^$/, stderr: /Usage/ },
  { args: ["--version"], code: 0, stdout: /^pw-workflow-runner \d+\.\d+\.\d+\n$/ },
  { args: ["--version", "--no-color"], code: 0, stdout: /^pw-workflow-runner \d+\.\d+\.\d+\n$/ },
  { args: ["-q", "-V"], code: 0, stdout: /^pw-workflow-runner \d+\.\d+\.\d+\n$/ },
  { args: ["--help"], code: 0, stdout: /COMMAND/ },
  { args: ["help", "run"], code: 0, stdout: /--poll-interval/ },
  ...["list", "show", "run", "status", "watch", "runs", "logs", "errors", "cancel", "demo", "simulate"].map((
    command,
  ) => ({
    args: [command, "--help"],
    code: 0,
    // Two examples, each a comment and a command.
    stdout: /Examples\n(\s+# .+\n.+\n\s*){2}/,
  })),
  { args: ["lsit"], code: 2, stderr: /Unknown command lsit\n.*Did you mean "list"/ },
  { args: ["hlep"], code: 2, stderr: /Unknown command hlep\n.*Did you mean "help"\?/ },
  {
    args: ["--timeout", "5", "run", "quick"],
    code: 2,
    stderr: /Unknown command 5\n.*Options of a command go after it: `pw-workflow-runner COMMAND --timeout 5`\n/,
    started: 0,
  },
  { args: ["-o", "json", "list"], code: 2, stderr: /Unknown command json\n.*`pw-workflow-runner COMMAND -o json`\n/ },
  { args: ["--json", "lsit"], code: 2, stderr: /Unknown command lsit\n.*Did you mean "list"\?\n$/ },
  { args: ["--verison"], code: 2, stderr: /Unknown option --verison\n.*Did you mean "--version"/ },
  { args: ["--quiet"], code: 2, stderr: /Missing command\n.*pw-workflow-runner help/ },
  { args: ["run", "quick", "--tmeout", "3"], code: 2, stderr: /Unknown option --tmeout\n.*--timeout/ },
  { args: ["run"], code: 2, stderr: /run: missing argument WORKFLOW/ },
  { args: ["run", "quick", "--timeout", "soon"], code: 2, stderr: /--timeout/ },
  { args: ["run", "quick"], env: { PW_TIMEOUT: "soon" }, code: 2, stderr: /PW_TIMEOUT/, started: 0 },
  { args: ["status", "47"], code: 2, stderr: /WORKFLOW#47/ },
  { args: ["cancel", "hello-world", "47"], code: 2, stderr: /hello-world#47/ },
  {
    args: ["test", "history"],
    code: 2,
    stderr: /the name of one case\n {2}`pw-workflow-runner test --list` lists them\n/,
  },
  {
    args: ["lsit", "--json"],
    code: 2,
    stdout: /^\{[^]*"exitCode": 2,\n\s+"kind": "usage",\n\s+"submitted": "no"\n\}\n$/,
  },

  // list and show.
  { args: ["list"], code: 0, stdout: /^data-processor +★ .*\nhello-world +★ /, stderr: /^$/ },
  { args: ["list", "hel", "--json"], code: 0, stdout: /^\[\n\s+\{\n\s+"name": "hello-world",[^]*\]\n$/ },
  { args: ["list", "*-sweep"], code: 0, stdout: /^matrix-sweep .*\n$/ },
  { args: ["list", "--tag", "data"], code: 0, stdout: /^data-processor .*\n$/ },
  { args: ["list", "--favorites", "--json"], code: 0, stdout: /hello-world/ },
  { args: ["list", "zzz"], code: 0, stdout: /^$/, stderr: /No matching workflows/ },
  { args: ["show", "hello-world"], code: 0, stdout: /hello\.message +string +default "Hello World"/ },
  { args: ["show", "hello-world", "--json"], code: 0, stdout: /"presets"/ },
  { args: ["show", "hello-world", "--yaml"], code: 0, stdout: /^on:\n {2}execute:/m },
  { args: ["show", "helo-world"], code: 5, stderr: /Did you mean "hello-world"/ },

  // run.
  {
    args: ["run", "hello-world", "--input", "inputs/hello-world.json", ...FAST],
    code: 0,
    stdout: SUCCESS,
    stderr:
      /^(! .*\n)*Submitting hello-world to 127\.0\.0\.1:\d+ as demo\.\.\.\nRun #47 started {2}\(hello-world-[a-z2-7]{16}\)\n(.*\n)*Status: completed \(42s\)\n\n$/,
    started: 1,
  },
  {
    args: ["run", "hello-world", "-i", "inputs/hello-world.json", "-i", "hello.message=test", ...FAST],
    code: 0,
    stdout: SUCCESS,
  },
  { args: ["run", "quick", "-i", "-", ...FAST], stdin: '{"a": 1}', code: 0, stdout: SUCCESS, inputs: { a: 1 } },
  { args: ["run", "quick", "-i", "{a: 1", ...FAST], code: 2, stderr: /-i #1/, started: 0 },
  {
    args: ["run", "quick", "-i", "no-such.json", "-i", "a:=x", ...FAST],
    code: 2,
    stderr: /no such file\n.*-i #2/,
    started: 0,
  },
  { args: ["run", "quick", "-i", "."], code: 2, stderr: /cannot read \.: it is a folder, not a file\n/, started: 0 },
  { args: ["run", "required-inputs", "-i", "project=test"], code: 2, stderr: /Number of nodes/, started: 0 },
  {
    args: ["run", "data-processor", "--preset", "nightly", ...FAST, "--json"],
    code: 0,
    stdout: /"outputs": \{[^]*"kind": "completed"[^]*"exitCode": 0/,
  },
  { args: ["run", "data-processor", "--preset", "nope"], code: 5, stderr: /"nightly"/ },
  {
    args: ["run", "quick", "--events", ...FAST],
    code: 0,
    stdout:
      /^\{"v":1,"type":"submitting".*\n\{"v":1,"type":"started".*\n(.*\n)*\{"v":1,"type":"finished".*"exitCode":0.*\n$/,
  },
  { args: ["run", "quick", "--name", "Nightly check", ...FAST], code: 0, stdout: SUCCESS },
  {
    args: ["run", "quick", "--no-wait"],
    code: 0,
    stdout: /is still running\n.*pw-workflow-runner watch quick-/,
    stderr: /^(?!.*Waiting up to)/s,
    started: 1,
  },
  {
    args: ["run", "hello-world", "-i", "inputs/hello-world.json", "--dry-run"],
    code: 0,
    stdout: /nothing was started/,
    started: 0,
  },
  { args: ["run", "quick", "--dry-run", "--events"], code: 0, stdout: /^$/, started: 0 },
  { args: ["run", "required-inputs", "--dry-run"], code: 2, stderr: /Project name/, started: 0 },
  { args: ["run", "failing-step", ...FAST], code: 1, stdout: /^✗ Workflow failed: .*compile[^]*│ .*undeclared/ },
  { args: ["run", "failing-step", ...FAST, "--json"], code: 1, stdout: /"failedJobs"[^]*"exitCode": 1/ },
  { args: ["run", "needs-consent", ...FAST], code: 2, stderr: /LICENSE_SERVER\n.*--trust/, started: 0 },
  { args: ["run", "needs-consent", "--trust", ...FAST], code: 0, stdout: SUCCESS },
  { args: ["run", "open-notebook", ...FAST], code: 0, stdout: /stays running: http:\/\/127\.0\.0\.1:\d+\// },
  { args: ["run", "no-such", ...FAST], code: 5, stderr: /Cannot find workflow "no-such"/ },
  {
    args: ["run", "never-ending", "--timeout", "1s", ...FAST],
    code: 124,
    stdout: /is still running[^]*watch never-ending-/,
  },
  { args: ["run", "quick", "--timeout", "0", ...FAST], code: 0, stderr: /^(?!.*Waiting up to)/s },
  {
    args: ["run", "quick", ...FAST],
    // With the current API, the search for the run takes a minute; with the legacy one, there is no search.
    faults: [{ on: "submit", cut: "before-effect" }],
    behavior: { apiVersion: "legacy", legacyRead: "run" },
    code: 6,
    stdout: /Outcome unknown: a run may have been started/,
    started: 0,
  },
  {
    args: ["run", "quick", ...FAST],
    faults: [{ on: "submit", cut: "after-effect" }],
    code: 0,
    stdout: SUCCESS,
    started: 1,
  },
  {
    args: [...HELLO, "--unreachable-timeout", "1s"],
    faults: [{ on: "get-run", status: 503, times: Infinity }],
    code: 7,
    stdout: /is still running[^]*watch hello-world-/,
    started: 1,
  },
  {
    args: ["run", "quick", "--submit-timeout", "1s"],
    faults: [{ on: "submit", status: 429, times: Infinity }],
    code: 8,
    stderr: /Cannot submit/,
    started: 0,
  },
  {
    args: ["run", "quick", "--json"],
    env: { PW_API_KEY: "pwt_bm93aGVyZS5pbnZhbGlk.x" },
    code: 8,
    stdout: /"kind": "unreachable"/,
  },
  {
    args: ["run", "quick", ...FAST],
    behavior: { apiVersion: "legacy", legacyRead: "405" },
    code: 2,
    stderr: /--no-wait/,
    started: 0,
  },
  { args: ["run", "quick", "--log-level", "nope"], code: 2, stderr: /WARNING or ERROR: got "nope"/, started: 0 },
  { args: ["run", "quick", ...FAST, "--log-level", "DEBUG"], code: 0, stderr: /POST \/api\/workflow-runs.*200.*ms/ },
  {
    args: ["list"],
    entry: new URL("../support/throwing_main.ts", import.meta.url).href,
    code: 70,
    stderr: /the random source is broken\n.*report/,
  },

  // Keys.
  { args: ["list"], env: { PW_API_KEY: "" }, code: 4, stderr: /PW_API_KEY[^]*pwt_/ },
  { args: ["list", "--json"], env: { PW_API_KEY: "pwt_nonsense" }, code: 4, stdout: /"kind": "credential_malformed"/ },

  // Runs.
  {
    args: ["status", "hello-world", "46"],
    code: 0,
    stdout: /hello-world#46 +\(hello-world-00046\)\nStatus +completed/,
  },
  { args: ["status", "hello-world#44", "--exit-status"], code: 1, stdout: /failed/ },
  { args: ["status", "hello-world:46", "--json"], code: 0, stdout: /"runNumber": 46[^]*"exitCode": 0/ },
  { args: ["status", "hello-world"], code: 2, stderr: /is a workflow/ },
  { args: ["status", "no-such-run"], code: 5, stderr: /no such run/ },
  { args: ["status", "last"], code: 5, stderr: /local history is empty/ },
  { args: ["watch", "hello-world-00046"], code: 0, stdout: SUCCESS },
  { args: ["watch", "hello-world#46", "hello-world#44", "--json"], code: 1, stdout: /"runs": \[[^]*"exitCode": 1/ },
  { args: ["runs", "--limit", "2", "--json"], code: 0, stdout: /^\{\n\s+"runs": \[[^]*"total": \d\d/ },
  {
    args: ["runs", "hello-world", "--status", "failed", "--limit", "1"],
    code: 0,
    stdout: /RUN[^]*hello-world#44 +failed/,
  },
  { args: ["logs", "hello-world-00046", "--step", "run mpi", "--tail", "1"], code: 0, stdout: /^[^\n]+\n$/ },
  { args: ["logs", "hello-world#46", "--step", "nope"], code: 2, stderr: /run mpi/ },
  {
    args: ["logs", "failing-step#1", "--failed", "--json"],
    code: 0,
    stdout: /^\[\n\s+\{\n\s+"job": "build",\n\s+"step": "compile"/,
  },
  { args: ["logs", "hello-world#46", "-f"], code: 0, stdout: /==> hello › prepare <==[^]*==> hello › collect <==/ },
  { args: ["errors", "failing-step#1"], code: 1, stdout: /^✗ step "compile"[^]*undeclared/ },
  {
    args: ["errors", "hello-world#46"],
    code: 0,
    stdout: /^No job or step reported a failure: the run has the status completed$/m,
  },
  { args: ["errors", "hello-world#46", "--json"], code: 0, stdout: /"failedJobs": \[\]/ },
  { args: ["cancel", "hello-world#46"], code: 0, stdout: /had already ended: completed/ },

  // Signals.
  {
    args: ["run", "never-ending", ...FAST],
    signal: [/started/, "SIGINT"],
    code: 130,
    stderr: /Stopped waiting[^]*watch never-ending-/,
    started: 1,
  },
  {
    args: ["run", "never-ending", "--on-interrupt", "cancel", ...FAST],
    signal: [/started/, "SIGINT"],
    code: 130,
    stderr: /is being cancelled/,
    started: 1,
  },
  {
    args: ["run", "never-ending", ...FAST, "--json"],
    signal: [/started/, "SIGTERM"],
    code: 143,
    stdout: /"kind": "stopped",\n\s+"submitted": "yes"/,
  },
  { args: ["run", "never-ending", ...FAST], signal: [/started/, "SIGHUP"], code: 129, stderr: /is still running/ },
  {
    args: ["simulate", "--speed", "10"],
    signal: [/Serving/, "SIGINT"],
    code: 0,
    stdout: /^export PW_API_KEY=pwt_\S+\n$/,
  },
  { args: ["demo"], code: 0, stdout: SUCCESS, stderr: /\nTry the other commands, too: .*simulate.*\n$/ },
];

for (const row of ROWS) {
  const { args, env = {}, faults, behavior, signal, stdin } = row;
  const conditions = [
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(faults ?? []).map((fault) => JSON.stringify(fault)),
    ...(behavior === undefined ? [] : [JSON.stringify(behavior)]),
    ...(signal === undefined ? [] : [signal[1]]),
    ...(stdin === undefined ? [] : ["stdin"]),
    ...(row.entry === undefined ? [] : ["a broken dependency"]),
  ].join(" ");
  Deno.test(`\`${args.join(" ")}\`${conditions === "" ? "" : ` with ${conditions}`} exits with ${row.code}`, () =>
    check(row));
}

Deno.test({
  name: "under nohup, a run is tracked to its end although the terminal is closed",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
    const { code, stderr } = await runProgram({
      launcher: "nohup",
      args: ["run", "hello-world", ...FAST],
      env: { PW_API_KEY: simulator.key },
      onStderr: (text, child) => text.includes("started") && child.kill("SIGHUP"),
    });
    assert.equal(code, 0, stderr);
  },
});

Deno.test({
  name: "`simulate -- COMMAND` leaves Ctrl-C to the command, passes other signals on, and ends with it",
  ignore: Deno.build.os === "windows",
  async fn() {
    const command = "trap 'exit 7' TERM; echo ready >&2; while :; do sleep 0.1; done";
    const { code } = await runProgram({
      args: ["simulate", "--", "sh", "-c", command],
      onStderr(text, child) {
        if (!text.includes("ready")) return;
        child.kill("SIGINT");
        child.kill("SIGTERM");
      },
    });
    assert.equal(code, 7);
  },
});

Deno.test("a run that is cancelled on the platform exits with 3", async () => {
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  const { code, stdout } = await runProgram({
    args: ["run", "never-ending", ...FAST],
    env: { PW_API_KEY: simulator.key },
    onStderr: (text) => {
      const slug = /never-ending-[a-z2-7]{16}/.exec(text)?.[0];
      if (slug !== undefined) simulator.cancelExternally(slug);
    },
  });
  assert.equal(code, 3);
  assert.match(stdout, /cancelled/);
});

Deno.test("`cancel` cancels an active run", async () => {
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  const env = { PW_API_KEY: simulator.key };
  await runProgram({ args: ["run", "never-ending", "--no-wait"], env });
  const [started] = simulator.runs();
  const { code, stdout } = await runProgram({ args: ["cancel", started?.slug ?? ""], env });
  assert.equal(code, 0);
  assert.match(stdout, /is (being )?cancelled/);
});

Deno.test("PW_API_KEY from .env is used, and the environment overrides it", async () => {
  await using simulator = await startSimulator();
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/.env`, `PW_API_KEY=${simulator.key}\nPW_PLATFORM_HOST=elsewhere.invalid\n`);
    assert.equal((await runProgram({ args: ["list"], cwd })).code, 0);
    const alice = { PW_API_KEY: simulator.keyFor("alice") };
    assert.equal((await runProgram({ args: ["list"], cwd, env: alice })).code, 0);
    assert.deepEqual(simulator.received("list-workflows").map(({ user }) => user), ["demo", "alice"]);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

async function check(row: Row): Promise<void> {
  const { code, stdout, stderr, signal, entry, stdin } = row;
  await using simulator = await startSimulator({
    clock: fastClock(systemClock, 60),
    ...(row.behavior === undefined ? {} : { behavior: row.behavior }),
    ...(row.faults === undefined ? {} : { faults: row.faults }),
  });
  let isSent = false;
  let stderrSoFar = "";
  const call: ProgramCall = {
    args: row.args,
    env: { PW_API_KEY: simulator.key, ...row.env },
    ...(entry === undefined ? {} : { entry }),
    ...(stdin === undefined ? {} : { stdin }),
    onStderr(text, child) {
      stderrSoFar += text;
      if (signal === undefined || isSent || !signal[0].test(stderrSoFar)) return;
      isSent = true;
      child.kill(signal[1]);
    },
  };
  const result = await runProgram(call);
  const output = `stdout:\n${result.stdout}\nstderr:\n${result.stderr}`;
  assert.equal(result.code, code, output);
  if (stdout !== undefined) assert.match(result.stdout, stdout, output);
  if (stderr !== undefined) assert.match(result.stderr, stderr, output);
  if (row.args.includes("--json")) JSON.parse(result.stdout);
  if (row.started !== undefined) assert.equal(simulator.runs().length, row.started, output);
  if (row.inputs !== undefined) {
    assert.deepEqual(submittedTo(simulator).at(-1)?.inputs, row.inputs);
  }
}

for (const command of ["run", "watch"] as const) {
  Deno.test(`\`${command} --on-timeout cancel\` announces and cancels, and does not report that the run continues`, async () => {
    await using simulator = await startSimulator();
    const env = { PW_API_KEY: simulator.key };
    const started = await runProgram({ args: ["run", "never-ending", "--no-wait", "--json"], env });
    const { slug }: { slug: string } = JSON.parse(started.stdout);
    const target = command === "run" ? "never-ending" : slug;
    const args = [command, target, "--timeout", "1s", "--on-timeout", "cancel"];
    const { code, stdout, stderr } = await runProgram({ args, env });
    assert.equal(code, 124);
    assert.match(stderr, /Waiting up to 1s \(until \d\d:\d\d \S+\); the run is then cancelled/);
    assert.match(
      stdout,
      /is being cancelled: timed out\n {2}Track it again: pw-workflow-runner watch never-ending-\S+\n$/,
    );
    assert.doesNotMatch(stdout + stderr, /continues/);
    assert.equal(simulator.received("cancel-run").length, 1);
  });
}
