import { execute } from "../../runs/execute.ts";
import { checkIdempotencyKey, DEFAULT_EXECUTE, type KeyWithPolicy } from "../../runs/options.ts";
import { dryRun, type InputsSpec, prepareAsking } from "../../runs/prepare.ts";
import type { Deps } from "../../runs/deps.ts";
import { silentLog, storeFailureTo } from "../../log.ts";
import { redactedValues } from "../../inputs/secrets.ts";
import type { RunEvent } from "../../events.ts";
import type { RunResult } from "../../result.ts";
import type { RunRequest } from "../../submission.ts";
import { argument, type ArgValues, flag, oneOf, option, positiveDuration } from "../argv.ts";
import { MANY_RUNS_OPTIONS, MATRIX_OPTIONS, REPEAT_OPTION } from "../batch/options.ts";
import { defineCommand, type Invocation, type OpenedCall, refuseOptions } from "../command.ts";
import { canAsk } from "../confirm.ts";
import { COMPLETED, EXIT_CODES } from "../exit_codes.ts";
import {
  askForMissing,
  DEFAULTS_OPTION,
  INPUT_CHECK_OPTIONS,
  INPUT_DETAILS,
  inputChecking,
  logUnknownConditions,
  readInputs,
  showWarnings,
} from "../input_options.ts";
import { openDeps } from "../open.ts";
import type { Output } from "../output.ts";
import { renderResult } from "../tracking/run_lines.ts";
import { resultDocument, viewRuns } from "../tracking/run_view.ts";
import { ifUnwritten, trackToEnd } from "../tracking/track_to_end.ts";
import { type StopValues, TRACK_OPTIONS, waitOptions } from "../tracking/wait_options.ts";

/** Options of every command that submits a run. */
export const RUN_OPTIONS = {
  input: option("INPUTS", "Inputs (see below)", INPUT_DETAILS),
  name: option("TEXT", "Display name of the run on the platform"),
  ...INPUT_CHECK_OPTIONS,
  ...DEFAULTS_OPTION,
  noInput: flag("Never ask: missing inputs are an error, even at a terminal"),
  trust: flag("Give the consent that the workflow asks for"),
  noWait: flag("Submit and exit without waiting"),
  dryRun: flag("Have the platform check the request without starting a run"),
  idempotencyKey: option("TEXT", "Identify this submission: reusing the key attaches to the same run"),
  idempotencyPolicy: option("POLICY", "If the key was used before: attach, reject or new-if-failed (default attach)", {
    parse: oneOf("attach", "reject", "new-if-failed"),
  }),
  submitTimeout: option("TIME", "Keep retrying a submission that has not started a run for this long (default 10m)", {
    parse: positiveDuration,
  }),
  noHistory: flag("Do not store the run locally: resume cannot find it after a crash"),
  allowFailure: flag("Exit with 0 if the run failed or was cancelled (exit codes 1 and 3)"),
  report: option(
    "FORMAT",
    "github: also write step summary, annotations and outputs of GitHub Actions (default text)",
    oneOf("text", "github"),
  ),
  ...TRACK_OPTIONS,
  onInterrupt: {
    ...TRACK_OPTIONS.onInterrupt,
    description: "On Ctrl-C: ask, keep or cancel the run (default: ask at a terminal, otherwise keep)",
  },
} as const;

type RunValues = ArgValues<typeof RUN_OPTIONS>;

/** The part of the help that explains `-i`. */
export const INPUT_NOTES = [
  "Each -i takes one argument; later ones override earlier ones, key by key. - reads stdin, {…} is JSON,",
  "name.path=value and name.path:=JSON set one value, name.path=@FILE reads text from a file, name.path=@- prompts",
  "without echo, and anything else is a JSON or YAML file (prefix ./ to force a file). -p is the same as -i.",
].join("\n");

const SEVERAL_RUNS_OPTIONS = { ...MATRIX_OPTIONS, ...REPEAT_OPTION, ...MANY_RUNS_OPTIONS } as const;

export const command = defineCommand({
  examples: {
    "pw-workflow-runner run hello-world --input inputs/hello-world.json": "Read the inputs from a file",
    "pw-workflow-runner run hello-world -i base.json -i hello.message=test --json":
      "Override one value of a file, and print the result as JSON",
    "pw-workflow-runner run hello-world --matrix hello.message=one,two,three --jobs 2":
      "Run it once for each value, two at a time",
  },
  notes: INPUT_NOTES,
  args: {
    workflow: argument("WORKFLOW", { completes: "workflow" }),
    preset: option("NAME", "Start from this preset of the workflow", { completes: "preset" }),
    ...RUN_OPTIONS,
    ...SEVERAL_RUNS_OPTIONS,
  },
  sections: { "Several runs, with --matrix or --repeat": SEVERAL_RUNS_OPTIONS },
  async run(call) {
    const { output, values } = call;
    if (values.matrix !== undefined || values.repeat !== undefined) {
      return await (await import("../batch/run_matrix.ts")).runMatrix(call);
    }
    refuseOptions(values, Object.keys(SEVERAL_RUNS_OPTIONS), {
      reason: "for a single run",
      hint: "It is for several runs: add --matrix NAME=VALUES or --repeat N",
    });
    output.reporter?.start(values.workflow);
    const layers = await readInputs(call.context, values.input);
    const spec = { workflow: values.workflow, layers, preset: values.preset ?? null };
    return await submitRunSpec(call, () => Promise.resolve(spec));
  },
});

