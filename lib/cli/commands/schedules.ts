import { InvalidInputs, NotFound, RunnerError, UsageError } from "../../errors.ts";
import type { Problem } from "../../problem.ts";
import { readSchedules } from "../../scheduler/define.ts";
import { PRODUCTION, runsOn, type Schedule } from "../../scheduler/schedule.ts";
import { nextOccurrences } from "../../scheduler/occurrences.ts";
import { text, wholeNumber } from "../argv.ts";
import { defineCommand, JSON_ARG } from "../command.ts";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { formatLocal, policyWords, renderSchedules } from "../render/schedules.ts";

const USUAL_FILE = "functions/schedules.ts";

export const schedules = defineCommand({
  name: "schedules",
  summary: "what runs by itself, and when next",
  usage: "[options]",
  examples: [
    { line: "pw-workflow-runner schedules", does: `check ${USUAL_FILE}, and show when each comes next` },
    { line: "pw-workflow-runner schedules --file nightly.ts --count 12 --json", does: "another file, for a program" },
  ],
  notes: "The file is a TypeScript module that exports schedules: see functions/schedules.ts. It is run to be read.",
  args: {
    file: {
      type: "custom",
      parse: text,
      metavar: "PATH",
      description: `The module (default ${USUAL_FILE}, here or in the program's own folder)`,
    },
    count: {
      type: "custom",
      parse: wholeNumber({ min: 0, max: 1000 }),
      metavar: "N",
      description: "How many slots to show of each (default 5)",
    },
    timeline: {
      type: "custom",
      parse: text,
      metavar: "NAME",
      description: `Tell what is on there (default ${PRODUCTION})`,
    },
    ...JSON_ARG,
  },
  async run({ context, output, values: { file, count = 5, timeline = PRODUCTION } }) {
    const { path, list } = await loadSchedules(context, file);
    const nowMs = context.clock.now();
    const views = list.map((schedule) => ({
      schedule,
      isEnabled: runsOn(schedule, timeline),
      next: nextOccurrences(schedule, nowMs, count),
    }));
    if (output.mode === "json") {
      // Inputs and addresses may hold secrets: the file tells them, this answer does not.
      const documents = views.map(({ schedule, isEnabled, next }) => ({
        ...schedule,
        inputs: undefined,
        notify: schedule.notify.map(({ url, ...webhook }) => ({ host: new URL(url).host, ...webhook })),
        isEnabled,
        policies: policyWords(schedule),
        next: next.map(({ id, atMs }) => ({
          id,
          at: new Date(atMs).toISOString(),
          local: formatLocal(atMs, schedule.timeZone),
        })),
      }));
      output.document({ timeline, schedules: documents });
    } else if (views.length === 0) {
      output.say("INFO", `${path} holds no schedule`);
    } else {
      output.answer(renderSchedules(views, output.answerStyle));
    }
    return EXIT_CODES.completed;
  },
});

interface Loaded {
  /** As the user knows it. */
  readonly path: string;
  readonly list: readonly Schedule[];
}

async function loadSchedules(context: Context, file: string | undefined): Promise<Loaded> {
  if (file !== undefined || await isHere(context)) {
    const path = file ?? USUAL_FILE;
    const { pathToFileURL } = await import("node:url");
    return { path, list: await importSchedules(pathToFileURL(path), path) };
  }
  const path = `the program's own ${USUAL_FILE}`;
  return { path, list: await importSchedules(new URL(`../../../${USUAL_FILE}`, import.meta.url), path) };
}

async function isHere({ mayRead, readTextFile }: Context): Promise<boolean> {
  if (!mayRead(USUAL_FILE)) return false;
  try {
    await readTextFile(USUAL_FILE);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs the module and checks what it exports. */
async function importSchedules(url: URL, path: string): Promise<readonly Schedule[]> {
  const { schedules } = await importModule(url, path);
  if (schedules !== undefined) return readSchedules(schedules);
  throw new UsageError(`Cannot read schedules: ${path} exports none`, {
    hint: "It needs a line like: export const schedules = defineSchedules([…])",
  });
}

async function importModule(url: URL, path: string): Promise<{ readonly schedules?: unknown }> {
  try {
    // deno-lint-ignore house/literal-import -- the file is the user's
    return await import(url.href);
  } catch (error) {
    if (error instanceof RunnerError || !(error instanceof Error)) throw error;
    const problems = problemsOf(error);
    if (problems.length > 0) throw new InvalidInputs(error.message, problems, { cause: error });
    if (/^Requires .+ access/.test(error.message)) throw error;
    const [line = ""] = error.message.split("\n");
    if (/^Module not found/.test(line) && line.includes(url.href)) {
      throw new NotFound(`Cannot read schedules: there is no file ${path}`, {
        hint: "Name one with --file",
        cause: error,
      });
    }
    throw new UsageError(`Cannot read schedules from ${path}: ${line}`, {
      // A binary compiled by Deno 2.4 does not read TypeScript that it was not made with; newer ones do.
      hint: `Try \`deno check ${path}\`; a binary may read plain JavaScript alone`,
      cause: error,
    });
  }
}

/** A module may bring its own copy of this program: its errors are ours but for their class. */
function problemsOf(error: Error): readonly Problem[] {
  const found: unknown = "problems" in error ? error.problems : [];
  return Array.isArray(found) && found.every(isProblem) ? found : [];
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== "object" || value === null) return false;
  return ["origin", "path", "message"].every((name) => typeof Reflect.get(value, name) === "string");
}
