/** Reads schedules field by field. An invalid field is reported and replaced by a default, so that reading goes on. */

import { formatDuration } from "../duration.ts";
import { InvalidInputs } from "../errors.ts";
import { checkJsonObject, type FieldCheck, type ValueContext } from "../inputs/check_json.ts";
import { joinPath } from "../json.ts";
import type { Problem } from "../problem.ts";
import { MAX_OWN_NAME_LENGTH } from "../runs/slug.ts";
import { counted } from "../text.ts";
import {
  checkBoolean,
  checkOneOf,
  checkScheduleDuration,
  checkScheduleList,
  checkScheduleText,
  checkScheduleTextPattern,
  checkScheduleTextUpTo,
  checkScheduleUrl,
  checkTimeZone,
  readScheduleFields,
} from "./checks.ts";
import { MAX_QUEUE_LENGTH, readCronPattern } from "./occurrences.ts";
import {
  type Backfill,
  NOTIFICATION_KINDS,
  OVERLAPS,
  PRODUCTION,
  type Schedule,
  SCHEDULE_DEADLINE_ACTIONS,
  type ScheduleSpec,
  type Webhook,
} from "./schedule.ts";

/** Every tick checks each schedule, so a longer list is taken for a mistake in generated code. */
const MAX_SCHEDULES = 20_000;

/** Identifies a checked list, also across copies of this module. The number is the version of its shape. */
const IS_DEFINED = Symbol.for("pw-workflow-runner/schedules/1");

/**
 * Checks schedules and fills in defaults.
 *
 * @throws InvalidInputs with every problem, each with a path like `schedules[2].cron`.
 */
export function defineSchedules(list: readonly ScheduleSpec[]): readonly Schedule[] {
  return readSchedules(list);
}

/**
 * Checks an untyped module export. A list made by {@link defineSchedules} is returned as it is.
 *
 * @throws InvalidInputs with every problem.
 */
export function readSchedules(list: unknown): readonly Schedule[] {
  if (isDefined(list)) return list;
  const problems: Problem[] = [];
  const report = (path: string, message: string) => void problems.push({ origin: "", path, message });
  const specs: readonly unknown[] = Array.isArray(list) ? list : [];
  if (!Array.isArray(list)) report("schedules", "must be a list");
  if (specs.length > MAX_SCHEDULES) {
    report("schedules", `must hold at most ${MAX_SCHEDULES} schedules: got ${specs.length}`);
  }
  const schedules = specs.slice(0, MAX_SCHEDULES).map((spec, at) =>
    readSchedule(spec, { path: `schedules[${at}]`, report })
  );
  const named = new Map<string, number>();
  for (const [index, { name }] of schedules.entries()) {
    const first = named.get(name);
    if (first === undefined) named.set(name, index);
    else if (name !== "") report(`schedules[${index}].name`, `"${name}" is already used by schedules[${first}]`);
  }
  if (problems.length === 0) return Object.freeze(Object.defineProperty(schedules, IS_DEFINED, { value: true }));
  const count = counted(problems.length, "problem");
  throw new InvalidInputs(`Cannot use the schedules: ${count}`, problems, {
    hint: "Fix them, then run `pw-workflow-runner schedules` to check",
    // A host that prints the error of a failed module omits `problems` but prints the cause.
    cause: new Error(problems.map(({ path, message }) => `${path} ${message}`).join("\n")),
  });
}

function isDefined(list: unknown): list is readonly Schedule[] {
  return Array.isArray(list) && Object.hasOwn(list, IS_DEFINED);
}

const FIELDS = [
  ...["name", "cron", "timeZone", "workflow", "suite", "preset", "inputsFile", "inputs", "displayName", "trust"],
  ...["overlap", "deadline", "onDeadline", "backfill", "jitter", "enabled", "notify"],
] as const satisfies readonly (keyof ScheduleSpec)[];

const OF_WORKFLOWS = ["workflow", "preset", "inputsFile", "inputs", "displayName", "trust"] as const;

const DEFAULT_NOTIFICATION_KINDS = ["failed", "unknown", "missed", "skipped", "deadline", "invalid"] as const;

/** Any day works: whether and how often an expression fires does not depend on the current date. */
const SAMPLE_START_MS = Date.UTC(2024, 0, 1);
const HOUR_MS = 60 * 60_000;
/** This many consecutive gaps include the shortest one. */
const SAMPLED_GAPS = 100;

/** The result is valid only if nothing was reported. */
function readSchedule(spec: unknown, context: ValueContext): Schedule {
  const { has, required, optional } = readScheduleFields(spec, FIELDS, context);
  const checkName = checkScheduleTextPattern(
    /^[a-z][a-z0-9-]{0,39}$/,
    "at most 40 lowercase letters, digits and hyphens, starting with a letter",
  );
  const name = required("name", checkName) ?? "";
  const pattern = required("cron", checkCron);
  const schedule: Schedule = {
    name,
    cron: pattern?.cron ?? "",
    timeZone: optional("timeZone", checkTimeZone) ?? "UTC",
    workflow: (has("suite") ? undefined : required("workflow", checkScheduleText)) ?? "",
    suite: optional("suite", checkScheduleText) ?? null,
    preset: optional("preset", checkScheduleText) ?? null,
    inputsFile: optional("inputsFile", checkScheduleText) ?? null,
    inputs: optional("inputs", checkJsonObject) ?? {},
    displayName: optional("displayName", checkScheduleTextUpTo(MAX_OWN_NAME_LENGTH)) ?? null,
    isTrusted: optional("trust", checkBoolean) ?? false,
    overlap: optional("overlap", checkOneOf(OVERLAPS)) ?? "skip",
    deadlineMs: optional("deadline", checkPositiveDuration) ?? null,
    onDeadline: optional("onDeadline", checkOneOf(SCHEDULE_DEADLINE_ACTIONS)) ?? "keep",
    backfill: optional("backfill", checkBackfill) ?? "last",
    jitterMs: optional("jitter", checkScheduleDuration) ?? 0,
    timelines: optional("enabled", checkEnabled) ?? [PRODUCTION],
    notify: optional("notify", checkScheduleList(checkWebhook)) ?? [],
  };
  if (has("onDeadline") && !has("deadline")) {
    context.report(joinPath(context.path, "onDeadline"), "has no effect without a deadline");
  }
  for (const name of has("suite") ? OF_WORKFLOWS.filter(has) : []) {
    context.report(joinPath(context.path, name), "has no effect with a suite, whose file states it");
  }
  reportConflicts(schedule, context);
  if (pattern !== undefined) reportJitter(schedule, pattern, context);
  return schedule;
}

