import assert from "node:assert/strict";
import { createJumpDetector, moveInstants } from "../../lib/runs/clock_jump.ts";
import type { Submission } from "../../lib/submission.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aReconciliation,
  aRejectedSubmission,
} from "../support/records.ts";

const OPEN: readonly Submission[] = [
  aPendingSubmission({ retryingSinceMs: 1_000 }),
  anUnconfirmedSubmission({ retryingSinceMs: 1_000, reconciliation: aReconciliation({ failingSinceMs: 1_000 }) }),
  anActiveSubmission({
    startedAtMs: 1_000,
    lastPolledAtMs: 1_000,
    listedAtMs: 1_000,
    unreachableSinceMs: 1_000,
    missingSinceMs: 1_000,
    failingSinceMs: 1_000,
  }),
];

/** By their paths. */
function instantsOf(submission: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(submission).flatMap(([name, value]): readonly (readonly [string, unknown])[] => {
      if (name === "request" || name === "run") return [];
      if (typeof value === "object" && value !== null) {
        return Object.entries(instantsOf(value)).map(([inner, instant]) => [`${name}.${inner}`, instant]);
      }
      return /(?:AtMs|inceMs)$/.test(name) ? [[name, value]] : [];
    }),
  );
}

for (const submission of OPEN) {
  Deno.test(`every instant of a submission that is ${submission.state} moves with the clock, but not its creation`, () => {
    const before = instantsOf(submission);
    const want = Object.keys(before).map((name) => [name, name === "createdAtMs" ? 1_000 : 61_000]);
    assert.ok(want.length >= 4);
    assert.deepEqual(instantsOf(moveInstants(submission, 60_000)), Object.fromEntries(want));
    assert.equal(moveInstants(submission, 0), submission);
  });
}

Deno.test("what a step wrote at its end is of the new clock, what it wrote at its start of the old one", () => {
  const before = anActiveSubmission({ startedAtMs: 1_000, lastPolledAtMs: 1_000, updatedAtMs: 1_000 });
  const after = { ...before, lastPolledAtMs: 65_000, updatedAtMs: 65_000, unreachableSinceMs: 4_000 };
  const { startedAtMs, lastPolledAtMs, updatedAtMs, unreachableSinceMs } = Object(moveInstants(after, 60_000, before));
  assert.deepEqual([startedAtMs, lastPolledAtMs, updatedAtMs, unreachableSinceMs], [61_000, 65_000, 65_000, 64_000]);
  const reconciliation = aReconciliation({ sinceMs: 65_000 });
  const lost = anUnconfirmedSubmission({ sentAtMs: 4_000, reconciliation });
  const moved = Object(moveInstants(lost, 60_000, aPendingSubmission()));
  assert.deepEqual([moved.sentAtMs, moved.reconciliation.sinceMs], [64_000, 65_000]);
});

Deno.test("instants that are not known stay so", () => {
  for (const submission of [aPendingSubmission(), anUnconfirmedSubmission(), anActiveSubmission()]) {
    const unknown = (one: Submission) => Object.entries(instantsOf(one)).filter(([, instant]) => instant === null);
    assert.deepEqual(unknown(moveInstants(submission, 60_000)), unknown(submission));
    assert.equal("listedAtMs" in moveInstants(submission, 60_000), "listedAtMs" in submission);
  }
});

Deno.test("an ended submission keeps its instants", () => {
  for (const submission of [aFinishedSubmission(), aRejectedSubmission()]) {
    assert.equal(moveInstants(submission, 60_000), submission);
  }
});

Deno.test("a clock that is set is noticed once; one that is corrected gradually when it adds up to a second", () => {
  let [nowMs, elapsedMs] = [1_000_000, 0];
  const jumpMs = createJumpDetector({ now: () => nowMs, monotonic: () => elapsedMs });
  const pass = (wallMs: number, realMs: number) => {
    nowMs += wallMs;
    elapsedMs += realMs;
    return jumpMs();
  };
  assert.equal(pass(5_000, 5_000), 0);
  assert.equal(pass(3_605_000, 5_000), 3_600_000);
  assert.equal(pass(5_000, 5_000), 0);
  assert.equal(pass(-3_595_000, 5_000), -3_600_000);
  assert.deepEqual([pass(5_400, 5_000), pass(5_400, 5_000), pass(5_400, 5_000), pass(5_000, 5_000)], [0, 0, 1_200, 0]);
});
