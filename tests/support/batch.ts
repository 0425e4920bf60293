/** A batch of tasks on a simulated platform, with a clock that the test controls. */

import { type Clock, fastClock, systemClock } from "../../lib/clock.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import { batch } from "../../lib/runs/batch.ts";
import {
  type BatchControl,
  type BatchEvent,
  type BatchOptions,
  type BatchOutcome,
  type BatchTask,
  createBatchControl,
} from "../../lib/runs/batch_task.ts";
import { NO_ATTEMPTS } from "../../lib/runs/retry_policy.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import { toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { CLOSED_PORT } from "../platform/support/servers.ts";
import { depsFor } from "./deps.ts";
import { aRequest } from "./records.ts";

/** Takes `inputs.lasts` steps of one second each, and fails after them if `inputs.fails` is set. */
export const SOLVE = {
  yaml: `on:
  execute:
    inputs:
      n: { type: number, optional: true }
      text: { type: string, optional: true }
      fails: { type: boolean, optional: true }
      password: { type: password, optional: true }
jobs:
  main:
    steps:
      - name: solve
        run: solve
      - name: check
        if: \${{ inputs.fails == true }}
        run: check
`,
  scenario: {
    "main/solve": { lasts: "10s", outputs: { n: "${{ inputs.n }}" } },
    "main/check": { fails: true, logs: ["::error::mesh is broken"] },
  },
};

const SPEED = 40;

/** Also limits requests in flight by the fast clock, as a server that hangs needs it. */
export function hastyClock(): Clock {
  return { ...fastClock(systemClock, SPEED), timeout: (durationMs) => systemClock.timeout(durationMs / SPEED) };
}

export function aTask(key: string, inputs: JsonObject = {}, parts: Partial<BatchTask> = {}): BatchTask {
  return {
    key,
    locks: [],
    cluster: null,
    previous: NO_ATTEMPTS,
    timeoutMs: null,
    prepare: () => Promise.resolve(aRequest({ workflow: "solve", inputs })),
    ...parts,
  };
}

/** Its clock is forty times as fast as the system's, unless another one is given. */
export async function aStage({ clock = fastClock(systemClock, SPEED), ...options }: SimulatorOptions = {}) {
  const simulator = await startSimulator({ clock, workflows: { solve: SOLVE }, ...options });
  const inFlight = new Set<Promise<Response>>();
  const send: typeof fetch = (input, init) => {
    const sent = fetch(input, init);
    inFlight.add(sent);
    sent.finally(() => inFlight.delete(sent)).catch(() => {});
    return sent;
  };
  return {
    clock,
    simulator,
    deps: await depsFor(simulator, { clock, fetch: send }),
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      // A batch that ends with one of two requests leaves the other one, which ends a moment after its connection.
      await Promise.allSettled(inFlight);
    },
  };
}

/** Requests reach no server while `isDown`. */
export async function breakable({ clock, simulator }: Pick<Awaited<ReturnType<typeof aStage>>, "clock" | "simulator">) {
  const connection = { isDown: false };
  const nowhere = `http://127.0.0.1:${CLOSED_PORT}`;
  const send: typeof fetch = (input, init) => fetch(connection.isDown ? nowhere : input, init);
  return { connection, deps: await depsFor(simulator, { clock, fetch: send }) };
}

export const tasks = (count: number, fails: (index: number) => boolean = () => false) =>
  Array.from({ length: count }, (_, index) => aTask(`row-${index}`, { n: index, fails: fails(index) }));

/** Runs that end only when the test ends them: how many run at once does not depend on the machine. */
export const endless = (count: number, parts: Partial<BatchTask> = {}) =>
  tasks(count).map((task) => ({
    ...task,
    ...parts,
    prepare: () => Promise.resolve(aRequest({ workflow: "never-ending", inputs: {} })),
  }));

export function batchOptions(parts: Partial<BatchOptions> = {}): BatchOptions {
  return {
    ...DEFAULT_EXECUTE,
    signal: new AbortController().signal,
    batchId: "sweep-1",
    originType: "batch",
    keyPrefix: "sweep ",
    control: createBatchControl(4),
    maxPerCluster: null,
    until: "all",
    maxFailures: null,
    canary: null,
    retry: { maxRetries: 0, on: "infra", delayMs: 1_000 },
    deadlineMs: null,
    onTimeout: "keep",
    requestsPerMinute: 60,
    ...parts,
  };
}

export interface RanBatch {
  readonly outcome: BatchOutcome;
  readonly events: readonly BatchEvent[];
}

/** Runs it to its end. */
export async function ranBatch(
  deps: Deps,
  tasks: readonly BatchTask[],
  parts: Partial<BatchOptions> = {},
  onEvent: (event: BatchEvent, control: BatchControl) => void = () => {},
): Promise<RanBatch> {
  const options = batchOptions(parts);
  const events: BatchEvent[] = [];
  const outcome = await toEnd(batch(deps, tasks, options), (event) => {
    events.push(event);
    onEvent(event, options.control);
  });
  return { outcome, events };
}

/** `completed`, `failed`, `not-submitted`, `open` or the kind of the error, in the order of the tasks. */
export function endsOf({ outcome }: RanBatch): readonly Json[] {
  return outcome.ends.map((end) =>
    end.type === "result" ? end.result.kind : end.type === "error" ? end.error.kind : end.type
  );
}
