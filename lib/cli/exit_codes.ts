import type { ErrorKind } from "../errors.ts";
import type { ResultKind } from "../result.ts";
import type { StopSignal } from "./context.ts";

/** Exit codes by kind of error or result. */
export const EXIT_CODES = {
  completed: 0,
  submitted: 0,
  session_ready: 0,
  failed: 1,
  usage: 2,
  invalid_inputs: 2,
  consent_required: 2,
  rejected: 2,
  idempotency_key_conflict: 2,
  unsupported: 2,
  cancelled: 3,
  credential_missing: 4,
  credential_malformed: 4,
  credential_refused: 4,
  forbidden: 4,
  not_found: 5,
  run_deleted: 5,
  submit_unknown: 6,
  connection_lost: 7,
  credential_expired: 7,
  unreachable: 8,
  unavailable: 8,
  conflict: 8,
  response_lost: 8,
  bad_response: 8,
  not_submitted: 8,
  storage: 8,
  timeout: 124,
} as const satisfies Record<ErrorKind | ResultKind, ExitCode>;

/** 128 + the signal's number. */
export const EXIT_CODES_OF_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const satisfies Record<
  StopSignal,
  ExitCode
>;

/** 128 + SIGPIPE: the exit code of standard tools when `head` closes the pipe. */
export const EXIT_CODE_OF_CLOSED_PIPE = 141;

/** EX_SOFTWARE: a bug in this program. */
export const EXIT_CODE_OF_DEFECT = 70;

export type SignalExitCode = (typeof EXIT_CODES_OF_SIGNALS)[StopSignal];

/** The end of every JSON document of a command that succeeded and submitted nothing. */
export const COMPLETED = { exitCode: EXIT_CODES.completed, kind: "completed", submitted: "no" } as const;

/** The least urgent first: last are what a script must handle first, then a signal, then a bug. */
const BY_SEVERITY = [0, 3, 1, 2, 5, 8, 124, 4, 7, 6, 129, 130, 143, 141, 70] as const;

export type ExitCode = (typeof BY_SEVERITY)[number];

/** The exit code for several results. */
export function mostSevere(codes: readonly ExitCode[]): ExitCode {
  return BY_SEVERITY.findLast((code) => codes.includes(code)) ?? EXIT_CODES.completed;
}

/** An exit code, and the kind of error or result that has it. */
export interface End {
  readonly exitCode: ExitCode;
  readonly kind: string;
}

/** The first of the most severe; completed if there is none. */
export function mostSevereEnd(ends: readonly End[]): End {
  const exitCode = mostSevere(ends.map((end) => end.exitCode));
  const { kind } = ends.find((end) => end.exitCode === exitCode) ?? COMPLETED;
  return { exitCode, kind };
}
