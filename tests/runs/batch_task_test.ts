import assert from "node:assert/strict";
import { createBatchControl } from "../../lib/runs/batch_task.ts";

Deno.test("a batch control reports each change once, keeps its first stop, and allows one run at least", () => {
  const control = createBatchControl(4);
  const seen: unknown[] = [];
  control.onChange(() => seen.push(control.stopped?.reason ?? control.jobs));
  control.setJobs(4);
  assert.deepEqual(seen, []);
  control.setJobs(8);
  control.setJobs(0);
  control.stop("max-failures", "2 failed");
  control.stop("interrupted");
  assert.deepEqual(seen, [8, 1, "max-failures"]);
  assert.deepEqual(control.stopped, { reason: "max-failures", detail: "2 failed" });
});
