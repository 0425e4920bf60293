import assert from "node:assert/strict";
import { renderText } from "../../lib/reports/text.ts";
import { styleFor } from "../../lib/cli/terminal/style.ts";
import { aCase, aSuiteReport } from "./support/suite_report.ts";

Deno.test("the reason why a case did not run is shown once", () => {
  const cases = [aCase({ name: "never", verdict: "not-run", reason: "setup data failed", attempts: [] })];
  const text = renderText(aSuiteReport(cases), styleFor(false));
  assert.equal(text.split("setup data failed").length, 2, text);
});
