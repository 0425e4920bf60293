/** Checks settings that come from outside, where the compiler cannot. */

import { isObject } from "../json.ts";
import { type ClusterFacts, type Fault, OPERATIONS, type ServerBehavior, type SimulatorOptions } from "./simulator.ts";

type Setting = "number" | "text" | readonly (string | number | boolean)[];
type SettingsOf<T> = Readonly<Record<keyof T, Setting>>;

const BEHAVIOR = {
  apiVersion: ["current", "legacy", "both"],
  legacyRead: ["405", "run"],
  slugs: ["unique", "shared", "existing", "ignored", "refused"],
  duplicateSlugStatus: [400, 409, 422],
  cancelOfEnded: [204, 409],
  idInPath: [true, false],
  errorBody: ["envelope", "problem"],
  dryRun: ["run", "run-without-status", "no-slug"],
  listOrder: ["newest", "oldest"],
  maxLimit: "number",
  listLagMs: "number",
  readLagMs: "number",
  launchGapMs: "number",
  workspace: ["Running", "Off", "Starting"],
  workspaceErrorStatus: [400, 404, 409, 500, 503],
  foreignRun: [404, 403, 200],
  logFileBytes: "number",
  rateLimit: "number",
  rateWindowMs: "number",
  clockSkewMs: "number",
  consent: ["third-party", "always", "never"],
} as const satisfies SettingsOf<ServerBehavior>;

const FAULT = {
  on: ["*", ...OPERATIONS],
  times: "number",
  after: "number",
  latencyMs: "number",
  status: "number",
  retryAfter: "text",
  cut: ["before-effect", "after-effect"],
  body: ["truncated", "malformed", "html", "empty", "slow", "wrong-shape", "huge"],
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
    ...problemsOf("server behavior option", behavior, BEHAVIOR),
    ...faults.flatMap((fault) => problemsOf("field of a fault", fault, FAULT)),
    ...clusterProblems(clusters),
  ];
  if (problems.length > 0) throw new RangeError(problems.join("; "));
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
