/**
 * A workflow's whole future, worked out at submission: when each job and step begins and ends, and how. Whatever is
 * asked later is read off this plan and the time of day.
 */

import type { Json, JsonObject } from "../json.ts";
import { Refusal } from "./answers.ts";
import { condition, type Scope, substitute } from "./expressions.ts";
import { type Command, outcomeOf, parseScript } from "./script.ts";
import { isObject, objectOf, textOf, wordsOf } from "./shape.ts";

export type EndWord = "completed" | "error" | "canceled" | "skipped";

/** Instants are milliseconds since the run began, `Infinity` for never. What is skipped begins and ends at once. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
  readonly end: EndWord;
}

export interface PlannedStep extends Span {
  readonly name: string;
  /** Its members in the file that the run's page shows. */
  readonly shown: JsonObject;
  readonly commands: readonly Command[];
  readonly env: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface PlannedJob extends Span {
  readonly name: string;
  readonly needs: readonly string[];
  readonly shown: JsonObject;
  readonly steps: readonly PlannedStep[];
}

export interface Plan {
  readonly jobs: readonly PlannedJob[];
  readonly durationMs: number;
  readonly end: "completed" | "error";
}

const MIN_STEP_MS = 1_000;

interface PlanOptions {
  readonly inputs: JsonObject;
  /** What steps see as `$PW_RUN_SLUG` and the like. */
  readonly env: Readonly<Record<string, string>>;
}

/** Throws a Refusal of 400 for a file that can't be run. */
export function planRun(yaml: JsonObject, { inputs, env }: PlanOptions): Plan {
  const specs = Object.entries(objectOf(yaml["jobs"]));
  if (specs.length === 0) throw new Refusal(400, "Invalid YAML: the workflow has no jobs", { code: "invalid_yaml" });
  const instances = new Map(specs.map(([name, spec]) => [name, instancesOf(name, objectOf(spec))]));
  const planned = new Map<string, PlannedJob>();
  const waiting = new Set(instances.keys());
  while (waiting.size > 0) {
    const ready = [...waiting].find((name) => needsOf(instances.get(name)).every((need) => !waiting.has(need)));
    if (ready === undefined) throw new Refusal(400, "Invalid YAML: jobs need each other", { code: "invalid_yaml" });
    waiting.delete(ready);
    for (const job of planInstances(instances.get(ready) ?? [], { planned, instances, inputs, yaml, env })) {
      planned.set(job.name, job);
    }
  }
  // As the file orders them, not as they became ready.
  const jobs = [...instances.values()].flat().flatMap(({ name }) => planned.get(name) ?? []);
  return {
    jobs,
    durationMs: Math.max(...jobs.map((job) => job.endMs)),
    end: jobs.some((job) => job.end === "error") ? "error" : "completed",
  };
}

interface Instance {
  readonly name: string;
  readonly spec: JsonObject;
  readonly matrix: JsonObject;
}

function instancesOf(name: string, spec: JsonObject): Instance[] {
  const axes = Object.entries(objectOf(objectOf(spec["strategy"])["matrix"]));
  if (axes.length === 0) return [{ name, spec, matrix: {} }];
  const rows = axes.reduce<JsonObject[]>((sofar, [axis, values]) => {
    if (!Array.isArray(values)) throw new Refusal(400, "Could not expand matrix jobs", { code: "invalid_matrix" });
    return sofar.flatMap((row) => values.map((value) => ({ ...row, [axis]: value })));
  }, [{}]);
  return rows.map((matrix, index) => ({ name: `${name}-${index}`, spec, matrix }));
}

function needsOf(instances: readonly Instance[] | undefined): string[] {
  return wordsOf(instances?.[0]?.spec["needs"]);
}

interface Surroundings extends PlanOptions {
  readonly planned: ReadonlyMap<string, PlannedJob>;
  readonly instances: ReadonlyMap<string, readonly Instance[]>;
  readonly yaml: JsonObject;
}

function planInstances(own: readonly Instance[], around: Surroundings): PlannedJob[] {
  const atOnce = Number(objectOf(own[0]?.spec["strategy"])["max-parallel"] ?? Infinity);
  const jobs: PlannedJob[] = [];
  own.forEach((instance, index) => {
    const slot = index < atOnce ? 0 : jobs.map((job) => job.endMs).sort((a, b) => a - b)[index - atOnce] ?? 0;
    jobs.push(planJob(instance, index, slot, around));
  });
  return jobs;
}

