import assert from "node:assert/strict";
import { sending, type SubmissionObservation, transition, transitionIfValid } from "../../lib/runs/transition.ts";
import { toRunResult } from "../../lib/runs/view.ts";
import type { Submission } from "../../lib/submission.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aReconciliation,
  aRejectedSubmission,
  aRun,
} from "../support/records.ts";

const NOW_MS = 5_000;
const LATER_MS = 9_000;
const runId = { type: "slug", slug: "s" } as const;

const SUBMISSIONS: Readonly<Record<Submission["state"], Submission>> = {
  pending: aPendingSubmission(),
  unconfirmed: anUnconfirmedSubmission({ reconciliation: aReconciliation() }),
  active: anActiveSubmission(),
  finished: aFinishedSubmission(),
  rejected: aRejectedSubmission(),
};

const OBSERVATIONS: { readonly [T in SubmissionObservation["type"]]: Extract<SubmissionObservation, { type: T }> } = {
  sending: { type: "sending" },
  "not-sent": { type: "not-sent", retryAtMs: LATER_MS },
  "slug-rejected": { type: "slug-rejected" },
  rejected: { type: "rejected", kind: "rejected", message: "no" },
  cancelled: { type: "cancelled", result: toRunResult(aRun(), { kind: "cancelled", submitted: "no" }) },
  "unconfirmed": {
    type: "unconfirmed",
    cause: "response-lost",
    detail: "cut",
    searchForMs: 60_000,
    isAbandoned: false,
    pollAtMs: LATER_MS,
  },
  "not-found": { type: "not-found", pollAtMs: LATER_MS },
  "search-failed": { type: "search-failed", sinceMs: 1_000, pollAtMs: LATER_MS },
  "abandoned": { type: "abandoned" },
  "resend": { type: "resend", retryAtMs: LATER_MS },
  polled: { type: "polled", run: aRun(), runId, pollAtMs: LATER_MS },
  listed: { type: "listed", pollAtMs: LATER_MS },
  "poll-failed": { type: "poll-failed", sinceMs: 10, pollAtMs: LATER_MS },
  missing: { type: "missing", pollAtMs: LATER_MS },
  detached: { type: "detached" },
  finished: { type: "finished", result: toRunResult(aRun(), { kind: "completed", submitted: "yes" }) },
};

/** Stated here, not taken from the code: every other observation is a defect of the caller. */
const EXPECTED: Readonly<
  Record<Submission["state"], Readonly<Partial<Record<SubmissionObservation["type"], Submission["state"]>>>>
> = {
  pending: { sending: "unconfirmed", rejected: "rejected", cancelled: "finished", polled: "active" },
  unconfirmed: {
    "not-sent": "pending",
    "slug-rejected": "pending",
    rejected: "rejected",
    unconfirmed: "unconfirmed",
    "not-found": "unconfirmed",
    "search-failed": "unconfirmed",
    abandoned: "unconfirmed",
    resend: "pending",
    polled: "active",
  },
  active: {
    polled: "active",
    listed: "active",
    "poll-failed": "active",
    missing: "active",
    detached: "active",
    finished: "finished",
  },
  finished: {},
  rejected: {},
};

for (const submission of Object.values(SUBMISSIONS)) {
  for (const observation of Object.values(OBSERVATIONS)) {
    const want = EXPECTED[submission.state][observation.type];
    Deno.test(`transition() from ${submission.state} by "${observation.type}" ${want === undefined ? "is invalid" : `results in ${want}`}`, () => {
      const updated = transitionIfValid(submission, observation, NOW_MS);
      assert.equal(updated?.state, want);
      if (updated === undefined) return;
      assert.equal(updated.updatedAtMs, NOW_MS);
      assert.equal(updated.submissionId, submission.submissionId);
    });
  }
}

for (const type of ["not-found", "abandoned"] as const) {
  Deno.test(`transition() by "${type}" needs a search that has begun`, () => {
    const sent = anUnconfirmedSubmission({ reconciliation: null });
    assert.equal(transitionIfValid(sent, OBSERVATIONS[type], NOW_MS), undefined);
    assert.throws(() => transition(sent, OBSERVATIONS[type], NOW_MS), TypeError);
  });
}

Deno.test("transition() counts a lost response, but not a conflict", () => {
  const sent = anUnconfirmedSubmission();
  const lost = transition(sent, OBSERVATIONS["unconfirmed"], NOW_MS);
  const conflict = transition(sent, { ...OBSERVATIONS["unconfirmed"], cause: "conflict" }, NOW_MS);
  assert.equal(lost.state === "unconfirmed" && lost.lostResponses, 1);
  assert.equal(conflict.state === "unconfirmed" && conflict.lostResponses, 0);
});

Deno.test("transition() keeps the number of lost responses when the same slug is submitted again", () => {
  const again = transition(
    anUnconfirmedSubmission({ lostResponses: 1, reconciliation: aReconciliation() }),
    OBSERVATIONS["resend"],
    NOW_MS,
  );
  assert.equal(again.state === "pending" && again.lostResponses, 1);
  assert.equal(again.ownSlug, anUnconfirmedSubmission().ownSlug);
});

Deno.test("transition() removes only the slug when the slug is rejected", () => {
  const again = transition(anUnconfirmedSubmission(), OBSERVATIONS["slug-rejected"], NOW_MS);
  assert.equal(again.ownSlug, null);
  assert.equal(again.correlationTag, anUnconfirmedSubmission().correlationTag);
  assert.equal(again.nextPollAtMs, NOW_MS);
});

Deno.test("transition() records since when the server is unreachable, or the run missing or failing", () => {
  const failing = aRun({ status: "failed" });
  let submission: Submission | undefined = transition(anActiveSubmission(), OBSERVATIONS["poll-failed"], 10);
  submission = next(submission, OBSERVATIONS["poll-failed"], 20);
  assert.equal(submission?.state === "active" && submission.unreachableSinceMs, 10);
  submission = next(submission, OBSERVATIONS.missing, 30);
  submission = next(submission, OBSERVATIONS.missing, 40);
  assert.deepEqual(
    submission?.state === "active" &&
      [submission.unreachableSinceMs, submission.missingSinceMs, submission.missingPolls],
    [
      null,
      30,
      2,
    ],
  );
  submission = next(submission, { ...OBSERVATIONS.polled, run: failing }, 50);
  submission = next(submission, { ...OBSERVATIONS.polled, run: failing }, 60);
  assert.deepEqual(submission?.state === "active" && [submission.failingSinceMs, submission.missingPolls], [50, 0]);
  submission = next(submission, OBSERVATIONS.polled, 70);
  assert.equal(submission?.state === "active" && submission.failingSinceMs, null);
});

function next(submission: Submission | undefined, observation: SubmissionObservation, nowMs: number) {
  return submission === undefined ? undefined : transitionIfValid(submission, observation, nowMs);
}

// What the types refuse: no caller needs to check the state at run time.
export function refusedByTheCompiler() {
  // @ts-expect-error An active submission is not sent.
  sending(anActiveSubmission(), NOW_MS);
  // @ts-expect-error A pending submission has not been searched for.
  transition(aPendingSubmission(), OBSERVATIONS["not-found"], NOW_MS);
  // @ts-expect-error Nothing changes a finished submission.
  transition(aFinishedSubmission(), OBSERVATIONS.polled, NOW_MS);
}
