/** Responses as plain values. Error responses follow the `errorBody` behavior option. */

import type { JsonObject } from "../json.ts";

export interface SimulatedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `null`: no body. */
  readonly body: string | null;
}

export function jsonResponse(value: unknown, status = 200): SimulatedResponse {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

export function rawResponse(text: string, contentType: string): SimulatedResponse {
  return { status: 200, headers: { "content-type": contentType }, body: text };
}

export const noContentResponse: SimulatedResponse = { status: 204, headers: {}, body: null };

/** A validation error of one field: its stable code, its message and its location. */
export type FieldError =
  & { readonly code: string; readonly detail: string }
  & ({ readonly pointer: string } | { readonly parameter: string; readonly in: "path" | "query" });

export interface HttpErrorOptions {
  /** A stable code; the default depends on the status. */
  readonly code?: string;
  readonly fields?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly params?: JsonObject;
}

/** A handler throws it to respond with an error. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;
  readonly params: JsonObject | undefined;

  constructor(status: number, message: string, { code, fields = [], headers = {}, params }: HttpErrorOptions = {}) {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.code = code ?? STATUSES.get(status)?.code ?? (status < 500 ? "invalid_request" : "internal");
    this.fields = fields;
    this.headers = headers;
    this.params = params;
  }
}

/** With the contract's default codes. */
const STATUSES: ReadonlyMap<number, { readonly title: string; readonly code?: string }> = new Map([
  [400, { title: "Bad Request" }],
  [401, { title: "Unauthorized", code: "unauthenticated" }],
  [403, { title: "Forbidden", code: "forbidden" }],
  [404, { title: "Not Found", code: "not_found" }],
  [405, { title: "Method Not Allowed" }],
  [409, { title: "Conflict", code: "conflict" }],
  [422, { title: "Unprocessable Entity", code: "validation" }],
  [429, { title: "Too Many Requests", code: "rate_limited" }],
  [500, { title: "Internal Server Error" }],
  [502, { title: "Bad Gateway" }],
  [503, { title: "Service Unavailable", code: "unavailable" }],
  [504, { title: "Gateway Timeout" }],
]);

/** The 422 response to a body or query that violates the contract. It lists every invalid field. */
export function invalidRequest(fields: readonly FieldError[]): HttpError {
  return new HttpError(422, "The request is not valid", { fields });
}

/** Problem details (RFC 9457) if `isProblem`, the platform's error envelope otherwise. */
export function errorResponse(
  error: HttpError,
  { isProblem, path }: { isProblem: boolean; path: string },
): SimulatedResponse {
  const { status, code, message, fields, headers } = error;
  const params = error.params === undefined ? {} : { params: error.params };
  if (!isProblem) {
    const errors = fields.map((field) => `${"pointer" in field ? field.pointer : field.parameter}: ${field.detail}`);
    const envelope = { error: true, message, code, ...params, ...(errors.length > 0 ? { errors } : {}) };
    return { ...jsonResponse(envelope, status), headers: { "content-type": "application/json", ...headers } };
  }
  const problem = {
    type: `/problems/activate/${code}`,
    title: STATUSES.get(status)?.title ?? "Error",
    status,
    detail: message,
    code,
    instance: path,
    ...params,
    ...(fields.length > 0
      ? { errors: fields.map((field) => ({ type: `/problems/activate/${field.code}`, ...field })) }
      : {}),
  };
  return { ...jsonResponse(problem, status), headers: { "content-type": "application/problem+json", ...headers } };
}
