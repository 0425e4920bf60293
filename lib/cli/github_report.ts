/** `--report github`: writes a report where GitHub expects it. */

import { UsageError } from "../errors.ts";
import { githubAnnotations, githubOutputs, githubSummary } from "../reports/github.ts";
import { outputLines, workflowCommand } from "../reports/workflow_command.ts";
import type { Context } from "./context.ts";
import type { ReportWriter } from "./reporter.ts";

/**
 * Masks the API key, and disables workflow commands until the report is written: the runner ignores all commands in the
 * log until it reads a random token.
 *
 * @throws UsageError outside of GitHub Actions.
 */
export function openGithubReport({ env, random, stderr, appendFile }: Context): ReportWriter {
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
  return {
    writeSlug(slug) {
      try {
        writeOutputs({ "run-slug": slug ?? "" });
      } catch {
        // Writing the report at the end fails too, and is reported then. The wait for the run must not end here.
      }
    },
    write(report) {
      print(`::${token}::`);
      if (report === null) return;
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
