/** The program's main() in this process, with a clock, signals and answers that the test controls. */

import { runCommandLine } from "../../lib/cli/program.ts";
import type { StopSignal } from "../../lib/cli/context.ts";
import type { Clock } from "../../lib/clock.ts";
import { aContext } from "./cli_context.ts";
import { testRandom } from "./seeded_random.ts";
import { bufferedWriter } from "./writer.ts";

export interface MainCall {
  readonly args: readonly string[];
  readonly key: string;
  readonly clock: Clock;
  readonly env?: Readonly<Record<string, string>>;
  /** Lines typed at a terminal; without them there is no terminal. */
  readonly lines?: readonly string[];
  /** In place of those. */
  readonly readLine?: () => Promise<string | null>;
  /** Typed at every prompt for a secret. */
  readonly secret?: string;
  readonly fetch?: typeof globalThis.fetch;
}

export interface MainEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningMain {
  /** Delivers a signal to the program. */
  signal(signal: StopSignal): void;
  readonly end: Promise<MainEnd>;
}

export function startMain(
  { args, key, clock, env = {}, lines, readLine, secret, fetch = globalThis.fetch }: MainCall,
): RunningMain {
  const isTerminal = lines !== undefined || readLine !== undefined;
  const typed = [...lines ?? []];
  const stdout = bufferedWriter({ isTerminal });
  const stderr = bufferedWriter({ isTerminal });
  const listeners = new Set<(signal: StopSignal) => void>();
  const context = aContext({
    args,
    env: (name) => name === "PW_API_KEY" ? key : env[name],
    stdin: { isTerminal, readText: () => Promise.resolve("") },
    readLine: readLine ?? (() => Promise.resolve(typed.shift() ?? null)),
    ...(secret === undefined ? {} : { promptSecret: () => Promise.resolve(secret) }),
    stdout,
    stderr,
    clock,
    random: testRandom(),
    fetch,
    onSignal(callback) {
      listeners.add(callback);
      return { [Symbol.dispose]: () => void listeners.delete(callback) };
    },
  });
  return {
    signal: (signal) => listeners.forEach((callback) => callback(signal)),
    end: runCommandLine(context).then((code) => ({ code, stdout: stdout.text(), stderr: stderr.text() })),
  };
}
