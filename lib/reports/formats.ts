/** The formats of reports in files. A new one is a file and a line here. Each is loaded only when it is wanted. */

import type { CtrfOptions } from "./ctrf.ts";
import type { Report } from "./report.ts";

interface Format {
  /** For completion. */
  readonly summary: string;
  readonly render: (report: Report, options: Required<CtrfOptions>) => Promise<string>;
}

export const FILE_FORMATS = {
  junit: {
    summary: "JUnit XML, for CI systems",
    render: async (report) => (await import("./junit.ts")).renderJunit(report),
  },
  ctrf: {
    summary: "CTRF, for other tools, test merge and --history",
    render: async (report, options) => (await import("./ctrf.ts")).renderCtrf(report, options),
  },
  html: {
    summary: "a page",
    render: async (report, options) => await (await import("./html.ts")).renderHtml(report, options),
  },
  markdown: {
    summary: "for a comment or a wiki page",
    render: async (report) => (await import("./github.ts")).githubSummary(report),
  },
} as const satisfies Readonly<Record<string, Format>>;

export type FileFormat = keyof typeof FILE_FORMATS;

export function isFileFormat(name: string): name is FileFormat {
  return Object.hasOwn(FILE_FORMATS, name);
}
