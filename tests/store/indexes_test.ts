import assert from "node:assert/strict";
import { attemptRowOf, openRowOf } from "../../lib/store/submission_rows.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aReconciliation,
  aRejectedSubmission,
  aRun,
} from "../support/records.ts";

const abandoned = anUnconfirmedSubmission({ reconciliation: aReconciliation({ isAbandoned: true }) });
const OPEN = { startedAtMs: null, seconds: null, error: null, kind: null, isRetry: false };

Deno.test("the row of an attempt shows its state", () => {
  const slug = "hello-world-abcdefghijklmnop";
  assert.deepEqual(attemptRowOf(aPendingSubmission()), { ...OPEN, slug, status: "waiting" });
  assert.deepEqual(attemptRowOf(anUnconfirmedSubmission()), { ...OPEN, slug, status: "submitting" });
  assert.deepEqual(attemptRowOf(abandoned), { ...OPEN, slug, status: "unknown" });
  assert.deepEqual(attemptRowOf(anActiveSubmission({ startedAtMs: 5_000 })), {
    ...OPEN,
    slug,
    status: "running",
    startedAtMs: 5_000,
  });
  assert.deepEqual(attemptRowOf(aRejectedSubmission({ message: "No such cluster\nat all" })), {
    ...OPEN,
    slug,
    status: "rejected",
    error: "No such cluster",
    kind: "rejected",
  });
});

Deno.test("the row of an attempt that has ended shows when it started, how long it took, and what went wrong", () => {
  const { result } = aFinishedSubmission();
  const ended = { startedAt: "2026-01-05T09:00:00Z", durationSeconds: 42 } as const;
  const row = attemptRowOf(aFinishedSubmission({ result: { ...result, ...ended } }));
  assert.deepEqual([row.status, row.startedAtMs, row.seconds, row.error, row.kind], [
    "completed",
    Date.parse("2026-01-05T09:00:00Z"),
    42,
    null,
    "completed",
  ]);
  const failed = { status: "failed", kind: "failed", errorMessage: "mesh is broken\nmore", startedAt: null } as const;
  const other = attemptRowOf(aFinishedSubmission({ result: { ...result, ...failed } }));
  assert.deepEqual([other.status, other.startedAtMs, other.error], ["failed", null, "mesh is broken"]);
});

Deno.test("the row of an attempt shows that its run is being cancelled, also if only its end is not known yet", () => {
  const statusOf = (run: Parameters<typeof aRun>[0]) => attemptRowOf(anActiveSubmission({ run: aRun(run) })).status;
  assert.equal(statusOf({}), "running");
  assert.equal(statusOf({ platformStatus: "canceling" }), "cancelling");
  assert.equal(statusOf({ status: "cancelled", platformStatus: "canceled" }), "cancelling");
});

Deno.test("the row of an open submission shows what is known of its run, and of its occurrence", () => {
  assert.deepEqual(openRowOf(anActiveSubmission()), { state: "running", occurrence: null });
  assert.equal(openRowOf(anActiveSubmission({ run: aRun({ platformStatus: "canceling" }) })).state, "canceling");
  assert.equal(openRowOf(aPendingSubmission()).state, "starting");
  assert.equal(openRowOf(abandoned).state, "abandoned");
  const origin = {
    type: "schedule",
    schedule: "nightly",
    scheduledAtMs: 7_000,
    isDeadlineReported: true,
    isReported: false,
  } as const;
  assert.deepEqual(openRowOf(anActiveSubmission({ origin })).occurrence, {
    schedule: "nightly",
    scheduledAtMs: 7_000,
    isDeadlineReported: true,
  });
});
