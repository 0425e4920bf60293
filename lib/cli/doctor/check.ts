import { EXIT_CODES, type ExitCode, mostSevere } from "../exit_codes.ts";
import { reportOf } from "../failure_report.ts";

export type CheckName =
  | "versions"
  | "settings"
  | "network"
  | "credential"
  | "connection"
  | "clock"
  | "account"
  | "routes"
  | "workspace"
  | "history";

export type CheckResult =
  | { readonly status: "ok" | "warning" | "skipped"; readonly detail: string; readonly hint: string | null }
  | {
    readonly status: "failed";
    readonly detail: string;
    readonly hint: string | null;
    /** A kind from the table of exit codes, or `defect`. */
    readonly kind: string;
    readonly exitCode: ExitCode;
  };

export type DoctorCheck = CheckResult & { readonly name: CheckName };

export const okCheckResult = (detail: string): CheckResult => ({ status: "ok", detail, hint: null });
export const warningCheckResult = (detail: string, hint: string): CheckResult => ({ status: "warning", detail, hint });
export const skippedCheckResult = (detail: string): CheckResult => ({ status: "skipped", detail, hint: null });

export function failedCheckResult(kind: keyof typeof EXIT_CODES, detail: string, hint: string): CheckResult {
  return { status: "failed", detail, hint, kind, exitCode: EXIT_CODES[kind] };
}

export interface CheckWarning {
  readonly detail: string;
  readonly hint: string;
}

/** A warning that lists every entry that is not null; `ok` when all are null. */
export function okCheckUnless(detail: string, warnings: readonly (CheckWarning | null)[]): CheckResult {
  const all = warnings.filter((entry) => entry !== null);
  if (all.length === 0) return okCheckResult(detail);
  return warningCheckResult(
    [detail, ...all.map((entry) => entry.detail)].join("; "),
    all.map(({ hint }) => hint).join(". "),
  );
}

export function failedCheckWith(error: unknown): CheckResult {
  const { message, hint, kind, exitCode } = reportOf(error);
  return { status: "failed", detail: message, hint: hint ?? null, kind, exitCode };
}

/** The most severe failure decides. */
export function overallCheckResult(
  checks: readonly DoctorCheck[],
): { readonly exitCode: ExitCode; readonly kind: string } {
  const failures = checks.filter((check) => check.status === "failed");
  const exitCode = mostSevere(failures.map((check) => check.exitCode));
  return { exitCode, kind: failures.find((check) => check.exitCode === exitCode)?.kind ?? "completed" };
}

/** `4 KiB`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}
