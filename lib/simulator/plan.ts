/** Plans a run when it is submitted: later requests are answered from this plan and the current time. */

import type { JsonObject } from "../json.ts";
import { HttpError } from "./responses.ts";
import { evaluateCondition, type ExpressionScope, resolveExpressions, substituteExpressions } from "./expressions.ts";
import type { SimulatedCluster } from "./clusters.ts";
import { resolveInputs } from "./form.ts";
import {
  DEFAULT_STEP_MS,
  type EndStatus,
  type PlannedJob,
  plannedOutputsOf,
  type PlannedStep,
  QUEUE,
  type RunPlan,
  scenarioInside,
  stepScript,
  type StepSpan,
} from "./scenario.ts";
import { objectOf, pick, stringsOf, textOf } from "./shape.ts";
import type { SimulatedRun, StoredWorkflow } from "./state.ts";

/** A workflow file with its inputs: that of a run, or of a step that calls another workflow. */
export interface WorkflowCall extends Pick<StoredWorkflow, "yaml" | "scenario">, Pick<SimulatedRun, "inputs" | "user"> {
  /** Platform variables of the steps, such as `PW_RUN_SLUG`. */
  readonly env: Readonly<Record<string, string>>;
  /** Names of the run's sessions by their key in the file. */
  readonly sessions: JsonObject;
  readonly clusters: readonly SimulatedCluster[];
  /** Finds a workflow by the end of its dotted path, such as `script_submitter.v3.5`. */
  readonly find: (path: string) => Pick<WorkflowCall, "yaml" | "scenario"> | undefined;
}

/** Throws an HttpError (400) if the workflow cannot be executed. */
export function planRun(call: WorkflowCall): RunPlan {
  const queue = call.scenario[QUEUE];
  const startMs = queue === undefined ? 0 : stepScript(queue).durationMs;
  const planned = planWorkflow({ ...call, startMs, depth: 0 });
  const hasSessions = Object.keys(objectOf(call.yaml["sessions"])).length > 0;
  const end = planned.some((job) => job.end === "error") ? "error" : "completed";
  const jobs = hasSessions && end === "completed" ? withoutEnd(planned) : planned;
  return { jobs, durationMs: Math.max(0, ...jobs.map((job) => job.endMs)), end };
}

/** A run with sessions lasts until it is canceled: its last step does not end, unless a scenario specifies when. */
function withoutEnd(jobs: readonly PlannedJob[]): PlannedJob[] {
  const endMs = Math.max(...jobs.map((job) => job.endMs));
  const last = jobs.findLast((job) => job.end === "completed" && job.endMs === endMs);
  const step = last?.steps.findLast((step) => step.end === "completed" && step.shown["linkedStep"] === undefined);
  if (last === undefined || step === undefined || step.script !== null) return [...jobs];
  const index = last.steps.indexOf(step);
  const steps = [
    ...last.steps.slice(0, index),
    { ...step, endMs: Infinity, jobs: step.jobs && withoutEnd(step.jobs) },
    ...last.steps.slice(index + 1).map((other) => ({ ...other, startMs: Infinity, endMs: Infinity })),
  ];
  return jobs.map((job) => job === last ? { ...last, steps, endMs: Infinity } : job);
}

interface StartedCall extends WorkflowCall {
  readonly startMs: number;
  /** How many steps call this workflow. */
  readonly depth: number;
}

/** When jobs are stopped by others: a failed one stops steps with `early-cancel`, `cancel-jobs` stops the named ones. */
interface Stops {
  readonly failedAtMs: number;
  readonly canceledAtMs: ReadonlyMap<string, number>;
}

/** Plans twice if a job stops others: the first plan shows when. */
function planWorkflow(call: StartedCall): PlannedJob[] {
  const jobs = planJobs(call, { failedAtMs: Infinity, canceledAtMs: new Map() });
  const failedAtMs = Math.min(Infinity, ...jobs.filter((job) => job.end === "error").map((job) => job.endMs));
  const canceledAtMs = new Map(
    jobs.flatMap((job) => job.steps).filter((step) =>
      step.end === "completed" && step.shown["uses"] === "parallelworks/cancel-jobs"
    ).flatMap((step) => stringsOf(objectOf(step.shown["with"])["jobs"]).map((job) => [job, step.endMs] as const)),
  );
  return failedAtMs === Infinity && canceledAtMs.size === 0 ? jobs : planJobs(call, { failedAtMs, canceledAtMs });
}

interface Instance {
  readonly base: string;
  readonly name: string;
  readonly index: number;
  readonly spec: JsonObject;
  readonly matrix: JsonObject;
}

interface JobContext {
  readonly call: StartedCall;
  readonly stops: Stops;
  /** Planned instances by job. */
  readonly planned: Map<string, readonly PlannedJob[]>;
}

