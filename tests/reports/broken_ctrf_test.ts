import assert from "node:assert/strict";
import { InvalidInputs, orError } from "../../lib/errors.ts";
import { isObject, type Json, parseJson, valueAt, valuesIn } from "../../lib/json.ts";
import { cleanReport } from "../../lib/cli/reporter.ts";
import { FILE_FORMATS } from "../../lib/reports/formats.ts";
import { githubAnnotations, githubOutputs } from "../../lib/reports/github.ts";
import { mergeShards } from "../../lib/reports/merge.ts";
import { caseLine, renderText } from "../../lib/reports/text.ts";
import { changesOf, earlierRuns, trendsOf } from "../../lib/suites/history.ts";
import { suiteKind } from "../../lib/suites/exit_code.ts";
import { styleFor } from "../../lib/cli/terminal/style.ts";
import { A_RESULT, aCase, anAttempt, aSuiteReport } from "./support/suite_report.ts";

const FAILED_STEP = {
  name: "solve",
  status: "error",
  annotations: [{ type: "error", title: "Solver", message: "diverged" }],
  logTail: ["solving"],
  note: null,
} as const;

/** A shard with a value in each place that a report has. */
const REPORT = aSuiteReport([
  aCase({
    verdict: "failed",
    isFlaky: true,
    tags: ["slow"],
    parameters: { mesh: "fine" },
    inputs: { mesh: { size: 3 } },
    reason: "2 of 3",
    expectations: [
      { path: "n", isMet: false, expected: "1", actual: "2", knownFailure: { reason: "known", issue: "#1" } },
      { path: "m", isMet: false, expected: "1", actual: "2", knownFailure: null },
    ],
    metrics: [{ name: "rate", value: 3, unit: "MB/s", expected: "4 or more", isMet: false }],
    attempts: [
      anAttempt({
        end: {
          type: "error",
          error: { kind: "http", message: "lost", hint: undefined, problems: [], submitted: "unknown" },
        },
      }),
      anAttempt({
        url: "https://activate.example.com/runs/1",
        reason: "failed",
        cause: "failure",
        end: {
          type: "result",
          result: {
            ...A_RESULT,
            outputs: { main: { n: "2" } },
            links: [{ name: "plot", url: "https://example.com/plot", endpoint: null }],
            jobs: [{
              name: "main",
              status: "error",
              outputs: {},
              steps: [{
                ...{ name: "solve", status: "error", index: 0, uses: "sub", logPath: "main/0", annotations: [] },
                jobs: [{ name: "inner", status: "completed", outputs: {}, steps: [] }],
              }],
            }],
            failure: {
              summary: "main failed",
              failedJobs: [{ name: "main", status: "error", path: ["main"], failedSteps: [FAILED_STEP] }],
            },
          },
        },
      }),
    ],
  }),
], { shard: { index: 1, count: 1, total: 1, places: [0] }, user: "alice" });

const options = { runId: null, ci: {}, trends: new Map() };

/** Also as an earlier run, with which it is compared. */
async function renderAll(text: string): Promise<void> {
  const merged = orError(InvalidInputs, () => mergeShards([{ path: "1.json", text }], () => 0));
  if (merged instanceof InvalidInputs) return;
  const { startedAtMs, ...other } = merged;
  const earlier = earlierRuns([merged], { environment: merged.environment, startedAtMs: 1 });
  const trends = trendsOf(earlier, { ...other, startedAtMs });
  const report = cleanReport({ ...merged, changes: changesOf(merged, trends) }, ["s3cret"]);
  suiteKind(report.cases);
  for (const { render } of Object.values(FILE_FORMATS)) await render(report, { ...options, trends });
  renderText(report, styleFor(false), trends);
  for (const one of report.cases) caseLine(one, styleFor(false));
  githubAnnotations(report);
  githubOutputs(report);
}

const VALUES: readonly Json[] = [5, 1e300, "x", true, null, [], [5], [null], {}, { x: [5] }];

Deno.test("a report in which any one value is another one is refused, or rendered in every format", async () => {
  const text = await FILE_FORMATS.ctrf.render(REPORT, options);
  await renderAll(text);
  const whole = parseJson(text) ?? null;
  const crashes: string[] = [];
  for (const [, path] of valuesIn(whole)) {
    const name = path.at(-1);
    if (name === undefined) continue;
    for (const value of VALUES) {
      const changed = structuredClone(whole);
      const parent = valueAt(changed, path.slice(0, -1)) ?? null;
      if (isObject(parent)) parent[name] = value;
      else if (Array.isArray(parent)) parent[Number(name)] = value;
      await renderAll(JSON.stringify(changed)).catch((error) => {
        crashes.push(`${path.join(".")} = ${JSON.stringify(value)}: ${error}`);
      });
    }
  }
  assert.deepEqual(crashes, []);
});
