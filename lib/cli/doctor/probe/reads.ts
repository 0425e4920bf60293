/** What reading alone tells about a platform. */

import { NotFound } from "../../../errors.ts";
import { newCorrelationTag } from "../../../runs/slug.ts";
import { type Caller, member, type Reply, textOf } from "./exchange.ts";
import type { PlatformProfile } from "./profile.ts";
import { type Basics, type ContactDeps, type ContactOptions, type Found, RUNS, runsOf } from "./trial.ts";

/** @throws NotFound when there is no such workflow. */
export async function tryReads(
  { clock, random, tell }: ContactDeps,
  ask: Caller,
  options: ContactOptions,
): Promise<Basics> {
  const health = await ask.get("/healthzz");
  const serverMs = Date.parse(health.headers.get("date") ?? "");
  const clockSkewMs = Number.isFinite(serverMs) ? Math.round((serverMs - clock.now()) / 1_000) * 1_000 : null;
  tell("clock", clockSkewMs === null ? "not told" : `${clockSkewMs / 1_000} s ahead`);

  const named = await ask.get(`/api/workflows/${encodeURIComponent(options.workflow)}`);
  if (named.status !== 200) {
    throw new NotFound(`Cannot try the platform with ${options.workflow}: it answers ${named.status}`, {
      hint: "Name a harmless workflow of your account: --workflow NAME",
    });
  }
  const isFlat = (await ask.get(`${RUNS}?limit=1`)).status === 200;
  tell("routes", isFlat ? "the current ones" : "the older ones");

  const nobody = `no-such-${newCorrelationTag(random)}`;
  const unknownRun = await ask.get(isFlat ? `${RUNS}/${nobody}` : `/api/workflows/${nobody}/runs/1`);
  const unknownWorkflow = await ask.get(`/api/workflows/${nobody}`);
  const malformedSubmit = await ask.post(
    isFlat ? RUNS : `/api/workflows/${encodeURIComponent(options.workflow)}/runs`,
    isFlat ? { workflow: nobody, inputs: "not an object" } : { inputs: "not an object" },
  );
  const errors = {
    unknownRun: unknownRun.status,
    unknownWorkflow: unknownWorkflow.status,
    malformedSubmit: malformedSubmit.status,
  };
  tell("errors", Object.entries(errors).map(([name, status]) => `${name} ${status}`).join(", "));
  const workspace = textOf((await ask.get("/api/user-workspace/status")).body, "status");
  tell("workspace", workspace ?? "not told");
  return { clockSkewMs, isFlat, errors, errorBody: errorBodyOf(unknownWorkflow), workspace };
}

function errorBodyOf({ isProblem, body }: Reply): PlatformProfile["errorBody"] {
  if (isProblem) return "problem";
  return member(body, "error") === true ? "envelope" : "other";
}

export const WANTED_LIMIT = 1_000;

export async function tryList(ask: Caller): Promise<Pick<Found, "listOrder" | "maxLimit">> {
  const reply = await ask.get(`${RUNS}?limit=${WANTED_LIMIT}`);
  const runs = runsOf(reply);
  const total = member(reply.body, "total");
  const times = runs.map((run) => Date.parse(textOf(run, "createdAt") ?? ""));
  const [first = NaN, last = NaN] = [times[0], times.at(-1)];
  return {
    listOrder: first > last ? "newest" : first < last ? "oldest" : null,
    maxLimit: typeof total === "number" && runs.length < total ? runs.length : null,
  };
}
