/** Value × reference × tolerance → verdict, with the message that a failing one has. */

import assert from "node:assert/strict";
import { judge, type RunEvidence } from "../../lib/suites/judge.ts";
import { metricText } from "../../lib/suites/compare.ts";
import { judgeMetric, measureAll, type MetricReference } from "../../lib/suites/metrics.ts";
import type { TrendPoint } from "../../lib/reports/trends.ts";
import { metricValues } from "../../lib/suites/history.ts";

type Row = readonly [
  value: number | null,
  reference: MetricReference | null,
  better: "higher" | "lower" | null,
  isMet: boolean,
  /** Of the range. */
  expected: string | null,
];

const FIVE = [10, 12, 11, 13, 100];
const ROWS: readonly Row[] = [
  // Percent, one side open.
  [90_000, { value: 90_000, below: "5%" }, null, true, "90000 MB/s (85500 or more)"],
  [85_500, { value: 90_000, below: "5%" }, null, true, "90000 MB/s (85500 or more)"],
  [85_499, { value: 90_000, below: "5%" }, null, false, "90000 MB/s (85500 or more)"],
  [1e9, { value: 90_000, below: "5%" }, null, true, "90000 MB/s (85500 or more)"],
  [100, { value: 80, above: "25%" }, null, true, "80 MB/s (100 or less)"],
  [100.1, { value: 80, above: "25%" }, null, false, "80 MB/s (100 or less)"],
  [-1, { value: 80, above: "25%" }, null, true, "80 MB/s (100 or less)"],
  // Absolute, both sides.
  [9, { value: 10, below: 1, above: 2 }, null, true, "10 MB/s (9 to 12)"],
  [12, { value: 10, below: 1, above: 2 }, null, true, "10 MB/s (9 to 12)"],
  [8.9, { value: 10, below: 1, above: 2 }, null, false, "10 MB/s (9 to 12)"],
  [12.1, { value: 10, below: 1, above: 2 }, null, false, "10 MB/s (9 to 12)"],
  // A percentage of a negative reference widens the range, too.
  [-11, { value: -10, below: "10%", above: "10%" }, null, true, "-10 MB/s (-11 to -9)"],
  [-11.1, { value: -10, below: "10%", above: "10%" }, null, false, "-10 MB/s (-11 to -9)"],
  [0.1, { value: 0, below: "10%", above: 0.1 }, null, true, "0 MB/s (0 to 0.1)"],
  [0.3, { value: 0.1, above: 0.2 }, null, true, "0.1 MB/s (0.3 or less)"],
  // Decimal fractions are not exact: 0.8 - 0.1 is more than 0.7.
  [0.7, { value: 0.8, below: 0.1 }, null, true, "0.8 MB/s (0.7 or more)"],
  [0.09, { value: 0.1, below: "10%", above: 0 }, null, true, "0.1 MB/s (0.09 to 0.1)"],
  [0, { value: 1, below: "100%" }, null, true, "1 MB/s (0 or more)"],
  // Without a tolerance, the value is the limit on the worse side.
  [11, { value: 10 }, "higher", true, "10 MB/s (10 or more)"],
  [9, { value: 10 }, "higher", false, "10 MB/s (10 or more)"],
  [9, { value: 10 }, "lower", true, "10 MB/s (10 or less)"],
  [11, { value: 10 }, "lower", false, "10 MB/s (10 or less)"],
  [10, { value: 10 }, null, true, "10 MB/s (exactly)"],
  [11, { value: 10 }, null, false, "10 MB/s (exactly)"],
  // Compared with earlier runs: the median of the last five is 12.
  [9.6, { "median-of": 5, "worse-by": "20%" }, "higher", true, "median of 5: 12 MB/s (9.6 or more)"],
  [9.5, { "median-of": 5, "worse-by": "20%" }, "higher", false, "median of 5: 12 MB/s (9.6 or more)"],
  [500, { "median-of": 5, "worse-by": "20%" }, "higher", true, "median of 5: 12 MB/s (9.6 or more)"],
  [15, { "median-of": 5, "worse-by": 3 }, "lower", true, "median of 5: 12 MB/s (15 or less)"],
  [15.1, { "median-of": 5, "worse-by": 3 }, "lower", false, "median of 5: 12 MB/s (15 or less)"],
  [8, { "median-of": 5, "worse-by": 3 }, null, false, "median of 5: 12 MB/s (9 to 15)"],
  [1, { "median-of": 2, "worse-by": 3 }, null, false, "median of 2: 56.5 MB/s (53.5 to 59.5)"],
  // Too few earlier values, or no reference: recorded, not judged.
  [1, { "median-of": 6, "worse-by": "20%" }, "higher", true, null],
  [1, null, "higher", true, null],
  [null, null, null, true, null],
  // A value that is missing, although it has a reference.
  [null, { value: 10, below: 1 }, null, false, "10 MB/s (9 or more)"],
  [null, { "median-of": 6, "worse-by": "20%" }, "higher", false, "a number"],
];

