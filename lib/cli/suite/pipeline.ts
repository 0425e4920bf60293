/** `test --ci`: prints a pipeline for GitLab or GitHub that runs this call in shards, and joins their reports. */

import { UsageError } from "../../errors.ts";
import { valuesIn } from "../../json.ts";
import { argumentWords, programCommand } from "../../shell_command.ts";
import { isSecretReference } from "../../suites/document.ts";
import { readSuites } from "../../suites/read_suite.ts";
import { kebabOptionName, scanWords } from "../argv.ts";
import { COMMON_OPTIONS, refuseOptions, splitCommand } from "../command.ts";
import { COMPLETED } from "../exit_codes.ts";
import { MAX_SHARDS, SUITE_OPTIONS, type SuiteCall, wantedReports } from "./options.ts";
import { environmentOf, suiteFiles } from "./selection.ts";

const RENDERERS = { gitlab: gitlabPipeline, github: githubPipeline } as const;
/** What a job does not do, or only on this machine. */
const REFUSED = ["shard", "list", "dryRun", "resume", "rejudge"];
/** Options that are not the same in the jobs. */
const OWN = new Set(["ci", "shards", "report", "history", "maxSkipped", "context", "json", "output"]);
const DEFAULT_DEADLINE_MS = 5 * 3_600_000;
/** Of one job of GitLab. */
const MAX_NEEDS = 50;
/** Time to check out, to install, to write reports and to save them. */
const EXTRA_MINUTES = 30;

export async function printPipeline(call: SuiteCall): Promise<number> {
  const { output, values: { ci, suites = [] } } = call;
  if (ci === undefined) throw new UsageError("Cannot use --shards without --ci gitlab or --ci github");
  const pipeline = await pipelineOf(call);
  const command = programCommand("test", suites, writtenOptions(call, () => true));
  const text = `# Printed by: ${command.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ")}\n${RENDERERS[ci](pipeline)}`;
  if (output.mode === "text") output.raw(text);
  else output.document({ ci, pipeline: text, ...COMPLETED });
  return 0;
}

type Pipeline = Awaited<ReturnType<typeof pipelineOf>>;

/** Names, options and arguments are for a shell. */
async function pipelineOf(call: SuiteCall) {
  const { context: { readTextFile, clock }, values } = call;
  const { suites: given = [], report: wanted = [], deadline: deadlineMs = DEFAULT_DEADLINE_MS } = values;
  refuseOptions(values, REFUSED, { reason: "together with --ci" });
  const paths = await suiteFiles(call.context, given);
  const suites = await readSuites(paths, { readTextFile, nowMs: clock.now() });
  environmentOf(suites, values.env);
  const history = folderBelow(values.history ?? "suite-history");
  const filesOf = (report: readonly string[]) => wantedReports({ report }).map(({ file }) => file);
  const reports = filesOf(wanted).length > 0 ? wanted : [...wanted, "html=suite-report.html"];
  const kept = [`--history=${history}`];
  const limit = values.deadline === undefined ? [`--deadline=${DEFAULT_DEADLINE_MS / 3_600_000}h`] : [];
  const secrets = new Set(
    suites.flatMap(({ document }) => [...valuesIn(document)]).map(([value]) => value).filter(isSecretReference)
      .map(({ secret }) => secret),
  );
  const variables = new Set(suites.flatMap(({ document }) => document.env ?? []));
  return {
    shardCount: values.shards ?? Math.min(paths.length, MAX_SHARDS),
    /** Of a job that runs a shard. */
    minutes: Math.ceil(deadlineMs / 60_000) + EXTRA_MINUTES,
    /** Of `test`, besides the shard and its reports. */
    testArguments: argumentWords(given, [...kept, ...limit, ...writtenOptions(call, (key) => !OWN.has(key))]).join(" "),
    /** Of `test merge`, besides the reports of the shards. */
    mergeOptions: argumentWords([], [
      ...kept,
      ...writtenOptions(call, (key) => key === "maxSkipped"),
      ...reports.map((report) => `--report=${report}`),
    ]).join(" "),
    history,
    /** What `test merge` writes. */
    reportFiles: filesOf(reports),
    /** Environment variables that the suites read. */
    variables: [...variables].filter((name) => !secrets.has(name)),
    /** Environment variables with secrets that the suites name. */
    secrets: [...secrets],
    /** Whether a shallow clone is too little. */
    needsRevisions: values.changedSince !== undefined,
  };
}

/** Of the command line, as they are written. */
function writtenOptions({ context }: SuiteCall, isWanted: (key: string) => boolean): string[] {
  const { options } = scanWords({ ...SUITE_OPTIONS, ...COMMON_OPTIONS }, splitCommand(context.args).argv);
  return options.filter(({ key }) => isWanted(key)).map(({ key, value }) =>
    [kebabOptionName(key), ...value === undefined ? [] : [value]].join("=")
  );
}

function folderBelow(folder: string): string {
  const below = folder.replaceAll("\\", "/").replace(/^(?:\.\/)+|\/+$/g, "");
  if (below !== "" && !/^\/|^[A-Za-z]:|(?:^|\/)\.\.(?:\/|$)/.test(below)) return below;
  const reason = "a job can only keep a folder in its checkout";
  const hint = "Name a folder like suite-history";
  throw new UsageError(`Cannot use --history ${folder} together with --ci: ${reason}`, { hint });
}

