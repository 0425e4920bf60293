/** Interactive sessions: they start in stages after their run and stop with it. */

import type { JsonObject } from "../json.ts";
import { SIMULATED_ORGANIZATION } from "./auth.ts";
import { endMsOf, hasSimulatedRunEnded, simulatedStatusOf } from "./progress.ts";
import { formatServerTime, type SimulatedRun, type SimulatedSession, type SimulatorState } from "./state.ts";

/** Milliseconds since the run's start, as are the following two. */
const STARTING_AFTER_MS = 3_000;
const RUNNING_AFTER_MS = 8_000;
/** A running session is not healthy at first. */
const HEALTHY_AFTER_MS = 25_000;

export function sessionList(state: SimulatorState, user: string, nowMs: number): JsonObject[] {
  return state.runs.filter((run) => run.user === user && !run.isDeleted)
    .flatMap((run) => run.sessions.map((session) => ({ run, session })))
    .filter(({ session }) => !state.closedSessions.has(session.id))
    .map(({ run, session }) => sessionJson(state, { run, session, nowMs }));
}

/** Returns `false` if there is no such session. */
export function closeSession(state: SimulatorState, user: string, name: string): boolean {
  const session = state.runs.filter((run) => run.user === user && !run.isDeleted)
    .flatMap((run) => run.sessions)
    .find((session) => session.name === name && !state.closedSessions.has(session.id));
  if (session === undefined) return false;
  state.closedSessions.add(session.id);
  return true;
}

function sessionJson(
  state: SimulatorState,
  { run, session, nowMs }: { readonly run: SimulatedRun; readonly session: SimulatedSession; readonly nowMs: number },
): JsonObject {
  const ageMs = nowMs - run.createdAtMs;
  const isEnded = hasSimulatedRunEnded(run, nowMs);
  const status = isEnded
    ? "stopped"
    : ageMs < STARTING_AFTER_MS
    ? "creating"
    : ageMs < RUNNING_AFTER_MS
    ? "starting"
    : "running";
  const href = `/me/session/${run.user}/${session.name}/`;
  return {
    id: session.id,
    name: session.name,
    slug: session.name.toLowerCase().replace(/[^a-z0-9-]/g, "-"),
    type: session.type,
    user: run.user,
    favorite: false,
    status,
    healthy: status === "running" && ageMs >= HEALTHY_AFTER_MS,
    createdAt: formatServerTime(state, run.createdAtMs),
    ...(isEnded ? { stoppedAt: formatServerTime(state, endMsOf(run)) } : {}),
    ...(status === "running" ? { externalHref: href, internalHref: `/pw${href}` } : {}),
    remoteHost: "192.0.2.10",
    remotePort: 8888,
    localPort: 40_000 + run.number,
    targetName: "a30gpuserver",
    targetType: "existing",
    workflowRun: {
      id: run.id,
      slug: run.slug,
      number: run.number,
      name: run.workflow ?? "inline",
      type: "workflow",
      status: simulatedStatusOf(run, nowMs),
      ...(run.displayName === null ? {} : { displayName: run.displayName }),
    },
    // The contract does not declare it, but the platform sends it.
    namespace: `${SIMULATED_ORGANIZATION}/${run.user}`,
  };
}
