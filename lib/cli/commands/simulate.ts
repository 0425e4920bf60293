import { abortable } from "../../abortable.ts";
import { expected, UsageError } from "../../errors.ts";
import { readDocument } from "../../inputs/document.ts";
import { isObject, type JsonObject, parseJson } from "../../json.ts";
import { orUsageError } from "../../os_error.ts";
import { clusterProblems, isSupported } from "../../simulator/check_settings.ts";
import {
  BEHAVIOR,
  type Fault,
  type ServerBehavior,
  type Simulator,
  type SimulatorOptions,
} from "../../simulator/simulator.ts";
import { startSimulator } from "../../simulator/start.ts";
import { argument, integer, oneOf, option, positiveNumber } from "../argv.ts";
import { defineCommand } from "../command.ts";
import { type Context, Stopped } from "../context.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner simulate --port 8080": "Serve, and print a line that makes another terminal use it",
    "pw-workflow-runner simulate -- bash": "Open a shell whose commands use it, and stop it with the shell",
    [`pw-workflow-runner simulate --speed 60 --fault '{"on": "submit", "cut": "after-effect"}'`]:
      "Simulate a minute per second, and lose the response to the first submit",
    "pw-workflow-runner simulate --workflows . -- pw-workflow-runner run my-workflow":
      "Run my-workflow.yaml of this folder on a simulated platform, and stop it",
  },
  notes: [
    "Prints one line that sets the API key, then serves on 127.0.0.1 until it is stopped. With COMMAND, sets the key for",
    "it instead, and stops when it ends, with its exit code.",
    "",
    "--workflows serves the YAML files of a folder, or one file, by their names. Scripts are not executed: each step lasts",
    "a second, unless --scenario names a JSON file that describes it, by workflow and job/step:",
    '{"my-workflow": {"main/solve": {"lasts": "2m", "logs": ["solving"], "fails": true, "outputs": {"n": "1"}}}}',
    "",
    "--clusters names a YAML or JSON file of clusters by name, to try a form with clusters like yours:",
    "narwhal: { schedulerType: pbs, type: existing }. Fields are schedulerType, type, csp, status, displayName, ipAddress.",
    "",
    "--behavior sets any server behavior option, such as launchGapMs=5000 or listOrder=oldest. --fault takes a JSON object,",
    'such as {"on": "get-run", "status": 502, "times": 3}.',
  ].join("\n"),
  isLocal: true,
  args: {
    port: option("N", "Port to listen on (default: a free one)", integer({ min: 0, max: 65_535 })),
    speed: option("X", "How many times as fast runs progress (default 1)", positiveNumber),
    apiVersion: option("VERSION", "current, legacy or both (default current)", oneOf(...BEHAVIOR.apiVersion)),
    slugs: option("RULE", "How requested slugs are handled: unique, shared, existing, ignored or refused", {
      parse: oneOf(...BEHAVIOR.slugs),
    }),
    workflows: option("DIR", "Serve the workflow files of this folder, or one file, besides the samples", {
      completes: "file",
      multiple: true,
    }),
    scenario: option("FILE", "Durations, logs, failures and outputs of steps", { completes: "file" }),
    clusters: option("FILE", "Clusters by name, instead of the samples", { completes: "file" }),
    probeResult: option("FILE", "Behave like the server that this probe result describes", { completes: "file" }),
    behavior: option("NAME=VALUE", "Set another server behavior option", { parse: behaviorOption, multiple: true }),
    fault: option("JSON", "Inject a fault", { parse: fault, multiple: true }),
    command: argument("COMMAND", { multiple: true, required: false }),
  },
  async run({ context, output, signal, values }) {
    const { port = 0, speed = 1, apiVersion, slugs } = values;
    const behavior: Partial<ServerBehavior> = {
      ...(values.probeResult === undefined ? {} : await readProbedBehavior(context, values.probeResult)),
      ...Object.assign({}, ...(values.behavior ?? [])),
      ...(apiVersion === undefined ? {} : { apiVersion }),
      ...(slugs === undefined ? {} : { slugs }),
    };
    const workflows = (values.workflows ?? []).map((path) => readWorkflows(context, path));
    await using simulator = await start({
      port,
      clock: context.clock,
      speed,
      behavior,
      faults: values.fault ?? [],
      workflows: Object.fromEntries((await Promise.all(workflows)).flat()),
      ...(values.clusters === undefined ? {} : { clusters: await readClusters(context, values.clusters) }),
      ...(values.scenario === undefined ? {} : { scenarios: await readScenarios(context, values.scenario) }),
    });
    const { command = [] } = values;
    if (command.length > 0) {
      return await context.runInForeground(command, { PW_API_KEY: simulator.key, PW_PLATFORM_HOST: simulator.url });
    }
    output.raw(`export PW_API_KEY=${simulator.key}\n`);
    output.log("INFO", `Serving a simulated platform on ${simulator.url} until stopped`);
    await abortable(simulator.finished, signal).catch(expected(Stopped));
    return 0;
  },
});

