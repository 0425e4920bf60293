/** The defaults of settings, and a check of those that come from outside, where the compiler cannot. */

import { isObject } from "../json.ts";
import {
  BEHAVIOR,
  CLUSTER,
  FAULT,
  type Fault,
  type ServerBehavior,
  type Setting,
  type SimulatorOptions,
} from "./simulator.ts";

/** A server with the current API that accepts slugs and reports problems. */
export const DEFAULT_BEHAVIOR: ServerBehavior = Object.assign(
  {},
  ...Object.entries(BEHAVIOR).map(([name, setting]) => ({ [name]: [setting].flat()[0] })),
);

/** @throws RangeError that names every unknown option, field or value. */
export function checkSettings({ behavior = {}, faults = [], clusters = {} }: SimulatorOptions): void {
  const problems = [
    ...problemsOf("server behavior option", behavior, BEHAVIOR),
    ...faults.flatMap((fault) => [...problemsOf("field of a fault", fault, FAULT), ...responseProblems(fault)]),
    ...clusterProblems(clusters),
  ];
  if (problems.length > 0) throw new RangeError(problems.join("; "));
}

/** Whether there is a server behavior option of that name, with that value. */
export function isSupported(name: string, value: unknown): boolean {
  return problemsOf("", { [name]: value }, BEHAVIOR).length === 0;
}

/** @param clusters By name. */
export function clusterProblems(clusters: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(clusters).flatMap(([name, facts]) => {
    if (!isObject(facts)) return [`${name} must be an object, like { schedulerType: pbs }`];
    return problemsOf("field of a cluster", facts, CLUSTER).map((problem) => `${name}: ${problem}`);
  });
}

/** Values that no response can be created with: a fault would end the simulator's exchange with an error of its own. */
function responseProblems({ status, statusAfterEffect, retryAfter }: Fault): string[] {
  const statuses = Object.entries({ status, statusAfterEffect }).filter(([, value]) =>
    typeof value === "number" &&
    (!Number.isInteger(value) || value < 200 || value > 599 || BODILESS_STATUSES.includes(value))
  );
  const expected = "must be a status with a body, from 200 to 599";
  return [
    ...statuses.map(([name, value]) => `${name} ${expected}: got ${value}`),
    ...(typeof retryAfter === "string" && !/^[ -~]*$/.test(retryAfter)
      ? [`retryAfter must be the value of a header: got ${JSON.stringify(retryAfter)}`]
      : []),
  ];
}

const BODILESS_STATUSES: readonly number[] = [204, 205, 304];

function problemsOf(what: string, given: object, settings: Readonly<Record<string, Setting>>): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (setting === undefined) return [`unknown ${what} "${name}". Available: ${Object.keys(settings).join(", ")}`];
    const isNumber = typeof value === "number" && value >= (name === "clockSkewMs" ? -Infinity : 0);
    const isListed = typeof setting === "object";
    const isValid = isListed ? setting.includes(value) : setting === "text" ? typeof value === "string" : isNumber;
    if (isValid || value === undefined) return [];
    const expected = isListed
      ? `one of ${setting.join(", ")}`
      : `a ${setting === "text" ? setting : typeof value === "number" ? "number of at least 0" : "number"}`;
    return [`${name} must be ${expected}: got ${JSON.stringify(value)}`];
  });
}
