/** Commands in this process, against one simulated platform and one local history. */

import assert from "node:assert/strict";
import type { Context } from "../../lib/cli/context.ts";
import { runCommandLine } from "../../lib/cli/program.ts";
import { fastClock, systemClock } from "../../lib/clock.ts";
import type { Simulator, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { openRunStore } from "./run_store.ts";
import type { Submission } from "../../lib/submission.ts";
import { aContext } from "./cli_context.ts";
import { emptyFolder } from "./main_job.ts";
import { bufferedWriter } from "./writer.ts";

export interface CliStage extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly owner: { readonly host: string; readonly user: string };
  readonly nowMs: () => number;
  call(args: readonly string[], options?: CallOptions): Promise<CliEnd>;
  /** Calls with `--json` and returns the document. */
  json(...args: readonly string[]): Promise<unknown>;
  /** All submissions of the local history, the newest first. */
  submissions(): Promise<readonly Submission[]>;
  /** Adds submissions to the local history. */
  put(...submissions: readonly Submission[]): Promise<void>;
}

export interface CallOptions {
  /** Whether stdout is a terminal. */
  readonly isTerminal?: boolean;
  /** The width of the terminal. */
  readonly columns?: number;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly context?: Partial<Context>;
}

export interface CliEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Its time runs 60 times as fast, unless a clock is given. */
export async function cliStage(options: SimulatorOptions = {}): Promise<CliStage> {
  const state = await emptyFolder();
  const path = `${state.path}/history.db`;
  const { clock = fastClock(systemClock, 60) } = options;
  const simulator = await startSimulator({ ...options, clock });
  const env = new Map([["PW_API_KEY", simulator.key], ["PW_STATE_DIR", state.path]]);
  const call = async (
    args: readonly string[],
    { isTerminal = false, columns = 80, env: more = {}, context = {} }: CallOptions = {},
  ) => {
    const [stdout, stderr] = [bufferedWriter({ isTerminal, columns }), bufferedWriter()];
    const code = await runCommandLine(aContext({
      args,
      env: (name) => more[name] ?? env.get(name),
      clock,
      random: Math.random,
      fetch,
      readTextFile: (path) => Deno.readTextFile(path),
      stdout,
      stderr,
      ...context,
    }));
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  };
  return {
    simulator,
    owner: { host: new URL(simulator.url).host, user: "demo" },
    nowMs: () => clock.now(),
    call,
    async json(...args) {
      const { stdout, stderr } = await call([...args, "--json"]);
      assert.notEqual(stdout, "", stderr);
      return JSON.parse(stdout);
    },
    async submissions() {
      await using store = openRunStore(path);
      return await store.listRecent({ limit: 1_000 });
    },
    async put(...submissions) {
      await using store = openRunStore(path);
      for (const submission of submissions) await store.put(submission);
    },
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
    },
  };
}
