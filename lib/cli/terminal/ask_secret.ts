import { abortable } from "../../abortable.ts";
import { systemClock } from "../../clock.ts";
import { UsageError } from "../../errors.ts";
import { Stopped } from "../context.ts";

const [BACKSPACE, CTRL_C, CTRL_D, CTRL_H, CTRL_U, CTRL_Z] = ["\u007f", "\u0003", "\u0004", "\b", "\u0015", "\u001a"];

/**
 * Reads a line from the terminal without echo, and restores the terminal's settings.
 *
 * @param label The path of the input.
 * @throws UsageError for several lines. Stopped on Ctrl-C, and at the end of the input, like Ctrl-D on an empty line: that is
 * no empty secret. The reason of the signal once that aborts.
 */
export async function promptSecret(label: string, signal?: AbortSignal): Promise<string> {
  const encoder = new TextEncoder();
  Deno.stderr.writeSync(encoder.encode(`${label}: `));
  Deno.stdin.setRaw(true);
  try {
    return await abortable(readLine(label), signal);
  } finally {
    Deno.stdin.setRaw(false);
    Deno.stderr.writeSync(encoder.encode("\n"));
  }
}

/** A terminal delivers pasted text in parts. */
const PASTE_PAUSE_MS = 200;

async function readLine(label: string): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4_096);
  const read = async () => await Deno.stdin.read(buffer) ?? 0;
  let line = "";
  while (true) {
    const count = await read();
    if (count === 0) throw new Stopped("SIGINT");
    const keys = [...decoder.decode(buffer.subarray(0, count), { stream: true })];
    for (const [index, key] of keys.entries()) {
      if (key === CTRL_C || (key === CTRL_D && line === "")) throw new Stopped("SIGINT");
      if (key === "\r" || key === "\n" || key === CTRL_D) {
        if (keys.slice(index + 1).join("").trim() === "") return line;
        // The shell would take the rest for commands.
        while (await Promise.race([read(), systemClock.sleep(PASTE_PAUSE_MS, {})]));
        throw new UsageError(`Cannot read ${label}: several lines were pasted, and only one fits here`, {
          hint: `Put them in a file, and use ${label}=@FILE`,
        });
      }
      if (key === BACKSPACE || key === CTRL_H) line = [...line].slice(0, -1).join("");
      else if (key === CTRL_U) line = "";
      else if (key !== CTRL_Z) line += key;
    }
  }
}
