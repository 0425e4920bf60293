/** The whole conversation: which workflow, with which inputs, and what comes after. The same requests as anywhere. */

import { InvalidInputs, RunnerError } from "../errors.ts";
import type { Deps } from "../runs/deps.ts";
import { gather, type Gathered, prepare } from "../runs/prepare.ts";
import { commandLine } from "../inputs/command_line.ts";
import { explainInputs } from "../inputs/explain.ts";
import type { Form } from "../inputs/form.ts";
import { givenLayer, type InputLayer, readLayers } from "../inputs/layers.ts";
import { parsePath } from "../inputs/path.ts";
import { readForm } from "../inputs/read_form.ts";
import { findSecrets } from "../inputs/secrets.ts";
import type { Cluster } from "../cluster.ts";
import type { JsonObject } from "../json.ts";
import type { Problem } from "../problem.ts";
import type { RunResult } from "../result.ts";
import type { RunRequest } from "../submission.ts";
import type { Workflow } from "../workflow.ts";
import type { Prompter } from "./prompter.ts";
import { inputWays, workflowChoices } from "./choices.ts";
import { answer, nextQuestion } from "./questions.ts";
import { fill } from "./fill.ts";

export interface InteractiveSession {
  readonly deps: Deps;
  readonly prompter: Prompter;
  readonly signal: AbortSignal;
  /** Files that may hold inputs, like `inputs/hello-world.json`. */
  listInputFiles(): Promise<readonly string[]>;
  readTextFile(path: string): Promise<string>;
  writeNewFile(path: string, text: string): Promise<void>;
  /** Prints a line as it is, to be copied. */
  print(text: string): void;
  /** Submits and follows, showing it. */
  run(request: RunRequest): Promise<RunResult>;
  /** Shows what a run said. */
  showLogs(result: RunResult): Promise<void>;
  /** Shows why a run failed. */
  showErrors(result: RunResult): Promise<void>;
}

type After = "logs" | "errors" | "again" | "save" | "quit";

/**
 * Talks until the person has had enough.
 *
 * @returns The last run's result; `undefined` when none was started.
 * @throws Cancelled when the person leaves; what keeps us from talking at all.
 */
export async function runInteractive(session: InteractiveSession): Promise<RunResult | undefined> {
  const { deps, prompter, signal } = session;
  const workflows = await deps.client.listWorkflows({ signal });
  if (workflows.length === 0) {
    prompter.say("Your account has no workflows yet: make one in the web interface, then come back");
    return undefined;
  }
  const choices = workflowChoices(workflows);
  prompter.say("Available workflows");
  const name = await prompter.choose("Select workflow", choices, { initial: choices[0]?.value ?? "" });
  const request = await askRequest(session, name);
  while (true) {
    if (!await prompter.confirm(`Submit ${name}?`, { initial: true })) return undefined;
    const result = await session.run(request);
    const secretPaths = await secretsOf(session, request);
    session.print(`The same without questions:\n${commandLine(name, request.inputs, secretPaths)}`);
    const after = await askAfter(session, result, withoutSecrets(request.inputs, secretPaths));
    if (after === "quit") return result;
  }
}

/** Asks how inputs are given, and goes on until nothing speaks against them. */
async function askRequest(session: InteractiveSession, name: string): Promise<RunRequest> {
  const { deps, prompter, signal } = session;
  const workflow = await deps.client.getWorkflow(name, { signal });
  const form = readForm(workflow.yaml);
  let layers = await askLayers(session, workflow, form);
  while (true) {
    const spec = { workflow: name, layers, preset: null, displayName: null, isTrusted: false } as const;
    try {
      const { request, warnings } = await prepare(deps, { ...spec, checking: "lenient" }, { signal });
      for (const warning of warnings) prompter.say(`! ${line(warning)}`);
      prompter.say(await summary(await gather(deps, spec, { signal })));
      return request;
    } catch (error) {
      if (!(error instanceof InvalidInputs) || form === null) throw error;
      prompter.say([error.message, ...error.problems.map((problem) => `  ${line(problem)}`)].join("\n"));
      const isMending = await prompter.choose("What now?", [
        { value: true, label: "1. Answer what is wrong" },
        { value: false, label: "2. Give other inputs" },
      ]);
      layers = isMending
        ? [await mend(session, form, (await gather(deps, spec, { signal })).resolved.value, error.problems)]
        : await askLayers(session, workflow, form);
    }
  }
}

async function askLayers(session: InteractiveSession, workflow: Workflow, form: Form | null): Promise<InputLayer[]> {
  const { prompter } = session;
  const lastInputs = await inputsOfLastRun(session, workflow.name);
  const ways = inputWays(workflow.presets, { hasLastRun: lastInputs !== null });
  const way = await prompter.choose("How do you want to provide inputs?", ways);
  switch (way.type) {
    case "file":
      return await askFile(session);
    case "by-hand":
      return [givenLayer("your answers", await byHand(session, form, {}))];
    case "preset":
      return [givenLayer(`preset ${way.preset.name}`, way.preset.inputs)];
    case "last-run":
      return [givenLayer("the last run", lastInputs ?? {})];
  }
}

