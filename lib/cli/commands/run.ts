import type { Args, ArgValues } from "../../deps/gunshi.ts";
import { execute, toEnd } from "../../runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../runs/options.ts";
import { dryRun, type GivenInputs, prepare } from "../../runs/prepare.ts";
import type { Deps } from "../../runs/deps.ts";
import type { KeyPolicy, KeyWithPolicy } from "../../runs/idempotency.ts";
import { StorageError, UsageError } from "../../errors.ts";
import { readLayers } from "../../inputs/layers.ts";
import { secretValues } from "../../inputs/secrets.ts";
import type { RunResult } from "../../result.ts";
import type { RunRequest } from "../../submission.ts";
import { oneOf, someTime, text } from "../argv.ts";
import { type Call, defineCommand, JSON_ARG } from "../command.ts";
import { Stopped } from "../context.ts";
import { EXIT_CODES, exitCodeOf } from "../exit_codes.ts";
import { CHECK_ARGS, checkingOf, sayWarnings } from "../check_options.ts";
import { inputSources } from "../input_sources.ts";
import {
  afterStop,
  afterTimeout,
  defaultOnInterrupt,
  isOfNote,
  type Latest,
  type OnInterrupt,
  type OnTimeout,
  STOP_ARGS,
  type StopParts,
} from "../tracking/interrupt.ts";
import { type HistoryUse, type OpenCall, openDeps } from "../open.ts";
import type { Output } from "../output.ts";
import { verdict } from "../tracking/run_lines.ts";
import { resultDocument, viewRun } from "../tracking/run_view.ts";
import { WAIT_ARGS, waitOptions } from "../tracking/wait_options.ts";

const idempotencyPolicy = oneOf("attach", "reject", "new-if-failed");

/** What every command takes that submits a run. */
export const RUN_ARGS = {
  input: {
    type: "custom",
    parse: text,
    short: "i",
    multiple: true,
    metavar: "INPUTS",
    description: "Inputs, see below",
  },
  name: { type: "custom", parse: text, metavar: "TEXT", description: "What the run is called on the platform" },
  ...CHECK_ARGS,
  trust: { type: "boolean", description: "Grant what the workflow asks consent for" },
  noWait: { type: "boolean", description: "Submit, and leave it to go on" },
  dryRun: { type: "boolean", description: "Let the platform check it, and start nothing" },
  ...WAIT_ARGS,
  ...STOP_ARGS,
  idempotencyKey: {
    type: "custom",
    parse: text,
    metavar: "TEXT",
    description: "Name the wish: the same name from anywhere means the same run",
  },
  idempotencyPolicy: {
    type: "custom",
    parse: idempotencyPolicy,
    metavar: "WHAT",
    description: "When the key has a run: attach, reject or new-if-failed (default attach)",
  },
  submitTimeout: {
    type: "custom",
    parse: someTime,
    metavar: "TIME",
    description: "Repeat a submit that started nothing for this long (default 10m)",
  },
  noHistory: { type: "boolean", description: "Go on without the history: a run could be lost track of" },
  ...JSON_ARG,
  events: { type: "boolean", description: "Tell everything that happens as JSON Lines" },
} as const satisfies Args;

/** What `-i` takes, for the help. */
export const INPUT_NOTES = [
  "-i takes one value each time, and later ones win key by key: - is stdin, {…} is JSON, name.path=value and",
  "name.path:=JSON are one value, name.path=@FILE is a file's text, name.path=@- asks without echo, and anything",
  "else is a JSON or YAML file (./ forces a file).",
].join("\n");

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
  notes: INPUT_NOTES,
  args: {
    workflow: { type: "positional" },
    preset: { type: "custom", parse: text, metavar: "NAME", description: "Start from inputs saved with the workflow" },
    ...RUN_ARGS,
  },
  async run(call) {
    const { values } = call;
    const layers = await readLayers(values.input ?? [], inputSources(call.context));
    return await runSpec(
      call,
      () => Promise.resolve({ workflow: values.workflow, layers, preset: values.preset ?? null }),
    );
  },
});

