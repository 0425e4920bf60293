/** `test --ci`: the scripts of the pipelines run in a shell as GitLab and GitHub run them, against the simulated platform. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { parse } from "../../lib/deps/yaml.ts";
import { readCtrf } from "../../lib/reports/read_ctrf.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { needing } from "../support/needs.ts";
import { cacheEnv, runProgram } from "../support/program.ts";

const ROOT = new URL("../../", import.meta.url);
const HARD_NAME = `it's $HOME & "all" $(touch hacked)`;
/** Selects nothing; GitHub would evaluate it. */
const EXPRESSION = "${{ github.token }}";
const SUITES = {
  "tests/a.suite.yaml": `version: 1
name: a
env: [MESH]
environments: { prod: { timeout: 20m } }
cases:
  - { name: good, workflow: quick, tags: [night] }
  - { name: broken, workflow: failing-step, tags: [night] }
  - { name: '${HARD_NAME.replaceAll("'", "''")}', workflow: quick, tags: [night] }
  - { name: by day, workflow: quick }
`,
  "tests/b.suite.yaml": `version: 1
name: b
cases:
  - { name: off, workflow: quick, tags: [night], requires: { resource: cluster-x } }
  - { name: with a secret, workflow: hello-world, tags: [other], inputs: { hello: { message: { secret: TOKEN } } } }
`,
};
const NAMED = ["tests/", "--tag", "night", "--case", "good", "--case", "broken", "--case", HARD_NAME, "--case=off"];
const SELECTION = [...NAMED, "--case", EXPRESSION];
const OPTIONS = ["--env", "prod", "-j3", "--max-skipped", "50%", "--poll-interval=1s", "--report", "ctrf=all.json"];

interface GitlabJob {
  readonly parallel?: number;
  readonly script: readonly string[];
  readonly cache: Readonly<Record<string, unknown>>;
  readonly artifacts: {
    readonly when: string;
    readonly paths: readonly string[];
    readonly reports?: { junit: string };
  };
}

interface GithubJob {
  readonly strategy?: { readonly matrix: { readonly shard: readonly number[] } };
  readonly "timeout-minutes": number;
  readonly permissions?: unknown;
  readonly steps: readonly {
    readonly uses?: string;
    readonly if?: string;
    readonly run?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly with?: Readonly<Record<string, string>>;
  }[];
}

