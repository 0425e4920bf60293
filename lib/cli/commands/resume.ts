import { counted } from "../../text.ts";
import { DEFAULT_EXECUTE } from "../../runs/options.ts";
import { findOpenSubmissions, type OpenSubmissions, resumeSubmission } from "../../runs/resume.ts";
import { withinTimeout } from "../../runs/limit.ts";
import { type PendingSubmission, runNameOf } from "../../submission.ts";
import { flag } from "../argv.ts";
import { defineCommand } from "../command.ts";
import { mostSevereEnd } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import type { Output } from "../output.ts";
import { formatDuration } from "../../duration.ts";
import { oneLine } from "../../escape.ts";
import { ifUnwritten, trackTogether } from "../tracking/track_to_end.ts";
import { TRACK_OPTIONS, waitOptions } from "../tracking/wait_options.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner resume": "Resume after a crash, a lost connection or Ctrl-C",
    "pw-workflow-runner resume --all --json": "Include detached runs, and print JSON",
  },
  notes: [
    "Determines whether unconfirmed submissions started a run, then tracks every run that this user started on this",
    "machine. Never submits a run twice. Submissions that were never sent and are older than 15 minutes are only listed.",
  ].join("\n"),
  args: {
    all: flag("Track detached runs too, such as those started with --no-wait"),
    submitPending: flag("Send submissions that were never sent, even if older than 15 minutes"),
    ...TRACK_OPTIONS,
  },
  async run(call) {
    const { output, signal, values } = call;
    const wait = { ...DEFAULT_EXECUTE, ...waitOptions(values, call) };
    await using deps = await openDeps(call, "required");
    const options = { signal, includesDetached: values.all === true, submitsPending: values.submitPending === true };
    const unfinished = await withinTimeout(
      deps.clock,
      wait,
      "list what to resume",
      (signal) => findOpenSubmissions(deps, { ...options, signal }),
    );
    logSkipped(output, unfinished, deps.clock.now());
    const { ends, results } = await trackTogether(
      { ...call, deps },
      unfinished.resumable.map((record) => ({
        name: runNameOf(record) ?? record.request.workflow,
        identity: { workflowName: record.request.workflow, slug: null },
        track: (deps) => resumeSubmission(deps, record, { ...wait, ...options }),
      })),
    );
    const runs = ends.map(({ document }) => document);
    const unwritten = ifUnwritten(results);
    const pending = unfinished.pending.map(({ submissionId, request, createdAtMs }) => {
      const createdAt = new Date(createdAtMs).toISOString();
      return { submissionId, workflowName: request.workflow, createdAt, hasSecrets: request.inputs === null };
    });
    const skipped = { pending, detached: unfinished.detached.map(runNameOf), others: unfinished.others.length };
    return output.result(
      { runs, ...skipped, ...mostSevereEnd(runs), submitted: unwritten.submitted },
      () => ends.map(({ text }) => text).join("\n") || "Nothing to resume",
      unwritten,
    );
  },
});

function logSkipped(output: Output, { pending, detached, others }: OpenSubmissions, nowMs: number): void {
  for (const record of pending) output.log("WARNING", pendingLine(record, nowMs));
  if (detached.length > 0) {
    const them = detached.length === 1 ? "it" : "them";
    output.log(
      "INFO",
      `${counted(detached.length, "detached run")} skipped: \`pw-workflow-runner resume --all\` tracks ${them} too`,
    );
  }
  const owners = new Set(others.map(({ owner }) => `${owner.user} on ${owner.host}`));
  for (const owner of owners) {
    output.log("INFO", `Runs of ${oneLine(owner)} skipped: resuming them needs that user's API key`);
  }
}

function pendingLine({ request, createdAtMs, origin }: PendingSubmission, nowMs: number): string {
  const subject = `${oneLine(request.workflow)}, created ${formatDuration(nowMs - createdAtMs)} ago, was never sent`;
  if ("batchId" in origin) {
    return `${subject}: it belongs to the ${origin.type} ${origin.batchId}, which sends it when it continues with the same inputs`;
  }
  return request.inputs === null
    ? `${subject}; its inputs contain secrets, which are not stored: run it again`
    : `${subject}: \`resume --submit-pending\` sends it`;
}
