/** What a host tells about itself and the user's workspace: asked once, never again, by whoever looks for what is wrong. */

import { looseObject, nullish, number, string } from "../deps/zod.ts";
import { errorOfAnswer, errorOfFailure } from "./response_error.ts";
import { ask, askOr } from "./request.ts";
import type { Abortable } from "./client.ts";
import type { Http } from "./http.ts";
import { readRawText } from "./raw_text.ts";
import { httpDateMs } from "./retry.ts";
import { readShape, said } from "./schema.ts";

export interface Health {
  /** `unknown`: it answers, but has no such route. `foreign`: something answers that does not speak as the platform does. */
  readonly state: "well" | "unknown" | "foreign";
  /** From the request to the whole answer. */
  readonly elapsedMs: number;
  /** How far the host's clock is ahead of ours, to a second or so; `null` when its answer shows none. */
  readonly clockAheadMs: number | null;
}

/** The contract's WorkspaceStatus. */
export interface WorkspaceStatus {
  /** Off, Starting, Running, Stopped, Pulling, Terminating, Restarting, Paused, Failed, Unknown, or a newer word. */
  readonly status: string;
  readonly details: string | null;
  readonly home: { readonly sizeBytes: number; readonly availableBytes: number } | null;
}

const HEALTH = "/healthzz";
const WELL = "OK";

/** @throws Unreachable, ResponseLost, Unavailable, Rejected or BadResponse when it is not well. */
export async function askHealth(http: Http, { signal }: Abortable): Promise<Health> {
  const act = `reach ${http.baseUrl}`;
  const sentAtMs = http.clock.now();
  const outcome = await http.send({ act, method: "GET", path: HEALTH, connection: "shared", signal });
  const nowMs = http.clock.now();
  const context = { act, baseUrl: http.baseUrl, nowMs };
  if (outcome.type === "failed") throw errorOfFailure(outcome, context);
  const { answer } = outcome;
  const isMissing = answer.status === 404 || answer.status === 405;
  if (!isMissing && (answer.status < 200 || answer.status > 299)) throw errorOfAnswer(answer, context);
  const dateMs = httpDateMs(answer.headers.get("date"));
  return {
    state: isMissing ? "unknown" : readRawText(answer).trim() === WELL ? "well" : "foreign",
    elapsedMs: nowMs - sentAtMs,
    // The header knows no parts of a second: it says the middle of one, seen in the middle of the exchange.
    clockAheadMs: dateMs === undefined ? null : dateMs + 500 - (sentAtMs + nowMs) / 2,
  };
}

/** @returns `null` when the server has no such route. */
export async function askWorkspace(http: Http, { signal }: Abortable): Promise<WorkspaceStatus | null> {
  const act = "ask how the workspace is";
  return await askOr(null, ["not_found", "unsupported"], async () => {
    const answer = await ask(http, { act, path: "/api/user-workspace/status", signal, retry: "none" });
    const { status, details, homeStorage } = readShape(WORKSPACE, answer, act);
    const home = homeStorage ? { sizeBytes: homeStorage.size, availableBytes: homeStorage.available } : null;
    return { status, details: said(details), home };
  });
}

const WORKSPACE = looseObject({
  status: string(),
  details: nullish(string()),
  homeStorage: nullish(looseObject({ size: number(), available: number() })),
});
