import { fastClock } from "../../clock.ts";
import type { PlatformProfile } from "../doctor/probe/profile.ts";
import { UsageError } from "../../errors.ts";
import type { Fault, ServerBehavior } from "../../simulator/simulator.ts";
import { startSimulator } from "../../simulator/start.ts";
import { oneOf, text, wholeNumber } from "../argv.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit_codes.ts";

const portNumber = wholeNumber({ min: 0, max: 65_535 });
const routeFamily = oneOf("current", "legacy", "both");
const slugRule = oneOf("unique", "shared", "existing", "ignored", "refused");

export const simulate = defineCommand({
  name: "simulate",
  summary: "serve a simulated platform",
  usage: "[options]",
  examples: [
    {
      line: 'eval "$(pw-workflow-runner simulate --port 8080 &)"',
      does: "serve in the background, and use its key here",
    },
    {
      line: `pw-workflow-runner simulate --speed 60 --fault '{"on": "submit", "cut": "after-effect"}'`,
      does: "a minute a second, and the first submit's answer lost",
    },
  ],
  notes: [
    "One line on stdout sets the key; then it serves on 127.0.0.1 until it is stopped.",
    "--behavior NAME=VALUE turns any other switch, like launchGapMs=5000 or listOrder=oldest.",
    '--fault takes JSON: {"on": "get-run", "status": 502, "times": 3}.',
  ].join("\n"),
  args: {
    port: {
      type: "custom",
      parse: portNumber,
      metavar: "N",
      description: "Where to listen (default: any free one)",
    },
    speed: { type: "custom", parse: factor, metavar: "X", description: "How fast its time runs (default 1)" },
    routes: {
      type: "custom",
      parse: routeFamily,
      metavar: "FAMILY",
      description: "flat, nested or both (default flat)",
    },
    slugs: {
      type: "custom",
      parse: slugRule,
      metavar: "HOW",
      description: "What becomes of a caller's slug: unique, shared, existing, ignored or refused",
    },
    profile: { type: "custom", parse: text, metavar: "FILE", description: "Be like the platform that `contact` found" },
    behaviorOption: {
      type: "custom",
      parse: behaviorOption,
      multiple: true,
      metavar: "NAME=VALUE",
      description: "Turn another switch",
    },
    fault: { type: "custom", parse: fault, multiple: true, metavar: "JSON", description: "Something that goes wrong" },
  },
  async run({ context, output, signal, values }) {
    const { port = 0, speed = 1, routes, slugs } = values;
    const behavior: Partial<ServerBehavior> = {
      ...(values.profile === undefined ? {} : behaviorOf(await profileIn(context, values.profile))),
      ...Object.assign({}, ...(values.behaviorOption ?? [])),
      ...(routes === undefined ? {} : { routes }),
      ...(slugs === undefined ? {} : { slugs }),
    };
    await using simulator = await startSimulator({
      port,
      clock: fastClock(context.clock, speed),
      behavior,
      faults: values.fault ?? [],
    });
    output.answer(`export PW_API_KEY=${simulator.key}`);
    output.say("INFO", `Serving a simulated platform on ${simulator.url} until it is stopped`);
    await Promise.race([stopped(signal), simulator.finished]);
    return EXIT_CODES.completed;
  },
});

async function profileIn({ readTextFile }: Context, path: string): Promise<PlatformProfile> {
  try {
    const read: unknown = JSON.parse(await readTextFile(path));
    if (isProfile(read)) return read;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new UsageError(`Cannot use ${path}: it is not what \`contact -o\` writes`);
}

function isProfile(value: unknown): value is PlatformProfile {
  return typeof value === "object" && value !== null && "version" in value && value.version === 1 && "routes" in value;
}

/** Of what was found, what the simulator can play. */
function behaviorOf(found: PlatformProfile): Partial<ServerBehavior> {
  const { duplicateSlugStatus: status, cancelOfEnded, workspace } = found;
  return Object.fromEntries(
    Object.entries({
      routes: found.routes,
      nestedRead: found.nestedRead,
      slugs: found.slugs,
      duplicateSlugStatus: status,
      dryRun: found.dryRun,
      cancelOfEnded: cancelOfEnded === 204 || cancelOfEnded === 409 ? cancelOfEnded : null,
      idInPath: found.idInPath,
      errorBody: found.errorBody === "other" ? null : found.errorBody,
      listOrder: found.listOrder,
      maxLimit: found.maxLimit,
      readLagMs: found.readLagMs,
      listLagMs: found.listLagMs,
      workspace: workspace === "Off" || workspace === "Starting" ? workspace : null,
      clockSkewMs: found.clockSkewMs,
    }).filter(([, value]) => value !== null),
  );
}

function factor(value: string): number {
  const speed = Number(text(value));
  if (Number.isFinite(speed) && speed > 0) return speed;
  throw new UsageError(`it must be a number above 0: got "${value}"`);
}

function behaviorOption(value: string): Partial<ServerBehavior> {
  const [, name, setting] = /^(\w+)=(.+)$/.exec(value) ?? [];
  if (name === undefined || setting === undefined) throw new UsageError(`it must be NAME=VALUE: got "${value}"`);
  const isWord = !/^(-?\d|true$|false$|Infinity$)/.test(setting);
  return { [name]: isWord ? setting : setting === "Infinity" ? Infinity : JSON.parse(setting) };
}

function fault(value: string): Fault {
  try {
    const read: unknown = JSON.parse(value);
    if (isFault(read)) return read;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UsageError(`it must be a JSON object with "on": got ${value}`);
}

function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && "on" in value && typeof value.on === "string";
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
