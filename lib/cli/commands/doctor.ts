import { defineCommand, JSON_OPTION, refuseOptions } from "../command.ts";
import type { DoctorCheck } from "../doctor/check.ts";
import { runChecks } from "../doctor/checks.ts";
import { PROBE_OPTIONS } from "../doctor/probe/options.ts";
import { doctorDocument, renderCheck, renderSummary } from "../doctor/render.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner doctor": "Check the API key, network, clock, account and local history",
    "pw-workflow-runner doctor --json": "Print the checks as JSON, for a program or a bug report",
    "pw-workflow-runner doctor --probe hello-world":
      "Test how this server behaves where its API is undocumented, and store the result for this host",
  },
  notes: [
    "✓ ok, ! warning, ✗ failed, · skipped.",
    "Changes nothing, submits nothing and never shows the API key. Exits with 0 unless a check failed, then with the",
    "exit code that this failure would give a run.",
    "",
    "Only --probe starts runs: up to three of the workflow, which must be short and have no side effects. It cancels the",
    "ones still running at the end; --probe-delete removes them and their files. The result contains no names of users,",
    "workflows or runs. `simulate --probe-result FILE` simulates such a server.",
  ].join("\n"),
  args: { ...PROBE_OPTIONS, ...JSON_OPTION },
  async run(call) {
    const { output, values } = call;
    if (values.probe !== undefined) return await (await import("../doctor/probe/probe.ts")).probe(call, values.probe);
    refuseOptions(values, Object.keys(PROBE_OPTIONS), { reason: "without --probe", hint: "Add --probe WORKFLOW" });
    const checks: DoctorCheck[] = [];
    for await (const check of runChecks(call)) {
      checks.push(check);
      if (output.mode === "text") output.answer(renderCheck(check, output.layout()));
    }
    if (output.mode === "text") output.log("INFO", renderSummary(checks));
    return output.result(doctorDocument(checks), () => "");
  },
});
