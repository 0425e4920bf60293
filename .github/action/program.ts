/** Runs the program as a child process with only the permissions that it needs, and forwards signals to it. */

import { parseApiKey } from "../../lib/platform/credentials/api_key.ts";

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
  /** Precede the program's own arguments. */
  readonly args: readonly string[];
  /** The run store, which exists only during the job. */
  readonly stateFolder: string;
  /** `null` if neither the API key nor the settings name a host. */
  readonly platformUrl: string | null;
}

/** The binary if there is one; otherwise this checkout, which may connect only to the platform. */
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

export interface CallOptions {
  /** Not piped if empty. */
  readonly stdin: string;
  /** Called with each line of stdout; stderr is inherited. */
  onLine(line: string): void;
  /** Called with a function that sends a signal to the program. */
  onStart(kill: (signal: Deno.Signal) => void): void;
}

/** @returns The program's exit code. */
export async function callProgram(
  program: Program,
  args: readonly string[],
  options: CallOptions,
): Promise<number> {
  const child = new Deno.Command(program.command, {
    args: [...program.args, ...args],
    env: { PW_STATE_DIR: program.stateFolder },
    stdin: options.stdin === "" ? "null" : "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  options.onStart((signal) => {
    try {
      child.kill(signal);
    } catch {
      // It has ended already.
    }
  });
  if (options.stdin !== "") await write(child.stdin, options.stdin);
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach((line) => options.onLine(line));
  }
  if (rest !== "") options.onLine(rest);
  return (await child.status).code;
}

async function write(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch (error) {
    // The program exits without reading stdin when another argument is invalid.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function urlOfKey(key: string): string | null {
  try {
    return parseApiKey(key, "api-key").baseUrl;
  } catch {
    return null; // The program reports the error.
  }
}

function urlOfHost(host: string): string | null {
  const url = /^https?:\/\//i.test(host) ? host : `https://${host}`;
  return URL.canParse(url) ? new URL(url).origin : null;
}
