/** Which error an exchange without a good response is: one table from statuses to what the caller can do about it. */

import { formatDelay } from "../duration.ts";
import {
  BadResponse,
  Conflict,
  CredentialError,
  NotFound,
  orError,
  Rejected,
  ResponseLost,
  type RunnerError,
  type RunnerErrorOptions,
  Unavailable,
  Unreachable,
  Unsupported,
} from "../errors.ts";
import { formatPath, isObject, parseJson } from "../json.ts";
import type { Problem } from "../problem.ts";
import { nonBlank } from "../text.ts";
import type { HttpExchange, HttpResponse } from "./exchange.ts";
import { CHECK_PROXY, type NetworkError, PROXY_LOGIN, TRUST_OPTION } from "./network_error.ts";

export interface ErrorContext extends Pick<HttpExchange, "action" | "isSubmit"> {
  /** The reason to report for a 404, like `no such workflow`. */
  readonly whenMissing?: string | undefined;
  readonly baseUrl: string;
  /** Where the API key was found; `undefined` if that is not known. */
  readonly credentialSource?: string | undefined;
  readonly nowMs: number;
}

/** The error for a response that is not a 2xx. */
export function errorOfResponse(response: HttpResponse, context: ErrorContext): RunnerError {
  const { status, headers, text, requestId } = response;
  const { action, whenMissing, credentialSource: source } = context;
  const body = readErrorBody(text);
  const reference = `(${status}, request ${requestId})`;
  const reason = body.message === null
    ? `the server answered ${status} (request ${requestId})`
    : `${body.message} ${reference}`;
  const message = `Cannot ${action}: ${reason}`;
  const options: RunnerErrorOptions = { code: body.code ?? undefined };

  if (status < 300) {
    return new BadResponse(`Cannot ${action}: the response is a web page ${reference}`, { hint: CHECK_PROXY });
  }
  if (status < 400) return redirectError(response, context);
  switch (status) {
    case 401:
      return new CredentialError("credential_refused", message, { ...options, hint: hintFor401(body, source) });
    case 403:
      return new CredentialError("forbidden", message, {
        ...options,
        hint: `The user of ${keyFrom(source)} lacks this permission: use another key, or ask the ` +
          "owner or an administrator for access",
      });
    case 404:
      return new NotFound(
        whenMissing === undefined ? message : `Cannot ${action}: ${whenMissing} ${reference}`,
        options,
      );
    case 405:
      return new Unsupported(message, { ...options, hint: "The server is too old for this request" });
    case 407:
      return new Unreachable(`Cannot ${action}: ${PROXY_LOGIN[0]} ${reference}`, { ...options, hint: PROXY_LOGIN[1] });
    case 409:
      return new Conflict(message, options);
  }
  if (status >= 500 || status === 429 || status === 408 || status === 499) {
    // A date is relative to the server's own clock if the response has a `Date`.
    const waitMs = retryAfterMs(headers.get("retry-after"), httpDateMs(headers.get("date")) ?? context.nowMs);
    // The server sends a 429 before processing the request; after any other of these it may have taken effect.
    const submitted = context.isSubmit === true && status !== 429 ? "unknown" : "no";
    const when = waitMs === undefined ? "later" : `in ${formatDelay(waitMs)}`;
    const hint = status === 429 ? `Too many requests: try again ${when}` : `Try again ${when}`;
    return new Unavailable(message, { ...options, status, retryAfterMs: waitMs, hint, submitted });
  }
  return new Rejected(message, body.problems, options);
}

/** The error for an exchange without a response. */
export function errorOfFailure(
  { isSent, message: reason, remedy }: NetworkError,
  { action, isSubmit }: Pick<HttpExchange, "action" | "isSubmit">,
  { baseUrl, requestId, cause }: { readonly baseUrl: string; readonly requestId: string; readonly cause: unknown },
): RunnerError {
  const message = `Cannot ${action}: ${reason} (${baseUrl}, request ${requestId})`;
  if (isSent === "no") {
    return new Unreachable(message, {
      cause,
      hint: remedy ?? CHECK_NETWORK,
      commandHint: remedy?.replace(TRUST_OPTION, "--cacert FILE or PW_CA_CERT=FILE"),
    });
  }
  const hint = isSubmit === true ? undefined : CHECK_NETWORK;
  return new ResponseLost(message, { cause, hint, submitted: isSubmit === true ? "unknown" : "no" });
}

const CHECK_NETWORK = "Check the host that the key names, the network, and HTTP_PROXY, HTTPS_PROXY and NO_PROXY";

