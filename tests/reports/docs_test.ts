/** docs/reports.md: its suite is valid. */

import assert from "node:assert/strict";
import { readSuites } from "../../lib/suites/read_suite.ts";

const DOCUMENT = await Deno.readTextFile(new URL("../../docs/reports.md", import.meta.url));

Deno.test("the suite of docs/reports.md has no problem", async () => {
  const [, suite = ""] = /^```yaml\n([^]*?)^```$/m.exec(DOCUMENT) ?? [];
  const sources = { readTextFile: () => Promise.resolve(suite), nowMs: Date.now() };
  assert.equal((await readSuites(["a.suite.yaml"], sources)).length, 1);
});
