import assert from "node:assert/strict";
import type { RowResult } from "../../lib/batch.ts";
import { parseCsv } from "../../lib/batches/csv_rows.ts";
import { failureGroups, failureGroupText } from "../../lib/batches/failure_groups.ts";
import { countsOf, resultsCsv, resultsJsonLines } from "../../lib/batches/results.ts";
import { aResult } from "./support/results.ts";

const STARTED = Date.UTC(2026, 0, 5, 15, 0, 42);

Deno.test("the CSV has a line per row in file order, with a column per input and output", () => {
  const csv = resultsCsv([
    aResult({
      row: 1,
      label: "a",
      run: "solve-abc",
      startedAtMs: STARTED,
      seconds: 12.5,
      inputs: { mesh: { size: 0.1 }, cases: [{ n: 1 }], flag: true, none: null, empty: {} },
      outputs: { "odd name": "x", "a.b": 1 },
    }),
    aResult({
      row: 2,
      label: "b",
      status: "failed",
      attempt: 3,
      inputs: { title: 'say "x"\n' },
      error: "line 1\nline 2",
    }),
    aResult({ row: 3, label: "c", status: "waiting", attempt: 0, inputs: {} }),
  ]);
  assert.equal(
    csv,
    [
      'row,label,attempt,status,run,started,seconds,in.mesh.size,in.cases,in.flag,in.none,in.empty,in.title,"out[""odd name""]","out[""a.b""]",error',
      '1,a,1,completed,solve-abc,2026-01-05T15:00:42.000Z,12.5,0.1,"[{""n"":1}]",true,,{},,x,1,',
      '2,b,3,failed,,,,,,,,,"say ""x""\n",,,"line 1\nline 2"',
      "3,c,0,waiting,,,,,,,,,,,,",
      "",
    ].join("\r\n"),
  );
});

Deno.test("a batch without inputs and outputs has the other columns", () => {
  assert.equal(resultsCsv([]), "row,label,attempt,status,run,started,seconds,error\r\n");
});

for (
  const [value, want] of [
    ["=1+1", "'=1+1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"],
    ["-2+3", "'-2+3"],
    ["\t=1", "'\t=1"],
    ["-5", "-5"],
    ["+1e5", "+1e5"],
    [-5, "-5"],
    ["a=1", "a=1"],
    ["", ""],
    [" x ", " x "],
    ["\u00e4\u2028;,", "\u00e4\u2028;,"],
  ] as const
) {
  Deno.test(`the output ${JSON.stringify(value)} is no formula in the CSV`, () => {
    const { records, problems } = parseCsv(resultsCsv([aResult({ outputs: { x: value } })]), "");
    assert.deepEqual(problems, []);
    assert.equal(records[1]?.cells[7], want);
  });
}

Deno.test("labels, errors and inputs are no formulas either", () => {
  const [, record] = parseCsv(resultsCsv([aResult({ label: "=a", error: "@b", inputs: { x: "=c" } })]), "").records;
  assert.deepEqual([record?.cells[1], record?.cells[7], record?.cells[8]], ["'=a", "'=c", "'@b"]);
});

Deno.test("JSON Lines have the same columns, with inputs and outputs as they are", () => {
  const text = resultsJsonLines([
    aResult({ startedAtMs: STARTED, inputs: { mesh: { size: 1 } }, outputs: { x: "=1" } }),
    aResult({ row: 2, status: "waiting", attempt: 0 }),
  ]);
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines[0], {
    row: 1,
    label: "row 1",
    attempt: 1,
    status: "completed",
    run: null,
    started: "2026-01-05T15:00:42.000Z",
    seconds: null,
    in: { mesh: { size: 1 } },
    out: { x: "=1" },
    error: null,
  });
  assert.equal(lines.length, 2);
  assert.ok(text.endsWith("\n"));
});

Deno.test("counts have the statuses that occur", () => {
  const statuses: RowResult["status"][] = ["completed", "failed", "completed", "waiting"];
  assert.deepEqual(countsOf(statuses.map((status) => ({ status }))), { completed: 2, failed: 1, waiting: 1 });
});

function groupsOf(errors: readonly (string | null)[], runs: readonly string[] = []): string[] {
  return failureGroups(errors.map((error, index) => ({
    row: index + 1,
    status: "failed",
    run: runs[index] ?? null,
    error,
  }))).map((group) => failureGroupText(group));
}

for (
  const [name, errors, want] of [
    ["the same", ["license not available", "license not available"], ['2 \u00d7 "license not available" (rows 1, 2)']],
    ["one", ["disk full"], ['1 \u00d7 "disk full" (row 1)']],
    ["the most frequent first", ["a", "b", "b", "c"], [
      '2 \u00d7 "b" (rows 2, 3)',
      '1 \u00d7 "a" (row 1)',
      '1 \u00d7 "c" (row 4)',
    ]],
    ["other lines", ["no license\nfrom host a", "no license  \nfrom host b"], ['2 \u00d7 "no license" (rows 1, 2)']],
    ["numbers", ["node 17 lost after 3.5 s", "node 8 lost after 12 s"], [
      '2 \u00d7 "node \u2026 lost after \u2026 s" (rows 1, 2)',
    ]],
    ["times and identifiers", [
      "2026-01-05T15:00:42Z job 4f0c2a1b9d at 0x7ffe failed",
      "2026-01-06 08:00 job 11aa22bb33 at 0x1 failed",
    ], ['2 \u00d7 "\u2026 job \u2026 at \u2026 failed" (rows 1, 2)']],
    ["requests", ["no answer (503, request ymc5xohz)", "no answer (503, request req_a.b-c)"], [
      '2 \u00d7 "no answer (\u2026, request \u2026)" (rows 1, 2)',
    ]],
    ["words of hexadecimal letters stay", ["effaced", "defaced"], [
      '1 \u00d7 "effaced" (row 1)',
      '1 \u00d7 "defaced" (row 2)',
    ]],
    ["no message", [null, " \n", ""], ['3 \u00d7 "failed, without an error message" (rows 1\u20133)']],
    ["many rows", [...Array(30).keys()].map((index) => index % 2 === 0 ? "x" : "y"), [
      '15 \u00d7 "x" (rows 1, 3, 5, 7, 9, 11, 13, 15, \u2026)',
      '15 \u00d7 "y" (rows 2, 4, 6, 8, 10, 12, 14, 16, \u2026)',
    ]],
  ] as const satisfies readonly (readonly [string, readonly (string | null)[], readonly string[]])[]
) {
  Deno.test(`failures are grouped: ${name}`, () => assert.deepEqual(groupsOf(errors), want));
}

Deno.test("the name of its own run does not make a failure different", () => {
  assert.deepEqual(groupsOf(["run solve-ab failed", "run solve-cd failed"], ["solve-ab", "solve-cd"]), [
    '2 \u00d7 "run \u2026 failed" (rows 1, 2)',
  ]);
});

Deno.test("only failed rows are grouped; rejected and unknown ones are", () => {
  const statuses: RowResult["status"][] = [
    "completed",
    "cancelled",
    "running",
    "waiting",
    "rejected",
    "timeout",
    "unknown",
  ];
  const results = statuses.map((status, index) => aResult({ row: index + 1, status, error: "e" }));
  assert.deepEqual(failureGroups(results).map((group) => failureGroupText(group)), ['3 \u00d7 "e" (rows 5\u20137)']);
});
