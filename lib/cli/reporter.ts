/** `--report`: while a command runs, collects what its report contains. */

import type { RunEvent } from "../events.ts";
import { cleanLog } from "../log_text.ts";
import { createRedactor, redactDeep, redactorOf } from "../redact.ts";
import { type AttemptEnd, type AttemptFacts, type Report, reportRun } from "../reports/report.ts";

/** Receives the facts of a report from the command. */
export type Reporter = ReturnType<typeof createReporter>;

/** Writes a report where its format belongs. */
export interface ReportWriter {
  /** Called with each slug as soon as it is known: the process may be killed before the report is complete. */
  writeSlug?(slug: string | null): void;
  /** @param report `null` if the command ended without one. */
  write(report: Report | null): void;
}

export function createReporter(writer: ReportWriter) {
  let facts: AttemptFacts & { readonly name: string } = { name: "run", slug: null, isAttached: false };
  let platformUrl: string | null = null;
  let finished: Report | undefined;
  let ended: { readonly end: AttemptEnd; readonly exitCode: number } | undefined;
  return {
    /** What is known before the first event. */
    start(name: string, url = platformUrl): void {
      facts = { ...facts, name };
      platformUrl = url;
    },
    show(event: RunEvent): void {
      if (event.type !== "submitting" && event.type !== "started") return;
      facts = { ...facts, slug: event.slug, isAttached: event.type === "started" && event.isAttached };
      writer.writeSlug?.(event.slug);
    },
    end: (end: AttemptEnd, exitCode: number) => void (ended = { end, exitCode }),
    /** The whole report, from a command that makes its own. */
    finish: (report: Report) => void (finished = report),
    /** Writes the report, without these values. */
    write(secrets: readonly string[]): void {
      if (finished !== undefined) {
        // The answer may have failed since.
        const { exitCode } = ended ?? finished;
        return writer.write(cleanReport({ ...finished, exitCode }, secrets));
      }
      if (ended === undefined) return writer.write(null);
      writer.write(cleanReport(reportRun({ ...facts, platformUrl }, ended.end, ended.exitCode), secrets));
    },
  };
}

/** Without these values, and with readable text. */
export function cleanReport(report: Report, secrets: readonly string[]): Report {
  const redact = createRedactor(secrets);
  const clean = redactorOf((text) => redact(cleanLog(text)), []);
  return redactDeep(report, clean);
}
