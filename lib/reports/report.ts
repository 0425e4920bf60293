/** What is reported about runs, in every format: one case for a single run, many for a suite. */

import type { Problem } from "../problem.ts";
import type { RunResult, Submitted } from "../result.ts";

export interface Report {
  /** Such as `https://activate.parallel.works`; `null` if it is not known. */
  readonly platformUrl: string | null;
  readonly cases: readonly ReportCase[];
}

export interface ReportCase extends CaseFacts {
  readonly status: CaseStatus;
  readonly exitCode: number;
  /** The result of the run, or the error that prevented one. */
  readonly end: CaseEnd;
}

/** What is known of a case before its end. */
export interface CaseFacts {
  /** The workflow. */
  readonly name: string;
  /** `null` if nothing was submitted, or the run has no slug. */
  readonly slug: string | null;
  /** True if the run already existed. */
  readonly isAttached: boolean;
}

export type CaseEnd =
  | { readonly type: "result"; readonly result: RunResult }
  | { readonly type: "error"; readonly error: ReportError };

export interface ReportError {
  /** A kind from the table of exit codes, or `stopped` or `defect`. */
  readonly kind: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly problems: readonly Problem[];
  readonly submitted: Submitted;
  /** True if the run was cancelled because the wait for it was interrupted. */
  readonly isCancelled?: boolean;
}

/** `error`: no run was started. `stopped`: the wait was interrupted and the run continues. */
export type CaseStatus = RunResult["status"] | "error" | "stopped";

export function reportCase(facts: CaseFacts, end: CaseEnd, exitCode: number): ReportCase {
  if (end.type === "error") return { ...facts, end, exitCode, status: statusOfError(end.error, facts) };
  return { ...facts, slug: end.result.slug ?? facts.slug, end, exitCode, status: end.result.status };
}

function statusOfError({ isCancelled, submitted, kind }: ReportError, { isAttached }: CaseFacts): CaseStatus {
  if (isCancelled === true) return "cancelled";
  if (submitted === "yes" || (isAttached && kind === "stopped")) return "stopped";
  return submitted === "no" ? "error" : "unknown";
}
