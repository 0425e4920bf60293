import { defineCommand, refuseOptions } from "../command.ts";
import { SUITE_OPTIONS } from "../suite/options.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner test": "Run all *.suite.yaml files below this folder",
    "pw-workflow-runner test nightly.suite.yaml --env prod --report junit=results.xml":
      "Run a suite in one of its environments, and write its results for CI",
    'pw-workflow-runner test --case "solve*" --dry-run': "Check some cases, and show what would run",
  },
  forms: {
    "merge FILE…": "join the reports of shards, written with --report ctrf=FILE",
    "history CASE": "show earlier verdicts, durations and metrics of a case",
  },
  optionsOf: {
    merge: ["report", "history", "maxSkipped", "failOnFlaky"],
    history: ["metric", "format", "env", "history"],
  },
  notes: [
    "A suite file names cases: a workflow, its inputs, and what is expected of the run. The smallest one:",
    "",
    "  version: 1",
    "  cases:",
    "    - name: hello runs",
    "      workflow: hello-world",
    "      inputs: inputs/hello-world.json",
    "",
    "Everything is checked before the first run is submitted. The exit code is 1 if a case failed, 8 if none failed but some",
    "could not be judged (a resource was lost, or a run waited too long in the queue), 2 for a mistake in a file, otherwise 0.",
    "",
    "The local history keeps the newest 30 reports of a suite in each environment, without logs and inputs. Where a machine",
    "starts empty, restore a folder and name it with --history DIR.",
  ].join("\n"),
  args: SUITE_OPTIONS,
  async run(call) {
    const [action, ...names] = call.values.suites ?? [];
    if (action === "merge") return await (await import("../suite/write_reports.ts")).mergeReports(call, names);
    if (action === "history") return await (await import("../suite/history.ts")).answerHistory(call, names);
    refuseOptions(call.values, ["metric", "format"], { reason: "without test history" });
    if (call.values.rejudge === true) refuseOptions(call.values, ["resume"], { reason: "together with --rejudge" });
    if (call.values.order !== "random") refuseOptions(call.values, ["seed"], { reason: "without --order random" });
    if (call.values.ci !== undefined || call.values.shards !== undefined) {
      return await (await import("../suite/pipeline.ts")).printPipeline(call);
    }
    const { runSuites } = await import("../suite/run_suites.ts");
    return await runSuites(call);
  },
});
