/** The real program as a process of its own, with a deadline. */

import { emptyFolder, machineEnv } from "./main_job.ts";

const MAIN = new URL("../../main.ts", import.meta.url).href;
const ROOT = new URL("../../", import.meta.url);
const DEADLINE_MS = 60_000;

export interface Call {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string | URL;
  /** Another entry than main.ts. */
  readonly entry?: string;
  /** All of them unless said otherwise. */
  readonly permissions?: readonly string[];
  /** Called with the process once it is started. */
  readonly onStart?: (child: Deno.ChildProcess) => void;
  /** Called with each piece of what it says on stderr. */
  readonly onStderr?: (text: string, child: Deno.ChildProcess) => void;
}

export interface Ending {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it to its end; kills it, by its own id, when that does not come. */
export async function runProgram(
  { args, env = {}, stdin, cwd = ROOT, entry = MAIN, permissions = ["-A"], onStart, onStderr }: Call,
): Promise<Ending> {
  // What one call remembers is no other's concern.
  await using state = await emptyFolder();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, entry, ...args],
    cwd,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), NO_COLOR: "1", PW_STATE_DIR: state.path, ...env },
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  onStart?.(child);
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  try {
    if (stdin !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
      await writer.close().catch(() => {});
    }
    const [stdout, stderr, { code }] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr, (text) => onStderr?.(text, child)),
      child.status,
    ]);
    return { code, stdout, stderr };
  } finally {
    clearTimeout(deadline);
  }
}

/** The packages that this machine has already. */
export function cacheEnv(): Record<string, string> {
  const home = Deno.env.get("HOME");
  const cache = Deno.env.get("DENO_DIR") ?? (home === undefined ? undefined : `${home}/.cache/deno`);
  return cache === undefined ? {} : { DENO_DIR: cache };
}

async function textOf(stream: ReadableStream<Uint8Array>, onText: (text: string) => void = () => {}): Promise<string> {
  let whole = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    whole += text;
    onText(text);
  }
  return whole;
}
