/** Compiles the bundled program and a target's runtime into one executable. */

import { HEADER_BYTES, type Target, targetOf } from "./targets.ts";

const DEADLINE_MS = 600_000;

/**
 * It starts what its users name: checks of suites, `simulate -- COMMAND`, the browser, `pw`. That alone may do everything.
 * A run store may be in Deno KV, and a binary takes no options for Deno.
 */
const PERMISSIONS = ["--no-prompt", "--allow-all", "--unstable-kv"];

/**
 * The bundle is complete: no packages and no configuration from this machine. Deno's code cache is a file with a predictable
 * name in the folder for temporary files, which other users of a shared login node could create first; ours is in the binary.
 */
const ISOLATION = ["--quiet", "--no-check", "--no-config", "--no-lock", "--no-npm", "--no-remote", "--no-code-cache"];

/**
 * A batch of thousands waits for hours: memory matters more than time. Without these, V8 keeps twice as much, as young
 * objects and as what it may collect later. A short command has all the room for young objects from the beginning, which it
 * would collect twice before it has submitted a run. They cannot be set by a program that runs.
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=4,--min-semi-space-size=4,--heap-growing-percent=30";

export interface ExecutableOptions {
  /** Path of the Deno that compiles. */
  readonly deno: string;
  /** Path of the bundle's main module; its other files are in the same folder. */
  readonly entry: string;
  /** Paths of other files that it reads. */
  readonly files?: readonly string[];
  readonly target: Target;
  /** Path of the executable; must end in `.exe` for Windows. */
  readonly output: string;
}

/**
 * Leaves no file at `output` on failure.
 *
 * @throws Error that explains the failure.
 */
export async function compileExecutable({ deno, entry, files = [], target, output }: ExecutableOptions): Promise<void> {
  const { success, stderr } = await new Deno.Command(deno, {
    args: [
      "compile",
      ...[...ISOLATION, V8_FLAGS, ...PERMISSIONS],
      ...files.flatMap((file) => ["--include", file]),
      ...["--target", target, "--output", output, entry],
    ],
    stdin: "null",
    stdout: "null",
    clearEnv: true,
    env: environmentFor(target),
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  if (!success) throw new Error(`Cannot compile for ${target}: ${reasonIn(new TextDecoder().decode(stderr))}`);
  const problem = await problemWith(output, target);
  if (problem === undefined) return;
  await Deno.remove(output);
  throw new Error(`Cannot compile for ${target}: ${problem}`);
}

/** Checks the header of the binary, and also starts it if it is for this machine. */
async function problemWith(output: string, target: Target): Promise<string | undefined> {
  const actual = await targetOfFile(output);
  if (actual !== target) return `the runtime is for ${actual ?? "an unknown machine"}`;
  if (target !== Deno.build.target) return undefined;
  const { success, stderr } = await new Deno.Command(output, {
    args: ["--version"],
    stdin: "null",
    stdout: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  return success ? undefined : `the binary does not start: ${reasonIn(new TextDecoder().decode(stderr))}`;
}

/** Without `DENORT_BIN` for other targets: it names this machine's runtime, and Deno would use it for all of them. */
function environmentFor(target: Target): Record<string, string> {
  const env = { ...Deno.env.toObject(), NO_COLOR: "1" };
  if (target === Deno.build.target) return env;
  return Object.fromEntries(Object.entries(env).filter(([name]) => name !== "DENORT_BIN"));
}

/** `undefined` if the file does not exist, or is no executable for one of the targets. */
export async function targetOfFile(path: string): Promise<Target | undefined> {
  try {
    using file = await Deno.open(path);
    const bytes = new Uint8Array(HEADER_BYTES);
    return targetOf(bytes.subarray(0, await file.read(bytes) ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** One line: the runtime that could not be downloaded, or the compiler's message. */
function reasonIn(stderr: string): string {
  const runtime = /https:\S+denort-\S+\.zip/.exec(stderr)?.[0];
  if (runtime !== undefined) return `cannot download its runtime from ${runtime}`;
  const [message = ""] = stderr.split("Stack backtrace");
  return message.trim().replaceAll(/\s+/g, " ");
}
