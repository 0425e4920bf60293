import assert from "node:assert/strict";
import { countCases, formatCounts } from "../../lib/reports/cases.ts";
import { renderText } from "../../lib/reports/text.ts";
import { styleFor } from "../../lib/cli/terminal/style.ts";
import { aCase, aSuiteReport } from "./support/suite_report.ts";

Deno.test("the reason why a case did not run is shown once", () => {
  const cases = [aCase({ name: "never", verdict: "not-run", reason: "setup data failed", attempts: [] })];
  const text = renderText(aSuiteReport(cases), styleFor(false));
  assert.equal(text.split("setup data failed").length, 2, text);
});

Deno.test("a run that ended otherwise than expected shows its status once, with why", () => {
  const status = { path: "status", isMet: false, expected: "completed", actual: "failed", knownFailure: null };
  const reason = "expected completed, got failed: mesh is broken";
  const cases = [aCase({ name: "bad", verdict: "failed", isFailure: true, reason, expectations: [status] })];
  const text = renderText(aSuiteReport(cases), styleFor(false));
  assert.deepEqual(text.split("\n").filter((line) => line.includes("got failed")), [`    ${reason}`]);
});

Deno.test("counts are in English", () => {
  const cases = (verdict: "error" | "known-failure" | "unexpected-pass", count: number) =>
    Array.from({ length: count }, (_, index) => aCase({ name: `${verdict} ${index}`, verdict }));
  const text = (count: number) =>
    formatCounts([...cases("error", count), ...cases("known-failure", count), ...cases("unexpected-pass", count)]);
  assert.equal(text(1), "1 known failure, 1 error, 1 unexpected pass");
  assert.equal(text(2), "2 known failures, 2 errors, 2 unexpected passes");
});

Deno.test("the counts of a document begin with what passed, and end with those of several verdicts", () => {
  const names = Object.keys(countCases([]));
  assert.deepEqual(names.slice(0, 3), ["passed", "failed", "known-failure"]);
  assert.deepEqual(names.slice(-4), ["total", "flaky", "quarantined", "failures"]);
});