/**
 * Prepares a run, submits it and tracks it.
 *
 * @param inputsOf Returns the workflow and its inputs, once there is a client and a store to read them from.
 */
export async function submitRunSpec(
  call: Invocation<RunValues>,
  inputsOf: (deps: Deps) => Promise<InputsSpec>,
): Promise<number | void> {
  const { output, signal, values } = call;
  if (values.noWait === true) refuseOptions(values, ["timeout", "onTimeout"], { reason: "together with --no-wait" });
  const options = waitOptions(values, call);
  const key = keyWithPolicy(values);
  const isDryRun = values.dryRun === true;
  if (values.noHistory === true && !isDryRun) {
    output.log("WARNING", "Local history is off: if this process dies, `resume` cannot find the run");
  }
  const history = isDryRun ? "optional" : values.noHistory === true ? "none" : "required";
  await using deps = await openDeps(call, history, "--no-history continues without local history");
  const checking = inputChecking(values);
  const submitTimeoutMs = values.submitTimeout ?? DEFAULT_EXECUTE.submitTimeoutMs;
  const { request, warnings, notes, unknownConditions } = await prepareAsking(deps, {
    sendsDefaults: values.noDefaults !== true,
    ...await inputsOf(deps),
    displayName: values.name ?? null,
    isTrusted: values.trust === true,
    checking,
  }, { signal, retry: submitTimeoutMs, ask: askForMissing(call) });
  output.redact(redactedValues(request));
  for (const note of notes) output.log("INFO", note);
  if (output.shows("DEBUG")) logUnknownConditions(output, "DEBUG", unknownConditions());
  if (checking === "none") output.log("WARNING", "Sending the inputs without checking them");
  await showWarnings(output, warnings);
  if (isDryRun) {
    await dryRun(deps, request, { signal });
    const accepted = `The platform accepts ${request.workflow} with these inputs; nothing was started`;
    return output.result(
      { workflowName: request.workflow, ...COMPLETED, kind: "dry_run" },
      () => `${output.answerStyle.green("✓")} ${accepted}`,
    );
  }
  output.reporter?.start(request.workflow, deps.client.baseUrl);
  const exitCode = await submitAndTrack({ ...call, deps }, request, {
    ...options,
    submitTimeoutMs,
    isWaiting: values.noWait !== true,
    idempotencyKey: key,
  });
  const isFailure = exitCode === EXIT_CODES.failed || exitCode === EXIT_CODES.cancelled;
  return values.allowFailure === true && isFailure ? EXIT_CODES.completed : exitCode;
}

function keyWithPolicy(values: RunValues): KeyWithPolicy | undefined {
  const { idempotencyKey: text, idempotencyPolicy: policy = "attach" } = values;
  if (text !== undefined) {
    checkIdempotencyKey({ text, policy });
    return { text, policy };
  }
  const reason = "without --idempotency-key";
  refuseOptions(values, ["idempotencyPolicy"], { reason, hint: "Add --idempotency-key TEXT" });
  return undefined;
}

/** Submits a run, shows its progress, prints its result and returns the exit code. */
export async function submitAndTrack(
  call: OpenedCall<StopValues>,
  request: RunRequest,
  options: Parameters<typeof execute>[2],
): Promise<number> {
  const { context, output, deps, values } = call;
  const { onInterrupt = canAsk(context) && output.mode === "text" ? "ask" : "keep" } = values;
  const asking = { ...call, values: { ...values, onInterrupt } };
  const exitCode = await trackAndPrint(asking, execute(deps, request, options));
  await deleteExpired(deps);
  return exitCode;
}

/** Shows the progress of one run, prints its result and returns the exit code. */
export async function trackAndPrint(call: OpenedCall<StopValues>, events: AsyncGenerator<RunEvent, RunResult>) {
  const { output, deps: { clock }, signal, values: { onTimeout } } = call;
  using view = viewRuns(output, clock, { onTimeout, signal });
  const result = await trackToEnd(call, events, { show: view.showOf() });
  view[Symbol.dispose]();
  return printResult(output, result);
}

/** The share of runs that prune the local history. */
const PRUNE_PROBABILITY = 1 / 50;
const YEAR_MS = 365 * 86_400_000;
const MAX_RECORDS = 200_000;

/** Removes old finished submissions, so that the local history does not grow without limit. */
async function deleteExpired({ store, clock, random }: Deps): Promise<void> {
  if (random() >= PRUNE_PROBABILITY) return;
  // After a failure, a later run will prune.
  await store.prune({ beforeMs: clock.now() - YEAR_MS, keep: MAX_RECORDS }).catch(storeFailureTo(silentLog));
}

/** Prints a result in the output mode and returns its exit code. */
function printResult(output: Output, result: RunResult): number {
  const document = resultDocument(result);
  output.reporter?.end({ type: "result", result }, document.exitCode);
  if (output.mode === "events" && result.kind === "submitted") {
    output.event({ v: 1, type: "detached", result: document });
  }
  if (output.mode === "text") output.log("INFO", "");
  const exitCode = output.result(document, () => renderResult(result, output.answerStyle), ifUnwritten([result]));
  if (output.mode !== "text" && output.reporter !== undefined) output.log("INFO", renderResult(result, output.style));
  return exitCode;
}
