/** The formats of reports in files. A new one is a file and a line here. Each is loaded only when it is wanted. */

import type { CtrfOptions } from "./ctrf.ts";
import type { Report } from "./report.ts";

type Render = (report: Report, options: Required<CtrfOptions>) => Promise<string>;

export const FILE_FORMATS = {
  junit: async (report) => (await import("./junit.ts")).renderJunit(report),
  ctrf: async (report, options) => (await import("./ctrf.ts")).renderCtrf(report, options),
  html: async (report, options) => await (await import("./html.ts")).renderHtml(report, options),
  markdown: async (report) => (await import("./github.ts")).githubSummary(report),
} as const satisfies Readonly<Record<string, Render>>;

export type FileFormat = keyof typeof FILE_FORMATS;

export function isFileFormat(name: string): name is FileFormat {
  return Object.hasOwn(FILE_FORMATS, name);
}
