/** Checks GitHub's files with actionlint and action-validator, and their pinned versions and permissions. */

import assert from "node:assert/strict";
import { parse } from "../lib/deps/yaml.ts";
import { ACTION_VALIDATOR } from "./deps/action_validator.ts";
import { ACTIONLINT } from "./deps/actionlint.ts";
import { emptyFolder } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";
import { runProgram } from "./support/program.ts";

const ROOT = new URL("../", import.meta.url);
const missing = await checkersMissing();
const workflows = await filesBelow(".github/workflows/", /\.ya?ml$/);
const actions = [
  ...await filesBelow("", /^action\.ya?ml$/),
  ...(await foldersBelow(".github/actions/")).map((folder) => `${folder}action.yml`),
];

/** Labels that are newer than actionlint's table of runners. */
const NEW_RUNNERS = ["macos-15-intel"];

Deno.test({
  ...needing("the workflows pass actionlint", missing),
  async fn() {
    const problems = problemsIn((await run(ACTIONLINT, ROOT, ".github/workflows/*.yml")).stdout);
    const isNewRunner = (line: string) => NEW_RUNNERS.some((label) => line.includes(`label "${label}" is unknown`));
    assert.deepEqual(problems.filter((line) => !isNewRunner(line)), []);
  },
});

Deno.test({
  ...needing("the workflow that `test --ci github` prints passes actionlint", missing),
  async fn() {
    await using folder = await emptyFolder();
    const suite =
      "version: 1\nenv: [MESH]\ncases:\n  - { name: good, workflow: quick, inputs: { a: { secret: TOKEN } } }\n";
    await Deno.writeTextFile(`${folder.path}/a.suite.yaml`, suite);
    const args = ["test", "--ci", "github", "--shards", "3", "--case", "it's ${{ x }}"];
    const { stdout } = await runProgram({ args, cwd: folder.path });
    await Deno.writeTextFile(`${folder.path}/suite.yml`, stdout);
    assert.deepEqual(problemsIn((await run(ACTIONLINT, folder.path, "suite.yml")).stdout), []);
  },
});

Deno.test({
  ...needing("actionlint finds a wrong key and a wrong expression", missing),
  async fn() {
    await using folder = await emptyFolder();
    const steps = [{ run: "echo ${{ github.nothing }}", bogus: 1 }];
    const text = JSON.stringify({ on: "push", jobs: { one: { "runs-on": "ubuntu-latest", steps } } });
    await Deno.writeTextFile(`${folder.path}/wrong.yml`, text);
    const problems = problemsIn((await run(ACTIONLINT, folder.path, "wrong.yml")).stdout);
    assert.deepEqual(problems.map((line) => /\[ ([\w-]+) \]$/.exec(line)?.[1]), ["expression", "syntax-check"]);
  },
});

for (const path of actions) {
  Deno.test({
    ...needing(`${path} passes action-validator`, missing),
    async fn() {
      const { code, stdout } = await run(ACTION_VALIDATOR, ROOT, path);
      assert.equal(code, 0, stdout);
    },
  });
}

const PLANTED = [["passes", { shell: "bash" }, 0], ["refuses", { bogus: 1 }, 1]] as const;
for (const [verb, rest, expected] of PLANTED) {
  Deno.test({
    ...needing(`action-validator ${verb} a step with ${JSON.stringify(rest)}`, missing),
    async fn() {
      await using folder = await emptyFolder();
      const steps = [{ run: "echo", ...rest }];
      const text = JSON.stringify({ name: "one", description: "one", runs: { using: "composite", steps } });
      await Deno.writeTextFile(`${folder.path}/action.yml`, text);
      const { code, stdout } = await run(ACTION_VALIDATOR, folder.path, "action.yml");
      assert.equal(code, expected, stdout);
    },
  });
}

for (const path of [...workflows, ...actions]) {
  Deno.test(`${path} pins third-party actions to a commit and names their version`, async () => {
    const uses = (await textOf(path)).match(/^.*\buses: .*$/gm) ?? [];
    const isPinned = (line: string) => /uses: (\.\/\S*|[\w-]+\/\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/.test(line);
    assert.deepEqual(uses.filter((line) => !isPinned(line)), []);
  });
}

for (const path of workflows) {
  Deno.test(`${path} limits the permissions and the time of each job`, async () => {
    const workflow = asObject(parse(await textOf(path)));
    const isReadOnly = Object.values(asObject(workflow.permissions)).every((level) => level === "read");
    assert.ok("permissions" in workflow && isReadOnly, "only single jobs may have write permissions");
    for (const [name, value] of Object.entries(asObject(workflow.jobs))) {
      const job = asObject(value);
      if (!("uses" in job)) assert.equal(typeof job["timeout-minutes"], "number", name);
    }
  });
}

Deno.test("each write permission belongs to one job of one workflow, and only the job that publishes can change the repository", async () => {
  const writers: Record<string, readonly string[]> = {};
  for (const path of workflows) {
    for (const [name, job] of Object.entries(asObject(asObject(parse(await textOf(path))).jobs))) {
      const permissions = Object.entries(asObject(asObject(job).permissions)).filter(([, level]) => level !== "read");
      if (permissions.length > 0) writers[`${path} ${name}`] = permissions.map(([permission]) => permission).sort();
    }
  }
  assert.deepEqual(writers, {
    ".github/workflows/nightly.yml issue": ["issues"],
    ".github/workflows/release.yml attest": ["attestations", "id-token"],
    ".github/workflows/release.yml publish": ["contents"],
  });
});

Deno.test("ci.yml runs all tests and allows no skipped ones", async () => {
  const { jobs }: { jobs: { test: { steps: { run?: string; env?: Record<string, unknown> }[] } } } = parse(
    await textOf(".github/workflows/ci.yml"),
  );
  const testSteps = jobs.test.steps.filter(({ run }) => run === "deno task test");
  assert.deepEqual(testSteps.map(({ env }) => env), [{ CI_REQUIRES_ALL: 1 }]);
});

/** Lines like `file:3:5 message [ kind ]`; the lines between them quote the source. */
function problemsIn(output: string): readonly string[] {
  assert.match(output, /^Checking [1-9]\d* workflow file/);
  return output.split("\n").filter((line) => / \[ [\w-]+ \]$/.test(line));
}

async function run(program: string, cwd: string | URL, path: string) {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      "--no-config",
      "--no-lock",
      program,
      path,
    ],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stderr: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

function textOf(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

async function filesBelow(folder: string, pattern: RegExp): Promise<readonly string[]> {
  const names = await Array.fromAsync(Deno.readDir(new URL(folder, ROOT)), ({ name }) => name);
  return names.filter((name) => pattern.test(name)).map((name) => `${folder}${name}`).sort();
}

async function foldersBelow(folder: string): Promise<readonly string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(new URL(folder, ROOT)));
    return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => `${folder}${name}/`).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function checkersMissing(): Promise<string | undefined> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--no-config", "--no-lock", ACTIONLINT, ACTION_VALIDATOR],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    signal: AbortSignal.timeout(120_000),
  }).output();
  return success ? undefined : "skipped: the checkers cannot be downloaded";
}
