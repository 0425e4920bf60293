/** A request until it is answered: sent again where that is safe, its error told in the house's words. */

import { RunnerError, UsageError } from "../errors.ts";
import { errorOfAnswer, errorOfFailure, waitAskedFor } from "./response_error.ts";
import type { Abortable } from "./client.ts";
import type { Answer, Exchange, Http, Outcome } from "./http.ts";
import { isLasting } from "./network_error.ts";
import { isPassing, RETRY_POLICY, retryDelayMs } from "./retry.ts";

export interface Question extends Abortable {
  /** As in "Cannot list runs". */
  readonly act: string;
  readonly path: string;
  /** GET unless said otherwise. */
  readonly method?: Exchange["method"];
  readonly body?: Exchange["body"];
  /** For what does no harm when it arrives twice; a GET always is so. */
  readonly isRepeatable?: boolean;
  readonly answer?: Exchange["answer"];
  /** Says what a 404 means, like "no such workflow". */
  readonly whenMissing?: string;
}

/**
 * Asks, and has a 2xx for an answer or throws.
 *
 * @throws Every class that `Client` names; the signal's own reason.
 */
export async function ask(http: Http, question: Question): Promise<Answer> {
  const { act, method = "GET", path, body, signal, retry, whenMissing } = question;
  const isRepeatable = method === "GET" || question.isRepeatable === true;
  const connection = isRepeatable ? "shared" : "own";
  const exchange: Exchange = { act, method, path, body, signal, connection, answer: question.answer };
  const startedMs = http.clock.now();
  for (let failures = 1;; failures++) {
    const outcome = await http.send(exchange);
    if (outcome.type === "answered" && isGood(outcome.answer)) return outcome.answer;

    const nowMs = http.clock.now();
    const context = { act, whenMissing, baseUrl: http.baseUrl, nowMs };
    const error = outcome.type === "answered"
      ? errorOfAnswer(outcome.answer, context)
      : errorOfFailure(outcome, context);
    if (!isRepeatable || retry === "none" || !isPassingTrouble(outcome)) throw error;
    const waitMs = outcome.type === "answered" ? waitAskedFor(outcome.answer.headers, nowMs) : undefined;
    const trial = { failures, elapsedMs: nowMs - startedMs, retryAfterMs: waitMs };
    const delayMs = retryDelayMs(trial, RETRY_POLICY, http.random);
    if (delayMs === null) throw error;
    http.log("INFO", `${error.message}; asking again in ${(delayMs / 1000).toFixed(1)} s`);
    await http.clock.sleep(delayMs, { signal });
  }
}

/** The same, with what is said instead of an error of these kinds. */
export async function askOr<T>(
  otherwise: T,
  kinds: readonly RunnerError["kind"][],
  answer: () => Promise<T>,
): Promise<T> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof RunnerError && kinds.includes(error.kind)) return otherwise;
    throw error;
  }
}

/**
 * A path segment. `.` and `..` would lead to another route, nothing at all to the whole collection, and half a character
 * can't be written.
 */
export function segment(name: string, act: string): string {
  if (name === "" || name === "." || name === ".." || !name.isWellFormed()) {
    throw new UsageError(`Cannot ${act}: ${JSON.stringify(name)} is not a name`);
  }
  return encodeURIComponent(name);
}

function isGood({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

/** Whether it may be another answer a little later: a key or a certificate that is wrong stays wrong. */
function isPassingTrouble(outcome: Outcome): boolean {
  if (outcome.type === "answered") return isPassing(outcome.answer.status);
  return outcome.error.trouble === "timeout" || !isLasting(outcome.error.trouble);
}