/**
 * Decides a wish to its end, submits it and follows the run.
 *
 * @param given Tells the workflow and its inputs, once there is somebody to ask.
 */
export async function runSpec(
  call: Call<ArgValues<typeof RUN_ARGS> & OpenCall["values"]>,
  given: (deps: Deps) => Promise<GivenInputs>,
): Promise<number> {
  const { output, signal, values } = call;
  const options = waitOptions(values, call);
  const key = keyWithPolicy(values);
  await using deps = await openDeps(call, values.dryRun === true ? "welcome" : historyUse(output, values));
  const checking = checkingOf(values);
  const { request, warnings } = await prepare(deps, {
    ...await given(deps),
    displayName: values.name ?? null,
    isTrusted: values.trust === true,
    checking,
  }, { signal });
  output.hide(secretValues(request.inputs, request.secretPaths));
  if (checking === "none") output.say("WARNING", "The inputs are sent unchecked");
  sayWarnings(output, warnings);
  if (values.dryRun === true) {
    await dryRun(deps, request, { signal });
    return answerDryRun(output, request);
  }
  const submitTimeoutMs = values.submitTimeout ?? DEFAULT_EXECUTE.submitTimeoutMs;
  const isWaiting = values.noWait !== true;
  return await submitAndFollow({ ...call, deps }, request, {
    ...options,
    submitTimeoutMs,
    isWaiting,
    idempotencyKey: key,
  });
}

/** How the history is used by a command that submits. */
export function historyUse(output: Output, { noHistory }: { readonly noHistory?: boolean | undefined }): HistoryUse {
  if (noHistory !== true) return "needed";
  output.say("WARNING", "Without history: if this process dies, `resume` will not find the run");
  return "none";
}

function keyWithPolicy({ idempotencyKey: key, idempotencyPolicy }: {
  readonly idempotencyKey?: string | undefined;
  readonly idempotencyPolicy?: KeyPolicy | undefined;
}): KeyWithPolicy | undefined {
  if (key === undefined && idempotencyPolicy !== undefined) {
    throw new UsageError("Cannot use --idempotency-policy: there is no --idempotency-key", {
      hint: "Name the wish: --idempotency-key TEXT",
    });
  }
  return key === undefined ? undefined : { text: key, policy: idempotencyPolicy ?? "attach" };
}

/** What a command that follows runs works with. */
export interface Following extends StopParts {
  readonly deps: Deps;
  readonly values: { readonly onInterrupt?: OnInterrupt | undefined; readonly onTimeout?: OnTimeout | undefined };
}

/** The main job: submits, shows what happens, answers with how it ended. */
export async function submitAndFollow(
  following: Following,
  request: RunRequest,
  options: Parameters<typeof execute>[2],
): Promise<number> {
  const { output, deps, values } = following;
  let latest: Latest | undefined;
  using viewer = viewRun(output, deps.clock);
  try {
    const result = await toEnd(execute(deps, request, options), (event) => {
      if (isOfNote(event)) latest = event;
      viewer.show(event);
    });
    viewer[Symbol.dispose]();
    await deleteExpired(deps);
    return answerResult(output, await afterTimeout(following, result, values.onTimeout ?? "keep"));
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    viewer[Symbol.dispose]();
    const policy = values.onInterrupt ?? defaultOnInterrupt(following);
    throw await afterStop(following, error, { latest, policy });
  }
}

/** One run in so many tidies up. */
const TIDIES_UP = 1 / 50;
const YEAR_MS = 365 * 86_400_000;
const MAX_RECORDS = 200_000;

/** What is over is forgotten in time, so that nobody's disk fills up over the years. */
async function deleteExpired({ store, clock, random }: Deps): Promise<void> {
  if (random() >= TIDIES_UP) return;
  try {
    await store.prune({ beforeMs: clock.now() - YEAR_MS, keep: MAX_RECORDS });
  } catch (error) {
    // Another run will.
    if (!(error instanceof StorageError)) throw error;
  }
}

/** Says how a run ended, in the form that was asked for. */
export function answerResult(output: Output, result: RunResult): number {
  if (output.mode === "json") output.document(resultDocument(result));
  if (output.mode === "events" && result.kind === "submitted") {
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
