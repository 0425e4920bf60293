import { formatExactDuration } from "../../duration.ts";
import { InvalidInputs, RunnerError, UsageError } from "../../errors.ts";
import { isObject } from "../../json.ts";
import { orNull } from "../../os_error.ts";
import type { Problem } from "../../problem.ts";
import { readSchedules } from "../../scheduler/define.ts";
import { type Backfill, type Overlap, PRODUCTION, type Schedule } from "../../scheduler/schedule.ts";
import { nextOccurrences } from "../../scheduler/occurrences.ts";
import { flag, integer, option } from "../argv.ts";
import { defineCommand, type Invocation, JSON_OPTION } from "../command.ts";
import type { Context } from "../context.ts";
import { openClient } from "../open_client.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { formatScheduled } from "../terminal/time_text.ts";

const DEFAULT_FILE = "functions/schedules.ts";
/** Ends the URL of this module in the program's sources. A bundle has another, and what is beside it may be another user's. */
const OWN_FILE = "/lib/cli/commands/schedules.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner schedules": `Check ${DEFAULT_FILE} and show the next occurrences of each schedule`,
    "pw-workflow-runner schedules --check": "Also check the inputs of each schedule against its workflow",
    "pw-workflow-runner schedules --file nightly.ts --count 12 --json": "Read another file, and print JSON",
  },
  notes: "The file is a TypeScript module that exports schedules, like functions/schedules.ts. Reading it executes it.",
  isLocal: true,
  args: {
    file: option("PATH", `The schedules file (default ${DEFAULT_FILE}, here or in the program's sources)`, {
      completes: "file",
    }),
    count: option("N", "Number of occurrences to show for each (default 5)", integer({ min: 0, max: 1000 })),
    timeline: option("NAME", `Show which schedules are enabled there (default ${PRODUCTION})`),
    check: flag("Check the inputs of each schedule against its workflow: needs an API key"),
    ...JSON_OPTION,
  },
  async run(invocation) {
    const { context, output, values: { file, count = 5, timeline = PRODUCTION, check = false } } = invocation;
    const { path, list } = await loadSchedules(context, file);
    if (check) await checkInputs(invocation, list);
    const nowMs = context.clock.now();
    const { answerStyle: style } = output;
    const views = list.map((schedule) => {
      const { name, workflow, suite, cron, timeZone, timelines } = schedule;
      const isEnabled = timelines.includes(timeline);
      const next = nextOccurrences(schedule, nowMs, count).map(({ id, scheduledAtMs }) => {
        return { id, at: new Date(scheduledAtMs).toISOString(), local: formatScheduled(scheduledAtMs, timeZone) };
      });
      const policies = policyLines(schedule);
      // Inputs and webhook URLs may contain secrets, so they are left out.
      const notify = schedule.notify.map(({ url, ...webhook }) => ({ host: new URL(url).host, ...webhook }));
      const document = { ...schedule, inputs: undefined, notify, isEnabled, policies, next };
      const state = isEnabled ? style.green("on") : style.yellow("off");
      const where = timelines.length === 0 ? "disabled" : `on ${timelines.join(", ")}`;
      const lines = [
        `${style.bold(name)}  ${state}  ${style.dim(where)}`,
        `  ${suite ?? workflow}  ${cron}  ${timeZone}`,
        ...next.map(({ at, local }) => `  ${local}${timeZone === "UTC" ? "" : style.dim(`  ${at.slice(0, 16)}Z`)}`),
        ...policies.map((line) => style.dim(`  - ${line}`)),
      ];
      return { document, text: lines.join("\n") };
    });
    if (output.mode === "json") output.document({ timeline, schedules: views.map(({ document }) => document) });
    else if (views.length === 0) output.log("INFO", `No schedules in ${path}`);
    else output.answer(views.map(({ text }) => text).join("\n\n"));
    return EXIT_CODES.completed;
  },
});

