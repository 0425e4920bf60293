/** `--report github`: while a command runs, collects what its report contains, and writes it where GitHub expects it. */

import { UsageError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { cleanLog } from "../log_text.ts";
import { osErrorReason } from "../os_error.ts";
import { createRedactor, redactDeep, redactorOf } from "../redact.ts";
import { githubAnnotations, githubOutputs, githubSummary } from "../reports/github.ts";
import { type AttemptEnd, type AttemptFacts, type Report, reportRun } from "../reports/report.ts";
import { outputLines, workflowCommand } from "../reports/workflow_command.ts";
import type { Context } from "./context.ts";

/** Receives the facts of a report from the command. */
export type Reporter = ReturnType<typeof openReporter>;

/**
 * Masks the API key, and disables workflow commands until the report is written: the runner ignores all commands in the
 * log until it reads a random token.
 *
 * @throws UsageError outside of GitHub Actions, and for a file that cannot be written.
 */
export function openReporter(context: Context) {
  const { env, random, stderr } = context;
  const appendOutput = fileOf(context, "GITHUB_OUTPUT");
  const appendSummary = fileOf(context, "GITHUB_STEP_SUMMARY");
  const randomText = () => Array.from({ length: 5 }, () => random().toString(36).slice(2)).join("");
  const print = (line: string) => stderr.write(`${line}\n`);
  const writeOutputs = (outputs: Readonly<Record<string, string>>) => appendOutput(outputLines(outputs, randomText()));

  for (const text of (env("PW_API_KEY") ?? "").split(/\s+/).filter(Boolean)) {
    print(workflowCommand("add-mask", {}, text));
  }
  const token = randomText();
  print(workflowCommand("stop-commands", {}, token));
  let facts: AttemptFacts & { readonly name: string } = { name: "run", slug: null, isAttached: false };
  let platformUrl: string | null = null;
  let finished: Report | undefined;
  let ended: { readonly end: AttemptEnd; readonly exitCode: number } | undefined;
  /** `undefined` if the command ended without a report. */
  const collected = () => {
    // The answer may have failed since.
    if (finished !== undefined) return { ...finished, exitCode: (ended ?? finished).exitCode };
    return ended === undefined ? undefined : reportRun({ ...facts, platformUrl }, ended.end, ended.exitCode);
  };
  return {
    /** What is known before the first event. */
    start(name: string, url = platformUrl): void {
      facts = { ...facts, name };
      platformUrl = url;
    },
    /** Writes each slug as soon as it is known: the process may be killed before the report is complete. */
    show(event: RunEvent): void {
      if (event.type !== "submitting" && event.type !== "started") return;
      facts = { ...facts, slug: event.slug, isAttached: event.type === "started" && event.isAttached };
      try {
        writeOutputs({ "run-slug": event.slug ?? "" });
      } catch {
        // Writing the report at the end fails too, and is reported then. The wait for the run must not end here.
      }
    },
    end: (end: AttemptEnd, exitCode: number) => void (ended = { end, exitCode }),
    /**
     * Writes the whole report, from a command that makes its own, and that can still exit with another code.
     *
     * @throws UsageError
     */
    finish(report: Report): void {
      finished = report;
      appendSummary(githubSummary(report));
      // Last, because they contain the exit code.
      writeOutputs(githubOutputs(report));
    },
    /** Writes what has not been written, without these values. */
    write(secrets: readonly string[]): void {
      print(`::${token}::`);
      const report = collected();
      if (report === undefined) return;
      const clean = cleanReport(report, secrets);
      for (const line of githubAnnotations(clean)) print(line);
      if (finished === undefined || ended !== undefined) writeOutputs(githubOutputs(clean));
      if (finished === undefined) appendSummary(githubSummary(clean));
    },
  };
}

/** Appends to the file that the variable names. @throws UsageError if it cannot. */
function fileOf({ env, appendFile }: Context, name: string): (text: string) => void {
  const refused = (reason: string) =>
    new UsageError(`Cannot write a report for GitHub: ${name} ${reason}`, {
      hint: "Use --report github in a step of GitHub Actions, with permission to read that variable",
    });
  const path = env(name) ?? "";
  if (path === "") throw refused("is not set");
  const append = (text: string) => {
    try {
      appendFile(path, text);
    } catch (error) {
      const reason = osErrorReason(error);
      throw reason === undefined ? error : refused(`is ${path}: ${reason}`);
    }
  };
  append("");
  return append;
}

/** Without these values, and with readable text. */
export function cleanReport(report: Report, secrets: readonly string[]): Report {
  const redact = createRedactor(secrets);
  const clean = redactorOf((text) => redact(cleanLog(text)), []);
  return redactDeep(report, clean);
}
