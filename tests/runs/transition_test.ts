import assert from "node:assert/strict";
import { next, type Observation, TRANSITIONS } from "../../lib/runs/transition.ts";
import { resultOf } from "../../lib/runs/view.ts";
import type { Submission } from "../../lib/submission.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aReconciliation,
  aRun,
} from "../support/records.ts";

const NOW_MS = 5_000;
const LATER_MS = 9_000;
const runId = { type: "slug", slug: "s" } as const;

const RECORDS: Readonly<Record<Submission["state"], Submission>> = {
  pending: aPendingSubmission(),
  unconfirmed: anUnconfirmedSubmission({ reconciliation: aReconciliation() }),
  active: anActiveSubmission(),
  finished: aFinishedSubmission(),
  rejected: { ...aSeenBase(), state: "rejected", kind: "rejected", message: "no" },
};

const OBSERVATIONS: { readonly [T in Observation["type"]]: Extract<Observation, { type: T }> } = {
  sending: { type: "sending" },
  "not-sent": { type: "not-sent", againAtMs: LATER_MS },
  "slug-rejected": { type: "slug-rejected" },
  rejected: { type: "rejected", kind: "rejected", message: "no" },
  "unconfirmed": {
    type: "unconfirmed",
    cause: "response-lost",
    detail: "cut",
    searchForMs: 60_000,
    pollAtMs: LATER_MS,
  },
  "not-found": { type: "not-found", pollAtMs: LATER_MS },
  "search-failed": { type: "search-failed", pollAtMs: LATER_MS },
  "abandoned": { type: "abandoned" },
  "resend": { type: "resend", againAtMs: LATER_MS },
  polled: { type: "polled", run: aRun(), runId, pollAtMs: LATER_MS },
  "poll-failed": { type: "poll-failed", pollAtMs: LATER_MS },
  missing: { type: "missing", pollAtMs: LATER_MS },
  detached: { type: "detached" },
  finished: { type: "finished", result: resultOf(aRun(), { kind: "completed", submitted: "yes" }) },
};

for (const submission of Object.values(RECORDS)) {
  for (const observation of Object.values(OBSERVATIONS)) {
    const arrows: Partial<Record<Observation["type"], Submission["state"]>> = TRANSITIONS[submission.state];
    const want = arrows[observation.type];
    Deno.test(`next() takes a record that is ${submission.state} by "${observation.type}" to ${want ?? "a TypeError"}`, () => {
      if (want === undefined) {
        assert.throws(() => next(submission, observation, NOW_MS), TypeError);
      } else {
        const moved = next(submission, observation, NOW_MS);
        assert.equal(moved.state, want);
        assert.equal(moved.updatedAtMs, NOW_MS);
        assert.equal(moved.submissionId, submission.submissionId);
      }
    });
  }
}

Deno.test("next() counts a lost answer, but not a conflict, as a run that may exist", () => {
  const sent = anUnconfirmedSubmission();
  const lost = next(sent, OBSERVATIONS["unconfirmed"], NOW_MS);
  const conflict = next(sent, { ...OBSERVATIONS["unconfirmed"], cause: "conflict" }, NOW_MS);
  assert.equal(lost.state === "unconfirmed" && lost.lostResponses, 1);
  assert.equal(conflict.state === "unconfirmed" && conflict.lostResponses, 0);
});

Deno.test("next() keeps the lost answers when the same slug is posted again", () => {
  const again = next(
    anUnconfirmedSubmission({ lostResponses: 1, reconciliation: aReconciliation() }),
    OBSERVATIONS["resend"],
    NOW_MS,
  );
  assert.equal(again.state === "pending" && again.lostResponses, 1);
  assert.equal(again.ownSlug, anUnconfirmedSubmission().ownSlug);
});

Deno.test("next() drops only the slug when the slug is refused", () => {
  const again = next(anUnconfirmedSubmission(), OBSERVATIONS["slug-rejected"], NOW_MS);
  assert.equal(again.ownSlug, null);
  assert.equal(again.correlationTag, anUnconfirmedSubmission().correlationTag);
  assert.equal(again.nextPollAtMs, NOW_MS);
});

Deno.test("next() remembers since when the answer is awaited, contact is lost, the run missing or failing", () => {
  const failing = aRun({ status: "failed" });
  let submission = next(anActiveSubmission(), OBSERVATIONS["poll-failed"], 10);
  submission = next(submission, OBSERVATIONS["poll-failed"], 20);
  assert.equal(submission.state === "active" && submission.unreachableSinceMs, 10);
  submission = next(submission, OBSERVATIONS.missing, 30);
  submission = next(submission, OBSERVATIONS.missing, 40);
  assert.deepEqual(
    submission.state === "active" &&
      [submission.unreachableSinceMs, submission.missingSinceMs, submission.missingPolls],
    [
      null,
      30,
      2,
    ],
  );
  submission = next(submission, { ...OBSERVATIONS.polled, run: failing }, 50);
  submission = next(submission, { ...OBSERVATIONS.polled, run: failing }, 60);
  assert.deepEqual(submission.state === "active" && [submission.failingSinceMs, submission.missingPolls], [50, 0]);
  submission = next(submission, OBSERVATIONS.polled, 70);
  assert.equal(submission.state === "active" && submission.failingSinceMs, null);
});

function aSeenBase() {
  const {
    submissionId,
    revision,
    owner,
    request,
    idempotencyKey,
    ownSlug,
    correlationTag,
    createdAtMs,
    updatedAtMs,
    nextPollAtMs,
  } = anActiveSubmission();
  return {
    submissionId,
    revision,
    owner,
    request,
    idempotencyKey,
    ownSlug,
    correlationTag,
    createdAtMs,
    updatedAtMs,
    nextPollAtMs,
  };
}
