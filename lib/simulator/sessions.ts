/** Interactive sessions: they come up in stages after their run has begun, and stop with it. */

import type { JsonObject } from "../json.ts";
import { ORGANIZATION } from "./auth.ts";
import { endMsOf, hasEnded, statusOf } from "./progress.ts";
import { type RunSession, type SimulatedRun, type SimulatorState, timeText } from "./state.ts";

/** Since the run began, milliseconds. */
const STARTING_AFTER_MS = 3_000;
const RUNNING_AFTER_MS = 8_000;
/** A session that runs is not ready yet: its first health checks fail. */
const HEALTHY_AFTER_MS = 25_000;

export function sessionList(world: SimulatorState, user: string, nowMs: number): JsonObject[] {
  return world.runs.filter((run) => run.user === user && !run.isDeleted)
    .flatMap((run) => run.sessions.map((session) => ({ run, session })))
    .filter(({ session }) => !world.closedSessions.has(session.id))
    .map(({ run, session }) => sessionJson(world, { run, session, nowMs }));
}

/** Ends the session; `false` when there is none of that name. */
export function closeSession(world: SimulatorState, user: string, name: string): boolean {
  const session = world.runs.filter((run) => run.user === user && !run.isDeleted)
    .flatMap((run) => run.sessions)
    .find((session) => session.name === name && !world.closedSessions.has(session.id));
  if (session === undefined) return false;
  world.closedSessions.add(session.id);
  return true;
}

function sessionJson(
  world: SimulatorState,
  { run, session, nowMs }: { readonly run: SimulatedRun; readonly session: RunSession; readonly nowMs: number },
): JsonObject {
  const ageMs = nowMs - run.createdAtMs;
  const isEnded = hasEnded(run, nowMs);
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
    createdAt: timeText(world, run.createdAtMs),
    ...(isEnded ? { stoppedAt: timeText(world, endMsOf(run)) } : {}),
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
      status: statusOf(run, nowMs),
      ...(run.displayName === null ? {} : { displayName: run.displayName }),
    },
    // Undeclared in the contract, and sent all the same.
    namespace: `${ORGANIZATION}/${run.user}`,
  };
}
