/** Where the reports of earlier runs of suites are: in the folder of `--history`, or else in the run store. */

import type { Owner } from "../../account.ts";
import { StorageError } from "../../errors.ts";
import type { Report } from "../../reports/report.ts";
import type { FoundSuiteRun, SuiteHistory } from "../../store/suite_history.ts";
import { keepReport, reportOfRecord } from "../../suites/suite_record.ts";
import { type EarlierReports, folderHistory } from "./history_folder.ts";
import type { SuiteCall } from "./options.ts";

type HistoryCall = Pick<SuiteCall, "context" | "output"> & { readonly values: Pick<SuiteCall["values"], "history"> };

export interface HistoryScope {
  readonly owner: Owner;
  /** By name. */
  readonly suites: readonly string[];
  readonly environment: string | null;
  /** False (the default) if the command works without earlier reports. */
  readonly isRequired?: boolean;
}

/**
 * A store that cannot be used is a warning, once, where it is not required: less is known then.
 *
 * @throws StorageError if the reports are required and cannot be read.
 */
export async function openHistory(
  call: HistoryCall,
  { owner, suites, environment, isRequired = false }: HistoryScope,
  store: SuiteHistory,
): Promise<EarlierReports> {
  if (call.values.history !== undefined) return await folderHistory(call, call.values.history);
  const { output } = call;
  const stated = new Set<string>();
  const ifUsable = async <T>(act: () => Promise<T>, what: string): Promise<T | undefined> => {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (!stated.has(error.message)) output.log("WARNING", `Cannot ${what}: ${error.message}`);
      stated.add(error.message);
      return undefined;
    }
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
export async function historyOfCase(
  call: HistoryCall,
  store: SuiteHistory,
  hasCase: (report: Report) => boolean,
): Promise<readonly Report[]> {
  if (call.values.history !== undefined) return (await folderHistory(call, call.values.history)).reports;
  const owners = Map.groupBy(await store.list(), ({ ownerId }) => ownerId);
  const histories = [...owners.values()].map((runs) => reportsOf(call, runs));
  const lastOf = (reports: readonly Report[]) =>
    Math.max(-1, ...reports.filter(hasCase).map(({ startedAtMs }) => startedAtMs ?? 0));
  return histories.toSorted((a, b) => lastOf(b) - lastOf(a))[0] ?? [];
}

function reportsOf({ output }: Pick<SuiteCall, "output">, runs: readonly FoundSuiteRun[]): readonly Report[] {
  return runs.flatMap((run) => {
    const report = reportOfRecord(run);
    if (typeof report !== "string") return [report];
    const time = new Date(run.atMs).toISOString();
    output.log("WARNING", `The record of ${time} in the local history ${report}: it is ignored`);
    return [];
  });
}
