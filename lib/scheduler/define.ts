import { counted } from "../text.ts";
import { InvalidInputs } from "../errors.ts";
import type { Problem } from "../problem.ts";
import { readSchedule } from "./read_schedule.ts";
import type { Schedule, ScheduleSpec } from "./schedule.ts";

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
  reportDuplicates(schedules.map(({ name }) => name), report);
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

function reportDuplicates(names: readonly string[], report: (path: string, message: string) => void): void {
  const indexes = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const first = indexes.get(name);
    if (first === undefined) indexes.set(name, index);
    else if (name !== "") report(`schedules[${index}].name`, `"${name}" is already used by schedules[${first}]`);
  }
}
