/** Runs the cases of suites, and shows how they end. */

import { RunnerError } from "../../errors.ts";
import type { ReportCase } from "../../reports/report.ts";
import { caseLine } from "../../reports/text.ts";
import type { Submitted } from "../../result.ts";
import { createBatchControl } from "../../runs/batch_task.ts";
import type { Deps } from "../../runs/deps.ts";
import { DEFAULT_EXECUTE } from "../../runs/options.ts";
import { programCommand } from "../../shell_command.ts";
import { DEFAULT_SUITE_JOBS } from "../../suites/exit_code.ts";
import type { JudgeOptions } from "../../suites/attempt.ts";
import type { Budget } from "../../suites/budget.ts";
import { executeSuites, type SuiteEvent } from "../../suites/execute.ts";
import { usualSecondsOf } from "../../suites/history.ts";
import type { CheckedCase } from "../../suites/preflight.ts";
import type { SuiteSession } from "../../suites/session.ts";
import { createRowStates, type RowState } from "../batch/row_states.ts";
import { noteOf } from "../batch/viewer.ts";
import { viewBatch } from "../batch/view_batch.ts";
import { inputChecking } from "../check_options.ts";
import { type Context, Stopped } from "../context.ts";
import { runPageTemplate, runPageUrl } from "../run_page.ts";
import { waitOptions } from "../tracking/wait_options.ts";
import type { SuiteCall } from "./options.ts";

export interface ExecuteParts extends Pick<SuiteSession, "sessionId" | "previous"> {
  readonly title: string;
  readonly environment: string | null;
  readonly retriesThreshold: number | null;
  readonly earlier: JudgeOptions["earlier"];
  readonly budgets: readonly Budget[];
}

export interface ExecutedCases {
  readonly cases: readonly ReportCase[];
  /** Whether this call started a run. */
  readonly submitted: Submitted;
  /** `null` unless a signal ended it. */
  readonly stopped: Stopped | null;
  /** Why its runs could not be observed to their ends; `null` if they were. */
  readonly error: RunnerError | null;
}

export async function executeCases(
  call: SuiteCall & { readonly deps: Deps },
  checked: readonly CheckedCase[],
  { sessionId, previous, title, environment, retriesThreshold, earlier, budgets }: ExecuteParts,
): Promise<ExecutedCases> {
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
  const judged = new Map<string, Partial<RowState>>();
  using table = output.hasLiveLines
    ? await viewBatch({ ...call, values: { progress: "auto", log: undefined } }, {
      batch: { name: title, batchId: sessionId },
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
      originType: "suite",
      previous,
      control,
      pollInterval,
      unreachableTimeoutMs,
      submitTimeoutMs: DEFAULT_EXECUTE.submitTimeoutMs,
      checking: inputChecking(values),
      deadlineMs: values.deadline ?? null,
      budgets,
      failFast: values.failFast === true,
      maxFailures: values.maxFailures ?? null,
      requiresResources: values.requireResources === true,
      retriesThreshold,
      isRejudged: values.rejudge === true,
      earlier,
      urlOf: runUrls(context, deps.client.host),
      commandOf: ({ file, name }) =>
        programCommand("test", [file.path], ["--case", name, ...environment === null ? [] : ["--env", environment]]),
      redact: output.redact,
      onEvent: (event) => show(call, event, { states, judged, table, earlier, caseCount: checked.length }),
    },
  );
  const reason: unknown = stopping.aborted ? stopping.reason : null;
  if (reason !== null && !(reason instanceof Stopped)) throw reason;
  return { cases: outcome.cases, submitted: states.submitted(), stopped: reason, error: outcome.error };
}

function show(
  { output, context }: SuiteCall,
  event: SuiteEvent,
  { states, judged, table, earlier, caseCount }: {
    readonly states: ReturnType<typeof createRowStates>;
    /** What the cases that have their verdicts are shown as, by key. */
    readonly judged: Map<string, Partial<RowState>>;
    readonly table: Awaited<ReturnType<typeof viewBatch>> | undefined;
    readonly earlier: JudgeOptions["earlier"];
    readonly caseCount: number;
  },
): void {
  const nowMs = context.clock.now();
  if (event.type === "case-ended") {
    const shown = judgedRow(event.case);
    if (shown !== undefined) {
      judged.set(event.key, shown);
      states.update(event.key, nowMs, shown);
    }
    if (table === undefined && output.mode !== "events") {
      output.log("INFO", caseLine(event.case, output.style, usualSecondsOf(event.case.id, earlier)));
    }
    return;
  }
  states.apply(event.event, nowMs);
  const shown = "key" in event.event ? judged.get(event.event.key) : undefined;
  if ("key" in event.event && shown !== undefined) states.update(event.event.key, nowMs, shown);
  table?.show(event.event);
  const note = table === undefined ? noteOf(event.event) : undefined;
  if (note !== undefined && caseCount > 0) output.log("WARNING", note);
}

/** A run that fails as expected has not failed. `undefined` for what could not be judged: it is shown as its run ended. */
function judgedRow({ verdict, isFailure, reason }: ReportCase): Partial<RowState> | undefined {
  if (isFailure) return { status: "failed", error: reason };
  const isJudged = verdict === "passed" || verdict === "known-failure" || verdict === "unexpected-pass";
  return isJudged ? { status: "completed", error: null } : undefined;
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
