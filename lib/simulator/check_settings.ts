/** The defaults of settings, and a check of those that come from outside, where the compiler cannot. */

import { isObject } from "../json.ts";
import {
  BODY_FAULTS,
  type ClusterFacts,
  type Fault,
  OPERATIONS,
  type ServerBehavior,
  type SimulatorOptions,
} from "./simulator.ts";

type Setting = "number" | "text" | readonly (string | number | boolean)[];
type SettingsOf<T> = Readonly<Record<keyof T, Setting>>;

/** Each option's default, and its values if it does not take any number. */
export const BEHAVIOR = {
  apiVersion: ["current", ["current", "legacy", "both"]],
  legacyRead: ["405", ["405", "run"]],
  slugs: ["unique", ["unique", "shared", "existing", "ignored", "refused"]],
  duplicateSlugStatus: [409, [400, 409, 422]],
  cancelOfEnded: [204, [204, 409]],
  idInPath: [false, [true, false]],
  errorBody: ["problem", ["envelope", "problem"]],
  dryRun: ["run", ["run", "run-without-status", "no-slug"]],
  listOrder: ["newest", ["newest", "oldest"]],
  maxLimit: [100, "number"],
  listLagMs: [0, "number"],
  readLagMs: [0, "number"],
  launchGapMs: [0, "number"],
  workspace: ["Running", ["Running", "Off", "Starting"]],
  workspaceErrorStatus: [400, [400, 404, 409, 500, 503]],
  foreignRun: [404, [404, 403, 200]],
  logFileBytes: [10 * 1024 * 1024, "number"],
  rateLimit: [Infinity, "number"],
  rateWindowMs: [1_000, "number"],
  clockSkewMs: [0, "number"],
  consent: ["third-party", ["third-party", "always", "never"]],
} as const satisfies { [Name in keyof ServerBehavior]: readonly [ServerBehavior[Name], Setting] };

/** A server with the current API that accepts slugs and reports problems. */
export const DEFAULT_BEHAVIOR: ServerBehavior = behaviorOf(([value]) => value);

const BEHAVIOR_SETTINGS: SettingsOf<ServerBehavior> = behaviorOf(([, setting]) => setting);

function behaviorOf(choose: (entry: readonly [unknown, Setting]) => unknown) {
  return Object.assign({}, ...Object.entries(BEHAVIOR).map(([name, entry]) => ({ [name]: choose(entry) })));
}

const FAULT = {
  on: ["*", ...OPERATIONS],
  times: "number",
  after: "number",
  latencyMs: "number",
  status: "number",
  retryAfter: "text",
  cut: ["before-effect", "after-effect"],
  body: BODY_FAULTS,
  statusAfterEffect: "number",
  slowMs: "number",
} as const satisfies SettingsOf<Fault>;

const CLUSTER = {
  schedulerType: "text",
  type: "text",
  csp: "text",
  status: "text",
  displayName: "text",
  ipAddress: "text",
} as const satisfies SettingsOf<ClusterFacts>;

/** @throws RangeError that names every unknown option, field or value. */
export function checkSettings({ behavior = {}, faults = [], clusters = {} }: SimulatorOptions): void {
  const problems = [
    ...problemsOf("server behavior option", behavior, BEHAVIOR_SETTINGS),
    ...faults.flatMap((fault) => problemsOf("field of a fault", fault, FAULT)),
    ...clusterProblems(clusters),
  ];
  if (problems.length > 0) throw new RangeError(problems.join("; "));
}

/** Whether there is a server behavior option of that name, with that value. */
export function isSupported(name: string, value: unknown): boolean {
  return problemsOf("", { [name]: value }, BEHAVIOR_SETTINGS).length === 0;
}

/** @param clusters By name. */
export function clusterProblems(clusters: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(clusters).flatMap(([name, facts]) => {
    if (!isObject(facts)) return [`${name} must be an object, like { schedulerType: pbs }`];
    return problemsOf("field of a cluster", facts, CLUSTER).map((problem) => `${name}: ${problem}`);
  });
}

function problemsOf(what: string, given: object, settings: Readonly<Record<string, Setting>>): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (setting === undefined) return [`unknown ${what} "${name}". Available: ${Object.keys(settings).join(", ")}`];
    const isNumber = typeof value === "number" && !Number.isNaN(value);
    const isValid = setting === "number"
      ? isNumber
      : setting === "text"
      ? typeof value === "string"
      : setting.includes(value);
    if (isValid || value === undefined) return [];
    const expected = typeof setting === "string" ? `a ${setting}` : `one of ${setting.join(", ")}`;
    return [`${name} must be ${expected}: got ${JSON.stringify(value)}`];
  });
}