for (const [value, reference, better, isMet, expected] of ROWS) {
  Deno.test(`${value} for ${JSON.stringify(reference)}, better ${better}: ${isMet ? "met" : "not met"}, ${expected}`, () => {
    const judged = judgeMetric({ name: "triad", unit: "MB/s", better }, value, reference, FIVE);
    assert.deepEqual(judged, { name: "triad", value, unit: "MB/s", expected, isMet });
  });
}

const EVIDENCE: RunEvidence = {
  type: "run",
  status: "completed",
  reason: null,
  queueSeconds: 30,
  runSeconds: 600,
  jobs: {},
  outputs: { main: { bw: "42.5", text: "fast", nested: '{"a": [7]}' } },
  unreadLog: null,
  logs: [
    { job: "main", step: "stream", text: "Copy: 1\nTriad: 9.1e4\nTriad: 5" },
    { job: "main", step: "other", text: "Triad: 3" },
    { job: "side", step: "stream", text: "Triad: 4" },
  ],
  session: null,
  check: null,
};
const NONE = { resources: [], earlier: () => [] };

for (
  const [metric, wanted] of [
    [{ from: { log: "main" }, regex: "Triad: +(\\S+)" }, 91_000],
    [{ from: { log: "main", step: "other" }, regex: "Triad: +(\\S+)" }, 3],
    [{ from: { log: "side" }, regex: "^Triad: +(\\S+)$" }, 4],
    [{ from: { log: "none" }, regex: "Triad: +(\\S+)" }, null],
    [{ from: { log: "main" }, regex: "Scale: +(\\S+)" }, null],
    [{ from: { log: "main" }, regex: "(Copy)" }, null],
    [{ from: { log: "main" }, regex: "Copy" }, null],
    [{ from: { output: "main.bw" } }, 42.5],
    [{ from: { output: "main.bw" }, regex: "(\\d+)\\." }, 42],
    [{ from: { output: "main.nested.a[0]" } }, 7],
    [{ from: { output: "main.text" } }, null],
    [{ from: { output: "main.missing" } }, null],
  ] as const
) {
  Deno.test(`${JSON.stringify(metric)} is ${wanted}`, () => {
    const [measured] = measureAll({ metrics: { it: metric }, references: [] }, EVIDENCE, NONE);
    assert.equal(measured?.value, wanted);
  });
}

const TRIAD = { triad: { from: { log: "main" }, regex: "Triad: +(\\S+)", unit: "MB/s" } };

for (
  const [name, references, resources, expected] of [
    ["of the resource", [{ "a": { triad: { value: 1 } }, "*": { triad: { value: 2 } } }], ["a"], "1 MB/s (exactly)"],
    ["of all others", [{ "a": { triad: { value: 1 } }, "*": { triad: { value: 2 } } }], ["b"], "2 MB/s (exactly)"],
    ["of the case before that of the suite", [{ "*": { triad: { value: 1 } } }, { "*": { triad: { value: 2 } } }], [
      "a",
    ], "2 MB/s (exactly)"],
    [
      "of the resource, although the case has one for all",
      [{ "a": { triad: { value: 1 } } }, { "*": { triad: { value: 2 } } }],
      ["a"],
      "1 MB/s (exactly)",
    ],
    ["of another resource only", [{ "a": { triad: { value: 1 } } }], ["b"], null],
  ] as const
) {
  Deno.test(`the reference ${name}: ${expected}`, () => {
    const [measured] = measureAll({ metrics: TRIAD, references }, EVIDENCE, { resources, earlier: () => [] });
    assert.equal(measured?.expected, expected);
  });
}

