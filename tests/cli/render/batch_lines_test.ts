import assert from "node:assert/strict";
import {
  batchTotals,
  countLine,
  endLine,
  formatEstimate,
  isCountLineDue,
} from "../../../lib/cli/render/batch_lines.ts";
import { aResult } from "../../batches/support/results.ts";
import { aState } from "./support/batch_state.ts";

for (
  const [parts, want] of [
    [{ label: "a=1", run: "solve-x", seconds: 125 }, "Row 1 completed after 2m 05s: a=1 (solve-x)"],
    [
      { label: "a=1", run: "solve-x", seconds: 5, status: "failed", attempt: 3, error: "no license\nmore" },
      [
        "Row 1 failed after 5s: a=1 (solve-x, attempt 3): no license",
      ].join(),
    ],
    [{ label: "a", status: "rejected", attempt: 1, error: "no such cluster" }, "Row 1 rejected: a: no such cluster"],
    [{ label: "a\u001b[2J", status: "cancelled" }, "Row 1 cancelled: a\\x1b[2J"],
  ] as const
) {
  Deno.test(`a row that has ended has the line ${want}`, () => {
    assert.equal(endLine(aResult(parts), { rowCount: 200 }), want);
  });
}

Deno.test("with more than 200 rows, only failures have a line", () => {
  assert.equal(endLine(aResult({}), { rowCount: 201 }), undefined);
  assert.equal(endLine(aResult({ status: "cancelled" }), { rowCount: 201 }), undefined);
  for (const status of ["failed", "rejected", "timeout", "unknown"] as const) {
    assert.match(endLine(aResult({ status }), { rowCount: 201 }) ?? "", /^Row 1 /);
  }
});

Deno.test("with more than 200 rows, a count is due once a minute", () => {
  assert.equal(isCountLineDue({ rowCount: 201, lastAtMs: 0, nowMs: 59_999 }), false);
  assert.equal(isCountLineDue({ rowCount: 201, lastAtMs: 0, nowMs: 60_000 }), true);
  assert.equal(isCountLineDue({ rowCount: 200, lastAtMs: 0, nowMs: 60_000 }), false);
});

Deno.test("the count line has the totals and the time left", () => {
  const { rows } = aState(1_000);
  const estimate = { p50Ms: 90_000, p90Ms: 7_500_000 };
  assert.equal(
    countLine(rows, estimate),
    "500 of 1,000 done, 8 running, 492 waiting, 50 failed, 1m 30s\u20132h 05m left",
  );
  assert.equal(countLine(rows.slice(0, 3), null), "3 of 3 done, 0 running, 0 waiting, 1 failed");
});

Deno.test("every row is counted once as done, running or waiting", () => {
  const statuses = [
    "waiting",
    "submitting",
    "running",
    "rejected",
    "completed",
    "failed",
    "cancelled",
    "timeout",
    "unknown",
  ];
  const rows = statuses.map((status) => aResult({ status: status as "waiting" }));
  assert.deepEqual(batchTotals(rows), { done: 6, failed: 4, cancelled: 1, running: 2, waiting: 1 });
});

for (
  const [p50Ms, p90Ms, want] of [
    [2_400_000, 3_300_000, "40m\u201355m left"],
    [2_400_000, 2_410_000, "~40m left"],
    [30_000, 119_000, "30s\u20131m 59s left"],
    [3_600_000, 90_000_000, "1h\u201325h left"],
    [200_000_000, 300_000_000, "2d 7h\u20133d 11h left"],
  ] as const
) {
  Deno.test(`an end between ${p50Ms} and ${p90Ms} ms is shown as ${want}`, () => {
    assert.equal(formatEstimate({ p50Ms, p90Ms }), want);
  });
}