async function start(options: SimulatorOptions): Promise<Simulator> {
  const hint = "Choose another --port, or omit it to use a free one";
  const started = await orUsageError(`listen on port ${options.port}`, () => startSimulator(options), hint)
    .catch(expected(RangeError));
  if (!(started instanceof Error)) return started;
  throw new UsageError(`Cannot simulate: ${started.message}`, { cause: started });
}

/** Names and YAML texts of a workflow file, or of the workflow files in a folder. */
async function readWorkflows(context: Context, path: string): Promise<[string, string][]> {
  const files = WORKFLOW_FILE.test(path) ? [path] : await context.listFiles(path, WORKFLOW_FILE);
  if (files.length === 0) {
    throw new UsageError(`Cannot read ${path}: there is no workflow file (.yaml or .yml) at this path`);
  }
  return await Promise.all(
    files.map(async (file) => [WORKFLOW_FILE.exec(file)?.[1] ?? file, await readNamedFile(context, file)]),
  );
}

const WORKFLOW_FILE = /([^/\\]+)\.ya?ml$/;

function readNamedFile({ readTextFile }: Context, path: string): Promise<string> {
  return orUsageError(`read ${path}`, () => readTextFile(path));
}

async function readNamedObject(context: Context, path: string, option: string): Promise<JsonObject> {
  const read = await readDocument(await readNamedFile(context, path), { origin: path });
  if ("value" in read) return read.value;
  const problems = read.map((problem) => [problem.origin, problem.path, problem.message].filter(Boolean).join(" "));
  throw new UsageError(`Cannot use ${option}: ${problems.join("; ")}`);
}

async function readScenarios(context: Context, path: string) {
  const parsed = await readNamedObject(context, path, "--scenario");
  if (isScenarios(parsed)) return parsed;
  throw new UsageError(`Cannot read ${path}: must be a JSON object of workflows, of objects by job/step`);
}

function isScenarios(value: JsonObject): value is JsonObject & NonNullable<SimulatorOptions["scenarios"]> {
  return Object.values(value).every((scenario) => isObject(scenario) && Object.values(scenario).every(isObject));
}

/** @throws UsageError with every problem of the file. */
async function readClusters(context: Context, path: string) {
  const value = await readNamedObject(context, path, "--clusters");
  const problems = clusterProblems(value);
  if (problems.length > 0) throw new UsageError(`Cannot read ${path}: ${problems.join("; ")}`);
  const members = Object.entries(value).flatMap(([name, facts]) => isObject(facts) ? [[name, facts] as const] : []);
  return Object.fromEntries(members);
}

/** The part of a probe result that the simulator supports. */
async function readProbedBehavior(context: Context, path: string): Promise<Partial<ServerBehavior>> {
  const result = parseJson(await readNamedFile(context, path));
  if (!isObject(result) || result.version !== 1 || !("routes" in result)) {
    throw new UsageError(`Cannot read ${path}: not a probe result`);
  }
  const members = Object.entries({ ...result, apiVersion: result.routes });
  return Object.fromEntries(members.filter(([name, value]) => isSupported(name, value)));
}

function behaviorOption(value: string): Partial<ServerBehavior> {
  const [, name, setting] = /^(\w+)=(.+)$/.exec(value) ?? [];
  if (name === undefined || setting === undefined) throw new UsageError(`must be NAME=VALUE: got "${value}"`);
  return { [name]: setting === "Infinity" ? Infinity : parseJson(setting) ?? setting };
}

function fault(value: string): Fault {
  const parsed = parseJson(value);
  if (isFault(parsed)) return parsed;
  throw new UsageError(`must be a JSON object with "on": got ${value}`);
}

function isFault(value: unknown): value is Fault {
  return isObject(value) && typeof value.on === "string";
}
