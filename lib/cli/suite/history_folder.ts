/** `--history DIR`: the reports of earlier runs as CTRF files, of which the newest are kept. */

import { readCtrf, renderCtrf } from "../../reports/ctrf.ts";
import type { Report } from "../../reports/report.ts";
import { earlierRuns, hasLastFailed, MAX_EARLIER_RUNS, metricValues, pointsById } from "../../suites/history.ts";
import type { PlannedCase } from "../../suites/plan.ts";
import { UsageError } from "../../errors.ts";
import type { SuiteCall } from "./options.ts";
import type { Context } from "../context.ts";
import type { Output } from "../output.ts";
import { replaceOutputFile } from "../output_file.ts";

export interface HistoryFolder {
  /** In any order, of all environments. */
  readonly reports: readonly Report[];
  /** Where the next report is written: a new file, or that of the oldest report. */
  readonly nextPath: string;
}

/** A file that cannot be read is a warning: without it, less is known. */
export async function readHistory(
  { context, output }: { readonly context: Pick<Context, "listFiles" | "readTextFile">; readonly output: Output },
  folder: string,
): Promise<HistoryFolder> {
  const paths = await context.listFiles(folder, /\.json$/i);
  const files = await Promise.all(
    paths.map(async (path) => ({ path, report: readCtrf(await context.readTextFile(path)) })),
  );
  const read = files.flatMap(({ path, report }) => {
    if (typeof report !== "string") return [{ path, report }];
    output.log("WARNING", `${path} ${report}: it is ignored`);
    return [];
  });
  const names = Array.from(
    { length: MAX_EARLIER_RUNS },
    (_, index) => `run-${String(index + 1).padStart(2, "0")}.json`,
  );
  const own = names.map((name) => `${folder.replace(/[\\/]+$/, "")}/${name}`);
  const timeOf = (path: string) => read.find((file) => isSamePath(file.path, path))?.report.startedAtMs ?? 0;
  const free = own.find((path) => !paths.some((other) => isSamePath(other, path)));
  return {
    reports: read.map(({ report }) => report),
    nextPath: free ?? own.toSorted((a, b) => timeOf(a) - timeOf(b))[0] ?? folder,
  };
}

/** For references like the median of earlier runs. */
export async function earlierMetrics(
  call: Pick<SuiteCall, "context" | "output" | "values">,
  environment: string | null,
): Promise<(id: string, metric: string) => readonly number[]> {
  const { history } = call.values;
  if (history === undefined) return () => [];
  const points = pointsById(earlierRuns((await readHistory(call, history)).reports, environment));
  return (id, metric) => metricValues(points.get(id) ?? [], metric);
}

/** The ids of the cases that failed, were not judged or never ran. @throws UsageError without a folder. */
export async function lastFailed(
  call: Pick<SuiteCall, "context" | "output" | "values">,
  planned: readonly PlannedCase[],
  environment: string | null,
): Promise<ReadonlySet<string>> {
  const { history } = call.values;
  if (history === undefined) {
    throw new UsageError("Cannot use --last-failed without --history DIR", {
      hint: "The folder has the reports of earlier runs",
    });
  }
  const points = pointsById(earlierRuns((await readHistory(call, history)).reports, environment));
  return new Set(planned.flatMap(({ id }) => hasLastFailed(points.get(id) ?? []) ? [id] : []));
}

function isSamePath(a: string, b: string): boolean {
  const normal = (path: string) => path.replaceAll("\\", "/").replace(/^\.\//, "");
  return normal(a) === normal(b);
}

export async function saveHistory(context: Context, { nextPath }: HistoryFolder, report: Report): Promise<void> {
  await context.createFolder?.(nextPath.replace(/[\\/][^\\/]*$/, ""));
  await replaceOutputFile(context, nextPath, renderCtrf(report));
}
