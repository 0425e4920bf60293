import { abortable } from "../../abortable.ts";
import { Stopped } from "../context.ts";

const [BACKSPACE, CTRL_C, CTRL_D, CTRL_H, CTRL_U, CTRL_Z] = ["\u007f", "\u0003", "\u0004", "\b", "\u0015", "\u001a"];

/**
 * Reads a line from the terminal without echo, and restores the terminal's settings.
 *
 * @throws Stopped on Ctrl-C, and at the end of the input, like Ctrl-D on an empty line: that is no empty secret. The reason
 * of the signal once that aborts.
 */
export async function promptSecret(label: string, signal?: AbortSignal): Promise<string> {
  const encoder = new TextEncoder();
  Deno.stderr.writeSync(encoder.encode(`${label}: `));
  Deno.stdin.setRaw(true);
  try {
    return await abortable(readLine(), signal);
  } finally {
    Deno.stdin.setRaw(false);
    Deno.stderr.writeSync(encoder.encode("\n"));
  }
}

async function readLine(): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1024);
  let line = "";
  while (true) {
    const count = await Deno.stdin.read(buffer);
    if (count === null) throw new Stopped("SIGINT");
    for (const key of decoder.decode(buffer.subarray(0, count), { stream: true })) {
      if (key === CTRL_C || (key === CTRL_D && line === "")) throw new Stopped("SIGINT");
      if (key === "\r" || key === "\n" || key === CTRL_D) return line;
      if (key === BACKSPACE || key === CTRL_H) line = [...line].slice(0, -1).join("");
      else if (key === CTRL_U) line = "";
      else if (key !== CTRL_Z) line += key;
    }
  }
}