function planJob(
  { name, spec, matrix }: Instance,
  index: number,
  scheduledAtMs: number,
  around: Surroundings,
): PlannedJob {
  const needs = wordsOf(spec["needs"]);
  const before = needs.flatMap((need) => {
    const jobs = around.instances.get(need);
    if (jobs === undefined) throw new Refusal(400, `Invalid YAML: no job "${need}"`, { code: "invalid_yaml" });
    return jobs.flatMap((job) => around.planned.get(job.name) ?? []);
  });
  const scope: Scope = {
    inputs: around.inputs,
    matrix,
    needs: Object.fromEntries(before.map((job) => [job.name, { outputs: outputsOf(job.steps) }])),
    env: { ...around.env },
    ...keywords(before.map((job) => job.end)),
  };
  const startMs = Math.max(scheduledAtMs, 0, ...before.map((job) => job.endMs));
  const isRunning = startMs < Infinity && condition(spec["if"] ?? "completed", scope);
  const env = { ...around.env, ...textsOf(around.yaml["env"], scope), ...textsOf(spec["env"], scope) };
  const steps = planSteps(spec, {
    startMs,
    isRunning,
    scope,
    env: { ...env, PW_JOB_ID: name, PW_MATRIX_INDEX: String(index) },
  });
  const shown = pick(spec, ["ssh", "working-directory"]);
  if (spec["if"] !== undefined) shown["if"] = isRunning;
  const end: EndWord = !isRunning ? "skipped" : steps.some(isFailure) ? "error" : "completed";
  return { name, needs, shown, steps, startMs, endMs: Math.max(startMs, ...steps.map((step) => step.endMs)), end };
}

interface StepSurroundings {
  readonly startMs: number;
  readonly isRunning: boolean;
  readonly scope: Scope;
  readonly env: Readonly<Record<string, string>>;
}

function planSteps(job: JsonObject, { startMs, isRunning, scope, env }: StepSurroundings): PlannedStep[] {
  const specs = (Array.isArray(job["steps"]) ? job["steps"] : []).map(objectOf);
  const steps: PlannedStep[] = [];
  let nowMs = startMs;
  const add = (
    name: string,
    script: string,
    shown: JsonObject,
    extra: { isPlayed: boolean; env: Json | undefined },
  ) => {
    const commands = parseScript(script, (text) => substitute(text, scope));
    const { durationMs, code, outputs } = outcomeOf(commands);
    const endMs = extra.isPlayed ? nowMs + Math.max(durationMs, durationMs === 0 ? MIN_STEP_MS : 0) : nowMs;
    const end: EndWord = !extra.isPlayed ? "skipped" : code !== 0 ? "error" : "completed";
    const ownEnv = { ...env, ...textsOf(extra.env, scope) };
    steps.push({ name, shown, commands, env: ownEnv, outputs, startMs: nowMs, endMs, end });
    nowMs = endMs;
  };
  specs.forEach((spec, index) => {
    const shown = pick(spec, ["run", "uses", "with", "id", "cleanup", "early-cancel", "ssh", "ignore-errors"]);
    const sofar = keywords(steps.map((step) => isFailure(step) ? "error" : "completed"));
    const isPlayed = isRunning && nowMs < Infinity && condition(spec["if"] ?? "completed", { ...scope, ...sofar });
    if (spec["if"] !== undefined) shown["if"] = isPlayed;
    const name = textOf(spec["name"]) ?? textOf(spec["id"]) ?? `step_${index}`;
    add(substitute(name, scope), textOf(spec["run"]) ?? "", shown, { isPlayed, env: spec["env"] });
  });
  specs.forEach((spec, index) => {
    const cleanup = textOf(spec["cleanup"]);
    const step = steps[index];
    if (cleanup === undefined || step === undefined) return;
    const shown = { run: cleanup, linkedStep: String(index) };
    add(`POST ${step.name}`, cleanup, shown, {
      isPlayed: step.end !== "skipped" && nowMs < Infinity,
      env: spec["env"],
    });
  });
  return steps;
}

function isFailure(step: PlannedStep): boolean {
  return step.end === "error" && step.shown["ignore-errors"] !== true;
}

/** What a run's or a job's steps have published, later ones over earlier ones. */
export function outputsOf(steps: readonly PlannedStep[]): Record<string, string> {
  return Object.assign({}, ...steps.filter((step) => step.end === "completed").map((step) => step.outputs));
}

/** The words that an `if:` may use for what came before. */
function keywords(ends: readonly EndWord[]): JsonObject {
  return {
    always: true,
    never: false,
    completed: ends.every((end) => end === "completed"),
    error: ends.includes("error"),
    canceled: ends.includes("canceled"),
  };
}

function textsOf(value: Json | undefined, scope: Scope): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, substitute(String(text), scope)]));
}

function pick(from: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => from[name] === undefined ? [] : [[name, from[name]]]));
}
