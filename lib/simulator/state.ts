/**
 * What this world remembers: workflows and runs by user, and what was done to them. How far a run has come is not kept
 * but read off the clock, so that any clock will do.
 */

import type { Clock } from "../clock.ts";
import type { JsonObject } from "../json.ts";
import { parse } from "../deps/yaml.ts";
import { USERS } from "./auth.ts";
import { addHistory } from "./history.ts";
import type { Plan } from "./plan.ts";
import { isObject, objectOf } from "./shape.ts";
import type { ServerBehavior } from "./simulator.ts";
import { SHIPPED_WORKFLOWS } from "./workflows/shipped.ts";
import type { WorkflowFile } from "./workflows/workflow_file.ts";
import { newId } from "./id.ts";

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
    .map((file) => ({ file, yaml: parsedFile(file) }));
  const nowMs = clock.now();
  const workflows = new Map(USERS.map((user) => [
    user as string,
    new Map(files.map(({ file, yaml }) => [file.name, workflowRecord(file, yaml, { nowMs, random })])),
  ]));
  const world: SimulatorState = {
    clock,
    random,
    behavior,
    runs: [],
    workflows,
    closedSessions: new Set(),
    grants: new Map(),
  };
  addHistory(world);
  return world;
}

function parsedFile(file: WorkflowFile): JsonObject {
  const yaml: unknown = parse(file.yaml);
  if (!isObject(yaml)) throw new TypeError(`Workflow ${file.name} must be a YAML map`);
  return yaml;
}

function workflowRecord(
  file: WorkflowFile,
  yaml: JsonObject,
  { nowMs, random }: { readonly nowMs: number; readonly random: () => number },
): WorkflowRecord {
  const preset = (builtin: boolean) => ([name, inputs]: [string, unknown]): Preset => ({
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

export function numberOfNext(world: SimulatorState, user: string, workflow: string | null): number {
  const numbers = world.runs.filter((run) => run.user === user && run.workflow === workflow).map((run) => run.number);
  return Math.max(0, ...numbers) + 1;
}

/** What the server's clock shows at an instant of ours, as RFC 3339. */
export function timeText(world: SimulatorState, instantMs: number): string {
  return new Date(instantMs + world.behavior().clockSkewMs).toISOString();
}
