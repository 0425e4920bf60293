/**
 * Occurrences that run a suite. The submission of one is never sent: it represents the runs of the cases. Their engine runs
 * until the tick has to end, and then leaves all runs as they are: the next tick finds them in the store, where a process
 * that is killed leaves them, too.
 */

import { isOwnedBy, type Owner } from "../account.ts";
import { cachingClient } from "../batches/check_rows.ts";
import { expected, InvalidInputs } from "../errors.ts";
import { problemText } from "../problem.ts";
import { createRedactor, redactDeep } from "../redact.ts";
import { readReport } from "../reports/read_ctrf.ts";
import { countCases, formatCounts, verdictText, worstFirst } from "../reports/cases.ts";
import { changeLists } from "../reports/trends.ts";
import { type Report, type ReportCase, VERDICTS } from "../reports/report.ts";
import type { RunResult } from "../result.ts";
import { createBatchControl } from "../runs/batch_task.ts";
import type { Deps } from "../runs/deps.ts";
import { resultWithoutRun } from "../runs/view.ts";
import { programCommand } from "../shell_command.ts";
import { shortened } from "../store/submission_rows.ts";
import type { SuiteHistory } from "../store/suite_history.ts";
import type { FinishedSubmission, PendingSubmission, SuiteEnd } from "../submission.ts";
import { cancelQuietly } from "../suites/attempt.ts";
import { type Budget, budgetsIn } from "../suites/budget.ts";
import { executeSuites } from "../suites/execute.ts";
import { DEFAULT_SUITE_JOBS, SUITE_EXIT_CODES, type SuiteKind, suiteKind } from "../suites/exit_code.ts";
import { finishSuite } from "../suites/finish.ts";
import { changesOf, earlierRuns, pointsById, trendsOf } from "../suites/history.ts";
import { planSuites } from "../suites/plan.ts";
import { type CheckedCase, preflight } from "../suites/preflight.ts";
import { readSuites } from "../suites/read_suite.ts";
import { selectCases } from "../suites/select.ts";
import { previousCases, sessionOfOccurrence } from "../suites/session.ts";
import { keepReport } from "../suites/suite_record.ts";
import { isOverdue, putUnlessMoved } from "./report_occurrences.ts";
import { listReplaced } from "./scheduler_store.ts";
import { advanceOptions, type PrepareParts, type TickContext } from "./service.ts";

/** Of the failures of a suite, so many are stored and shown. */
const MAX_FAILURES = 50;

/**
 * All of them at once: none waits for another one to end.
 *
 * @param signal Aborts when the tick has to end.
 * @throws The first error that keeps a suite from going on, when all others have done what they can.
 */
export async function advanceSuites(context: TickContext, signal: AbortSignal, owner: Owner): Promise<void> {
  const { deps: { store }, kv } = context.service;
  const rows = await Array.fromAsync(store.openRows("service"));
  const open = await store.getMany(rows.flatMap(({ id, occurrence }) => occurrence?.isSuite === true ? [id] : []));
  const replaced = new Set(await listReplaced(kv));
  const ended = await Promise.allSettled(open.map(async (submission) => {
    if (submission.state !== "pending") return;
    if (!isOwnedBy(submission, owner)) {
      const { host, user } = submission.owner;
      const message = `Its runs belong to ${user} on ${host}, which this server's API key could not read`;
      return await end(context, submission, { status: "unknown", message });
    }
    const isCancelled = replaced.has(submission.submissionId);
    await advanceSuite(context, submission, { signal, isCancelled });
  }));
  const errors = ended.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
  const [error] = errors.toSorted((a, b) => Number(a === signal.reason) - Number(b === signal.reason));
  if (error !== undefined) throw error;
}

