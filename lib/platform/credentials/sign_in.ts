/**
 * The token of a context made by `pw auth`. Only the official CLI renews it, as the platform signs a device out when two
 * programs use the same refresh token (parallelworks/sdk typescript/src/credentials.ts).
 */

import { abortable } from "../../abortable.ts";
import type { ProgramResult } from "../../child_process.ts";
import type { Clock } from "../../clock.ts";
import { formatDuration } from "../../duration.ts";
import { CredentialError } from "../../errors.ts";
import { isObject, parseJson } from "../../json.ts";
import { firstLine } from "../../result.ts";
import { Secret } from "../../secret.ts";
import { API_KEY_PATTERN, namedHost, type ParsedApiKey } from "./api_key.ts";
import type { CredentialDeps } from "./sources.ts";

export type SignInToken = Pick<ParsedApiKey, "authorization" | "expiresAtMs">;

export interface SignInDeps extends Pick<CredentialDeps, "runProgram"> {
  readonly clock: Pick<Clock, "now">;
}

export interface SignInContext {
  readonly name: string;
  /** Where the context was found, for error messages. */
  readonly source: string;
  /** The token of the credentials file; `null` if it is in a keychain. */
  readonly stored: SignInToken | null;
  /** The only host that a token is sent to. */
  readonly baseUrl: string;
}

const RENEW_BEFORE_END_MS = 60_000;
/** Less than `doctor` waits for all of its checks. */
const RENEWAL_TIMEOUT_MS = 30_000;

/**
 * Makes what returns a token that can be sent, and renews it shortly before its end.
 *
 * @throws CredentialError credential_refused if the token has expired and cannot be renewed; the signal's reason.
 */
export function tokenSource(deps: SignInDeps, context: SignInContext): (signal?: AbortSignal) => Promise<SignInToken> {
  let current = context.stored;
  // A token that could not be renewed is used until its end, without asking again on every request.
  let isFinal = false;
  let renewal: Promise<SignInToken> | undefined;

  const remainingMs = () => current === null ? -Infinity : (current.expiresAtMs ?? Infinity) - deps.clock.now();
  const renew = async (): Promise<SignInToken> => {
    try {
      current = await renewedToken(deps, context, remainingMs());
      isFinal = remainingMs() <= RENEW_BEFORE_END_MS;
    } catch (error) {
      if (current === null || remainingMs() <= 0) throw error;
      isFinal = true;
    }
    return current;
  };
  return async (signal) => {
    if (current !== null && remainingMs() > (isFinal ? 0 : RENEW_BEFORE_END_MS)) return current;
    // One renewal serves all requests. It has a deadline of its own, so that one aborted request does not end it.
    renewal ??= renew().finally(() => renewal = undefined);
    return await abortable(renewal, signal);
  };
}

async function renewedToken(
  { clock, runProgram }: SignInDeps,
  { name, source, baseUrl }: SignInContext,
  remainingMs: number,
): Promise<SignInToken> {
  const refuse = (reason: string, hint: string): never => {
    const state = remainingMs === -Infinity
      ? "the file does not contain its sign-in token"
      : `its sign-in token expired ${formatDuration(-remainingMs)} ago`;
    throw new CredentialError("credential_refused", `Cannot use ${source}: ${state}${reason}`, { hint });
  };
  const result: ProgramResult = await runProgram?.({
    command: "pw",
    args: ["auth", "token", "--print", "-o", "json", "--context", name],
    // With the variable, `pw` would print its value instead of the context's token.
    withoutEnv: ["PW_API_KEY"],
    timeoutMs: RENEWAL_TIMEOUT_MS,
  }) ?? { type: "not-found" };
  switch (result.type) {
    case "not-found":
      return refuse("", `${SIGN_IN_AGAIN}; where the program pw is installed, it is renewed automatically`);
    case "denied":
      return refuse(", and starting pw to renew it is not permitted", `Run with --allow-run=pw. ${SIGN_IN_AGAIN}`);
    case "timed-out":
      return refuse(`, and pw did not renew it within ${formatDuration(RENEWAL_TIMEOUT_MS)}`, SIGN_IN_AGAIN);
    case "ended": {
      if (result.code !== 0) {
        const line = firstLine(result.stderr).replaceAll(API_KEY_PATTERN, "***");
        const why = line === "" ? "" : `: ${line}`;
        return refuse(`, and pw could not renew it (exit code ${result.code}${why})`, SIGN_IN_AGAIN);
      }
      const token = readTokenResponse(result.stdout, clock.now());
      if (token === null) return refuse(", and pw printed no token response", SIGN_IN_AGAIN);
      const named = namedHost(token.text);
      if (named !== null && named !== baseUrl) {
        return refuse(`, and the one that pw printed is for ${named} instead of ${baseUrl}`, SIGN_IN_AGAIN);
      }
      return { authorization: new Secret(`Bearer ${token.text}`), expiresAtMs: token.expiresAtMs };
    }
    default:
      return result satisfies never;
  }
}

const SIGN_IN_AGAIN = "Sign in again with `pw auth`, or set PW_API_KEY to an API key";

/** An RFC 6749, section 5.1 response. */
function readTokenResponse(stdout: string, receivedAtMs: number) {
  const response = parseJson(stdout);
  if (!isObject(response)) return null;
  const { access_token: text, token_type: type, expires_in: seconds } = response;
  if (typeof text !== "string" || !/^[\x21-\x7e]+$/.test(text)) return null;
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") return null;
  return { text, expiresAtMs: typeof seconds === "number" ? receivedAtMs + seconds * 1_000 : null };
}
