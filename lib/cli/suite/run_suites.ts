/** Runs suites from their files to their reports. */

import { cachingClient, distinctWarnings } from "../../batches/check_rows.ts";
import { didYouMean } from "../../did_you_mean.ts";
import { InvalidInputs, UsageError } from "../../errors.ts";
import { canonicalJson } from "../../json.ts";
import type { Report, Shard, ShardNumber } from "../../reports/report.ts";
import { seededRandom } from "../../seeded_random.ts";
import { SESSION_PREFIX } from "../../store/submission_rows.ts";
import { sqlitePathOf } from "../../store/open_kv.ts";
import { budgetsIn } from "../../suites/budget.ts";
import { checkFormat } from "../../suites/check_format.ts";
import { type OverridesDocument, overridesFormat } from "../../suites/format.ts";
import { caseIdOf, earlierRuns, hasLastFailed, pointsById } from "../../suites/history.ts";
import { type PlannedCase, planSuites } from "../../suites/plan.ts";
import { type CheckedCase, preflight } from "../../suites/preflight.ts";
import { readSuites } from "../../suites/read_suite.ts";
import { isNamed, selectCases, type Selection } from "../../suites/select.ts";
import { lastSession, newSession, type SuiteSession } from "../../suites/session.ts";
import { readSource } from "../../suites/source.ts";
import { slugOf } from "../../submission.ts";
import { counted } from "../../text.ts";
import { inputChecking, showWarnings } from "../input_options.ts";
import { EXIT_CODES_OF_SIGNALS } from "../exit_codes.ts";
import { renderFailure, reportOf } from "../failure_report.ts";
import { openDeps } from "../open.ts";
import { runStoreName } from "../state_path.ts";
import { checkReplaceableFiles, refuseReadFile } from "../output_file.ts";
import { answerList, answerPlan } from "./answer_plan.ts";
import { executeCases } from "./execute_cases.ts";
import { SUITE_EXIT_CODES, suiteKind } from "../../suites/exit_code.ts";
import { checkHistoryFolder, folderHistory, openHistory } from "./history.ts";
import { limitsOf, retriesThresholdOf, shardOf, type SuiteCall, wantedReports } from "./options.ts";
import { changedFilesSince, environmentOf, suiteFiles } from "./selection.ts";
import { finishReport } from "./write_reports.ts";

/** @returns The exit code. */
export async function runSuites(call: SuiteCall): Promise<number> {
  const { context, output, values, signal } = call;
  const reports = wantedReports(values);
  const shardNumber = shardOf(values);
  const retriesThreshold = retriesThresholdOf(values);
  const limited = limitsOf(values);
  const paths = await suiteFiles(context, values.suites ?? []);
  const { readTextFile, clock } = context;
  const suites = await readSuites(paths, { readTextFile, nowMs: clock.now() });
  await refuseReadFile(context, reports.map(({ file }) => file));
  const environment = environmentOf(suites, values.env);
  const overrides = await overridesOf(values.set ?? []);
  const planned = await planSuites(suites, { environment, env: context.env, overrides });
  output.redact(planned.flatMap(({ secrets }) => secrets));
  const select = (earlier: Points) => selectFor(call, planned, { shardNumber, earlier });
  if (values.list === true && (values.lastFailed !== true || values.history !== undefined)) {
    const { reports } = values.history === undefined ? { reports: [] } : await folderHistory(call, values.history);
    const { selected } = await select(pointsById(earlierRuns(reports, { environment })));
    return answerList(call, selected);
  }
  await using opened = await openDeps(call, "required");
  const deps = { ...opened, client: cachingClient(opened.client) };
  const { user } = await deps.client.whoAmI({ signal });
  const owner = { host: new URL(deps.client.baseUrl).host, user };
  const names = suites.map(({ name }) => name);
  // A run is stored before it is submitted, and which cases failed last is known from their reports.
  const isRequired = values.dryRun !== true || values.lastFailed === true;
  const history = await openHistory(call, { owner, suites: names, environment, isRequired }, deps.store.suites);
  // Another folder may have another suite at the same relative path, and a session of its own. Machines that share a store
  // may have the same suite in different folders.
  const isShared = sqlitePathOf(runStoreName(context)) === undefined;
  const files = isShared ? paths : await Promise.all(paths.map(async (path) => await context.realPath(path) ?? path));
  const identity = {
    owner,
    selection: [jsonOf(files), environment, values.shard ?? null, jsonOf(values.tag), jsonOf(values.case)],
  };
  const isContinued = values.resume === true || values.rejudge === true;
  const last = isContinued ? await lastSession(deps.store, identity) : undefined;
  // Its own report is not an earlier one: --last-failed selects the same cases again.
  const earlier = pointsById(earlierRuns(history.reports, { environment, startedAtMs: last?.startedAtMs }));
  const { selected, shard } = await select(earlier);
  if (values.list === true) return answerList(call, selected);
  await checkReplaceableFiles(context, reports.map(({ file }) => file));
  const checked = await preflight(deps, selected, { signal, checking: inputChecking(values) });
  output.redact(checked.flatMap(({ secrets }) => secrets));
  await showWarnings(output, distinctWarnings(checked, "case"));
  if (values.dryRun === true) return answerPlan(call, checked, earlier);
  if (values.history && shard === null && selected.length > 0) await checkHistoryFolder(context, values.history);
  if (isContinued && last === undefined && selected.length > 0) {
    if (values.rejudge === true) {
      throw new UsageError("Cannot judge again: this suite has not been run on this machine with these options", {
        hint: "Run it without --rejudge first",
      });
    }
    output.log("INFO", "Nothing to resume: starting from the beginning");
  }
  if (last !== undefined) warnOfUntracked(call, last, checked);
  const title = names.join(", ");
  const nowMs = context.clock.now();
  // Without a case, the last session stays the last.
  const session = selected.length === 0
    ? { ...NO_SESSION, startedAtMs: nowMs }
    : last ?? await newSession(deps.store, { ...identity, title, nowMs, random: context.random });
  const run = await executeCases({ ...call, deps }, checked, {
    ...session,
    title,
    environment,
    retriesThreshold,
    // The option holds for all suites together, in place of their own budgets.
    budgets: values.budget === undefined ? budgetsIn(suites) : [{ suite: null, limitMs: values.budget }],
    earlier,
  });
  const cases = limited(run.cases);
  const kind = suiteKind(cases);
  const exitCode = run.stopped === null ? SUITE_EXIT_CODES[kind] : EXIT_CODES_OF_SIGNALS[run.stopped.signal];
  const report: Report = {
    kind: "suite",
    title,
    platformUrl: deps.client.baseUrl,
    user,
    startedAtMs: session.startedAtMs,
    // The time that judging takes is not part of the runs.
    endedAtMs: values.rejudge === true ? null : context.clock.now(),
    environment,
    shard,
    exitCode,
    cases,
  };
  const ended = await finishReport(call, report, {
    reports,
    history,
    kind: run.stopped === null ? kind : "stopped",
    submitted: run.submitted,
    hint: "Judge the same runs again with --rejudge, which writes the reports and runs nothing",
  });
  if (run.error !== null) output.log("ERROR", await renderFailure(reportOf(run.error), output.style));
  if (run.stopped !== null || run.error !== null) {
    output.log("WARNING", "Runs that have started continue. Continue the suite with --resume");
  }
  return ended;
}

