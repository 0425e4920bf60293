/** A context without access to the machine: members that a test does not provide throw when used. */

import type { Context } from "../../lib/cli/context.ts";
import { virtualClock } from "./virtual_clock.ts";
import { bufferedWriter } from "./writer.ts";

export function aContext(parts: Partial<Context> = {}): Context {
  return {
    versionLine: "pw-workflow-runner 0.0.0",
    args: [],
    env: () => undefined,
    stdin: { isTerminal: false, readText: () => notProvided("stdin") },
    os: "linux",
    runtime: { deno: "2.9.6", arch: "x86_64" },
    promptSecret: () => notProvided("promptSecret"),
    readLine: () => notProvided("readLine"),
    stdout: bufferedWriter(),
    stderr: bufferedWriter(),
    clock: virtualClock(),
    random: () => 0.5,
    fetch: () => notProvided("fetch"),
    runProgram: () => notProvided("runProgram"),
    runInForeground: () => notProvided("runInForeground"),
    readTextFile: () => notProvided("readTextFile"),
    realPath: () => Promise.resolve(null),
    checkNewFile: () => notProvided("checkNewFile"),
    writeNewFile: () => notProvided("writeNewFile"),
    replaceFile: () => notProvided("replaceFile"),
    checkReplaceable: () => notProvided("checkReplaceable"),
    appendFile: (path) => {
      throw new Error(`The test provides no ${path}`);
    },
    createFolder: () => Promise.resolve(),
    listFiles: () => notProvided("listFiles"),
    mayRead: () => false,
    mayReadEnv: () => true,
    onSignal: () => ({ [Symbol.dispose]: () => {} }),
    ...parts,
  };
}

function notProvided(name: string): Promise<never> {
  return Promise.reject(new Error(`The test provides no ${name}`));
}
