/** A report as it is kept in the run store: for one suite, and without what is long. */

import type { Report, ReportAttempt, ReportCase } from "../reports/report.ts";
import type { StoredSuiteRun, SuiteHistory, SuiteScope } from "../store/suite_history.ts";
import { MAX_EARLIER_RUNS } from "./history.ts";

export interface SuiteRecord extends Pick<StoredSuiteRun, "head" | "cases"> {
  /** By name. */
  readonly suite: string;
}

/** One for each suite, so that it does not matter with which others it was run. */
export function suiteRecords({ changes: _changes, ...report }: Report): readonly SuiteRecord[] {
  return [...Map.groupBy(report.cases, ({ suite }) => suite)].map(([suite, cases]) => ({
    suite,
    head: { ...report, title: suite, cases: [] },
    cases: cases.map(withoutDetails),
  }));
}

/** Keeps it for later runs, in place of the one that started at the same instant. Throws StorageError. */
export async function keepReport(
  history: SuiteHistory,
  scope: Omit<SuiteScope, "suite">,
  report: Report,
): Promise<void> {
  for (const { suite, ...record } of suiteRecords(report)) {
    await history.put({ ...scope, suite }, { ...record, atMs: report.startedAtMs ?? 0 }, MAX_EARLIER_RUNS);
  }
}

/** What no comparison with later runs needs is left out. */
function withoutDetails(one: ReportCase): ReportCase {
  return {
    ...one,
    tags: [],
    inputs: null,
    expectations: [],
    reason: null,
    attempts: one.attempts.slice(-1).map(withoutEvidence),
    repeatCommand: null,
  };
}

function withoutEvidence(attempt: ReportAttempt): ReportAttempt {
  const { end } = attempt;
  const brief = { ...attempt, logTail: [], url: null, reason: null };
  if (end.type === "error") {
    return { ...brief, end: { type: "error", error: { ...end.error, message: "", hint: undefined, problems: [] } } };
  }
  const {
    jobs: _jobs,
    links: _links,
    failure: _failure,
    outputs: _outputs,
    session: _session,
    message: _message,
    ...rest
  } = end.result;
  return { ...brief, end: { type: "result", result: { ...rest, errorMessage: null } } };
}
