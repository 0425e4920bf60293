import hello from "../../../inputs/hello-world.json" with { type: "json" };
import { fastClock } from "../../clock.ts";
import { DEFAULT_EXECUTE } from "../../runs/options.ts";
import { prepare } from "../../runs/prepare.ts";
import { createInputLayer } from "../../inputs/merge.ts";
import { startSimulator } from "../../simulator/start.ts";
import { defineCommand } from "../command.ts";
import { openDeps } from "../open.ts";
import { submitAndTrack } from "./run.ts";

/** The run of 42 simulated seconds takes about five. */
const SPEED = 9;

export const command = defineCommand({
  examples: {
    "pw-workflow-runner demo": "Submit hello-world to a simulated platform and track it",
    "pw-workflow-runner demo --log-level DEBUG": "Show every HTTP request",
  },
  notes: "Needs no account: starts a simulated platform on 127.0.0.1, runs hello-world on it, and stops it.",
  isLocal: true,
  args: {},
  async run({ context, output, signal }) {
    const clock = fastClock(context.clock, SPEED);
    await using simulator = await startSimulator({ clock });
    output.log("INFO", `Started a simulated platform on ${simulator.url} (${SPEED}x speed)`);
    output.log("INFO", output.style.dim("$ pw-workflow-runner run hello-world --input inputs/hello-world.json"));
    // Never use the credentials of this machine.
    const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
    const call = { context: { ...context, env, clock }, output, signal, values: {} };
    await using deps = await openDeps(call, "none");
    const layers = [createInputLayer("inputs/hello-world.json", hello)];
    const spec = { workflow: "hello-world", layers, preset: null, displayName: null, isTrusted: false } as const;
    // The example inputs contain legacy fields, which would cause warnings.
    const { request } = await prepare(deps, { ...spec, checking: "none" }, { signal });
    // The run ends with the simulator, so an interrupt does not need to ask about it.
    const values = { onInterrupt: "keep" } as const;
    const exitCode = await submitAndTrack({ ...call, deps, values }, request, { ...DEFAULT_EXECUTE, signal });
    output.log("INFO", "Try the other commands, too: `pw-workflow-runner simulate` serves a platform");
    return exitCode;
  },
});
