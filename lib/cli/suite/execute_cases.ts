/** Runs the cases of suites, and shows how they end. */

import { orError, RunnerError } from "../../errors.ts";
import type { ReportCase } from "../../reports/report.ts";
import { caseLine } from "../../reports/text.ts";
import { type BatchEvent, createBatchControl } from "../../runs/batch_task.ts";
import { DEFAULT_EXECUTE } from "../../runs/options.ts";
import { programCommand } from "../../shell_command.ts";
import { DEFAULT_SUITE_JOBS } from "../../suites/exit_code.ts";
import { executeSuites, type ExecuteSuitesOptions } from "../../suites/execute.ts";
import { usualSecondsOf } from "../../suites/history.ts";
import { nameOf } from "../../suites/plan.ts";
import type { CheckedCase } from "../../suites/preflight.ts";
import { createRowStates, type RowState } from "../batch/row_states.ts";
import { viewBatch } from "../batch/view_batch.ts";
import { noteOf } from "../render/batch_lines.ts";
import type { OpenedCall } from "../command.ts";
import { inputChecking } from "../input_options.ts";
import { Stopped } from "../context.ts";
import { runPageUrl } from "../run_page.ts";
import { waitOptions } from "../tracking/wait_options.ts";
import type { SuiteValues } from "./options.ts";

/** @returns Also whether it started a run, and what ended it early: a signal, or why the runs could not be observed. */
export async function executeCases(
  call: OpenedCall<SuiteValues>,
  checked: readonly CheckedCase[],
  { title, environment, ...parts }:
    & Pick<ExecuteSuitesOptions, "sessionId" | "previous" | "retriesThreshold" | "earlier" | "budgets">
    & { readonly title: string; readonly environment: string | null },
) {
  const { context, deps, output, values, signal } = call;
  const { clock, fetch, runIsolated, env } = context;
  const control = createBatchControl(values.jobs ?? DEFAULT_SUITE_JOBS);
  const detaching = new AbortController();
  const states = createRowStates(checked.map(({ key, name: label }, index) => {
    return { key, row: index + 1, label, attempt: 0, status: "waiting" };
  }));
  /** What the cases that have their verdicts are shown as, by key. */
  const judged = new Map<string, Partial<RowState>>();
  using table = output.hasLiveLines
    ? await viewBatch({ ...call, values: { progress: "auto", log: undefined } }, {
      batch: { name: title, batchId: parts.sessionId },
      states,
      control,
      detach: () => detaching.abort(new Stopped("SIGINT")),
    })
    : undefined;
  const showVerdict = (key: string, one: ReportCase) => {
    const shown = judgedRow(one);
    if (shown !== undefined) {
      judged.set(key, shown);
      states.update(key, clock.now(), shown);
    }
    if (table === undefined && output.mode !== "events") {
      output.log("INFO", caseLine(one, output.style, usualSecondsOf(one.id, parts.earlier)));
    }
  };
  const showProgress = (event: BatchEvent) => {
    const nowMs = clock.now();
    states.apply(event, nowMs);
    const shown = "key" in event ? judged.get(event.key) : undefined;
    if ("key" in event && shown !== undefined) states.update(event.key, nowMs, shown);
    table?.show(event);
    const note = table === undefined ? noteOf(event) : undefined;
    if (note !== undefined && checked.length > 0) output.log("WARNING", note);
  };
  const { pollInterval, unreachableTimeoutMs } = waitOptions({ ...values, timeout: null }, call);
  const stopping = AbortSignal.any([signal, detaching.signal]);
  const { cases, error } = await executeSuites({ ...deps, fetch, runIsolated, env }, checked, {
    ...parts,
    signal: stopping,
    originType: "suite",
    control,
    pollInterval,
    unreachableTimeoutMs,
    submitTimeoutMs: DEFAULT_EXECUTE.submitTimeoutMs,
    checking: inputChecking(values),
    deadlineMs: values.deadline ?? null,
    failFast: values.failFast === true,
    maxFailures: values.maxFailures ?? null,
    requiresResources: values.requireResources === true,
    isRejudged: values.rejudge === true,
    urlOf(slug) {
      const run = { slug, workflowName: null, number: null };
      const url = orError(RunnerError, () => runPageUrl(context, deps.client.host, run));
      // Without a template that fits, it is not known.
      return url instanceof RunnerError ? null : url;
    },
    commandOf({ file, kind, name, caseName, matrix }) {
      // A repetition has no name of its own.
      const selected = kind === "setup" ? name : nameOf(caseName, matrix);
      const environmentOption = environment === null ? [] : ["--env", environment];
      return programCommand("test", [file.path], ["--case", selected, ...environmentOption]);
    },
    redact: output.redact,
    onEvent: showProgress,
    onVerdict: showVerdict,
  });
  const stopped: unknown = stopping.aborted ? stopping.reason : null;
  if (stopped !== null && !(stopped instanceof Stopped)) throw stopped;
  return { cases, error, stopped, submitted: states.submitted() };
}

/** A run that fails as expected has not failed. `undefined` for what could not be judged: it is shown as its run ended. */
function judgedRow({ verdict, isFailure, reason }: ReportCase): Partial<RowState> | undefined {
  if (isFailure) return { status: "failed", error: reason };
  const isJudged = verdict === "passed" || verdict === "known-failure" || verdict === "unexpected-pass";
  return isJudged ? { status: "completed", error: null } : undefined;
}
