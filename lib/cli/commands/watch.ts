import { trackRun } from "../../runs/track_run.ts";
import { findRuns } from "../../runs/find.ts";
import { withinTimeout } from "../../runs/limit.ts";
import { formatRunId } from "../../run.ts";
import { defineCommand } from "../command.ts";
import { mostSevereEnd } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import { renderWatched, watchedRun } from "../tracking/run_view.ts";
import { runName } from "../tracking/run_lines.ts";
import { checkCanPick, historyFor, MANY_RUNS, parseManyRuns, pickRun } from "../tracking/run_ref.ts";
import { ifUnwritten, trackTogether } from "../tracking/track_to_end.ts";
import { TRACK_OPTIONS, waitOptions } from "../tracking/wait_options.ts";
import { trackAndPrint } from "./run.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner watch hello-world-00046": "Track one run and exit with its exit code",
    "pw-workflow-runner watch hello-world#46 data-processor#3": "Track two runs; the most severe exit code wins",
  },
  notes: "Without RUN, at a terminal, you select one of the running runs.",
  args: {
    runs: { ...MANY_RUNS.runs, required: false },
    ...TRACK_OPTIONS,
  },
  async run(call) {
    const { context, output, values } = call;
    if (values.runs === undefined) checkCanPick(context, "watch");
    const refs = parseManyRuns(values.runs ?? []);
    const options = waitOptions(values, call);
    await using deps = await openDeps(call, historyFor(refs));
    const runIds = refs.length === 0
      ? [await pickRun({ ...call, client: deps.client }, { isRunning: true })]
      : await withinTimeout(deps.clock, options, "find the run", (signal) => findRuns(deps, refs, { signal }));
    const [only, second] = runIds;
    if (only !== undefined && second === undefined) {
      return await trackAndPrint({ ...call, deps }, trackRun(deps, only, options));
    }
    const { ends, results } = await trackTogether(
      { ...call, deps },
      runIds.map((runId) => {
        const name = formatRunId(runId);
        return { name, identity: { slug: name }, track: (deps) => trackRun(deps, runId, options) };
      }),
    );
    const runs = ends.map(({ document }) => document);
    const rows = results.map((result) => watchedRun(runName(result), { type: "finished", result }));
    // The table cannot show these.
    const others = ends.filter(({ document: { kind } }) => kind !== "completed" && kind !== "cancelled");
    return output.result(
      { runs, ...mostSevereEnd(runs), submitted: "no" },
      () => [renderWatched(rows, output.layout()), ...others.map(({ text }) => text)].join("\n"),
      ifUnwritten(results),
    );
  },
});
