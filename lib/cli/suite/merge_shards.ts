/** `test merge`: joins the reports of shards. */

import { UsageError } from "../../errors.ts";
import { orUsageError } from "../../os_error.ts";
import { mergeShards } from "../../reports/merge.ts";
import { SUITE_EXIT_CODES, suiteKind } from "../../suites/exit_code.ts";
import { openRunStore } from "../open.ts";
import { refuseReadFile } from "../output_file.ts";
import { openHistory } from "./history.ts";
import { limitsOf, type SuiteCall, wantedReports } from "./options.ts";
import { finishReport } from "./write_reports.ts";

export async function mergeReports(call: SuiteCall, paths: readonly string[]): Promise<number> {
  const { context, values } = call;
  if (paths.length === 0) {
    throw new UsageError("test merge: missing the reports of the shards", {
      hint:
        "Write one per shard with --report ctrf=FILE: pw-workflow-runner test merge 1.json 2.json --report html=all.html",
    });
  }
  const reports = wantedReports(values);
  await refuseReadFile(context, reports.map(({ file }) => file), paths);
  const files = await Promise.all(paths.map(async (path) => {
    return { path, text: await orUsageError(`read ${path}`, () => context.readTextFile(path)) };
  }));
  const limited = limitsOf(values);
  const merged = mergeShards(files, (cases) => SUITE_EXIT_CODES[suiteKind(limited(cases))]);
  const report = { ...merged, cases: limited(merged.cases) };
  await using store = openRunStore(call, "optional");
  const { platformUrl, user, environment, cases } = report;
  const owner = { host: URL.canParse(platformUrl ?? "") ? new URL(platformUrl ?? "").host : "", user: user ?? "" };
  const history = await openHistory(
    call,
    { owner, suites: cases.map(({ suite }) => suite), environment },
    store.suites,
  );
  return await finishReport(call, report, {
    reports,
    history,
    kind: suiteKind(report.cases),
    submitted: "no",
    hint: "Free disk space, or choose another file, and merge again",
  });
}
