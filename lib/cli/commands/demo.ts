import hello from "../../../inputs/hello-world.json" with { type: "json" };
import { fastClock } from "../../clock.ts";
import { DEFAULT_EXECUTE } from "../../runs/options.ts";
import { prepare } from "../../runs/prepare.ts";
import { givenLayer } from "../../inputs/layers.ts";
import { startSimulator } from "../../simulator/start.ts";
import { defineCommand } from "../command.ts";
import { openDeps } from "../open.ts";
import { submitAndFollow } from "./run.ts";

/** A run of 42 seconds takes five. */
const SPEED = 9;

export const demo = defineCommand({
  name: "demo",
  summary: "watch a run on a simulated platform",
  usage: "",
  examples: [
    { line: "pw-workflow-runner demo", does: "submit hello-world to a platform of our own, and follow it" },
    { line: "pw-workflow-runner demo --log-level DEBUG", does: "see each request on the way" },
  ],
  notes: "Needs no account: it starts a simulated platform on 127.0.0.1, runs hello-world on it, and stops it again.",
  args: {},
  async run({ context, output, signal }) {
    const clock = fastClock(context.clock, SPEED);
    await using simulator = await startSimulator({ clock });
    output.say("INFO", `A simulated platform serves on ${simulator.url}; its time runs ${SPEED} times as fast`);
    output.say("INFO", output.style.dim("$ pw-workflow-runner run hello-world --input inputs/hello-world.json"));
    // The account is the simulator's, whatever key the machine holds.
    const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
    await using deps = await openDeps({ context: { ...context, env, clock }, output, values: {} }, "none");
    const layers = [givenLayer("inputs/hello-world.json", hello)];
    const spec = { workflow: "hello-world", layers, preset: null, displayName: null, isTrusted: false } as const;
    // The older payload carries members that the form does not know: no news here.
    const { request } = await prepare(deps, { ...spec, checking: "none" }, { signal });
    // The platform goes with us, and the run with it: there is nothing to ask.
    const values = { onInterrupt: "keep" } as const;
    return await submitAndFollow({ context, output, deps, values }, request, { ...DEFAULT_EXECUTE, signal });
  },
});
