/**
 * The verdict on a case. `known-failure`: failed as the suite states. `unexpected-pass`: passed although the suite
 * states that it fails. `not-judged`: its run could not show whether it meets the expectations, for example because it
 * waited in the queue for too long. `not-run`: nothing was submitted. `error`: its run could not be started or observed.
 */
export type Verdict =
  | "passed"
  | "failed"
  | "known-failure"
  | "unexpected-pass"
  | "skipped"
  | "not-judged"
  | "not-run"
  | "error";

/** The worst first: the order of failures in reports. */
export const VERDICTS = [
  "failed",
  "unexpected-pass",
  "error",
  "not-judged",
  "not-run",
  "known-failure",
  "skipped",
  "passed",
] as const satisfies readonly Verdict[];

/** How people read it. */
export const VERDICT_TEXTS = {
  "passed": "passed",
  "failed": "failed",
  "known-failure": "known failure",
  "unexpected-pass": "unexpected pass",
  "skipped": "skipped",
  "not-judged": "not judged",
  "not-run": "not run",
  "error": "error",
} as const satisfies Record<Verdict, string>;
