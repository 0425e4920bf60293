/** The script of .github/workflows/nightly.yml, with a stand-in for `gh` that keeps issues: one per outage. */

import assert from "node:assert/strict";
import { parse } from "../lib/deps/yaml.ts";
import { githubOutputs } from "../lib/reports/github.ts";
import type { Report, ReportCase } from "../lib/reports/report.ts";
import { changesOf, trendsOf } from "../lib/suites/history.ts";
import { aCase, aSuiteReport } from "./reports/support/suite_report.ts";
import { evaluate, readAction } from "./support/github_runner.ts";
import { emptyFolder } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";

interface Nightly {
  readonly jobs: {
    readonly suite: { readonly outputs: Readonly<Record<string, string>> };
    readonly issue: { readonly steps: readonly { readonly env: Record<string, string>; readonly run: string }[] };
  };
}

const { jobs: { suite, issue } }: Nightly = parse(
  await Deno.readTextFile(new URL("../.github/workflows/nightly.yml", import.meta.url)),
);

/** Each open issue is a file with its number, named after its label. A wrong call fails. */
const GH = `#!/bin/sh
set -eu
cd "$ISSUES"
case "$1 $2" in
  "label create") echo "$3" >> labels ;;
  "issue list") [ "$3" = --label ] && [ "$5 $6" = "--state open" ]; cat "$4" 2> /dev/null || true ;;
  "issue create")
    [ "$3" = --label ] && grep -qx "$4" labels && [ ! -e "$4" ]
    echo "$(ls | wc -l)" > "$4"
    printf 'open %s\\n%s\\n' "$4" "$8" >> log ;;
  "issue comment") printf 'comment %s\\n%s\\n' "$(grep -lx "$3" nightly*)" "$5" >> log ;;
  "issue close")
    label=$(grep -lx "$3" nightly*)
    rm "$label"
    printf 'close %s\\n%s\\n' "$label" "$5" >> log ;;
  *) exit 1 ;;
esac
`;

const VERDICTS: Readonly<Record<string, Partial<ReportCase>>> = {
  P: {},
  F: { verdict: "failed", isFailure: true },
  S: { verdict: "skipped" },
  I: { verdict: "not-judged" },
};

/** A letter for each case, and what the script does: with a `-`, the program has no result. */
const NIGHTS: readonly (readonly [night: string, did: readonly string[], mentions?: readonly string[]])[] = [
  ["PP", []],
  ["FP", ["open nightly"], ["New failures:", "- nightly: case 0"]],
  ["FP", []],
  [
    "FF",
    ["comment nightly"],
    ["New failures:", "- nightly: case 1", "Still failing, since 2026-01-02T00:00:00.000Z:", "- nightly: case 0"],
  ],
  [
    "PS",
    ["comment nightly"],
    ["Failed, not judged this time:", "- nightly: case 1", "Recovered:", "- nightly: case 0"],
  ],
  ["II", ["open nightly-infrastructure"]],
  ["II", []],
  ["-", []],
  ["PF", ["close nightly-infrastructure"]],
  ["PS", []],
  ["PP", ["close nightly"], ["Recovered:", "- nightly: case 1"]],
  ["PP", []],
  ["-", ["open nightly-infrastructure"]],
  ["FF", ["close nightly-infrastructure", "open nightly"]],
];

function reportOf(night: string, day: number): Report {
  const cases = [...night].map((letter, index) =>
    aCase({ id: String(index), name: `case ${index}`, ...VERDICTS[letter] })
  );
  return aSuiteReport(cases, { startedAtMs: Date.parse("2026-01-01T00:00:00Z") + day * 86_400_000 });
}

Deno.test({
  ...needing(
    "one issue per outage: opened once, a comment when the failures change, closed on recovery, infrastructure apart",
    Deno.build.os === "windows" ? "needs bash" : undefined,
  ),
  async fn() {
    await using folder = await emptyFolder();
    await Deno.writeTextFile(`${folder.path}/gh`, GH, { mode: 0o755 });
    const issues = `${folder.path}/issues`;
    await Deno.mkdir(issues);
    const earlier: Report[] = [];
    for (const [index, [night, did, mentions = []]] of NIGHTS.entries()) {
      await Deno.writeTextFile(`${issues}/log`, "");
      let outputs: Readonly<Record<string, string>> = {};
      if (night !== "-") {
        const report = reportOf(night, index);
        outputs = githubOutputs({ ...report, changes: changesOf(report, trendsOf(earlier, report)) });
        earlier.push(report);
      }
      await runScript(outputs, { gh: folder.path, issues });
      const log = (await Deno.readTextFile(`${issues}/log`)).split("\n");
      const name = `night ${index + 1}, ${night}`;
      assert.deepEqual(log.filter((line) => /^(?:open|comment|close) /.test(line)), did, name);
      const listed = log.filter((line) => /^- |:$/.test(line));
      if (mentions.length > 0) assert.deepEqual(listed, mentions, name);
      if (did.length > 0) {
        assert.ok(log.some((line) => line.endsWith("https://github.com/octo/sim/actions/runs/7")), name);
      }
    }
  },
});

Deno.test("the job hands on outputs that the action has, each under its own name", async () => {
  const { outputs } = await readAction();
  for (const [name, expression] of Object.entries(suite.outputs)) {
    assert.equal(expression, `\${{ steps.suite.outputs.${name} }}`);
    assert.ok(Object.hasOwn(outputs, name), name);
  }
});

/** As GitHub runs the step, with these outputs of the action. */
async function runScript(
  outputs: Readonly<Record<string, string>>,
  { gh, issues }: { readonly gh: string; readonly issues: string },
): Promise<void> {
  const [step] = issue.steps;
  assert.ok(step !== undefined);
  const context = {
    "github.token": "t",
    "github.repository": "octo/sim",
    "github.server_url": "https://github.com",
    "github.run_id": "7",
    ...Object.fromEntries(
      Object.keys(suite.outputs).map((name) => [`needs.suite.outputs.${name}`, outputs[name] ?? ""]),
    ),
  };
  const env = Object.entries(step.env).map(([name, text]) => [name, evaluate(text, context)]);
  const { code, stderr } = await new Deno.Command("bash", {
    args: ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step.run],
    clearEnv: true,
    env: { ...Object.fromEntries(env), ISSUES: issues, PATH: `${gh}:/usr/bin:/bin` },
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}
