/**
 * Nights of a suite: on machines that start empty but for a restored folder of reports, and on one that keeps them in its run
 * store. Shards and their merge.
 */

import assert from "node:assert/strict";
import { type CliEnd, type CliStage, cliStage } from "../support/cli_stage.ts";
import { emptyFolder } from "../support/main_job.ts";
import { dataOfPage } from "../reports/support/data_of_page.ts";

const YAML = "jobs:\n  main:\n    steps:\n      - name: solve\n        run: solve\n";
const BANDWIDTHS = ["100", "110", "90", "70"];
const WORKFLOWS = {
  ...Object.fromEntries(BANDWIDTHS.map((bandwidth) => [`stream-${bandwidth}`, {
    yaml: YAML,
    scenario: { "main/solve": { lasts: "5s", logs: [`Triad: ${bandwidth}`], outputs: { energy: "-1.17" } } },
  }])),
  ok: { yaml: YAML, scenario: { "main/solve": { lasts: "5s" } } },
  bad: { yaml: YAML, scenario: { "main/solve": { lasts: "2s", fails: true } } },
};
const FAST = ["--poll-interval", "1s", "--max-poll-interval", "5s"];
/** Each letter is a case: its workflow, or `-` for a case that is not in the file. */
const suite = (workflows: string) => {
  const cases = [...workflows].flatMap((letter, index) =>
    letter === "-" ? [] : [`  - { name: case ${index}, workflow: ${letter === "F" ? "bad" : "ok"} }`]
  );
  return `version: 1\ncases:\n${cases.join("\n")}\n`;
};

type Files = Map<string, string>;