async function advanceSuite(
  context: TickContext,
  submission: PendingSubmission,
  { signal, isCancelled }: { readonly signal: AbortSignal; readonly isCancelled: boolean },
): Promise<void> {
  const { service, schedules } = context;
  const { submissionId, origin, owner, createdAtMs, request: { workflow: path } } = submission;
  const deps = { ...service.deps, client: cachingClient(service.deps.client) };
  const schedule = origin.type === "schedule" ? schedules.get(origin.schedule) : undefined;
  const isPastDeadline = schedule?.onDeadline === "cancel" && isOverdue(schedule, createdAtMs, deps.clock.now());
  const sessionId = sessionOfOccurrence(submissionId);
  const checked = await checkSuite({ ...service, deps }, path, signal).catch(expected(InvalidInputs));
  if (checked instanceof InvalidInputs) {
    // A proxy that has lost the server answers 404 to everything: this throws, and the next tick tries again.
    await deps.client.listRuns({ limit: 1, signal, retry: "none" });
    // The deployed file or a workflow has changed since it started: nothing can judge its runs.
    const areCancelled = (isCancelled || isPastDeadline) && await cancelCases(deps, sessionId, signal);
    const options = { ...advanceOptions(signal), sessionId };
    if (areCancelled && !await finishSuite(deps, [], options)) return;
    const what = `Cannot judge ${path}, its runs ${areCancelled ? "were cancelled" : "continue"}`;
    const message = [what, ...checked.problems.map(problemText)].join("; ");
    return await end(context, submission, { status: isCancelled ? "cancelled" : "failed", message });
  }
  const control = createBatchControl(DEFAULT_SUITE_JOBS);
  if (isCancelled) control.stop("cancelled");
  else if (isPastDeadline) control.stop("deadline");
  const earlier = await earlierReports(deps.store.suites, checked.cases, submission);
  const secrets: string[] = [];
  const outcome = await executeSuites({ ...service, ...deps, runIsolated: service.runIsolated }, checked.cases, {
    ...advanceOptions(signal),
    sessionId,
    originType: "scheduled-suite",
    previous: await previousCases(deps.store, sessionId),
    control,
    checking: "lenient",
    deadlineMs: null,
    earlier: pointsById(earlier),
    budgets: checked.budgets,
    urlOf: () => null,
    commandOf: ({ file, name }) => programCommand("test", [file.path], ["--case", name]),
    redact: (values) => void secrets.push(...values),
  });
  if (outcome.error !== null) throw outcome.error;
  if (!outcome.isFinished) return;
  const kind = suiteKind(outcome.cases);
  const report: Report = redactDeep({
    kind: "suite",
    title: path,
    platformUrl: deps.client.baseUrl,
    user: owner.user,
    startedAtMs: createdAtMs,
    endedAtMs: deps.clock.now(),
    environment: null,
    shard: null,
    exitCode: SUITE_EXIT_CODES[kind],
    cases: outcome.cases,
  }, createRedactor(secrets));
  // Before the end, which is not written twice: a tick that dies in between keeps the same report again.
  await keepReport(deps.store.suites, { owner, environment: null }, report);
  const status = isCancelled ? "cancelled" : STATUS_OF_KIND[kind];
  const suite = suiteEnd(report.cases, kind);
  await end(context, submission, { status, message: messageOf(report, earlier, suite.failures), suite });
}

/** @returns False if one of the runs of its cases could not be cancelled. */
async function cancelCases(deps: Deps, sessionId: string, signal: AbortSignal): Promise<boolean> {
  const cases = await previousCases(deps.store, sessionId);
  const runs = [...cases.values()].map(async ({ previous: { last } }) =>
    last?.state !== "active" || await cancelQuietly(deps, last.runId, signal) !== null
  );
  return (await Promise.all(runs)).every((isCancelled) => isCancelled);
}

