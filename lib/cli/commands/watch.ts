import type { Deps } from "../../executor/deps.ts";
import { follow, type FollowOptions, toEnd } from "../../executor/execute.ts";
import { findRun } from "../../executor/find.ts";
import { nameOf } from "../../executor/view.ts";
import type { RunHandle, RunResult } from "../../model.ts";
import { defineCommand, JSON_ARG } from "../command.ts";
import { Stopped } from "../context.ts";
import { exitCodeOf, gravest } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import type { Output } from "../output.ts";
import { verdict } from "../run_lines.ts";
import { resultDocument, viewRun } from "../run_view.ts";
import { parseManyRuns } from "../run_ref.ts";
import { WAIT_ARGS, waitOptions } from "../wait_options.ts";
import { answerResult } from "./run.ts";

export const watch = defineCommand({
  name: "watch",
  summary: "follow runs to their end",
  usage: "RUN… [options]",
  examples: [
    { line: "pw-workflow-runner watch hello-world-00047", does: "one run, ending as it ends" },
    { line: "pw-workflow-runner watch hello-world#47 data-processor#12", does: "two; the graver end counts" },
  ],
  args: {
    runs: { type: "positional", multiple: true, required: false },
    ...WAIT_ARGS,
    ...JSON_ARG,
    events: { type: "boolean", description: "Tell everything that happens as JSON Lines" },
  },
  async run(call) {
    const { output, signal, values } = call;
    const refs = parseManyRuns(values.runs ?? []);
    const options = waitOptions(values, call);
    const deps = await openDeps(call);
    const handles: RunHandle[] = [];
    for (const ref of refs) handles.push(await findRun(deps, ref, { signal }));
    const results = await Promise.all(
      handles.map((handle) => watchOne(output, deps, handle, { ...options, label: labelFor(handles, handle) })),
    );
    const [only, second] = results;
    if (only !== undefined && second === undefined) return answerResult(output, only);
    return answerResults(output, results);
  },
});

async function watchOne(
  output: Output,
  deps: Deps,
  handle: RunHandle,
  { label, ...options }: FollowOptions & { readonly label: string | undefined },
): Promise<RunResult> {
  using viewer = viewRun(output, deps.clock, label === undefined ? {} : { label });
  try {
    return await toEnd(follow(deps, handle, options), (event) => viewer.show(event));
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    const name = nameOf(handle);
    const wait = {
      message: `Stopped waiting: the run ${name} goes on`,
      hint: `Go on: pw-workflow-runner watch ${name}`,
    };
    throw new Stopped(error.signal, { ...wait, submitted: "no" });
  }
}

function answerResults(output: Output, results: readonly RunResult[]): number {
  const exitCode = gravest(results.map(({ kind }) => exitCodeOf(kind)));
  const gravestResult = results.find(({ kind }) => exitCodeOf(kind) === exitCode);
  if (output.mode === "json") {
    const kind = gravestResult?.kind ?? "completed";
    output.document({ runs: results.map(resultDocument), exitCode, kind, submitted: "no" });
  }
  if (output.mode === "text") {
    for (const result of results) {
      output.answer(verdict(result, output.answerStyle).replace(/^/, `${result.slug ?? result.runNumber}: `));
    }
  }
  return exitCode;
}

function labelFor(handles: readonly RunHandle[], handle: RunHandle): string | undefined {
  return handles.length > 1 ? nameOf(handle) : undefined;
}
