/**
 * One submit: sent once, over a connection of its own, never again. How it ended is told by what is certain about it:
 * statuses and the runtime's word for "no connection" decide, never a server's wording.
 */

import { BadResponse, type RunnerError, Unavailable } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import { errorOfAnswer, errorOfFailure, waitAskedFor } from "./response_error.ts";
import { readErrorBody } from "./error_body.ts";
import type { Abortable, SubmitResponse } from "./client.ts";
import type { Answer, Http, Outcome } from "./http.ts";
import type { StartedRun } from "./run_schema.ts";

export interface SubmitCall {
  /** As in "Cannot submit mpi-hello". */
  readonly act: string;
  readonly path: string;
  readonly body: JsonObject;
  /** Loads what reads the answer, while it is on its way. */
  readonly reader: () => Promise<(answer: Answer, act: string) => StartedRun>;
}

/** Throws for an abort or a defect alone. */
export async function submitOnce(http: Http, call: SubmitCall, { signal }: Abortable): Promise<SubmitResponse> {
  const { act, path, body } = call;
  try {
    const sending = http.send({ act, method: "POST", path, body, connection: "own", signal });
    const [outcome, read] = await Promise.all([sending, call.reader()]);
    return judge(outcome, { http, act, read });
  } catch (error) {
    if (error instanceof BadResponse) return ambiguous(error, { isGateway: false });
    throw error;
  }
}

/** What is certain when the submit could not even be addressed: nothing was sent. */
export function unaddressed(error: RunnerError): SubmitResponse {
  const isPassing = error.kind === "unreachable" || error.kind === "unavailable" || error.kind === "response_lost" ||
    error.kind === "bad_response";
  if (!isPassing) return { type: "rejected", error, isSlugRefused: false };
  return { type: "not-sent", error, retryAfterMs: error instanceof Unavailable ? error.retryAfterMs : undefined };
}

function judge(
  outcome: Outcome,
  { http, act, read }: {
    readonly http: Http;
    readonly act: string;
    readonly read: (answer: Answer, act: string) => StartedRun;
  },
): SubmitResponse {
  const context = { act, baseUrl: http.baseUrl, nowMs: http.clock.now(), isSubmit: true };
  if (outcome.type === "failed") {
    const error = errorOfFailure(outcome, context);
    if (outcome.error.isSent === "no") return { type: "not-sent", error, retryAfterMs: undefined };
    return ambiguous(error, { isGateway: false });
  }
  const { answer } = outcome;
  if (answer.status >= 200 && answer.status < 300) return { type: "accepted", ...read(answer, act) };

  const error = errorOfAnswer(answer, context);
  const retryAfterMs = waitAskedFor(answer.headers, context.nowMs);
  if (answer.status === 429) return { type: "not-sent", error, retryAfterMs };
  if (answer.status === 409) return { type: "conflict", error, retryAfterMs };
  if (error.kind === "unavailable") {
    return ambiguous(error, { retryAfterMs, isGateway: answer.status === 502 || answer.status === 504 });
  }
  if (error.kind === "bad_response") return ambiguous(error, { retryAfterMs, isGateway: false });
  return { type: "rejected", error, isSlugRefused: readErrorBody(answer.text).pointers.includes("#/slug") };
}

function ambiguous(
  error: RunnerError,
  { retryAfterMs, isGateway }: { readonly retryAfterMs?: number | undefined; readonly isGateway: boolean },
): SubmitResponse {
  const told = error instanceof BadResponse
    ? new BadResponse(error.message, { hint: error.hint, cause: error, submitted: "unknown" })
    : error;
  return { type: "ambiguous", error: told, retryAfterMs, isGateway };
}
