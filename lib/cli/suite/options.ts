/** Options of `test`. */

import { UsageError } from "../../errors.ts";
import { countCases } from "../../reports/cases.ts";
import { FILE_FORMATS, type FileFormat, isFileFormat } from "../../reports/formats.ts";
import type { ReportCase, ShardNumber } from "../../reports/report.ts";
import { DEFAULT_SUITE_JOBS } from "../../suites/exit_code.ts";
import { argument, type ArgValues, choice, type Choices, flag, integer, option, positiveDuration } from "../argv.ts";
import { type Invocation, JSON_OPTION } from "../command.ts";
import { INPUT_CHECK_OPTIONS } from "../input_options.ts";
import { refuseSameFile } from "../output_file.ts";
import { WAIT_OPTIONS } from "../tracking/wait_options.ts";

/** GitLab allows 200 parallel jobs, GitHub 256. */
export const MAX_SHARDS = 200;

/** Those that end with `=` are written to a file. */
const REPORTS: Choices = {
  "text": "for a terminal (the default)",
  "github": "summary, annotations and outputs of GitHub Actions",
  ...Object.fromEntries(Object.entries(FILE_FORMATS).map(([name, { summary }]) => [`${name}=`, summary])),
};

const count = integer({ min: 1, max: 10_000 });

export const SUITE_OPTIONS = {
  suites: argument("SUITE…", {
    multiple: true,
    required: false,
    completes: "file",
    hint: "Suite files, or folders with *.suite.yaml files (default: the working folder)",
  }),
  tag: option("TAG", "Only cases with this tag", { multiple: true }),
  case: option("NAME", "Only this case, with what it needs; * matches anything", { multiple: true }),
  env: option("NAME", "Run in this environment of the suite"),
  set: option("case.NAME=VALUE", "Override timeout, queue-timeout, retries or cleanup of all cases", {
    multiple: true,
  }),
  changedSince: option("REF", "Only cases that depend on files changed since this Git revision"),
  jobs: option("N", `How many runs at once (default ${DEFAULT_SUITE_JOBS})`, { short: "j", parse: count }),
  failFast: flag("Submit nothing more after the first failure"),
  maxFailures: option("N", "Submit nothing more after this many failures", count),
  maxSkipped: option("N|N%", "Fail if more cases than this are skipped"),
  failOnFlaky: flag("Fail if a case passed only after a failed attempt"),
  requireResources: flag("Fail cases whose resource is off or whose queue is too long"),
  retriesThreshold: option("N%", "Retry nothing while more than this share of the cases have failed attempts"),
  deadline: option("TIME", "Stop after this long: runs are cancelled, reports are written", positiveDuration),
  budget: option(
    "TIME",
    "Start no more runs once all of them have used this much run time, or are expected to",
    positiveDuration,
  ),
  repeat: option("N", "Run each case N times", integer({ min: 1, max: 1_000 })),
  shard: option("I/N", "Only part I of N of the cases"),
  order: choice("Order in which cases start (default file)", "file", "random"),
  seed: option("N", "Seed of a random order, to repeat it", integer({ min: 0 })),
  list: flag("List the cases, and run nothing"),
  dryRun: flag("Check everything and show the plan, and submit nothing"),
  resume: flag("Continue the last call with the same suites that was killed or interrupted"),
  rejudge: flag("Judge the runs of the last call with the same suites again, and run nothing"),
  report: option("FORMAT", "text (the default), github, or junit, ctrf, html or markdown with =FILE", {
    multiple: true,
    suggestions: REPORTS,
  }),
  history: option(
    "DIR",
    "Compare with the reports in this folder instead of the local history, and keep the newest 30",
    { completes: "file" },
  ),
  lastFailed: flag("Only cases that failed, were not judged or never ran in the last run that selected them"),
  ci: choice("Print a pipeline with a job per shard that runs this call, and run nothing", "gitlab", "github"),
  shards: option("N", "With --ci: how many jobs (default: one per suite file)", integer({ min: 1, max: MAX_SHARDS })),
  metric: option("NAME", "With history: only this metric"),
  format: choice("With history: how the runs are printed", "text", "csv"),
  ...INPUT_CHECK_OPTIONS,
  pollInterval: WAIT_OPTIONS.pollInterval,
  maxPollInterval: WAIT_OPTIONS.maxPollInterval,
  unreachableTimeout: WAIT_OPTIONS.unreachableTimeout,
  ...JSON_OPTION,
} as const;

