/** One schedule, checked field by field. What can't be used is reported, and reading goes on without it. */

import { formatDuration } from "../duration.ts";
import { joinPath } from "../inputs/path.ts";
import {
  aList,
  aString,
  aWord,
  type Check,
  checkDuration,
  checkJsonObject,
  checkTimeZone,
  checkUrl,
  oneOf,
  type Place,
  readFields,
} from "./checks.ts";
import { MAX_QUEUE_LENGTH } from "./overlap.ts";
import {
  type CatchUp,
  NOTICES,
  ON_DEADLINES,
  OVERLAPS,
  PRODUCTION,
  type Schedule,
  type ScheduleSpec,
  type Webhook,
  type WebhookSpec,
} from "./schedule.ts";
import { readPattern } from "./occurrences.ts";

const FIELDS = {
  name: true,
  cron: true,
  timeZone: true,
  workflow: true,
  preset: true,
  inputsFile: true,
  inputs: true,
  displayName: true,
  trust: true,
  overlap: true,
  deadline: true,
  onDeadline: true,
  catchUp: true,
  jitter: true,
  enabled: true,
  notify: true,
} as const satisfies Record<keyof ScheduleSpec, true>;

const WEBHOOK_FIELDS = { url: true, on: true, secretEnv: true } as const satisfies Record<keyof WebhookSpec, true>;

const BAD_NEWS = ["failed", "unknown", "missed", "deadline"] as const;

/** Any: whether an expression ever comes, and how often, does not depend on today. */
const EXAMPLE_DAY_MS = Date.UTC(2024, 0, 1);
const HOUR_MS = 60 * 60_000;
/** So many show how near two slots may come. */
const GAPS = 100;

/** Only of use when nothing was reported. */
export function readSchedule(spec: unknown, place: Place): Schedule {
  const { has, required, optional } = readFields(spec, FIELDS, place);
  // Time zones take long to load, and a cold start should not pay for what does not run.
  const isOff = optional("enabled", (value) => value === false) === true;
  const name = required("name", aWord(/^[a-z][a-z0-9-]{0,39}$/, "lower-case letters, digits and -, at most 40")) ?? "";
  const pattern = required("cron", isOff ? readCron : checkCron);
  const schedule: Schedule = {
    name,
    cron: pattern?.cron ?? "",
    timeZone: optional("timeZone", isOff ? aString : checkTimeZone) ?? "UTC",
    workflow: required("workflow", aString) ?? "",
    preset: optional("preset", aString) ?? null,
    inputsFile: optional("inputsFile", aString) ?? null,
    inputs: optional("inputs", checkJsonObject) ?? {},
    displayName: optional("displayName", aString) ?? null,
    isTrusted: optional("trust", checkBoolean) ?? false,
    overlap: optional("overlap", oneOf(OVERLAPS)) ?? "skip",
    deadlineMs: optional("deadline", checkSomeTime) ?? null,
    onDeadline: optional("onDeadline", oneOf(ON_DEADLINES)) ?? "keep",
    catchUp: optional("catchUp", checkCatchUp) ?? "last",
    jitterMs: optional("jitter", checkDuration) ?? 0,
    timelines: optional("enabled", checkEnabled) ?? [PRODUCTION],
    notify: optional("notify", aList(checkWebhook)) ?? [],
  };
  if (has("onDeadline") && !has("deadline")) {
    place.report(joinPath(place.path, "onDeadline"), "says what to do at a deadline: there is none");
  }
  reportContradictions(schedule, place);
  if (pattern !== undefined && schedule.timelines.length > 0) reportJitter(schedule, pattern, place);
  return schedule;
}

/** An expression that can be read, and its instants in UTC: to load a time zone takes long. */
interface Pattern {
  readonly cron: string;
  readonly instants: ReturnType<typeof readPattern>;
}

