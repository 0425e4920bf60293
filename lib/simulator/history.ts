/** Runs from before the simulator started, so that lists have something to show and numbers don't begin at 1. */

import type { JsonObject } from "../json.ts";
import { resolveInputs } from "./form.ts";
import { planRun } from "./plan.ts";
import { newId } from "./id.ts";
import type { SimulatorState } from "./state.ts";

const HOUR_MS = 60 * 60 * 1_000;
const HISTORY_USER = "demo";

interface Past {
  readonly workflow: string;
  readonly count: number;
  readonly everyMs: number;
  readonly inputs: JsonObject;
  /** Numbers of the runs that were canceled, or called failed, on the way. */
  readonly canceled: readonly number[];
  readonly failed: readonly number[];
}

const PAST: readonly Past[] = [
  {
    workflow: "hello-world",
    count: 46,
    everyMs: 5 * HOUR_MS,
    inputs: { hello: { message: "Good morning" }, resource: "a30gpuserver" },
    canceled: [9, 40],
    failed: [12, 31, 44],
  },
  {
    workflow: "data-processor",
    count: 3,
    everyMs: 40 * HOUR_MS,
    inputs: { dataset: "weather" },
    canceled: [],
    failed: [],
  },
  { workflow: "failing-step", count: 1, everyMs: 30 * HOUR_MS, inputs: {}, canceled: [], failed: [] },
];

/** After how long a run of the past was stopped by hand. */
const STOPPED_AFTER_MS = 20_000;

export function addHistory(world: SimulatorState): void {
  const nowMs = world.clock.now();
  for (const { workflow, count, everyMs, inputs, canceled, failed } of PAST) {
    const record = world.workflows.get(HISTORY_USER)?.get(workflow);
    if (record === undefined) continue;
    for (let number = 1; number <= count; number++) {
      const createdAtMs = nowMs - (count - number + 1) * everyMs;
      const slug = `${workflow}-${String(number).padStart(5, "0")}`;
      const resolved = resolveInputs(record.yaml, inputs, { user: HISTORY_USER });
      world.runs.push({
        id: newId(createdAtMs, world.random),
        slug,
        number,
        user: HISTORY_USER,
        workflow,
        createdAtMs,
        inputs: resolved,
        yaml: record.yaml,
        plan: planRun(record.yaml, { inputs: resolved, env: { PW_RUN_SLUG: slug, PW_USER: HISTORY_USER } }),
        sessions: [],
        isHistory: true,
        displayName: null,
        statusReason: failed.includes(number) ? "The user workspace was restarted" : null,
        cancelAskedAtMs: canceled.includes(number) ? createdAtMs + STOPPED_AFTER_MS : null,
        failedAtMs: failed.includes(number) ? createdAtMs + STOPPED_AFTER_MS : null,
        isDeleted: false,
        shownStatus: null,
      });
    }
  }
  world.runs.sort((a, b) => a.createdAtMs - b.createdAtMs);
}
