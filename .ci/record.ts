/** `deno task record` runs the demo and writes docs/demo.svg, an animation of its output. */

import { type RecordedLine, renderRecording } from "./docs/recording.ts";

const ROOT = new URL("../", import.meta.url);
const COMMAND = "$ deno task demo";

const child = new Deno.Command("sh", {
  args: ["-c", `'${Deno.execPath()}' run --no-prompt -A main.ts demo 2>&1`],
  cwd: ROOT,
  env: { NO_COLOR: "1" },
  stdin: "null",
  stdout: "piped",
}).spawn();
const startedMs = performance.now();
const lines: RecordedLine[] = [{ text: COMMAND, atMs: 0 }];
let rest = "";
for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
  const pieces = (rest + text).split("\n");
  rest = pieces.pop() ?? "";
  for (const piece of pieces) lines.push({ text: piece, atMs: 500 + performance.now() - startedMs });
}
const { success } = await child.status;
if (!success) Deno.exit(1);
const title = "A run on the simulated platform, from submission to completion";
await Deno.writeTextFile(new URL("docs/demo.svg", ROOT), renderRecording(lines, { title }));
