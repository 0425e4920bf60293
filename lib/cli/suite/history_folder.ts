/** `--history DIR`: the reports of earlier runs as CTRF files, of which the newest are kept. */

import { orUsageError } from "../../os_error.ts";
import { readCtrf, renderCtrf } from "../../reports/ctrf.ts";
import type { Report } from "../../reports/report.ts";
import { MAX_EARLIER_RUNS } from "../../suites/history.ts";
import { textOf } from "../../suites/suite_files.ts";
import { replaceOutputFile } from "../output_file.ts";
import type { SuiteCall } from "./options.ts";

export interface EarlierReports {
  /** In any order, of all environments. */
  readonly reports: readonly Report[];
  /** In place of an earlier report on the same run. */
  save(report: Report): Promise<void>;
}

/** A file that cannot be read is a warning: without it, less is known. */
export async function folderHistory(
  { context, output }: Pick<SuiteCall, "context" | "output">,
  folder: string,
): Promise<EarlierReports> {
  const paths = await context.listFiles(folder, /\.json$/i);
  const files = await Promise.all(
    paths.map(async (path) => {
      const text = await textOf(path, context);
      return { path, report: typeof text === "string" ? readCtrf(text) : `cannot be read: ${text.reason}` };
    }),
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
  const reportAt = (path: string) => read.find((file) => isSamePath(file.path, path))?.report;
  const isKnown = (path: string) => paths.some((other) => isSamePath(other, path));
  // Another process may have added a report meanwhile. After a signal, a folder is not listed any more.
  const firstNew = async (candidates: readonly string[]) => {
    for (const path of candidates) if (await isNew(context, path)) return path;
    return undefined;
  };
  const timeOf = (path: string) => reportAt(path)?.startedAtMs ?? 0;
  return {
    reports: read.map(({ report }) => report),
    async save(report) {
      const same = own.find((path) => isSameRun(reportAt(path), report));
      await orUsageError(`create the folder ${folder}`, async () => await context.createFolder?.(folder));
      const free = same === undefined ? await firstNew(own.filter((path) => !isKnown(path))) : undefined;
      const path = same ?? free ?? own.toSorted((a, b) => timeOf(a) - timeOf(b))[0] ?? folder;
      await replaceOutputFile(context, path, renderCtrf(report));
    },
  };
}

async function isNew({ checkNewFile }: Pick<SuiteCall["context"], "checkNewFile">, path: string): Promise<boolean> {
  try {
    await checkNewFile(path);
    return true;
  } catch (error) {
    // Anything else is reported when it is written.
    return !(error instanceof Deno.errors.AlreadyExists);
  }
}

/** A report of the same call before it was resumed. */
function isSameRun(earlier: Report | undefined, { startedAtMs, title }: Report): boolean {
  return startedAtMs !== null && earlier?.startedAtMs === startedAtMs && earlier.title === title;
}

function isSamePath(a: string, b: string): boolean {
  const normal = (path: string) => path.replaceAll("\\", "/").replace(/^\.\//, "");
  return normal(a) === normal(b);
}
