import assert from "node:assert/strict";
import { renderCtrf } from "../../lib/reports/ctrf.ts";
import { readCtrf } from "../../lib/reports/read_ctrf.ts";
import { mergeShards } from "../../lib/reports/merge.ts";
import { renderJunit } from "../../lib/reports/junit.ts";
import type { Report, ReportCase } from "../../lib/reports/report.ts";
import { InvalidInputs } from "../../lib/errors.ts";
import { trendsOf } from "../../lib/suites/history.ts";
import { addInsights, isTestFlaky, validateStrict } from "../deps/ctrf.ts";
import {
  A_FAILED_ATTEMPT,
  aCase,
  AN_INFRA_ATTEMPT,
  anAttempt,
  aSuiteReport,
  EVERY_CASE,
} from "./support/suite_report.ts";

const UNIQUE = EVERY_CASE.map((one, index) => ({ ...one, id: `case-${index}` }));
const parse = (report: Report) => {
  const document: unknown = JSON.parse(renderCtrf(report));
  validateStrict(document);
  return document;
};

Deno.test("the format's own package accepts a report with every verdict, with one case and with none", () => {
  const { summary, tests } = parse(aSuiteReport(UNIQUE)).results;
  assert.equal(summary.tests, UNIQUE.length);
  assert.equal(summary.passed + summary.failed + summary.skipped + summary.other, UNIQUE.length);
  assert.equal(tests.length, UNIQUE.length);
  parse(aSuiteReport([]));
  parse(
    aSuiteReport([aCase({ id: "", file: null, inputs: null })], {
      startedAtMs: null,
      endedAtMs: null,
      environment: null,
    }),
  );
});

for (
  const [verdict, parts, wanted] of [
    ["passed", {}, ["passed", "passed"]],
    ["failed", {}, ["failed", "failed"]],
    ["failed", { isFailure: false, isQuarantined: true }, ["other", "failed"]],
    ["known-failure", {}, ["skipped", "xfail"]],
    ["unexpected-pass", {}, ["failed", "xpass"]],
    ["unexpected-pass", { isFailure: false }, ["passed", "xpass"]],
    ["skipped", {}, ["skipped", "skipped"]],
    ["skipped", { isFailure: true }, ["failed", "skipped"]],
    ["not-judged", {}, ["other", "not-judged"]],
    ["not-run", {}, ["other", "not-run"]],
    ["error", {}, ["failed", "error"]],
  ] as const
) {
  Deno.test(`${verdict} ${JSON.stringify(parts)} has the status and raw status ${wanted.join(", ")}`, () => {
    const [test] = parse(aSuiteReport([aCase({ verdict, ...parts })])).results.tests;
    assert.deepEqual([test?.status, test?.rawStatus], wanted);
  });
}

Deno.test("an attempt whose end was not seen has not passed", () => {
  const attempts = [A_FAILED_ATTEMPT, { ...A_FAILED_ATTEMPT, reason: "its end was not seen", cause: null }];
  const [test] = parse(aSuiteReport([aCase({ verdict: "not-judged", attempts })])).results.tests;
  assert.deepEqual(test?.retryAttempts?.map(({ status }) => status), ["failed", "failed"]);
});

Deno.test("a case that passed at last is flaky, with all attempts in order", () => {
  const attempts = [AN_INFRA_ATTEMPT, A_FAILED_ATTEMPT, anAttempt()];
  const [test] = parse(aSuiteReport([aCase({ isFlaky: true, attempts })])).results.tests;
  assert.ok(test !== undefined && isTestFlaky(test));
  assert.equal(test.retries, 2);
  assert.deepEqual(test.retryAttempts?.map(({ attempt, status }) => [attempt, status]), [
    [1, "failed"],
    [2, "failed"],
    [3, "passed"],
  ]);
});

Deno.test("a test has a stable id, its inputs as parameters, and where it ran as labels", () => {
  const one = aCase({ inputs: { mesh: { size: 3 } }, parameters: { mesh: "fine" }, tags: ["slow"] });
  const [test] = parse(aSuiteReport([one])).results.tests;
  assert.equal(test?.testId, one.id);
  assert.deepEqual(test?.parameters, { mesh: { size: 3 } });
  assert.deepEqual(test?.labels, { workflow: "solver", resource: ["cluster-a"] });
  assert.deepEqual(test?.suite, ["nightly"]);
  assert.equal(test?.duration, 65_123);
});

