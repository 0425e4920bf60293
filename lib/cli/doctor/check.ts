import { ResponseLost } from "../../errors.ts";
import { type End, EXIT_CODES } from "../exit_codes.ts";
import { reportOf } from "../failure_report.ts";
import { Skipped } from "./facts.ts";

/** The result of a check. Its end is completed unless the check failed. */
export interface CheckResult extends End {
  readonly status: "ok" | "warning" | "failed" | "skipped";
  readonly detail: string;
  readonly hint: string | null;
}

export type DoctorCheck = CheckResult & { readonly name: string };

const CHECK_NETWORK = "Check the network, HTTPS_PROXY and NO_PROXY, and whether a file system hangs";
const PASSED: End = { kind: "completed", exitCode: EXIT_CODES.completed };

export const ok = (detail: string): CheckResult => ({ status: "ok", detail, hint: null, ...PASSED });
export const warning = (detail: string, hint: string): CheckResult => ({ status: "warning", detail, hint, ...PASSED });
export const failed = (kind: keyof typeof EXIT_CODES, detail: string, hint: string): CheckResult => (
  { status: "failed", detail, hint, kind, exitCode: EXIT_CODES[kind] }
);

export function resultOfError(error: unknown): CheckResult {
  if (error instanceof Skipped) return { status: "skipped", detail: error.message, hint: null, ...PASSED };
  const { message, hint, kind, exitCode } = reportOf(error);
  const lostHint = error instanceof ResponseLost ? CHECK_NETWORK : null;
  return { status: "failed", detail: message, hint: hint ?? lostHint, kind, exitCode };
}

/** A warning that lists every `[detail, hint]`; `ok` when there are none. */
export function okUnless(detail: string, warnings: readonly (readonly [string, string] | false)[]): CheckResult {
  const all = warnings.filter((entry) => entry !== false);
  if (all.length === 0) return ok(detail);
  return warning([detail, ...all.map(([text]) => text)].join("; "), all.map(([, hint]) => hint).join(". "));
}
