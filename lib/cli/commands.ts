/** The table of commands. */

/** Each is loaded when it is asked for; the specifiers are literal, so that a compiled binary holds them. */
export const GROUPS = [
  {
    title: "Workflows",
    commands: [
      {
        name: "list",
        usage: "[PATTERN]",
        summary: "what workflows there are",
        load: async () => (await import("./commands/list.ts")).list,
      },
      {
        name: "show",
        usage: "WORKFLOW",
        summary: "what a workflow is and what it asks for",
        load: async () => (await import("./commands/show.ts")).show,
      },
      {
        name: "inputs",
        usage: "new|schema|explain WORKFLOW",
        summary: "files of inputs: begin one, check one, see where a value comes from",
        load: async () => (await import("./commands/inputs.ts")).inputs,
      },
      {
        name: "run",
        usage: "WORKFLOW -i …",
        summary: "submit a run, follow it, report its end",
        load: async () => (await import("./commands/run.ts")).run,
      },
    ],
  },
  {
    title: "Runs",
    commands: [
      {
        name: "status",
        usage: "RUN",
        summary: "how a run is doing",
        load: async () => (await import("./commands/status.ts")).status,
      },
      {
        name: "watch",
        usage: "RUN…",
        summary: "follow runs to their end",
        load: async () => (await import("./commands/watch.ts")).watch,
      },
      {
        name: "runs",
        usage: "[WORKFLOW]",
        summary: "what was run",
        load: async () => (await import("./commands/runs.ts")).runs,
      },
      {
        name: "logs",
        usage: "RUN",
        summary: "what a run said",
        load: async () => (await import("./commands/logs.ts")).logs,
      },
      {
        name: "errors",
        usage: "RUN",
        summary: "why a run failed",
        load: async () => (await import("./commands/errors.ts")).errors,
      },
      {
        name: "cancel",
        usage: "RUN…",
        summary: "end runs early",
        load: async () => (await import("./commands/cancel.ts")).cancel,
      },
    ],
  },
  {
    title: "From here",
    commands: [
      {
        name: "resume",
        usage: "",
        summary: "take up what was started here and not seen to its end",
        load: async () => (await import("./commands/resume.ts")).resume,
      },
      {
        name: "history",
        usage: "[show RUN]",
        summary: "what was run from here",
        load: async () => (await import("./commands/history.ts")).history,
      },
      {
        name: "rerun",
        usage: "RUN",
        summary: "submit again what was run, with the same inputs",
        load: async () => (await import("./commands/rerun.ts")).rerun,
      },
      {
        name: "doctor",
        usage: "",
        summary: "what keeps this from working",
        load: async () => (await import("./commands/doctor.ts")).doctor,
      },
      {
        name: "contact",
        usage: "",
        summary: "find out what a platform does where its contract is open",
        load: async () => (await import("./commands/probe.ts")).contact,
      },
    ],
  },
  {
    title: "Without an account",
    commands: [
      {
        name: "demo",
        usage: "",
        summary: "watch a run on a simulated platform",
        load: async () => (await import("./commands/demo.ts")).demo,
      },
      {
        name: "schedules",
        usage: "",
        summary: "what runs by itself, and when next",
        load: async () => (await import("./commands/schedules.ts")).schedules,
      },
      {
        name: "simulate",
        usage: "",
        summary: "serve a simulated platform",
        load: async () => (await import("./commands/simulate.ts")).simulate,
      },
      {
        name: "completions",
        usage: "bash|zsh|fish",
        summary: "let a shell complete commands, workflows and runs",
        load: async () => (await import("./commands/completions.ts")).completions,
      },
    ],
  },
] as const;
