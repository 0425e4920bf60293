/** Whether the ticks come, for whoever keeps watch. */

import { tickLog } from "../scheduler/scheduler_store.ts";
import { runsOn } from "../scheduler/schedule.ts";
import type { Call } from "./call.ts";
import { json, problem } from "./problem.ts";

/** Ticks come every minute: after this long without one something is wrong. */
const STALE_MS = 5 * 60_000;

/** `GET /healthz`: 200 while ticks come, 503 before the first and when they stopped; nothing that is anybody else's business. */
export async function health({ service }: Call): Promise<Response> {
  const log = await tickLog(service.kv);
  const keepsSchedules = service.schedules.some((schedule) => runsOn(schedule, service.timeline));
  if (!keepsSchedules) return json({ status: "ok" });
  // A bell that never rang is as bad as one that stopped.
  if (log === null) return problem(503, "No tick has come yet: a minute after the start the first should");
  const lateMs = service.deps.clock.now() - log.startedMs;
  if (lateMs < STALE_MS) return json({ status: "ok" });
  return problem(503, `No tick came for ${Math.round(lateMs / 60_000)} minutes`);
}