/** Of the suites of the cases, without that of this occurrence. A record that cannot be read is left out. */
async function earlierReports(
  history: SuiteHistory,
  cases: readonly CheckedCase[],
  { owner, createdAtMs }: PendingSubmission,
): Promise<readonly Report[]> {
  const suites = [...new Set(cases.map(({ suite }) => suite))];
  const found = await Promise.all(suites.map((suite) => history.list({ owner, suite, environment: null })));
  const reports = found.flat().map(({ head, cases }) => readReport(head, cases)).filter((report) =>
    typeof report !== "string"
  );
  return earlierRuns(reports, { environment: null, startedAtMs: createdAtMs });
}

/** A suite of which too little is known is neither completed nor failed. */
const STATUS_OF_KIND = {
  passed: "completed",
  failed: "failed",
  not_judged: "unknown",
  submit_unknown: "unknown",
} as const satisfies Record<SuiteKind, RunResult["status"]>;

function suiteEnd(cases: readonly ReportCase[], kind: SuiteKind) {
  const counts = countCases(cases);
  return {
    kind,
    exitCode: SUITE_EXIT_CODES[kind],
    counts: Object.fromEntries(VERDICTS.flatMap((name) => counts[name] === 0 ? [] : [[name, counts[name]]])),
    failures: worstFirst(cases).slice(0, MAX_FAILURES).map(({ name, verdict, reason, attempts }) => ({
      name,
      verdict,
      reason: shortened(reason),
      slug: attempts.at(-1)?.slug ?? null,
    })),
  } satisfies SuiteEnd;
}

function messageOf(report: Report, earlier: readonly Report[], failures: ReturnType<typeof suiteEnd>["failures"]) {
  const details = failures.map(({ name, verdict, reason, slug }) => {
    const run = slug === null ? "" : ` (${slug})`;
    return `${name} ${verdictText(verdict)}${reason === null ? "" : `: ${reason}`}${run}`;
  });
  const changes = earlier.length === 0 ? [] : changeLists(changesOf(report, trendsOf(earlier, report)));
  const lists = changes.map(({ title, names }) => `${title}: ${names}`);
  return [formatCounts(report.cases), ...lists, ...details].join("; ");
}

/** The end is reported by this tick, or by the next one where this one dies. Without a `suite`, nothing was judged. */
async function end(
  context: TickContext,
  submission: PendingSubmission,
  { status, message, suite }: Pick<RunResult, "status"> & { readonly message: string; readonly suite?: SuiteEnd },
): Promise<void> {
  const { origin, createdAtMs, request: { workflow: path } } = submission;
  if (origin.type !== "schedule") return;
  const nowMs = context.service.deps.clock.now();
  const kind = status === "completed" || status === "failed" || status === "cancelled" ? status : "submit_unknown";
  const finished: FinishedSubmission = {
    ...submission,
    state: "finished",
    origin: { ...origin, suite: { path, end: suite ?? null } },
    updatedAtMs: nowMs,
    // It represents many runs.
    runId: { type: "number", workflow: path, number: 0 },
    result: {
      ...resultWithoutRun(path, null, message),
      status,
      kind,
      startedAt: new Date(createdAtMs).toISOString(),
      completedAt: new Date(nowMs).toISOString(),
      durationSeconds: (nowMs - createdAtMs) / 1_000,
      submitted: "yes",
    },
  };
  await putUnlessMoved(context, finished);
}

/**
 * The cases of a suite file, as `test` runs them without options.
 *
 * @throws InvalidInputs with all problems of the file, or of its cases; the client's errors.
 */
export async function checkSuite(
  { deps: { client, clock }, readTextFile, env }: PrepareParts,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly cases: readonly CheckedCase[]; readonly budgets: readonly Budget[] }> {
  const suites = await readSuites([path], { readTextFile, nowMs: clock.now() });
  const planned = await planSuites(suites, { environment: null, env, overrides: {} });
  const selected = selectCases(planned, { random: () => 0 });
  const cases = await preflight({ client: cachingClient(client) }, selected, { signal, checking: "lenient" });
  return { cases, budgets: budgetsIn(suites) };
}
