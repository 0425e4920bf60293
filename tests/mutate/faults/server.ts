import type { Fault } from "../fault.ts";
import { inFile } from "./in_file.ts";

const APP = ["tests/server/app_test.ts", "tests/server"];

/** Faults of the HTTP API and the status page: access without a key, a second run, or a wrong answer. */
export const SERVER_FAULTS: readonly Fault[] = [
  ...inFile("lib/server/auth.ts", ["tests/server/auth_test.ts", ...APP], [
    ["any key is accepted", "(b[index] ?? 0)), 0) === 0", "(b[index] ?? 0)), 0) !== -1"],
    ["a key that begins alike is accepted", "difference | (byte", "(byte"],
    [
      "the read key starts runs",
      'return isRead && read !== null ? "read" : "none";',
      'return isRead && read !== null ? "full" : "none";',
    ],
    [
      "without a read key, an empty one reads",
      `isSame(key, read ?? full);
  if (isFull) return isBasic ? "read" : "full";
  return isRead && read !== null`,
      `isSame(key, read ?? "");
  if (isFull) return isBasic ? "read" : "full";
  return isRead`,
    ],
    ["a browser's password starts runs", 'if (isFull) return isBasic ? "read" : "full";', 'if (isFull) return "full";'],
    ["a short key is accepted", "key.length < MIN_KEY_LENGTH ?", "false ?"],
    ["a short read key is accepted", 'read === "" ? [] :', "true ? [] :"],
    ["both keys may be the same", "if (read === full) problems", "if (false) problems"],
  ]),
  ...inFile("lib/server/routes.ts", APP, [
    ["a wrong key is accepted", 'if (granted === "none") {', "if (false) {"],
    [
      "a read-only key may write",
      'if (access === "full" && granted === "read") return',
      "if (false) return",
    ],
    ["without keys, everything is open", 'if (typeof host.keys === "string") return', "if (false) return"],
    [
      "nothing needs a key",
      "const granted = await accessOf(request, host.keys);",
      'const granted: AccessLevel = "full";',
    ],
    [
      "the text of a defect is shown",
      'return problemResponse(500, "Internal error in pw-workflow-runner");',
      "return problemResponse(500, String(error));",
    ],
  ]),
  ...inFile("lib/server/health.ts", APP, [
    [
      "/healthz is ok before the first tick",
      'if (ticks === null) return { type: "none-yet" } as const;',
      "if (ticks === null) return null;",
    ],
    ["/healthz is ok after ticks stopped", "if (lateMs >= STALE_MS) return", "if (false) return"],
    ["/healthz is ok although the last tick failed", "return ticks.error === null ? null :", "return true ? null :"],
    ["/healthz shows the error of a tick", '"The last tick failed: the status page shows why"', "problem.error"],
    ["/healthz fails without schedules", "if (!needsTicks) return null;", ""],
    ["/healthz is ok while runs wait for ticks", "await isAnythingOpen(service, deps.clock.now())", "false"],
  ]),
  ...inFile("lib/server/runs.ts", APP, [
    [
      "an idempotency key is ignored",
      'idempotencyKey: key === undefined ? undefined : { text: key, policy: "attach" }',
      "idempotencyKey: undefined",
    ],
    ["HTTP trusts without being asked", 'isTrusted: optional("trust", checkBoolean) ?? false,', "isTrusted: true,"],
    ["HTTP trust has no effect", 'isTrusted: optional("trust", checkBoolean) ?? false,', "isTrusted: false,"],
    ["what has not been sent can't be cancelled", "await cancelUnsent(deps, found);", "found;"],
    ["a run of the command line is shown", 'scopeOf(submission) !== "local") return', "true) return"],
    [
      "a read-only key sends a submission",
      'submission.state === "pending" || ',
      "",
    ],
    [
      "a run started over HTTP counts as one of the command line",
      'origin: { type: "http" },',
      'origin: { type: "command-line" },',
    ],
  ]),
  ...inFile("lib/server/schedules.ts", APP, [
    ["a run-now with a key used before runs again", "(await sha256(key)).slice(0, 20)", "String(nowMs)"],
    ["a run-now is not stored", "if (await deps.store.get(id) === undefined) {", "if (false) {"],
    [
      "a failed tick makes the client run a schedule twice",
      "await tick(service, { ...REQUESTED_TICK, signal: closing }).catch(logFailure);",
      "await tick(service, { ...REQUESTED_TICK, signal: closing });",
    ],
  ]),
  ...inFile("lib/server/request.ts", APP, [
    ["a body of any size is read", "if (bytes > MAX_BYTES) return tooLarge();", ""],
    [
      "a body is waited for forever",
      "using deadline = clock.timeout(DEADLINE_MS);",
      "using deadline = clock.timeout(DEADLINE_MS * 1_000);",
    ],
    ["a form of another site starts a run", "if (!/^application\\/json\\s*(;|$)/i.test(type)) {", "if (false) {"],
  ]),
  ...inFile("lib/server/request.ts", APP, [
    [
      "an empty idempotency key is ignored",
      "if (text === undefined) return undefined;",
      "if (!text) return undefined;",
    ],
    [
      "a request waits as long as it likes",
      "Math.min(MAX_WAIT_MS, Number(seconds) * 1_000)",
      "Number(seconds) * 1_000",
    ],
  ]),
];
