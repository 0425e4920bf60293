/** Runs suites from their files to their reports. */

import { cachingClient } from "../../batches/check_rows.ts";
import { didYouMean } from "../../did_you_mean.ts";
import { InvalidInputs, RunnerError, UsageError } from "../../errors.ts";
import { canonicalJson } from "../../json.ts";
import { caseLine } from "../../reports/text.ts";
import type { Report, ReportCase } from "../../reports/report.ts";
import { createBatchControl } from "../../runs/batch_task.ts";
import type { Deps } from "../../runs/deps.ts";
import { DEFAULT_EXECUTE } from "../../runs/options.ts";
import { seededRandom } from "../../seeded_random.ts";
import { programCommand } from "../../shell_command.ts";
import { counted } from "../../text.ts";
import { checkFormat } from "../../suites/check_format.ts";
import { executeSuites, type SuiteEvent } from "../../suites/execute.ts";
import { type OverridesDocument, overridesFormat } from "../../suites/format.ts";
import { planSuites } from "../../suites/plan.ts";
import { type CheckedCase, preflight } from "../../suites/preflight.ts";
import { readSuites, type Suite } from "../../suites/read_suite.ts";
import { selectCases, type SelectedCase, type Selection } from "../../suites/select.ts";
import { openSession } from "../../suites/session.ts";
import { readSource } from "../../suites/source.ts";
import { createRowStates } from "../batch/row_states.ts";
import { noteOf } from "../batch/viewer.ts";
import { viewBatch } from "../batch/view_batch.ts";
import { inputChecking } from "../check_options.ts";
import { type Context, Stopped } from "../context.ts";
import { COMPLETED, EXIT_CODES_OF_SIGNALS } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import { runPageTemplate, runPageUrl } from "../run_page.ts";
import { waitOptions } from "../tracking/wait_options.ts";
import { earlierMetrics, lastFailed } from "./history_folder.ts";
import { SUITE_EXIT_CODES, suiteKind, withLimits } from "./exit_code.ts";
import {
  DEFAULT_SUITE_JOBS,
  retriesThresholdOf,
  shardOf,
  type SuiteCall,
  type SuiteValues,
  wantedReports,
} from "./options.ts";
import { changedFilesSince, environmentOf, suiteFiles } from "./selection.ts";
import { checkReportFiles, finishReport } from "./write_reports.ts";

/** @returns The exit code. */
export async function runSuites(call: SuiteCall): Promise<number> {
  const { context, output, values, signal } = call;
  const reports = wantedReports(values);
  const shard = shardOf(values);
  const retriesThreshold = retriesThresholdOf(values);
  const paths = await suiteFiles(context, values.suites ?? []);
  const suites = await readSuites(paths, { readTextFile: context.readTextFile, nowMs: context.clock.now() });
  warnOfIgnored(call, suites);
  const environment = environmentOf(suites, values.env);
  const overrides = await overridesOf(values.set ?? []);
  const planned = await planSuites(suites, { environment, env: context.env, overrides });
  output.redact(planned.flatMap(({ secrets }) => secrets));
  const ids = values.lastFailed === true ? await lastFailed(call, planned, environment) : null;
  const selection: Selection = {
    ids,
    tags: values.tag ?? [],
    cases: values.case ?? [],
    changedFiles: values.changedSince === undefined ? null : await changedFilesSince(context, values.changedSince),
    shard,
    repeat: values.repeat ?? 1,
    order: values.order ?? "file",
    random: values.seed === undefined ? context.random : seededRandom(values.seed),
  };
  const selected = selectCases(planned, selection);
  // With more shards than cases, the last ones have nothing to do.
  const isEmptyShard = selected.length === 0 && selectCases(planned, { ...selection, shard: null }).length > 0;
  if (selected.length === 0 && !isEmptyShard) throw noCases(values, planned.map(({ caseName }) => caseName));
  if (values.list === true) return answerList(call, selected);
  await checkReportFiles(context, reports);
  await using opened = await openDeps(call, "required");
  const deps: Deps = { ...opened, client: cachingClient(opened.client) };
  const checking = inputChecking(values);
  const checked = await preflight(deps, selected, { signal, checking });
  output.redact(checked.flatMap(({ secrets }) => secrets));
  if (values.dryRun === true) return answerPlan(call, checked);
  const title = suites.map(({ name }) => name).join(", ");
  const { host } = deps.client;
  const { user } = await deps.client.whoAmI({ signal });
  const session = await openSession(deps.store, {
    owner: { host, user },
    selection: [
      canonicalJson([...paths]),
      environment,
      values.shard ?? null,
      canonicalJson([...values.tag ?? []]),
      canonicalJson([...values.case ?? []]),
    ],
    title,
    nowMs: context.clock.now(),
  }, { isResumed: values.resume === true || values.rejudge === true });
  if (values.rejudge === true && !session.isContinued) {
    throw new UsageError("Cannot judge again: this suite has not been run on this machine with these options");
  }
  if (values.resume === true && !session.isContinued) {
    output.log("INFO", "Nothing to resume: starting from the beginning");
  }
  const startedAtMs = context.clock.now();
  const run = await execute({ ...call, deps }, checked, {
    ...session,
    title,
    environment,
    retriesThreshold,
  });
  const cases = withLimits(run.cases, values, checked.length);
  const kind = isEmptyShard ? "passed" : suiteKind(cases);
  const exitCode = run.stopped === null ? SUITE_EXIT_CODES[kind] : EXIT_CODES_OF_SIGNALS[run.stopped.signal];
  const report: Report = {
    kind: "suite",
    title,
    platformUrl: deps.client.baseUrl,
    startedAtMs,
    endedAtMs: context.clock.now(),
    environment,
    shard,
    exitCode,
    cases,
  };
  await finishReport(call, report, reports, run.stopped === null ? kind : "stopped");
  if (run.stopped !== null) {
    output.log("WARNING", "Stopped: runs that have started continue. Continue the suite with --resume");
  }
  return exitCode;
}

