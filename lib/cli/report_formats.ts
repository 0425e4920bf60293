/** The formats of `--report`. A new one is a file and an entry here. */

import type { Context } from "./context.ts";
import type { ReportWriter } from "./reporter.ts";

export interface ReportFormat {
  /** Completes `NAME: also …`. */
  readonly summary: string;
  open(context: Context): Promise<ReportWriter>;
}

export const REPORT_FORMATS: Readonly<Record<string, ReportFormat>> = {
  github: {
    summary: "write step summary, annotations and outputs of GitHub Actions",
    open: async (context) => (await import("./github_report.ts")).openGithubReport(context),
  },
};
