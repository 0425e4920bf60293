/** Compares every index row and counter of a run store with what its submissions imply. */

import assert from "node:assert/strict";
import type { Kv } from "../../lib/store/kv.ts";
import { createRunStore } from "../../lib/store/run_store.ts";
import { isAbandoned, isOpen, runNameOf, type Submission } from "../../lib/submission.ts";

/** Rows of submissions, their parts, and what a run store keeps beside them. */
const OTHERS = ["submission", "part", "capabilities", "ended", "suite-run"];

/** Written apart from the program's own table of indexes, so that a mistake there does not pass. */
export async function assertIndexesAgree(kv: Kv): Promise<void> {
  const rows = await Array.fromAsync(kv.list({ prefix: [] }));
  const ids = rows.filter(({ key }) => key[0] === "submission").map(({ key }) => key[1] ?? "");
  const store = createRunStore(kv);
  const submissions = (await Promise.all(ids.map((id) => store.get(id)))).filter((found) => found !== undefined);
  assert.equal(submissions.length, ids.length);
  const isCounter = (key: readonly string[]) => key[0] === "count";
  const stored = rows.filter(({ key }) => !OTHERS.includes(key[0] ?? "") && !isCounter(key));
  assert.deepEqual(
    Object.fromEntries(stored.map(({ key, value }) => [key.join(" "), value])),
    Object.fromEntries(submissions.flatMap(expectedRows)),
  );
  const counters = rows.filter(({ key, value }) => isCounter(key) && value !== 0);
  const isOfService = (submission: Submission) => scopeOf(submission) === "service";
  assert.deepEqual(
    Object.fromEntries(counters.map(({ key, value }) => [key[1], value])),
    Object.fromEntries(
      [["all", submissions.length], ["service", submissions.filter(isOfService).length]]
        .filter(([, number]) => number !== 0),
    ),
  );
}

function expectedRows(submission: Submission): [string, unknown][] {
  const { submissionId: id, createdAtMs, updatedAtMs, owner, request, origin } = submission;
  const name = runNameOf(submission);
  const scope = scopeOf(submission);
  const isEnded = !isOpen(submission);
  const hasFailed = submission.state === "rejected" ||
    submission.state === "finished" && submission.result.status === "failed";
  const isPassedOver = submission.state === "rejected" && ["skipped", "missed"].includes(submission.kind);
  const created = timeOf(createdAtMs);
  const ofSchedule = origin.type === "schedule" ? origin : undefined;
  const isUnreported = ofSchedule?.isReported === false && (isEnded || isAbandoned(submission));
  const keys = [
    ["time", created],
    ["owner", ...[owner.host, owner.user].map(encodeURIComponent), created],
    ["workflow", encodeURIComponent(request.workflow), created],
    ...(name === null ? [] : [["slug", encodeURIComponent(name), created]]),
    ...(isEnded ? [] : [["open", scope, created]]),
    ...(hasFailed ? [["failed", created]] : []),
    ...(scope === "service" ? [["service", created]] : []),
    ...(scope === "service" && hasFailed && !isPassedOver ? [["failure", timeOf(updatedAtMs)]] : []),
    ...(ofSchedule === undefined ? [] : [["schedule", ofSchedule.schedule, timeOf(ofSchedule.scheduledAtMs)]]),
    ...(isUnreported ? [["unreported", created]] : []),
  ];
  return keys.map((parts) => [[...parts, id].join(" "), parts[0] === "open" ? openValue(submission) : null]);
}

function openValue(submission: Submission): unknown {
  const state = submission.state !== "active"
    ? isAbandoned(submission) ? "abandoned" : "starting"
    : submission.run.platformStatus === "canceling"
    ? "canceling"
    : "running";
  if (submission.origin.type !== "schedule") return { state, occurrence: null };
  const { schedule, scheduledAtMs, isDeadlineReported } = submission.origin;
  return { state, occurrence: { schedule, scheduledAtMs, isDeadlineReported } };
}

function scopeOf({ origin }: Submission): string {
  return origin.type === "command-line" ? "local" : "service";
}

function timeOf(ms: number): string {
  return String(ms).padStart(15, "0");
}
