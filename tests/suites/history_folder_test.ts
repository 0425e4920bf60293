/** Runs of a suite on machines that start empty, but for a restored folder of reports; shards and their merge. */

import assert from "node:assert/strict";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { type CliEnd, cliStage } from "../support/cli_stage.ts";
import { dataOfPage } from "../reports/support/data_of_page.ts";

const YAML = "jobs:\n  main:\n    steps:\n      - name: solve\n        run: solve\n";
const WORKFLOWS = {
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

/** A machine without local history, with the restored files. */
async function onEmptyMachine(
  files: Map<string, string>,
  yaml: string,
  args: readonly string[],
  workflows: SimulatorOptions["workflows"] = WORKFLOWS,
): Promise<CliEnd & { readonly github: string }> {
  await using stage = await cliStage({ workflows });
  let github = "";
  const context = {
    readTextFile: (path: string) => {
      const text = path === "nightly.suite.yaml" ? yaml : files.get(path);
      return text === undefined
        ? Promise.reject(Object.assign(new Deno.errors.NotFound(path), { code: "ENOENT" }))
        : Promise.resolve(text);
    },
    listFiles: (folder: string) => Promise.resolve([...files.keys()].filter((path) => path.startsWith(`${folder}/`))),
    appendFile: (path: string, text: string) => void (path === "out" && (github += text)),
    replaceFile: (path: string, text: string) => Promise.resolve(void files.set(path, text)),
  };
  const env = { GITHUB_OUTPUT: "out", GITHUB_STEP_SUMMARY: "summary" };
  const end = await stage.call(["test", ...args], { context, env });
  return { ...end, github };
}

/** The clock of each machine starts at the same time, so each report is dated one day after the one before it. */
async function nightly(files: Map<string, string>, workflows: string, ...args: readonly string[]) {
  return await onNight(files, suite(workflows), args);
}

async function onNight(
  files: Map<string, string>,
  yaml: string,
  args: readonly string[],
  workflows?: SimulatorOptions["workflows"],
) {
  const before = new Set(files.keys());
  const words = ["nightly.suite.yaml", "--history", "reports", ...FAST, ...args];
  const end = await onEmptyMachine(files, yaml, words, workflows);
  for (const [path, text] of files) {
    if (before.has(path) || !path.startsWith("reports/")) continue;
    files.set(path, text.replaceAll(/"startedAtMs": \d+,/g, `"startedAtMs": ${before.size * 86_400_000},`));
  }
  return end;
}
const outputOf = (github: string, name: string) =>
  new RegExp(`^${name}<<(\\S+)\\n([^]*?)\\n\\1$`, "m").exec(github)?.[2];

for (
  const [nights, wanted] of [
    [["PP", "PF"], { "regressions": "nightly: case 1", "recovered": "", "still-failing": "" }],
    [["PF", "PF"], { "regressions": "", "recovered": "", "still-failing": "nightly: case 1" }],
    [["FF", "PF"], { "regressions": "", "recovered": "nightly: case 0", "still-failing": "nightly: case 1" }],
    [["PP", "PP"], { "regressions": "", "recovered": "", "still-failing": "", "failing-since": "" }],
    [["PF"], { "regressions": "nightly: case 1", "recovered": "", "still-failing": "" }],
  ] as const
) {
  Deno.test(`nights ${nights.join(", ")}: regressions, recovered and still failing cases are outputs`, async () => {
    const files = new Map<string, string>();
    let github = "";
    for (const night of nights) github = (await nightly(files, night, "--report", "github")).github;
    const outputs = Object.fromEntries(Object.keys(wanted).map((name) => [name, outputOf(github, name)]));
    assert.deepEqual(outputs, wanted);
    assert.deepEqual([...files.keys()], nights.map((_, index) => `reports/run-0${index + 1}.json`));
  });
}

for (
  const [nights, tonight, wanted] of [
    [["PPP"], "PPP", 2],
    [["PFP"], "PFP", 1],
    [["PFP", "PPP"], "PPP", 2],
    [["PP-"], "PPP", 1],
    [["FPF"], "PPP", 2],
  ] as const
) {
  Deno.test(`--last-failed after ${nights.join(", ")}`, async () => {
    const files = new Map<string, string>();
    for (const night of nights) await nightly(files, night);
    const { code, stdout } = await nightly(files, tonight, "--last-failed", "--list");
    if (nights.at(-1) === "PPP") return assert.equal(code, wanted);
    assert.equal(stdout.trim().split("\n").length, wanted);
  });
}

Deno.test("--last-failed needs --history", async () => {
  const { code, stderr } = await onEmptyMachine(new Map(), suite("P"), ["nightly.suite.yaml", "--last-failed"]);
  assert.equal(code, 2);
  assert.match(stderr, /--last-failed without --history DIR/);
});

Deno.test("after 30 runs, the oldest report is replaced; a file that is no report is ignored with a warning", async () => {
  const files = new Map([["reports/other.json", "{"]]);
  const { stderr } = await nightly(files, "P");
  assert.match(stderr, /reports\/other\.json is not JSON: it is ignored/);
  const first = files.get("reports/run-01.json") ?? "";
  const at = (day: number) => first.replaceAll(/"startedAtMs": \d+,/g, `"startedAtMs": ${day + 1},`);
  for (let index = 1; index <= 30; index++) {
    files.set(`reports/run-${String(index).padStart(2, "0")}.json`, at((index + 10) % 30));
  }
  const before = new Map(files);
  await nightly(files, "F");
  const changed = [...files].flatMap(([path, text]) => before.get(path) === text ? [] : [path]);
  assert.deepEqual(changed, ["reports/run-20.json"]);
});

Deno.test("test history prints the earlier runs of a case, as lines, JSON and CSV", async () => {
  const files = new Map<string, string>();
  for (const night of ["P", "F"]) await nightly(files, night);
  const history = (...args: readonly string[]) =>
    onEmptyMachine(files, "", ["history", "case 0", "--history", "reports", ...args]);
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
  const missing = await onEmptyMachine(files, "", ["history", "case 1", "--history", "reports"]);
  assert.equal(missing.code, 5);
  assert.match(missing.stderr, /Did you mean "case 0"\?/);
});

Deno.test("the page shows what changed since earlier runs", async () => {
  const files = new Map<string, string>();
  await nightly(files, "PF");
  await nightly(files, "FP", "--report", "html=page.html");
  const page: { readonly cases: readonly { readonly trend: { readonly change: string } }[] } = JSON.parse(
    await dataOfPage(files.get("page.html") ?? ""),
  );
  assert.deepEqual(page.cases.map(({ trend }) => trend.change), ["new-failure", "recovered"]);
});

Deno.test("test merge joins the reports of shards, exits as the whole suite, and adds one report to the history", async () => {
  const files = new Map<string, string>();
  for (const shard of ["1/2", "2/2"]) {
    await nightly(files, "PFP", "--shard", shard, "--report", `ctrf=${shard[0]}.json`);
  }
  assert.deepEqual([...files.keys()], ["1.json", "2.json"]);
  const merge = (...args: readonly string[]) => onEmptyMachine(files, "", ["merge", ...args]);
  const merged = await merge("1.json", "2.json", "--report", "junit=all.xml", "--history", "reports", "--json");
  assert.equal(merged.code, 1, merged.stderr);
  const document: { readonly cases: readonly { readonly name: string; readonly verdict: string }[] } = JSON.parse(
    merged.stdout,
  );
  assert.deepEqual(document.cases.map(({ name, verdict }) => `${name} ${verdict}`), [
    "case 0 passed",
    "case 1 failed",
    "case 2 passed",
  ]);
  assert.equal(files.get("all.xml")?.match(/<testcase /g)?.length, 3);
  assert.deepEqual([...files.keys()].filter((path) => path.startsWith("reports/")), ["reports/run-01.json"]);
  const incomplete = await merge("2.json");
  assert.equal(incomplete.code, 2);
  assert.match(incomplete.stderr, /shard 1 of 2 is missing/);
  const unreadable = await merge("3.json");
  assert.equal(unreadable.code, 2);
  assert.match(unreadable.stderr, /Cannot read 3\.json/);
});

Deno.test("metrics are read from logs and outputs, compared with references and earlier runs, and kept in the history", async () => {
  const files = new Map<string, string>();
  const yaml = (bandwidth: string) =>
    `version: 1
metrics:
  triad: { from: { log: main }, regex: 'Triad: +(\\S+)', unit: MB/s, better: higher }
  energy: { from: { output: main.energy } }
reference: refs.yaml
cases:
  - { name: stream, workflow: stream-${bandwidth} }
`;
  const refs = `version: 1
reference:
  '*': { triad: { median-of: 2, worse-by: 20% }, energy: { value: -1, below: 0.5, above: 0.5 } }
`;
  const run = async (bandwidth: string) => {
    const workflow = {
      yaml: YAML,
      scenario: { "main/solve": { lasts: "5s", logs: [`Triad: ${bandwidth}`], outputs: { energy: "-1.17" } } },
    };
    return await onNight(files.set("refs.yaml", refs), yaml(bandwidth), ["--json"], {
      [`stream-${bandwidth}`]: workflow,
    });
  };
  const codes = [];
  for (const bandwidth of ["100", "110", "90", "70"]) codes.push((await run(bandwidth)).code);
  assert.deepEqual(codes, [0, 0, 0, 1]);
  const last: {
    readonly cases: readonly { readonly reason: string; readonly metrics: readonly { readonly name: string }[] }[];
  } = JSON.parse((await run("70")).stdout);
  assert.match(
    last.cases[0]?.reason ?? "",
    /^metrics\.triad: expected median of 2: \d+ MB\/s \(\d+\.\.\), got 70 MB\/s$/,
  );
  assert.deepEqual(last.cases[0]?.metrics.map(({ name }) => name), ["triad", "energy"]);
  const csv = await onEmptyMachine(files, "", [
    ...["history", "stream", "--history", "reports", "--metric", "triad", "--format", "csv"],
  ]);
  assert.deepEqual(csv.stdout.trim().split("\n").map((line) => line.split(",").at(-1)), [
    "triad",
    ...["100", "110", "90", "70", "70"],
  ]);
});