/** How overlapping and missed occurrences and long runs are handled. */
function policyLines(schedule: Schedule): string[] {
  const { overlap, backfill, deadlineMs, onDeadline, jitterMs, notify } = schedule;
  return [
    OVERLAP_TEXTS[overlap],
    backfillText(backfill),
    deadlineMs === null
      ? "no deadline"
      : `${onDeadline === "cancel" ? "cancelled" : "reported"} after ${formatExactDuration(deadlineMs)}`,
    ...(jitterMs === 0 ? [] : [`starts up to ${formatExactDuration(jitterMs)} after the scheduled time`]),
    // A webhook URL may contain a secret, so only its host is shown.
    ...notify.map(({ url, on, secretEnv }) =>
      `notifies ${new URL(url).host} of ${on.join(", ")}${secretEnv === null ? "" : ` (signed with ${secretEnv})`}`
    ),
  ];
}

const OVERLAP_TEXTS = {
  skip: "skipped while the previous run is active",
  queue: "waits while the previous run is active",
  allow: "runs in parallel with the previous run",
  "cancel-previous": "cancels the previous run if it is active",
} as const satisfies Record<Overlap, string>;

function backfillText(backfill: Backfill): string {
  if (backfill === "none") return "missed occurrences are reported, not run";
  if (backfill === "last" || backfill.all === 1) return "after an outage, runs the last missed occurrence";
  return `after an outage, runs the last ${backfill.all} missed occurrences`;
}

/** Of disabled schedules too: they are checked before they are enabled. */
async function checkInputs(invocation: Invocation, list: readonly Schedule[]) {
  const { context, output, signal } = invocation;
  const { clock, env, readTextFile } = context;
  const parts = { deps: { client: await openClient(invocation), clock }, readTextFile, env };
  const { scheduleProblems } = await import("../../scheduler/submit_occurrence.ts");
  const problems: Problem[] = [];
  for (const schedule of list) {
    for (const problem of await scheduleProblems(parts, schedule, signal)) {
      problems.push({ ...problem, path: [schedule.name, problem.path].filter(Boolean).join(".") });
    }
  }
  if (problems.length > 0) throw new InvalidInputs("Cannot run the schedules as they are", problems);
  output.log("INFO", "The inputs of all schedules fit their workflows");
}

/**
 * Executes the module and checks its export.
 *
 * @returns The schedules, and their path as it is shown to the user.
 */
async function loadSchedules({ mayRead, readTextFile }: Context, file: string | undefined) {
  const isHere = mayRead(DEFAULT_FILE) && await orNull(readTextFile(DEFAULT_FILE)) !== null;
  const isFromSources = file === undefined && !isHere && import.meta.url.endsWith(OWN_FILE);
  const own = file ?? DEFAULT_FILE;
  const path = isFromSources ? `the program's ${DEFAULT_FILE}` : own;
  const url = isFromSources
    ? new URL(`../../../${DEFAULT_FILE}`, import.meta.url)
    : (await import("node:url")).pathToFileURL(own);
  const { schedules } = await importModule(url, path);
  if (schedules !== undefined) return { path, list: readSchedules(schedules) };
  throw new UsageError(`Cannot read schedules: ${path} does not export any`, {
    hint: "Add a line such as: export const schedules = defineSchedules([…])",
  });
}

async function importModule(url: URL, path: string): Promise<{ readonly schedules?: unknown }> {
  try {
    // deno-lint-ignore project/literal-import -- the path comes from the user
    return await import(url.href);
  } catch (error) {
    if (error instanceof RunnerError || !(error instanceof Error)) throw error;
    const problems = problemsOf(error);
    if (problems.length > 0) throw new InvalidInputs(error.message, problems, { cause: error });
    if (/^Requires .+ access/.test(error.message)) throw error;
    const [line = ""] = error.message.split("\n");
    if (/^Module not found/.test(line) && line.includes(url.href)) {
      throw new UsageError(`Cannot read schedules: ${path} does not exist`, {
        hint: "Choose a file with --file",
        cause: error,
      });
    }
    throw new UsageError(`Cannot read schedules from ${path}: ${line}`, {
      // A binary compiled by Deno 2.4 can't import TypeScript that is not embedded in it; newer ones can.
      hint: `Try \`deno check ${path}\`; a compiled binary may support only plain JavaScript`,
      cause: error,
    });
  }
}

/** A module may import its own copy of this program, so its errors have the same shape but another class. */
function problemsOf(error: Error): readonly Problem[] {
  const found: unknown = "problems" in error ? error.problems : [];
  const isProblem = (value: unknown): value is Problem =>
    isObject(value) && ["origin", "path", "message"].every((name) => typeof value[name] === "string");
  return Array.isArray(found) && found.every(isProblem) ? found : [];
}
