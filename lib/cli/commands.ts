/** All commands. Each loads when it is used; literal specifiers let `deno compile` embed the modules. */

import type { Command } from "./command.ts";

export interface CommandEntry {
  readonly name: string;
  /** What other tools call it. Help and completion list the name only. */
  readonly aliases: readonly string[];
  /** One imperative sentence without a period. */
  readonly summary: string;
  load(): Promise<Command>;
}

const entry = (
  name: string,
  summary: string,
  load: () => Promise<Command>,
  aliases: readonly string[] = [],
): CommandEntry => ({ name, aliases, summary, load });

export const COMMAND_GROUPS: Readonly<Record<string, readonly CommandEntry[]>> = {
  Workflows: [
    entry("list", "List workflows", async () => (await import("./commands/list.ts")).listCommand, ["ls"]),
    entry("show", "Show a workflow and its inputs", async () => (await import("./commands/show.ts")).showCommand, [
      "get",
    ]),
    entry(
      "inputs",
      "Create an input file, print its schema, or explain where values come from",
      async () => (await import("./commands/inputs.ts")).inputsCommand,
    ),
  ],
  Runs: [
    entry("run", "Submit a run and track it to its end", async () => (await import("./commands/run.ts")).runCommand),
    entry(
      "batch",
      "Run a workflow many times, from the rows of a file",
      async () => (await import("./commands/batch.ts")).batchCommand,
    ),
    entry("status", "Show the status of a run", async () => (await import("./commands/status.ts")).statusCommand, [
      "view",
    ]),
    entry("watch", "Track runs to their end", async () => (await import("./commands/watch.ts")).watchCommand),
    entry("runs", "List runs on the platform", async () => (await import("./commands/runs.ts")).runsCommand),
    entry("logs", "Show a run's logs", async () => (await import("./commands/logs.ts")).logsCommand),
    entry("files", "Print a file from a run's folder", async () => (await import("./commands/files.ts")).filesCommand),
    entry("errors", "Show why a run failed", async () => (await import("./commands/errors.ts")).errorsCommand),
    entry(
      "open",
      "Open the page of a run in the browser",
      async () => (await import("./commands/open.ts")).openCommand,
    ),
    entry("cancel", "Cancel runs", async () => (await import("./commands/cancel.ts")).cancelCommand),
  ],
  "Tests": [
    entry("test", "Run suites of cases, and judge them", async () => (await import("./commands/test.ts")).testCommand),
  ],
  "Local history": [
    entry(
      "resume",
      "Resume runs started on this machine that have not finished",
      async () => (await import("./commands/resume.ts")).resumeCommand,
    ),
    entry("history", "Show the local history", async () => (await import("./commands/history.ts")).historyCommand),
    entry(
      "rerun",
      "Submit a run again with the same inputs",
      async () => (await import("./commands/rerun.ts")).rerunCommand,
    ),
    entry(
      "store",
      "Copy the run store to another backend",
      async () => (await import("./commands/store.ts")).storeCommand,
    ),
  ],
  Schedules: [
    entry(
      "schedules",
      "List schedules and their next occurrences",
      async () => (await import("./commands/schedules.ts")).schedulesCommand,
    ),
  ],
  "Account and setup": [
    entry("doctor", "Check your setup", async () => (await import("./commands/doctor.ts")).doctorCommand),
    entry(
      "auth",
      "Show which API key is used, where it comes from, and whose it is",
      async () => (await import("./commands/auth.ts")).authCommand,
    ),
    entry(
      "workspace",
      "Show, start or restart your workspace, where runs execute",
      async () => (await import("./commands/workspace.ts")).workspaceCommand,
    ),
    entry(
      "completions",
      "Install shell completion, or print its script",
      async () => (await import("./commands/completions.ts")).completionsCommand,
    ),
  ],
  "Simulated platform": [
    entry("demo", "Track a run on a simulated platform", async () => (await import("./commands/demo.ts")).demoCommand),
    entry(
      "simulate",
      "Serve a simulated platform",
      async () => (await import("./commands/simulate.ts")).simulateCommand,
    ),
  ],
};

export const COMMANDS: readonly CommandEntry[] = Object.values(COMMAND_GROUPS).flat();

/** @param name The name of a command, or an alias. */
export function findCommand(name: string): CommandEntry | undefined {
  return COMMANDS.find((command) => command.name === name || command.aliases.includes(name));
}
