import type { Fault } from "../fault.ts";
import { inFile } from "./in_file.ts";

const SUITES = ["tests/scheduler/suites_test.ts"];
const TICK = ["tests/scheduler/tick_test.ts", "tests/scheduler"];

/** Faults of the scheduler: an occurrence that runs twice, or never, without a report. */
export const SCHEDULER_FAULTS: readonly Fault[] = [
  ...inFile("lib/scheduler/occurrences.ts", ["tests/scheduler/due_test.ts", "tests/scheduler"], [
    [
      "a tick that is six minutes late misses its occurrence",
      "const MAX_LATENESS_MS = 5 * 60_000;",
      "const MAX_LATENESS_MS = 60_000;",
    ],
    [
      "a changed cron expression makes up for the past",
      "isCurrent(schedule, stored, nowMs) ? stored :",
      "stored !== null ? stored :",
    ],
    [
      "the last occurrence is processed twice",
      "scheduleProgressAt(schedule, last.scheduledAtMs)",
      "scheduleProgressAt(schedule, occurrences.at(-2)?.scheduledAtMs ?? progress.processedUntilMs)",
    ],
    [
      "what is missed without a backfill is due",
      'if (backfill === "none") return 0;',
      'if (backfill === "none") return 1;',
    ],
    ["backfill: last repeats one beside an occurrence that is on time", "onTime.length === 0 ? 1 : 0", "1"],
    ["a jitter is not waited for", "firesAtMs(schedule, occurrence) > nowMs", "occurrence.scheduledAtMs > nowMs"],
    ["the first occurrence of a schedule is lost", "return !continues || found.due", "return found.due"],
  ]),
  ...inFile("lib/scheduler/occurrences.ts", ["tests/scheduler/occurrences_test.ts", "tests/scheduler"], [
    ["the end of a window is in neither of two", "let before = toMs + 1", "let before = toMs"],
    [
      "the beginning of a window is in both of two",
      "at.getTime() <= afterMs) break;",
      "at.getTime() < afterMs) break;",
    ],
  ]),
  ...inFile("lib/scheduler/occurrences.ts", ["tests/scheduler/overlap_test.ts", "tests/scheduler"], [
    [
      "an occurrence is submitted twice",
      'own.state !== "waiting") return { type: "already-submitted" };',
      'false) return { type: "already-submitted" };',
    ],
    [
      "skip submits beside an open run",
      'overlap === "allow" || ahead.length === 0',
      'overlap === "allow" || overlap === "skip" || ahead.length === 0',
    ],
    [
      "queue submits beside an open run",
      'overlap === "allow" || ahead.length === 0',
      'overlap === "allow" || overlap === "queue" || ahead.length === 0',
    ],
    ["a queue grows without bound", "waiting.length >= MAX_QUEUE_LENGTH", "false"],
    ["an older occurrence cancels a newer one", "if (newer.length > 0) return", "if (false) return"],
  ]),
  ...inFile("lib/scheduler/tick.ts", TICK, [
    ["two ticks run at once", "if (isLocked || !hasWork &&", "if (!hasWork &&"],
    ["a tick that dies locks the next one out", "const LOCK_MS = 50_000;", "const LOCK_MS = 500_000;"],
    [
      "a failed tick is shown as a successful one",
      "failure = error instanceof Error ? error.message : String(error);",
      "",
    ],
    ["an error of a tick is swallowed", "if (error !== null) throw error;", ""],
    [
      "a disabled schedule makes up for the time it was disabled",
      ": read.value === null\n      ? undefined\n      : null;",
      ": undefined;",
    ],
    ["schedules run in previews", "= schedule.timelines.includes(timeline)", "= true"],
    ["missed ticks are not counted", "- 1);\n}\n\n/** Whether there is", "- 1_000_000);\n}\n\n/** Whether there is"],
    ["an idle tick clears the failure of the last one", "logOf(state.log?.error ?? null)", "logOf(null)"],
  ]),
  ...inFile("lib/scheduler/tick_work.ts", TICK, [
    [
      "overlap is decided on the previous tick's view",
      "open: [...polled?.open ?? deciding, ...suites], known",
      "open: [...deciding, ...suites], known: new Set([...deciding, ...suites].map(({ id }) => id))",
    ],
    [
      "nothing is submitted, and the tick did not fail",
      "failure: sent === undefined ? null : failureOf(sent)",
      "failure: null",
    ],
  ]),
  ...inFile("lib/scheduler/tick.ts", ["tests/scheduler/store_due_test.ts", ...TICK], [
    [
      "a tick that lost its lock stores what is due",
      "const change = kv.atomic().check(lock);",
      "const change = kv.atomic();",
    ],
    ["two ticks store the same occurrence", "change.check({ key, versionstamp });", ""],
    [
      "a schedule's progress is not stored",
      "else change.set(key, last === undefined",
      "else if (false) change.set(key, last === undefined",
    ],
    [
      "what does not fit into one change is lost",
      "left.unshift(...split.map((item) => ({ ...item, versionstamp })));",
      "",
    ],
  ]),
  ...inFile("lib/scheduler/submit_occurrence.ts", TICK, [
    [
      "a tick that lost its lock submits",
      "change.check(lock);\n      change.delete(waitingKey",
      "change.delete(waitingKey",
    ],
    [
      "an occurrence waits on after it was submitted",
      "      change.delete(waitingKey(occurrence));\n      for",
      "      for",
    ],
    ["a replaced run is not cancelled", "for (const other of replaced) addReplaced(change, other);", ""],
    [
      "a fault that passes rejects an occurrence",
      "if (mayRetry && (isTemporary(error) || MAY_PASS.includes(error.kind) ||",
      "if ((false ||",
    ],
    ["a server that is lost rejects an occurrence", "|| await isServerLost(deps.client, signal)", ""],
  ]),
  ...inFile("lib/scheduler/open_runs.ts", TICK, [
    [
      "an occurrence with secrets is rejected if its first request does not arrive",
      "await withSecrets(context, first) : batch",
      "batch : batch",
    ],
    ["an occurrence is sent with other secrets than it was stored with", "=== request.inputsHash", "!== null"],
  ]),
  ...inFile("lib/scheduler/tick_work.ts", TICK, [
    [
      "an occurrence is skipped because of a run whose state is unknown",
      "isUnknown && await mayWait() ?",
      "false ?",
    ],
    [
      "an occurrence of a newer deployment is dropped",
      'return await mayWait() ? "waiting"',
      'return false ? "waiting"',
    ],
    ["a fault from before a queue counts after it", "await keepFailing(kv, lock, occurrence, undefined);", ""],
  ]),
  ...inFile("lib/scheduler/report_occurrences.ts", TICK, [
    ["an end is notified twice", "{ ...submission, origin: { ...origin, isReported: true } }", "submission"],
    [
      "a deadline is notified in each tick",
      "{ ...submission, origin: { ...origin, isDeadlineReported: true } }",
      "submission",
    ],
  ]),
  ...inFile("lib/scheduler/scheduler_store.ts", ["tests/scheduler/scheduler_store_test.ts", ...TICK], [
    ["two ticks acquire the lock", "kv.atomic().check(...read.slice(0, 1)).set(LOCK", "kv.atomic().set(LOCK"],
    [
      "a tick releases the lock of another one",
      "kv.atomic().check(lock).set(LOCK, { untilMs: 0 })",
      "kv.atomic().set(LOCK, { untilMs: 0 })",
    ],
    ["a message is sent before its time", 'end: ["outbox", timeKey(nowMs + 1)]', 'end: ["outbox", timeKey(nowMs * 2)]'],
  ]),
  ...inFile("lib/scheduler/notifications.ts", ["tests/scheduler/notifications_test.ts", "tests/scheduler"], [
    [
      "a message for a webhook of a newer deployment is dropped",
      "isFinal ? null : next);",
      "isFinal || hook === undefined ? null : next);",
    ],
    ["an attempt counts that this process ended", 'signal.aborted && signal.reason.name !== "TimeoutError"', "false"],
    ["a webhook's Retry-After is ignored", "&& pauseMs >= waitMs", ""],
    ["webhooks follow redirects", 'redirect: "manual",', ""],
    [
      "a webhook's address is logged",
      "`it could not be reached: ${readNetworkError(error).message}`",
      "String(error) + url",
    ],
    ["an undelivered message is dropped", "isFinal ? null : next", "null"],
    [
      "a delivered message is sent again",
      "const isFinal = isDelivered || pause",
      "const isFinal = pause",
    ],
    ["a webhook without its secret is sent unsigned", '(secret ?? "") === "") return', "false) return"],
    ["a message waits without a deadline", "AbortSignal.any([signal, deadline.signal])", "signal"],
  ]),
  ...inFile("lib/scheduler/advance_suites.ts", SUITES, [
    ["a suite ends with the tick that started it", "if (!outcome.isFinished) return;", ""],
    ["a suite with a failed case completes", 'failed: "failed",', 'failed: "completed",'],
    ["a suite is compared with nothing", "earlier: pointsById(earlier),", "earlier: new Map(),"],
    ["a suite that is replaced runs on", 'if (isCancelled) control.stop("cancelled");', "if (false) {}"],
  ]),
  ...inFile("lib/scheduler/tick_work.ts", SUITES, [
    ["an open suite does not block the next occurrence", "open: [...polled?.open ?? deciding, ...suites]", "open: []"],
  ]),
  ...inFile("lib/suites/execute.ts", SUITES, [
    ["a report shows the secrets of other cases", "options.redact(cases.flatMap(({ secrets }) => secrets));", ""],
  ]),
  ...inFile("lib/suites/attempt.ts", SUITES, [
    [
      "a later tick judges again what is gone by then",
      "const kept = keptIn(ended);",
      "const kept = undefined as ReturnType<typeof keptIn>;",
    ],
  ]),
  ...inFile("lib/runs/batch_ends.ts", SUITES, [
    ["the delay before a retry begins anew with each tick", "+ delayMs - passedMs", "+ delayMs"],
  ]),
  ...inFile("lib/runs/batch.ts", SUITES, [
    ["the limits of a run begin anew with each tick", ", ...observedIn(last) });", " });"],
  ]),
];
