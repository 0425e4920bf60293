/** All commands. Each loads when it is used; literal specifiers let `deno compile` embed the modules. */
export const COMMAND_GROUPS = [
  {
    title: "Workflows",
    commands: [
      {
        name: "list",
        usage: "[PATTERN]",
        summary: "List workflows",
        load: async () => (await import("./commands/list.ts")).listCommand,
      },
      {
        name: "show",
        usage: "WORKFLOW",
        summary: "Show a workflow and its inputs",
        load: async () => (await import("./commands/show.ts")).showCommand,
      },
      {
        name: "inputs",
        usage: "new|schema|explain WORKFLOW",
        summary: "Create an input file, print its schema, or explain where values come from",
        load: async () => (await import("./commands/inputs.ts")).inputsCommand,
      },
      {
        name: "schedules",
        usage: "",
        summary: "List schedules and their next occurrences",
        load: async () => (await import("./commands/schedules.ts")).schedulesCommand,
      },
    ],
  },
  {
    title: "Runs",
    commands: [
      {
        name: "run",
        usage: "WORKFLOW -i …",
        summary: "Submit a run and track it to its end",
        load: async () => (await import("./commands/run.ts")).runCommand,
      },
      {
        name: "status",
        usage: "RUN",
        summary: "Show the status of a run",
        load: async () => (await import("./commands/status.ts")).statusCommand,
      },
      {
        name: "watch",
        usage: "RUN…",
        summary: "Track runs to their end",
        load: async () => (await import("./commands/watch.ts")).watchCommand,
      },
      {
        name: "runs",
        usage: "[WORKFLOW]",
        summary: "List runs on the platform",
        load: async () => (await import("./commands/runs.ts")).runsCommand,
      },
      {
        name: "logs",
        usage: "RUN",
        summary: "Show a run's logs",
        load: async () => (await import("./commands/logs.ts")).logsCommand,
      },
      {
        name: "errors",
        usage: "RUN",
        summary: "Show why a run failed",
        load: async () => (await import("./commands/errors.ts")).errorsCommand,
      },
      {
        name: "cancel",
        usage: "RUN…",
        summary: "Cancel runs",
        load: async () => (await import("./commands/cancel.ts")).cancelCommand,
      },
    ],
  },
  {
    title: "Local history",
    commands: [
      {
        name: "resume",
        usage: "",
        summary: "Resume runs started on this machine that have not finished",
        load: async () => (await import("./commands/resume.ts")).resumeCommand,
      },
      {
        name: "history",
        usage: "[show RUN]",
        summary: "Show the local history",
        load: async () => (await import("./commands/history.ts")).historyCommand,
      },
      {
        name: "rerun",
        usage: "RUN",
        summary: "Submit a run again with the same inputs",
        load: async () => (await import("./commands/rerun.ts")).rerunCommand,
      },
    ],
  },
  {
    title: "Setup",
    commands: [
      {
        name: "doctor",
        usage: "",
        summary: "Check your setup",
        load: async () => (await import("./commands/doctor.ts")).doctorCommand,
      },
      {
        name: "auth",
        usage: "status",
        summary: "Show which API key is used, where it comes from, and whose it is",
        load: async () => (await import("./commands/auth.ts")).authCommand,
      },
      {
        name: "workspace",
        usage: "status|start|restart",
        summary: "Show, start or restart your workspace, where runs execute",
        load: async () => (await import("./commands/workspace.ts")).workspaceCommand,
      },
      {
        name: "store",
        usage: "copy FROM TO",
        summary: "Copy the run store to another backend",
        load: async () => (await import("./commands/store.ts")).storeCommand,
      },
      {
        name: "completions",
        usage: "bash|zsh|fish",
        summary: "Print a shell completion script",
        load: async () => (await import("./commands/completions.ts")).completionsCommand,
      },
    ],
  },
  {
    title: "Simulator",
    commands: [
      {
        name: "demo",
        usage: "",
        summary: "Track a run on a simulated platform",
        load: async () => (await import("./commands/demo.ts")).demoCommand,
      },
      {
        name: "simulate",
        usage: "",
        summary: "Serve a simulated platform",
        load: async () => (await import("./commands/simulate.ts")).simulateCommand,
      },
    ],
  },
] as const;
