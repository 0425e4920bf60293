import assert from "node:assert/strict";
import { failureClusters } from "../../lib/reports/html.ts";
import { aCase, anAttempt } from "./support/suite_report.ts";

const failing = (reason: string, cluster = "cluster-a") =>
  aCase({
    verdict: "failed",
    reason,
    attempts: [anAttempt({ slug: `solver-${reason.length}`, resources: [cluster] })],
  });

Deno.test("failures that differ in numbers and runs are one group, the largest first", () => {
  const cases = [
    failing("no license"),
    aCase(),
    failing("node n17 lost after 12.5 s", "cluster-a"),
    failing("node n3 lost after 4 s", "cluster-a"),
    failing("node n4 lost after 5 s", "cluster-b"),
  ];
  assert.deepEqual(failureClusters(cases), [
    { message: "node … lost after … s", cases: [2, 3, 4], where: "2 of 3 on cluster-a" },
    { message: "no license", cases: [0], where: "all on cluster-a" },
  ]);
});

Deno.test("what all messages of a group share is shown, also numbers", () => {
  const [group] = failureClusters([failing("expected 5, got 6"), failing("expected 5, got 7")]);
  assert.equal(group?.message, "expected 5, got …");
});

Deno.test("without a place in common, none is named; cases that passed are in no group", () => {
  const [group] = failureClusters([failing("lost", "cluster-a"), failing("lost", "cluster-b")]);
  assert.equal(group?.where, null);
  assert.deepEqual(failureClusters([aCase(), aCase({ verdict: "skipped", reason: "off" })]), []);
});
