/** The reports of earlier runs of suites, which are in the folder of `--history`, or else in the run store. */

import type { Owner } from "../../account.ts";
import { cellOf } from "../../batches/results.ts";
import { didYouMean } from "../../did_you_mean.ts";
import { formatDuration } from "../../duration.ts";
import { expected, NotFound, StorageError, UsageError } from "../../errors.ts";
import { orUsageError, textOf } from "../../os_error.ts";
import { verdictText } from "../../reports/cases.ts";
import { renderCtrf } from "../../reports/ctrf.ts";
import { readCtrf, readReport } from "../../reports/read_ctrf.ts";
import type { Report, ReportCase } from "../../reports/report.ts";
import type { TrendPoint } from "../../reports/trends.ts";
import type { FoundSuiteRun, SuiteHistory } from "../../store/suite_history.ts";
import { earlierRuns, MAX_EARLIER_RUNS, pointsById } from "../../suites/history.ts";
import { keepReport } from "../../suites/suite_record.ts";
import type { Context } from "../context.ts";
import { COMPLETED } from "../exit_codes.ts";
import { openRunStore } from "../open.ts";
import { replaceOutputFile } from "../output_file.ts";
import type { SuiteCall } from "./options.ts";

export type EarlierReports = Awaited<ReturnType<typeof folderHistory>>;

type HistoryCall = Pick<SuiteCall, "context" | "output"> & { readonly values: Pick<SuiteCall["values"], "history"> };

/**
 * A store that cannot be used is a warning, once, where it is not required: less is known then.
 *
 * @throws StorageError if the reports are required and cannot be read.
 */
export async function openHistory(
  call: HistoryCall,
  { owner, suites, environment, isRequired = false }: {
    readonly owner: Owner;
    /** By name. */
    readonly suites: readonly string[];
    readonly environment: string | null;
    /** False (the default) if the command works without earlier reports. */
    readonly isRequired?: boolean;
  },
  store: SuiteHistory,
): Promise<EarlierReports> {
  if (call.values.history !== undefined) return await folderHistory(call, call.values.history);
  const { output } = call;
  const stated = new Set<string>();
  const ifUsable = async <T>(act: () => Promise<T>, what: string): Promise<T | undefined> => {
    const result = await act().catch(expected(StorageError));
    if (!(result instanceof StorageError)) return result;
    if (!stated.has(result.message)) output.log("WARNING", `Cannot ${what}: ${result.message}`);
    stated.add(result.message);
    return undefined;
  };
  const list = async () =>
    (await Promise.all([...new Set(suites)].map((suite) => store.list({ owner, suite, environment })))).flat();
  const found = isRequired ? await list() : await ifUsable(list, "compare with earlier runs");
  return {
    reports: reportsOf(call, found ?? []),
    async save(report) {
      await ifUsable(() => keepReport(store, { owner, environment }, report), "keep the report for later runs");
    },
  };
}

/** Without a folder: of the user and host that ran the case last. */
async function historyOfCase(call: HistoryCall, store: SuiteHistory, hasCase: (report: Report) => boolean) {
  if (call.values.history !== undefined) return (await folderHistory(call, call.values.history)).reports;
  const owners = Map.groupBy(await store.list(), ({ ownerId }) => ownerId);
  const histories = [...owners.values()].map((runs) => reportsOf(call, runs));
  const lastOf = (reports: readonly Report[]) =>
    Math.max(-1, ...reports.filter(hasCase).map(({ startedAtMs }) => startedAtMs ?? 0));
  return histories.toSorted((a, b) => lastOf(b) - lastOf(a))[0] ?? [];
}

function reportsOf({ output }: HistoryCall, runs: readonly FoundSuiteRun[]): Report[] {
  return runs.flatMap((run) => {
    const report = readReport(run.head, run.cases);
    if (typeof report !== "string") return [report];
    const time = new Date(run.atMs).toISOString();
    output.log("WARNING", `The record of ${time} in the local history ${report}: it is ignored`);
    return [];
  });
}

/** As CTRF files, of which the newest are kept. One that cannot be read is a warning: without it, less is known. */
export async function folderHistory({ context, output }: HistoryCall, folder: string) {
  const base = folder.replace(/(?<=.)[\\/]+$/, "");
  const paths = await context.listFiles(base, /\.json$/i);
  const read = async (path: string) => {
    const text = await textOf(path, context);
    return typeof text === "string" ? readCtrf(text) : `cannot be read: ${text.reason}`;
  };
  const files = await Promise.all(paths.map(async (path) => [path, await read(path)] as const));
  const reports = new Map<string, Report>();
  for (const [path, report] of files) {
    if (typeof report === "string") output.log("WARNING", `${path} ${report}: it is ignored`);
    else reports.set(path, report);
  }
  const own = Array.from({ length: MAX_EARLIER_RUNS }, (_, index) => {
    return `${base}/run-${String(index + 1).padStart(2, "0")}.json`;
  });
  const timeOf = (report: Report | string | undefined) => typeof report === "object" ? report.startedAtMs ?? 0 : 0;
  const timeBefore = (path: string) => timeOf(reports.get(path));
  return {
    /** In any order, of all environments. */
    reports: [...reports.values()],
    /** In place of an earlier report on the same run. */
    async save(report: Report): Promise<void> {
      let path = own.find((path) => isSameRun(reports.get(path), report));
      await checkHistoryFolder(context, folder);
      // Another process may have added or replaced a report meanwhile. After a signal, a folder is not listed any more.
      for (const free of own.filter((path) => !paths.includes(path))) {
        path ??= await isNew(context, free) ? free : undefined;
      }
      for (const oldest of own.toSorted((a, b) => timeBefore(a) - timeBefore(b))) {
        path ??= timeOf(await read(oldest)) === timeBefore(oldest) ? oldest : undefined;
      }
      await replaceOutputFile(context, path ?? own[0] ?? folder, renderCtrf(report));
    },
  };
}

