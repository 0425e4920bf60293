import assert from "node:assert/strict";
import { causeOf, type EndedAttempt, hasWorked, retryDelayMs, type RetryPolicy } from "../../lib/runs/retry_policy.ts";
import { toRunResult } from "../../lib/runs/view.ts";
import type { RunDetail } from "../../lib/run.ts";
import type { RunResult } from "../../lib/result.ts";
import { aRunDetail, aStep } from "../support/records.ts";

const first: EndedAttempt = { cause: "infra", error: "node n1 is down", isRetry: false };
const second: EndedAttempt = { cause: "infra", error: "connection reset", isRetry: true };
const third: EndedAttempt = { cause: "infra", error: "quota of the project", isRetry: true };
const own: EndedAttempt = { cause: "run", error: "assertion failed", isRetry: false };
const SLUGS = ["quick-abcdefghijklmnop", "quick-ponmlkjihgfedcba"];

for (
  const [name, attempts, policy, expected] of [
    ["of nothing yet", [], {}, null],
    ["after a first failure", [first], {}, 1_000],
    ["after a second one, which is another", [first, second], {}, 2_000],
    ["after a third one, which is another", [first, second, third], {}, 4_000],
    ["that grows", [first, second, third], { delayMs: 600_000 }, 15 * 60_000],
    ["without retries", [first], { maxRetries: 0 }, null],
    ["after the last retry", [first, second], { maxRetries: 1 }, null],
    ["after a row was run again by hand", [first, second, third, first], { maxRetries: 1 }, 1_000],
    ["after a row was run again by hand, with the same error", [first, first], {}, 1_000],
    ["after the same error", [first, { ...first, isRetry: true }], {}, null],
    ["after the same error of another node", [first, { ...first, error: "node n2 is down", isRetry: true }], {}, null],
    [
      "after the same error of another run",
      [
        { ...first, error: `lost ${SLUGS[0]}` },
        { ...second, error: `lost ${SLUGS[1]}` },
      ],
      {},
      null,
    ],
    ["after two failures without an error", [{ ...first, error: null }, { ...second, error: null }], {}, 2_000],
    ["after a run that did not fail", [first, { ...second, cause: null }], { on: "any" }, null],
    ["after a failure of its own", [own], {}, null],
    ["after a failure of its own, where any is retried", [own], { on: "any" }, 1_000],
    ["after an error that matches", [own], { on: /assert/ }, 1_000],
    ["after an error that does not match", [first], { on: /assert/ }, null],
    ["after no error, which matches nothing", [{ ...own, error: null }], { on: /null/ }, null],
  ] as const satisfies readonly (readonly [string, readonly EndedAttempt[], Partial<RetryPolicy>, number | null])[]
) {
  Deno.test(`the delay of a retry ${name} is ${expected}`, () => {
    const all: RetryPolicy = { maxRetries: 5, on: "infra", delayMs: 1_000, ...policy };
    assert.equal(retryDelayMs(attempts, all, () => 0.5), expected);
    // A quarter less or more, so that many rows that failed at once are not submitted at once.
    assert.equal(retryDelayMs(attempts, all, () => 0), expected && 0.75 * expected);
    assert.equal(retryDelayMs(attempts, all, () => 1), expected && 1.25 * expected);
  });
}

function failed(statusReason: string | null, parts: Partial<RunDetail> = {}): RunResult {
  const jobs = [{ name: "main", status: "failed", outputs: {}, steps: [aStep({ status: "failed" })] }];
  const run = aRunDetail({ status: "failed", statusReason, jobs, ...parts });
  return toRunResult(run, { kind: "failed", status: "failed", submitted: "yes" });
}

const IDLE = [{
  name: "main",
  status: "failed",
  outputs: {},
  steps: [aStep({ status: "pending" }), aStep({ status: "skipped" })],
}];

for (
  const [name, result, expected] of [
    ["an error of its own", failed("exit status 1"), "run"],
    ["no error", failed(null), "run"],
    ["a node that was lost", failed("slurmstepd: node n7 not responding"), "infra"],
    ["NODE_FAIL", failed("State: NODE_FAIL"), "infra"],
    ["a cluster that is off", failed("Cluster gpu1 is off"), "infra"],
    ["a preempted job", failed("Job 7 was preempted"), "infra"],
    ["jobs of which no step has started", failed("exit status 1", { jobs: IDLE }), "infra"],
    ["no jobs at all", failed("exit status 1", { jobs: [] }), "infra"],
    ["an error that only an annotation names", {
      ...failed(null),
      failure: {
        summary: "step failed",
        failedJobs: [{
          name: "main",
          path: ["main"],
          status: "failed",
          failedSteps: [{
            name: "build",
            status: "failed",
            annotations: [{ type: "error", title: null, message: "ssh: connect to host n1" }],
            logTail: [],
            note: null,
          }],
        }],
      },
    }, "infra"],
    ["a node that only the platform names", {
      ...failed("node n1 is down"),
      failure: { summary: "step failed", failedJobs: [] },
    }, "infra"],
    ["a time limit", { ...failed("node n1 is down"), status: "timeout" }, "run"],
    ["a cancel", { ...failed("node n1 is down"), status: "cancelled" }, null],
    ["an unknown outcome", { ...failed("node n1 is down"), status: "unknown" }, null],
    ["success", { ...failed("node n1 is down"), status: "completed" }, null],
  ] as const satisfies readonly (readonly [string, RunResult, string | null])[]
) {
  Deno.test(`the cause of a run that ended with ${name} is ${expected}`, () => {
    assert.equal(causeOf(result), expected);
  });
}

for (const status of ["running", "completed", "error", "failed", "faulted", "pending", "skipped", "canceled"]) {
  const isWork = !["pending", "skipped", "canceled"].includes(status);
  Deno.test(`a step that is ${status} in a subworkflow ${isWork ? "has" : "has not"} started`, () => {
    const job = (step: ReturnType<typeof aStep>) => ({ name: "main", status: "running", outputs: {}, steps: [step] });
    const outer = aStep({ status: "pending", jobs: [job(aStep({ status }))] });
    assert.equal(hasWorked([job(outer)]), isWork);
  });
}
