/** `watch` of several runs. */

import assert from "node:assert/strict";
import { cliStage } from "../../support/cli_stage.ts";
import { virtualClock } from "../../support/virtual_clock.ts";

Deno.test("the answer of several runs is a table with a summary, then why runs failed", async () => {
  await using stage = await cliStage();
  const { code, stdout } = await stage.call(["watch", "hello-world#46", "hello-world#44"]);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^RUN +STATUS +TOOK\nhello-world-00046 +completed +\S+.*\nhello-world-00044 +failed .*\n2 runs: 1 completed, 1 failed\nhello-world-00044: ✗ Workflow failed/,
  );
});

Deno.test("a run that is named twice, also in other ways, is tracked and reported once", async () => {
  await using stage = await cliStage();
  const { stdout } = await stage.call(["run", "hello-world", "--json"]);
  const { slug, runNumber } = JSON.parse(stdout);
  const names = [slug, slug, "last", `hello-world#${runNumber}`];
  const received = () => stage.simulator.received("get-run").length;
  const before = received();
  // Without a limit, no time of the day is shown.
  const once = await stage.call(["watch", slug, "--json", "--timeout", "0"]);
  const readsOfOne = received() - before;
  assert.deepEqual(await stage.call(["watch", ...names, "--json", "--timeout", "0"]), once);
  // Finding each name reads the run.
  assert.ok(received() - before - readsOfOne <= readsOfOne + 2);
  assert.match((await stage.call(["watch", ...names])).stdout, /^✓ /);
});

for (
  const [command, action] of [
    ["watch mine-1", "find the run"],
    ["watch hello-world#46", "find the run"],
    ["watch last", "find the run"],
    ["resume", "list what to resume"],
  ] as const
) {
  Deno.test(`${command} --timeout 10s on a server that hangs ends after 10 s with the exit code of a timeout`, async () => {
    const clock = virtualClock();
    await using stage = await cliStage({ clock, faults: [{ on: "*", latencyMs: 3_600_000, times: Infinity }] });
    const startMs = clock.monotonic();
    const { code, stderr } = await stage.call([...command.split(" "), "--timeout", "10s"]);
    assert.equal(clock.monotonic() - startMs, 10_000);
    assert.equal(code, 124, stderr);
    assert.match(stderr, new RegExp(`✗ Cannot ${action}: the server did not respond in time\n.*longer timeout`));
  });
}

Deno.test("a name with spaces is printed as one word of a command", async () => {
  await using stage = await cliStage({ workflows: { "Split by $(id)": QUICK } });
  const { stdout } = await stage.call(["show", "Split by $(id)"]);
  assert.match(stdout, /\n {2}pw-workflow-runner run 'Split by \$\(id\)'\n/);
});

const QUICK = "jobs:\n  main:\n    steps:\n      - run: echo done\n";
