/** The initial state: built-in and additional workflows, and past runs. */

import { parse } from "../deps/yaml.ts";
import { isObject, type JsonObject } from "../json.ts";
import { SIMULATED_USERS } from "./auth.ts";
import { describedClusters, SAMPLE_CLUSTERS } from "./clusters.ts";
import { addSimulatedHistory } from "./history.ts";
import { newId } from "./id.ts";
import { objectOf } from "./shape.ts";
import { type Scenario, stepScript } from "./scenario.ts";
import type { SimulatorOptions } from "./simulator.ts";
import type { SimulatorState, StoredPreset, StoredWorkflow } from "./state.ts";
import { SHIPPED_WORKFLOWS } from "./workflows/shipped.ts";
import type { WorkflowFile } from "./workflows/workflow_file.ts";

interface StateOptions extends Pick<SimulatorState, "clock" | "speed" | "random" | "behavior"> {
  readonly extraWorkflows: NonNullable<SimulatorOptions["workflows"]>;
  readonly scenarios: NonNullable<SimulatorOptions["scenarios"]>;
  readonly clusters: SimulatorOptions["clusters"];
}

export function createState(options: StateOptions): SimulatorState {
  const { clock, speed, random, behavior, extraWorkflows, scenarios, clusters } = options;
  // Before the files are parsed, which takes long at a high speed.
  const nowMs = clock.now();
  const extra = Object.entries(extraWorkflows).map(([name, workflow]): WorkflowFile =>
    typeof workflow === "string" ? { name, yaml: workflow } : { name, ...workflow }
  );
  const names = new Set(extra.map(({ name }) => name));
  const files = [...SHIPPED_WORKFLOWS.filter(({ name }) => !names.has(name)), ...extra]
    .map((file): WorkflowFile => ({ ...file, scenario: scenarios[file.name] ?? file.scenario ?? {} }))
    .map((file) => ({ file, yaml: parseWorkflow(file) }));
  checkScenarios(scenarios, new Map(files.map(({ file }) => [file.name, file])));
  const workflows = new Map(SIMULATED_USERS.map((user) => [
    user as string,
    new Map(files.map(({ file, yaml }) => [file.name, storedWorkflow(file, yaml, { nowMs, random })])),
  ]));
  const state: SimulatorState = {
    clock,
    speed,
    startMs: nowMs,
    random,
    behavior,
    runs: [],
    clusters: clusters === undefined ? SAMPLE_CLUSTERS : describedClusters(clusters),
    workflows,
    grants: new Map(),
    workspaceRestarts: new Map(),
    createdSessions: [],
    variables: new Map(),
  };
  // Past runs name the samples.
  addSimulatedHistory({ ...state, clusters: SAMPLE_CLUSTERS });
  return state;
}

function parseWorkflow(file: WorkflowFile): JsonObject {
  const yaml = parseYaml(file.yaml);
  if (!isObject(yaml)) throw new RangeError(`workflow ${file.name} must be a YAML mapping`);
  return yaml;
}

function parseYaml(text: string): unknown {
  try {
    return parse(text, { logLevel: "error" });
  } catch {
    return undefined; // Reported by name.
  }
}

/** Throws a RangeError for an unknown workflow or an invalid time. */
function checkScenarios(
  scenarios: Readonly<Record<string, Scenario>>,
  files: ReadonlyMap<string, WorkflowFile>,
): void {
  const unknown = Object.keys(scenarios).find((name) => !files.has(name));
  if (unknown !== undefined) throw new RangeError(`the scenario of ${unknown} has no workflow of that name`);
  for (const { scenario = {} } of files.values()) for (const step of Object.values(scenario)) stepScript(step);
}

function storedWorkflow(
  file: WorkflowFile,
  yaml: JsonObject,
  { nowMs, random }: { readonly nowMs: number; readonly random: () => number },
): StoredWorkflow {
  const preset = (name: string, inputs: unknown, builtin: boolean): StoredPreset => (
    { id: newId(nowMs, random), name, inputs: objectOf(inputs), builtin }
  );
  const configurations = Object.entries(objectOf(yaml["configurations"]));
  return {
    id: newId(nowMs, random),
    file,
    yaml,
    presets: [
      ...configurations.map(([name, entry]) => preset(name, objectOf(entry)["inputs"], true)),
      ...Object.entries(file.presets ?? {}).map(([name, inputs]) => preset(name, inputs, false)),
    ],
  };
}
