/** Whether ticks come and work: one judgement, for `GET /healthz` and for the status page. */

import { readTickLog, type TickLog } from "../scheduler/scheduler_store.ts";
import type { Service } from "../scheduler/service.ts";
import { isAnythingOpen } from "../scheduler/tick.ts";
import { RunnerError } from "../errors.ts";
import type { RouteHost } from "./route_context.ts";
import { jsonResponse, problemResponse } from "./problem.ts";

/** Ticks come every minute: a longer gap is a failure. */
const STALE_MS = 5 * 60_000;

/** Shown to anyone and on the page. */
export const NO_TICK_YET = "No tick yet: the first one is due within a minute of startup";

/** Of the last tick: also of one of this process whose log the store did not take. */
export async function readLastTick(
  { kv, ownTick: { failed } }: Pick<Service, "kv" | "ownTick">,
): Promise<TickLog | null> {
  const stored = await readTickLog(kv);
  if (failed === null || failed.startedMs <= (stored?.startedMs ?? -Infinity)) return stored;
  return { ...failed, missed: stored?.missed ?? 0 };
}

/** Not where no schedule is enabled and nothing is open. */
export async function needsTicks(service: Service): Promise<boolean> {
  const { deps, schedules, timeline } = service;
  return schedules.some(({ timelines }) => timelines.includes(timeline)) ||
    await isAnythingOpen(service, deps.clock.now());
}

/** @returns `null` when all is well: also where no ticks are needed. */
export function tickProblemOf(
  { ticks, needsTicks, nowMs }: {
    readonly ticks: Pick<TickLog, "startedMs" | "error"> | null;
    readonly needsTicks: boolean;
    readonly nowMs: number;
  },
) {
  if (!needsTicks) return null;
  // A cron trigger that never fired is as bad as one that stopped.
  if (ticks === null) return { type: "none-yet" } as const;
  const lateMs = nowMs - ticks.startedMs;
  if (lateMs >= STALE_MS) return { type: "late", lastMs: ticks.startedMs, lateMs } as const;
  // The error may name hosts, workflows and inputs: it is for authorized clients only.
  return ticks.error === null ? null : { type: "failed", error: ticks.error } as const;
}

/**
 * `GET /healthz`: 200 while ticks come and work; 503 before the first one, after they stop and when the last one failed.
 * It needs no key, so it exposes nothing else.
 */
export async function checkHealth({ open, log }: Pick<RouteHost, "open" | "log">): Promise<Response> {
  let problem: ReturnType<typeof tickProblemOf>;
  try {
    const service = await open();
    problem = tickProblemOf({
      ticks: await readLastTick(service),
      needsTicks: await needsTicks(service),
      nowMs: service.deps.clock.now(),
    });
  } catch (error) {
    // The message may name files and hosts.
    if (error instanceof RunnerError) return problemResponse(503, "Not ready: the status page shows why");
    log("ERROR", `GET /healthz failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
    return problemResponse(500, "Internal error in pw-workflow-runner");
  }
  if (problem === null) return jsonResponse({ status: "ok" });
  if (problem.type === "none-yet") return problemResponse(503, NO_TICK_YET);
  if (problem.type === "failed") return problemResponse(503, "The last tick failed: the status page shows why");
  return problemResponse(503, `No tick for ${Math.round(problem.lateMs / 60_000)} minutes`);
}