Deno.test("run and queue time are measured where they have a reference: less is better", () => {
  const references = [{ "*": { duration: { value: 500, above: "10%" }, queue: { value: 60 } } }];
  assert.deepEqual(measureAll({ metrics: {}, references }, EVIDENCE, NONE), [
    { name: "duration", value: 600, unit: "s", expected: "500 s (550 or less)", isMet: false },
    { name: "queue", value: 30, unit: "s", expected: "60 s (60 or less)", isMet: true },
  ]);
  assert.deepEqual(measureAll({ metrics: {}, references: [] }, EVIDENCE, NONE), []);
});

Deno.test("all failing metrics of a case are listed at once, each with value, unit and range", () => {
  const references = [{ "*": { triad: { value: 95_000, below: "1%" }, duration: { value: 500, above: "10%" } } }];
  const metrics = measureAll({ metrics: TRIAD, references }, EVIDENCE, NONE);
  const judged = judge({ expect: {}, knownFailures: [], metrics }, EVIDENCE);
  assert.equal(judged.verdict, "failed");
  const unmet = judged.expectations.filter(({ isMet }) => !isMet);
  assert.deepEqual(unmet.map(({ path, expected, actual }) => `${path}: expected ${expected}, got ${actual}`), [
    "metrics.triad: expected 95000 MB/s (94050 or more), got 91000 MB/s",
    "metrics.duration: expected 500 s (550 or less), got 600 s",
  ]);
});

Deno.test("a metric may be known to fail", () => {
  const metrics = measureAll({ metrics: TRIAD, references: [{ "*": { triad: { value: 1 } } }] }, EVIDENCE, NONE);
  const known = { expectation: "metrics.triad", reason: "old switch", issue: null, isStrict: true };
  assert.equal(judge({ expect: {}, knownFailures: [known], metrics }, EVIDENCE).verdict, "known-failure");
  const fixed = metrics.map((metric) => ({ ...metric, isMet: true }));
  assert.equal(judge({ expect: {}, knownFailures: [known], metrics: fixed }, EVIDENCE).verdict, "unexpected-pass");
});

Deno.test("a run that did not end as expected is not judged by its metrics, too", () => {
  const metrics = [{ name: "triad", value: null, unit: null, expected: "1 (1 or more)", isMet: false }];
  const failed = { ...EVIDENCE, status: "failed" as const };
  assert.equal(judge({ expect: {}, knownFailures: [], metrics }, failed).expectations.length, 1);
});

Deno.test("messages have no digits that only arithmetic adds", () => {
  assert.equal(metricText({ value: 0.1 + 0.2, unit: null }), "0.3");
  assert.equal(metricText({ value: null, unit: "s" }), "no such number");
});

const POINT = {
  atMs: 0,
  verdict: "passed",
  isFailure: false,
  isFlaky: false,
  queueSeconds: 5,
  runSeconds: 1,
  metrics: {},
} as const;

Deno.test("a reference is computed from the runs that passed", () => {
  const point = { atMs: 0, isFailure: false, isFlaky: false, queueSeconds: 5 };
  const points: readonly TrendPoint[] = [
    { ...point, verdict: "passed" as const, runSeconds: 10, metrics: { triad: 1 } },
    { ...point, verdict: "failed" as const, runSeconds: 99, metrics: { triad: 99 } },
    { ...point, verdict: "passed" as const, runSeconds: null, metrics: {} },
  ];
  assert.deepEqual(metricValues(points, "triad"), [1]);
  assert.deepEqual(metricValues(points, "duration"), [10]);
  assert.deepEqual(metricValues(points, "queue"), [5, 5]);
});

Deno.test("a metric may have the name of a member that every object has", () => {
  const metrics = { constructor: { from: { log: "main" }, regex: "Triad: (\\S+)" } };
  const references = [{ "*": { triad: { value: 1 } } }, { "*": { duration: { value: 1_000 } } }];
  const earlier = (metric: string) => metricValues([POINT, POINT], metric);
  const [own] = measureAll({ metrics, references }, EVIDENCE, { ...NONE, earlier });
  assert.deepEqual([own?.expected, own?.isMet], [null, true]);
  assert.deepEqual(earlier("constructor"), []);
});
