/**
 * Interactive mode: selects a workflow, asks for its inputs, runs it, and offers what to do next. It uses the same
 * requests as the `run` command.
 */

import { ConsentRequired, expected, fallbackTo, InvalidInputs } from "../errors.ts";
import type { Deps } from "../runs/deps.ts";
import { describeConsent } from "../runs/consent.ts";
import { listClusters, prepare, type PreparedRun } from "../runs/prepare.ts";
import { formatInputArguments, inputFileArgument } from "../inputs/command_line.ts";
import { type Form, hasClusterFields } from "../inputs/form.ts";
import { readInputFile } from "../inputs/layers.ts";
import { createInputLayer, type ObjectLayer } from "../inputs/merge.ts";
import { formatPath, type JsonObject, leavesOf, parsePath } from "../json.ts";
import { readForm } from "../inputs/read_form.ts";
import { maskSecrets, withoutSecrets } from "../inputs/secrets.ts";
import type { Cluster } from "../cluster.ts";
import { osErrorReason } from "../os_error.ts";
import { type Problem, problemLine } from "../problem.ts";
import type { RunResult } from "../result.ts";
import type { RunRequest } from "../submission.ts";
import type { Workflow } from "../workflow.ts";
import { programCommand, shellWord } from "../shell_command.ts";
import { PromptCancelled, type Prompter } from "./prompter.ts";
import { inputMethods, workflowChoices } from "./choices.ts";
import { nextQuestion } from "./questions.ts";
import { promptForFields } from "./fill.ts";

export interface InteractiveSession {
  readonly deps: Deps;
  readonly prompter: Prompter;
  readonly signal: AbortSignal;
  /** Suggestions for an input file, like `inputs/hello-world.json`. */
  listInputFiles(): Promise<readonly string[]>;
  readTextFile(path: string): Promise<string>;
  writeNewFile(path: string, text: string): Promise<void>;
  /** Prints text without decoration, so that it can be copied. */
  print(text: string): void;
  /** Submits the run, tracks it to its end and shows its progress. */
  run(request: RunRequest): Promise<RunResult>;
  showLogs(result: RunResult): Promise<void>;
  showErrors(result: RunResult): Promise<void>;
}

type NextAction = "logs" | "errors" | "again" | "save" | "quit";

/**
 * Runs one workflow, as often as the user wants.
 *
 * @returns The result of the last run; `undefined` when no run was started.
 * @throws PromptCancelled when the user cancels a prompt before a run; errors of the client and of the run.
 */
export async function runInteractive(session: InteractiveSession): Promise<RunResult | undefined> {
  const { deps, prompter, signal } = session;
  const workflows = await deps.client.listWorkflows({ signal });
  if (workflows.length === 0) {
    prompter.note("Your account has no workflows yet: create one in the web interface first");
    return undefined;
  }
  prompter.note("Available workflows");
  const name = await prompter.choose("Select workflow", workflowChoices(workflows));
  const { prepared: { given, ...prepared }, file } = await askRequest(session, name);
  let { request } = prepared;
  let result: RunResult | undefined;
  while (true) {
    if (!await prompter.confirm(`Submit ${name}?`, { initial: true })) return result;
    try {
      result = await session.run(request);
    } catch (error) {
      if (!(error instanceof ConsentRequired) || request.isTrusted) throw error;
      const requested = describeConsent(request.requestedConsent);
      const consent = `${name} requires your consent${requested === "" ? "" : ` to ${requested}`}`;
      if (!await prompter.confirm(`${consent}. Grant it for this run?`, { initial: false })) return result;
      request = { ...request, isTrusted: true };
      result = await session.run(request);
    }
    const { secretPaths } = request;
    const options = request.isTrusted ? ["--trust"] : [];
    const command = file === null
      ? formatInputArguments(name, given, secretPaths, options)
      : programCommand("run", [name], ["-i", file, ...options]);
    session.print(`Equivalent command:\n${command}`);
    const action = await askNextAction(session, result, withoutSecrets(given, secretPaths))
      .catch(expected(PromptCancelled));
    if (action !== "again") return result;
  }
}

/**
 * Asks for inputs until they are valid.
 *
 * @returns The run, and the file that its inputs come from; `null` for inputs from elsewhere.
 */
async function askRequest(
  session: InteractiveSession,
  name: string,
): Promise<{ readonly prepared: PreparedRun; readonly file: string | null }> {
  const { deps, prompter, signal } = session;
  const workflow = await deps.client.getWorkflow(name, { signal });
  const form = readForm(workflow.yaml);
  let layer = await askLayer(session, workflow, form);
  while (true) {
    const spec = { workflow: name, layers: [layer], preset: null, displayName: null, isTrusted: false } as const;
    try {
      const prepared = await prepare(deps, { ...spec, checking: "lenient" }, { signal });
      for (const note of prepared.notes) prompter.note(note);
      for (const warning of prepared.warnings) prompter.note(`! ${problemLine(warning)}`);
      prompter.note(inputSummary(prepared));
      return { prepared, file: layer.lines === null ? null : layer.origin };
    } catch (error) {
      if (!(error instanceof InvalidInputs) || form === null) throw error;
      prompter.note([error.message, ...error.problems.map((problem) => `  ${problemLine(problem)}`)].join("\n"));
      for (const warning of error.warnings) prompter.note(`! ${problemLine(warning)}`);
      const shouldFix = await prompter.choose("What do you want to do?", [
        { value: true, label: "1. Fix these inputs" },
        { value: false, label: "2. Provide other inputs" },
      ]);
      layer = shouldFix
        ? await fixProblems(session, form, layer.value, error.problems)
        : await askLayer(session, workflow, form);
    }
  }
}