function planJobs(call: StartedCall, stops: Stops): PlannedJob[] {
  const specs = new Map(Object.entries(objectOf(call.yaml["jobs"])).map(([name, spec]) => [name, objectOf(spec)]));
  if (specs.size === 0) throw invalidYaml("the workflow has no jobs");
  const planned = new Map<string, readonly PlannedJob[]>();
  while (planned.size < specs.size) {
    const ready = [...specs].find(([name, spec]) =>
      !planned.has(name) && stringsOf(spec["needs"]).every((need) => planned.has(need))
    );
    if (ready === undefined) throw invalidYaml("a job needs itself, or one that does not exist");
    planned.set(ready[0], planInstances(...ready, { call, stops, planned }));
  }
  // In the order of the file, not of execution.
  return [...specs.keys()].flatMap((name) => planned.get(name) ?? []);
}

function planInstances(base: string, spec: JsonObject, context: JobContext): PlannedJob[] {
  const strategy = objectOf(resolveExpressions(objectOf(spec["strategy"]), scopeOf(context.call)));
  const maxParallel = Number(strategy["max-parallel"] ?? Infinity);
  const axes = Object.entries(objectOf(strategy["matrix"]));
  const rows = axes.reduce<JsonObject[]>((combinations, [axis, values]) => {
    if (!Array.isArray(values)) throw new HttpError(400, "Could not expand matrix jobs", { code: "invalid_matrix" });
    return combinations.flatMap((row) => values.map((value) => ({ ...row, [axis]: value })));
  }, [{}]);
  const jobs: PlannedJob[] = [];
  for (const [index, matrix] of rows.entries()) {
    const name = axes.length === 0 ? base : `${base}-${index}`;
    const ends = jobs.map((job) => job.endMs).sort((a, b) => a - b);
    jobs.push(planJob({ base, name, index, spec, matrix }, ends[index - maxParallel] ?? 0, context));
  }
  return jobs;
}

function planJob(instance: Instance, freeAtMs: number, context: JobContext): PlannedJob {
  const { call, stops, planned } = context;
  const { base, name, index, spec, matrix } = instance;
  const needs = stringsOf(spec["needs"]);
  const needed = needs.flatMap((need) => planned.get(need) ?? []);
  const jobEnv = { PW_JOB_ID: name, PW_MATRIX_INDEX: String(index), PW_WORKFLOW_STEP_CURRENT_RETRY: "0" };
  const scope: ExpressionScope = {
    ...scopeOf(call),
    matrix,
    needs: Object.fromEntries(needed.map((job) => [job.name, { outputs: plannedOutputsOf(job.steps) }])),
    env: { ...call.env, ...objectOf(call.yaml["env"]), ...objectOf(spec["env"]), ...jobEnv },
    ...keywords(needed.map((job) => job.end)),
  };
  const startMs = Math.max(call.startMs, freeAtMs, ...needed.map((job) => job.endMs));
  const canceledAtMs = stops.canceledAtMs.get(base) ?? Infinity;
  const isRunning = startMs < canceledAtMs && startMs < Infinity && evaluateCondition(spec["if"] ?? "completed", scope);
  const steps = planSteps({ ...context, instance, startMs, canceledAtMs, isRunning, scope });
  const shown = { ...pick(spec, ["ssh", "working-directory"]), ...(spec["if"] !== undefined && { if: isRunning }) };
  const hasFailedNeed = needed.some(({ end }) => end === "error" || end === "skipped-failed");
  const skipped = hasFailedNeed && spec["if"] === undefined ? "skipped-failed" : "skipped";
  const effects = steps.map(effectOf);
  const end: EndStatus = isRunning
    ? (["error", "canceled"] as const).find((effect) => effects.includes(effect)) ?? "completed"
    : canceledAtMs <= startMs
    ? "canceled"
    : skipped;
  return { name, needs, shown, steps, startMs, endMs: Math.max(startMs, ...steps.map((step) => step.endMs)), end };
}

interface StepsContext extends JobContext {
  readonly instance: Instance;
  readonly startMs: number;
  readonly canceledAtMs: number;
  readonly isRunning: boolean;
  readonly scope: ExpressionScope;
}

const SHOWN = ["name", "run", "uses", "with", "id", "cleanup", "early-cancel", "ssh", "ignore-errors"];

function planSteps(context: StepsContext): PlannedStep[] {
  const { spec: { steps: given } } = context.instance;
  const specs = (Array.isArray(given) ? given : []).map(objectOf);
  const steps: PlannedStep[] = [];
  for (const [index, spec] of specs.entries()) {
    const startMs = steps.at(-1)?.endMs ?? context.startMs;
    const scope = { ...context.scope, ...keywords(steps.map(effectOf)) };
    const isExecuted = context.isRunning && startMs < Infinity && evaluateCondition(spec["if"] ?? "completed", scope);
    const step = planStep(spec, { ...context, scope, startMs, isExecuted, index });
    const stopMs = Math.min(
      spec["early-cancel"] === "any-job-failed" ? Math.max(startMs, context.stops.failedAtMs) : Infinity,
      context.canceledAtMs <= startMs ? Infinity : context.canceledAtMs,
    );
    steps.push(stepUntil(step, stopMs));
  }
  for (const [index, spec] of specs.entries()) {
    const step = steps[index];
    if (textOf(spec["cleanup"]) === undefined || step === undefined) continue;
    const cleanup = { name: `POST ${step.label}`, run: spec["cleanup"] ?? "" };
    const startMs = steps.at(-1)?.endMs ?? context.startMs;
    const isExecuted = step.end !== "skipped" && startMs < Infinity;
    const planned = planStep(cleanup, { ...context, startMs, isExecuted, index: steps.length });
    steps.push({ ...planned, shown: { ...planned.shown, linkedStep: String(index) } });
  }
  return steps;
}

