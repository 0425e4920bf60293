/** Options of every command that runs a batch. */

import type { MatrixArguments } from "../../batches/matrix_spec.ts";
import { parseRowNumbers } from "../../batches/row_numbers.ts";
import { UsageError } from "../../errors.ts";
import { type ArgValues, choice, durationOrNever, flag, integer, oneOf, option, positiveDuration } from "../argv.ts";
import { DEFAULTS_OPTION, INPUT_CHECK_OPTIONS } from "../input_options.ts";
import { type Invocation, JSON_OPTION } from "../command.ts";
import { type StopValues, WAIT_OPTIONS } from "../tracking/wait_options.ts";

/** The path in `html=FILE`. */
function htmlFile(text: string): string {
  const path = /^html=(.+)$/s.exec(text)?.[1];
  if (path === undefined) throw new UsageError("the format of a batch's report is html=FILE");
  return path;
}

function failureLimit(text: string): string {
  if (/^0*[1-9]\d*%?$/.test(text)) return text;
  throw new UsageError(`must be a number above 0, or a percentage like 10%: got "${text}"`);
}

function rowNumbers(text: string): string {
  parseRowNumbers(text);
  return text;
}

export const DEFAULT_JOBS = 8;
export const DEFAULT_REQUESTS_PER_MINUTE = 60;
/** The first few to end: when all of them failed, the others would too. */
export const CANARY = 3;

/** Those that `run` has only with `--matrix` or `--repeat`. */
export const MANY_RUNS_OPTIONS = {
  yes: flag("Do not ask before submitting more than 100 runs", "y"),
  jobs: option("N", `How many runs at once (default: as last set for this batch, or ${DEFAULT_JOBS})`, {
    short: "j",
    parse: integer({ min: 1, max: 10_000 }),
  }),
  perCluster: option("N", "How many runs at once on one cluster", integer({ min: 1, max: 10_000 })),
  until: choice(
    "Stop submitting after the first success, or the first failure (default all)",
    "all",
    "any",
    "fail-fast",
  ),
  maxFailures: option("N|N%", "Stop submitting after this many failures", failureLimit),
  noCanary: flag(`Continue even if the first ${CANARY} runs to end have all failed`),
  retries: option("N", "Submit a failed row again, up to N times (default 0)", integer({ min: 0, max: 100 })),
  retryOn: option(
    "infra|any|REGEX",
    "Which failures to retry: infra (infrastructure), any, or those whose first error matches (default infra)",
    { suggestions: { infra: "caused by the platform", any: "all failures" } },
  ),
  rerun: option("WHICH", "Rerun rows that have ended: failed, cancelled, timeout, changed or all", {
    parse: oneOf("failed", "cancelled", "timeout", "changed", "all"),
    multiple: true,
  }),
  rows: option("ROWS", "Only these rows, like 4,8,15-20", rowNumbers),
  cancelRunning: flag("With --rerun: cancel runs of these rows that are still running"),
  deadline: option("TIME", "Stop after this long; runs continue", positiveDuration),
  requestsPerMinute: option("N", `Requests for lists of runs (default ${DEFAULT_REQUESTS_PER_MINUTE})`, {
    parse: integer({ min: 1, max: 6_000 }),
  }),
  progress: choice("How progress is shown (default: a table at a terminal)", "auto", "table", "plain", "none"),
  csv: option("FILE", "Write the results as CSV, a line per row", { completes: "file" }),
  jsonl: option("FILE", "Write the results as JSON Lines", { completes: "file" }),
  log: option("FILE", "Append a line per attempt and state", { completes: "file" }),
} as const;

/** As many rows as a batch may have. */
const MAX_ROWS = 100_000;

/** Those of `run` that make a batch of one workflow. */
export const MATRIX_OPTIONS = {
  matrix: option("NAME=VALUES", "Run once per value, like 1,2,4, 1..10 or 1e-5..1e-1:log; may be repeated", {
    multiple: true,
    completes: "input-value",
  }),
  zip: flag("Pair the values of several --matrix options in order, instead of combining all of them"),
  exclude: option("NAME=VALUE,…", "Leave out the combinations with these values", {
    multiple: true,
    completes: "input-value",
  }),
  include: option("NAME=VALUE,…", "Add a run with these inputs", { multiple: true, completes: "input-value" }),
  sample: option("N", "Run only this many of the combinations", integer({ min: 1, max: MAX_ROWS })),
  seed: option("N", "Seed of the sample; another one draws another sample (default 1)", integer({ min: 0 })),
  sampling: choice("How to draw: at random, or as a Latin hypercube, which covers each range evenly", "random", "lhs"),
} as const;

/** Each row this often; for `batch` and `run --matrix`. */
export const REPEAT_OPTION = {
  repeat: option("N", "Run each row N times", integer({ min: 1, max: 10_000 })),
} as const;

export const BATCH_OPTIONS = {
  name: option("TEXT", "Name of the batch: the same name continues the same batch (default: from the file)"),
  ...INPUT_CHECK_OPTIONS,
  ...DEFAULTS_OPTION,
  trust: flag("Give the consent that the workflows ask for"),
  dryRun: flag("Check all rows and show what would be done with each"),
  ...MANY_RUNS_OPTIONS,
  ...WAIT_OPTIONS,
  timeout: option("TIME", "Limit on each run, such as 90s or 2h; 0 for no limit (the default, also PW_TIMEOUT)", {
    parse: durationOrNever,
    short: "t",
  }),
  onTimeout: choice("On --timeout: keep or cancel the run (default keep)", "keep", "cancel"),
  onInterrupt: choice("On Ctrl-C: keep or cancel the runs (default keep)", "keep", "cancel"),
  report: option("html=FILE", "Write the results as a page: a table, a chart and the details of each row", {
    parse: htmlFile,
    suggestions: { "html=": "" },
  }),
  ...JSON_OPTION,
} as const;

/** Also of `run`, which can ask on Ctrl-C: many runs are kept then. */
export type BatchValues = Omit<ArgValues<typeof BATCH_OPTIONS>, "onInterrupt"> & Pick<StopValues, "onInterrupt">;

export type BatchCall = Invocation<BatchValues>;

/** A number, or a percentage of the rows. */
export function maxFailuresOf({ maxFailures }: BatchValues, rowCount: number): number | null {
  if (maxFailures === undefined) return null;
  const value = Number.parseInt(maxFailures, 10);
  return maxFailures.endsWith("%") ? Math.max(1, Math.ceil(rowCount * value / 100)) : value;
}

/** `undefined` without `--matrix` and the options that belong to it. */
export function matrixArguments(values: ArgValues<typeof MATRIX_OPTIONS>): MatrixArguments | undefined {
  if (!Object.keys(MATRIX_OPTIONS).some((name) => name in values)) return undefined;
  const { matrix = [], zip = false, exclude = [], include = [], sample, seed, sampling } = values;
  return { matrix, zip, exclude, include, sample, seed, sampling };
}
