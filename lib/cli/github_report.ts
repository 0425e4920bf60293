/** `--report github`: while a command runs, collects what its report contains; then writes it where GitHub expects it. */

import { UsageError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { cleanLog } from "../log_text.ts";
import { createRedactor, redactDeep } from "../redact.ts";
import { githubAnnotations, githubOutputs, githubSummary, outputLines, workflowCommand } from "../reports/github.ts";
import { type CaseEnd, type CaseFacts, reportCase } from "../reports/report.ts";
import type { Context } from "./context.ts";

/** What a command tells its report. */
export interface Reporter {
  /** What is known before the first event. */
  start(facts: { readonly name: string; readonly platformUrl?: string }): void;
  show(event: RunEvent): void;
  end(end: CaseEnd, exitCode: number): void;
  /** Writes the report, without these values. */
  write(secrets: readonly string[]): void;
}

/**
 * Masks the API key, and turns workflow commands off until the report is written: the runner ignores all commands in the
 * log until it reads a random token.
 *
 * @throws UsageError outside of GitHub Actions.
 */
export function startGithubReport({ env, random, stderr, appendFile }: Context): Reporter {
  const outputFile = fileOf(env, "GITHUB_OUTPUT");
  const summaryFile = fileOf(env, "GITHUB_STEP_SUMMARY");
  const randomText = () => Array.from({ length: 5 }, () => random().toString(36).slice(2)).join("");
  const print = (line: string) => stderr.write(`${line}\n`);
  const writeOutputs = (outputs: Readonly<Record<string, string>>) =>
    appendFile(outputFile, outputLines(outputs, randomText()));

  for (const text of (env("PW_API_KEY") ?? "").split(/\s+/).filter(Boolean)) {
    print(workflowCommand("add-mask", {}, text));
  }
  const token = randomText();
  print(workflowCommand("stop-commands", {}, token));
  let facts: CaseFacts = { name: "run", slug: null, isAttached: false };
  let platformUrl: string | null = null;
  let ended: { readonly end: CaseEnd; readonly exitCode: number } | undefined;
  return {
    start({ name, platformUrl: url = platformUrl }) {
      facts = { ...facts, name };
      platformUrl = url;
    },
    show(event) {
      if (event.type !== "submitting" && event.type !== "started") return;
      facts = { ...facts, slug: event.slug, isAttached: event.type === "started" && event.isAttached };
      // At once, so that the output exists even if this process is killed.
      try {
        writeOutputs({ "run-slug": event.slug ?? "" });
      } catch {
        // Writing the report at the end fails too, and is reported then. The wait for the run must not end here.
      }
    },
    end: (end, exitCode) => void (ended = { end, exitCode }),
    write(secrets) {
      print(`::${token}::`);
      if (ended === undefined) return;
      const redact = createRedactor(secrets);
      const clean = Object.assign((text: string) => redact(cleanLog(text)), { maxLength: 0 });
      const report = redactDeep({ platformUrl, cases: [reportCase(facts, ended.end, ended.exitCode)] }, clean);
      for (const line of githubAnnotations(report)) print(line);
      writeOutputs(githubOutputs(report));
      appendFile(summaryFile, githubSummary(report));
    },
  };
}

function fileOf(env: Context["env"], name: string): string {
  const path = env(name) ?? "";
  if (path !== "") return path;
  throw new UsageError(`Cannot write a report for GitHub: ${name} is not set`, {
    hint: "Use --report github in a step of GitHub Actions, with permission to read that variable",
  });
}
