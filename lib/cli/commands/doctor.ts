import { examine } from "../doctor/gather_facts.ts";
import { defineCommand, JSON_ARG } from "../command.ts";
import { type Check, conclude } from "../doctor/check.ts";
import { doctorDocument, renderCheck, renderConclusion } from "../doctor/render.ts";

export const doctor = defineCommand({
  name: "doctor",
  summary: "what keeps this from working",
  usage: "[options]",
  examples: [
    { line: "pw-workflow-runner doctor", does: "key, network, clock, account, history: what is so, and what to do" },
    { line: "pw-workflow-runner doctor --json", does: "the same for a program, or for a report" },
  ],
  notes: [
    "✓ is well, ! is odd, ✗ keeps something from working, · could not be looked at.",
    "Changes nothing and submits nothing; shows no key. Ends 0 unless there is a ✗: then as that failure would end a run.",
  ].join("\n"),
  args: { ...JSON_ARG },
  async run({ context, output, signal, values }) {
    const columns = context.stdout.isTerminal ? context.stdout.columns() : Infinity;
    const checks: Check[] = [];
    for await (const check of examine(context, output, { values, signal })) {
      checks.push(check);
      if (output.mode === "text") output.answer(renderCheck(check, { style: output.answerStyle, columns }));
    }
    if (output.mode === "text") output.say("INFO", renderConclusion(checks));
    else output.document(doctorDocument(checks));
    return conclude(checks).exitCode;
  },
});
