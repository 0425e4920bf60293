/**
 * One class per reaction of the caller. The message reads "Cannot <action>: <reason>". The command line maps kinds to
 * exit codes.
 */

import type { Problem } from "./problem.ts";
import type { Submitted } from "./result.ts";

/** Stable name of an error for programs: JSON output and events contain it. */
export type ErrorKind =
  | "usage"
  | "invalid_inputs"
  | "consent_required"
  | "rejected"
  | "idempotency_key_conflict"
  | "credential_missing"
  | "credential_malformed"
  | "credential_refused"
  | "forbidden"
  | "not_found"
  | "unreachable"
  | "unavailable"
  | "conflict"
  | "response_lost"
  | "bad_response"
  | "not_submitted"
  | "unsupported"
  | "storage"
  | "timeout";

/** What an error carries in addition to its message. */
export interface RunnerErrorOptions {
  /** What the user can do next. */
  readonly hint?: string | undefined;
  /** The same for a user of the command line, in its commands and options. Default: `hint`. */
  readonly commandHint?: string | undefined;
  /** The error that this one was caused by. */
  readonly cause?: unknown;
  /** Whether the failed call started a run. Default: `no`. */
  readonly submitted?: Submitted;
  /** The platform's error code; `undefined` if it sent none. */
  readonly code?: string | undefined;
}

/** A class of errors of one kind. */
export type RunnerErrorClass<Kind extends ErrorKind> = new (
  message: string,
  options?: RunnerErrorOptions,
) => RunnerError & { readonly kind: Kind };

/** Base of all expected errors: any other error is a bug of this program. */
export abstract class RunnerError extends Error {
  /** Stable name for programs. */
  abstract readonly kind: ErrorKind;
  /** What the user can do next; `undefined` if there is no advice. */
  readonly hint: string | undefined;
  /** What a user of the command line can do next; not among the members that are printed with an uncaught error. */
  declare readonly commandHint: string | undefined;
  /** Whether the failed call started a run. */
  readonly submitted: Submitted;
  /** The platform's error code; `undefined` if it sent none. */
  readonly code: string | undefined;

  /** Called by the subclasses. */
  constructor(message: string, { hint, commandHint = hint, cause, submitted = "no", code }: RunnerErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.hint = hint;
    Object.defineProperty(this, "commandHint", { value: commandHint });
    this.submitted = submitted;
    this.code = code;
  }

  /** The base of a class for the errors of one kind. */
  static ofKind<Kind extends ErrorKind>(kind: Kind): RunnerErrorClass<Kind> {
    return class extends RunnerError {
      override readonly kind = kind;
    };
  }
}

/** On one line, for logs and lists: the message of any error, and what to do about it. */
export function messageWithHint(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof RunnerError && error.hint !== undefined ? `${error.message}. ${error.hint}` : error.message;
}

/** For `catch`: returns an error of this class. Throws any other one. */
export function expected<E extends Error>(kind: abstract new (...args: never[]) => E): (error: unknown) => E {
  return (error) => {
    if (error instanceof kind) return error;
    throw error;
  };
}

/** What an action returns, or its error if that is of this class. Throws any other one. */
export function orError<T, E extends Error>(kind: abstract new (...args: never[]) => E, act: () => T): T | E {
  try {
    return act();
  } catch (error) {
    return expected(kind)(error);
  }
}

/** For `catch`: a value in place of an expected error, of one of these kinds where any are named. Throws any other one. */
export function fallbackTo<T>(value: T, ...kinds: readonly ErrorKind[]): (error: unknown) => T {
  return (error) => {
    const { kind } = expected(RunnerError)(error);
    if (kinds.length > 0 && !kinds.includes(kind)) throw error;
    return value;
  };
}

/** The call is wrong: fix the command line. */
export class UsageError extends RunnerError.ofKind("usage") {}

