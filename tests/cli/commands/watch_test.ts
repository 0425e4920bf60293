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

Deno.test("several runs are tracked to their ends although one of them cannot be read", async () => {
  const args = ["watch", "hello-world#46", "hello-world#44"];
  // The first reads are those of the wait: numbers are found in the list.
  const fault = { on: "get-run", status: 403 } as const;
  await using stage = await cliStage({ faults: [fault] });
  const { code, stdout } = await stage.call(args);
  assert.equal(code, 4);
  assert.match(
    stdout,
    /^RUN .*\nhello-world-00044 +failed .*\n1 run: 1 failed\n✗ Cannot read run hello-world-00046: .*403/,
  );
  stage.simulator.addFaults(fault);
  const { runs, ...end } = Object(await stage.json(...args));
  assert.deepEqual(end, { exitCode: 4, kind: "forbidden", submitted: "no" });
  assert.deepEqual(runs.map((run: { readonly slug: string; readonly kind: string }) => [run.slug, run.kind]), [
    ["hello-world-00046", "forbidden"],
    ["hello-world-00044", "failed"],
  ]);
  stage.simulator.addFaults(fault);
  const events = (await stage.call([...args, "--events"])).stdout.trim().split("\n").map((line) => JSON.parse(line));
  const ends = events.filter(({ type }) => type === "error" || type === "finished");
  assert.deepEqual(ends.map(({ type, kind, result }) => [type, kind ?? result.kind]).toSorted(), [
    ["error", "forbidden"],
    ["finished", "failed"],
  ]);
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
