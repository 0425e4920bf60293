/** The initial state: built-in and additional workflows, and past runs. */

import type { Clock } from "../clock.ts";
import { parse } from "../deps/yaml.ts";
import { isObject, type JsonObject } from "../json.ts";
import { SIMULATED_USERS } from "./auth.ts";
import { addSimulatedHistory } from "./history.ts";
import { newId } from "./id.ts";
import { objectOf } from "./shape.ts";
import type { ServerBehavior } from "./simulator.ts";
import type { SimulatorState, StoredPreset, StoredWorkflow } from "./state.ts";
import { SHIPPED_WORKFLOWS } from "./workflows/shipped.ts";
import type { WorkflowFile } from "./workflows/workflow_file.ts";

interface StateOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly behavior: () => ServerBehavior;
  readonly extraWorkflows: Readonly<Record<string, string>>;
}

export function createState({ clock, random, behavior, extraWorkflows }: StateOptions): SimulatorState {
  const extra = Object.entries(extraWorkflows).map(([name, yaml]): WorkflowFile => ({ name, yaml }));
  const names = new Set(extra.map(({ name }) => name));
  const files = [...SHIPPED_WORKFLOWS.filter(({ name }) => !names.has(name)), ...extra]
    .map((file) => ({ file, yaml: parseWorkflow(file) }));
  const nowMs = clock.now();
  const workflows = new Map(SIMULATED_USERS.map((user) => [
    user as string,
    new Map(files.map(({ file, yaml }) => [file.name, storedWorkflow(file, yaml, { nowMs, random })])),
  ]));
  const state: SimulatorState = {
    clock,
    random,
    behavior,
    runs: [],
    workflows,
    closedSessions: new Set(),
    grants: new Map(),
    workspaceRestarts: new Map(),
  };
  addSimulatedHistory(state);
  return state;
}

function parseWorkflow(file: WorkflowFile): JsonObject {
  const yaml: unknown = parse(file.yaml);
  if (!isObject(yaml)) throw new TypeError(`Workflow ${file.name} must be a YAML mapping`);
  return yaml;
}

function storedWorkflow(
  file: WorkflowFile,
  yaml: JsonObject,
  { nowMs, random }: { readonly nowMs: number; readonly random: () => number },
): StoredWorkflow {
  const preset = (builtin: boolean) => ([name, inputs]: [string, unknown]): StoredPreset => ({
    id: newId(nowMs, random),
    name,
    inputs: objectOf(inputs),
    builtin,
  });
  return {
    id: newId(nowMs, random),
    file,
    yaml,
    presets: [
      ...Object.entries(objectOf(yaml["configurations"])).map(preset(true)),
      ...Object.entries(file.presets ?? {}).map(preset(false)),
    ],
  };
}