/** Also that it ever comes. */
const checkCron: Check<Pattern> = (value, place) => {
  const pattern = readCron(value, place);
  // Every month together have each day: looking for one would only cost a cold start some time.
  if (pattern === undefined || pattern.cron.split(" ")[3] === "*") return pattern;
  if (pattern.instants.nextRun(new Date(EXAMPLE_DAY_MS)) !== null) return pattern;
  return void place.report(place.path, `"${pattern.cron}" names a day that never comes`);
};

const readCron: Check<Pattern> = (value, place) => {
  const text = aString(value, place);
  if (text === undefined) return undefined;
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) {
    const hint = "minute, hour, day of month, month, day of week";
    place.report(place.path, `must have five fields (${hint}): got "${text}"`);
    return undefined;
  }
  const cron = fields.join(" ");
  try {
    return { cron, instants: readPattern({ cron, timeZone: "UTC" }) };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    place.report(place.path, `can't be read: ${reasonOf(error)}, in "${text}"`);
  }
  return undefined;
};

/** The library's words, without its own names in front and the full stop behind. */
function reasonOf({ message }: Error): string {
  const words = message.replace(/^Cron\w+: (?:Syntax error, )?/, "").replace(/\.$/, "");
  return words.charAt(0).toLowerCase() + words.slice(1);
}

const checkBoolean: Check<boolean> = (value, { path, report }) => {
  if (typeof value === "boolean") return value;
  return void report(path, "must be true or false");
};

const checkSomeTime: Check<number> = (value, place) => {
  const durationMs = checkDuration(value, place);
  if (durationMs !== 0) return durationMs;
  return void place.report(place.path, "must be above 0: leave it out for no deadline");
};

const checkCatchUp: Check<CatchUp> = (value, place) => {
  if (typeof value !== "object" || value === null) return oneOf(["none", "last"], "or { all: 3 }")(value, place);
  return readFields(value, { all: true }, place).required("all", (all, { path, report }) => {
    if (typeof all === "number" && Number.isInteger(all) && all >= 1 && all <= MAX_QUEUE_LENGTH) return { all };
    return void report(path, `must be a whole number from 1 to ${MAX_QUEUE_LENGTH}: got ${String(all)}`);
  });
};

const checkEnabled: Check<readonly string[]> = (value, place) => {
  if (value === false) return [];
  const hint = `must be false, or timelines like ["${PRODUCTION}"]`;
  if (!Array.isArray(value) || value.length === 0) return void place.report(place.path, hint);
  return aList(aString)(value, place);
};

const checkWebhook: Check<Webhook> = (value, place) => {
  const { required, optional } = readFields(value, WEBHOOK_FIELDS, place);
  const name = aWord(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable, not the secret itself");
  return {
    url: required("url", checkUrl) ?? "",
    on: optional("on", aList(oneOf(NOTICES))) ?? BAD_NEWS,
    secretEnv: optional("secretEnv", name) ?? null,
  };
};

function reportContradictions({ overlap, catchUp }: Schedule, { path, report }: Place): void {
  const isMany = typeof catchUp === "object" && catchUp.all > 1;
  if (!isMany || (overlap !== "skip" && overlap !== "cancel-previous")) return;
  const why = overlap === "skip" ? "would skip all but the first of them" : "would cancel all but the last of them";
  report(joinPath(path, "catchUp"), `submits several at once, and overlap "${overlap}" ${why}: use "queue" or "allow"`);
}

function reportJitter({ jitterMs }: Schedule, { cron, instants }: Pattern, { path, report }: Place): void {
  // One minute of the hour: slots are an hour apart at least, and a cold start need not look for any.
  if (jitterMs === 0 || (jitterMs < HOUR_MS && /^\d+ /.test(cron))) return;
  const occurrences = instants.nextRuns(GAPS + 1, new Date(EXAMPLE_DAY_MS)).map((at) => at.getTime());
  const shortestMs = Math.min(...occurrences.slice(1).map((atMs, index) => atMs - (occurrences[index] ?? 0)));
  if (jitterMs < shortestMs) return;
  report(joinPath(path, "jitter"), `must be shorter than the time between two slots, ${formatDuration(shortestMs)}`);
}
