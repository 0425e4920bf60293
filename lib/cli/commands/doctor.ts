import { runChecks } from "../doctor/run_checks.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { type DoctorCheck, overallCheckResult } from "../doctor/check.ts";
import { doctorDocument, renderCheck, renderSummary } from "../doctor/render.ts";

export const doctorCommand = defineCommand({
  examples: [
    { line: "pw-workflow-runner doctor", does: "Check the API key, network, clock, account and local history" },
    { line: "pw-workflow-runner doctor --json", does: "Print the checks as JSON, for a program or a bug report" },
  ],
  notes: [
    "✓ ok, ! warning, ✗ failed, · skipped.",
    "Changes nothing, submits nothing and never shows the API key. Exits with 0 unless a check failed, then with the",
    "exit code that this failure would give a run.",
  ].join("\n"),
  args: { ...JSON_OPTION },
  async run({ context, output, signal, values }) {
    const columns = context.stdout.isTerminal ? context.stdout.columns() : Infinity;
    const checks: DoctorCheck[] = [];
    for await (const check of runChecks(context, output, { values, signal })) {
      checks.push(check);
      if (output.mode === "text") output.answer(renderCheck(check, { style: output.answerStyle, columns }));
    }
    if (output.mode === "text") output.log("INFO", renderSummary(checks));
    else output.document(doctorDocument(checks));
    return overallCheckResult(checks).exitCode;
  },
});
