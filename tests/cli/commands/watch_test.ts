/** `watch` of several runs. */

import assert from "node:assert/strict";
import { cliStage } from "../../support/cli_stage.ts";

Deno.test("the answer of several runs is a table with a summary, then why runs failed", async () => {
  await using stage = await cliStage();
  const { code, stdout } = await stage.call(["watch", "hello-world#46", "hello-world#44"]);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^RUN +STATUS +TOOK\nhello-world-00046 +completed +\S+.*\nhello-world-00044 +failed .*\n2 runs: 1 completed, 1 failed\nhello-world-00044: ✗ Workflow failed/,
  );
});

Deno.test("a name with spaces is printed as one word of a command", async () => {
  await using stage = await cliStage({ workflows: { "Split by $(id)": QUICK } });
  const { stdout } = await stage.call(["show", "Split by $(id)"]);
  assert.match(stdout, /\n {2}pw-workflow-runner run 'Split by \$\(id\)'\n/);
});

const QUICK = "jobs:\n  main:\n    steps:\n      - run: echo done\n";
