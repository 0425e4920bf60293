/** Inputs from the command line: what is refused before anything is sent, and how secrets are shown. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { runProgram } from "../support/program.ts";
import { submittedTo } from "../support/received.ts";

const FAST = ["--poll-interval", "100ms", "--max-poll-interval", "200ms"];

const SEVEN_PROBLEMS = `resource: { name: 5 }
workflow_dir: [1]
submit_to_scheduler: maybe
slurm:
  cpus_per_task: 0
  partition: 7
pbs:
  is_disabled: 1
hello:
  message: [lost]
`;

Deno.test("a file with seven problems is reported with seven lines and positions, and nothing is sent", async () => {
  await using stage = await aStage();
  await Deno.writeTextFile(`${stage.folder}/seven.yaml`, SEVEN_PROBLEMS);
  const { code, stderr } = await stage.call(["run", "hello-world", "-i", "seven.yaml"]);
  assert.equal(code, 2);
  const positions = [...stderr.matchAll(/^ {2}seven\.yaml:(\d+) +([\w.]+) {2,}\S/gm)].map(([, line, path]) =>
    `${line} ${path}`
  );
  assert.deepEqual(positions.toSorted(), [
    "1 resource",
    "10 hello.message",
    "2 workflow_dir",
    "3 submit_to_scheduler",
    "5 slurm.cpus_per_task",
    "6 slurm.partition",
    "8 pbs.is_disabled",
  ]);
  assert.deepEqual(stage.simulator.received().filter(({ method }) => method === "POST"), []);
});

Deno.test("an unknown field is a warning, an error with --strict, and ignored with --no-check", async () => {
  await using stage = await aStage();
  const run = ["run", "hello-world", "-i", "hello-world.json", "-i", "color=red", ...FAST];
  const lenient = await stage.call(run);
  assert.equal(lenient.code, 0);
  assert.match(lenient.stderr, /^! -i #2 {2}color /m);
  const strict = await stage.call([...run, "--strict"]);
  assert.equal(strict.code, 2);
  assert.match(strict.stderr, /color/);
  const unchecked = await stage.call([...run, "--no-check"]);
  assert.equal(unchecked.code, 0);
  assert.match(unchecked.stderr, /without checking them/);
  assert.equal(stage.simulator.runs().length, 2);
});

Deno.test("an unknown field is a warning also where other inputs are errors", async () => {
  await using stage = await aStage();
  const given = ["-i", "hello-world.json", "-i", "color=red", "-i", "slurm.cpus_per_task=many"];
  const { code, stderr } = await stage.call(["run", "hello-world", ...given, ...FAST]);
  assert.equal(code, 2);
  assert.match(stderr, /^✗ .*1 problem .*\n {2}-i #3 .*many.*\n {2}! -i #2 {2}color {2}unknown field/m);
});

for (const [name, others] of Object.entries({ alone: [], "below a problem": ["-i", "slurm.cpus_per_task=0"] })) {
  Deno.test(`warnings are aligned, ${name}`, async () => {
    await using stage = await aStage();
    const unknown = ["-i", "color=red", "-i", "hello.colour=red"];
    const { stderr } = await stage.call(["run", "hello-world", ...unknown, ...others, "--dry-run"]);
    assert.match(stderr, /^( *)! -i #2 {2}hello\.colour {2}unknown field\n\1! -i #1 {2}color {9}unknown field$/m);
  });
}

Deno.test("text is converted to the declared type", async () => {
  await using stage = await aStage();
  const { code } = await stage.call(
    ["run", "hello-world", "-i", "hello-world.json", "-i", "hello.message=12", "-i", "slurm.cpus_per_task=4", ...FAST],
  );
  assert.equal(code, 0);
  const [submitted] = submittedTo(stage.simulator);
  assert.deepEqual(submitted?.inputs.hello, { v3: true, message: "12" });
  assert.deepEqual(submitted?.inputs.slurm, { v3: true, is_disabled: true, cpus_per_task: 4, partition: "batch" });
});

Deno.test("-i overrides a preset", async () => {
  await using stage = await aStage();
  const { code } = await stage.call(["run", "data-processor", "--preset", "nightly", "-i", "rows=7", ...FAST]);
  assert.equal(code, 0);
  const { dataset, rows } = submittedTo(stage.simulator)[0]?.inputs ?? {};
  assert.deepEqual([dataset, rows], ["weather", 7]);
});

for (const path of ["a=b.yaml", "{a}.yaml", "-a.yaml"]) {
  Deno.test(`\`inputs new -o=${path}\` names a command that reads this file`, async () => {
    await using stage = await aStage();
    const { stderr } = await stage.call(["inputs", "new", "quick", `-o=${path}`]);
    assert.match(stderr, new RegExp(`run quick -i '?\\./${path.replace("{", "\\{")}'?\n$`));
  });
}

Deno.test("an output file cannot be -, which means stdout elsewhere", async () => {
  await using stage = await aStage();
  const { code, stderr } = await stage.call(["inputs", "new", "quick", "-o", "-"]);
  assert.equal(code, 2);
  assert.equal(stderr, "✗ Cannot write -: it is not the name of a file\n  Choose another file\n");
});

Deno.test("`inputs new` creates a file that lacks only required values, and overwrites nothing", async () => {
  await using stage = await aStage();
  assert.equal((await stage.call(["inputs", "new", "required-inputs", "-o", "mine.yaml"])).code, 0);
  assert.match(await Deno.readTextFile(`${stage.folder}/mine.yaml`), /# Project name: text/);
  const checked = await stage.call(["run", "required-inputs", "-i", "mine.yaml"]);
  assert.equal(checked.code, 2);
  assert.match(checked.stderr, /project/);
  const again = await stage.call(["inputs", "new", "required-inputs", "-o", "mine.yaml"]);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /nothing is overwritten/);
});

Deno.test("`inputs explain` shows where each value comes from and what it overrides", async () => {
  await using stage = await aStage();
  const { code, stdout } = await stage.call(
    ["inputs", "explain", "hello-world", "-i", "hello-world.json", "-i", "slurm.partition=debug"],
  );
  assert.equal(code, 0);
  assert.match(stdout, /^slurm\.partition +"debug" +-i #2 +overrides "batch" from hello-world\.json:9$/m);
});

Deno.test("`inputs explain` warns of names that the form does not have and of wrong values, as `run` does", async () => {
  await using stage = await aStage();
  const explain = (...words: readonly string[]) => stage.call(["inputs", "explain", ...words]);
  const known = await explain("hello-world", "-i", "hello-world.json");
  assert.doesNotMatch(known.stderr, /unknown/);
  const typos = await explain("hello-world", "-i", "hello-world.json", "-i", "slurm.partiton=debug", "--json");
  assert.match(typos.stderr, /^! -i #2 {2}slurm\.partiton {2}unknown field: did you mean "partition"\?$/m);
  assert.equal(typos.code, 0);
  const wrong = await explain("hello-world", "-i", "hello-world.json", "-i", "slurm.cpus_per_task=0");
  assert.match(wrong.stderr, /^! -i #2 {2}slurm\.cpus_per_task {2}must be a whole number from 1 to 128: got 0$/m);
  // A value that is still missing is not a wrong one.
  const required = await explain("required-inputs", "-i", "projct=x");
  const warnings = required.stderr.split("\n").filter((line) => line.startsWith("!"));
  assert.deepEqual(warnings, [`! -i #1  projct  unknown field: did you mean "project", which is required?`]);
});

Deno.test("the shipped inputs run without a warning, also with --strict", async () => {
  await using stage = await aStage();
  for (const options of [[], ["--strict"]]) {
    const { code, stderr } = await stage.call(["run", "hello-world", "-i", "hello-world.json", ...options, ...FAST]);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /^!/m);
  }
});

Deno.test("`inputs explain` shows the defaults that are sent, and with --no-defaults those that are not", async () => {
  await using stage = await aStage();
  const call = ["inputs", "explain", "form", "-i", "name=x"];
  const sent = await stage.call(call);
  assert.match(sent.stdout, /^own_script +false +default, sent$/m);
  assert.match(sent.stderr, /^juice: hidden cannot be evaluated here: depends on org\.TOKEN$/m);
  const bare = await stage.call([...call, "--no-defaults"]);
  assert.match(bare.stdout, /^own_script +false +\(default\)$/m);
  await stage.call(["run", "form", "-i", "name=x", "--no-wait", "--no-defaults"]);
  const { stderr } = await stage.call(["run", "form", "-i", "name=x", "--no-wait", "--log-level", "DEBUG"]);
  assert.match(stderr, /juice: hidden cannot be evaluated here/);
  assert.deepEqual(submittedTo(stage.simulator).map(({ inputs }) => inputs), [{ name: "x" }, {
    name: "x",
    own_script: false,
  }]);
});

Deno.test("`show --yaml` writes the workflow file byte for byte", async () => {
  await using stage = await aStage();
  assert.equal((await stage.call(["show", "form", "--yaml"])).stdout, FORM);
});

Deno.test("`inputs schema` prints a JSON Schema", async () => {
  await using stage = await aStage();
  const { code, stdout } = await stage.call(["inputs", "schema", "hello-world"]);
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).$schema, "https://json-schema.org/draft/2020-12/schema");
});

Deno.test("secrets are submitted but never shown", async () => {
  await using stage = await aStage();
  const secret = "hunter2-planted";
  const secretInputs = ["-i", `password=${secret}`, "-i", `api_token=${secret}`, "-i", `extra.secret_key=${secret}`];
  const shown: string[] = [];
  for (
    const args of [
      ["run", "simulation-runner", ...secretInputs, "-i", "cores=many"],
      ["run", "simulation-runner", ...secretInputs, "--no-wait", "--log-level", "DEBUG"],
      ["run", "simulation-runner", ...secretInputs, "--no-wait", "--json", "--log-level", "DEBUG"],
      ["run", "simulation-runner", ...secretInputs, "--events", "--timeout", "1s", ...FAST, "--log-level", "DEBUG"],
      ["run", "simulation-runner", ...secretInputs, "--strict", "--json"],
      ["inputs", "explain", "simulation-runner", ...secretInputs],
      ["inputs", "explain", "simulation-runner", ...secretInputs, "--json"],
    ]
  ) {
    const { stdout, stderr } = await stage.call(args);
    shown.push(stdout, stderr);
  }
  assert.ok(!shown.join("").includes(secret));
  assert.ok(!shown.join("").includes(stage.simulator.key));
  assert.equal(submittedTo(stage.simulator)[0]?.inputs.password, secret);
});

const FORM = `on:
  execute:
    inputs:
      name: { type: string }
      own_script: { type: boolean, default: false }
      juice: { type: string, optional: true, hidden: "\${{ org.TOKEN == '' }}" }
jobs:
  a:
    steps: [ { run: "true" } ]
`.replaceAll("\n", "\r\n");

async function aStage() {
  const simulator = await startSimulator({ clock: fastClock(systemClock, 60), workflows: { form: FORM } });
  const folder = await Deno.makeTempDir();
  await Deno.copyFile(new URL("../../inputs/hello-world.json", import.meta.url), `${folder}/hello-world.json`);
  return {
    simulator,
    folder,
    call: (args: readonly string[]) => runProgram({ args, cwd: folder, env: { PW_API_KEY: simulator.key } }),
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