function warnOfIgnored({ output }: SuiteCall, suites: readonly Suite[]): void {
  for (const { path, document: { budget } } of suites) {
    if (budget !== undefined) output.log("WARNING", `${path}: \`budget\` is not judged yet`);
  }
}

/** @throws InvalidInputs */
async function overridesOf(settings: readonly string[]): Promise<OverridesDocument> {
  const lines = settings.map((setting) => {
    const [, name, value] = /^case\.([\w-]+)=(.*)$/s.exec(setting) ?? [];
    if (name !== undefined) return `${name}: ${value}`;
    throw new UsageError(`Cannot use --set ${setting}`, { hint: "Write it like case.timeout=30m" });
  });
  if (lines.length === 0) return {};
  const source = await readSource(lines.join("\n"), "--set");
  const { value, problems } = checkFormat(overridesFormat, source);
  const all = [...source.problems, ...problems];
  if (value === undefined || all.length > 0) throw new InvalidInputs("Cannot use the values of --set", all);
  return value;
}

function noCases({ case: names = [] }: SuiteValues, known: readonly string[]): UsageError {
  const [name] = names;
  const hint = name === undefined ? undefined : didYouMean(name, known);
  return new UsageError("Cannot run the suite: no case is selected", {
    hint: hint ?? "--list shows the cases that other options select",
  });
}

function answerList({ output }: SuiteCall, cases: readonly SelectedCase[]): number {
  if (output.mode === "text") {
    for (const { suite, name, tags } of cases) {
      output.answer(`${suite}: ${name}${tags.length === 0 ? "" : `  (${tags.join(", ")})`}`);
    }
  } else {
    const list = cases.map(({ id, suite, name, kind, tags, file, matrix }) => ({
      id,
      suite,
      name,
      kind,
      tags,
      file,
      matrix,
    }));
    output.document({ cases: list, ...COMPLETED });
  }
  return 0;
}

/** What would be run, and why the rest would not. */
function answerPlan({ output }: SuiteCall, cases: readonly CheckedCase[]): number {
  const rows = cases.map((one) => ({
    suite: one.suite,
    name: one.name,
    action: one.skipReason ?? one.offReason ?? "run",
    workflow: one.workflow,
    inputs: one.givenInputs,
    /** Later ones override earlier ones. */
    layers: one.inputs.map((source) => source.type === "layer" ? source.layer.origin : source.origin),
    needs: one.needs.flatMap(({ id }) => cases.find((other) => other.id === id)?.name ?? []),
    timeoutSeconds: one.timeoutMs / 1_000,
    queueTimeoutSeconds: one.queueTimeoutMs / 1_000,
    retries: one.retries,
    locks: one.locks,
  }));
  if (output.mode !== "text") output.document({ cases: rows, ...COMPLETED, kind: "dry_run" });
  else {
    for (const { suite, name, action, workflow, layers, needs } of rows) {
      output.answer(
        `${action === "run" ? "run " : "skip"}  ${suite}: ${name}${action === "run" ? "" : `  (${action})`}`,
      );
      const facts = [
        `workflow ${workflow}`,
        ...layers.length === 0 ? [] : [`inputs from ${layers.join(", then ")}`],
        ...needs.length === 0 ? [] : [`after ${needs.join(", ")}`],
      ];
      output.answer(output.answerStyle.dim(`      ${facts.join("; ")}`));
    }
    const count = rows.filter(({ action }) => action === "run").length;
    output.log(
      "INFO",
      `${counted(count, "case")} would run, ${rows.length - count} would be skipped; nothing was submitted`,
    );
  }
  return 0;
}

