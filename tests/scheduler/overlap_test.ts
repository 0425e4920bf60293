import assert from "node:assert/strict";
import { decideOverlap, MAX_QUEUE_LENGTH, type OpenOccurrence } from "../../lib/scheduler/occurrences.ts";
import { OVERLAPS } from "../../lib/scheduler/schedule.ts";

const OCCURRENCE = { id: "s5", schedule: "job", scheduledAtMs: 5 };
const one = (scheduledAtMs: number, state: OpenOccurrence["state"]): OpenOccurrence => ({
  id: `s${scheduledAtMs}`,
  schedule: "job",
  scheduledAtMs,
  state,
});
const queue = Array.from({ length: MAX_QUEUE_LENGTH }, (_, index) => one(index - 100, "waiting"));

for (const overlap of OVERLAPS) {
  Deno.test(`${overlap} submits if nothing is open`, () => {
    assert.deepEqual(decideOverlap(overlap, OCCURRENCE, []), { type: "submit", cancel: [] });
  });
  for (const state of ["open", "cancelling"] as const) {
    Deno.test(`${overlap} does nothing for an occurrence that is already ${state}`, () => {
      assert.deepEqual(decideOverlap(overlap, OCCURRENCE, [one(4, "open"), one(5, state)]), {
        type: "already-submitted",
      });
    });
  }
}

for (
  const [behavior, overlap, open, expected] of [
    ["allow submits while others are open", "allow", [one(4, "open")], { type: "submit", cancel: [] }],
    ["skip skips while one is open", "skip", [one(4, "open")], {
      type: "skip",
      reason: "still-open",
      blockedBy: ["s4"],
    }],
    ["skip skips while one is cancelling", "skip", [one(4, "cancelling")], {
      type: "skip",
      reason: "still-open",
      blockedBy: ["s4"],
    }],
    ["skip ignores later occurrences that wait", "skip", [one(5, "waiting"), one(6, "waiting")], {
      type: "submit",
      cancel: [],
    }],
    ["queue waits behind open occurrences, in scheduled order", "queue", [one(4, "waiting"), one(3, "open")], {
      type: "wait",
    }],
    ["queue submits the first that waits", "queue", [one(5, "waiting"), one(6, "waiting")], {
      type: "submit",
      cancel: [],
    }],
    ["queue keeps the second waiting", "queue", [one(4, "waiting"), one(5, "waiting")], {
      type: "wait",
    }],
    ["queue keeps the last occurrence of a full queue", "queue", [
      ...queue.slice(1),
      one(5, "waiting"),
      one(6, "waiting"),
    ], {
      type: "wait",
    }],
    ["queue skips a stored occurrence behind a full queue", "queue", [...queue, one(5, "waiting")], {
      type: "skip",
      reason: "queue-full",
      blockedBy: queue.map(({ id }) => id),
    }],
    ["queue skips if it is full", "queue", queue, {
      type: "skip",
      reason: "queue-full",
      blockedBy: queue.map(({ id }) => id),
    }],
    [
      "cancel-previous cancels open and waiting occurrences",
      "cancel-previous",
      [one(4, "waiting"), one(3, "open"), one(2, "cancelling")],
      { type: "submit", cancel: ["s3", "s4"] },
    ],
    ["cancel-previous does not cancel twice", "cancel-previous", [one(4, "cancelling")], {
      type: "submit",
      cancel: [],
    }],
    ["cancel-previous skips if a newer one is open", "cancel-previous", [one(4, "open"), one(6, "open")], {
      type: "skip",
      reason: "newer-open",
      blockedBy: ["s6"],
    }],
  ] as const
) {
  Deno.test(behavior, () => assert.deepEqual(decideOverlap(overlap, OCCURRENCE, open), expected));
}
