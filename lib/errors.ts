/**
 * What can keep us from an answer: one class per reaction of the caller. Each carries a `kind` for programs, words for
 * people ("Cannot <act>: <what is so>") and a hint at what to do next. `cli` alone turns kinds into exit codes.
 */

import type { Problem } from "./problem.ts";
import type { Submitted } from "./result.ts";

/** What kept us from an answer, for programs. */
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
  | "storage";

/** What an error carries beside its words. */
export interface RunnerErrorOptions {
  /** What to do next. */
  readonly hint?: string | undefined;
  /** What was thrown below. */
  readonly cause?: unknown;
  /** Whether this call started a run; `no` unless said otherwise. */
  readonly submitted?: Submitted;
  /** The platform's own stable name for what is wrong, where it gave one. */
  readonly code?: string | undefined;
}

/** The shallow base: anything else that is thrown is a defect of ours. */
export abstract class RunnerError extends Error {
  /** For programs. */
  abstract readonly kind: ErrorKind;
  /** What to do next; `undefined` when there is nothing to say. */
  readonly hint: string | undefined;
  /** Whether the call started a run. */
  readonly submitted: Submitted;
  /** The platform's own stable name for what is wrong. */
  readonly code: string | undefined;

  /** For the classes below. */
  constructor(message: string, { hint, cause, submitted = "no", code }: RunnerErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.hint = hint;
    this.submitted = submitted;
    this.code = code;
  }
}

/** The call itself is wrong: mend the command line. */
export class UsageError extends RunnerError {
  /** For programs. */
  override readonly kind = "usage";
}

/** The inputs are wrong: mend them. Holds every problem at once. */
export class InvalidInputs extends RunnerError {
  /** For programs. */
  override readonly kind = "invalid_inputs";
  /** Every one at once. */
  readonly problems: readonly Problem[];

  /** Takes all problems at once. */
  constructor(message: string, problems: readonly Problem[], options: RunnerErrorOptions = {}) {
    super(message, options);
    this.problems = problems;
  }
}

/** The workflow asks for consent that was not given. */
export class ConsentRequired extends RunnerError {
  /** For programs. */
  override readonly kind = "consent_required";
}

/** The server understood the request and said no: the same request will be refused again. */
export class Rejected extends RunnerError {
  /** For programs. */
  override readonly kind = "rejected";
  /** What the server said of single fields. */
  readonly problems: readonly Problem[];

  /** Takes what the server said of single fields. */
  constructor(message: string, problems: readonly Problem[] = [], options: RunnerErrorOptions = {}) {
    super(message, options);
    this.problems = problems;
  }
}

/** The name that the user gave this wish is another run's: choose another name, or take up that run. */
export class IdempotencyKeyConflict extends RunnerError {
  /** For programs. */
  override readonly kind = "idempotency_key_conflict";
}

/** The key is missing, malformed, refused or not allowed to do this: mend the key. */
export class CredentialError extends RunnerError {
  /** For programs. */
  override readonly kind: "credential_missing" | "credential_malformed" | "credential_refused" | "forbidden";

  /** Takes what is wrong with the key. */
  constructor(kind: CredentialError["kind"], message: string, options: RunnerErrorOptions = {}) {
    super(message, options);
    this.kind = kind;
  }
}

/** No such workflow, run or file: mend the name. */
export class NotFound extends RunnerError {
  /** For programs. */
  override readonly kind = "not_found";
}

/** No connection came about, so nothing was sent: wait and repeat. */
export class Unreachable extends RunnerError {
  /** For programs. */
  override readonly kind = "unreachable";
}

/** The server is there but can't answer now (429, 5xx): wait and repeat what is safe to repeat. */
export class Unavailable extends RunnerError {
  /** For programs. */
  override readonly kind = "unavailable";
  /** The HTTP status. */
  readonly status: number;
  /** What `Retry-After` asked for; `undefined` when it said nothing. */
  readonly retryAfterMs: number | undefined;

  /** Takes the HTTP status and what `Retry-After` asked for. */
  constructor(
    message: string,
    { status, retryAfterMs, ...options }: RunnerErrorOptions & { status: number; retryAfterMs?: number | undefined },
  ) {
    super(message, options);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The server said 409: what is asked for collides with what is there. */
export class Conflict extends RunnerError {
  /** For programs. */
  override readonly kind = "conflict";
}

/** The request may have arrived and its answer is lost: look before sending it again. */
export class ResponseLost extends RunnerError {
  /** For programs. */
  override readonly kind = "response_lost";
}

/** The answer is not what the contract promises. */
export class BadResponse extends RunnerError {
  /** For programs. */
  override readonly kind = "bad_response";
}

/** Nothing was started, and trying again is safe. */
export class NotSubmitted extends RunnerError {
  /** For programs. */
  override readonly kind = "not_submitted";
}

/** This server can't do that at all. */
export class Unsupported extends RunnerError {
  /** For programs. */
  override readonly kind = "unsupported";
}

/** The ledger or a file could not be read or written. */
export class StorageError extends RunnerError {
  /** For programs. */
  override readonly kind = "storage";
}
