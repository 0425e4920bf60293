/** GitHub's files, checked by others' programs, and held to what is ours to keep: pins and permissions. */

import assert from "node:assert/strict";
import { parse } from "../lib/deps/yaml.ts";
import { ACTION_VALIDATOR } from "./deps/action_validator.ts";
import { ACTIONLINT } from "./deps/actionlint.ts";
import { emptyFolder } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";

const ROOT = new URL("../", import.meta.url);
const missing = await checkersMissing();
const workflows = await filesBelow(".github/workflows/", /\.ya?ml$/);
const actions = [
  ...await filesBelow("", /^action\.ya?ml$/),
  ...(await foldersBelow(".github/actions/")).map((folder) => `${folder}action.yml`),
];

/** Newer than the checker's table of GitHub's machines. */
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
for (const [verb, rest, wanted] of PLANTED) {
  Deno.test({
    ...needing(`action-validator ${verb} a step with ${JSON.stringify(rest)}`, missing),
    async fn() {
      await using folder = await emptyFolder();
      const steps = [{ run: "echo", ...rest }];
      const text = JSON.stringify({ name: "one", description: "one", runs: { using: "composite", steps } });
      await Deno.writeTextFile(`${folder.path}/action.yml`, text);
      const { code, stdout } = await run(ACTION_VALIDATOR, folder.path, "action.yml");
      assert.equal(code, wanted, stdout);
    },
  });
}

for (const path of [...workflows, ...actions]) {
  Deno.test(`${path} names others' actions by commit, with the version beside it`, async () => {
    const uses = (await textOf(path)).match(/^.*\buses: .*$/gm) ?? [];
    const isFixed = (line: string) => /uses: (\.\/\S*|[\w-]+\/\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/.test(line);
    assert.deepEqual(uses.filter((line) => !isFixed(line)), []);
  });
}

for (const path of workflows) {
  Deno.test(`${path} says what each job may do and how long it may take`, async () => {
    const workflow = asObject(parse(await textOf(path)));
    const isReadOnly = Object.values(asObject(workflow.permissions)).every((level) => level === "read");
    assert.ok("permissions" in workflow && isReadOnly, "more than reading is for single jobs");
    for (const [name, value] of Object.entries(asObject(workflow.jobs))) {
      const job = asObject(value);
      if (!("uses" in job)) assert.equal(typeof job["timeout-minutes"], "number", name);
    }
  });
}

Deno.test("each right to write is one job's, and only the publishing one may change the repository", async () => {
  const { jobs } = asObject(parse(await textOf(".github/workflows/release.yml")));
  const writers = Object.entries(asObject(jobs)).map(([name, job]) => {
    const rights = Object.entries(asObject(asObject(job).permissions)).filter(([, level]) => level === "write");
    return [name, rights.map(([right]) => right).sort()] as const;
  });
  assert.deepEqual(Object.fromEntries(writers.filter(([, rights]) => rights.length > 0)), {
    attest: ["attestations", "id-token"],
    publish: ["contents"],
  });
});

Deno.test("ci.yml runs the suite so that no test may be skipped", async () => {
  const { jobs }: { jobs: { test: { steps: { run?: string; env?: Record<string, unknown> }[] } } } = parse(
    await textOf(".github/workflows/ci.yml"),
  );
  const suites = jobs.test.steps.filter(({ run }) => run === "deno task test");
  assert.deepEqual(suites.map(({ env }) => env), [{ CI_REQUIRES_ALL: 1 }]);
});

/** Lines like `file:3:5 what is wrong [ kind ]`; the lines between show the place. */
function problemsIn(said: string): readonly string[] {
  assert.match(said, /^Checking [1-9]\d* workflow file/);
  return said.split("\n").filter((line) => / \[ [\w-]+ \]$/.test(line));
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
  return success ? undefined : "skipped: the checkers can't be downloaded here";
}
