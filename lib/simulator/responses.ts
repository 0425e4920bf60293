/** Responses, and the check of a body, which may be one. Error responses follow the `errorBody` behavior option. */

import { isObject, type Json, type JsonObject } from "../json.ts";

/** @param value JSON, or the text of another content type; `undefined` for a response without a body. */
export function responseOf(value: unknown, contentType = JSON_TYPE): Response {
  if (value === undefined) return new Response(null, { status: 204 });
  const body = contentType === JSON_TYPE ? JSON.stringify(value) : String(value);
  return new Response(body, { headers: { "content-type": contentType } });
}

const JSON_TYPE = "application/json";

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
  override readonly name = "HttpError";
  readonly code: string;

  constructor(readonly status: number, message: string, readonly options: HttpErrorOptions = {}) {
    super(message);
    this.code = options.code ?? STATUSES.get(status)?.code ?? (status < 500 ? "invalid_request" : "internal");
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

export function queryError(parameter: string, code: string, detail: string): FieldError {
  return { code, detail, parameter, in: "query" };
}

/** The 422 response to a body or query that violates the contract. It lists every invalid field. */
export function invalidRequest(fields: readonly FieldError[]): HttpError {
  return new HttpError(422, "The request is not valid", { fields });
}

/** Problem details (RFC 9457) if `isProblem`, the platform's error envelope otherwise. */
export function errorResponse(error: HttpError, { isProblem, path }: { isProblem: boolean; path: string }): Response {
  const { status, code, message, options: { fields = [], headers, params } } = error;
  const typeOf = (code: string) => `/problems/activate/${code}`;
  const errors = fields.length === 0
    ? undefined
    : fields.map((field) =>
      isProblem
        ? { type: typeOf(field.code), ...field }
        : `${"pointer" in field ? field.pointer : field.parameter}: ${field.detail}`
    );
  const title = STATUSES.get(status)?.title ?? "Error";
  const body = isProblem
    ? { type: typeOf(code), title, status, detail: message, code, instance: path, params, errors }
    : { error: true, message, code, params, errors };
  const contentType = isProblem ? "application/problem+json" : JSON_TYPE;
  return new Response(JSON.stringify(body), { status, headers: { "content-type": contentType, ...headers } });
}

export interface BodyField {
  readonly type: keyof typeof HAS_TYPE;
  readonly isRequired?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: RegExp;
  readonly oneOf?: readonly string[];
}

/** Several fields that are alike. */
export function fieldsOf(field: BodyField, names: readonly string[]): Record<string, BodyField> {
  return Object.fromEntries(names.map((name) => [name, field]));
}

/** Throws an HttpError (422) that lists every invalid or unknown member. */
export function checkBody(body: unknown, fields: Readonly<Record<string, BodyField>>): JsonObject {
  if (!isObject(body)) throw invalidRequest([{ code: "type", detail: "expected an object", pointer: "#" }]);
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(fields, name)).map((name): FieldError => ({
    code: "unexpected_property",
    detail: "unexpected property",
    pointer: pointerTo(name),
  }));
  const problems = Object.entries(fields).flatMap(([name, field]): FieldError[] => {
    const problem = Object.hasOwn(body, name) ? problemOf(body[name], field) : field.isRequired ? REQUIRED : null;
    return problem === null ? [] : [{ ...problem, pointer: pointerTo(name) }];
  });
  const all = [...unknown, ...problems];
  if (all.length > 0) throw invalidRequest(all);
  return body;
}

function pointerTo(name: string): string {
  return `#/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

type FieldProblem = Pick<FieldError, "code" | "detail">;

const REQUIRED: FieldProblem = { code: "required", detail: "expected this property to be present" };

function problemOf(value: Json | undefined, field: BodyField): FieldProblem | null {
  const { type, minLength = 0, maxLength = Infinity, pattern, oneOf } = field;
  if (!HAS_TYPE[type](value)) return { code: "type", detail: `expected ${type}` };
  if (typeof value !== "string") return null;
  if (value.length < minLength) return { code: "min_length", detail: `expected length >= ${minLength}` };
  if (value.length > maxLength) return { code: "max_length", detail: `expected length <= ${maxLength}` };
  if (pattern?.test(value) === false) return { code: "pattern", detail: `expected string to match ${pattern.source}` };
  if (oneOf !== undefined && !oneOf.includes(value)) {
    return { code: "enum", detail: `expected one of ${oneOf.join(", ")}` };
  }
  return null;
}

const isString = (value: Json | undefined) => typeof value === "string";
const HAS_TYPE = {
  object: isObject,
  "object of strings": (value: Json | undefined) => isObject(value) && Object.values(value).every(isString),
  "array of strings": (value: Json | undefined) => value === null || (Array.isArray(value) && value.every(isString)),
  string: isString,
  boolean: (value: Json | undefined) => typeof value === "boolean",
};
