/** Checks settings that come from outside, where the compiler cannot. */

import { type ClusterFacts, type Fault, OPERATIONS, type ServerBehavior } from "./simulator.ts";

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

/** @throws RangeError for an unknown option or value. */
export function checkBehavior(behavior: Partial<ServerBehavior>): void {
  check("server behavior option", behavior, BEHAVIOR);
}

/** @throws RangeError for an unknown field or value. */
export function checkFault(fault: Fault): void {
  check("field of a fault", fault, FAULT);
}

/** @throws RangeError for an unknown field or value. */
export function checkCluster(cluster: ClusterFacts): void {
  check("field of a cluster", cluster, CLUSTER);
}

function check(what: string, given: object, settings: Readonly<Record<string, Setting>>): void {
  for (const [name, value] of Object.entries(given)) {
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (setting === undefined) {
      throw new RangeError(`unknown ${what} "${name}". Available: ${Object.keys(settings).join(", ")}`);
    }
    const isNumber = typeof value === "number" && !Number.isNaN(value);
    const isValid = setting === "number"
      ? isNumber
      : setting === "text"
      ? typeof value === "string"
      : setting.includes(value);
    if (isValid || value === undefined) continue;
    const expected = typeof setting === "string" ? `a ${setting}` : `one of ${setting.join(", ")}`;
    throw new RangeError(`${name} must be ${expected}: got ${JSON.stringify(value)}`);
  }
}
