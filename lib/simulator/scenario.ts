/** What the steps of a workflow do: scripts are not interpreted, so a scenario states how long they last and what they write. */

import type { JsonObject } from "../json.ts";
import { type ExpressionScope, substituteExpressions } from "./expressions.ts";

/**
 * Steps by `job/step`: by name, or by their position from 0. Inside a subworkflow the path continues:
 * `job/step/job/step`. A matrix job is one of its instances (`solve-0`), or all of them (`solve`).
 */
export type Scenario = Readonly<Record<string, StepScenario>>;

/** Names how long a run waits until its first step starts, in place of a step: `{ "queue": { "lasts": "2h" } }`. */
export const QUEUE = "queue";

/** What a step does; by default it completes after a second. */
export interface StepScenario {
  /** Such as `15s`, `2m`, `1h` or `forever`. By default until the last log line, or for one second without one. */
  readonly lasts?: string;
  /** Lines of text. They and outputs may use the workflow's expressions; lines also `${{ now }}` and `${{ line }}`. */
  readonly logs?: readonly (string | LogLine)[];
  /** Default: false. */
  readonly fails?: boolean;
  /** What it writes to `$OUTPUTS`. */
  readonly outputs?: Readonly<Record<string, string>>;
}

/** A line of a log, or a repeated one. */
export interface LogLine {
  /** Without a line break. */
  readonly text: string;
  /** Time since the line before. */
  readonly after?: string;
  /** How often the pause and the line are repeated; `forever`: until the step ends. */
  readonly times?: number | "forever";
}

/** A step's scenario with times in milliseconds. */
export type StepScript = ReturnType<typeof stepScript>;

export const DEFAULT_STEP_MS = 1_000;
const MS_OF_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** An endless log without pauses would never end within one instant. */
const MIN_ENDLESS_PAUSE_MS = 1;

/** Throws a RangeError if a time is invalid. */
export function stepScript({ lasts, logs = [], fails = false, outputs = {} }: StepScenario) {
  if (!Array.isArray(logs)) throw new RangeError("logs must be a list of lines");
  const lines = logs.map((line) => typeof line === "string" ? { text: line } : line).map(
    ({ text, after, times = 1 }) => {
      const afterMs = after === undefined ? 0 : durationMs(after);
      return times === "forever"
        ? { text, afterMs: Math.max(afterMs, MIN_ENDLESS_PAUSE_MS), times: Infinity }
        : { text, afterMs, times };
    },
  );
  const logMs = lines.reduce((total, { afterMs, times }) => afterMs === 0 ? total : total + afterMs * times, 0);
  return { durationMs: lasts === undefined ? logMs || DEFAULT_STEP_MS : durationMs(lasts), lines, fails, outputs };
}

function durationMs(text: string): number {
  if (text === "forever") return Infinity;
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  if (amount === undefined) throw new RangeError(`a time must be like 15s, 2m, 1h or forever: got ${text}`);
  return Number(amount) * (MS_OF_UNIT[unit] ?? 0);
}

/** The part of a scenario inside a step's subworkflow. */
export function scenarioInside(scenario: Scenario, paths: readonly string[]): Scenario {
  const inner = paths.flatMap((path) =>
    Object.entries(scenario).filter(([key]) => key.startsWith(`${path}/`)).map(([key, step]) =>
      [key.slice(path.length + 1), step] as const
    )
  );
  return Object.fromEntries(inner);
}

/**
 * The lines that a step writes until `untilMs`.
 *
 * @param serverTime Writes an instant in the server's time.
 */
export function* linesOf(
  { lines }: StepScript,
  scope: ExpressionScope,
  { startMs, untilMs, serverTime }: {
    readonly startMs: number;
    readonly untilMs: number;
    readonly serverTime: (instantMs: number) => string;
  },
): Generator<string> {
  let nowMs = startMs;
  for (const { text, afterMs, times } of lines) {
    for (let line = 1; line <= times; line++) {
      nowMs += afterMs;
      if (nowMs > untilMs) return;
      yield* substituteExpressions(text, { ...scope, now: serverTime(nowMs), line }).split("\n");
    }
  }
}

// The plan of a run: when each of its jobs and steps starts and ends, and with which status.

export type EndStatus = "completed" | "error" | "canceled" | "skipped" | "skipped-failed";

/** Times are milliseconds since the run's start; `Infinity`: never. A skipped span has no duration. */
export interface StepSpan {
  readonly startMs: number;
  readonly endMs: number;
  readonly end: EndStatus;
}

export interface PlannedStep extends StepSpan {
  readonly label: string;
  /** Members of the workflow file that a run's details include. */
  readonly shown: JsonObject;
  /** `null`: the step takes the default time. */
  readonly script: StepScript | null;
  /** For the expressions of its log. */
  readonly scope: ExpressionScope;
  readonly outputs: Readonly<Record<string, string>>;
  /** Jobs of the workflow that the step calls, if any. */
  readonly jobs: readonly PlannedJob[] | null;
}

export interface PlannedJob extends StepSpan {
  readonly name: string;
  readonly needs: readonly string[];
  readonly shown: JsonObject;
  readonly steps: readonly PlannedStep[];
}

export interface RunPlan {
  readonly jobs: readonly PlannedJob[];
  readonly durationMs: number;
  readonly end: "completed" | "error";
}

/** Outputs of completed steps; later steps override earlier ones. */
export function plannedOutputsOf(steps: readonly PlannedStep[]): Record<string, string> {
  return Object.assign({}, ...steps.filter((step) => step.end === "completed").map((step) => step.outputs));
}
