import assert from "node:assert/strict";
import { type CliStage, cliStage } from "../../support/cli_stage.ts";

const PAST = { "hello-world": 46, "data-processor": 3, "failing-step": 1 };
const TOTAL = Object.values(PAST).reduce((sum, count) => sum + count);

interface RunsDocument {
  readonly runs: readonly { readonly slug: string; readonly workflowName: string }[];
  readonly total: number | null;
}

async function list(stage: CliStage, ...args: readonly string[]): Promise<RunsDocument> {
  const { code, stdout, stderr } = await stage.call(["runs", ...args, "--json"]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

Deno.test("runs --all lists every run, beyond the default limit and the server's page size", async () => {
  await using stage = await cliStage({ behavior: { maxLimit: 7 } });
  const { runs, total } = await list(stage, "--all");
  assert.deepEqual([new Set(runs.map(({ slug }) => slug)).size, runs.length, total], [TOTAL, TOTAL, TOTAL]);
});

Deno.test("runs --offset continues where a listing with --limit has ended", async () => {
  await using stage = await cliStage();
  const all = await list(stage, "--all");
  for (const offset of [0, 1, 20, 45, TOTAL, 500]) {
    const { runs, total } = await list(stage, "--limit", "10", "--offset", String(offset));
    assert.deepEqual(runs, all.runs.slice(offset, offset + 10));
    assert.equal(total, TOTAL);
  }
});

Deno.test("runs --search has the platform search slugs, display names and workflows", async () => {
  await using stage = await cliStage();
  const { runs, total } = await list(stage, "--search", "DATA-proc");
  assert.deepEqual([runs.length, total], [3, 3]);
});

for (const listOrder of ["newest", "oldest"] as const) {
  Deno.test(`runs --since lists the runs that started within this time, from a list with the ${listOrder} first`, async () => {
    await using stage = await cliStage({ behavior: { listOrder, maxLimit: 10 } });
    // One run every five hours.
    const { runs, total } = await list(stage, "hello-world", "--since", "26h");
    const recent = ["46", "45", "44", "43", "42"].map((number) => `hello-world-000${number}`);
    assert.deepEqual(runs.map(({ slug }) => slug).toSorted(), recent.toSorted());
    assert.equal(total, 5);
  });
}

Deno.test("runs --since reads no further than that, if the newest run comes first", async () => {
  await using stage = await cliStage({ behavior: { listOrder: "newest", maxLimit: 10 } });
  await list(stage, "hello-world", "--since", "26h");
  assert.equal(stage.simulator.received("list-runs").length, 1);
});

Deno.test("runs --name matches display names, with --offset and --limit among the matching runs", async () => {
  await using stage = await cliStage();
  for (const name of ["Nightly 1", "Weekly", "Nightly 2", "Nightly 3"]) {
    await stage.call(["run", "never-ending", "--name", name, "--no-wait"]);
  }
  const all = await list(stage, "--name", "nightly");
  assert.deepEqual([all.runs.length, all.total], [3, 3]);
  assert.equal((await list(stage, "--name", "Week*")).runs.length, 1);
  // The pattern matches the name without the tag that was added to it, too.
  assert.equal((await list(stage, "--name", "Week?y")).runs.length, 1);
  const second = await list(stage, "--name", "nightly", "--offset", "1", "--limit", "1");
  assert.deepEqual(second, { runs: all.runs.slice(1, 2), total: null });
  const text = await stage.call(["runs", "--name", "nightly", "--limit", "1"]);
  assert.match(text.stderr, /Showing the first 1: --limit N or --all shows more/);
});

Deno.test("runs of a misspelled workflow is an error with a suggestion; of one without runs, it is not", async () => {
  await using stage = await cliStage();
  const misspelled = await stage.call(["runs", "helo-world"]);
  assert.equal(misspelled.code, 5);
  assert.match(misspelled.stderr, /Cannot find workflow "helo-world".*\n.*Did you mean "hello-world"/);
  const unused = await stage.call(["runs", "quick"]);
  assert.equal(unused.code, 0);
  assert.match(unused.stderr, /No matching runs of quick/);
  assert.equal((await stage.call(["runs", "hello-world", "--status", "running"])).code, 0);
  // The platform's words.
  assert.equal((await stage.call(["runs", "hello-world", "--status", "canceled", "--status", "error"])).code, 0);
});

Deno.test("runs refuses --all together with --limit", async () => {
  await using stage = await cliStage();
  const { code, stderr } = await stage.call(["runs", "--all", "--limit", "5"]);
  assert.equal(code, 2);
  assert.match(stderr, /Cannot use --all together with --limit/);
});

Deno.test("errors --tail sets how much of each log is shown", async () => {
  await using stage = await cliStage();
  const lines = async (...args: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await stage.call(["errors", "failing-step#1", "--json", ...args]);
    return JSON.parse(stdout).failedJobs[0].failedSteps[0].logTail;
  };
  const all = await lines();
  assert.ok(all.length > 1, JSON.stringify(all));
  assert.deepEqual(await lines("--tail", "1"), all.slice(-1));
  assert.deepEqual(await lines("--tail", "0"), []);
});
