import assert from "node:assert/strict";
import { githubAnnotations, githubOutputs, githubSummary } from "../../lib/reports/github.ts";
import {
  type AttemptEnd,
  type AttemptFacts,
  type Report,
  type ReportError,
  reportRun,
} from "../../lib/reports/report.ts";
import { outputLines, workflowCommand } from "../../lib/reports/workflow_command.ts";
import type { FailedStep, RunResult } from "../../lib/result.ts";
import type { LogAnnotation } from "../../lib/run.ts";
import { commandReader } from "../support/github_runner.ts";

type CaseFacts = AttemptFacts & { readonly name: string };

const FACTS: CaseFacts = { name: "solver", slug: "solver-abc", isAttached: false };

const platformUrl = "https://activate.example.com";

function aReport(...cases: Report["cases"]): Report {
  const end = {
    type: "error",
    error: { kind: "", message: "", hint: undefined, problems: [], submitted: "no" },
  } as const;
  return { ...reportRun({ ...FACTS, platformUrl }, end, 0), cases };
}

function caseOf(facts: Partial<CaseFacts>, end: AttemptEnd, exitCode: number) {
  const [one] = reportRun({ ...FACTS, ...facts, platformUrl }, end, exitCode).cases;
  assert.ok(one !== undefined);
  return one;
}

function aResult(
  parts: Partial<RunResult> = {},
  { exitCode = 0, ...facts }: Partial<CaseFacts & { exitCode: number }> = {},
) {
  const result: RunResult = {
    workflowName: "solver",
    workflowId: null,
    runNumber: 7,
    slug: "solver-abc",
    status: "completed",
    platformStatus: "completed",
    startedAt: "2026-01-05T09:00:00Z",
    completedAt: "2026-01-05T10:01:05Z",
    durationSeconds: 3_665,
    errorMessage: null,
    kind: "completed",
    submitted: "yes",
    ...parts,
  };
  return caseOf(facts, { type: "result", result }, exitCode);
}

function aFailure(
  steps: readonly Partial<FailedStep>[],
  parts: Partial<RunResult> = {},
  facts: Partial<CaseFacts> = {},
) {
  const failedSteps = steps.map((step) => ({
    name: "build",
    status: "error",
    annotations: [],
    logTail: [],
    note: null,
    ...step,
  }));
  const failure = { summary: "it broke", failedJobs: [{ name: "main", path: ["main"], status: "error", failedSteps }] };
  return aResult({ status: "failed", platformStatus: "error", kind: "failed", failure, ...parts }, {
    exitCode: 1,
    ...facts,
  });
}

function anError(
  parts: Partial<ReportError> = {},
  { exitCode = 5, ...facts }: Partial<CaseFacts & { exitCode: number }> = {},
) {
  const error: ReportError = {
    kind: "not_found",
    message: "Cannot run solver: no such workflow",
    hint: "Did you mean resolver?",
    problems: [],
    submitted: "no",
    ...parts,
  };
  return caseOf(facts, { type: "error", error }, exitCode);
}

/** The annotations as a runner parses them. */
function parsedAnnotations(...cases: Report["cases"]) {
  const reader = commandReader();
  githubAnnotations(aReport(...cases)).flatMap((text) => text.split("\n")).forEach((line) => reader.read(line));
  assert.equal(reader.log(), "");
  return reader.commands;
}

const note = (type: LogAnnotation["type"], message: string, title: string | null = null): LogAnnotation => ({
  type,
  title,
  message,
});

for (
  const [what, end, want] of [
    ["a run that completed", aResult(), ["solver-abc", "completed", "0"]],
    ["a run whose wait timed out", aResult({ status: "timeout", kind: "timeout" }, { exitCode: 124 }), [
      "solver-abc",
      "timeout",
      "124",
    ]],
    ["a run that was never started", anError(), ["solver-abc", "error", "5"]],
    ["an interrupted wait", anError({ submitted: "yes", kind: "stopped" }, { exitCode: 130 }), [
      "solver-abc",
      "stopped",
      "130",
    ]],
    ["a submission with an unknown outcome", anError({ submitted: "unknown" }, { exitCode: 6 }), [
      "solver-abc",
      "unknown",
      "6",
    ]],
    [
      "an interrupted wait for a run that existed already",
      anError({ kind: "stopped" }, { exitCode: 130, isAttached: true }),
      ["solver-abc", "stopped", "130"],
    ],
    [
      "a run cancelled with its job",
      anError({ submitted: "yes", kind: "stopped", isCancelled: true }, { exitCode: 130 }),
      [
        "solver-abc",
        "cancelled",
        "130",
      ],
    ],
  ] as const
) {
  Deno.test(`githubOutputs() of ${what}`, () => {
    assert.deepEqual(Object.values(githubOutputs(aReport(end))), want);
  });
}

Deno.test("outputLines() keeps multi-line values intact", () => {
  assert.equal(outputLines({ a: "1\nb=2", c: "" }, "END"), "a<<END\n1\nb=2\nEND\nc<<END\n\nEND\n");
});

for (const text of ["50%", "a\r\nb", "%0A", "x::y", "a,b=c", "::error::", "##[add-mask]a", " ends with %"]) {
  Deno.test(`a runner decodes ${JSON.stringify(text)} unchanged`, () => {
    const reader = commandReader();
    reader.read(workflowCommand("error", { title: text, file: text }, text));
    assert.deepEqual(reader.commands, [{ name: "error", properties: { title: text, file: text }, data: text }]);
  });
}

