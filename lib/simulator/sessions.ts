/** Interactive sessions: they start in stages after their run and stop with it. */

import type { JsonObject } from "../json.ts";
import { SIMULATED_ORGANIZATION } from "./auth.ts";
import { endMsOf, hasSimulatedRunEnded, simulatedStatusOf } from "./progress.ts";
import { newId } from "./id.ts";
import { textOf } from "./shape.ts";
import {
  type CreatedSession,
  formatServerTime,
  type SimulatedRun,
  type SimulatedSession,
  type SimulatorState,
} from "./state.ts";

/** Milliseconds since the run's start, as are the following two. */
const STARTING_AFTER_MS = 3_000;
const RUNNING_AFTER_MS = 8_000;
/** A running session is not healthy at first. */
const HEALTHY_AFTER_MS = 25_000;

export function sessionList(state: SimulatorState, user: string, nowMs: number): JsonObject[] {
  return [...runSessions(state, user, nowMs), ...createdSessions(state, user, nowMs)];
}

/** A session that no run started: it runs until it is deleted. */
export function createSession(state: SimulatorState, user: string, fields: JsonObject): JsonObject {
  const createdAtMs = state.clock.now();
  const id = newId(createdAtMs, state.random);
  const name = textOf(fields["name"]) ?? `session_${id.slice(-6)}`;
  state.createdSessions.push({ user, fields: { ...fields, id, name }, createdAtMs });
  return createdSessions(state, user, createdAtMs).at(-1) ?? {};
}

function createdSessions(state: SimulatorState, user: string, nowMs: number): JsonObject[] {
  return state.createdSessions.filter((session) => session.user === user && !state.closedSessions.has(idOf(session)))
    .map((session) => ({
      ...session.fields,
      slug: slugOf(String(session.fields["name"])),
      user,
      favorite: false,
      createdAt: formatServerTime(state, session.createdAtMs),
      ...progressOf(nowMs - (state.sessionRestarts.get(idOf(session)) ?? session.createdAtMs), {
        user,
        name: String(session.fields["name"]),
      }),
      namespace: `${SIMULATED_ORGANIZATION}/${user}`,
    }));
}

function idOf({ fields }: CreatedSession): string {
  return String(fields["id"]);
}

function runSessions(state: SimulatorState, user: string, nowMs: number): JsonObject[] {
  return state.runs.filter((run) => run.user === user && !run.isDeleted)
    .flatMap((run) => run.sessions.map((session) => ({ run, session })))
    .filter(({ session }) => !state.closedSessions.has(session.id))
    .map(({ run, session }) => sessionJson(state, { run, session, nowMs }));
}

function sessionJson(
  state: SimulatorState,
  { run, session, nowMs }: { readonly run: SimulatedRun; readonly session: SimulatedSession; readonly nowMs: number },
): JsonObject {
  const ageMs = nowMs - (state.sessionRestarts.get(session.id) ?? run.createdAtMs);
  const isEnded = hasSimulatedRunEnded(run, nowMs);
  return {
    id: session.id,
    name: session.name,
    slug: slugOf(session.name),
    type: session.type,
    user: run.user,
    favorite: false,
    ...(isEnded ? { status: "stopped", healthy: false } : progressOf(ageMs, { user: run.user, name: session.name })),
    createdAt: formatServerTime(state, run.createdAtMs),
    ...(isEnded ? { stoppedAt: formatServerTime(state, endMsOf(run)) } : {}),
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

function progressOf(ageMs: number, { user, name }: { readonly user: string; readonly name: string }): JsonObject {
  if (ageMs < RUNNING_AFTER_MS) return { status: ageMs < STARTING_AFTER_MS ? "creating" : "starting", healthy: false };
  const href = `/me/session/${user}/${name}/`;
  return { status: "running", healthy: ageMs >= HEALTHY_AFTER_MS, externalHref: href, internalHref: `/pw${href}` };
}

function slugOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9-]/g, "-");
}
