/** Writes the reports of a suite where they were asked for. */

import { caseLine, renderText } from "../../reports/text.ts";
import { githubAnnotations } from "../../reports/github.ts";
import type { CtrfOptions } from "../../reports/ctrf.ts";
import type { Trends } from "../../reports/trends.ts";
import { changesOf, earlierRuns, trendsOf } from "../../suites/history.ts";
import { countCases, type Report, worstFirst } from "../../reports/report.ts";
import { reasonsOf } from "../../reports/reasons.ts";
import { workflowCommand } from "../../reports/workflow_command.ts";
import type { Context } from "../context.ts";
import type { Output } from "../output.ts";
import { styleFor } from "../terminal/style.ts";
import { replaceOutputFile } from "../output_file.ts";
import { cleanReport } from "../reporter.ts";
import type { EarlierReports } from "./history_folder.ts";
import type { FileFormat, SuiteCall, WantedReport } from "./options.ts";

/** @returns The report without secrets. */
async function writeReports(
  { context, output }: { readonly context: Context; readonly output: Output },
  report: Report,
  reports: readonly WantedReport[],
  trends: Trends,
): Promise<Report> {
  const clean = cleanReport(report, output.secrets());
  output.reporter?.finish(clean);
  for (const { format, file } of reports) {
    if (file === null || format === "text" || format === "github") continue;
    await replaceOutputFile(context, file, await RENDERERS[format](clean, { context, trends }));
  }
  if (output.reporter === undefined && context.env("GITHUB_ACTIONS") === "true") writeCommands(context, clean);
  return clean;
}

interface Rendering {
  readonly context: Context;
  readonly trends: Trends;
}

/** Each format is loaded only when it is wanted. */
const RENDERERS: Readonly<Record<FileFormat, (report: Report, rendering: Rendering) => Promise<string>>> = {
  junit: async (report) => (await import("../../reports/junit.ts")).renderJunit(report),
  ctrf: async (report, { context, trends }) =>
    (await import("../../reports/ctrf.ts")).renderCtrf(report, { ...ciFacts(context), trends }),
  html: async (report, { trends }) => await (await import("../../reports/html.ts")).renderHtml(report, { trends }),
  markdown: async (report) => (await import("../../reports/github.ts")).githubSummary(report),
};

/** Facts of the job, from GitHub and GitLab. */
function ciFacts({ env }: Context): CtrfOptions {
  const repository = `${env("GITHUB_SERVER_URL")}/${env("GITHUB_REPOSITORY")}`;
  const run = env("GITHUB_RUN_ID");
  const buildUrl = run === undefined ? env("CI_JOB_URL") : `${repository}/actions/runs/${run}`;
  const commit = env("GITHUB_SHA") ?? env("CI_COMMIT_SHA");
  const branchName = env("GITHUB_REF_NAME") ?? env("CI_COMMIT_REF_NAME");
  return {
    runId: run ?? env("CI_PIPELINE_ID") ?? null,
    ci: {
      ...buildUrl === undefined ? {} : { buildUrl },
      ...commit === undefined ? {} : { commit },
      ...branchName === undefined ? {} : { branchName },
    },
  };
}

export interface ReportParts {
  readonly reports: readonly WantedReport[];
  readonly kind: string;
  readonly history: EarlierReports;
}

/** Compares a report with earlier ones, writes it everywhere, and answers with it. */
export async function finishReport(
  call: Pick<SuiteCall, "context" | "output" | "values">,
  report: Report,
  { reports, kind, history }: ReportParts,
): Promise<void> {
  const { output, values } = call;
  const earlier = earlierRuns(history.reports, report);
  const trends = trendsOf(earlier, report);
  // In an empty folder, each failure is new; a machine whose local history is empty may have been started for this run.
  const isCompared = values.history !== undefined || earlier.length > 0;
  const compared = isCompared ? { ...report, changes: changesOf(report, trends) } : report;
  const clean = await writeReports(call, compared, reports, trends);
  // A shard is a part of a run: the merged report is added.
  if (report.shard === null) await history.save(clean);
  if (output.mode === "text") return output.answer(renderText(clean, output.answerStyle, trends));
  const submitted = clean.cases.some(({ attempts }) => attempts.length > 0) ? "yes" : "no";
  output.document({ ...clean, counts: countCases(clean.cases), kind, submitted });
}

/** In the log of a job: a group for each case that did not pass, and annotations. */
function writeCommands({ stderr }: Context, report: Report): void {
  for (const one of worstFirst(report.cases)) {
    const lines = [...reasonsOf(one), ...one.attempts.at(-1)?.logTail ?? []];
    stderr.write(`${workflowCommand("group", {}, caseLine(one, styleFor(false)))}\n`);
    // A line of a log is no command.
    for (const line of lines) stderr.write(`  ${line.replaceAll("::", ":\u200b:")}\n`);
    stderr.write("::endgroup::\n");
  }
  for (const line of githubAnnotations(report)) stderr.write(`${line}\n`);
}