interface StepContext extends StepsContext {
  readonly index: number;
  readonly isExecuted: boolean;
}

function planStep(spec: JsonObject, context: StepContext): PlannedStep {
  const { call, instance, index, isExecuted, startMs, scope } = context;
  const name = textOf(spec["name"]) === undefined ? undefined : substituteExpressions(String(spec["name"]), scope);
  const shown = pick(spec, SHOWN);
  if (name !== undefined) shown["name"] = name;
  if (spec["if"] !== undefined) shown["if"] = isExecuted;
  const keys = [name, textOf(spec["id"]), String(index)].filter((key) => key !== undefined);
  const paths = keys.flatMap((key) => [`${instance.name}/${key}`, `${instance.base}/${key}`]);
  const scenario = paths.map((path) => call.scenario[path]).find((step) => step !== undefined);
  const script = scenario === undefined ? null : stepScript(scenario);
  const step = {
    label: name ?? textOf(spec["id"]) ?? textOf(spec["uses"]) ?? `step_${index}`,
    shown,
    script,
    scope,
    startMs,
    outputs: Object.fromEntries(
      Object.entries(script?.outputs ?? {}).map(([key, text]) => [key, substituteExpressions(text, scope)]),
    ),
    jobs: null,
  };
  if (!isExecuted) return { ...step, endMs: startMs, end: "skipped" };
  const ownEndMs = startMs + (script?.durationMs ?? DEFAULT_STEP_MS);
  const called = script === null ? calledWorkflow(spec, context) : null;
  if (called === null) return { ...step, endMs: ownEndMs, end: script?.fails ? "error" : "completed" };
  if (call.depth >= MAX_DEPTH) {
    throw new HttpError(400, "Could not parse subworkflow: it calls itself", { code: "invalid_subworkflow" });
  }
  const scenarios = { ...called.scenario, ...scenarioInside(call.scenario, paths) };
  const jobs = planWorkflow({ ...call, ...called, scenario: scenarios, startMs, depth: call.depth + 1 });
  const endMs = Math.max(startMs, ...jobs.map((job) => job.endMs));
  return { ...step, endMs, end: jobs.some((job) => job.end === "error") ? "error" : "completed", jobs };
}

const MAX_DEPTH = 8;
const STUB: JsonObject = { jobs: { main: { steps: [{ name: "main", run: "true" }] } } };

/** The workflow that a step calls, or a stub with one job if it is unknown; `null` for a script or an action. */
function calledWorkflow(spec: JsonObject, { call: { find, user, clusters }, scope }: StepContext) {
  const uses = textOf(spec["uses"]);
  if (uses === undefined || uses.startsWith("parallelworks/")) return null;
  const { $yaml, ...values } = objectOf(resolveExpressions(objectOf(spec["with"]), scope));
  const { yaml, scenario } = find(dottedPath(textOf($yaml) ?? uses)) ?? { yaml: STUB, scenario: {} };
  return { yaml, scenario, inputs: resolveInputs(yaml, values, { user, clusters, isComplete: false }) };
}

/** `github/OWNER/REPO@REF`, `workflow/NAME` or a path of a file, in the form of a served workflow's name. */
function dottedPath(reference: string): string {
  return reference.replace(/^(workflow\/(?=[^/]*$)|github\/[^/]*\/)|@.*$|\.ya?ml$/g, "").replaceAll("/", ".");
}

/** The step as it is stopped at an instant, with the jobs of its subworkflow. */
function stepUntil(step: PlannedStep, stopMs: number): PlannedStep {
  if (step.endMs <= stopMs || step.end === "skipped") return step;
  const jobs = step.jobs?.map((job) =>
    job.endMs <= stopMs
      ? job
      : { ...job, ...stopped(job, stopMs), steps: job.steps.map((inner) => stepUntil(inner, stopMs)) }
  );
  return { ...step, ...stopped(step, stopMs), jobs: jobs ?? null };
}

function stopped({ startMs }: StepSpan, stopMs: number): StepSpan {
  return startMs > stopMs
    ? { startMs: stopMs, endMs: stopMs, end: "skipped" }
    : { startMs, endMs: stopMs, end: "canceled" };
}

/** A skipped step, and a failed one with `ignore-errors`, do not keep the next from running. */
function effectOf(step: PlannedStep): EndStatus {
  if (step.end === "error" && step.shown["ignore-errors"] !== true) return "error";
  return step.end === "canceled" ? "canceled" : "completed";
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

function invalidYaml(reason: string): HttpError {
  return new HttpError(400, `Invalid YAML: ${reason}`, { code: "invalid_yaml" });
}

function scopeOf({ sessions, inputs }: WorkflowCall): ExpressionScope {
  return { sessions, inputs, org: {}, app: { target: null } };
}
