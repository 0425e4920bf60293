import assert from "node:assert/strict";
import { decideOverlap, MAX_QUEUE_LENGTH, type OpenOccurrence } from "../../lib/scheduler/overlap.ts";
import { OVERLAPS } from "../../lib/scheduler/schedule.ts";

const OCCURRENCE = { id: "s5", schedule: "job", atMs: 5 };
const one = (atMs: number, state: OpenOccurrence["state"]): OpenOccurrence => ({
  occurrenceId: `s${atMs}`,
  atMs,
  state,
});
const queue = Array.from({ length: MAX_QUEUE_LENGTH }, (_, index) => one(index - 100, "waiting"));

for (const overlap of OVERLAPS) {
  Deno.test(`${overlap} submits when nothing is open`, () => {
    assert.deepEqual(decideOverlap(overlap, OCCURRENCE, []), { type: "submit" });
  });
  for (const state of ["open", "cancelling"] as const) {
    Deno.test(`${overlap} does nothing for a slot that is ${state} already`, () => {
      assert.deepEqual(decideOverlap(overlap, OCCURRENCE, [one(4, "open"), one(5, state)]), { type: "nothing" });
    });
  }
}

for (
  const [does, overlap, open, expected] of [
    ["allow submits beside others", "allow", [one(4, "open")], { type: "submit" }],
    ["skip skips while one is open", "skip", [one(4, "open")], { type: "skip", reason: "still-open", because: ["s4"] }],
    ["skip skips while one ends", "skip", [one(4, "cancelling")], {
      type: "skip",
      reason: "still-open",
      because: ["s4"],
    }],
    ["skip is not held up by one that waits behind", "skip", [one(5, "waiting"), one(6, "waiting")], {
      type: "submit",
    }],
    ["queue waits behind what is open, in the order of slots", "queue", [one(4, "waiting"), one(3, "open")], {
      type: "wait",
      behind: ["s3", "s4"],
    }],
    ["queue lets the first that waits go", "queue", [one(5, "waiting"), one(6, "waiting")], { type: "submit" }],
    ["queue lets the second wait", "queue", [one(4, "waiting"), one(5, "waiting")], { type: "wait", behind: ["s4"] }],
    ["queue keeps the last place of a full queue", "queue", [...queue.slice(1), one(5, "waiting"), one(6, "waiting")], {
      type: "wait",
      behind: queue.slice(1).map(({ occurrenceId }) => occurrenceId),
    }],
    ["queue skips what was noted behind a full one", "queue", [...queue, one(5, "waiting")], {
      type: "skip",
      reason: "queue-full",
      because: queue.map(({ occurrenceId }) => occurrenceId),
    }],
    ["queue skips when it is full", "queue", queue, {
      type: "skip",
      reason: "queue-full",
      because: queue.map(({ occurrenceId }) => occurrenceId),
    }],
    [
      "cancel-previous cancels what goes and drops what waits",
      "cancel-previous",
      [one(4, "waiting"), one(3, "open"), one(2, "cancelling")],
      { type: "cancel-then-submit", cancel: ["s3", "s4"] },
    ],
    ["cancel-previous does not cancel twice", "cancel-previous", [one(4, "cancelling")], { type: "submit" }],
    ["cancel-previous leaves a newer one alone", "cancel-previous", [one(4, "open"), one(6, "open")], {
      type: "skip",
      reason: "newer-open",
      because: ["s6"],
    }],
  ] as const
) {
  Deno.test(does, () => assert.deepEqual(decideOverlap(overlap, OCCURRENCE, open), expected));
}
