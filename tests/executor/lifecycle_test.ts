import assert from "node:assert/strict";
import { ARROWS, next, type Observation } from "../../lib/executor/lifecycle.ts";
import { resultOf } from "../../lib/executor/view.ts";
import type { RunRecord } from "../../lib/model.ts";
import { aDoubt, anIntended, aRun, aSeen, aSettled, aSubmitted } from "../support/records.ts";

const NOW_MS = 5_000;
const LATER_MS = 9_000;
const handle = { type: "slug", slug: "s" } as const;

const RECORDS: Readonly<Record<RunRecord["state"], RunRecord>> = {
  intended: anIntended(),
  submitted: aSubmitted({ doubt: aDoubt() }),
  seen: aSeen(),
  settled: aSettled(),
  refused: { ...aSeenBase(), state: "refused", kind: "rejected", message: "no" },
};

const OBSERVATIONS: { readonly [T in Observation["type"]]: Extract<Observation, { type: T }> } = {
  sending: { type: "sending" },
  "not-sent": { type: "not-sent", againAtMs: LATER_MS },
  "slug-refused": { type: "slug-refused" },
  refused: { type: "refused", kind: "rejected", message: "no" },
  "in-doubt": { type: "in-doubt", cause: "answer-lost", detail: "cut", lookForMs: 60_000, lookAtMs: LATER_MS },
  "not-found": { type: "not-found", lookAtMs: LATER_MS },
  "not-looked": { type: "not-looked", lookAtMs: LATER_MS },
  "given-up": { type: "given-up" },
  "post-again": { type: "post-again", againAtMs: LATER_MS },
  looked: { type: "looked", run: aRun(), handle, lookAtMs: LATER_MS },
  "look-failed": { type: "look-failed", lookAtMs: LATER_MS },
  missing: { type: "missing", lookAtMs: LATER_MS },
  left: { type: "left" },
  ended: { type: "ended", result: resultOf(aRun(), { kind: "completed", submitted: "yes" }) },
};

for (const record of Object.values(RECORDS)) {
  for (const observation of Object.values(OBSERVATIONS)) {
    const arrows: Partial<Record<Observation["type"], RunRecord["state"]>> = ARROWS[record.state];
    const want = arrows[observation.type];
    Deno.test(`next() takes a record that is ${record.state} by "${observation.type}" to ${want ?? "a TypeError"}`, () => {
      if (want === undefined) {
        assert.throws(() => next(record, observation, NOW_MS), TypeError);
      } else {
        const moved = next(record, observation, NOW_MS);
        assert.equal(moved.state, want);
        assert.equal(moved.updatedAtMs, NOW_MS);
        assert.equal(moved.wishId, record.wishId);
      }
    });
  }
}

Deno.test("next() counts a lost answer, but not a conflict, as a run that may exist", () => {
  const sent = aSubmitted();
  const lost = next(sent, OBSERVATIONS["in-doubt"], NOW_MS);
  const conflict = next(sent, { ...OBSERVATIONS["in-doubt"], cause: "conflict" }, NOW_MS);
  assert.equal(lost.state === "submitted" && lost.lostAnswers, 1);
  assert.equal(conflict.state === "submitted" && conflict.lostAnswers, 0);
});

Deno.test("next() keeps the lost answers when the same slug is posted again", () => {
  const again = next(aSubmitted({ lostAnswers: 1, doubt: aDoubt() }), OBSERVATIONS["post-again"], NOW_MS);
  assert.equal(again.state === "intended" && again.lostAnswers, 1);
  assert.equal(again.ownSlug, aSubmitted().ownSlug);
});

Deno.test("next() drops only the slug when the slug is refused", () => {
  const again = next(aSubmitted(), OBSERVATIONS["slug-refused"], NOW_MS);
  assert.equal(again.ownSlug, null);
  assert.equal(again.marker, aSubmitted().marker);
  assert.equal(again.dueAtMs, NOW_MS);
});

Deno.test("next() remembers since when the answer is awaited, contact is lost, the run missing or failing", () => {
  const failing = aRun({ phase: "failing" });
  let record = next(aSeen(), OBSERVATIONS["look-failed"], 10);
  record = next(record, OBSERVATIONS["look-failed"], 20);
  assert.equal(record.state === "seen" && record.lostSinceMs, 10);
  record = next(record, OBSERVATIONS.missing, 30);
  record = next(record, OBSERVATIONS.missing, 40);
  assert.deepEqual(record.state === "seen" && [record.lostSinceMs, record.missingSinceMs, record.missingLooks], [
    null,
    30,
    2,
  ]);
  record = next(record, { ...OBSERVATIONS.looked, run: failing }, 50);
  record = next(record, { ...OBSERVATIONS.looked, run: failing }, 60);
  assert.deepEqual(record.state === "seen" && [record.failingSinceMs, record.missingLooks], [50, 0]);
  record = next(record, OBSERVATIONS.looked, 70);
  assert.equal(record.state === "seen" && record.failingSinceMs, null);
});

function aSeenBase() {
  const { wishId, revision, owner, request, key, ownSlug, marker, intendedAtMs, updatedAtMs, dueAtMs } = aSeen();
  return { wishId, revision, owner, request, key, ownSlug, marker, intendedAtMs, updatedAtMs, dueAtMs };
}
