/** Makes one executable of the bundled program and a target's runtime. */

import { HEADER_BYTES, type Target, targetOf } from "./targets.ts";

const DEADLINE_MS = 600_000;

/** What the program may do: it talks to the platform, reads inputs, the environment and `.env`, and keeps its state. */
const PERMISSIONS = ["--no-prompt", "--allow-net", "--allow-env", "--allow-read", "--allow-write"];

/**
 * Everything is in the bundle: no package and no configuration from here. And no code cache: that is a file of a
 * well-known name in the folder for temporary files, which on a shared login node others can write before us.
 */
const SEALED = ["--quiet", "--no-check", "--no-config", "--no-lock", "--no-npm", "--no-remote", "--no-code-cache"];

export interface ExecutableOptions {
  /** The Deno that compiles. */
  readonly deno: string;
  /** The bundle's entry, its other files beside it. */
  readonly entry: string;
  readonly target: Target;
  /** With the ending .exe where the target wants it. */
  readonly output: string;
}

/**
 * Compiles; there is nothing at `output` when that fails.
 *
 * @throws Error that says why not.
 */
export async function compileExecutable({ deno, entry, target, output }: ExecutableOptions): Promise<void> {
  const { success, stderr } = await new Deno.Command(deno, {
    args: ["compile", ...SEALED, ...PERMISSIONS, "--target", target, "--output", output, entry],
    stdin: "null",
    stdout: "null",
    clearEnv: true,
    env: environmentFor(target),
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  if (!success) throw new Error(`Cannot compile for ${target}: ${reasonIn(new TextDecoder().decode(stderr))}`);
  const wrong = await whatIsWrong(output, target);
  if (wrong === undefined) return;
  await Deno.remove(output);
  throw new Error(`Cannot compile for ${target}: ${wrong}`);
}

/** Of another machine's binary the header is all that can be looked at; this machine's has to start. */
async function whatIsWrong(output: string, target: Target): Promise<string | undefined> {
  const made = targetOf(await beginning(output));
  if (made !== target) return `the runtime is for ${made ?? "no machine that is known"}`;
  if (target !== Deno.build.target) return undefined;
  const { success, stderr } = await new Deno.Command(output, {
    args: ["--version"],
    stdin: "null",
    stdout: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  return success ? undefined : `the result does not start: ${reasonIn(new TextDecoder().decode(stderr))}`;
}

/** `DENORT_BIN` names a runtime on disk, which is of this machine, and Deno would take it for every target. */
function environmentFor(target: Target): Record<string, string> {
  const env = { ...Deno.env.toObject(), NO_COLOR: "1" };
  if (target === Deno.build.target) return env;
  return Object.fromEntries(Object.entries(env).filter(([name]) => name !== "DENORT_BIN"));
}

async function beginning(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(HEADER_BYTES);
  return bytes.subarray(0, await file.read(bytes) ?? 0);
}

/** One line: which runtime could not be had, or what the compiler said. */
function reasonIn(stderr: string): string {
  const runtime = /https:\S+denort-\S+\.zip/.exec(stderr)?.[0];
  if (runtime !== undefined) return `its runtime can't be had from ${runtime}`;
  const [words = ""] = stderr.split("Stack backtrace");
  return words.trim().replaceAll(/\s+/g, " ");
}
