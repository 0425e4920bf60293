/** Whether the ticks come, for whoever keeps watch. */

import { runsOn } from "../lib/schedules/schedule.ts";
import type { Call } from "./http.ts";
import { json, problem } from "./problem.ts";

/** Ticks come every minute: after this long without one something is wrong. */
const STALE_MS = 5 * 60_000;

/** `GET /healthz`: 200 while ticks come, 503 when they stopped; nothing that is anybody else's business. */
export async function health({ cloud }: Call): Promise<Response> {
  const log = await cloud.store.tickLog();
  const keepsSchedules = cloud.schedules.some((schedule) => runsOn(schedule, cloud.timeline));
  const lateMs = log === null ? 0 : cloud.deps.clock.now() - log.startedMs;
  if (!keepsSchedules || lateMs < STALE_MS) return json({ status: "ok" });
  return problem(503, `No tick came for ${Math.round(lateMs / 60_000)} minutes`);
}
