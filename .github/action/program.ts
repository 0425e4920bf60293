/** Why this file: the program runs beside the action with nothing but what it needs, and is told when the job ends. */

import { parseKey } from "../../lib/platform/credentials/api_key.ts";

const MAIN = new URL("../../main.ts", import.meta.url);
const VARIABLES = [
  "PW_API_KEY",
  "PW_PLATFORM_HOST",
  "PW_LOG_LEVEL",
  "PW_TIMEOUT",
  "PW_STATE_DIR",
  "LOG_STREAM",
  "LOG_TOKENS",
];

export interface Program {
  readonly command: string;
  /** What stands before the program's own arguments. */
  readonly args: readonly string[];
  /** Where it remembers what it does, as long as the job lasts. */
  readonly stateFolder: string;
  /** Where the key is sent; `null` when it can't be read. */
  readonly platformUrl: string | null;
}

/** The released program when it is given, else the one of this checkout, which reaches the platform's host alone. */
export function findProgram(
  { binary, key, platformHost, stateFolder }: {
    readonly binary: string;
    readonly key: string;
    readonly platformHost: string;
    readonly stateFolder: string;
  },
): Program {
  const platformUrl = platformHost === "" ? urlOfKey(key) : urlOfHost(platformHost);
  if (binary !== "") return { command: binary, args: [], stateFolder, platformUrl };
  const net = platformUrl === null ? [] : [`--allow-net=${new URL(platformUrl).host}`];
  const env = `--allow-env=${VARIABLES.join(",")}`;
  const args = [
    "run",
    "--no-prompt",
    "--frozen",
    env,
    `--allow-read=.,${stateFolder}`,
    `--allow-write=${stateFolder}`,
    ...net,
    MAIN.href,
  ];
  return { command: "deno", args, stateFolder, platformUrl };
}

export interface Call {
  /** Handed over on stdin; nothing when it is empty. */
  readonly stdin: string;
  /** Takes each line of the program's stdout; its stderr is ours. */
  onLine(line: string): void;
  /** Called with a function that passes a signal on. */
  onStart(kill: (signal: Deno.Signal) => void): void;
}

/** Runs the program to its end, and answers with its exit code. */
export async function callProgram(program: Program, args: readonly string[], call: Call): Promise<number> {
  const child = new Deno.Command(program.command, {
    args: [...program.args, ...args],
    env: { PW_STATE_DIR: program.stateFolder },
    stdin: call.stdin === "" ? "null" : "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  call.onStart((signal) => {
    try {
      child.kill(signal);
    } catch {
      // It has ended already.
    }
  });
  if (call.stdin !== "") await write(child.stdin, call.stdin);
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach((line) => call.onLine(line));
  }
  if (rest !== "") call.onLine(rest);
  return (await child.status).code;
}

async function write(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch (error) {
    // Who refuses the rest of the call doesn't read this.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function urlOfKey(key: string): string | null {
  try {
    return parseKey(key, "api-key").baseUrl;
  } catch {
    return null; // The program says what is wrong with it.
  }
}

function urlOfHost(host: string): string | null {
  const url = /^https?:\/\//i.test(host) ? host : `https://${host}`;
  return URL.canParse(url) ? new URL(url).origin : null;
}
