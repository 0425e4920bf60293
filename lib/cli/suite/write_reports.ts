/** Writes the reports of a suite where they were asked for. */

import { UsageError } from "../../errors.ts";
import { osErrorReason } from "../../os_error.ts";
import { caseLine } from "../../reports/text.ts";
import { githubAnnotations } from "../../reports/github.ts";
import { type Report, worstFirst } from "../../reports/report.ts";
import { reasonsOf } from "../../reports/reasons.ts";
import { workflowCommand } from "../../reports/workflow_command.ts";
import type { Context } from "../context.ts";
import type { Output } from "../output.ts";
import { replaceOutputFile } from "../output_file.ts";
import { cleanReport } from "../reporter.ts";
import type { WantedReport } from "./options.ts";

/** @throws UsageError for a file that cannot be written, before anything is sent. */
export async function checkReportFiles({ appendFile }: Context, reports: readonly WantedReport[]): Promise<void> {
  for (const { file } of reports) {
    if (file === null) continue;
    try {
      await appendFile(file, "");
    } catch (error) {
      const reason = osErrorReason(error);
      if (reason === undefined) throw error;
      throw new UsageError(`Cannot write ${file}: ${reason}`, { hint: "Choose another file", cause: error });
    }
  }
}

/** @returns The report without secrets. */
export async function writeReports(
  { context, output }: { readonly context: Context; readonly output: Output },
  report: Report,
  reports: readonly WantedReport[],
): Promise<Report> {
  const clean = cleanReport(report, output.secrets());
  output.reporter?.finish(clean);
  for (const { format, file } of reports) {
    if (format !== "junit" || file === null) continue;
    const { renderJunit } = await import("../../reports/junit.ts");
    await replaceOutputFile(context, file, renderJunit(clean));
  }
  if (output.reporter === undefined && context.env("GITHUB_ACTIONS") === "true") writeCommands(context, clean);
  return clean;
}

/** In the log of a job: a group for each case that did not pass, and annotations. */
function writeCommands({ stderr }: Context, report: Report): void {
  const plain = (text: string) => text;
  const paint = { red: plain, green: plain, yellow: plain, dim: plain, bold: plain };
  for (const one of worstFirst(report.cases)) {
    const lines = [...reasonsOf(one), ...one.attempts.at(-1)?.logTail ?? []];
    stderr.write(`${workflowCommand("group", {}, caseLine(one, paint))}\n`);
    // A line of a log is no command.
    for (const line of lines) stderr.write(`  ${line.replaceAll("::", ":\u200b:")}\n`);
    stderr.write("::endgroup::\n");
  }
  for (const line of githubAnnotations(report)) stderr.write(`${line}\n`);
}
