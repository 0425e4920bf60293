/** Starts a program as its users do most often, with a simulated platform. */

import { startSimulator } from "../../lib/simulator/start.ts";

const DEADLINE_MS = 60_000;

/** What must start fast, as command lines. */
export const STARTS: readonly (readonly string[])[] = [["list", "--json"], ["run", "quick", "--no-wait", "--json"]];

/** What is started often, too, after these. */
export const OTHER_STARTS: readonly (readonly string[])[] = [
  ["status", "last"],
  ["logs", "last"],
  ["watch", "last"],
  ["cancel", "last"],
  ["history"],
  ["runs"],
  ["show", "quick"],
  ["inputs", "new", "data-processor"],
  ["--help"],
  ["__complete", "bash", "--", "pw-workflow-runner run qu", "="],
];

export interface Start {
  /** Path of an executable. */
  readonly program: string;
  /** Before those of the start. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs each of `starts` to its end, one after the other, in a folder with a `.env`.
 *
 * @param folder For temporary files.
 * @param next Says what to start; called before each.
 * @returns What `result` returns after each.
 * @throws Error if one fails.
 */
export async function runStarts<T>(
  folder: string,
  starts: readonly (readonly string[])[],
  next: () => Promise<{ readonly start: Start; readonly result: () => Promise<T> }>,
): Promise<readonly T[]> {
  await using simulator = await startSimulator();
  const cwd = await Deno.makeTempDir({ dir: folder });
  await Deno.writeTextFile(`${cwd}/.env`, "PW_STATE_DIR=state\n");
  const results: T[] = [];
  for (const args of starts) {
    const { start, result } = await next();
    const { success, stderr } = await new Deno.Command(start.program, {
      args: [...start.args, ...args],
      env: { PW_API_KEY: simulator.key, PW_STATE_DIR: `${cwd}/state`, PW_STORE_URL: "", NO_COLOR: "1", ...start.env },
      cwd,
      stdin: "null",
      stdout: "null",
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).output();
    if (!success) throw new Error(`Cannot start the bundled program: ${new TextDecoder().decode(stderr).trim()}`);
    results.push(await result());
  }
  return results;
}
