/**
 * Plans a run when it is submitted: when each job and step starts and ends, and with which status. Later requests are
 * answered from this plan and the current time.
 */

import { isObject, type Json, type JsonObject } from "../json.ts";
import { HttpError } from "./responses.ts";
import { evaluateCondition, type ExpressionScope, substituteExpressions } from "./expressions.ts";
import { parseScript, type ScriptCommand, scriptResult } from "./script.ts";
import { objectOf, stringsOf, textOf } from "./shape.ts";

export type EndStatus = "completed" | "error" | "canceled" | "skipped";

/** Times are milliseconds since the run's start; `Infinity`: never. A skipped span has no duration. */
export interface StepSpan {
  readonly startMs: number;
  readonly endMs: number;
  readonly end: EndStatus;
}

export interface PlannedStep extends StepSpan {
  readonly name: string;
  /** Members of the workflow file that a run's details include. */
  readonly shown: JsonObject;
  readonly commands: readonly ScriptCommand[];
  readonly env: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
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

const MIN_STEP_MS = 1_000;

interface PlanOptions {
  readonly inputs: JsonObject;
  /** Platform variables of the steps, such as `PW_RUN_SLUG`. */
  readonly env: Readonly<Record<string, string>>;
}

/** Throws an HttpError (400) if the workflow cannot be executed. */
export function planRun(yaml: JsonObject, { inputs, env }: PlanOptions): RunPlan {
  const specs = Object.entries(objectOf(yaml["jobs"]));
  if (specs.length === 0) throw new HttpError(400, "Invalid YAML: the workflow has no jobs", { code: "invalid_yaml" });
  const instances = new Map(specs.map(([name, spec]) => [name, instancesOf(name, objectOf(spec))]));
  const planned = new Map<string, PlannedJob>();
  const waiting = new Set(instances.keys());
  while (waiting.size > 0) {
    const ready = [...waiting].find((name) => needsOf(instances.get(name)).every((need) => !waiting.has(need)));
    if (ready === undefined) throw new HttpError(400, "Invalid YAML: jobs need each other", { code: "invalid_yaml" });
    waiting.delete(ready);
    for (const job of planInstances(instances.get(ready) ?? [], { planned, instances, inputs, yaml, env })) {
      planned.set(job.name, job);
    }
  }
  // In the order of the file, not of execution.
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
  const rows = axes.reduce<JsonObject[]>((combinations, [axis, values]) => {
    if (!Array.isArray(values)) throw new HttpError(400, "Could not expand matrix jobs", { code: "invalid_matrix" });
    return combinations.flatMap((row) => values.map((value) => ({ ...row, [axis]: value })));
  }, [{}]);
  return rows.map((matrix, index) => ({ name: `${name}-${index}`, spec, matrix }));
}

function needsOf(instances: readonly Instance[] | undefined): string[] {
  return stringsOf(instances?.[0]?.spec["needs"]);
}

interface PlanContext extends PlanOptions {
  readonly planned: ReadonlyMap<string, PlannedJob>;
  readonly instances: ReadonlyMap<string, readonly Instance[]>;
  readonly yaml: JsonObject;
}

function planInstances(matrixJobs: readonly Instance[], context: PlanContext): PlannedJob[] {
  const maxParallel = Number(objectOf(matrixJobs[0]?.spec["strategy"])["max-parallel"] ?? Infinity);
  const jobs: PlannedJob[] = [];
  matrixJobs.forEach((instance, index) => {
    const freeAtMs = index < maxParallel
      ? 0
      : jobs.map((job) => job.endMs).sort((a, b) => a - b)[index - maxParallel] ?? 0;
    jobs.push(planJob(instance, index, freeAtMs, context));
  });
  return jobs;
}

function planJob(
  { name, spec, matrix }: Instance,
  index: number,
  scheduledAtMs: number,
  context: PlanContext,
): PlannedJob {
  const needs = stringsOf(spec["needs"]);
  const needed = needs.flatMap((need) => {
    const jobs = context.instances.get(need);
    if (jobs === undefined) throw new HttpError(400, `Invalid YAML: no job "${need}"`, { code: "invalid_yaml" });
    return jobs.flatMap((job) => context.planned.get(job.name) ?? []);
  });
  const scope: ExpressionScope = {
    inputs: context.inputs,
    matrix,
    needs: Object.fromEntries(needed.map((job) => [job.name, { outputs: plannedOutputsOf(job.steps) }])),
    env: { ...context.env },
    ...keywords(needed.map((job) => job.end)),
  };
  const startMs = Math.max(scheduledAtMs, 0, ...needed.map((job) => job.endMs));
  const isRunning = startMs < Infinity && evaluateCondition(spec["if"] ?? "completed", scope);
  const env = { ...context.env, ...textsOf(context.yaml["env"], scope), ...textsOf(spec["env"], scope) };
  const steps = planSteps(spec, {
    startMs,
    isRunning,
    scope,
    env: { ...env, PW_JOB_ID: name, PW_MATRIX_INDEX: String(index) },
  });
  const shown = pick(spec, ["ssh", "working-directory"]);
  if (spec["if"] !== undefined) shown["if"] = isRunning;
  const end: EndStatus = !isRunning ? "skipped" : steps.some(isFailure) ? "error" : "completed";
  return { name, needs, shown, steps, startMs, endMs: Math.max(startMs, ...steps.map((step) => step.endMs)), end };
}

interface StepContext {
  readonly startMs: number;
  readonly isRunning: boolean;
  readonly scope: ExpressionScope;
  readonly env: Readonly<Record<string, string>>;
}

function planSteps(job: JsonObject, { startMs, isRunning, scope, env }: StepContext): PlannedStep[] {
  const specs = (Array.isArray(job["steps"]) ? job["steps"] : []).map(objectOf);
  const steps: PlannedStep[] = [];
  let nowMs = startMs;
  const addStep = (
    name: string,
    script: string,
    shown: JsonObject,
    extra: { isExecuted: boolean; env: Json | undefined },
  ) => {
    const commands = parseScript(script, (text) => substituteExpressions(text, scope));
    const { durationMs, code, outputs } = scriptResult(commands);
    const endMs = extra.isExecuted ? nowMs + Math.max(durationMs, durationMs === 0 ? MIN_STEP_MS : 0) : nowMs;
    const end: EndStatus = !extra.isExecuted ? "skipped" : code !== 0 ? "error" : "completed";
    const ownEnv = { ...env, ...textsOf(extra.env, scope) };
    steps.push({ name, shown, commands, env: ownEnv, outputs, startMs: nowMs, endMs, end });
    nowMs = endMs;
  };
  specs.forEach((spec, index) => {
    const shown = pick(spec, ["run", "uses", "with", "id", "cleanup", "early-cancel", "ssh", "ignore-errors"]);
    const previous = keywords(steps.map((step) => isFailure(step) ? "error" : "completed"));
    const isExecuted = isRunning && nowMs < Infinity &&
      evaluateCondition(spec["if"] ?? "completed", { ...scope, ...previous });
    if (spec["if"] !== undefined) shown["if"] = isExecuted;
    const name = textOf(spec["name"]) ?? textOf(spec["id"]) ?? `step_${index}`;
    addStep(substituteExpressions(name, scope), textOf(spec["run"]) ?? "", shown, { isExecuted, env: spec["env"] });
  });
  specs.forEach((spec, index) => {
    const cleanup = textOf(spec["cleanup"]);
    const step = steps[index];
    if (cleanup === undefined || step === undefined) return;
    const shown = { run: cleanup, linkedStep: String(index) };
    addStep(`POST ${step.name}`, cleanup, shown, {
      isExecuted: step.end !== "skipped" && nowMs < Infinity,
      env: spec["env"],
    });
  });
  return steps;
}

function isFailure(step: PlannedStep): boolean {
  return step.end === "error" && step.shown["ignore-errors"] !== true;
}

/** Outputs of completed steps; later steps override earlier ones. */
export function plannedOutputsOf(steps: readonly PlannedStep[]): Record<string, string> {
  return Object.assign({}, ...steps.filter((step) => step.end === "completed").map((step) => step.outputs));
}

/** Keywords of an `if:` condition, derived from the results of what ran before. */
function keywords(ends: readonly EndStatus[]): JsonObject {
  return {
    always: true,
    never: false,
    completed: ends.every((end) => end === "completed"),
    error: ends.includes("error"),
    canceled: ends.includes("canceled"),
  };
}

function textsOf(value: Json | undefined, scope: ExpressionScope): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => [name, substituteExpressions(String(text), scope)]),
  );
}

function pick(from: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => from[name] === undefined ? [] : [[name, from[name]]]));
}
