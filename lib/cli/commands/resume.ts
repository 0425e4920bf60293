import { toEnd } from "../../runs/execute.ts";
import { DEFAULT_EXECUTE, type ExecuteOptions } from "../../runs/options.ts";
import {
  findOpenSubmissions,
  type OpenSubmissions,
  type OpenSubmissionsOptions,
  resumeSubmission,
} from "../../runs/resume.ts";
import { slugOf } from "../../store/run_store.ts";
import { type ErrorKind, RunnerError } from "../../errors.ts";
import type { ResultKind, RunResult } from "../../result.ts";
import type { PendingSubmission, Submission } from "../../submission.ts";
import { defineCommand, JSON_ARG } from "../command.ts";
import { Stopped } from "../context.ts";
import { exitCodeOf, mostSevere } from "../exit_codes.ts";
import { afterStop, afterTimeout, isOfNote, type Latest, STOP_ARGS } from "../tracking/interrupt.ts";
import { openDeps } from "../open.ts";
import type { Output } from "../output.ts";
import { formatDuration } from "../../duration.ts";
import { failureDocument, renderFailure, reportOf } from "../failure_report.ts";
import { resultDocument, viewRun } from "../tracking/run_view.ts";
import { oneLine } from "../../escape.ts";
import { WAIT_ARGS, waitOptions } from "../tracking/wait_options.ts";
import type { Following } from "./run.ts";
import { answerNamed } from "./watch.ts";

export const resume = defineCommand({
  name: "resume",
  summary: "take up what was started here and not seen to its end",
  usage: "[options]",
  examples: [
    { line: "pw-workflow-runner resume", does: "after a crash, a lost connection or Ctrl-C" },
    { line: "pw-workflow-runner resume --all --json", does: "runs that were left with --no-wait too, for a program" },
  ],
  notes: [
    "First it finds out what became of submits whose outcome is unknown, then it follows every run that this machine",
    "and user started. Nothing is sent twice. What was never sent and is older than 15 minutes is only told of.",
  ].join("\n"),
  args: {
    all: { type: "boolean", description: "Follow also what was left to itself with --no-wait" },
    submitPending: { type: "boolean", description: "Send also what was never sent and is older than 15 minutes" },
    ...WAIT_ARGS,
    ...STOP_ARGS,
    ...JSON_ARG,
    events: { type: "boolean", description: "Tell everything that happens as JSON Lines" },
  },
  async run(call) {
    const { output, signal, values } = call;
    const wait = { ...DEFAULT_EXECUTE, ...waitOptions(values, call) };
    await using deps = await openDeps(call, "needed");
    const options = { signal, includesDetached: values.all === true, submitsPending: values.submitPending === true };
    const unfinished = await findOpenSubmissions(deps, options);
    sayWhatIsLeftAlone(output, unfinished, deps.clock.now());
    const ends = await Promise.all(
      unfinished.following.map((record) => resumeAndShow({ ...call, deps }, record, { ...wait, ...options })),
    );
    if (output.mode === "text") return answerText(output, ends);
    return answerJson(output, ends, unfinished);
  },
});

/** How it ended, or what kept one of several wishes from becoming a run. */
type End = { readonly result: RunResult } | { readonly error: RunnerError; readonly record: Submission };

async function resumeAndShow(
  following: Following,
  record: Submission,
  options: ExecuteOptions & Pick<OpenSubmissionsOptions, "submitsPending">,
): Promise<End> {
  const { output, deps, values } = following;
  let latest: Latest | undefined;
  using viewer = viewRun(output, deps.clock, { label: slugOf(record) ?? record.request.workflow });
  try {
    const result = await toEnd(resumeSubmission(deps, record, options), (event) => {
      if (isOfNote(event)) latest = event;
      viewer.show(event);
    });
    return { result: await afterTimeout(following, result, values.onTimeout ?? "keep") };
  } catch (error) {
    if (error instanceof RunnerError) return { error, record };
    if (!(error instanceof Stopped)) throw error;
    throw await afterStop(following, error, { latest, policy: values.onInterrupt ?? "keep" });
  }
}

function sayWhatIsLeftAlone(output: Output, { pending, detached, others }: OpenSubmissions, nowMs: number): void {
  for (const record of pending) output.say("WARNING", pendingLine(record, nowMs));
  if (detached.length > 0) {
    output.say("INFO", `${countOf(detached, "run")} left to go on alone: \`resume --all\` follows them too`);
  }
  const owners = new Set(others.map(({ owner }) => `${owner.user} on ${owner.host}`));
  for (const owner of owners) {
    output.say("INFO", `There are runs of ${oneLine(owner)} as well: they need that user's key`);
  }
}

function pendingLine({ request, createdAtMs }: PendingSubmission, nowMs: number): string {
  const what = `${oneLine(request.workflow)}, wished ${formatDuration(nowMs - createdAtMs)} ago, was never sent`;
  return request.inputs === null
    ? `${what}; its inputs held secrets, which are not stored: run it again`
    : `${what}: \`resume --submit-pending\` sends it`;
}

function answerText(output: Output, ends: readonly End[]): number {
  if (ends.length === 0) output.answer("Nothing to take up");
  for (const end of ends) {
    if ("result" in end) answerNamed(output, end.result);
    else output.answer(renderFailure(reportOf(end.error), output.answerStyle));
  }
  return mostSevere(ends.map(exitCodeOfEnd));
}

function answerJson(output: Output, ends: readonly End[], { pending, detached, others }: OpenSubmissions): number {
  const exitCode = mostSevere(ends.map(exitCodeOfEnd));
  if (output.mode === "events") return exitCode;
  const mostSevereEnd = ends.find((end) => exitCodeOfEnd(end) === exitCode);
  output.document({
    runs: ends.map((end) =>
      "result" in end
        ? resultDocument(end.result)
        : { workflowName: end.record.request.workflow, slug: null, ...failureDocument(reportOf(end.error)) }
    ),
    pending: pending.map(({ submissionId, request, createdAtMs }) => ({
      submissionId,
      workflowName: request.workflow,
      intendedAt: new Date(createdAtMs).toISOString(),
      hasSecrets: request.inputs === null,
    })),
    detached: detached.map(slugOf),
    others: others.length,
    exitCode,
    kind: mostSevereEnd === undefined ? "completed" : kindOfEnd(mostSevereEnd),
    submitted: ends.some((end) => "result" in end && end.result.submitted === "yes") ? "yes" : "no",
  });
  return exitCode;
}

function kindOfEnd(end: End): ResultKind | ErrorKind {
  return "result" in end ? end.result.kind : end.error.kind;
}

function exitCodeOfEnd(end: End): number {
  return exitCodeOf(kindOfEnd(end));
}

function countOf(list: readonly unknown[], noun: string): string {
  return list.length === 1 ? `1 ${noun} was` : `${list.length} ${noun}s were`;
}