async function askFile({ prompter, listInputFiles, readTextFile }: InteractiveSession): Promise<InputLayer[]> {
  const [first = ""] = await listInputFiles();
  const sources = {
    readTextFile,
    readStdin: () => Promise.reject(new TypeError("A conversation has no stdin to read")),
    askSecret: (path: string) => prompter.secret(path),
  };
  while (true) {
    const path = await prompter.file("Input file path", { initial: first });
    try {
      // A path is a file here, whatever it looks like.
      return await readLayers([/^[./]/.test(path) ? path : `./${path}`], sources);
    } catch (error) {
      if (!(error instanceof InvalidInputs)) throw error;
      prompter.say(error.problems.map(line).join("\n"));
    }
  }
}

/** Asks again for what was wrong; for everything, when that is nothing that could be asked for. */
async function mend(
  session: InteractiveSession,
  form: Form,
  given: JsonObject,
  problems: readonly Problem[],
): Promise<InputLayer> {
  const paths = problems.flatMap(({ path }) => {
    const parsed = parsePath(path);
    return parsed === undefined ? [] : [parsed];
  });
  const isAskable = nextQuestion(form, { inputs: given, asked: new Set() }, paths) !== undefined;
  const inputs = await fill(session.prompter, form, given, {
    clusters: () => clustersOf(session),
    ...(isAskable ? { wanted: paths } : {}),
  });
  return givenLayer("your answers", inputs);
}

async function byHand(session: InteractiveSession, form: Form | null, given: JsonObject): Promise<JsonObject> {
  if (form === null) throw new InvalidInputs("Cannot ask for inputs: the server left the workflow's file out", []);
  return await fill(session.prompter, form, given, { clusters: () => clustersOf(session) });
}

/** Without the list a name can still be typed. */
async function clustersOf({ deps, signal }: InteractiveSession): Promise<readonly Cluster[]> {
  try {
    return await deps.client.listClusters({ signal });
  } catch (error) {
    if (error instanceof RunnerError) return [];
    throw error;
  }
}

async function inputsOfLastRun({ deps, signal }: InteractiveSession, workflow: string): Promise<JsonObject | null> {
  try {
    const { runs: [run] } = await deps.client.listRuns({ workflow, limit: 1, signal });
    if (run?.slug === undefined || run.slug === null) return null;
    return (await deps.client.getRun({ type: "slug", slug: run.slug }, { signal })).inputs;
  } catch (error) {
    if (error instanceof RunnerError) return null;
    throw error;
  }
}

async function summary({ form, resolved }: Gathered): Promise<string> {
  const rows = (await explainInputs(resolved, form)).filter(({ isSent }) => isSent);
  if (rows.length === 0) return "Nothing is sent but the workflow's own defaults";
  return ["This will be sent:", ...rows.map(({ path, value }) => `  ${path} = ${JSON.stringify(value)}`)].join("\n");
}

async function secretsOf({ deps, signal }: InteractiveSession, { workflow, inputs }: RunRequest): Promise<string[]> {
  const { yaml } = await deps.client.getWorkflow(workflow, { signal });
  return findSecrets(inputs, { form: readForm(yaml), asked: [] });
}

/** What may be written to a file. */
function withoutSecrets(inputs: JsonObject, secretPaths: readonly string[]): JsonObject {
  const kept = secretPaths.flatMap((path) => parsePath(path) === undefined ? [] : [parsePath(path) ?? []]);
  return kept.reduce((rest, path) => answer({ inputs: rest, asked: new Set() }, path, undefined).inputs, inputs);
}

async function askAfter(session: InteractiveSession, result: RunResult, inputs: JsonObject): Promise<After> {
  const { prompter } = session;
  while (true) {
    const after = await prompter.choose<After>("What next?", [
      { value: "quit", label: "1. Leave" },
      { value: "logs", label: "2. Show what the run said" },
      { value: "again", label: "3. Run again" },
      { value: "save", label: "4. Save these inputs to a file" },
      ...(result.kind === "failed" ? [{ value: "errors", label: "5. Show why it failed" } as const] : []),
    ]);
    if (after === "quit" || after === "again") return after;
    if (after === "logs") await session.showLogs(result);
    else if (after === "errors") await session.showErrors(result);
    else await save(session, inputs);
  }
}

async function save({ prompter, writeNewFile }: InteractiveSession, inputs: JsonObject): Promise<void> {
  const path = await prompter.text("File", { initial: "inputs/mine.json" });
  try {
    await writeNewFile(path, `${JSON.stringify(inputs, null, 2)}\n`);
    prompter.say(`Saved, secrets left out: -i ${path}`);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    prompter.say(
      error instanceof Deno.errors.AlreadyExists ? `There is a ${path} already` : `Not saved: ${error.message}`,
    );
  }
}

function line({ origin, path, message }: Problem): string {
  return [origin, path, message].filter((part) => part !== "").join("  ");
}