Deno.test("a completed run has no annotation", () => assert.deepEqual(parsedAnnotations(aResult()), []));

Deno.test("the failure comes first, then the annotations of its steps, errors first", () => {
  const annotations = [note("notice", "n"), note("warning", "w", "Careful"), note("error", "e")];
  assert.deepEqual(
    parsedAnnotations(aFailure([{ annotations }])).map(({ name, properties, data }) => [name, properties, data]),
    [
      ["error", { title: "solver failed" }, "it broke"],
      ["error", { title: "main › build" }, "e"],
      ["warning", { title: "Careful (main › build)" }, "w"],
      ["notice", { title: "main › build" }, "n"],
    ],
  );
});

Deno.test("there are at most as many annotations of a type as GitHub shows", () => {
  const annotations = Array.from({ length: 30 }, (_, index) => note(index % 2 === 0 ? "error" : "warning", "again"));
  const names = parsedAnnotations(aFailure([{ annotations }])).map(({ name }) => name);
  assert.equal(names.filter((name) => name === "error").length, 10);
  assert.equal(names.filter((name) => name === "warning").length, 10);
});

Deno.test("an error is one annotation with every problem and the hint", () => {
  const problems = [{ origin: "base.yaml:4", path: "nodes", message: "must be a whole number" }];
  const error = { kind: "invalid_inputs", message: "Cannot run solver: 1 problem", hint: "Fix it", problems };
  assert.deepEqual(parsedAnnotations(anError(error)), [{
    name: "error",
    properties: { title: "solver" },
    data: "Cannot run solver: 1 problem\nbase.yaml:4  nodes  must be a whole number\nFix it",
  }]);
});

Deno.test("a run that another job started is reported as such", () => {
  const [overall] = parsedAnnotations(aFailure([], {}, { isAttached: true }));
  assert.match(overall?.data ?? "", /did not start the run/);
  assert.match(githubSummary(aReport(aFailure([], {}, { isAttached: true }))), /^\| Started \| .*, before this job/m);
});

Deno.test("the summary of a completed run", () => {
  const links = [
    { name: "report", url: "https://example.com/r?a=1", endpoint: null },
    { name: "bad", url: "javascript:alert(1)", endpoint: null },
  ];
  assert.equal(
    githubSummary(aReport(aResult({ links, outputs: { main: { answer: 42 } } }))).replaceAll("&#58;", ":"),
    [
      "### ✅ solver: completed",
      "",
      "| | |",
      "| --- | --- |",
      "| Status | completed |",
      "| Run | <code>solver-abc</code> #7 |",
      "| Started | 2026-01-05T09:00:00Z |",
      "| Took | 1h 01m |",
      "| Exit code | 0 |",
      '| Links | <a href="https://example.com/r?a=1">report</a>, bad |',
      '| Platform | <a href="https://activate.example.com/">https://activate.example.com</a> |',
      "",
      "#### Outputs",
      "",
      "```json",
      '{\n  "main": {\n    "answer": 42\n  }\n}',
      "```",
      "",
    ].join("\n"),
  );
});

Deno.test("text from outside is never Markdown or HTML in a summary, and ends no cell or code block", () => {
  const hostile = "</code><img src=x> | [x](https://evil.example) **b** `c` @everyone\n# heading";
  const steps = [{ name: hostile, annotations: [note("error", hostile, hostile)], logTail: ["```", "# out", "````"] }];
  const failure = aFailure(steps, { errorMessage: hostile, slug: hostile }, { name: hostile });
  const summary = githubSummary(aReport(failure));
  const [, outside = summary] = /^([^]*?)\n`{5}\n/.exec(summary) ?? [];
  assert.ok(!/<img|\[x\]|\*\*b|`c`|@everyone/.test(outside), outside);
  assert.deepEqual(outside.match(/^#+ .*$/gm)?.map((line) => line.split(" ")[0]), ["###", "####"]);
  for (const row of outside.split("\n").filter((line) => line.startsWith("|"))) assert.equal(row.split("|").length, 4);
  assert.match(summary, /^`{5}\n```\n# out\n````\n`{5}$/m);
});

Deno.test("a summary that is too long keeps only its table", () => {
  const errorMessage = "y".repeat(300_000);
  const summary = githubSummary(aReport(aFailure([{ logTail: ["x".repeat(300_000)] }], { errorMessage })));
  assert.ok(new TextEncoder().encode(summary).length < 8_000);
  assert.match(summary, /^\| Exit code \| 1 \|\n(\|.*\n)*\nThe rest is too long/m);
});

Deno.test("each case has its own heading, and the limits hold for all of them together", () => {
  const annotations = Array.from({ length: 6 }, () => note("error", "again"));
  const cases = [aFailure([{ annotations }], {}, { name: "first" }), aResult(), anError({}, { name: "third" })];
  const headings = githubSummary(aReport(...cases)).match(/^### .*$/gm);
  assert.deepEqual(headings, ["### ❌ first: failed", "### ✅ solver: completed", "### ❌ third: nothing was started"]);
  const many = parsedAnnotations(...cases, aFailure([{ annotations }], {}, { name: "fourth" }));
  assert.equal(many.length, 10);
  assert.deepEqual(many.slice(0, 3).map(({ properties }) => properties["title"]), [
    "first failed",
    "third",
    "fourth failed",
  ]);
});

Deno.test("a missing API key hints at the secret", () => {
  const [error] = parsedAnnotations(anError({ kind: "credential_missing" }));
  assert.match(error?.data ?? "", /\nCheck that the secret is set; workflows of forks have no secrets\n/);
});
