/** All commands. Each loads when it is used; literal specifiers let `deno compile` embed the modules. */

import type { Command } from "./command.ts";

export type CommandEntry = Readonly<ReturnType<typeof entry>>;

/**
 * @param summary One imperative sentence without a period.
 * @param aliases What other tools call it. Help and completion list the name only.
 */
const entry = (
  name: string,
  summary: string,
  load: () => Promise<{ readonly command: Command }>,
  aliases: readonly string[] = [],
) => ({ name, aliases, summary, load: async () => (await load()).command });

export const COMMAND_GROUPS: Readonly<Record<string, readonly CommandEntry[]>> = {
  Workflows: [
    entry("list", "List workflows", () => import("./commands/list.ts"), ["ls"]),
    entry("show", "Show a workflow and its inputs", () => import("./commands/show.ts"), ["get"]),
    entry(
      "inputs",
      "Create an input file, print its schema, or explain where values come from",
      () => import("./commands/inputs.ts"),
    ),
  ],
  Runs: [
    entry("run", "Submit a run and track it to its end", () => import("./commands/run.ts")),
    entry("batch", "Run a workflow many times, from the rows of a file", () => import("./commands/batch.ts")),
    entry("status", "Show the status of a run", () => import("./commands/status.ts"), ["view"]),
    entry("watch", "Track runs to their end", () => import("./commands/watch.ts")),
    entry("runs", "List runs on the platform", () => import("./commands/runs.ts")),
    entry("logs", "Show a run's logs", () => import("./commands/logs.ts")),
    entry("files", "Print a file from a run's folder", () => import("./commands/files.ts")),
    entry("errors", "Show why a run failed", () => import("./commands/errors.ts")),
    entry("open", "Open the page of a run in the browser", () => import("./commands/open.ts")),
    entry("cancel", "Cancel runs", () => import("./commands/cancel.ts")),
  ],
  "Tests": [entry("test", "Run suites of cases, and judge them", () => import("./commands/test.ts"))],
  "Local history": [
    entry("resume", "Resume runs started on this machine that have not finished", () => import("./commands/resume.ts")),
    entry("history", "Show the local history", () => import("./commands/history.ts")),
    entry("rerun", "Submit a run again with the same inputs", () => import("./commands/rerun.ts")),
    entry("store", "Copy the run store to another backend", () => import("./commands/store.ts")),
  ],
  Schedules: [entry("schedules", "List schedules and their next occurrences", () => import("./commands/schedules.ts"))],
  "Account and setup": [
    entry("doctor", "Check your setup", () => import("./commands/doctor.ts")),
    entry(
      "auth",
      "Show which API key is used, where it comes from, and whose it is",
      () => import("./commands/auth.ts"),
    ),
    entry(
      "workspace",
      "Show, start or restart your workspace, where runs execute",
      () => import("./commands/workspace.ts"),
    ),
    entry("completions", "Install shell completion, or print its script", () => import("./commands/completions.ts")),
  ],
  "Simulated platform": [
    entry("demo", "Track a run on a simulated platform", () => import("./commands/demo.ts")),
    entry("simulate", "Serve a simulated platform", () => import("./commands/simulate.ts")),
  ],
};

export const COMMANDS: readonly CommandEntry[] = Object.values(COMMAND_GROUPS).flat();

/** @param name The name of a command, or an alias. */
export function findCommand(name: string): CommandEntry | undefined {
  return COMMANDS.find((command) => command.name === name || command.aliases.includes(name));
}
