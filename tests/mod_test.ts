/** The example of the library's face, run as it stands there. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../lib/clock.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { runProgram } from "./support/program.ts";
import { submittedTo } from "./support/received.ts";

const MODULE = new URL("../lib/mod.ts", import.meta.url);

Deno.test("the example of lib/mod.ts runs, and tells the status on the way", async () => {
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 10) });
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, await exampleOf(MODULE));
    const { code, stdout, stderr } = await runProgram({
      entry: file,
      args: [],
      env: { PW_API_KEY: simulator.key },
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^(running \d.*\n)*completed \d.*\ncompleted\n$/);
    assert.deepEqual(submittedTo(simulator)[0]?.inputs, { greeting: "hello" });
  } finally {
    await Deno.remove(file);
  }
});

async function exampleOf(module: URL): Promise<string> {
  const text = await Deno.readTextFile(module);
  const block = /\* ```ts\n([^]*?)\n \* ```/.exec(text)?.[1] ?? "";
  const code = block.split("\n").map((line) => line.replace(/^ \* ?/, "")).join("\n");
  return code.replace('"./lib/mod.ts"', JSON.stringify(module.href));
}