export type SuiteValues = ArgValues<typeof SUITE_OPTIONS>;

export type SuiteCall = Invocation<SuiteValues>;

/** @throws UsageError unless it is like 2/5. */
export function shardOf({ shard }: Pick<SuiteValues, "shard">): ShardNumber | null {
  if (shard === undefined) return null;
  const [, index, all] = /^(\d+)\/(\d+)$/.exec(shard) ?? [];
  const parts = { index: Number(index), count: Number(all) };
  if (index !== undefined && parts.index >= 1 && parts.index <= parts.count && parts.count <= 10_000) return parts;
  throw new UsageError(`Cannot use --shard ${shard}`, { hint: "Write it like 2/5: part 2 of 5" });
}

/** @throws UsageError unless it is a percentage. */
export function retriesThresholdOf({ retriesThreshold }: Pick<SuiteValues, "retriesThreshold">): number | null {
  if (retriesThreshold === undefined) return null;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(retriesThreshold)?.[1];
  if (percent !== undefined && Number(percent) <= 100) return Number(percent) / 100;
  throw new UsageError(`Cannot use --retries-threshold ${retriesThreshold}`, { hint: "Write a percentage, like 30%" });
}

export interface WantedReport {
  readonly format: FileFormat;
  readonly file: string;
}

/**
 * The reports that are written to files.
 *
 * @throws UsageError for an unknown format, and for two reports in one file.
 */
export function wantedReports({ report = [] }: Pick<SuiteValues, "report">): readonly WantedReport[] {
  const wanted = report.flatMap((text): WantedReport[] => {
    if (text === "text" || text === "github") return [];
    const [, format = "", file] = /^(\w+)=(.+)$/s.exec(text) ?? [];
    if (isFileFormat(format) && file !== undefined) return [{ format, file }];
    throw new UsageError(`Cannot use --report ${text}`, {
      hint: `The formats are ${Object.keys(REPORTS).join(", ").replaceAll("=", "=FILE")}`,
    });
  });
  refuseSameFile(wanted.map(({ file }) => file), "reports");
  return wanted;
}

/**
 * Makes failures of the flaky and skipped cases that are failures by option.
 *
 * @throws UsageError unless `--max-skipped` is a number or a percentage.
 */
export function limitsOf(
  { failOnFlaky, maxSkipped }: Pick<SuiteValues, "failOnFlaky" | "maxSkipped">,
): (cases: readonly ReportCase[]) => readonly ReportCase[] {
  const [, digits, percent] = /^(\d+)(%?)$/.exec(maxSkipped ?? "100%") ?? [];
  if (digits === undefined) {
    throw new UsageError(`Cannot use --max-skipped ${maxSkipped}`, {
      hint: "Write a number, or a percentage like 10%",
    });
  }
  return (cases) => {
    const limit = percent === "%" ? Math.floor(cases.length * Number(digits) / 100) : Number(digits);
    const isOver = countCases(cases).skipped > limit;
    return cases.map((one) => {
      if (one.isFlaky && failOnFlaky === true && !one.isQuarantined) {
        return { ...one, isFailure: true, reason: "flaky: it passed after a failed attempt (--fail-on-flaky)" };
      }
      if (isOver && one.verdict === "skipped") return { ...one, isFailure: true };
      return one;
    });
  };
}
