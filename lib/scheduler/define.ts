/** From the schedules that somebody wrote to those that everything else reads: every problem at once, at the start. */

import { InvalidInputs } from "../errors.ts";
import type { Problem } from "../problem.ts";
import { readSchedule } from "./read_schedule.ts";
import type { Schedule, ScheduleSpec } from "./schedule.ts";

/** A tick looks at each of them every minute; more are a slip of what generates them. */
const MAX_SCHEDULES = 500;

/** Marks a list that is checked, also for another copy of this module. The number is that of the shape. */
const IS_DEFINED = Symbol.for("pw-workflow-runner/schedules/1");

/**
 * Checks schedules and fills in what they leave out.
 *
 * @throws InvalidInputs with every problem, each with a path like `schedules[2].cron`.
 */
export function defineSchedules(list: readonly ScheduleSpec[]): readonly Schedule[] {
  return readSchedules(list);
}

/**
 * The same for what a module exports, which may be anything; what {@link defineSchedules} made passes as it is.
 *
 * @throws InvalidInputs with every problem.
 */
export function readSchedules(list: unknown): readonly Schedule[] {
  if (isDefined(list)) return list;
  const problems: Problem[] = [];
  const report = (path: string, message: string) => void problems.push({ origin: "", path, message });
  const specs: readonly unknown[] = Array.isArray(list) ? list : [];
  if (!Array.isArray(list)) report("schedules", "must be a list");
  if (specs.length > MAX_SCHEDULES) report("schedules", `must be at most ${MAX_SCHEDULES}: got ${specs.length}`);
  const schedules = specs.slice(0, MAX_SCHEDULES).map((spec, at) =>
    readSchedule(spec, { path: `schedules[${at}]`, report })
  );
  reportTwins(schedules.map(({ name }) => name), report);
  if (problems.length === 0) return Object.freeze(Object.defineProperty(schedules, IS_DEFINED, { value: true }));
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  throw new InvalidInputs(`Cannot use the schedules: ${count}`, problems, {
    hint: "`pw-workflow-runner schedules` shows them once they are mended",
    // What a host prints of a module that throws holds no problems, but it holds the cause.
    cause: new Error(problems.map(({ path, message }) => `${path} ${message}`).join("\n")),
  });
}

function isDefined(list: unknown): list is readonly Schedule[] {
  return Array.isArray(list) && Object.hasOwn(list, IS_DEFINED);
}

function reportTwins(names: readonly string[], report: (path: string, message: string) => void): void {
  for (const [index, name] of names.entries()) {
    const first = names.indexOf(name);
    if (name !== "" && first !== index) report(`schedules[${index}].name`, `"${name}" is taken by schedules[${first}]`);
  }
}