interface Pattern {
  readonly cron: string;
  /** The firing times in UTC, which needs no time zone data. */
  readonly firings: ReturnType<typeof readCronPattern>;
}

/** Also checks that the expression ever fires. */
const checkCron: FieldCheck<Pattern> = (value, context) => {
  const text = checkScheduleText(value, context);
  if (text === undefined) return undefined;
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) {
    const names = "minute, hour, day of month, month, day of week";
    return void context.report(context.path, `must have five fields (${names}): got "${text}"`);
  }
  const cron = fields.join(" ");
  try {
    const firings = readCronPattern({ cron, timeZone: "UTC" });
    // With every month allowed, each day of the month exists, unless it must also be one of the week: a search would only
    // slow down a cold start.
    const isPlain = fields[3] === "*" && !cron.includes("+");
    if (isPlain || firings.nextRun(new Date(SAMPLE_START_MS)) !== null) return { cron, firings };
    context.report(context.path, `"${cron}" never fires: there is no such date`);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    context.report(context.path, `is not a valid cron expression: ${reasonOf(error)}, in "${text}"`);
  }
  return undefined;
};

/** The library's message without its class names and final period. */
function reasonOf({ message }: Error): string {
  const reason = message.replace(/^Cron\w+: (?:Syntax error, )?/, "").replace(/\.$/, "");
  return reason.charAt(0).toLowerCase() + reason.slice(1);
}

const checkPositiveDuration: FieldCheck<number> = (value, context) => {
  const durationMs = checkScheduleDuration(value, context);
  if (durationMs !== 0) return durationMs;
  return void context.report(context.path, "must be greater than 0: omit it for no deadline");
};

const checkBackfill: FieldCheck<Backfill> = (value, context) => {
  if (typeof value !== "object" || value === null) return checkOneOf(["none", "last"], "or { all: 3 }")(value, context);
  return readScheduleFields(value, ["all"], context).required("all", (all, { path, report }) => {
    if (typeof all === "number" && Number.isInteger(all) && all >= 1 && all <= MAX_QUEUE_LENGTH) return { all };
    return void report(path, `must be a whole number from 1 to ${MAX_QUEUE_LENGTH}: got ${String(all)}`);
  });
};

const checkEnabled: FieldCheck<readonly string[]> = (value, context) => {
  if (value === false) return [];
  const expected = `must be false, or timelines like ["${PRODUCTION}"]`;
  if (!Array.isArray(value) || value.length === 0) return void context.report(context.path, expected);
  return checkScheduleList(checkScheduleText)(value, context);
};

const checkWebhook: FieldCheck<Webhook> = (value, context) => {
  const { required, optional } = readScheduleFields(value, ["url", "on", "secretEnv"], context);
  const checkVariable = checkScheduleTextPattern(
    /^[A-Za-z_][A-Za-z0-9_]*$/,
    "the name of an environment variable, not the secret itself",
  );
  return {
    url: required("url", checkScheduleUrl) ?? "",
    on: optional("on", checkScheduleList(checkOneOf(NOTIFICATION_KINDS))) ?? DEFAULT_NOTIFICATION_KINDS,
    secretEnv: optional("secretEnv", checkVariable) ?? null,
  };
};

function reportConflicts({ overlap, backfill }: Schedule, { path, report }: ValueContext): void {
  const submitsSeveral = typeof backfill === "object" && backfill.all > 1;
  if (!submitsSeveral || (overlap !== "skip" && overlap !== "cancel-previous")) return;
  const effect = overlap === "skip" ? "would skip all but the first of them" : "would cancel all but the last of them";
  report(
    joinPath(path, "backfill"),
    `submits several runs at once, and overlap "${overlap}" ${effect}: use "queue" or "allow"`,
  );
}

function reportJitter({ jitterMs }: Schedule, { cron, firings }: Pattern, { path, report }: ValueContext): void {
  // With a fixed minute, firings are at least an hour apart, and a cold start can skip the search.
  if (jitterMs === 0 || (jitterMs < HOUR_MS && /^\d+ /.test(cron))) return;
  const timesMs = firings.nextRuns(SAMPLED_GAPS + 1, new Date(SAMPLE_START_MS)).map((at) => at.getTime());
  const shortestMs = Math.min(...timesMs.slice(1).map((atMs, index) => atMs - (timesMs[index] ?? 0)));
  if (jitterMs < shortestMs) return;
  report(joinPath(path, "jitter"), `must be shorter than the time between two firings, ${formatDuration(shortestMs)}`);
}
