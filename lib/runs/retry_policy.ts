/** Whether a failed run of a batch or a suite is submitted again. Pure. */

import { normalizedMessage } from "../text.ts";
import { firstErrorOf, type RunResult } from "../result.ts";
import type { Job } from "../run.ts";
import { allSteps } from "./view.ts";

/** Why a run did not complete: `infra` for the machines around it, `run` for the run's own work. */
export type FailureCause = "infra" | "run";

/** When failed attempts are retried. */
export interface RetryPolicy {
  /** How often a row is submitted again. */
  readonly maxRetries: number;
  /** `infra`: only what the machines around it caused; `any`: every failure; or a failure whose first error matches. */
  readonly on: "infra" | "any" | RegExp;
  /** Before the first retry, milliseconds; doubled for each further one. */
  readonly delayMs: number;
}

export const DEFAULT_RETRY_DELAY_MS = 30_000;
const MAX_RETRY_DELAY_MS = 15 * 60_000;

/** How an attempt ended, as far as a retry depends on it. */
export interface EndedAttempt {
  readonly cause: FailureCause | null;
  /** Its first line. */
  readonly error: string | null;
  /** True if it was a retry itself. */
  readonly isRetry: boolean;
}

/**
 * How long to wait before the next attempt; `null` if the last one is final. The same error twice in a row is final.
 *
 * @param attempts Oldest first.
 */
export function retryDelayMs(
  attempts: readonly EndedAttempt[],
  { maxRetries, on, delayMs }: RetryPolicy,
  random: () => number,
): number | null {
  const [last, previous] = attempts.toReversed();
  if (last === undefined || last.cause === null) return null;
  const retries = attempts.length - 1 - attempts.findLastIndex(({ isRetry }) => !isRetry);
  if (retries >= maxRetries) return null;
  const isCovered = on === "any" || (on === "infra" ? last.cause === "infra" : on.test(last.error ?? ""));
  if (!isCovered) return null;
  const isSameError = retries > 0 && previous !== undefined && isSameText(previous.error, last.error);
  if (isSameError) return null;
  return Math.min(delayMs * 2 ** retries, MAX_RETRY_DELAY_MS) * (0.75 + 0.5 * random());
}

/** Two errors that differ in numbers and identifiers only are the same. */
function isSameText(a: string | null, b: string | null): boolean {
  const normalized = (text: string) => normalizedMessage(text, text.match(SLUG) ?? []);
  return a !== null && b !== null && normalized(a) === normalized(b);
}

/** As they are made here: their ends are random. */
const SLUG = /\b[a-z0-9-]*[a-z2-7]{16}\b/gi;

/** What platforms and schedulers report when a node, a cluster or a connection fails. */
const INFRASTRUCTURE =
  /node[ _]?fail|node .*(lost|down|not respond)|preempt|lost (contact|connection)|unreachable|could not connect|connection (refused|reset|timed out|closed)|no route to host|ssh: connect|broken pipe|cluster .*(is off|not (running|active|available)|stopped)|resource .*(not (running|active|available))|evicted|out of capacity|quota/i;

/** @returns `null` for a run that completed, that a person cancelled, or whose outcome is not known. */
export function causeOf(result: RunResult): FailureCause | null {
  if (result.status === "timeout") return "run";
  if (result.status !== "failed") return null;
  const error = `${firstErrorOf(result) ?? ""} ${result.errorMessage ?? ""}`;
  return (result.jobs !== undefined && !hasWorked(result.jobs)) || INFRASTRUCTURE.test(error) ? "infra" : "run";
}

const WORKED: ReadonlySet<string> = new Set(["running", "completed", "error", "failed", "faulted"]);

/** Whether any step has started. */
export function hasWorked(jobs: readonly Job[]): boolean {
  return allSteps(jobs).some(({ step }) => WORKED.has(step.status));
}
