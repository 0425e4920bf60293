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
} as const satisfies Record<ErrorKind | ResultKind, number>;

/** 128 + the signal's number. */
export const EXIT_CODES_OF_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const satisfies Record<
  StopSignal,
  number
>;

/** 128 + SIGPIPE: the exit code of standard tools when `head` closes the pipe. */
export const EXIT_CODE_OF_CLOSED_PIPE = 141;

/** EX_SOFTWARE: a bug in this program. */
export const EXIT_CODE_OF_DEFECT = 70;

export type SignalExitCode = (typeof EXIT_CODES_OF_SIGNALS)[StopSignal];

export type ExitCode =
  | (typeof EXIT_CODES)[keyof typeof EXIT_CODES]
  | SignalExitCode
  | typeof EXIT_CODE_OF_CLOSED_PIPE
  | typeof EXIT_CODE_OF_DEFECT;

/** The end of every JSON document of a command that succeeded and submitted nothing. */
export const COMPLETED = { exitCode: EXIT_CODES.completed, kind: "completed", submitted: "no" } as const;

/** How urgent each code is: a bug first, then a signal, then what a script must handle first. A missing code is a type error. */
const SEVERITY: Readonly<Record<ExitCode, number>> = {
  [EXIT_CODE_OF_DEFECT]: 14,
  [EXIT_CODE_OF_CLOSED_PIPE]: 13,
  143: 12,
  130: 11,
  129: 10,
  6: 9,
  7: 8,
  4: 7,
  124: 6,
  8: 5,
  5: 4,
  2: 3,
  1: 2,
  3: 1,
  0: 0,
};

/** The exit code for several results. */
export function mostSevere(codes: readonly ExitCode[]): ExitCode {
  return codes.reduce<ExitCode>((worst, code) => SEVERITY[code] > SEVERITY[worst] ? code : worst, 0);
}
