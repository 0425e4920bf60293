/** A context without a machine behind it: what a test does not give can't be touched. */

import type { Context } from "../../lib/cli/context.ts";
import { virtualClock } from "./virtual_clock.ts";
import { keptWriter } from "./writer.ts";

export function aContext(parts: Partial<Context> = {}): Context {
  return {
    versionLine: "pw-workflow-runner 0.0.0",
    args: [],
    env: () => undefined,
    stdin: { isTerminal: false, readText: () => notGiven("stdin") },
    os: "linux",
    runtime: { deno: "2.9.6", arch: "x86_64" },
    askSecret: () => notGiven("askSecret"),
    readLine: () => notGiven("readLine"),
    stdout: keptWriter(),
    stderr: keptWriter(),
    clock: virtualClock(),
    random: () => 0.5,
    fetch: () => notGiven("fetch"),
    readTextFile: () => notGiven("readTextFile"),
    writeNewFile: () => notGiven("writeNewFile"),
    listFiles: () => notGiven("listFiles"),
    mayRead: () => false,
    mayReadEnv: () => true,
    onSignal: () => ({ [Symbol.dispose]: () => {} }),
    ...parts,
  };
}

function notGiven(name: string): Promise<never> {
  return Promise.reject(new Error(`The test gave no ${name}`));
}
