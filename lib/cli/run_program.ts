/** Runs another program on this machine. */

import { abortable } from "../abortable.ts";
import { systemClock } from "../clock.ts";
import { UsageError } from "../errors.ts";
import type { IsolatedCall, ProgramCall, ProgramResult } from "../child_process.ts";
import { isGranted } from "../system.ts";

/** Kills the program at its deadline, and does not wait for what it started. */
export async function runProgram({ command, args, withoutEnv, timeoutMs }: ProgramCall): Promise<ProgramResult> {
  if (Deno.permissions.querySync({ name: "run", command }).state !== "granted") return { type: "denied" };
  const env = inheritedEnv(withoutEnv);
  // An empty PATH would mean the working folder.
  if (!Object.entries(env).some(([name, value]) => name.toUpperCase() === "PATH" && value !== "")) {
    return { type: "not-found" };
  }
  return await runToEnd(command, { args: [...args], env, stdin: "null" }, { timeoutMs });
}

/** Of each of its outputs, from the end: one that never ends must not fill the memory. */
const MAX_ISOLATED_BYTES = 1024 * 1024;
/** What a program has started may keep its outputs open after its end. */
const OUTPUT_GRACE_MS = 1_000;

/**
 * Like {@link runProgram}, with an input and an environment of its own. What it has started is killed with it, except on
 * Windows and what has left its process group; what outlives its end is left running, and its output is not read.
 */
export async function runIsolated(
  { command: [command = "", ...args], stdin, env, folder, timeoutMs, signal }: IsolatedCall,
): Promise<ProgramResult> {
  const detached = Deno.build.os !== "windows";
  return await runToEnd(command, { args, env: { ...env }, cwd: folder, stdin: "piped", detached }, {
    timeoutMs,
    signal,
    stdin,
    maxBytes: MAX_ISOLATED_BYTES,
    graceMs: OUTPUT_GRACE_MS,
  });
}

interface OutputLimits {
  readonly maxBytes: number;
  readonly graceMs: number;
}

async function runToEnd(
  command: string,
  options: Deno.CommandOptions,
  { timeoutMs, signal, stdin, maxBytes = Infinity, graceMs = timeoutMs }:
    & Partial<IsolatedCall & OutputLimits>
    & Pick<IsolatedCall, "timeoutMs">,
): Promise<ProgramResult> {
  signal?.throwIfAborted();
  const child = started(command, { ...options, clearEnv: true, stdout: "piped", stderr: "piped" });
  if ("type" in child) return child;
  using deadline = systemClock.timeout(timeoutMs);
  const stopping = AbortSignal.any([deadline.signal, ...(signal === undefined ? [] : [signal])]);
  try {
    // A program may end without reading its input: its exit code judges.
    if (stdin !== undefined) new Blob([stdin]).stream().pipeTo(child.stdin).catch(() => {});
    return await abortable(endOf(child, { maxBytes, graceMs }), stopping);
  } catch (error) {
    if (error !== stopping.reason) throw error;
    if (options.detached === true) killGroup(child);
    else killOne(child);
    if (error === deadline.signal.reason) return { type: "timed-out" };
    throw error;
  }
}

function started(command: string, options: Deno.CommandOptions) {
  const { NotFound, NotCapable, PermissionDenied } = Deno.errors;
  try {
    return new Deno.Command(command, options).spawn();
  } catch (error) {
    if (error instanceof NotFound) return { type: "not-found" } as const;
    if (error instanceof NotCapable || error instanceof PermissionDenied) return { type: "denied" } as const;
    throw error;
  }
}

/** @param child The leader of its process group, which may have ended before the rest of it. */
function killGroup(child: Deno.ChildProcess): void {
  try {
    if (Deno.permissions.querySync({ name: "run" }).state === "granted") return Deno.kill(-child.pid, "SIGKILL");
    // The runtime sends a signal to a group only with the permission to run everything; most checks may run a shell.
    const isShellAllowed = Deno.permissions.querySync({ name: "run", command: "sh" }).state === "granted";
    if (!isShellAllowed) return killOne(child);
    new Deno.Command("sh", { args: ["-c", `kill -s KILL -- -${child.pid}`], stdin: "null", stderr: "null" })
      .outputSync();
  } catch (error) {
    // All of it has ended.
    if (!(error instanceof Deno.errors.NotFound)) killOne(child);
  }
}

function killOne(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended, and what it has started keeps its output open.
  }
}

/** Starts a program as if the user had. Throws a UsageError if it cannot be started. */
export function startInForeground(
  [command = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Deno.ChildProcess {
  const child = started(command, { args, env: { ...env }, stdin: "inherit" });
  if (!("type" in child)) return child;
  throw new UsageError(`Cannot run ${command}: ${child.type === "denied" ? "permission denied" : "no such program"}`);
}

async function endOf(child: Deno.ChildProcess, { maxBytes, graceMs }: OutputLimits): Promise<ProgramResult> {
  const outputs = [child.stdout, child.stderr].map((output) => output.getReader());
  const texts = Promise.all(outputs.map((output) => endOfText(output, maxBytes)));
  const { code } = await child.status;
  using grace = systemClock.timeout(graceMs);
  grace.signal.addEventListener("abort", () => outputs.forEach((output) => void output.cancel()));
  const [stdout = "", stderr = ""] = await texts;
  return { type: "ended", code, stdout, stderr };
}

async function endOfText(output: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>, maxBytes: number) {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for (let read = await output.read(); !read.done; read = await output.read()) {
    chunks.push(read.value);
    bytes += read.value.length;
    while (bytes - (chunks[0]?.length ?? 0) >= maxBytes) bytes -= chunks.shift()?.length ?? 0;
  }
  const all = new Uint8Array(await new Blob(chunks).arrayBuffer());
  return new TextDecoder().decode(all.subarray(Math.max(0, all.length - maxBytes)));
}

/** Enough for the official CLI where not every variable may be read. */
const BASIC_VARIABLES = [
  ...["PATH", "HOME", "USERPROFILE", "XDG_CONFIG_HOME", "PW_CREDENTIALS_DIR", "LANG", "TMPDIR", "TEMP"],
  ...["SystemRoot", "APPDATA", "LOCALAPPDATA", "DBUS_SESSION_BUS_ADDRESS", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"],
];

function inheritedEnv(withoutEnv: readonly string[]): Record<string, string> {
  const names = isGranted() ? Object.keys(Deno.env.toObject()) : BASIC_VARIABLES.filter((name) => isGranted(name));
  const env: Record<string, string> = {};
  for (const name of names.filter((name) => !withoutEnv.includes(name.toUpperCase()))) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = name.toUpperCase() === "PATH" ? absoluteFolders(value) : value;
  }
  return env;
}

/** Without relative entries, which would find a program of the working folder. */
function absoluteFolders(path: string): string {
  const separator = Deno.build.os === "windows" ? ";" : ":";
  return path.split(separator).filter((folder) => /^([/\\]|[a-z]:[/\\])/i.test(folder)).join(separator);
}
