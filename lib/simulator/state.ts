/**
 * What this world remembers: workflows and runs by user, and what was done to them. How far a run has come is not kept
 * but read off the clock, so that any clock will do.
 */

import type { Clock } from "../clock.ts";
import type { JsonObject } from "../json.ts";
import type { Plan } from "./plan.ts";
import type { ServerBehavior } from "./simulator.ts";
import type { WorkflowFile } from "./workflows/workflow_file.ts";

export interface SimulatedRun {
  readonly id: string;
  readonly slug: string;
  readonly number: number;
  readonly user: string;
  /** The saved workflow's name; `null` for one that was sent along. */
  readonly workflow: string | null;
  readonly createdAtMs: number;
  readonly inputs: JsonObject;
  readonly yaml: JsonObject;
  readonly plan: Plan;
  readonly sessions: readonly RunSession[];
  readonly isHistory: boolean;
  displayName: string | null;
  statusReason: string | null;
  cancelAskedAtMs: number | null;
  /** When somebody called it failed. */
  failedAtMs: number | null;
  isDeleted: boolean;
  /** A word shown instead of its own. */
  shownStatus: string | null;
}

export interface RunSession {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly isRedirect: boolean;
}

export interface Preset {
  readonly id: string;
  name: string;
  inputs: JsonObject;
  readonly builtin: boolean;
}

export interface WorkflowRecord {
  readonly id: string;
  readonly file: WorkflowFile;
  readonly yaml: JsonObject;
  presets: Preset[];
}

export interface SimulatorState {
  readonly clock: Clock;
  readonly random: () => number;
  readonly behavior: () => ServerBehavior;
  readonly runs: SimulatedRun[];
  readonly workflows: ReadonlyMap<string, ReadonlyMap<string, WorkflowRecord>>;
  /** Names of sessions that were deleted. */
  readonly closedSessions: Set<string>;
  /** `user workflow` → what was granted for good. */
  readonly grants: Map<string, { readonly permissions: readonly string[]; readonly variables: readonly string[] }>;
}

export function numberOfNext(world: SimulatorState, user: string, workflow: string | null): number {
  const numbers = world.runs.filter((run) => run.user === user && run.workflow === workflow).map((run) => run.number);
  return Math.max(0, ...numbers) + 1;
}

/** What the server's clock shows at an instant of ours, as RFC 3339. */
export function timeText(world: SimulatorState, instantMs: number): string {
  return new Date(instantMs + world.behavior().clockSkewMs).toISOString();
}
