/** Past runs of the user `demo`, so that lists are not empty and run numbers do not start at 1. */

import type { JsonObject } from "../json.ts";
import { plannedRun } from "./run_input.ts";
import type { SimulatorState } from "./state.ts";

const HOUR_MS = 60 * 60 * 1_000;
const HISTORY_USER = "demo";

interface HistoryEntry {
  readonly workflow: string;
  readonly count: number;
  readonly everyMs: number;
  readonly inputs: JsonObject;
  /** Numbers of the canceled runs. */
  readonly canceled?: readonly number[];
  /** Numbers of the failed runs. */
  readonly failed?: readonly number[];
}

const HISTORY: readonly HistoryEntry[] = [
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

export function addSimulatedHistory(state: SimulatorState): void {
  const nowMs = state.clock.now();
  for (const { workflow, count, everyMs, inputs, canceled = [], failed = [] } of HISTORY) {
    const record = state.workflows.get(HISTORY_USER)?.get(workflow);
    if (record === undefined) continue;
    for (let number = 1; number <= count; number++) {
      const createdAtMs = nowMs - (count - number + 1) * everyMs;
      const slug = `${workflow}-${String(number).padStart(5, "0")}`;
      const { yaml, file: { scenario = {} } } = record;
      state.runs.push({
        ...plannedRun(state, { user: HISTORY_USER, workflow, slug, inputs }, { yaml, scenario, createdAtMs }),
        isHistory: true,
        statusReason: failed.includes(number) ? "The user workspace was restarted" : null,
        cancelRequestedAtMs: canceled.includes(number) ? createdAtMs + STOPPED_AFTER_MS : null,
        failedAtMs: failed.includes(number) ? createdAtMs + STOPPED_AFTER_MS : null,
      });
    }
  }
  state.runs.sort((a, b) => a.createdAtMs - b.createdAtMs);
}