interface ExecuteParts {
  readonly sessionId: string;
  readonly previous: Parameters<typeof executeSuites>[2]["previous"];
  readonly title: string;
  readonly environment: string | null;
  readonly retriesThreshold: number | null;
}

async function execute(
  call: SuiteCall & { readonly deps: Deps },
  checked: readonly CheckedCase[],
  { sessionId, previous, title, environment, retriesThreshold }: ExecuteParts,
): Promise<{ readonly cases: readonly ReportCase[]; readonly stopped: Stopped | null }> {
  const { context, deps, output, values, signal } = call;
  const control = createBatchControl(values.jobs ?? DEFAULT_SUITE_JOBS);
  const detaching = new AbortController();
  const states = createRowStates(checked.map(({ key, name }, index) => ({
    key,
    row: index + 1,
    label: name,
    attempt: 0,
    status: "waiting",
  })));
  using table = output.hasLiveLines
    ? await viewBatch({ ...call, values: { progress: "auto", log: undefined } }, {
      plan: { name: title, batchId: sessionId },
      states,
      control,
      detach: () => detaching.abort(new Stopped("SIGINT")),
    })
    : undefined;
  const { pollInterval, unreachableTimeoutMs } = waitOptions({ ...values, timeout: null }, call);
  const stopping = AbortSignal.any([signal, detaching.signal]);
  const outcome = await executeSuites(
    {
      ...deps,
      fetch: context.fetch,
      runIsolated: context.runIsolated,
      env: context.env,
    },
    checked,
    {
      signal: stopping,
      sessionId,
      previous,
      control,
      pollInterval,
      unreachableTimeoutMs,
      submitTimeoutMs: DEFAULT_EXECUTE.submitTimeoutMs,
      checking: inputChecking(values),
      deadlineMs: values.deadline ?? null,
      failFast: values.failFast === true,
      maxFailures: values.maxFailures ?? null,
      requiresResources: values.requireResources === true,
      retriesThreshold,
      isRejudged: values.rejudge === true,
      earlierMetrics: await earlierMetrics(call, environment),
      urlOf: runUrls(context, deps.client.host),
      commandOf: ({ file, name }) =>
        programCommand("test", [file.path], ["--case", name, ...environment === null ? [] : ["--env", environment]]),
      redact: output.redact,
      onEvent: (event) => show(call, event, { states, table, caseCount: checked.length }),
    },
  );
  if (outcome.error !== null) output.log("ERROR", `${output.style.red("✗")} ${outcome.error.message}`);
  const reason: unknown = stopping.aborted ? stopping.reason : null;
  if (reason !== null && !(reason instanceof Stopped)) throw reason;
  return { cases: outcome.cases, stopped: reason };
}

function show(
  { output, context }: SuiteCall,
  event: SuiteEvent,
  { states, table, caseCount }: {
    readonly states: ReturnType<typeof createRowStates>;
    readonly table: Awaited<ReturnType<typeof viewBatch>> | undefined;
    readonly caseCount: number;
  },
): void {
  if (event.type === "case-ended") {
    if (table === undefined && output.mode !== "events") output.log("INFO", caseLine(event.case, output.style));
    return;
  }
  states.apply(event.event, context.clock.now());
  table?.show(event.event);
  const note = table === undefined ? noteOf(event.event) : undefined;
  if (note !== undefined && caseCount > 0) output.log("WARNING", note);
}

/** The address of a run's page, if the user has set a template. */
function runUrls({ env }: Context, host: string): (slug: string) => string | null {
  const templates = env("PW_RUN_URL") ?? "";
  if (templates === "") return () => null;
  return (slug) => {
    try {
      const run = { slug, workflowName: null, number: null };
      return runPageUrl(runPageTemplate(templates, host), host, run);
    } catch (error) {
      if (error instanceof RunnerError) return null;
      throw error;
    }
  };
}
