/** The status of a user's workspace. */

import type { SimulatorState } from "./state.ts";

const START_MS = 30_000;

/** In the platform's terms. */
export function workspaceStatus(state: SimulatorState, user: string, nowMs: number): string {
  const { workspace } = state.behavior();
  const restartedAtMs = state.workspaceRestarts.get(user);
  if (restartedAtMs === undefined) return workspace;
  if (nowMs - restartedAtMs >= START_MS) return "Running";
  return workspace === "Running" ? "Restarting" : "Starting";
}
