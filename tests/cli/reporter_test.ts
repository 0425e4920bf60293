import assert from "node:assert/strict";
import { cleanReport } from "../../lib/cli/reporter.ts";
import { SECRET_MASK } from "../../lib/redact.ts";
import { aCase, aSuiteReport } from "../reports/support/suite_report.ts";

Deno.test("a report is written without secrets, and without the control characters of logs", () => {
  const reason = "\u001b[31mthe key is hunter22\u001b[0m";
  const [clean] = cleanReport(aSuiteReport([aCase({ reason })]), ["hunter22"]).cases;
  assert.equal(clean?.reason, `the key is ${SECRET_MASK}`);
});
