/** What the texts of a report state about earlier runs. */

import assert from "node:assert/strict";
import { suiteSummary } from "../../lib/reports/github.ts";
import { renderText } from "../../lib/reports/text.ts";
import { changesOf, trendsOf } from "../../lib/suites/history.ts";
import { aCase, anAttempt, aSuiteReport } from "./support/suite_report.ts";

const plain = (text: string) => text;
const PAINT = { red: plain, green: plain, yellow: plain, dim: plain, bold: plain };
const DAY_MS = 86_400_000;

/** For each case what it did on each day: P passed, F failed, S skipped, I not judged; on the last one now. */
function reportOf(cases: Readonly<Record<string, string>>) {
  const verdicts = { P: "passed", F: "failed", S: "skipped", I: "not-judged" } as const;
  const dayCount = Math.max(...Object.values(cases).map((letters) => letters.length));
  const reports = Array.from({ length: dayCount }, (_, day) =>
    aSuiteReport(
      Object.entries(cases).map(([name, letters]) => {
        const verdict = Object.entries(verdicts).find(([letter]) => letter === letters[day])?.[1] ?? "passed";
        const attempts = verdict === "skipped" ? [] : [anAttempt({ runSeconds: 60 * (day + 1), queueSeconds: null })];
        return aCase({ id: name, name, verdict, attempts, reason: verdict === "skipped" ? "cluster-a is off" : null });
      }),
      { startedAtMs: Date.UTC(2026, 0, 1) + day * DAY_MS },
    ));
  const report = reports.pop();
  assert.ok(report !== undefined);
  const trends = trendsOf(reports, report);
  return { report: { ...report, changes: changesOf(report, trends) }, trends };
}

Deno.test("text and Markdown name what is new, still failing and since when, not judged again, and recovered", () => {
  const { report, trends } = reportOf({ a: "PPF", b: "PFF", c: "FFF", d: "FFP", e: "PFI", f: "PPP" });
  assert.match(
    renderText(report, PAINT, trends),
    /\n1 new failure: nightly: a\n2 still failing since 2026-01-01: nightly: b, nightly: c\n1 not judged, failed before: nightly: e\n1 recovered: nightly: d\n✗/,
  );
  assert.match(
    suiteSummary(report).replaceAll("&#58;", ":"),
    /\n- \*\*1 new failure\*\*: nightly: a\n- \*\*2 still failing since 2026-01-01\*\*: nightly: b, nightly: c\n- \*\*1 not judged, failed before\*\*: nightly: e\n- \*\*1 recovered\*\*: nightly: d\n\n/,
  );
});

Deno.test("of many new failures, ten are named and the others counted", () => {
  const { report } = reportOf(Object.fromEntries(Array.from({ length: 13 }, (_, index) => [`case-${index}`, "PF"])));
  assert.match(renderText(report, PAINT), /\n13 new failures: nightly: case-0, .*, nightly: case-9, 3 more\n/);
});

Deno.test("text states how often a case was skipped in a row, and how long a case that failed usually takes", () => {
  const { report, trends } = reportOf({ a: "PPSSSSSS", b: "PPPPPPPS", c: "PPPPPPSS", d: "PPPPPPPF" });
  const text = renderText(report, PAINT, trends);
  assert.match(
    text,
    /\n- 1 skipped 6 runs in a row: cluster-a is off\n- 1 skipped: cluster-a is off\n- 1 skipped 2 runs in a row: cluster-a is off\n/,
  );
  assert.match(text, /^✗ d {2}failed {2}\(ran 8m 00s, usually 4m 00s, solver-abc\)/);
});

Deno.test("without earlier runs, text states nothing about them", () => {
  const text = renderText(aSuiteReport([aCase({ verdict: "failed" })]), PAINT);
  assert.doesNotMatch(text, /usually|new failure|in a row/);
});
