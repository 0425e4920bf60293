/**
 * Simulates GitHub's runner for a composite action: expressions, the files that steps write, workflow commands, and
 * cancellation. Based on actions/runner: ActionCommand.cs, ActionCommandManager.cs, ProcessInvoker.cs.
 */

import { parse } from "../../lib/deps/yaml.ts";
import { emptyFolder, machineEnv } from "./main_job.ts";
import { cacheEnv } from "./program.ts";

const ROOT = new URL("../../", import.meta.url);
const DEADLINE_MS = 60_000;

/** The members that this action uses. */
interface Action {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: string;
}

/** A command that the runner removed from the log. */
export interface TakenCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

export interface Job {
  readonly with: Readonly<Record<string, string>>;
  /** The run of the workflow; default 7. */
  readonly runId?: string;
  /** What caches have: for each key, the files of its folder. Default: an empty one. */
  readonly cache?: Cache;
  /** In the workspace. */
  readonly files?: Readonly<Record<string, string>>;
  /** The first matching line cancels the job. */
  readonly cancelAt?: RegExp;
  /** Which processes receive SIGINT: the step's first process, as with the real runner, or its children too. */
  readonly interrupts?: "process" | "group";
  /** Called before the job is cancelled, with the step's first process. */
  readonly onCancel?: (pid: number) => Promise<void>;
}

/** Oldest first. */
export type Cache = Map<string, ReadonlyMap<string, string>>;

export interface JobEnd {
  readonly code: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly commands: readonly TakenCommand[];
  /** Without the commands. */
  readonly log: string;
  /** The runner reads stdout and stderr separately, so their order is lost. */
  readonly stderr: string;
  /** The content of the file in the output `result`; `null` if that is missing or empty. */
  readonly result: Record<string, unknown> | null;
  /** The `uses` of all steps. */
  readonly used: readonly string[];
}

export async function readAction(): Promise<Action> {
  const action: Action = parse(await Deno.readTextFile(new URL("action.yml", ROOT)));
  return action;
}

