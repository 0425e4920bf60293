/**
 * Sends a submit once, over its own connection, and classifies the outcome by what is certain. Only the status and the
 * runtime's connection error decide, never the server's wording.
 */

import { BadResponse, type RunnerError, Unavailable } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import { readErrorBody } from "./error_body.ts";
import type { Abortable, SubmitResponse } from "./client.ts";
import type { Http } from "./http.ts";
import type { ExchangeResult } from "./exchange.ts";
import { errorOf, isSuccess, type ResponseReader } from "./request.ts";
import type { Run } from "../run.ts";

export interface SubmitOptions {
  /** Completes "Cannot …", like `submit mpi-hello`. */
  readonly action: string;
  readonly path: string;
  readonly body: JsonObject;
  readonly reader: ResponseReader<Run>;
}

/** Throws only for an abort or a bug. */
export async function submitOnce(http: Http, call: SubmitOptions, { signal }: Abortable): Promise<SubmitResponse> {
  const { action, path, body } = call;
  try {
    const sending = http.send({ action, method: "POST", path, body, connection: "own", signal });
    const [result, read] = await Promise.all([sending, call.reader()]);
    return classify(result, { http, action, read });
  } catch (error) {
    if (error instanceof BadResponse) return ambiguous(error, { isGateway: false });
    throw error;
  }
}

/** Classifies an error that occurred before the submit was sent. */
export function submitNotSent(error: RunnerError): SubmitResponse {
  const isTransient = error.kind === "unreachable" || error.kind === "unavailable" || error.kind === "response_lost" ||
    error.kind === "bad_response";
  if (!isTransient) return { type: "rejected", error, isSlugRefused: false };
  return { type: "not-sent", error, retryAfterMs: error instanceof Unavailable ? error.retryAfterMs : undefined };
}

function classify(
  result: ExchangeResult,
  { http, action, read }: {
    readonly http: Http;
    readonly action: string;
    readonly read: Awaited<ReturnType<ResponseReader<Run>>>;
  },
): SubmitResponse {
  if (result.type === "response" && isSuccess(result.response)) {
    return { type: "accepted", run: read(result.response, action) };
  }
  const error = errorOf(http, result, { action, isSubmit: true });
  if (result.type === "failed") {
    if (result.error.isSent === "no") return { type: "not-sent", error, retryAfterMs: undefined };
    return ambiguous(error, { isGateway: false });
  }
  const { response } = result;
  if (response.status === 429) return submitNotSent(error);
  if (response.status === 409) return { type: "conflict", error };
  if (error.kind === "unavailable") {
    return ambiguous(error, { isGateway: response.status === 502 || response.status === 504 });
  }
  if (error.kind === "bad_response") return ambiguous(error, { isGateway: false });
  return { type: "rejected", error, isSlugRefused: readErrorBody(response.text).pointers.includes("#/slug") };
}

function ambiguous(error: RunnerError, { isGateway }: { readonly isGateway: boolean }): SubmitResponse {
  const uncertain = error instanceof BadResponse
    ? new BadResponse(error.message, { hint: error.hint, cause: error, submitted: "unknown" })
    : error;
  return { type: "ambiguous", error: uncertain, isGateway };
}
