import assert from "node:assert/strict";
import { estimateEnd } from "../../../lib/cli/batch/estimate_end.ts";
import type { RowState } from "../../../lib/cli/batch/row_states.ts";
import { viewBatch } from "../../../lib/cli/batch/view_batch.ts";
import { createOutput } from "../../../lib/cli/output.ts";
import { createBatchControl } from "../../../lib/runs/batch_task.ts";
import { aContext } from "../../support/cli_context.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { bufferedWriter } from "../../support/writer.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9);
let next = 0;

function rows(count: number, parts: Partial<RowState>): RowState[] {
  return Array.from({ length: count }, () => {
    const row = ++next;
    return {
      key: `row-${row}`,
      row,
      label: `n=${row}`,
      attempt: 1,
      status: "waiting",
      run: null,
      startedAtMs: null,
      seconds: null,
      error: null,
      kind: null,
      changedAtMs: 0,
      ...parts,
    };
  });
}

const ended = (count: number, seconds: number, changedAtMs = NOW_MS) =>
  rows(count, { status: "completed", seconds, changedAtMs });
const running = (count: number, agoMs: number) => rows(count, { status: "running", startedAtMs: NOW_MS - agoMs });
const secondsLeft = (all: readonly RowState[], jobs: number) => {
  const estimate = estimateEnd({ all: () => all }, NOW_MS, { jobs, stopped: null });
  return estimate === null ? null : Math.round(estimate.p50Ms / 1_000);
};

Deno.test("the end of a batch is estimated from what is left of its runs, and how many run at once", () => {
  const all = [...ended(20, 60), ...running(2, 30_000), ...rows(4, {})];
  const near = (actual: number | null, wanted: number) =>
    assert.ok(actual !== null && Math.abs(actual - wanted) <= wanted * 0.1, `${actual} instead of ${wanted}`);
  // Two halves and four whole minutes.
  near(secondsLeft(all, 2), 150);
  near(secondsLeft(all, 1), 300);
  // More at once than there are do not help.
  near(secondsLeft(all, 100), 50);
  near(secondsLeft([...ended(20, 60), ...rows(1, { status: "submitting" })], 2), 60);
});

Deno.test("the last fifty ends count, and fewer than five are no basis", () => {
  const earlier = ended(50, 6_000, NOW_MS - 60_000);
  assert.equal(
    secondsLeft([...earlier, ...ended(50, 60), ...rows(1, {})], 1),
    secondsLeft([...ended(50, 60), ...rows(1, {})], 1),
  );
  assert.equal(secondsLeft([...ended(4, 60), ...rows(1, {})], 1), null);
  assert.equal(secondsLeft([...rows(9, { status: "cancelled", seconds: 60 }), ...rows(1, {})], 1), null);
  assert.equal(secondsLeft(ended(9, 60), 1), null);
});

Deno.test("what a stopped batch will not submit takes no time", () => {
  const control = createBatchControl(2);
  const all = [...ended(20, 60), ...running(2, 30_000), ...rows(400, {})];
  control.stop("interrupted");
  const estimate = estimateEnd({ all: () => all }, NOW_MS, control);
  assert.ok(estimate !== null && estimate.p90Ms < 60_000, JSON.stringify(estimate));
});

Deno.test("a count line estimates the end from how many run at once", async () => {
  const all = [...ended(40, 60, 0), ...running(2, 0), ...rows(240, {})];
  const states = {
    all: () => all,
    get: () => undefined,
    running: () => [],
    submitted: () => "no" as const,
    apply() {},
    update() {},
  };
  const clock = virtualClock(NOW_MS);
  const stderr = bufferedWriter();
  const context = aContext({ stderr, clock });
  const output = createOutput(context, { mode: "text", level: "INFO", color: "never" });
  const parts = { batch: { name: "sweep", batchId: "sweep-1" }, states, control: createBatchControl(2), detach() {} };
  using viewer = await viewBatch(
    {
      context,
      output,
      deps: { clock },
      values: { progress: "plain", log: undefined },
      signal: new AbortController().signal,
    },
    parts,
  );
  clock.advance(60_000);
  viewer.show({ type: "polled", atMs: NOW_MS, running: 2, pages: 1 });
  assert.match(stderr.text(), /^40 of 282 done, 2 running, 240 waiting, 0 failed, 2h–2h 0\dm left$/m);
});
