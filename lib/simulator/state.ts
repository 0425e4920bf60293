/**
 * The simulator's state: workflows and runs by user, and the requests that changed them. A run's progress is not stored:
 * it is computed from its plan and the clock, so any clock works.
 */

import type { SimulatedCluster } from "./clusters.ts";
import type { Clock } from "../clock.ts";
import type { JsonObject } from "../json.ts";
import type { RunPlan, Scenario } from "./scenario.ts";
import type { ServerBehavior } from "./simulator.ts";

export interface SimulatedRun {
  readonly id: string;
  readonly slug: string;
  readonly number: number;
  readonly user: string;
  /** Name of the saved workflow; `null` if the submit contained the workflow file. */
  readonly workflow: string | null;
  readonly createdAtMs: number;
  readonly inputs: JsonObject;
  readonly yaml: JsonObject;
  readonly plan: RunPlan;
  readonly sessions: readonly SimulatedSession[];
  readonly isHistory: boolean;
  displayName: string | null;
  statusReason: string | null;
  cancelRequestedAtMs: number | null;
  /** When an update set the status to `error`. */
  failedAtMs: number | null;
  isDeleted: boolean;
  /** Reported instead of the run's status. */
  statusOverride: string | null;
}

export interface SimulatedSession {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly user: string;
  readonly isRedirect: boolean;
  /** What else is in the request that created it. */
  readonly fields: JsonObject;
  readonly createdAtMs: number;
  restartedAtMs: number | null;
  isDeleted: boolean;
}

/** A workflow: its YAML file, and its properties in the account. */
export interface WorkflowFile {
  readonly name: string;
  readonly yaml: string;
  readonly scenario?: Scenario;
  readonly displayName?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly isFavorite?: boolean;
  /** Not the account's own: it needs consent to what it may do. */
  readonly isThirdParty?: boolean;
  /** Markdown. */
  readonly readme?: string;
  /** Inputs by preset name. */
  readonly presets?: Readonly<Record<string, JsonObject>>;
}

export interface StoredPreset {
  readonly id: string;
  name: string;
  inputs: JsonObject;
  readonly builtin: boolean;
}

export interface StoredWorkflow {
  readonly id: string;
  readonly file: WorkflowFile;
  readonly scenario: Scenario;
  readonly yaml: JsonObject;
  presets: StoredPreset[];
}

export interface StoredVariable {
  readonly key: string;
  readonly value: string;
  readonly secret: boolean;
}

export interface SimulatorState {
  /** Runs `speed` times as fast as the server's time. */
  readonly clock: Clock;
  readonly speed: number;
  readonly startMs: number;
  readonly random: () => number;
  readonly behavior: () => ServerBehavior;
  readonly runs: SimulatedRun[];
  readonly clusters: readonly SimulatedCluster[];
  readonly workflows: ReadonlyMap<string, ReadonlyMap<string, StoredWorkflow>>;
  /** Consent given by name, which later submits reuse. Keys are `user workflow`. */
  readonly grants: Map<string, { readonly permissions: readonly string[]; readonly variables: readonly string[] }>;
  /** When each user's workspace was last restarted. */
  readonly workspaceRestarts: Map<string, number>;
  /** Sessions that belong to no run. */
  readonly createdSessions: SimulatedSession[];
  /** Workflow variables by user and key. */
  readonly variables: Map<string, Map<string, StoredVariable>>;
}

/** An instant in the server's time, as RFC 3339. */
export function formatServerTime(state: SimulatorState, instantMs: number): string {
  return new Date(serverTimeMs(state, instantMs)).toISOString();
}

/** With a `speed`, what happens since the start takes less of the server's time; what was before is unchanged. */
export function serverTimeMs({ startMs, speed, behavior }: SimulatorState, instantMs: number): number {
  const sinceStartMs = instantMs - startMs;
  return startMs + (sinceStartMs > 0 ? sinceStartMs / speed : sinceStartMs) + behavior().clockSkewMs;
}

const WORKSPACE_START_MS = 30_000;

/** The status of a user's workspace, in the platform's terms. */
export function workspaceStatus(state: SimulatorState, user: string, nowMs: number): string {
  const { workspace } = state.behavior();
  const restartedAtMs = state.workspaceRestarts.get(user);
  if (restartedAtMs === undefined) return workspace;
  if (nowMs - restartedAtMs >= WORKSPACE_START_MS) return "Running";
  return workspace === "Running" ? "Restarting" : "Starting";
}
