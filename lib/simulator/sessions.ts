/** Interactive sessions: they start in stages after their run and stop with it. */

import { newId } from "./shape.ts";
import type { JsonObject } from "../json.ts";
import { SIMULATED_ORGANIZATION } from "./auth.ts";
import { endMsOf, hasSimulatedRunEnded, simulatedStatusOf } from "./progress.ts";
import { formatServerTime, type SimulatedRun, type SimulatedSession, type SimulatorState } from "./state.ts";

/** Milliseconds since the run's start, as are the following two. */
const STARTING_AFTER_MS = 3_000;
const RUNNING_AFTER_MS = 8_000;
/** A running session is not healthy at first. */
const HEALTHY_AFTER_MS = 25_000;

export function newSession(
  { random }: SimulatorState,
  given: Pick<SimulatedSession, "type" | "user" | "createdAtMs"> & Partial<SimulatedSession>,
): SimulatedSession {
  const id = newId(given.createdAtMs, random);
  const defaults = { name: `session_${id.slice(-6)}`, isRedirect: false, fields: {} };
  return { id, ...defaults, ...given, restartedAtMs: null, isDeleted: false };
}

/** Sessions that were not deleted, each with the run that started it: `null` for one that a request created. */
export function openSessions({ runs, createdSessions }: SimulatorState, user: string) {
  const ofRuns = runs.filter((run) => !run.isDeleted).flatMap((run) =>
    run.sessions.map((session) => ({ session, run }))
  );
  const all = [...ofRuns, ...createdSessions.map((session) => ({ session, run: null }))];
  return all.filter(({ session }) => session.user === user && !session.isDeleted);
}

export function sessionJson(
  state: SimulatorState,
  { session, run }: ReturnType<typeof openSessions>[number],
  nowMs: number,
): JsonObject {
  const { id, name, type, user, fields, createdAtMs, restartedAtMs } = session;
  const isEnded = run !== null && hasSimulatedRunEnded(run, nowMs);
  return {
    ...fields,
    id,
    name,
    slug: name.toLowerCase().replace(/[^a-z0-9-]/g, "-"),
    type,
    user,
    favorite: false,
    createdAt: formatServerTime(state, createdAtMs),
    ...(isEnded
      ? { status: "stopped", healthy: false, stoppedAt: formatServerTime(state, endMsOf(run)) }
      : progressOf(nowMs - (restartedAtMs ?? createdAtMs), `/me/session/${user}/${name}/`)),
    ...(run === null ? {} : factsOfRun(run, nowMs)),
    // The contract does not declare it, but the platform sends it.
    namespace: `${SIMULATED_ORGANIZATION}/${user}`,
  };
}

function progressOf(ageMs: number, href: string): JsonObject {
  if (ageMs < RUNNING_AFTER_MS) return { status: ageMs < STARTING_AFTER_MS ? "creating" : "starting", healthy: false };
  return { status: "running", healthy: ageMs >= HEALTHY_AFTER_MS, externalHref: href, internalHref: `/pw${href}` };
}

function factsOfRun(run: SimulatedRun, nowMs: number): JsonObject {
  return {
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
  };
}