/** The inputs are invalid: fix them. */
export class InvalidInputs extends RunnerError.ofKind("invalid_inputs") {
  /** All problems, not only the first. */
  readonly problems: readonly Problem[];
  /** What the platform would accept, like a field that it ignores. */
  readonly warnings: readonly Problem[];

  /** Takes all problems, not only the first, and the warnings that would be shown without them. */
  constructor(
    message: string,
    problems: readonly Problem[],
    { warnings = [], ...options }: RunnerErrorOptions & { readonly warnings?: readonly Problem[] } = {},
  ) {
    super(message, options);
    this.problems = problems;
    this.warnings = warnings;
  }
}

/** The workflow needs a consent that the user has not given. */
export class ConsentRequired extends RunnerError.ofKind("consent_required") {}

/** The server rejected the request: sending it again would fail the same way. */
export class Rejected extends RunnerError.ofKind("rejected") {
  /** The server's messages about single fields; often empty. */
  readonly problems: readonly Problem[];

  /** Takes the server's messages about single fields. */
  constructor(message: string, problems: readonly Problem[] = [], options: RunnerErrorOptions = {}) {
    super(message, options);
    this.problems = problems;
  }
}

/** The idempotency key belongs to a different run: choose another key, or resume that run. */
export class IdempotencyKeyConflict extends RunnerError.ofKind("idempotency_key_conflict") {}

/** The API key is missing, malformed, refused or lacks a permission: fix the key. */
export class CredentialError extends RunnerError {
  /** Discriminant. */
  override readonly kind: "credential_missing" | "credential_malformed" | "credential_refused" | "forbidden";

  /** Takes what is wrong with the key. */
  constructor(kind: CredentialError["kind"], message: string, options: RunnerErrorOptions = {}) {
    super(message, options);
    this.kind = kind;
  }
}

/** There is no such workflow, run or file: fix the name. */
export class NotFound extends RunnerError.ofKind("not_found") {}

/** No connection was established, so nothing was sent: wait and retry. */
export class Unreachable extends RunnerError.ofKind("unreachable") {}

/** The server cannot handle the request now (429, 5xx): wait and retry what is safe to retry. */
export class Unavailable extends RunnerError.ofKind("unavailable") {
  /** The HTTP status. */
  readonly status: number;
  /** From `Retry-After`; `undefined` without a valid one. */
  readonly retryAfterMs: number | undefined;

  /** Takes the HTTP status and the delay from `Retry-After`. */
  constructor(
    message: string,
    { status, retryAfterMs, ...options }: RunnerErrorOptions & { status: number; retryAfterMs?: number | undefined },
  ) {
    super(message, options);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The server responded with 409: the request conflicts with the current state. */
export class Conflict extends RunnerError.ofKind("conflict") {}

/** The request may have been processed, but the response was lost: check before sending it again. */
export class ResponseLost extends RunnerError.ofKind("response_lost") {}

/** The response violates the API contract. */
export class BadResponse extends RunnerError.ofKind("bad_response") {}

/** No run was started, and submitting again is safe. */
export class NotSubmitted extends RunnerError.ofKind("not_submitted") {}

/** The server does not support the operation. */
export class Unsupported extends RunnerError.ofKind("unsupported") {}

/** The run store or a file cannot be read or written. */
export class StorageError extends RunnerError.ofKind("storage") {}

/** Milliseconds that the server asked to wait; `undefined` if it did not. */
export function retryAfterOf(error: unknown): number | undefined {
  return error instanceof Unavailable ? error.retryAfterMs : undefined;
}

/** The time for a wait passed before the server named the state of the run, which was not changed: wait longer. */
export class TimedOut extends RunnerError.ofKind("timeout") {}

/** Whether the same request may succeed later: the server could not be reached, or cannot handle it now. */
export function isTemporary(error: unknown): error is Unreachable | ResponseLost | Unavailable {
  return error instanceof Unreachable || error instanceof ResponseLost || error instanceof Unavailable;
}
