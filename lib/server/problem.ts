/** JSON responses: problem details (RFC 9457), with one table from error kinds to status codes, and successes. */

import { type ErrorKind, InvalidInputs, Rejected, retryAfterOf, RunnerError } from "../errors.ts";
import { SubmissionTooLarge } from "../store/submission_rows.ts";

/** Against caching, framing and cross-origin use of a response. */
export const SECURITY_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** 502: the platform or this server's API key is at fault, not the client. */
const STATUS_OF_KIND = {
  usage: 400,
  invalid_inputs: 422,
  consent_required: 422,
  rejected: 422,
  idempotency_key_conflict: 422,
  not_found: 404,
  unsupported: 501,
  credential_missing: 502,
  credential_malformed: 502,
  credential_refused: 502,
  forbidden: 502,
  bad_response: 502,
  response_lost: 502,
  conflict: 503,
  unreachable: 503,
  unavailable: 503,
  not_submitted: 503,
  storage: 503,
  timeout: 504,
} as const satisfies Record<ErrorKind, number>;

/** Of the statuses (RFC 9110, section 15). */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** In place of hints that name options: those of the API. */
const HINT_OF_KIND: Readonly<Partial<Record<ErrorKind, string>>> = {
  consent_required: 'Grant it with "trust": true in the body',
  idempotency_key_conflict: "Use another Idempotency-Key",
  unsupported: "Send POST /runs without wait and Idempotency-Key: the platform's older API may support neither",
};

const RETRY_AFTER_S = 30;

export function problemResponse(
  status: number,
  detail: string,
  { headers = {}, members = {} }: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly members?: Readonly<Record<string, unknown>>;
  } = {},
): Response {
  const body = { type: "about:blank", title: TITLES[status] ?? "Error", status, detail, ...members };
  const again = status === 503 ? { "retry-after": String(RETRY_AFTER_S) } : {};
  return jsonResponse(body, { status, headers: { ...again, ...headers, "content-type": "application/problem+json" } });
}

export function problemFromError(error: RunnerError): Response {
  const problems = error instanceof InvalidInputs || error instanceof Rejected ? error.problems : [];
  const errors = problems.map(({ path, message }) => ({ detail: message, ...(path === "" ? {} : { path }) }));
  const retryAfterMs = retryAfterOf(error);
  const hint = error.commandHint === error.hint ? error.hint : HINT_OF_KIND[error.kind];
  // Not retryable, unlike other storage errors.
  const isTooLarge = error instanceof SubmissionTooLarge || error.cause instanceof SubmissionTooLarge;
  return problemResponse(isTooLarge ? 413 : STATUS_OF_KIND[error.kind], error.message, {
    headers: retryAfterMs === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) },
    members: {
      code: error.kind,
      submitted: error.submitted,
      ...(hint === undefined ? {} : { hint }),
      ...(errors.length === 0 ? {} : { errors }),
    },
  });
}

export function jsonResponse(value: unknown, { status = 200, headers = {} }: {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
} = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { ...SECURITY_HEADERS, "content-type": "application/json", ...headers },
  });
}

/** Where a submission is shown. */
export function locationOf(submissionId: string): string {
  return `/runs/${encodeURIComponent(submissionId)}`;
}
