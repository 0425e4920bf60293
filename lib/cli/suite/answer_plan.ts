/** `--list` and `--dry-run`: what a suite would run. */

import { formatDuration } from "../../duration.ts";
import type { JudgeOptions } from "../../suites/attempt.ts";
import { type Estimate, estimateOf } from "../../suites/estimate.ts";
import { usualSecondsOf } from "../../suites/history.ts";
import { counted } from "../../text.ts";
import { DEFAULT_SUITE_JOBS } from "../../suites/exit_code.ts";
import type { CheckedCase } from "../../suites/preflight.ts";
import type { PlannedCase } from "../../suites/plan.ts";
import { COMPLETED } from "../exit_codes.ts";
import type { SuiteCall } from "./options.ts";

export function answerList({ output }: SuiteCall, cases: readonly PlannedCase[]): number {
  const list = cases.map(({ id, suite, name, kind, tags, file, matrix }) => {
    return { id, suite, name, kind, tags, file, matrix };
  });
  const lineOf = ({ suite, name, tags }: PlannedCase) =>
    `${suite}: ${name}${tags.length === 0 ? "" : `  (${tags.join(", ")})`}`;
  return output.result({ cases: list, ...COMPLETED }, () => cases.map(lineOf).join("\n"));
}

/** What would be run, and why the rest would not. */
export function answerPlan(
  { output, values }: SuiteCall,
  cases: readonly CheckedCase[],
  earlier: JudgeOptions["earlier"],
): number {
  const expected = cases.map((one) => ({ ...one, usualSeconds: usualSecondsOf(one.id, earlier) }));
  const rows = expected.map((one) => ({
    suite: one.suite,
    name: one.name,
    action: one.skipReason ?? one.offReason ?? "run",
    workflow: one.workflow,
    inputs: one.givenInputs,
    /** Later ones override earlier ones. */
    layers: one.inputs.map(({ origin }) => origin),
    needs: one.needs.flatMap(({ id }) => cases.find((other) => other.id === id)?.name ?? []),
    timeoutSeconds: one.timeoutMs / 1_000,
    queueTimeoutSeconds: one.queueTimeoutMs / 1_000,
    retries: one.retries,
    locks: one.locks,
    /** Of the runs that passed, without queue; `null` without one. */
    usualSeconds: one.usualSeconds,
  }));
  const isRun = (one: CheckedCase) => (one.skipReason ?? one.offReason) === null;
  const estimate = estimateOf(expected.filter(isRun), values.jobs ?? DEFAULT_SUITE_JOBS);
  const exitCode = output.result({ cases: rows, estimate, ...COMPLETED, kind: "dry_run" }, () => {
    const lines = rows.flatMap(({ suite, name, action, workflow, layers, needs }) => {
      const facts = [
        `workflow ${workflow}`,
        ...layers.length === 0 ? [] : [`inputs from ${[...new Set(layers)].join(", then ")}`],
        ...needs.length === 0 ? [] : [`after ${needs.join(", ")}`],
      ];
      return [
        `${action === "run" ? "run " : "skip"}  ${suite}: ${name}${action === "run" ? "" : `  (${action})`}`,
        output.answerStyle.dim(`      ${facts.join("; ")}`),
      ];
    });
    return [...lines, ...estimateLines(estimate)].join("\n");
  });
  const count = rows.filter(({ action }) => action === "run").length;
  const skipped = rows.length - count;
  output.log("INFO", `${counted(count, "case")} would run, ${skipped} would be skipped; nothing was submitted`);
  return exitCode;
}

function estimateLines({ runSeconds, wallSeconds, jobs, unknownCount, dearest }: Estimate): readonly string[] {
  const unknown = unknownCount === 0 ? "" : `; ${counted(unknownCount, "case")} without a run that passed not counted`;
  if (dearest.length === 0 && unknownCount === 0) return [];
  if (dearest.length === 0) return [`No estimate: ${counted(unknownCount, "case")} without a run that passed`];
  const about = (seconds: number | null) => formatDuration((seconds ?? 0) * 1_000);
  return [
    `Usually ${about(runSeconds)} of run time, ${about(wallSeconds)} with ${jobs} at once, without queues${unknown}`,
    `Longest: ${dearest.map(({ suite, name, usualSeconds }) => `${suite}: ${name} ${about(usualSeconds)}`).join(", ")}`,
  ];
}
