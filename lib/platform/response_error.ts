/** Which error an exchange without a good answer is: one table from statuses to what the caller can do about it. */

import {
  BadResponse,
  Conflict,
  CredentialError,
  NotFound,
  Rejected,
  ResponseLost,
  type RunnerError,
  type RunnerErrorOptions,
  Unavailable,
  Unreachable,
  Unsupported,
} from "../errors.ts";
import { readErrorBody } from "./error_body.ts";
import type { Answer, Outcome } from "./http.ts";
import type { NetworkTrouble } from "./network_error.ts";
import { httpDateMs, retryAfterMs } from "./retry.ts";

export interface ErrorContext {
  /** As in "Cannot list runs". */
  readonly act: string;
  /** Says what a 404 means, like "no such workflow". */
  readonly whenMissing?: string | undefined;
  readonly baseUrl: string;
  readonly nowMs: number;
  /** True when a run may have been started by what got no clear answer. */
  readonly isSubmit?: boolean;
}

/** The error of an answer that is not a 2xx. */
export function errorOfAnswer({ status, headers, text, requestId }: Answer, context: ErrorContext): RunnerError {
  const body = readErrorBody(text);
  const ofRequest = `(${status}, request ${requestId})`;
  const said = body.message === null
    ? `the server answered ${status} (request ${requestId})`
    : `${body.message} ${ofRequest}`;
  const message = `Cannot ${context.act}: ${said}`;
  const options: RunnerErrorOptions = { code: body.code ?? undefined };

  if (status < 300) return new BadResponse(message, options);
  if (status < 400) return redirected(status, { headers, context, requestId });
  switch (status) {
    case 401:
      return new CredentialError("credential_refused", message, { ...options, hint: hintOfRefusal(body) });
    case 403:
      return new CredentialError("forbidden", message, {
        ...options,
        hint: "This key's user may not do this: use another key, or ask the owner or an administrator for access",
      });
    case 404: {
      const missing = context.whenMissing === undefined
        ? message
        : `Cannot ${context.act}: ${context.whenMissing} ${ofRequest}`;
      return new NotFound(missing, options);
    }
    case 405:
      return new Unsupported(message, { ...options, hint: "This server is older than what the request needs" });
    case 409:
      return new Conflict(message, options);
  }
  if (status >= 500 || status === 429 || status === 408 || status === 499) {
    const waitMs = waitAskedFor(headers, context.nowMs);
    // A 429 is answered at the door; behind any other of these the request may have taken effect.
    const submitted = context.isSubmit === true && status !== 429 ? "unknown" : "no";
    const hint = hintOfWait(status, waitMs);
    return new Unavailable(message, { ...options, status, retryAfterMs: waitMs, hint, submitted });
  }
  return new Rejected(message, body.problems, options);
}

/** The error of an exchange that got no answer. */
export function errorOfFailure(
  { error, cause, requestId }: Extract<Outcome, { type: "failed" }>,
  { act, baseUrl, isSubmit }: ErrorContext,
): RunnerError {
  if (error.isSent === "no") {
    return new Unreachable(`Cannot ${act}: ${error.words} (${baseUrl}, request ${requestId})`, {
      cause,
      hint: HINT_OF_TROUBLE[error.trouble],
    });
  }
  return new ResponseLost(`Cannot ${act}: ${error.words} (${baseUrl}, request ${requestId})`, {
    cause,
    submitted: isSubmit === true ? "unknown" : "no",
  });
}

/** What a `Retry-After` of this answer asks for. A date is read by the server's own clock, where it shows one. */
export function waitAskedFor(headers: Headers, nowMs: number): number | undefined {
  return retryAfterMs(headers.get("retry-after"), httpDateMs(headers.get("date")) ?? nowMs);
}

const CHECK_NETWORK = "Check the host that the key names, the network, and HTTP_PROXY, HTTPS_PROXY and NO_PROXY";

const HINT_OF_TROUBLE: Record<NetworkTrouble, string> = {
  refused: CHECK_NETWORK,
  name: CHECK_NETWORK,
  unreachable: CHECK_NETWORK,
  untrusted:
    "If a private authority or a proxy signs this connection, trust its certificate with --cacert FILE or PW_CA_CERT=FILE; DENO_TLS_CA_STORE=system trusts what this machine trusts",
  expired: "Check this machine's clock; if it is right, the certificate has to be renewed by those who run the host",
  "not-yet-valid": "Check this machine's clock; if it is right, those who run the host have to install another",
  "wrong-name": "Check the host that the key names, and whether a proxy or a sign-in page stands before it",
  authority: "Those who run the host have to give it a certificate of its own, which that authority signs",
  "bad-certificate": "Those who run the host have to give it another certificate",
  tls: "Check that the host speaks HTTPS, and HTTPS_PROXY and NO_PROXY",
  denied: "Run it with --allow-net, or let it reach this host",
  cut: CHECK_NETWORK,
  unknown: CHECK_NETWORK,
};

function redirected(
  status: number,
  { headers, context, requestId }: {
    readonly headers: Headers;
    readonly context: ErrorContext;
    readonly requestId: string;
  },
): RunnerError {
  const { act, baseUrl, isSubmit } = context;
  const location = headers.get("location");
  const target = location !== null && URL.canParse(location, baseUrl) ? ` to ${new URL(location, baseUrl).origin}` : "";
  const options = { hint: "Check the host that the key names, and whether a sign-in page or a proxy stands before it" };
  // 307 and 308 ask to send the same elsewhere, so it was not done here. After any other, what is there may be its result.
  if (isSubmit !== true || status === 307 || status === 308) {
    const message =
      `Cannot ${act}: the server redirects${target} instead of doing it (${status}, request ${requestId})`;
    return new Rejected(message, [], options);
  }
  const message = `Cannot ${act}: the server redirects${target}, and does not say whether it was done`;
  return new BadResponse(`${message} (${status}, request ${requestId})`, { ...options, submitted: "unknown" });
}

/** A code of its own tells that a key has expired; servers without one have a sentence for it, and it decides a hint alone. */
function hintOfRefusal({ code, message }: { readonly code: string | null; readonly message: string | null }): string {
  const isUntold = code === null || code === "unauthenticated";
  const isExpired = isUntold ? message === "Authentication has expired" : code.includes("expired");
  return isExpired
    ? "The key has expired: create a new one in your account settings on the platform and set PW_API_KEY to it"
    : "Check PW_API_KEY, or create a new key in your account settings on the platform";
}

function hintOfWait(status: number, waitMs: number | undefined): string {
  const when = waitMs === undefined ? "in a while" : `in ${Math.ceil(waitMs / 1000)} s`;
  return status === 429 ? `Too many requests: try again ${when}` : `Try again ${when}`;
}