Deno.test("with earlier runs, a report has the insights that the format's own package computes", () => {
  const reports = ["PFSQ", "FFPP", "PPPI"].map((letters, day) => {
    const verdicts = {
      P: {},
      F: { verdict: "failed" },
      S: { verdict: "skipped", attempts: [] },
      I: { verdict: "not-judged" },
    } as const;
    const inQuarantine = { verdict: "failed", isFailure: false, isQuarantined: true } as const;
    const cases = [...letters].map((letter, index) => {
      const { attempts = [anAttempt({ runSeconds: 10 * day + index + 0.25 })], ...parts }: Partial<ReportCase> =
        letter === "Q" ? inQuarantine : verdicts[letter === "F" || letter === "S" || letter === "I" ? letter : "P"];
      return aCase({ id: `id-${index}`, name: `case ${index}`, ...parts, attempts });
    });
    return aSuiteReport(cases, { startedAtMs: Date.parse("2026-01-05T09:00:00Z") + day * 86_400_000 });
  });
  const [first, second, last] = reports;
  assert.ok(first !== undefined && second !== undefined && last !== undefined);
  const document: unknown = JSON.parse(renderCtrf(last, { trends: trendsOf([first, second], last) }));
  validateStrict(document);
  const wanted = addInsights(parse(last), [parse(second), parse(first)]);
  const current = (
    insights: {
      readonly passRate?: { current?: number };
      readonly failRate?: { current?: number };
      readonly averageTestDuration?: { current?: number };
    } | undefined,
  ) => [insights?.passRate?.current, insights?.failRate?.current, insights?.averageTestDuration?.current];
  assert.deepEqual(current(document.insights), current(wanted.insights));
  assert.equal(document.insights?.runsAnalyzed, wanted.insights?.runsAnalyzed);
  for (const [index, test] of document.results.tests.entries()) {
    const own = wanted.results.tests[index];
    assert.deepEqual([...current(test.insights), test.insights?.executedInRuns], [
      ...current(own?.insights),
      own?.insights?.executedInRuns,
    ]);
  }
  // Without earlier runs, there is nothing to compare with.
  assert.equal(parse(last).insights, undefined);
  assert.equal(parse(last).results.tests[0]?.insights, undefined);
});

Deno.test("a report is read back as it was", () => {
  const report = aSuiteReport(UNIQUE, { shard: { index: 2, count: 3, total: 9, places: [4, 5] } });
  assert.deepEqual(readCtrf(renderCtrf(report)), report);
});

for (
  const [text, wanted] of [
    ["{", "is not JSON"],
    ["[]", "is not a CTRF report"],
    ['{"reportFormat":"CTRF","results":{"tests":[]}}', "was not written by pw-workflow-runner"],
    [
      renderCtrf(aSuiteReport([aCase()])).replace('"verdict": "passed"', '"verdict": "fine"'),
      "was not written by pw-workflow-runner",
    ],
  ] as const
) {
  Deno.test(`a file that ${wanted}: ${text.slice(0, 40)}`, () => assert.equal(readCtrf(text), wanted));
}

const MATRIX: readonly ReportCase[] = ["coarse", "fine", "finest", "huge"].map((mesh, index) =>
  aCase({ id: `mesh-${index}`, name: `solve [mesh=${mesh}]`, parameters: { mesh } })
);
const SETUP = aCase({ id: "setup", name: "setup data", file: { path: "nightly.suite.yaml", line: 3 } });
const LAST = aCase({ id: "last", name: "last", verdict: "failed", file: { path: "nightly.suite.yaml", line: 20 } });
const [A, B, C, D] = MATRIX;
const SHARDS = [[SETUP, A, C, LAST], [SETUP, B, D]].map((cases, index) => {
  const start = Date.parse("2026-01-05T09:00:00Z");
  return aSuiteReport(cases.filter((one) => one !== undefined), {
    shard: { index: index + 1, count: 2, total: 6, places: index === 0 ? [0, 1, 3, 5] : [0, 2, 4] },
    startedAtMs: start + index * 1_000,
    endedAtMs: start + (index + 1) * 60_000,
    exitCode: index === 0 ? 1 : 0,
  });
});
const files = (reports: readonly Report[]) =>
  reports.map((report, index) => ({ path: `shard${index + 1}.json`, text: renderCtrf(report) }));
const exitCodeOf = (cases: readonly ReportCase[]) => cases.some(({ isFailure }) => isFailure) ? 1 : 0;

