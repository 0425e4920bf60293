/** `--list` and `--dry-run`: what a suite would run. */

import { counted } from "../../text.ts";
import type { CheckedCase } from "../../suites/preflight.ts";
import type { SelectedCase } from "../../suites/select.ts";
import { COMPLETED } from "../exit_codes.ts";
import type { SuiteCall } from "./options.ts";

export function answerList({ output }: SuiteCall, cases: readonly SelectedCase[]): number {
  if (output.mode === "text") {
    for (const { suite, name, tags } of cases) {
      output.answer(`${suite}: ${name}${tags.length === 0 ? "" : `  (${tags.join(", ")})`}`);
    }
  } else {
    const list = cases.map(({ id, suite, name, kind, tags, file, matrix }) => ({
      id,
      suite,
      name,
      kind,
      tags,
      file,
      matrix,
    }));
    output.document({ cases: list, ...COMPLETED });
  }
  return 0;
}

/** What would be run, and why the rest would not. */
export function answerPlan({ output }: SuiteCall, cases: readonly CheckedCase[]): number {
  const rows = cases.map((one) => ({
    suite: one.suite,
    name: one.name,
    action: one.skipReason ?? one.offReason ?? "run",
    workflow: one.workflow,
    inputs: one.givenInputs,
    /** Later ones override earlier ones. */
    layers: one.inputs.map((source) => source.type === "layer" ? source.layer.origin : source.origin),
    needs: one.needs.flatMap(({ id }) => cases.find((other) => other.id === id)?.name ?? []),
    timeoutSeconds: one.timeoutMs / 1_000,
    queueTimeoutSeconds: one.queueTimeoutMs / 1_000,
    retries: one.retries,
    locks: one.locks,
  }));
  if (output.mode !== "text") output.document({ cases: rows, ...COMPLETED, kind: "dry_run" });
  else {
    for (const { suite, name, action, workflow, layers, needs } of rows) {
      output.answer(
        `${action === "run" ? "run " : "skip"}  ${suite}: ${name}${action === "run" ? "" : `  (${action})`}`,
      );
      const facts = [
        `workflow ${workflow}`,
        ...layers.length === 0 ? [] : [`inputs from ${layers.join(", then ")}`],
        ...needs.length === 0 ? [] : [`after ${needs.join(", ")}`],
      ];
      output.answer(output.answerStyle.dim(`      ${facts.join("; ")}`));
    }
    const count = rows.filter(({ action }) => action === "run").length;
    output.log(
      "INFO",
      `${counted(count, "case")} would run, ${rows.length - count} would be skipped; nothing was submitted`,
    );
  }
  return 0;
}