/** What a call reads and writes. */
async function call(
  stage: CliStage,
  files: Files,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<CliEnd & { github: string }> {
  let github = "";
  const context = {
    readTextFile: (path: string) => {
      const text = files.get(path);
      return text === undefined
        ? Promise.reject(Object.assign(new Deno.errors.NotFound(path), { code: "ENOENT" }))
        : Promise.resolve(text);
    },
    listFiles: (folder: string) => Promise.resolve([...files.keys()].filter((path) => path.startsWith(`${folder}/`))),
    appendFile: (path: string, text: string) => void (path === "out" && (github += text)),
    replaceFile: (path: string, text: string) => Promise.resolve(void files.set(path, text)),
    checkReplaceable: () => Promise.resolve(),
  };
  const env = { GITHUB_OUTPUT: "out", GITHUB_STEP_SUMMARY: "summary", ...more };
  const end = await stage.call(["test", ...args], { context, env });
  return { ...end, github };
}

interface Nights extends AsyncDisposable {
  readonly files: Files;
  /** @param yaml Of the suite, or a letter for each case. */
  night(yaml: string, ...args: readonly string[]): Promise<CliEnd & { readonly github: string }>;
  /** Another call of `test`, with the same history. */
  call(...args: readonly string[]): Promise<CliEnd>;
}

const suiteOf = (yaml: string) => yaml.includes("\n") ? yaml : suite(yaml);

/** Each night runs on a machine that has the files of the last one, and nothing else. */
function folderNights(): Promise<Nights> {
  const files: Files = new Map();
  const onEmptyMachine = async (...args: readonly string[]) => {
    await using stage = await cliStage({ workflows: WORKFLOWS });
    return await call(stage, files, args);
  };
  return Promise.resolve({
    files,
    async night(yaml, ...args) {
      const before = new Set(files.keys());
      files.set("nightly.suite.yaml", suiteOf(yaml));
      const end = await onEmptyMachine("nightly.suite.yaml", "--history", "reports", ...FAST, ...args);
      // The clocks of all machines start at the same time: each report is dated one day after the one before it.
      for (const [path, text] of files) {
        if (before.has(path) || !path.startsWith("reports/")) continue;
        files.set(path, text.replaceAll(/"startedAtMs": \d+,/g, `"startedAtMs": ${before.size * 86_400_000},`));
      }
      return end;
    },
    call: (...args) => onEmptyMachine(...args, "--history", "reports"),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

/** All nights on one machine. */
async function storeNights(): Promise<Nights> {
  const files: Files = new Map();
  const stage = await cliStage({ workflows: WORKFLOWS });
  return {
    files,
    night: (yaml, ...args) =>
      call(stage, files.set("nightly.suite.yaml", suiteOf(yaml)), ["nightly.suite.yaml", ...FAST, ...args]),
    call: (...args) => call(stage, files, args),
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

const SOURCES = { "in a folder": folderNights, "in the run store": storeNights };
const PLACES = Object.entries(SOURCES);
const reportsIn = (files: Files) => [...files.keys()].filter((path) => path.startsWith("reports/"));

const outputOf = (github: string, name: string) =>
  new RegExp(`^${name}<<(\\S+)\\n([^]*?)\\n\\1$`, "m").exec(github)?.[2];

for (const [place, start] of PLACES) {
  for (
    const [nights, wanted] of [
      [["PP", "PF"], { "regressions": "nightly: case 1", "recovered": "", "still-failing": "" }],
      [["PF", "PF"], { "regressions": "", "recovered": "", "still-failing": "nightly: case 1" }],
      [["FF", "PF"], { "regressions": "", "recovered": "nightly: case 0", "still-failing": "nightly: case 1" }],
      [["PP", "PP"], {
        "regressions": "",
        "recovered": "",
        "still-failing": "",
        "failing-since": "",
        "infra-only": "false",
      }],
      [["PF"], { "regressions": "nightly: case 1", "recovered": "", "still-failing": "" }],
    ] as const
  ) {
    Deno.test(`nights ${nights.join(", ")}, kept ${place}: regressions, recovered and still failing cases are outputs`, async () => {
      await using machine = await start();
      let github = "";
      for (const night of nights) github = (await machine.night(night, "--report", "github")).github;
      // Nothing is compared with a local history that is empty.
      if (place !== "in a folder" && nights.length === 1) {
        return assert.equal(outputOf(github, "regressions"), undefined);
      }
      const outputs = Object.fromEntries(Object.keys(wanted).map((name) => [name, outputOf(github, name)]));
      assert.deepEqual(outputs, wanted);
      const inFolder = nights.map((_, index) => `reports/run-0${index + 1}.json`);
      assert.deepEqual(reportsIn(machine.files), place === "in a folder" ? inFolder : []);
    });
  }

  for (
    const [nights, tonight, wanted] of [
      [["PPP"], "PPP", 0],
      [["PFP"], "PFP", 1],
      [["PFP", "PPP"], "PPP", 0],
      [["PP-"], "PPP", 1],
      [["FPF"], "PPP", 2],
    ] as const
  ) {
    Deno.test(`--last-failed after ${nights.join(", ")}, kept ${place}`, async () => {
      await using machine = await start();
      for (const night of nights) await machine.night(night);
      const { code, stdout } = await machine.night(tonight, "--last-failed", "--list");
      assert.equal(code, 0);
      assert.equal(stdout.split("\n").length - 1, wanted);
    });
  }

  Deno.test(`--dry-run estimates from the runs that passed, kept ${place}`, async () => {
    await using machine = await start();
    await machine.night("PF");
    const { stdout } = await machine.night("PFP", "--dry-run");
    assert.match(
      stdout,
      /^Usually \d+s of run time, \d+s with 8 at once, without queues; 2 cases without a run that passed not counted$/m,
    );
    assert.match(stdout, /^Longest: nightly: case 0 \d+s$/m);
    const { cases, estimate }: {
      readonly cases: readonly { readonly usualSeconds: number | null }[];
      readonly estimate: { readonly runSeconds: number; readonly unknownCount: number; readonly dearest: unknown };
    } = JSON.parse((await machine.night("PFP", "--dry-run", "--json")).stdout);
    const [usual, ...others] = cases.map(({ usualSeconds }) => usualSeconds);
    assert.ok(usual !== null && usual !== undefined && usual >= 5, `${usual}`);
    assert.deepEqual(others, [null, null]);
    assert.deepEqual([estimate.runSeconds, estimate.unknownCount, estimate.dearest], [
      ...[usual, 2, [{ suite: "nightly", name: "case 0", usualSeconds: usual }]],
    ]);
  });

  Deno.test(`test history prints the earlier runs of a case, kept ${place}, as lines, JSON and CSV`, async () => {
    await using machine = await start();
    for (const night of ["P", "F"]) await machine.night(night);
    const history = (...args: readonly string[]) => machine.call("history", "case 0", ...args);
    const lines = (await history()).stdout.trim().split("\n");
    assert.match(lines[0] ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d {2}passed {10}ran \d+s/);
    assert.match(lines[1] ?? "", /failed/);
    const csv = (await history("--format", "csv")).stdout.trim().split("\n");
    assert.equal(csv[0], "time,verdict,run_seconds,queue_seconds");
    assert.equal(csv.length, 3);
    const document: { readonly points: readonly { readonly verdict: string }[] } = JSON.parse(
      (await history("--json")).stdout,
    );
    assert.deepEqual(document.points.map(({ verdict }) => verdict), ["passed", "failed"]);
    const missing = await machine.call("history", "case 1");
    assert.equal(missing.code, 5);
    assert.match(missing.stderr, /Did you mean "case 0"\?/);
  });

  Deno.test(`the page shows what changed since earlier runs, kept ${place}`, async () => {
    await using machine = await start();
    await machine.night("PF");
    await machine.night("FP", "--report", "html=page.html");
    const page: { readonly cases: readonly { readonly trend: { readonly change: string } }[] } = JSON.parse(
      await dataOfPage(machine.files.get("page.html") ?? ""),
    );
    assert.deepEqual(page.cases.map(({ trend }) => trend.change), ["new-failure", "recovered"]);
  });

  Deno.test(`test merge joins shards, exits as the whole suite, and is one run of the history ${place}`, async () => {
    await using machine = await start();
    const { files } = machine;
    for (const shard of ["1/2", "2/2"]) {
      await machine.night("PFP", "--shard", shard, "--report", `ctrf=${shard[0]}.json`);
    }
    assert.deepEqual(reportsIn(files), []);
    assert.equal((await machine.call("history", "case 1")).code, 5);
    const merged = await machine.call("merge", "1.json", "2.json", "--report", "junit=all.xml", "--json");
    assert.equal(merged.code, 1, merged.stderr);
    const document: {
      readonly cases: readonly { readonly name: string; readonly verdict: string }[];
      readonly submitted: unknown;
    } = JSON.parse(merged.stdout);
    assert.equal(document.submitted, "no");
    assert.deepEqual(document.cases.map(({ name, verdict }) => `${name} ${verdict}`), [
      "case 0 passed",
      "case 1 failed",
      "case 2 passed",
    ]);
    assert.equal(files.get("all.xml")?.match(/<testcase /g)?.length, 3);
    assert.match((await machine.call("history", "case 1")).stdout, /^[^\n]* failed[^\n]*\n$/);
    const incomplete = await machine.call("merge", "2.json");
    assert.equal(incomplete.code, 2);
    assert.match(incomplete.stderr, /shard 1 of 2 is missing/);
    const unreadable = await machine.call("merge", "3.json");
    assert.equal(unreadable.code, 2);
    assert.match(unreadable.stderr, /Cannot read 3\.json/);
    const kept = files.get("1.json");
    const replacing = await machine.call("merge", "1.json", "2.json", "--report", "ctrf=1.json");
    assert.equal(replacing.code, 2);
    assert.match(replacing.stderr, /Cannot write 1\.json: the command reads this file/);
    assert.equal(files.get("1.json"), kept);
  });

  Deno.test(`merged shards without a case exit with 0, as each of them does, kept ${place}`, async () => {
    await using machine = await start();
    await machine.night("PP");
    for (const shard of ["1/2", "2/2"]) {
      const empty = await machine.night("PP", "--last-failed", "--shard", shard, "--report", `ctrf=${shard[0]}.json`);
      assert.equal(empty.code, 0, empty.stderr);
    }
    const merged = await machine.call("merge", "1.json", "2.json");
    assert.equal(merged.code, 0, merged.stderr);
    assert.match(merged.stdout, /^✓ .*: no cases/);
  });

  Deno.test(`metrics are compared with references and earlier runs, kept ${place}`, async () => {
    await using machine = await start();
    machine.files.set(
      "refs.yaml",
      `version: 1
reference:
  '*': { triad: { median-of: 2, worse-by: 20% }, energy: { value: -1, below: 0.5, above: 0.5 } }
`,
    );
    const run = (bandwidth: string) =>
      machine.night(
        `version: 1
metrics:
  triad: { from: { log: main }, regex: 'Triad: +(\\S+)', unit: MB/s, better: higher }
  energy: { from: { output: main.energy } }
reference: refs.yaml
cases:
  - { name: stream, workflow: stream-${bandwidth} }
`,
        "--json",
      );
    const codes = [];
    for (const bandwidth of BANDWIDTHS) codes.push((await run(bandwidth)).code);
    assert.deepEqual(codes, [0, 0, 0, 1]);
    const last: {
      readonly cases: readonly { readonly reason: string; readonly metrics: readonly { readonly name: string }[] }[];
    } = JSON.parse((await run("70")).stdout);
    assert.match(
      last.cases[0]?.reason ?? "",
      /^metrics\.triad: expected median of 2: \d+ MB\/s \(\d+ or more\), got 70 MB\/s$/,
    );
    assert.deepEqual(last.cases[0]?.metrics.map(({ name }) => name), ["triad", "energy"]);
    const csv = await machine.call("history", "stream", "--metric", "triad", "--format", "csv");
    assert.deepEqual(csv.stdout.trim().split("\n").map((line) => line.split(",").at(-1)), [
      "triad",
      ...["100", "110", "90", "70", "70"],
    ]);
    const unknown = await machine.call("history", "stream", "--metric", "triads", "--format", "csv");
    assert.deepEqual([unknown.code, unknown.stdout], [5, ""]);
    assert.match(unknown.stderr, /Cannot find the metric "triads" [^\n]*\n {2}Did you mean "triad"\?/);
  });
}

Deno.test("each call of a suite starts its own runs, also on a machine that knows of no other", async () => {
  await using stage = await cliStage({ workflows: WORKFLOWS });
  await using other = await emptyFolder();
  const files: Files = new Map([["nightly.suite.yaml", suite("PF")]]);
  for (const env of [undefined, undefined, { PW_STATE_DIR: other.path }]) {
    assert.equal((await call(stage, files, ["nightly.suite.yaml", ...FAST], env)).code, 1);
  }
  assert.equal(stage.simulator.runs().length, 6);
});

Deno.test("a suite that is judged again is the same run of the history", async () => {
  await using machine = await storeNights();
  const yaml = (status: string) =>
    `version: 1\ncases:\n  - { name: case 0, workflow: ok, expect: { status: ${status} } }\n`;
  await machine.night(yaml("failed"));
  const again = await machine.night(yaml("completed"), "--rejudge", "--json");
  assert.equal(again.code, 0, again.stderr);
  assert.equal(JSON.parse(again.stdout).changes, undefined);
  assert.match((await machine.call("history", "case 0")).stdout, /^[^\n]* passed[^\n]*\n$/);
  const { stderr } = await machine.call("history", "case 0", "--metric", "duration");
  assert.match(stderr, /Cannot find the metric "duration" [^\n]*\n {2}[^\n]*shown without --metric/);
});

Deno.test("after 30 runs, the oldest report is replaced; a file that is no report is ignored with a warning", async () => {
  await using machine = await folderNights();
  const { files } = machine;
  files.set("reports/other.json", "{");
  const { stderr } = await machine.night("P");
  assert.match(stderr, /reports\/other\.json is not JSON: it is ignored/);
  const first = files.get("reports/run-01.json") ?? "";
  const at = (day: number) => first.replaceAll(/"startedAtMs": \d+,/g, `"startedAtMs": ${day + 1},`);
  for (let index = 1; index <= 30; index++) {
    files.set(`reports/run-${String(index).padStart(2, "0")}.json`, at((index + 10) % 30));
  }
  const before = new Map(files);
  await machine.night("F");
  const changed = reportsIn(files).filter((path) => before.get(path) !== files.get(path));
  assert.deepEqual(changed, ["reports/run-20.json"]);
});

Deno.test("--last-failed with --rejudge or --resume selects what it selected in the call that is continued", async () => {
  await using machine = await storeNights();
  await machine.night("FP");
  const repaired = await machine.night("PP", "--last-failed");
  assert.match(repaired.stdout, /: 1 passed/);
  for (const option of ["--rejudge", "--resume"]) {
    const again = await machine.night("PP", "--last-failed", option);
    assert.match(again.stdout, /: 1 passed/, option);
  }
  const done = await machine.night("PP", "--last-failed");
  assert.match(done.stderr, /Nothing to run: no case failed/);
});