interface ShellJob {
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What GitLab would run: a job per shard, and the one that joins them. */
function gitlabJobs(text: string): readonly ShellJob[] {
  const { suite, report }: { readonly suite: GitlabJob; readonly report: GitlabJob } = parse(text);
  const shards = Array.from({ length: suite.parallel ?? 0 }, (_, index) => ({
    script: suite.script.join("\n"),
    env: { CI_NODE_INDEX: String(index + 1), CI_NODE_TOTAL: String(suite.parallel) },
  }));
  return [...shards, { script: report.script.join("\n"), env: {} }];
}

function githubJobs(text: string): readonly ShellJob[] {
  const { jobs: { suite, report } }: { readonly jobs: { readonly suite: GithubJob; readonly report: GithubJob } } =
    parse(text);
  const scriptOf = (job: GithubJob) => {
    const script = job.steps.find(({ run }) => run !== undefined)?.run ?? "";
    // The only expression is the text that begins one.
    assert.ok(!script.replaceAll("${{ '${{' }}", "").includes("${{"), script);
    return script.replaceAll("${{ '${{' }}", "${{");
  };
  const shards = (suite.strategy?.matrix.shard ?? []).map((shard) => ({
    script: scriptOf(suite),
    env: { SHARD: String(shard) },
  }));
  return [...shards, { script: scriptOf(report), env: { GITHUB_OUTPUT: "output", GITHUB_STEP_SUMMARY: "summary" } }];
}

async function runJob({ script, env }: ShellJob, { cwd, key }: { readonly cwd: string; readonly key: string }) {
  await using home = await emptyFolder();
  const { code, stderr } = await new Deno.Command("bash", {
    args: ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
    cwd,
    clearEnv: true,
    env: {
      ...machineEnv(),
      ...cacheEnv(),
      PATH: `${Deno.execPath().replace(/\/[^/]+$/, "")}:${Deno.env.get("PATH") ?? ""}`,
      HOME: home.path,
      MESH: "fine",
      TOKEN: "s3cret",
      RUNNER: new URL("main.ts", ROOT).pathname,
      PW_API_KEY: key,
      ...env,
    },
    stdin: "null",
    stdout: "null",
    signal: AbortSignal.timeout(120_000),
  }).output();
  return { code, log: new TextDecoder().decode(stderr) };
}

/** What two runs of the same suites have in common. */
function outcome(text: string) {
  const report = readCtrf(text);
  assert.ok(typeof report !== "string", String(report));
  const { title, environment, shard, exitCode, cases } = report;
  const same = cases.map(({ id, suite, name, verdict, isFailure, reason, tags, attempts }) => {
    return { id, suite, name, verdict, isFailure, reason, tags, statuses: attempts.map(({ status }) => status) };
  });
  return { title, environment, shard, exitCode, cases: same };
}

async function inProject(use: (folder: string, platform: { key: string }) => Promise<void>): Promise<void> {
  await using platform = await startSimulator({ clock: fastClock(systemClock, 60) });
  await using folder = await emptyFolder();
  await Deno.mkdir(`${folder.path}/tests`);
  for (const [path, text] of Object.entries(SUITES)) await Deno.writeTextFile(`${folder.path}/${path}`, text);
  await use(folder.path, platform);
}

for (const [provider, jobsOf] of [["gitlab", gitlabJobs], ["github", githubJobs]] as const) {
  Deno.test({
    ...needing(
      `--ci ${provider}: the jobs of the pipeline together report what one call reports`,
      Deno.build.os === "windows" ? "needs bash" : undefined,
    ),
    async fn() {
      await inProject(async (cwd, { key }) => {
        const env = { PW_API_KEY: key, MESH: "fine", TOKEN: "s3cret" };
        const call = ["test", ...SELECTION, ...OPTIONS];
        const printed = await runProgram({ args: [...call, "--ci", provider, "--shards", "5"], cwd, env });
        assert.equal(printed.code, 0, printed.stderr);
        assert.ok(!printed.stdout.includes(key) && !printed.stdout.includes("s3cret"));
        const whole = await runProgram({ args: call, cwd, env });
        assert.equal(whole.code, 1, whole.stderr);
        const wanted = outcome(await Deno.readTextFile(`${cwd}/all.json`));
        assert.deepEqual(wanted.cases.map(({ name, verdict }) => [name, verdict]), [
          ["good", "passed"],
          ["broken", "failed"],
          [HARD_NAME, "passed"],
          ["off", "skipped"],
        ]);
        const codes = [];
        const logs = [];
        for (const job of jobsOf(printed.stdout)) {
          const { code, log } = await runJob(job, { cwd, key });
          codes.push(code);
          logs.push(log);
        }
        // There are more shards than cases.
        assert.deepEqual(codes, [0, 1, 0, 8, 0, 1], logs.join("\n---\n"));
        assert.deepEqual(outcome(await Deno.readTextFile(`${cwd}/all.json`)), wanted);
        const names = await Array.fromAsync(Deno.readDir(cwd), ({ name }) => name);
        assert.ok(!names.includes("hacked") && names.includes("shard-5.xml"), names.join());
        const history = await Array.fromAsync(Deno.readDir(`${cwd}/suite-history`), ({ name }) => name);
        assert.deepEqual(history, ["run-01.json"]);
        await Deno.remove(`${cwd}/shard-2.json`);
        const incomplete = await runJob(jobsOf(printed.stdout).at(-1) ?? { script: "", env: {} }, { cwd, key });
        assert.equal(incomplete.code, 2);
        assert.match(incomplete.log, /shard 2 of 5 is missing/);
      });
    },
  });
}

Deno.test("--ci gitlab: more shards than a job of GitLab may need are awaited as a stage", async () => {
  await inProject(async (cwd) => {
    const reportOf = async (
      shards: string,
    ): Promise<{ readonly stage?: string; readonly needs?: readonly string[] }> => {
      const { stdout } = await runProgram({ args: ["test", "--ci", "gitlab", "--shards", shards], cwd });
      return parse(stdout).report;
    };
    const [few, many] = [await reportOf("50"), await reportOf("51")];
    assert.deepEqual([few.needs, few.stage, many.needs, many.stage], [["suite"], undefined, undefined, ".post"]);
  });
});

Deno.test("--ci gitlab: reports of failed jobs are kept, and only the job that joins them changes the history", async () => {
  await inProject(async (cwd) => {
    const { stdout } = await runProgram({ args: ["test", "--ci", "gitlab", "--history", "./old/"], cwd });
    const file: {
      readonly ".suite": { readonly cache: { readonly paths: readonly string[] } };
      readonly suite: GitlabJob;
      readonly report: GitlabJob;
    } = parse(stdout);
    assert.deepEqual(file[".suite"].cache.paths, ["old/"]);
    assert.deepEqual([file.suite.cache, file.report.cache], [{ policy: "pull" }, { when: "always" }]);
    assert.equal(file.suite.parallel, 2);
    assert.deepEqual(file.suite.artifacts, {
      when: "always",
      paths: ["shard-*.json"],
      reports: { junit: "shard-*.xml" },
    });
    assert.deepEqual(file.report.artifacts, { when: "always", paths: ["suite-report.html"] });
  });
});

Deno.test("--ci github: minimal permissions, time limits, the project's pinned actions, and the variables that suites name", async () => {
  await inProject(async (cwd) => {
    const args = ["test", "--ci", "github", "--deadline", "2h", "--changed-since", "main"];
    const { stdout } = await runProgram({ args, cwd });
    const { permissions, jobs }: { permissions: unknown; jobs: Record<string, GithubJob> } = parse(stdout);
    assert.deepEqual(permissions, { contents: "read" });
    assert.deepEqual(Object.values(jobs).map((job) => [job["timeout-minutes"], job.permissions]), [
      [150, undefined],
      [15, undefined],
    ]);
    const { PW_API_KEY, MESH, TOKEN } = jobs["suite"]?.steps.find(({ run }) => run !== undefined)?.env ?? {};
    assert.deepEqual([PW_API_KEY, MESH, TOKEN], [
      "${{ secrets.PW_API_KEY }}",
      "${{ vars.MESH }}",
      "${{ secrets.TOKEN }}",
    ]);
    assert.equal(jobs["suite"]?.steps[0]?.with?.["fetch-depth"], 0);
    // Also if cases fail: `actions/cache` itself saves nothing then.
    const saving = jobs["report"]?.steps.filter(({ uses }) => uses?.includes("/save@"));
    assert.deepEqual(saving?.map((step) => step.if), ["${{ !cancelled() }}"]);
    const pins = (text: string) => text.match(/[\w-]+\/\S+@[0-9a-f]{40} # v\S+$/gm) ?? [];
    const workflows = [".github/workflows/ci.yml", ".github/workflows/release.yml", "action.yml"];
    const own = new Set(
      (await Promise.all(workflows.map((path) => Deno.readTextFile(new URL(path, ROOT))))).flatMap(pins),
    );
    const uses = stdout.match(/^ +(?:- )?uses: .*$/gm) ?? [];
    assert.deepEqual(pins(stdout).filter((pin) => !own.has(pin)), []);
    assert.equal(pins(stdout).length, uses.length);
  });
});

for (
  const [what, args, message] of [
    ["a shard", ["--ci", "gitlab", "--shard", "1/2"], /Cannot use --shard together with --ci/],
    ["--resume", ["--ci", "github", "--resume"], /Cannot use --resume together with --ci/],
    ["--shards alone", ["--shards", "2"], /--shards without --ci/],
    ["too many shards", ["--ci", "gitlab", "--shards", "201"], /from 1 to 200/],
    ["an unknown environment", ["--ci", "gitlab", "--env", "prd"], /no suite has this environment\n.*"prod"/],
    ["a history elsewhere", ["--ci", "gitlab", "--history", "../old"], /only keep a folder in its checkout/],
    ["an unknown system", ["--ci", "jenkins"], /must be gitlab or github/],
  ] as const
) {
  Deno.test(`--ci refuses ${what}`, async () => {
    await inProject(async (cwd) => {
      const { code, stdout, stderr } = await runProgram({ args: ["test", ...args], cwd });
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, message);
    });
  });
}
