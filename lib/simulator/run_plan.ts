/** When each job and step of a run starts and ends, and with which status. */

import type { JsonObject } from "../json.ts";
import type { ExpressionScope } from "./expressions.ts";
import type { StepScript } from "./scenario.ts";

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