function redirectError({ status, headers, requestId }: HttpResponse, { action, baseUrl, isSubmit }: ErrorContext) {
  const location = headers.get("location");
  const origin = location === null ? undefined : URL.parse(location, baseUrl)?.origin;
  const target = origin === undefined ? "" : ` to ${origin}`;
  const options = { hint: CHECK_PROXY };
  // 307 and 308 ask us to repeat the request elsewhere, so nothing was done. Any other may point to the result.
  if (isSubmit !== true || status === 307 || status === 308) {
    const message =
      `Cannot ${action}: the server redirects${target} instead of processing the request (${status}, request ${requestId})`;
    return new Rejected(message, [], options);
  }
  const message = `Cannot ${action}: the server redirects${target} without reporting whether it processed the request`;
  return new BadResponse(`${message} (${status}, request ${requestId})`, { ...options, submitted: "unknown" });
}

/** A specific code shows that the key has expired; without one, the message does. Only the hint depends on it. */
function hintFor401({ code, message }: ReturnType<typeof readErrorBody>, source: string | undefined): string {
  const isGenericCode = code === null || code === "unauthenticated";
  const isExpired = isGenericCode ? message === "Authentication has expired" : code.includes("expired");
  // A context's key is replaced by signing in; any other by its owner.
  const renew = source?.startsWith("context ")
    ? "sign in again with `pw auth`"
    : "create a new one in your account settings on the platform";
  return isExpired
    ? `The key has expired: ${renew}${source === undefined ? "" : ` (it comes from ${source})`}`
    : `Check ${keyFrom(source)}, or ${renew}`;
}

function keyFrom(source: string | undefined): string {
  return source === undefined ? "the API key" : `the API key from ${source}`;
}

/**
 * The delay that a `Retry-After` header asks for (seconds or an HTTP date, RFC 9110 section 10.2.3).
 *
 * @param nowMs Milliseconds since the epoch; the server's own `Date` if it sent one, because clocks may differ.
 * @returns Milliseconds, never negative; `undefined` if the header is absent or cannot be read.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const instantMs = httpDateMs(text);
  return instantMs === undefined ? undefined : Math.max(0, instantMs - nowMs);
}

/** An HTTP date in any of its three forms (RFC 9110 section 5.6.7), milliseconds since the epoch. */
export function httpDateMs(text: string | null): number | undefined {
  if (text === null || !/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(text)) return undefined;
  // The oldest form has no time zone, and means GMT.
  const instantMs = Date.parse(/GMT$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(instantMs) ? undefined : instantMs;
}

const MAX_CHARACTERS = 500;

export function readErrorBody(text: string) {
  const json = parseJson(text);
  const content = json === undefined ? text : json;
  const { errors: listed, detail, message, title, code } = isObject(content) ? content : {};
  const errors = Array.isArray(listed) ? listed : [];
  const ownText = typeof content === "string" && isShortText(content) ? content : null;
  return {
    /** One line, without a final period; `null` if there is no readable message. */
    message: messageOf(ownText) ?? messageOf(detail) ?? messageOf(message) ?? messageOf(title),
    /** The platform's. */
    code: typeof code === "string" && code !== "" ? code : null,
    problems: errors.map(problemOf).filter((problem) => problem !== null),
    /** JSON pointers to the invalid fields, like `#/slug`. */
    pointers: errors.flatMap((error) => {
      // The envelope's lines may begin with theirs.
      const pointer = isObject(error) ? error.pointer : /^(#\/[^:]*): /.exec(String(error))?.[1];
      return typeof pointer === "string" ? [pointer] : [];
    }),
  };
}

/** Converts `#/inputs/rows/0/name` to `inputs.rows[0].name`. */
export function pathOfPointer(pointer: string): string {
  const tokens = pointer.replace(/^#/, "").split("/").slice(1).map(unescaped);
  return formatPath(tokens.map((token) => /^\d+$/.test(token) ? Number(token) : token));
}

/** False for a web page or JSON. */
function isShortText(text: string): boolean {
  const line = text.trim();
  return line !== "" && line.length <= 200 && !/[<>{}[\]]/.test(line);
}

/** A field's error (RFC 9457 style), or one of the envelope's plain lines. */
function problemOf(error: unknown): Problem | null {
  const { detail, message, code, pointer, parameter }: Readonly<Record<string, unknown>> = isObject(error)
    ? error
    : { detail: error };
  const text = messageOf(detail) ?? messageOf(message) ?? messageOf(code);
  if (text === null) return null;
  const path = typeof pointer === "string" ? pathOfPointer(pointer) : typeof parameter === "string" ? parameter : "";
  return { origin: "", path, message: text };
}

function messageOf(value: unknown): string | null {
  const line = nonBlank(value)?.replace(/\s+/g, " ").replace(/\.$/, "") ?? null;
  return line !== null && line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}...` : line;
}

function unescaped(token: string): string {
  const plain = orError(URIError, () => decodeURIComponent(token));
  // Not percent-encoded, although it should be: used unchanged.
  return (typeof plain === "string" ? plain : token).replaceAll("~1", "/").replaceAll("~0", "~");
}
