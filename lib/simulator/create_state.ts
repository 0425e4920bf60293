/** The initial state: built-in and additional workflows, and past runs. */

import { SIMULATED_USERS } from "./auth.ts";
import { describedClusters, SAMPLE_CLUSTERS } from "./clusters.ts";
import { plannedRun, type RunInput } from "./run_input.ts";
import { newId, objectOf, parseWorkflow } from "./shape.ts";
import { stepScript } from "./scenario.ts";
import type { SimulatorOptions } from "./simulator.ts";
import type { SimulatorState, StoredPreset, StoredWorkflow, WorkflowFile } from "./state.ts";
import { SHIPPED_WORKFLOWS } from "./workflows/shipped.ts";

export function createState(
  { workflows: added = {}, scenarios = {}, clusters }: SimulatorOptions,
  deps: Pick<SimulatorState, "clock" | "speed" | "random" | "behavior">,
): SimulatorState {
  // Before the files are parsed, which takes long at a high speed.
  const startMs = deps.clock.now();
  const extra = Object.entries(added).map(([name, workflow]): WorkflowFile =>
    typeof workflow === "string" ? { name, yaml: workflow } : { name, ...workflow }
  );
  const names = new Set(extra.map(({ name }) => name));
  const files = [...SHIPPED_WORKFLOWS.filter(({ name }) => !names.has(name)), ...extra].map((file) => {
    const yaml = parseWorkflow(file.yaml);
    if (yaml === undefined) throw new RangeError(`workflow ${file.name} must be a YAML mapping`);
    return { file, yaml, scenario: scenarios[file.name] ?? file.scenario ?? {} };
  });
  const unknown = Object.keys(scenarios).find((name) => !files.some(({ file }) => file.name === name));
  if (unknown !== undefined) throw new RangeError(`the scenario of ${unknown} has no workflow of that name`);
  // Throws a RangeError for an invalid time.
  for (const { scenario } of files) Object.values(scenario).forEach(stepScript);
  const workflows = new Map(SIMULATED_USERS.map((user) => [
    user as string,
    new Map(files.map((read) => [read.file.name, storedWorkflow(read, () => newId(startMs, deps.random))])),
  ]));
  const state: SimulatorState = {
    ...deps,
    startMs,
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

function storedWorkflow(
  { file, yaml, scenario }: Pick<StoredWorkflow, "file" | "yaml" | "scenario">,
  nextId: () => string,
): StoredWorkflow {
  const preset = (name: string, inputs: unknown, builtin: boolean): StoredPreset => (
    { id: nextId(), name, inputs: objectOf(inputs), builtin }
  );
  const configurations = Object.entries(objectOf(yaml["configurations"]));
  return {
    id: nextId(),
    file,
    scenario,
    yaml,
    presets: [
      ...configurations.map(([name, entry]) => preset(name, objectOf(entry)["inputs"], true)),
      ...Object.entries(file.presets ?? {}).map(([name, inputs]) => preset(name, inputs, false)),
    ],
  };
}

const HOUR_MS = 60 * 60 * 1_000;
const HISTORY_USER = "demo";

/** The canceled and failed ones by their numbers. */
const HISTORY: readonly (Pick<RunInput, "inputs"> & {
  readonly workflow: string;
  readonly count: number;
  readonly everyMs: number;
  readonly canceled?: readonly number[];
  readonly failed?: readonly number[];
})[] = [
  {
    workflow: "hello-world",
    count: 46,
    everyMs: 5 * HOUR_MS,
    inputs: { hello: { message: "Good morning" }, resource: "a30gpuserver" },
    canceled: [9, 40],
    failed: [12, 31, 44],
  },
  { workflow: "data-processor", count: 3, everyMs: 40 * HOUR_MS, inputs: { dataset: "weather" } },
  { workflow: "failing-step", count: 1, everyMs: 30 * HOUR_MS, inputs: {} },
];

/** Run time until a past run was canceled or marked as failed. */
const STOPPED_AFTER_MS = 20_000;

/** Past runs of the user `demo`, so that lists are not empty and run numbers do not start at 1. */
function addSimulatedHistory(state: SimulatorState): void {
  const nowMs = state.clock.now();
  for (const { workflow, count, everyMs, inputs, canceled = [], failed = [] } of HISTORY) {
    const record = state.workflows.get(HISTORY_USER)?.get(workflow);
    if (record === undefined) continue;
    for (let number = 1; number <= count; number++) {
      const createdAtMs = nowMs - (count - number + 1) * everyMs;
      const slug = `${workflow}-${String(number).padStart(5, "0")}`;
      state.runs.push({
        ...plannedRun(state, { user: HISTORY_USER, workflow, slug, inputs }, { ...record, createdAtMs }),
        isHistory: true,
        statusReason: failed.includes(number) ? "The user workspace was restarted" : null,
        cancelRequestedAtMs: canceled.includes(number) ? createdAtMs + STOPPED_AFTER_MS : null,
        failedAtMs: failed.includes(number) ? createdAtMs + STOPPED_AFTER_MS : null,
      });
    }
  }
  state.runs.sort((a, b) => a.createdAtMs - b.createdAtMs);
}
