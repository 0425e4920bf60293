/** Earlier runs as a row of verdicts: P passed, F failed, f flaky, S skipped, I not judged, Q failed in quarantine, - absent. */

import assert from "node:assert/strict";
import type { Report, ReportCase } from "../../lib/reports/report.ts";
import { changesOf, earlierRuns, hasLastFailed, pointsById, trendsOf } from "../../lib/suites/history.ts";
import { aCase, anAttempt, aSuiteReport } from "../reports/support/suite_report.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2026-01-01T02:00:00Z");

const VERDICTS: Readonly<Record<string, Partial<ReportCase>>> = {
  P: {},
  F: { verdict: "failed" },
  f: { isFlaky: true },
  S: { verdict: "skipped", attempts: [] },
  I: { verdict: "not-judged" },
  E: { verdict: "error" },
  N: { verdict: "not-run", attempts: [] },
  X: { verdict: "known-failure" },
  Q: { verdict: "failed", isFailure: false, isQuarantined: true },
};

/** One report for each letter; the run on day n takes n seconds. */
function runsOf(letters: string): readonly Report[] {
  return [...letters].map((letter, day) => {
    const parts = VERDICTS[letter];
    const attempts = parts?.attempts ?? [anAttempt({ runSeconds: day })];
    return aSuiteReport(parts === undefined ? [] : [aCase({ id: "a", ...parts, attempts })], {
      startedAtMs: START_MS + day * DAY_MS,
      exitCode: 0,
    });
  });
}

for (
  const [letters, change, failingSinceDay, flakiness, usualSeconds, skipStreak] of [
    // The last letter is the run that is compared.
    ["PP", null, null, 0, 0, 0],
    ["PF", "new-failure", 1, 0, 0, 0],
    ["PFF", "still-failing", 1, 0, 0, 0],
    ["PFFP", "recovered", null, 0.25, 0, 0],
    ["-F", "new-failure", 1, 0, null, 0],
    ["-P", null, null, 0, null, 0],
    ["PF-F", "still-failing", 1, 0, 0, 0],
    ["PFIF", "still-failing", 1, 0, 0, 0],
    ["PFI", null, null, 0, 0, 0],
    ["PFS", null, null, 0, 0, 1],
    ["FSSP", "recovered", null, 0, null, 0],
    ["PSSS", null, null, 0, 0, 3],
    ["PFPF", "new-failure", 3, 0.5, 1, 0],
    ["PPfP", null, null, 0.25, 1, 0],
    ["PPPQ", null, null, 0, 1, 0],
    ["FX", "recovered", null, 0, null, 0],
    ["XF", "new-failure", 1, 0, null, 0],
    ["PPPP", null, null, 0, 1, 0],
  ] as const
) {
  Deno.test(`${letters}: ${change}, failing since day ${failingSinceDay}, ${flakiness} flaky, skipped ${skipStreak}`, () => {
    const runs = runsOf(letters);
    const last = runs.at(-1);
    assert.ok(last !== undefined);
    const trend = trendsOf(runs.slice(0, -1), last).get("a");
    assert.ok(trend !== undefined);
    assert.equal(trend.change, change);
    assert.equal(trend.failingSinceMs, failingSinceDay === null ? null : START_MS + failingSinceDay * DAY_MS);
    assert.equal(trend.flakinessRate, flakiness);
    assert.equal(trend.usualSeconds, usualSeconds);
    assert.equal(trend.skipStreak, skipStreak);
  });
}

for (
  const [letters, isSelected] of [
    ["P", false],
    ["F", true],
    ["FP", false],
    ["PF", true],
    ["FS", true],
    ["PS", false],
    ["S", false],
    ["I", true],
    ["E", true],
    ["N", true],
    ["Q", true],
    ["X", false],
    ["f", false],
    ["-", true],
    ["F-", true],
  ] as const
) {
  Deno.test(`--last-failed after ${letters}: ${isSelected ? "selected" : "not selected"}`, () => {
    assert.equal(hasLastFailed(pointsById(runsOf(letters)).get("a") ?? []), isSelected);
  });
}

Deno.test("only the newest 30 runs of the same environment count, in any order", () => {
  const runs = runsOf("P".repeat(35));
  const others = runs.map((run) => ({ ...run, environment: "test" }));
  const kept = earlierRuns([...others, ...runs.toReversed()], { environment: "prod" });
  assert.deepEqual(kept, runs.slice(5));
});

Deno.test("of several suites, the newest 30 runs of each count; an earlier report on the same run does not", () => {
  const runs = runsOf("P".repeat(31));
  const others = runs.map((run) => ({ ...run, title: "weekly" }));
  const kept = earlierRuns([...runs, ...others], { environment: "prod", startedAtMs: runs[30]?.startedAtMs ?? null });
  assert.deepEqual(kept, runs.slice(0, 30).flatMap((run, index) => [run, others[index]]));
});

Deno.test("a run counts once, however many reports on it the folder has", () => {
  const runs = runsOf("PPF");
  assert.deepEqual(earlierRuns([...runs, ...runs], { environment: "prod" }), runs);
});

Deno.test("without history nothing is compared, and each failure is new", () => {
  const [run] = runsOf("F");
  assert.ok(run !== undefined);
  const trends = trendsOf([], run);
  assert.equal(trends.size, 0);
  assert.deepEqual(changesOf(run, trends).regressions, ["nightly: solve"]);
});

for (
  const [letters, regressions, recovered, stillFailing, unjudged, isInfraOnly] of [
    ["PF", 1, 0, 0, 0, false],
    ["FP", 0, 1, 0, 0, false],
    ["FF", 0, 0, 1, 0, false],
    ["PI", 0, 0, 0, 0, true],
    ["FE", 0, 0, 0, 1, true],
    ["PS", 0, 0, 0, 0, false],
    ["FS", 0, 0, 0, 1, false],
    ["FN", 0, 0, 0, 1, false],
    ["PP", 0, 0, 0, 0, false],
  ] as const
) {
  Deno.test(`${letters}: ${regressions} regressions, ${recovered} recovered, ${stillFailing} still failing, ${unjudged} not judged again, ${isInfraOnly}`, () => {
    const [before, now] = runsOf(letters);
    assert.ok(before !== undefined && now !== undefined);
    const changes = changesOf(now, trendsOf([before], now));
    assert.deepEqual(
      [changes.regressions, changes.recovered, changes.stillFailing, changes.unjudgedFailures].map(({ length }) =>
        length
      ),
      [regressions, recovered, stillFailing, unjudged],
    );
    assert.equal(changes.isInfraOnly, isInfraOnly);
  });
}