/** Creates it. @throws UsageError if no report can be written there. */
export async function checkHistoryFolder(context: Context, folder: string): Promise<void> {
  const hint = "Choose another folder for --history";
  if (folder === "-") throw new UsageError("Cannot write to -: it is not the name of a folder", { hint });
  await orUsageError(`create the folder ${folder}`, () => context.createFolder(folder), hint);
  await orUsageError(`write to ${folder}`, () => context.checkReplaceable(`${folder}/run.json`), hint);
}

async function isNew({ checkNewFile }: Context, path: string): Promise<boolean> {
  // Anything else is reported when it is written.
  return await checkNewFile(path).then(() => true, (error) => !(error instanceof Deno.errors.AlreadyExists));
}

/** A report of the same call before it was resumed. */
function isSameRun(earlier: Report | undefined, { startedAtMs, title }: Report): boolean {
  return startedAtMs !== null && earlier?.startedAtMs === startedAtMs && earlier.title === title;
}

/** `test history CASE`: what earlier runs show about a case. */
export async function answerHistory(call: SuiteCall, names: readonly string[]): Promise<number> {
  const { output, values } = call;
  const [name] = names;
  if (name === undefined || names.length > 1) {
    throw new UsageError("test history: expected the name of one case", {
      hint: "`pw-workflow-runner test --list` lists them",
    });
  }
  if (values.format === "csv" && output.mode !== "text") {
    throw new UsageError("Cannot use --format csv together with --json or --output");
  }
  await using store = openRunStore(call, "read");
  const isNamed = (one: ReportCase) => one.name === name || one.id === name;
  const reports = await historyOfCase(call, store.suites, (report) => report.cases.some(isNamed));
  const runs = earlierRuns(reports, { environment: values.env ?? null });
  const cases = runs.flatMap((run) => run.cases);
  const id = cases.findLast(isNamed)?.id;
  if (id === undefined) {
    const known = [...new Set(cases.map((one) => one.name))];
    const where = values.history ?? "the local history";
    const environment = values.env === undefined ? "" : ` of the environment ${values.env}`;
    const others = new Set(reports.filter((report) => report.cases.some(isNamed)).map((report) => report.environment));
    const names = [...others].toSorted((a, b) => (a ?? "").localeCompare(b ?? "", "en"));
    const ran = names.map((other) => other === null ? "without --env" : `with --env ${other}`);
    const hint = ran.length === 0 ? didYouMean(name, known) : `It ran ${ran.join(", and ")}`;
    throw new NotFound(`Cannot find the case "${name}" in ${where}${environment}`, { hint });
  }
  const points = pointsById(runs).get(id) ?? [];
  const known = [...new Set(points.flatMap((point) => Object.keys(point.metrics)))];
  const { metric } = values;
  if (metric !== undefined && !known.includes(metric)) {
    throw new NotFound(`Cannot find the metric "${metric}" of the case "${name}" in its earlier runs`, {
      hint: didYouMean(metric, known) ??
        `Available: ${known.join(", ") || "none"}; run and queue times are shown without --metric`,
    });
  }
  const metrics = metric === undefined ? known : [metric];
  if (values.format === "csv") output.answer(csvOf(points, metrics));
  else output.result({ id, name, points, ...COMPLETED }, () => points.map((one) => lineOf(one, metrics)).join("\n"));
  return 0;
}

function csvOf(points: readonly TrendPoint[], metrics: readonly string[]): string {
  const head = ["time", "verdict", "run_seconds", "queue_seconds", ...metrics];
  const rows = points.map(({ atMs, verdict, runSeconds, queueSeconds, metrics: values }) => {
    return [new Date(atMs).toISOString(), verdict, runSeconds, queueSeconds, ...metrics.map((name) => values[name])];
  });
  return [head, ...rows].map((cells) => cells.map(cellOf).join(",")).join("\n");
}

function lineOf({ atMs, verdict, isFlaky, runSeconds, metrics }: TrendPoint, names: readonly string[]): string {
  const time = new Date(atMs).toISOString().slice(0, 16).replace("T", " ");
  const facts = [
    isFlaky ? "flaky" : "",
    runSeconds === null ? "" : `ran ${formatDuration(runSeconds * 1_000)}`,
    ...names.flatMap((name) => metrics[name] === undefined ? [] : [`${name} ${metrics[name]}`]),
  ].filter((fact) => fact !== "");
  return `${time}  ${verdictText(verdict).padEnd(15)} ${facts.join(", ")}`.trimEnd();
}
