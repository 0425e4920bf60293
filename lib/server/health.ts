import { readTickLog } from "../scheduler/scheduler_store.ts";
import { runsOnTimeline } from "../scheduler/schedule.ts";
import type { RouteContext } from "./route_context.ts";
import { jsonResponse, problemResponse } from "./problem.ts";

/** Ticks come every minute: a longer gap is a failure. */
const STALE_MS = 5 * 60_000;

/**
 * `GET /healthz`: 200 while ticks come; 503 before the first one and after they stop. It needs no key, so it exposes
 * nothing else.
 */
export async function checkHealth({ service }: RouteContext): Promise<Response> {
  const log = await readTickLog(service.kv);
  const hasEnabledSchedules = service.schedules.some((schedule) => runsOnTimeline(schedule, service.timeline));
  if (!hasEnabledSchedules) return jsonResponse({ status: "ok" });
  // A cron trigger that never fired is as bad as one that stopped.
  if (log === null) return problemResponse(503, "No tick yet: the first one is due within a minute of startup");
  const lateMs = service.deps.clock.now() - log.startedMs;
  if (lateMs < STALE_MS) return jsonResponse({ status: "ok" });
  return problemResponse(503, `No tick for ${Math.round(lateMs / 60_000)} minutes`);
}
