import type { Fault } from "../fault.ts";
import { inFile } from "./in_file.ts";

const READ = ["tests/suites/read_suite_test.ts"];
const JUDGE = ["tests/suites/judge_test.ts", "tests/suites/compare_test.ts"];
const RUN = ["tests/suites/run_suites_test.ts"];
const ENDED = ["tests/suites/ended_test.ts"];
const PIPELINE = ["tests/suites/pipeline_test.ts"];

export const SUITES_FAULTS: readonly Fault[] = [
  ...inFile("lib/suites/source.ts", READ, [
    ["Secrets of a suite are shown in excerpts", "secrets.push(value);", ""],
    ["Tags of a suite are ignored", "if (tag !== undefined) report(tag);", ""],
  ]),
  ...inFile("lib/suites/known_failures.ts", READ, [
    ["Known failures never expire", "else if (until < today)", "else if (until > `${today}x`)"],
  ]),
  ...inFile("lib/suites/judge.ts", JUDGE, [
    [
      "An unexpected pass comes before a failure",
      "if (failed !== undefined) {",
      "if (failed !== undefined && knownFailures.length === 0) {",
    ],
    ["What was not compared passes unexpectedly", "return about.length > 0 && about.every", "return about.every"],
    ["Secret outputs are shown", "if (secret === true) return", "if (secret === false) return"],
    ["A log that was not read lacks every text", "isUncertain: isPart && one.isMet", "isUncertain: false"],
    ["A log that was not read contains nothing", "isUncertain: isPart && !one.isMet", "isUncertain: false"],
  ]),
  ...inFile("lib/suites/compare.ts", JUDGE, [
    [
      "The tolerance is of the actual value",
      "Math.abs(expected) * Number.parseFloat(tolerance) / 100",
      "Number.parseFloat(tolerance)",
    ],
  ]),
  ...inFile("lib/suites/attempt.ts", RUN, [
    [
      "Waiting too long in the queue is a failure",
      'if (limit === "queue") return evidence(',
      'if (limit !== "queue" && false) return evidence(',
    ],
    [
      "A session is left running",
      "if (isReady) await",
      "if (false) await",
    ],
  ]),
  ...inFile("lib/suites/attempt.ts", ENDED, [
    ["A resumed suite judges that its session was cancelled", "if (!isReady && submission", "if (submission"],
    ["A session shows that it was cancelled", 'kept?.of === "session" ? readyAgain(ended.end) :', ""],
    ["A run that could not be cancelled is never judged", 'kept?.of === "cancelled" && hasEnded', "false"],
  ]),
  ...inFile("lib/suites/finish.ts", ENDED, [
    ["A cancelled run stays open", "left = results.map(", "return true; left = results.map("],
    ["What was not sent stays open", "isUnsent(one) ?", "isUnsent(one) && false ?"],
  ]),
  ...inFile("lib/suites/finish.ts", RUN, [
    [
      "Only the run of the last attempt is deleted",
      'cleanup === "delete") return runs;',
      'cleanup === "delete") return runs.slice(-1);',
    ],
  ]),
  ...inFile("lib/suites/execute.ts", RUN, [
    ["A resumed suite shows secrets from outputs of other runs", "!dependsOnRuns(state.one)", "true"],
  ]),
  ...inFile("lib/suites/finish.ts", ["tests/scheduler/suites_test.ts"], [
    [
      "Each tick deletes the same runs again",
      "const judged = { ...stored.origin.judged, isRunDeleted: true as const };",
      "const judged = stored.origin.judged;",
    ],
  ]),
  ...inFile("lib/suites/session.ts", ENDED, [
    ["What was not sent counts as an attempt", "|| submission.kind !== NEVER_SENT);", "|| true);"],
  ]),
  ...inFile("lib/suites/interrupted.ts", ENDED, [
    ["A refused cancel is reported as one", "run !== null && !hasEnded", "!hasEnded"],
    ["A run that has ended is reported as cancelled", "run !== null && !hasEnded", "run !== null"],
    ["A cancelled run is judged by that", "await storeQuietly(deps, { ...submission,", "void ({ ...submission,"],
  ]),
  ...inFile("lib/suites/case_state.ts", RUN, [
    [
      "A case waits for a failed one only",
      'const isMet = when === "finished" ? hasRun :',
      'const isMet = when === "passed" ? hasRun :',
    ],
  ]),
  ...inFile("lib/suites/evidence.ts", RUN, [
    ["A log that could not be read is an empty one", "unreadLog = redact(failure.message);", ""],
    ["A secret output is compared as its mask", "rawOutputs: result.outputs ?? {},", ""],
    ["A log that shows a secret lacks it", ", rawText: text }", " }"],
    ["A check sees the API key", ".filter((name) => !/^PW_API_KEY$/i.test(name))", '.concat("PW_API_KEY")'],
  ]),
  ...inFile("lib/suites/exit_code.ts", ENDED, [
    ["A search that a deadline ends has started nothing", 'end.error.submitted === "unknown"', "false"],
  ]),
  ...inFile("lib/suites/exit_code.ts", RUN, [
    [
      "Nothing judged is a success",
      'unjudged.length > 0 || (judged === 0 && cases.length > 0) ? "not_judged"',
      'unjudged.length > 0 ? "not_judged"',
    ],
  ]),
  ...inFile("lib/cli/suite/run_suites.ts", ["tests/suites/run_suites_test.ts", "tests/suites/resume_test.ts"], [
    ["Resuming starts a new session", "const last = isContinued ?", "const last = !isContinued ?"],
  ]),
  ...inFile("lib/suites/session.ts", ["tests/suites/nights_test.ts"], [
    ["The runs of another machine are taken for those of this call", "newCorrelationTag(nowMs, random)", '"1"'],
  ]),
  ...inFile("lib/suites/suite_record.ts", ["tests/suites/suite_record_test.ts"], [
    ["The run store keeps logs", "logTail: [], url", "url"],
  ]),
  ...inFile("lib/store/suite_history.ts", ["tests/store/run_store_test.ts"], [
    ["Reports of suites are never removed", "|| !kept.has(timeOf(key))", ""],
    ["Only the first suite is pruned", "start = [...scope, AFTER_TIMES];", "return;"],
  ]),
  ...inFile("lib/suites/history.ts", ["tests/suites/history_test.ts"], [
    ["A resumed run is compared with itself", " && report.startedAtMs !== startedAtMs", ""],
  ]),
  ...inFile("lib/suites/budget.ts", ["tests/suites/budget_test.ts"], [
    ["What runs does not count for a budget", "if (!isRunning) return sum + ended;", "return sum + ended;"],
    ["A budget that was used up has room again", "if (usedUp.has(budget)) return true;", ""],
  ]),
  ...inFile("lib/suites/estimate.ts", ["tests/suites/estimate_test.ts"], [
    ["Cases that need others are expected to start at once", "!one.needs.some(({ id }) => open.has(id)) && ", ""],
  ]),
  ...inFile("lib/reports/text.ts", ["tests/reports/changes_test.ts"], [
    ["It is not shown for how long a case has been skipped", "streak > 1 ?", "streak > 99 ?"],
  ]),
  ...inFile("lib/reports/junit.ts", ["tests/reports/junit_test.ts"], [
    ["Control characters stay in JUnit", ".replace(/[\\u0000-\\u0008", ".replace(/[\\ue000-\\ue008"],
    ["The class name has dots", 'classname: one.suite.replaceAll(".", "_"),', "classname: one.suite,"],
  ]),
  ...inFile("lib/reports/ctrf.ts", ["tests/reports/ctrf_test.ts"], [
    [
      "Insights leave out this run",
      "return [...trends.get(one.id)?.points ?? [], now];",
      "return trends.get(one.id)?.points ?? [now];",
    ],
  ]),
  ...inFile("lib/reports/html/filter.ts", ["tests/reports/html_test.ts"], [
    ["What a filter leaves over is out of view", "element.hidden = FILTERS.some(", "element.hidden = [].some("],
  ]),
  ...inFile("lib/cli/suite/pipeline.ts", PIPELINE, [
    [
      "The jobs of a pipeline lack the options",
      "...limit, ...writtenOptions(call, (key) => !OWN.has(key))]",
      "...limit]",
    ],
    [
      "GitHub evaluates expressions in names of cases",
      "const literal = (text: string) => text.replaceAll(",
      "const literal = (text: string) => text.replace(/^never$/, ",
    ],
  ]),
  ...inFile("lib/cli/suite/run_suites.ts", PIPELINE, [
    ["A shard without cases fails", "if (all.length > 0) return chosen;", "if (selected.length > 0) return chosen;"],
  ]),
  ...inFile("lib/cli/suite/run_suites.ts", ["tests/suites/run_suites_test.ts"], [
    ["Where nothing has changed, the suite fails", "{ ...selection, ids: null, changedFiles: null }", "selection"],
    [
      "A call without cases replaces the last session",
      "selected.length === 0\n    ? { ...NO_SESSION, startedAtMs: nowMs }\n    : last",
      "last",
    ],
  ]),
  ...inFile(".github/workflows/nightly.yml", ["tests/nightly_issue_test.ts"], [
    [
      "The issue of an outage is closed before its failures are judged again",
      'if [ -z "$REGRESSIONS$STILL_FAILING$UNJUDGED" ]',
      'if [ -z "$REGRESSIONS$STILL_FAILING" ]',
    ],
    ["A night without a result closes the issue", 'if [ "$INFRA_ONLY" != false ]', 'if [ "$INFRA_ONLY" = true ]'],
  ]),
  ...inFile("action.yml", ["tests/action_test.ts"], [
    [
      "A night that fails is missing in the history",
      "if: ${{ always() && inputs.history",
      "if: ${{ inputs.history",
    ],
  ]),
  ...inFile("lib/suites/interrupted.ts", RUN, [
    [
      "The runs that continue are not named",
      '?? { type: "open", attempt, submission: last }',
      '?? { type: "not-submitted" }',
    ],
  ]),
  ...inFile("lib/suites/budget.ts", ["tests/suites/budget_test.ts"], [
    ["Judging a run uses the budget", "if (ranSeconds !== null) return", "if (false) return"],
  ]),
];
