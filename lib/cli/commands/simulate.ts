import { fastClock } from "../../clock.ts";
import type { ProbeResult } from "../doctor/probe/result.ts";
import { UsageError } from "../../errors.ts";
import type { Fault, ServerBehavior } from "../../simulator/simulator.ts";
import { startSimulator } from "../../simulator/start.ts";
import { integer, oneOf, option, positiveNumber } from "../argv.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";

const portNumber = integer({ min: 0, max: 65_535 });
const apiVersionChoice = oneOf("current", "legacy", "both");
const slugBehavior = oneOf("unique", "shared", "existing", "ignored", "refused");

export const simulateCommand = defineCommand({
  examples: [
    {
      line: "pw-workflow-runner simulate --port 8080",
      does: "Serve, and print a line that makes another terminal use it",
    },
    {
      line: `pw-workflow-runner simulate --speed 60 --fault '{"on": "submit", "cut": "after-effect"}'`,
      does: "Simulate a minute per second, and lose the response to the first submit",
    },
  ],
  notes: [
    "Prints one line that sets the API key, then serves on 127.0.0.1 until it is stopped.",
    "--behavior NAME=VALUE sets any server behavior option, such as launchGapMs=5000 or listOrder=oldest.",
    '--fault takes a JSON object, such as {"on": "get-run", "status": 502, "times": 3}.',
  ].join("\n"),
  isLocal: true,
  args: {
    port: option("N", "Port to listen on (default: a free one)", { parse: portNumber }),
    speed: option("X", "Speed of simulated time (default 1)", { parse: positiveNumber }),
    apiVersion: option("VERSION", "current, legacy or both (default current)", { parse: apiVersionChoice }),
    slugs: option("RULE", "How requested slugs are handled: unique, shared, existing, ignored or refused", {
      parse: slugBehavior,
    }),
    probeResult: option("FILE", "Behave like the server that this probe result describes", { completes: "file" }),
    behavior: option("NAME=VALUE", "Set another server behavior option", { parse: behaviorOption, multiple: true }),
    fault: option("JSON", "Inject a fault", { parse: fault, multiple: true }),
  },
  async run({ context, output, signal, values }) {
    const { port = 0, speed = 1, apiVersion, slugs } = values;
    const behavior: Partial<ServerBehavior> = {
      ...(values.probeResult === undefined ? {} : behaviorOf(await readProbeResult(context, values.probeResult))),
      ...Object.assign({}, ...(values.behavior ?? [])),
      ...(apiVersion === undefined ? {} : { apiVersion }),
      ...(slugs === undefined ? {} : { slugs }),
    };
    await using simulator = await startSimulator({
      port,
      clock: fastClock(context.clock, speed),
      behavior,
      faults: values.fault ?? [],
    });
    output.answer(`export PW_API_KEY=${simulator.key}`);
    output.log("INFO", `Serving a simulated platform on ${simulator.url} until stopped`);
    await Promise.race([stopped(signal), simulator.finished]);
  },
});

async function readProbeResult({ readTextFile }: Context, path: string): Promise<ProbeResult> {
  try {
    const parsed: unknown = JSON.parse(await readTextFile(path));
    if (isProbeResult(parsed)) return parsed;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new UsageError(`Cannot read ${path}: not a probe result`);
}

function isProbeResult(value: unknown): value is ProbeResult {
  return typeof value === "object" && value !== null && "version" in value && value.version === 1 && "routes" in value;
}

/** The probed behavior that the simulator supports. */
function behaviorOf(result: ProbeResult): Partial<ServerBehavior> {
  const { duplicateSlugStatus: status, cancelOfEnded, workspace } = result;
  return Object.fromEntries(
    Object.entries({
      apiVersion: result.routes,
      legacyRead: result.legacyRead,
      slugs: result.slugs,
      duplicateSlugStatus: status,
      dryRun: result.dryRun,
      cancelOfEnded: cancelOfEnded === 204 || cancelOfEnded === 409 ? cancelOfEnded : null,
      idInPath: result.idInPath,
      errorBody: result.errorBody === "other" ? null : result.errorBody,
      listOrder: result.listOrder,
      maxLimit: result.maxLimit,
      readLagMs: result.readLagMs,
      listLagMs: result.listLagMs,
      workspace: workspace === "Off" || workspace === "Starting" ? workspace : null,
      clockSkewMs: result.clockSkewMs,
    }).filter(([, value]) => value !== null),
  );
}

function behaviorOption(value: string): Partial<ServerBehavior> {
  const [, name, setting] = /^(\w+)=(.+)$/.exec(value) ?? [];
  if (name === undefined || setting === undefined) throw new UsageError(`must be NAME=VALUE: got "${value}"`);
  const isText = !/^(-?\d|true$|false$|Infinity$)/.test(setting);
  return { [name]: isText ? setting : setting === "Infinity" ? Infinity : JSON.parse(setting) };
}

function fault(value: string): Fault {
  try {
    const parsed: unknown = JSON.parse(value);
    if (isFault(parsed)) return parsed;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UsageError(`must be a JSON object with "on": got ${value}`);
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
