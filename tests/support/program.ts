/** The real program as a process of its own, with a deadline. */

import { emptyFolder, machineEnv } from "./main_job.ts";

const MAIN = new URL("../../main.ts", import.meta.url).href;
const ROOT = new URL("../../", import.meta.url);
const DEADLINE_MS = 60_000;

export interface ProgramCall {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string | URL;
  /** By default main.ts. */
  readonly entry?: string;
  /** A program that starts another, like `nohup`. */
  readonly launcher?: string;
  /** By default all. */
  readonly permissions?: readonly string[];
  readonly onStart?: (child: Deno.ChildProcess) => void;
  /** Called with each chunk of stderr. */
  readonly onStderr?: (text: string, child: Deno.ChildProcess) => void;
}

export interface ProgramEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end; kills it after a deadline. */
export async function runProgram(
  { args, env = {}, stdin, cwd = ROOT, entry = MAIN, permissions = ["-A"], launcher, onStart, onStderr }: ProgramCall,
): Promise<ProgramEnd> {
  // Every call has its own history.
  await using state = await emptyFolder();
  const deno = Deno.execPath();
  const child = new Deno.Command(launcher ?? deno, {
    args: [...(launcher === undefined ? [] : [deno]), "run", "--no-prompt", ...permissions, entry, ...args],
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

/** The environment for the machine's Deno cache. */
export function cacheEnv(): Record<string, string> {
  const home = Deno.env.get("HOME");
  const cache = Deno.env.get("DENO_DIR") ?? (home === undefined ? undefined : `${home}/.cache/deno`);
  return cache === undefined ? {} : { DENO_DIR: cache };
}

async function textOf(stream: ReadableStream<Uint8Array>, onText: (text: string) => void = () => {}): Promise<string> {
  let all = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    all += text;
    onText(text);
  }
  return all;
}
