/** What is kept of a report in the run store: enough to compare, and little. */

import assert from "node:assert/strict";
import { createOutput } from "../../lib/cli/output.ts";
import { openHistory } from "../../lib/cli/suite/history.ts";
import { StorageError } from "../../lib/errors.ts";
import type { Report } from "../../lib/reports/report.ts";
import { trendsOf } from "../../lib/suites/history.ts";
import { readReport } from "../../lib/reports/read_ctrf.ts";
import { suiteRecords } from "../../lib/suites/suite_record.ts";
import { A_FAILED_ATTEMPT, aCase, aSuiteReport, EVERY_CASE } from "../reports/support/suite_report.ts";
import { aContext } from "../support/cli_context.ts";
import { bufferedWriter } from "../support/writer.ts";

function kept(report: Report): readonly Report[] {
  return suiteRecords(report).map((record) => {
    const read = readReport(record.head, JSON.parse(JSON.stringify(record.cases)));
    assert.ok(typeof read !== "string", String(read));
    return read;
  });
}

Deno.test("a report that was kept, one for each suite, compares with later ones as the whole one does", () => {
  const cases = EVERY_CASE.map((one, index) => aCase({ ...one, id: `id-${index}` }));
  const metrics = [{ name: "triad", value: 90, unit: "MB/s", expected: null, isMet: true }];
  const earlier = aSuiteReport([...cases, aCase({ id: "measured", metrics })]);
  const report = aSuiteReport(cases.map((one) => aCase({ id: one.id })), { startedAtMs: Date.now() });
  const records = kept(earlier);
  assert.deepEqual(records.map(({ title, cases }) => [title, cases.length]), [
    ["nightly", EVERY_CASE.length],
    ["a.b nightly", 1],
  ]);
  assert.deepEqual(trendsOf(records, report), trendsOf([earlier], report));
});

Deno.test("of 1,000 cases with long logs, inputs and reasons, at most 1.2 MB is kept", () => {
  const long = "x".repeat(20_000);
  const failed = { ...A_FAILED_ATTEMPT, logTail: [long], reason: long };
  const cases = Array.from({ length: 1_000 }, (_, index) =>
    aCase({
      id: `id-${index}`,
      verdict: "failed",
      reason: long,
      inputs: { long },
      repeatCommand: long,
      expectations: [{ path: "status", isMet: false, expected: long, actual: long, knownFailure: null }],
      attempts: [failed, failed, failed],
    }));
  const text = JSON.stringify(suiteRecords(aSuiteReport(cases)));
  assert.ok(text.length <= 1_200_000, `${text.length}`);
});

Deno.test("a run store that cannot be used is one warning", async () => {
  const stderr = bufferedWriter();
  const context = aContext({ stderr });
  const output = createOutput(context, { mode: "text", level: "INFO", color: "never" });
  const fail = () => Promise.reject(new StorageError("Cannot use the store: it is read-only"));
  const scope = { owner: { host: "localhost", user: "demo" }, suites: ["nightly"], environment: null };
  const history = await openHistory({ context, output, values: { history: undefined } }, scope, {
    list: fail,
    put: fail,
    prune: fail,
  });
  assert.deepEqual(history.reports, []);
  await history.save(aSuiteReport([aCase()]));
  assert.equal(stderr.text().match(/^Cannot .*: it is read-only$/gm)?.length, 1, stderr.text());
});
