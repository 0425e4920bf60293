/** The reports of suites: written where they were asked for, also joined from those of shards. */

import { countCases, formatCounts, reasonsOf, worstFirst } from "../../reports/cases.ts";
import { UsageError } from "../../errors.ts";
import { escapeWorkflowCommands } from "../../escape.ts";
import { orUsageError } from "../../os_error.ts";
import { mergeShards } from "../../reports/merge.ts";
import type { Report } from "../../reports/report.ts";
import { SUITE_EXIT_CODES, suiteKind } from "../../suites/exit_code.ts";
import { openRunStore } from "../open.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { caseLine, renderText } from "../../reports/text.ts";
import { githubAnnotations } from "../../reports/github.ts";
import type { CtrfOptions } from "../../reports/ctrf.ts";
import { FILE_FORMATS } from "../../reports/formats.ts";
import { changesOf, earlierRuns, trendsOf } from "../../suites/history.ts";
import type { Submitted } from "../../result.ts";
import { workflowCommand } from "../../reports/workflow_command.ts";
import type { Context } from "../context.ts";
import { styleFor } from "../terminal/style.ts";
import { checkReplaceableFiles, refuseReadFile, replaceOutputFile, writeOutputFiles } from "../output_file.ts";
import { cleanReport } from "../reporter.ts";
import { type EarlierReports, openHistory } from "./history.ts";
import { limitsOf, type SuiteCall, type WantedReport, wantedReports } from "./options.ts";

/** Facts of the job, from GitHub and GitLab. */
function ciFacts({ env }: Context): Required<Omit<CtrfOptions, "trends">> {
  const run = env("GITHUB_RUN_ID");
  const runUrl = `${env("GITHUB_SERVER_URL")}/${env("GITHUB_REPOSITORY")}/actions/runs/${run}`;
  return {
    runId: run ?? env("CI_PIPELINE_ID") ?? null,
    ci: {
      buildUrl: run === undefined ? env("CI_JOB_URL") : runUrl,
      commit: env("GITHUB_SHA") ?? env("CI_COMMIT_SHA"),
      branchName: env("GITHUB_REF_NAME") ?? env("CI_COMMIT_REF_NAME"),
    },
  };
}

/**
 * Compares a report with earlier ones, writes it everywhere, and answers with it. A file that cannot be written is an error
 * beside the others: the runs were made.
 *
 * @returns The exit code.
 */
export async function finishReport(
  call: SuiteCall,
  report: Report,
  { reports, kind, submitted, history, hint }: {
    readonly reports: readonly WantedReport[];
    readonly kind: string;
    readonly submitted: Submitted;
    readonly history: EarlierReports;
    /** What to do if something cannot be written. */
    readonly hint: string;
  },
): Promise<number> {
  const { context, output, values } = call;
  const earlier = earlierRuns(history.reports, report);
  const trends = trendsOf(earlier, report);
  // In an empty folder, each failure is new; a machine whose local history is empty may have been started for this run.
  const isCompared = values.history !== undefined || earlier.length > 0;
  const compared = isCompared ? { ...report, changes: changesOf(report, trends) } : report;
  const clean = cleanReport(compared, output.secrets());
  const areWritten = await writeOutputFiles(output, [
    ...reports.map(({ format, file }) => ({
      hint,
      write: async () =>
        await replaceOutputFile(
          context,
          file,
          await FILE_FORMATS[format].render(clean, { ...ciFacts(context), trends }),
        ),
    })),
    // A shard is a part of a run: the merged report is added. One without cases would take the place of one that has some.
    ...report.shard === null && report.cases.length > 0 ? [{ hint, write: () => history.save(clean) }] : [],
  ]);
  if (output.reporter === undefined && context.env("GITHUB_ACTIONS") === "true") writeCommands(context, clean);
  // A signal, or that it is not known whether a run was started, is more urgent.
  const isUrgent = report.exitCode > 64 || report.exitCode === SUITE_EXIT_CODES.submit_unknown;
  const codeOf = (areWritten: boolean) => areWritten || isUrgent ? report.exitCode : EXIT_CODES.connection_lost;
  // The last, because it contains the exit code.
  const write = () => Promise.try(() => output.reporter?.finish({ ...clean, exitCode: codeOf(areWritten) }));
  const exitCode = codeOf(await writeOutputFiles(output, [{ hint, write }]) && areWritten);
  const answered = exitCode === report.exitCode ? kind : "machine_failed";
  return output.result(
    { ...clean, counts: countCases(clean.cases), exitCode, kind: answered, submitted },
    () => renderText(clean, output.answerStyle, trends),
    { states: `${clean.title}: ${formatCounts(clean.cases)}`, hint, submitted },
  );
}

/** In the log of a job: a group for each case that did not pass, and annotations. */
function writeCommands({ stderr }: Context, report: Report): void {
  for (const one of worstFirst(report.cases)) {
    const lines = [...reasonsOf(one), ...one.attempts.at(-1)?.logTail ?? []];
    stderr.write(`${workflowCommand("group", {}, caseLine(one, styleFor(false)))}\n`);
    for (const line of lines) stderr.write(`  ${escapeWorkflowCommands(line)}\n`);
    stderr.write("::endgroup::\n");
  }
  for (const line of githubAnnotations(report)) stderr.write(`${line}\n`);
}

/** `test merge`. */
export async function mergeReports(call: SuiteCall, paths: readonly string[]): Promise<number> {
  const { context, values } = call;
  if (paths.length === 0) {
    throw new UsageError("test merge: missing the reports of the shards", {
      hint:
        "Write one per shard with --report ctrf=FILE: pw-workflow-runner test merge 1.json 2.json --report html=all.html",
    });
  }
  const reports = wantedReports(values);
  const outputs = reports.map(({ file }) => file);
  await refuseReadFile(context, outputs, paths);
  await checkReplaceableFiles(context, outputs);
  const files = await Promise.all(paths.map(async (path) => {
    return { path, text: await orUsageError(`read ${path}`, () => context.readTextFile(path)) };
  }));
  const limited = limitsOf(values);
  const merged = mergeShards(files, (cases) => SUITE_EXIT_CODES[suiteKind(limited(cases))]);
  const report = { ...merged, cases: limited(merged.cases) };
  await using store = openRunStore(call, "optional");
  const { platformUrl, user, environment, cases } = report;
  const owner = { host: URL.canParse(platformUrl ?? "") ? new URL(platformUrl ?? "").host : "", user: user ?? "" };
  const suites = cases.map(({ suite }) => suite);
  const history = await openHistory(call, { owner, suites, environment }, store.suites);
  return await finishReport(call, report, {
    reports,
    history,
    kind: suiteKind(report.cases),
    submitted: "no",
    hint: "Free disk space, or choose another file, and merge again",
  });
}