/** Runs the action as a step of a job of its own. */
export async function runAction(job: Job): Promise<JobEnd> {
  const action = await readAction();
  const unknown = Object.keys(job.with).filter((name) => !Object.hasOwn(action.inputs, name));
  if (unknown.length > 0) throw new Error(`The action has no input ${unknown.join(", ")}`);
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map((
      [name, input],
    ) => [name, job.with[name] ?? evaluate(input.default ?? "", JOB_CONTEXT)]),
  );
  await using folder = await emptyFolder();
  for (const name of ["workspace", "temp", "bin", "files"]) await Deno.mkdir(`${folder.path}/${name}`);
  // In place of setup-deno: this Deno, first in PATH.
  await Deno.symlink(Deno.execPath(), `${folder.path}/bin/deno`);
  for (const [name, text] of Object.entries(job.files ?? {})) {
    const path = `${folder.path}/workspace/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
  const context: Record<string, string> = {
    ...JOB_CONTEXT,
    ...job.runId === undefined ? {} : { "github.run_id": job.runId },
    "runner.temp": `${folder.path}/temp`,
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`inputs.${name}`, value])),
  };
  const commands: TakenCommand[] = [];
  const used: string[] = [];
  let [code, log, summary, stderr] = [0, "", "", ""];
  for (const step of action.runs.steps) {
    const isAlways = /^\$\{\{ always\(\) && /.test(step.if ?? "");
    if (code !== 0 && !isAlways) continue;
    if (step.if !== undefined && evaluate(step.if.replace("always() && ", ""), context) !== "true") continue;
    if (step.uses !== undefined) {
      used.push(step.uses);
      await useCache(step, job.cache ?? new Map(), context);
    }
    if (step.run === undefined) continue;
    const ended = await runStep(step, context, { folder: folder.path, job });
    for (const [name, value] of Object.entries(ended.outputs)) context[`steps.${step.id}.outputs.${name}`] = value;
    commands.push(...ended.commands);
    log += ended.log;
    summary += ended.summary;
    stderr += ended.stderr;
    code ||= ended.code;
  }
  const outputs = Object.fromEntries(
    Object.entries(action.outputs).map(([name, { value }]) => [name, evaluate(value, context)]),
  );
  const document = outputs["result"] ? await Deno.readTextFile(outputs["result"]) : "";
  const result = document === "" ? null : JSON.parse(document);
  return { code, outputs, summary, commands, log, stderr, result, used };
}

/** The contexts of a job besides its inputs. */
const JOB_CONTEXT = {
  "github.repository": "octo/sim",
  "github.run_id": "7",
  "github.run_attempt": "1",
  "github.workflow": "sim",
  "github.job": "nightly",
  "github.action": "__self",
  "strategy.job-index": "0",
} as const;

/** Replaces expressions: a name, names joined by `||`, a comparison of a name with text, or several of these joined by `&&`. */
export function evaluate(text: string, context: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
    const parts = expression.split(" && ");
    if (parts.length > 1) return String(parts.every((part) => evaluate(`\${{ ${part} }}`, context) === "true"));
    const [, names = "", operator, other] = /^([\w.-]+(?: \|\| [\w.-]+)*)(?: ([!=]=) '([^']*)')?$/.exec(expression) ??
      [];
    const values = names.split(" || ").map((name) => {
      const isOutput = /^steps\.\w+\.outputs\.[\w-]+$/.test(name);
      const value = context[name] ?? (isOutput ? "" : undefined);
      if (value === undefined) throw new Error(`This runner cannot evaluate ${expression}`);
      return value;
    });
    const value = values.find((each) => each !== "") ?? "";
    return operator === undefined ? value : String((value === other) === (operator === "=="));
  });
}

/** As actions/cache: a key is saved once; if it is missing, the newest one with the prefix is restored. */
async function useCache(
  { uses = "", with: given = {} }: Step,
  cache: Cache,
  context: Readonly<Record<string, string>>,
): Promise<void> {
  const action = /^actions\/cache\/(\w+)@/.exec(uses)?.[1];
  if (action === undefined) return;
  const [path = "", key = "", prefix = ""] = ["path", "key", "restore-keys"].map((name) =>
    evaluate(String(given[name] ?? ""), context)
  );
  if (action === "save") {
    const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
    const texts = names.map(async (name) => [name, await Deno.readTextFile(`${path}/${name}`)] as const);
    if (!cache.has(key)) cache.set(key, new Map(await Promise.all(texts)));
    return;
  }
  const found = cache.get(key) ?? [...cache].findLast(([other]) => other.startsWith(prefix))?.[1];
  if (found === undefined) return;
  await Deno.mkdir(path, { recursive: true });
  for (const [name, text] of found) await Deno.writeTextFile(`${path}/${name}`, text);
}

async function runStep(
  step: Step,
  context: Readonly<Record<string, string>>,
  { folder, job }: { readonly folder: string; readonly job: Job },
) {
  if (step.shell !== "bash") throw new Error(`This runner has no shell ${step.shell}`);
  const [script, output, summary] = ["step.sh", "output", "summary"].map((name) => `${folder}/files/${name}`);
  if (script === undefined || output === undefined || summary === undefined) throw new Error("unreachable");
  await Deno.writeTextFile(script, evaluate(step.run ?? "", {}));
  for (const file of [output, summary]) await Deno.writeTextFile(file, "");
  const env = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, text]) => [name, evaluate(text, context)]));
  const child = new Deno.Command("bash", {
    args: ["--noprofile", "--norc", "-e", "-o", "pipefail", script],
    cwd: `${folder}/workspace`,
    clearEnv: true,
    env: {
      ...machineEnv(),
      ...cacheEnv(),
      ...env,
      PATH: `${folder}/bin:${Deno.env.get("PATH") ?? ""}`,
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_ACTION_PATH: ROOT.pathname.replace(/\/$/, ""),
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      RUNNER_TEMP: `${folder}/temp`,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const tree = new Set([child.pid]);
  const deadline = setTimeout(() => tree.forEach(killNow), DEADLINE_MS);
  const reader = commandReader();
  let stderr = "";
  let cancelling: Promise<void> | undefined;
  const onLine = (line: string) => {
    reader.read(line);
    if (job.cancelAt?.test(line) === true) cancelling ??= cancel(child, tree, job);
  };
  const onErrorLine = (line: string) => {
    stderr += `${line}\n`;
    onLine(line);
  };
  try {
    const streams = [linesOf(child.stdout, onLine), linesOf(child.stderr, onErrorLine)];
    const [{ code }] = await Promise.all([child.status, ...streams]);
    await cancelling;
    return {
      code,
      outputs: readOutputs(await Deno.readTextFile(output)),
      summary: await Deno.readTextFile(summary),
      commands: reader.commands,
      log: reader.log(),
      stderr,
    };
  } finally {
    clearTimeout(deadline);
  }
}

/** Sends SIGINT, 7.5 s later SIGTERM to the first process, 2.5 s later SIGKILL to all processes. */
async function cancel(child: Deno.ChildProcess, tree: Set<number>, { interrupts, onCancel }: Job): Promise<void> {
  await onCancel?.(child.pid);
  for (const pid of await childrenOf(child.pid)) tree.add(pid);
  for (const pid of interrupts === "group" ? tree : [child.pid]) Deno.kill(pid, "SIGINT");
  if (await endsWithin(child, 7_500)) return;
  child.kill("SIGTERM");
  if (!await endsWithin(child, 2_500)) tree.forEach(killNow);
}

async function endsWithin(child: Deno.ChildProcess, timeMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), timeMs));
  const hasEnded = await Promise.race([child.status.then(() => true), late]);
  clearTimeout(timer);
  return hasEnded;
}

function killNow(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has already ended.
  }
}

/** The ids of a process's children. Linux only. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter(Boolean).map(Number);
}

async function linesOf(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split(/\r\n|\n|\r/);
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  if (rest !== "") onLine(rest);
}

function readOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (line === "") continue;
    const [, simple, value] = /^((?:(?!<<)[^=])+)=(.*)$/.exec(line) ?? [];
    if (simple !== undefined && value !== undefined) {
      outputs[simple] = value;
      continue;
    }
    const [, name, delimiter] = /^([^=]+?)<<(.+)$/.exec(line) ?? [];
    if (name === undefined || delimiter === undefined) throw new Error(`Invalid line in GITHUB_OUTPUT: ${line}`);
    const end = lines.indexOf(delimiter, index + 1);
    if (end === -1) throw new Error(`GITHUB_OUTPUT has no end of ${name}`);
    outputs[name] = lines.slice(index + 1, end).join("\n");
    index = end;
  }
  return outputs;
}

const COMMANDS =
  "add-mask add-matcher add-path debug echo endgroup error group notice remove-matcher save-state set-env set-output warning"
    .split(" ");

/** Extracts commands from lines like the runner, and supports `stop-commands`. */
export function commandReader() {
  const registered = new Set(["stop-commands", ...COMMANDS]);
  const commands: TakenCommand[] = [];
  const logged: string[] = [];
  let stopToken: string | undefined;
  return {
    commands,
    log: () => logged.map((line) => `${line}\n`).join(""),
    read(line: string): void {
      const command = parseCommand(line, registered);
      const isResumed = stopToken !== undefined && command?.name === stopToken;
      if (command === undefined || (stopToken !== undefined && !isResumed)) return void logged.push(line);
      if (isResumed) {
        registered.delete(stopToken ?? "");
        stopToken = undefined;
        return;
      }
      if (command.name === "stop-commands") {
        stopToken = command.data;
        registered.add(command.data);
        return;
      }
      commands.push(command);
    },
  };
}

/** `::name key=value,…::data` at the start of a line, else `##[name key=value;…]data` anywhere in it. */
function parseCommand(line: string, registered: ReadonlySet<string>): TakenCommand | undefined {
  const [, info, data = ""] = /^\s*::(.*?)::(.*)$/.exec(line) ?? [];
  const name = info?.split(" ")[0];
  if (info !== undefined && name !== undefined && registered.has(name)) {
    const properties = propertiesOf(info.slice(name.length), ",");
    return { name, properties, data: unescape(data) };
  }
  const [, oldInfo, oldData = ""] = /##\[(.*?)\](.*)$/.exec(line) ?? [];
  const oldName = oldInfo?.split(" ")[0];
  if (oldInfo === undefined || oldName === undefined || !registered.has(oldName)) return undefined;
  return { name: oldName, properties: propertiesOf(oldInfo.slice(oldName.length), ";"), data: unescape(oldData) };
}

function propertiesOf(text: string, separator: string): Record<string, string> {
  const pairs = text.trim().split(separator).flatMap((pair) => {
    const [, key, value] = /^(.+?)=(.+)$/.exec(pair) ?? [];
    return key === undefined || value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(
    pairs.map(([key, value]) => [key, unescape(value.replaceAll("%3A", ":").replaceAll("%2C", ","))]),
  );
}

function unescape(text: string): string {
  return text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
}
