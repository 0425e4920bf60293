import assert from "node:assert/strict";
import { judge, type RunEvidence } from "../../lib/suites/judge.ts";
import { measureAll } from "../../lib/suites/metrics.ts";

const UNSEARCHABLE = [
  ["backtracks for years", "^(a+)+$", `${"a".repeat(60)}b`],
  ["needs more memory than there is", "(?:a|b)*c", "ab".repeat(8_000_000)],
] as const;

for (const [what, matches, text] of UNSEARCHABLE) {
  const evidence: RunEvidence = {
    ...{ type: "run", status: "completed", reason: null, queueSeconds: null, runSeconds: null, jobs: {} },
    ...{ outputs: {}, logs: [{ job: "main", step: "solve", text }], unreadLog: null, session: null, check: null },
  };

  Deno.test(`a search of a log that ${what} fails the case`, () => {
    assert.equal(
      judge({ expect: { log: { matches } }, knownFailures: [] }, evidence).reason,
      `log: expected text that matches ${matches}, got a search that takes too long: simplify the regular expression`,
    );
  });

  Deno.test(`a search of a metric that ${what} finds no number`, () => {
    const metrics = { seconds: { from: { log: "main" }, regex: `${matches}()` } };
    const measured = measureAll({ metrics, references: [] }, evidence, { resources: [], earlier: () => [] });
    assert.deepEqual(measured.map(({ value }) => value), [null]);
  });
}