/** A case that was edited or is not selected any more has another key, or none. */
function warnOfUntracked({ output }: SuiteCall, { previous }: SuiteSession, checked: readonly CheckedCase[]): void {
  const keys = new Set(checked.map(({ key }) => key));
  const left = [...previous].filter(([key, { previous: { last } }]) => !keys.has(key) && last?.state === "active");
  if (left.length === 0) return;
  const slugs = left.flatMap(([, { previous: { last } }]) => last === null ? [] : slugOf(last) ?? []).join(", ");
  output.log(
    "WARNING",
    `Not tracked: ${counted(left.length, "run")} of the last call, without a case in this one: ${slugs}`,
  );
}

const jsonOf = (names: readonly string[] = []) => canonicalJson([...names]);

type Points = ReturnType<typeof pointsById>;

/** @throws UsageError if there is none, even if all had changed or failed. */
async function selectFor(
  { context, output, values }: SuiteCall,
  planned: readonly PlannedCase[],
  { shardNumber, earlier }: { readonly shardNumber: ShardNumber | null; readonly earlier: Points },
): Promise<{ readonly selected: readonly PlannedCase[]; readonly shard: Shard | null }> {
  const points = Map.groupBy(earlier, ([id]) => caseIdOf(id));
  const failed = planned.filter(({ id }) => hasLastFailed((points.get(id) ?? []).flatMap(([, own]) => own)));
  const selection: Selection = {
    ids: values.lastFailed === true ? new Set(failed.map(({ id }) => id)) : null,
    tags: values.tag,
    cases: values.case,
    changedFiles: values.changedSince === undefined ? null : await changedFilesSince(context, values.changedSince),
    repeat: values.repeat,
    random: values.seed === undefined ? context.random : seededRandom(values.seed),
  };
  const selected = selectCases(planned, { ...selection, shard: shardNumber, order: values.order });
  const all = selectCases(planned, selection);
  const placeOf = new Map(all.map(({ id }, place) => [id, place]));
  const places = selected.flatMap(({ id }) => placeOf.get(id) ?? []);
  const chosen = { selected, shard: shardNumber && { ...shardNumber, total: all.length, places } };
  const known = planned.map(({ caseName }) => caseName);
  const unknown = (values.case ?? []).filter((name) => !planned.some((one) => isNamed(one, name)))
    .map((name) => ({ name, hint: didYouMean(name, known) }));
  // Nothing else shows that a mistake in one of several names leaves out its case.
  for (const { name, hint } of unknown.length === values.case?.length ? [] : unknown) {
    output.log("WARNING", [`--case ${name} selects no case`, ...hint === undefined ? [] : [hint]].join(". "));
  }
  // With more shards than cases, the last ones have nothing to do.
  if (all.length > 0) return chosen;
  if (selectCases(planned, { ...selection, ids: null, changedFiles: null }).length === 0) {
    throw new UsageError("Cannot run the suite: no case is selected", {
      hint: unknown[0]?.hint ?? "--list alone shows all cases",
    });
  }
  const why = values.changedSince === undefined
    ? "no case failed, was not judged or never ran"
    : `no case depends on a file that has changed since ${values.changedSince}`;
  output.log("INFO", `Nothing to run: ${why}`);
  return chosen;
}

const NO_SESSION = { sessionId: `${SESSION_PREFIX}empty`, previous: new Map() } as const;

/** @throws InvalidInputs */
async function overridesOf(settings: readonly string[]): Promise<OverridesDocument> {
  const lines = settings.map((setting) => {
    const [, name, value] = /^case\.([\w-]+)=(.*)$/s.exec(setting) ?? [];
    if (name !== undefined) return `${name}: ${value}`;
    throw new UsageError(`Cannot use --set ${setting}`, { hint: "Write it like case.timeout=30m" });
  });
  if (lines.length === 0) return {};
  const { value, problems } = checkFormat(overridesFormat, await readSource(lines.join("\n"), "--set"));
  if (value === undefined) throw new InvalidInputs("Cannot use the values of --set", problems);
  return value;
}
