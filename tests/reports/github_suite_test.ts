import assert from "node:assert/strict";
import { suiteAnnotations, suiteOutputs, suiteSummary } from "../../lib/reports/github.ts";
import { aCase, anAttempt, aSuiteReport, EVERY_CASE } from "./support/suite_report.ts";

const CHANGES = {
  regressions: ["nightly: a [x=1\n2]", "nightly: b"],
  recovered: [],
  stillFailing: ["nightly: c"],
  unjudgedFailures: ["nightly: d"],
  failingSinceMs: Date.UTC(2026, 0, 2, 3),
  isInfraOnly: false,
};

Deno.test("the outputs of a suite count its cases, and name what has changed, one in a line", () => {
  const outputs = suiteOutputs(aSuiteReport(EVERY_CASE));
  assert.deepEqual(outputs, {
    status: "failed",
    "exit-code": "1",
    total: "14",
    passed: "3",
    failed: "3",
    flaky: "1",
    skipped: "1",
    "not-judged": "4",
  });
  assert.deepEqual(suiteOutputs(aSuiteReport([aCase()], { exitCode: 0, changes: CHANGES })), {
    status: "completed",
    "exit-code": "0",
    total: "1",
    passed: "1",
    failed: "0",
    flaky: "0",
    skipped: "0",
    "not-judged": "0",
    regressions: "nightly: a [x=1\\n2]\nnightly: b",
    "still-failing": "nightly: c",
    "unjudged-failures": "nightly: d",
    recovered: "",
    "failing-since": "2026-01-02T03:00:00.000Z",
    "infra-only": "false",
  });
  const error = aCase({ verdict: "error", attempts: [] });
  const unchanged = { ...CHANGES, failingSinceMs: null };
  const { status, "failing-since": since } = suiteOutputs(aSuiteReport([error], { exitCode: 7, changes: unchanged }));
  assert.deepEqual([status, since], ["error", ""]);
});

for (const [exitCode, status] of [[130, "stopped"], [143, "stopped"], [6, "unknown"], [8, "error"]] as const) {
  Deno.test(`the status of a suite that exits with ${exitCode} is ${status}`, () => {
    const report = aSuiteReport([aCase({ verdict: "not-judged" })], { exitCode });
    assert.equal(suiteOutputs(report)["status"], status);
  });
}

Deno.test("annotations of a suite name its worst cases with reasons and the command that repeats each", () => {
  const reason = "expected completed, got failed";
  const failed = aCase({ name: "fails", verdict: "failed", reason });
  const known = aCase({ name: "unjudged", verdict: "not-judged", reason: "waited 2h", repeatCommand: null });
  assert.deepEqual(suiteAnnotations(aSuiteReport([aCase(), known, failed])), [
    {
      type: "error",
      title: "nightly: fails failed",
      message: `${reason}\nRepeat: pw-workflow-runner test nightly.suite.yaml --case solve`,
    },
    { type: "warning", title: "nightly: unjudged not judged", message: "waited 2h" },
  ]);
});

Deno.test("of more than ten cases, an annotation counts those that are not shown", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => aCase({ name: `c${index}`, verdict: "failed" }));
  assert.equal(suiteAnnotations(aSuiteReport(many(10))).length, 10);
  const [more, ...shown] = suiteAnnotations(aSuiteReport(many(30)));
  assert.deepEqual(more, { type: "error", title: "21 more", message: "21 more cases: see the summary of the job" });
  assert.equal(shown.length, 9);
  const [other] = suiteAnnotations(aSuiteReport(many(30).map((one) => ({ ...one, isFailure: false }))));
  assert.deepEqual(other, { ...more, type: "warning" });
});

Deno.test("a failure in quarantine is named so in its annotation, its details and the table", () => {
  const report = aSuiteReport([aCase({ name: "slow", verdict: "failed", isFailure: false, isQuarantined: true })]);
  assert.deepEqual(suiteAnnotations(report).map(({ type, title }) => [type, title]), [
    ["warning", "nightly: slow failed, quarantined"],
  ]);
  assert.match(
    suiteSummary(report),
    /^#### ❌ slow: failed, quarantined [^]*^\| ❌ \| slow \| failed, quarantined \|/m,
  );
});

Deno.test("the summary of a suite has details of its ten worst cases, and all cases in a table", () => {
  const cases = Array.from(
    { length: 1_010 },
    (_, index) => aCase({ name: `c${index}`, verdict: index < 12 ? "failed" : "passed" }),
  );
  const summary = suiteSummary(aSuiteReport(cases, { changes: CHANGES }));
  assert.match(summary, /^### ❌ nightly &#40;prod&#41;: .*12 failed.* in 10m 00s\n/);
  assert.match(summary, /- \*\*1 still failing since 2026-01-02\*\*/);
  assert.equal(summary.match(/^#### ❌ /gm)?.length, 10);
  assert.match(summary, /^2 more: see the table$/m);
  assert.equal(summary.match(/^\| [✅❌] \|/gmu)?.length, 1_000);
  assert.match(summary, /^10 more$/m);
  const unnamed = suiteSummary(aSuiteReport([aCase()], { environment: null, startedAtMs: null, exitCode: 0 }));
  assert.match(unnamed, /^### ✅ nightly: 1 passed\n/);
  const long = aCase({ name: "n".repeat(300) });
  assert.ok(suiteSummary(aSuiteReport(Array(1_000).fill(long))).endsWith("see the other reports.\n"));
});

Deno.test("the summary of a suite keeps its ten worst cases where the table or their logs are too long", () => {
  const attempts = [anAttempt({ logTail: Array(20).fill("progress ".repeat(2_000)) })];
  const cases = Array.from(
    { length: 1_000 },
    (_, index) => aCase({ name: `c${index} ${"n".repeat(200)}`, verdict: index < 12 ? "failed" : "passed", attempts }),
  );
  const summary = suiteSummary(aSuiteReport(cases));
  assert.equal(summary.match(/^#### ❌ /gm)?.length, 10);
  assert.ok(summary.endsWith("see the other reports.\n"));
});

Deno.test("the summary of a suite counts the differences of a long list, and keeps the other cases", () => {
  const expectations = Array.from({ length: 5_000 }, (_, index) => {
    return { path: `outputs.main.x[${index}]`, isMet: false, expected: "at most 1", actual: "2", knownFailure: null };
  });
  const cases = [aCase({ verdict: "failed", expectations }), aCase({ name: "other", verdict: "failed" })];
  const summary = suiteSummary(aSuiteReport(cases));
  assert.match(summary, /x&#91;19&#93;&#58; expected at most 1, got 2\n- 4980 more\n/);
  assert.match(summary, /^#### ❌ other/m);
});