Deno.test("merged shards equal the report without shards, in every order of the files", () => {
  const whole = aSuiteReport([SETUP, ...MATRIX, LAST], {
    endedAtMs: Date.parse("2026-01-05T09:02:00Z"),
    exitCode: 1,
  });
  for (const shards of [SHARDS, SHARDS.toReversed()]) {
    const merged = mergeShards(files(shards), exitCodeOf);
    assert.deepEqual(merged, whole);
    assert.equal(renderJunit(merged), renderJunit(whole));
    assert.equal(renderCtrf(merged), renderCtrf(whole));
  }
});

Deno.test("merged cases have the order of the suites and of their matrix, whichever shard has the first of them", () => {
  const at = (suite: string, name: string, line: number) =>
    aCase({ id: `${suite} ${name}`, suite, name, file: { path: `${suite}.suite.yaml`, line } });
  const dealt = [
    [at("one", "setup data", 1), at("one", "solve", 2), at("one", "sweep [k=2]", 3), at("three", "last", 2)],
    [at("one", "sweep [k=1]", 3), at("two", "only", 2)],
  ];
  const reports = dealt.map((cases, index) =>
    aSuiteReport(cases, {
      title: "one, two, three",
      shard: { index: index + 1, count: 2, total: 6, places: index === 0 ? [0, 1, 3, 5] : [2, 4] },
    })
  );
  assert.deepEqual(mergeShards(files(reports), exitCodeOf).cases.map(({ suite, name }) => `${suite}: ${name}`), [
    "one: setup data",
    "one: solve",
    "one: sweep [k=1]",
    "one: sweep [k=2]",
    "two: only",
    "three: last",
  ]);
});

Deno.test("what changed in one shard alone is not what changed in the whole run", () => {
  const names = { regressions: ["nightly: last"], recovered: [], stillFailing: [], unjudgedFailures: [] };
  const compared = SHARDS.map((report, index) =>
    index === 0 ? { ...report, changes: { ...names, failingSinceMs: null, isInfraOnly: false } } : report
  );
  assert.ok(!("changes" in mergeShards(files(compared), exitCodeOf)));
});

Deno.test("a setup run that failed in one shard has failed", () => {
  const failing = SHARDS.map((report, index) => ({
    ...report,
    cases: report.cases.map((one) =>
      one === SETUP && index === 1 ? aCase({ ...one, verdict: "failed", isFailure: true }) : one
    ),
  }));
  assert.equal(mergeShards(files(failing), exitCodeOf).cases[0]?.verdict, "failed");
});

const [ONE, TWO] = SHARDS;
assert.ok(ONE !== undefined && TWO !== undefined);
for (
  const [name, reports, wanted] of [
    ["a missing shard", [ONE], ["shard 2 of 2 is missing"]],
    ["no file", [], ["no files to merge"]],
    ["a shard twice", [ONE, ONE], ["shard2.json is shard 1, as shard1.json", "shard 2 of 2 is missing"]],
    ["a whole report", [ONE, { ...TWO, shard: null }], [
      "shard2.json is a whole report, not one shard (--shard)",
      "shard 2 of 2 is missing",
    ]],
    ["another suite", [ONE, { ...TWO, title: "weekly" }], ["shard2.json belongs to another run than shard1.json"]],
    ["another number of shards", [ONE, { ...TWO, shard: { index: 2, count: 3, total: 6, places: [0, 2, 4] } }], [
      "shard2.json is one of 3 shards, not of 2 as shard1.json",
    ]],
    ["a case more in one shard", [ONE, { ...TWO, shard: { index: 2, count: 2, total: 7, places: [0, 2, 4] } }], [
      "shard2.json is of another selection of cases than shard1.json: run all shards with the same files",
    ]],
    [
      "another case in the place of one",
      [ONE, { ...TWO, shard: { index: 2, count: 2, total: 6, places: [0, 1, 2] } }],
      [
        "shard2.json is of another selection of cases than shard1.json: run all shards with the same files",
        "1 case of 6 in no shard",
      ],
    ],
    ["a case that no shard has run", [ONE, { ...TWO, cases: TWO.cases.slice(0, -1) }], ["1 case of 6 in no shard"]],
  ] as const
) {
  Deno.test(`${name} is named, and nothing is merged`, () => {
    assert.throws(() => mergeShards(files(reports), exitCodeOf), (error) => {
      assert.ok(error instanceof InvalidInputs);
      assert.deepEqual(error.problems.map(({ origin, message }) => `${origin} ${message}`.trim()), wanted);
      return true;
    });
  });
}

Deno.test("an interrupted shard decides the exit code", () => {
  const interrupted = SHARDS.map((report, index) => index === 0 ? { ...report, exitCode: 130 } : report);
  assert.equal(mergeShards(files(interrupted), exitCodeOf).exitCode, 130);
});