async function askLayer(session: InteractiveSession, workflow: Workflow, form: Form | null): Promise<ObjectLayer> {
  const { prompter } = session;
  const lastInputs = await inputsOfLastRun(session, workflow.name).catch(fallbackTo(null));
  const methods = inputMethods(workflow.presets, { hasLastRun: lastInputs !== null });
  const method = await prompter.choose("How do you want to provide inputs?", methods);
  switch (method) {
    case "file":
      return await askFile(session);
    case "manual": {
      if (form === null) {
        throw new InvalidInputs("Cannot ask for inputs: the server did not send the workflow's definition", []);
      }
      const inputs = await promptForFields(prompter, form, {}, { clusters: await clustersFor(session, form) });
      return createInputLayer("your answers", inputs);
    }
    case "last-run":
      return createInputLayer("the last run", lastInputs ?? {});
    default:
      return createInputLayer(`preset ${method.name}`, method.inputs);
  }
}

const INPUT_FILE = "Input file path";

async function askFile({ prompter, ...session }: InteractiveSession): Promise<ObjectLayer> {
  const files = (await session.listInputFiles()).map((path) => ({ value: path, label: path }));
  while (true) {
    const listed = files.length === 0
      ? null
      : await prompter.choose(INPUT_FILE, [...files, { value: null, label: "Another file" }]);
    const path = listed ?? await prompter.file(INPUT_FILE);
    // In the equivalent command, the prefix makes sure that it is read as a path.
    const file = /^(?:[./\\]|[A-Za-z]:)/.test(path) ? path : `./${path}`;
    const layer = await readInputFile(file, "", session).catch(expected(InvalidInputs));
    if (!(layer instanceof InvalidInputs)) return layer;
    prompter.note(layer.problems.map(problemLine).join("\n"));
  }
}

/** Asks again for the inputs with problems; for all inputs when no question covers them. */
async function fixProblems(
  session: InteractiveSession,
  form: Form,
  inputs: JsonObject,
  problems: readonly Problem[],
): Promise<ObjectLayer> {
  const paths = problems.map(({ path }) => parsePath(path)).filter((path) => path !== undefined);
  const clusters = await clustersFor(session, form);
  const isAskable = nextQuestion(form, { inputs, answered: new Set() }, { clusters, only: paths }) !== undefined;
  const only = isAskable ? paths : undefined;
  const fixed = await promptForFields(session.prompter, form, inputs, { clusters, only });
  return createInputLayer("your answers", fixed);
}

async function clustersFor({ deps, signal }: InteractiveSession, form: Form): Promise<readonly Cluster[] | null> {
  return hasClusterFields(form) ? await listClusters(deps, { signal }) : [];
}

async function inputsOfLastRun({ deps, signal }: InteractiveSession, workflow: string): Promise<JsonObject | null> {
  const { runs: [run] } = await deps.client.listRuns({ workflow, limit: 1, signal });
  if (run?.slug === undefined || run.slug === null) return null;
  return (await deps.client.getRun({ type: "slug", slug: run.slug }, { signal })).inputs;
}

function inputSummary({ given, request: { inputs, secretPaths } }: PreparedRun): string {
  const rows = leavesOf(maskSecrets(given, secretPaths));
  const defaults = leavesOf(maskSecrets(inputs, secretPaths)).length - rows.length;
  if (rows.length + defaults === 0) return "No inputs to submit: the workflow's defaults apply";
  return [
    "Inputs to submit:",
    ...rows.map(([value, path]) => `  ${formatPath(path)} = ${JSON.stringify(value)}`),
    ...(defaults === 0 ? [] : [`  and ${defaults} defaults of the form`]),
  ].join("\n");
}

async function askNextAction(session: InteractiveSession, result: RunResult, inputs: JsonObject): Promise<NextAction> {
  const { prompter } = session;
  while (true) {
    const action = await prompter.choose<NextAction>("What next?", [
      { value: "quit", label: "1. Quit" },
      { value: "logs", label: "2. Show the logs" },
      { value: "again", label: "3. Run again" },
      { value: "save", label: "4. Save the inputs to a file" },
      ...(result.kind === "failed" ? [{ value: "errors", label: "5. Show why it failed" } as const] : []),
    ]);
    if (action === "quit" || action === "again") return action;
    if (action === "logs") await session.showLogs(result);
    else if (action === "errors") await session.showErrors(result);
    else await save(session, inputs);
  }
}

async function save({ prompter, writeNewFile }: InteractiveSession, inputs: JsonObject): Promise<void> {
  const path = await prompter.text("File", { fallback: "inputs/mine.json" });
  const failure = await writeNewFile(path, `${JSON.stringify(inputs, null, 2)}\n`).catch(expected(Error));
  if (failure === undefined) {
    return prompter.note(`Saved without secrets. To use the file: -i ${shellWord(inputFileArgument(path))}`);
  }
  const isTaken = failure instanceof Deno.errors.AlreadyExists;
  const reason = isTaken ? "the file already exists" : osErrorReason(failure) ?? failure.message;
  prompter.note(`Cannot save ${path}: ${reason}`);
}
