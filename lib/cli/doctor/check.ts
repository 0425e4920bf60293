/** What a check came to, and what all of them come to. Pure. */

import { EXIT_CODES, mostSevere } from "../exit_codes.ts";
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

/** What one check came to. */
export type Verdict =
  | { readonly status: "ok" | "warning" | "skipped"; readonly detail: string; readonly hint: string | null }
  | {
    readonly status: "failed";
    readonly detail: string;
    readonly hint: string | null;
    /** As in the table of exit codes. */
    readonly kind: string;
    readonly exitCode: number;
  };

export type Check = Verdict & { readonly name: CheckName };

export const well = (detail: string): Verdict => ({ status: "ok", detail, hint: null });
export const odd = (detail: string, hint: string): Verdict => ({ status: "warning", detail, hint });
export const skipped = (detail: string): Verdict => ({ status: "skipped", detail, hint: null });

export interface Trouble {
  readonly what: string;
  readonly hint: string;
}

/** Well, unless something is odd: then each such thing is said, with what to do about it. */
export function unlessOdd(detail: string, troubles: readonly (Trouble | null)[]): Verdict {
  const all = troubles.filter((trouble) => trouble !== null);
  if (all.length === 0) return well(detail);
  return odd([detail, ...all.map(({ what }) => what)].join("; "), all.map(({ hint }) => hint).join(". "));
}

/** `kind` is one of the table of exit codes. */
export function bad(kind: keyof typeof EXIT_CODES, detail: string, hint: string): Verdict {
  return { status: "failed", detail, hint, kind, exitCode: EXIT_CODES[kind] };
}

/** What a check that could not be done says. */
export function verdictOf(error: unknown): Verdict {
  const { message, hint, kind, exitCode } = reportOf(error);
  return { status: "failed", detail: message, hint: hint ?? null, kind, exitCode };
}

/** What the whole comes to: of several failed checks the gravest decides. */
export function conclude(checks: readonly Check[]): { readonly exitCode: number; readonly kind: string } {
  const failed = checks.filter((check) => check.status === "failed");
  const exitCode = mostSevere(failed.map((check) => check.exitCode));
  return { exitCode, kind: failed.find((check) => check.exitCode === exitCode)?.kind ?? "completed" };
}

/** `4 KiB`, `1.5 GiB`. */
export function byteText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}
