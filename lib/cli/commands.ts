/** The table of commands. */

import type { Command } from "./command.ts";

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
        load: loadContact,
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
        load: loadDemo,
      },
      {
        name: "schedules",
        usage: "",
        summary: "what runs by itself, and when next",
        load: loadSchedules,
      },
      {
        name: "simulate",
        usage: "",
        summary: "serve a simulated platform",
        load: loadSimulate,
      },
      {
        name: "completions",
        usage: "bash|zsh|fish",
        summary: "let a shell complete commands, workflows and runs",
        load: loadCompletions,
      },
    ],
  },
] as const;

/**
 * Not literal on purpose: what is literal is loaded into the module graph at every start, and downloaded by every run
 * from a URL, and these are half of the program's files. `deno task compile` finds them by these lines.
 */
const COMPLETIONS: string = "./commands/completions.ts";
const CONTACT: string = "./commands/probe.ts";
const DEMO: string = "./commands/demo.ts";
const SCHEDULES: string = "./commands/schedules.ts";
const SIMULATE: string = "./commands/simulate.ts";

async function loadCompletions(): Promise<Command> {
  // deno-lint-ignore house/literal-import -- see above
  const { completions }: typeof import("./commands/completions.ts") = await import(COMPLETIONS);
  return completions;
}

async function loadContact(): Promise<Command> {
  // deno-lint-ignore house/literal-import -- see above
  const { contact }: typeof import("./commands/probe.ts") = await import(CONTACT);
  return contact;
}

async function loadDemo(): Promise<Command> {
  // deno-lint-ignore house/literal-import -- see above
  const { demo }: typeof import("./commands/demo.ts") = await import(DEMO);
  return demo;
}

async function loadSchedules(): Promise<Command> {
  // deno-lint-ignore house/literal-import -- see above
  const { schedules }: typeof import("./commands/schedules.ts") = await import(SCHEDULES);
  return schedules;
}

async function loadSimulate(): Promise<Command> {
  // deno-lint-ignore house/literal-import -- see above
  const { simulate }: typeof import("./commands/simulate.ts") = await import(SIMULATE);
  return simulate;
}
