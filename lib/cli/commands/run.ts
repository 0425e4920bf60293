import { DEFAULT_EXECUTE, execute, toEnd } from "../../executor/execute.ts";
import { dryRun, prepare } from "../../executor/prepare.ts";
import type { Deps } from "../../executor/deps.ts";
import { readLayers } from "../../inputs/layers.ts";
import type { RunEvent, RunRequest, RunResult } from "../../model.ts";
import { someTime, text } from "../argv.ts";
import { defineCommand, JSON_ARG } from "../command.ts";
import { Stopped } from "../context.ts";
import { EXIT_CODES, exitCodeOf } from "../exit_codes.ts";
import { CHECK_ARGS, checkingOf, sayWarnings } from "../check_options.ts";
import { inputSources } from "../input_sources.ts";
import { openDeps } from "../open.ts";
import type { Output } from "../output.ts";
import { verdict, watchCommand } from "../run_lines.ts";
import { resultDocument, viewRun } from "../run_view.ts";
import { WAIT_ARGS, waitOptions } from "../wait_options.ts";

export const run = defineCommand({
  name: "run",
  summary: "submit a run, follow it, report its end",
  usage: "WORKFLOW [-i INPUTS]… [options]",
  examples: [
    { line: "pw-workflow-runner run hello-world --input inputs/hello-world.json", does: "with the inputs of a file" },
    {
      line: "pw-workflow-runner run hello-world -i base.json -i hello.message=test --json",
      does: "a file, one value on top, the result for a program",
    },
  ],
  notes: [
    "-i takes one value each time, and later ones win key by key: - is stdin, {…} is JSON, name.path=value and",
    "name.path:=JSON are one value, name.path=@FILE is a file's text, name.path=@- asks without echo, and anything",
    "else is a JSON or YAML file (./ forces a file).",
  ].join("\n"),
  args: {
    workflow: { type: "positional" },
    input: {
      type: "custom",
      parse: text,
      short: "i",
      multiple: true,
      metavar: "INPUTS",
      description: "Inputs, see below",
    },
    name: { type: "custom", parse: text, metavar: "TEXT", description: "What the run is called on the platform" },
    preset: { type: "custom", parse: text, metavar: "NAME", description: "Start from inputs saved with the workflow" },
    ...CHECK_ARGS,
    trust: { type: "boolean", description: "Grant what the workflow asks consent for" },
    noWait: { type: "boolean", description: "Submit, and leave it to go on" },
    dryRun: { type: "boolean", description: "Let the platform check it, and start nothing" },
    ...WAIT_ARGS,
    submitTimeout: {
      type: "custom",
      parse: someTime,
      metavar: "TIME",
      description: "Repeat a submit that started nothing for this long (default 10m)",
    },
    ...JSON_ARG,
    events: { type: "boolean", description: "Tell everything that happens as JSON Lines" },
  },
  async run(call) {
    const { context, output, signal, values } = call;
    const layers = await readLayers(values.input ?? [], inputSources(context));
    const options = waitOptions(values, call);
    const deps = await openDeps(call);
    const checking = checkingOf(values);
    const { request, warnings } = await prepare(deps, {
      workflow: values.workflow,
      layers,
      preset: values.preset ?? null,
      displayName: values.name ?? null,
      isTrusted: values.trust === true,
      checking,
    }, { signal });
    if (checking === "none") output.say("WARNING", "The inputs are sent unchecked");
    sayWarnings(output, warnings);
    if (values.dryRun === true) {
      await dryRun(deps, request, { signal });
      return answerDryRun(output, request);
    }
    const submitTimeoutMs = values.submitTimeout ?? DEFAULT_EXECUTE.submitTimeoutMs;
    const isWaiting = values.noWait !== true;
    return await submitAndFollow(output, deps, request, { ...options, submitTimeoutMs, isWaiting });
  },
});

/** The main job: submits, shows what happens, answers with how it ended. */
export async function submitAndFollow(
  output: Output,
  deps: Deps,
  request: RunRequest,
  options: Parameters<typeof execute>[2],
): Promise<number> {
  let latest: RunEvent | undefined;
  using viewer = viewRun(output, deps.clock);
  try {
    const result = await toEnd(execute(deps, request, options), (event) => {
      if (event.type === "submitting" || event.type === "started") latest = event;
      viewer.show(event);
    });
    viewer[Symbol.dispose]();
    return answerResult(output, result);
  } catch (error) {
    if (error instanceof Stopped) throw stoppedAt(error, latest);
    throw error;
  }
}

/** Says how a run ended, in the form that was asked for. */
export function answerResult(output: Output, result: RunResult): number {
  if (output.mode === "json") output.document(resultDocument(result));
  if (output.mode === "events" && result.kind === "not_waited") {
    output.event({ v: 1, type: "left", result: resultDocument(result) });
  }
  if (output.mode === "text") {
    output.say("INFO", "");
    output.answer(verdict(result, output.answerStyle));
  }
  return exitCodeOf(result.kind);
}

function answerDryRun(output: Output, { workflow }: RunRequest): number {
  if (output.mode === "text") {
    output.answer(`${output.answerStyle.green("✓")} ${workflow} can be run with these inputs; nothing was started`);
  } else output.document({ workflowName: workflow, exitCode: EXIT_CODES.completed, kind: "dry_run", submitted: "no" });
  return EXIT_CODES.completed;
}

/** What outlives us when somebody stops us. */
function stoppedAt(stopped: Stopped, latest: RunEvent | undefined): Stopped {
  if (latest?.type === "started") {
    const name = latest.slug ?? `${latest.workflow}#${latest.number}`;
    const hint = `Go on: ${
      watchCommand({ slug: latest.slug, workflowName: latest.workflow, runNumber: latest.number })
    }`;
    return new Stopped(stopped.signal, { message: `Stopped waiting: the run ${name} goes on`, hint, submitted: "yes" });
  }
  if (latest?.type !== "submitting") return stopped;
  const where = latest.slug === null
    ? `pw-workflow-runner runs ${latest.workflow}`
    : `pw-workflow-runner status ${latest.slug}`;
  return new Stopped(stopped.signal, {
    message: "Stopped while submitting: it is not known whether the run was started",
    hint: `Look before you try again: ${where}`,
    submitted: "unknown",
  });
}