/** The shards may fail: the job that joins their reports exits as the whole suite, and names a shard without a report. */
function gitlabPipeline(pipeline: Pipeline): string {
  const { shardCount, minutes, history, reportFiles, needsRevisions } = pipeline;
  return `# For .gitlab-ci.yml, or as a child pipeline. Set these variables of the project: PW_API_KEY (masked), those that the suites
# name, and RUNNER, the address of a release's pw-workflow-runner.js.
.suite:
  image: denoland/deno:2.9.6
  cache:
    key: suite-history-$CI_COMMIT_REF_SLUG
    fallback_keys: [suite-history-$CI_DEFAULT_BRANCH]
    paths: [${yamlText(`${history}/`)}]

suite:
  extends: .suite
  parallel: ${shardCount}
  timeout: ${minutes} minutes
  allow_failure: true # the job below decides
  cache: { policy: pull }
${needsRevisions ? '  variables: { GIT_DEPTH: "0" }\n' : ""}  script:
    - ${yamlBlock(shardScript(pipeline, "$CI_NODE_INDEX", "$CI_NODE_TOTAL"), "      ")}
  artifacts:
    when: always
    paths: [shard-*.json]
    reports: { junit: shard-*.xml }

report:
  extends: .suite
  ${shardCount > MAX_NEEDS ? "stage: .post" : "needs: [suite]"}
  when: always
  timeout: 15 minutes
  cache: { when: always } # also if cases fail
  script:
    - ${yamlBlock(mergeScript(pipeline), "      ")}
  artifacts:
    when: always
    paths: [${reportFiles.map(yamlText).join(", ")}]
`;
}

const CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";
const SETUP_DENO = "denoland/setup-deno@667a34cdef165d8d2b2e98dde39547c9daac7282 # v2.0.4";
const RESTORE = "actions/cache/restore@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5";
const SAVE = "actions/cache/save@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5";
const UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0";
const DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1";

/** GitHub evaluates expressions in every text. */
const literal = (text: string) => text.replaceAll("${{", "${{ '${{' }}");

/** A step that fails does not fail its shard: the job that joins the reports exits as the whole suite. */
function githubPipeline(pipeline: Pipeline): string {
  const { shardCount, minutes, history, reportFiles, needsRevisions } = pipeline;
  const named = [
    ...pipeline.variables.map((name) => `${name}: \${{ vars.${name} }}`),
    ...pipeline.secrets.map((name) => `${name}: \${{ secrets.${name} }}`),
  ].filter((line) => !/^(?:PW_API_KEY|RUNNER|SHARD):/.test(line)).map((line) => `          ${line}\n`).join("");
  const historyCache = `path: ${yamlText(literal(history))}
          key: suite-history-\${{ github.workflow }}-\${{ github.run_id }}-\${{ github.run_attempt }}`;
  const prepared = `- uses: ${SETUP_DENO}
        with:
          deno-version: "2.9.6"
      - uses: ${RESTORE}
        with:
          ${historyCache}
          restore-keys: suite-history-\${{ github.workflow }}-`;
  return `# For .github/workflows/. Set these in the repository: the secret PW_API_KEY, the secrets and variables that the suites name,
# and the variable RUNNER, the address of a release's pw-workflow-runner.js.
name: suite

on:
  schedule:
    - cron: "17 2 * * *" # UTC
  workflow_dispatch:

permissions:
  contents: read

concurrency:
  group: \${{ github.workflow }}
  cancel-in-progress: false

jobs:
  suite:
    strategy:
      fail-fast: false
      matrix:
        shard: [${Array.from({ length: shardCount }, (_, index) => index + 1).join(", ")}]
    runs-on: ubuntu-latest
    timeout-minutes: ${minutes}
    steps:
      - uses: ${CHECKOUT}
        with:
          persist-credentials: false
${needsRevisions ? "          fetch-depth: 0\n" : ""}      ${prepared}
      - continue-on-error: true # the job below decides
        env:
          PW_API_KEY: \${{ secrets.PW_API_KEY }}
          RUNNER: \${{ vars.RUNNER }}
          SHARD: \${{ matrix.shard }}
${named}        run: ${yamlBlock(literal(shardScript(pipeline, "$SHARD", String(shardCount))), "          ")}
      - if: \${{ !cancelled() }}
        uses: ${UPLOAD}
        with:
          name: shard-\${{ matrix.shard }}
          path: shard-*

  report:
    needs: suite
    if: \${{ !cancelled() }}
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      ${prepared}
      - uses: ${DOWNLOAD}
        with:
          pattern: shard-*
          merge-multiple: true
      - env:
          RUNNER: \${{ vars.RUNNER }}
        run: ${yamlBlock(literal(mergeScript(pipeline, "--report github ")), "          ")}
      - if: \${{ !cancelled() }} # also if cases fail
        uses: ${SAVE}
        with:
          ${historyCache}
      - if: \${{ !cancelled() }}
        uses: ${UPLOAD}
        with:
          name: report
          path: ${yamlText(literal(reportFiles.join("\n")))}
`;
}

/** Starts the program; RUNNER is the address of a release's single file. */
const PROGRAM = 'deno run --no-prompt -A "${RUNNER:?is not set}"';

/** The script of a shard; `index` and `count` are for a shell. */
function shardScript({ testArguments }: Pipeline, index: string, count: string): string {
  const reports = `--report "ctrf=shard-${index}.json" --report "junit=shard-${index}.xml"`;
  return `${PROGRAM} test --shard "${index}/${count}" ${reports} \\\n  ${testArguments}`;
}

function mergeScript({ mergeOptions }: Pipeline, options = ""): string {
  return `${PROGRAM} test merge shard-*.json ${options}\\\n  ${mergeOptions}`;
}

/** As JSON, which is YAML too: any text on one line. */
const yamlText = (text: string): string => JSON.stringify(text);

/** As a block with this indentation, if YAML allows it. */
function yamlBlock(text: string, indentation: string): string {
  if (/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u.test(text)) return yamlText(text);
  return `|-\n${text.split("\n").map((line) => `${indentation}${line}`).join("\n")}`;
}
