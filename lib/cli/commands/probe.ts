import { createHttp } from "../../platform/http.ts";
import { probeServer } from "../doctor/probe/probe.ts";
import { toServerCapabilities } from "../doctor/probe/result.ts";
import { StorageError, UsageError } from "../../errors.ts";
import { mergeLayers } from "../../inputs/merge.ts";
import { readLayers } from "../../inputs/layers.ts";
import { declaredTypes } from "../../inputs/declared_type.ts";
import { VERSION } from "../../version.ts";
import { nonEmptyString, positiveDuration } from "../argv.ts";
import { defineCommand, type Invocation, JSON_OPTION } from "../command.ts";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { inputSources } from "../input_sources.ts";
import { openCredential } from "../credential.ts";
import { openRunStore, readCaCertOption } from "../open.ts";
import type { Output } from "../output.ts";

const DEFAULT_WORKFLOW = "hello-world";
const DEFAULT_RUN_TIMEOUT_MS = 10 * 60_000;

export const probeCommand = defineCommand({
  examples: [
    {
      line: "pw-workflow-runner probe --workflow hello-world",
      does: "Confirm, test, and store the result for this host",
    },
    { line: "pw-workflow-runner probe --workflow quick --yes -o probe.json", does: "Write the result to a file" },
  ],
  notes: [
    "Starts up to three runs of the workflow, which must be short and have no side effects, and cancels the ones still",
    "running at the end; --delete removes them and their files. The result contains no names of users, workflows or",
    "runs. `simulate --probe-result FILE` simulates such a server.",
  ].join("\n"),
  args: {
    workflow: {
      type: "custom",
      parse: nonEmptyString,
      metavar: "NAME",
      completes: "workflow",
      description: `The workflow to run (default ${DEFAULT_WORKFLOW})`,
    },
    input: {
      type: "custom",
      parse: nonEmptyString,
      short: "i",
      multiple: true,
      metavar: "INPUTS",
      completes: "input",
      description: "Inputs of the runs, as for run",
    },
    output: {
      type: "custom",
      parse: nonEmptyString,
      short: "o",
      metavar: "FILE",
      completes: "file",
      description: "Write the result to this file, which must not exist yet",
    },
    runTimeout: {
      type: "custom",
      parse: positiveDuration,
      metavar: "TIME",
      description: "Maximum duration of a run (default 10m)",
    },
    delete: { type: "boolean", description: "Delete the runs afterwards, with their files" },
    yes: { type: "boolean", short: "y", description: "Skip the confirmation" },
    ...JSON_OPTION,
  },
  async run(call) {
    const { context, output, signal, values } = call;
    const { clock, fetch, random } = context;
    const workflow = values.workflow ?? DEFAULT_WORKFLOW;
    const layers = await readLayers(values.input ?? [], inputSources(context));
    const inputs = mergeLayers(layers, declaredTypes(null)).value;
    const credential = await openCredential(call);
    await confirmProbe(call, { workflow, host: credential.host });
    const log = (level: "DEBUG" | "INFO" | "WARNING" | "ERROR", message: string) => output.log(level, message);
    const http = createHttp({
      credential,
      caCerts: await readCaCertOption(context, values),
      fetch,
      clock,
      random,
      log,
      userAgent: `pw-workflow-runner/${VERSION} probe`,
    });
    const report = (item: string, result: string) =>
      output.log("INFO", `${output.style.dim(item.padEnd(28))} ${result}`);
    const runTimeoutMs = values.runTimeout ?? DEFAULT_RUN_TIMEOUT_MS;
    const options = { signal, workflow, inputs, deletesRuns: values.delete === true, runTimeoutMs };
    const { result, remainingRuns } = await probeServer({ http, clock, random, report }, options);
    await storeCapabilities(call, credential.host, toServerCapabilities(result, clock.now()));
    if (remainingRuns.length > 0) output.log("INFO", `These runs remain in your account: ${remainingRuns.join(", ")}`);
    await printResult({ context, output }, result, values.output);
    return EXIT_CODES.completed;
  },
});

async function confirmProbe(
  { context, output, values }: Invocation<
    { readonly yes?: boolean | undefined; readonly delete?: boolean | undefined }
  >,
  { workflow, host }: { readonly workflow: string; readonly host: string },
): Promise<void> {
  const cleanup = values.delete === true ? "deletes them afterwards" : "leaves them in your account";
  await confirm({ context, output }, {
    isConfirmed: values.yes === true,
    action: `probe ${host}: starting runs`,
    question: `This starts up to three runs of ${workflow} on ${host} and ${cleanup}. Continue?`,
    refused: "nothing was started",
  });
}

/** Stores the result for later runs. A failure to store it is only a warning. */
async function storeCapabilities(
  call: Pick<Invocation<unknown>, "context" | "output">,
  host: string,
  capabilities: ReturnType<typeof toServerCapabilities>,
): Promise<void> {
  await using store = openRunStore(call, "required");
  try {
    await store.updateCapabilities(host, capabilities);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    call.output.log("WARNING", error.message);
  }
}

async function printResult(
  { context, output }: { readonly context: Context; readonly output: Output },
  result: object,
  path: string | undefined,
): Promise<void> {
  if (path === undefined) return output.document(result);
  try {
    await context.writeNewFile(path, `${JSON.stringify(result, null, 2)}\n`);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    output.document(result);
    throw new UsageError(`Cannot write ${path}: the file already exists`, { hint: "The result is printed above" });
  }
  output.answer(`${output.answerStyle.green("✓")} Wrote the result to ${path}`);
}
