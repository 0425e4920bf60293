/** What goes back: answers as plain values, and refusals, which look the way the server's switches want them to. */

import type { JsonObject } from "../json.ts";

/** An answer before it is sent. A body of `null` is none at all. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export function json(value: unknown, status = 200): Answer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

export function raw(text: string, contentType: string): Answer {
  return { status: 200, headers: { "content-type": contentType }, body: text };
}

export const noContent: Answer = { status: 204, headers: {}, body: null };

/** One thing wrong with a request: where it is, its stable code and words. */
export type FieldFault =
  & { readonly code: string; readonly detail: string }
  & ({ readonly pointer: string } | { readonly parameter: string; readonly in: "path" | "query" });

export interface RefusalOptions {
  /** The stable code; by default the status has one. */
  readonly code?: string;
  readonly fields?: readonly FieldFault[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly params?: JsonObject;
}

/** The request is turned down. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: readonly FieldFault[];
  readonly headers: Readonly<Record<string, string>>;
  readonly params: JsonObject | undefined;

  constructor(status: number, message: string, { code, fields = [], headers = {}, params }: RefusalOptions = {}) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.code = code ?? CODE_OF_STATUS.get(status) ?? (status < 500 ? "invalid_request" : "internal");
    this.fields = fields;
    this.headers = headers;
    this.params = params;
  }
}

/** The contract's codes for an answer that names none. */
const CODE_OF_STATUS: ReadonlyMap<number, string> = new Map([
  [401, "unauthenticated"],
  [403, "forbidden"],
  [404, "not_found"],
  [409, "conflict"],
  [422, "validation"],
  [429, "rate_limited"],
  [503, "unavailable"],
]);

/** A body or a query that breaks the contract: 422 with every field that is wrong. */
export function invalid(fields: readonly FieldFault[]): Refusal {
  return new Refusal(422, "The request is not valid", { fields });
}

/** The default envelope, or RFC 9457 where the server speaks it and the client reads it. */
export function refusalAnswer(refusal: Refusal, { isProblem, path }: { isProblem: boolean; path: string }): Answer {
  const { status, code, message, fields, headers } = refusal;
  const params = refusal.params === undefined ? {} : { params: refusal.params };
  if (!isProblem) {
    const errors = fields.map((field) => `${"pointer" in field ? field.pointer : field.parameter}: ${field.detail}`);
    const envelope = { error: true, message, code, ...params, ...(errors.length > 0 ? { errors } : {}) };
    return { ...json(envelope, status), headers: { "content-type": "application/json", ...headers } };
  }
  const problem = {
    type: `/problems/activate/${code}`,
    title: TITLE_OF_STATUS.get(status) ?? "Error",
    status,
    detail: message,
    code,
    instance: path,
    ...params,
    ...(fields.length > 0
      ? { errors: fields.map((field) => ({ type: `/problems/activate/${field.code}`, ...field })) }
      : {}),
  };
  return { ...json(problem, status), headers: { "content-type": "application/problem+json", ...headers } };
}

const TITLE_OF_STATUS: ReadonlyMap<number, string> = new Map([
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [409, "Conflict"],
  [422, "Unprocessable Entity"],
  [429, "Too Many Requests"],
  [500, "Internal Server Error"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
]);
