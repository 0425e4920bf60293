/** Runs the examples in lib/mod.ts and docs/library.md. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../lib/clock.ts";
import * as library from "../lib/mod.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { emptyFolder, machineEnv } from "./support/main_job.ts";
import { cacheEnv, runProgram } from "./support/program.ts";
import { submittedTo } from "./support/received.ts";

const MODULE = new URL("../lib/mod.ts", import.meta.url);

Deno.test("the example of lib/mod.ts runs, and prints each status", async () => {
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

const LIBRARY = await Deno.readTextFile(new URL("../docs/library.md", import.meta.url));
const CODE = [...LIBRARY.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = ""]) => code).join("\n");

Deno.test("the code of docs/library.md runs unchanged", async () => {
  await using folder = await emptyFolder();
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  const main = new URL("../lib/mod.ts", import.meta.url).href;
  // Makes console.assert() throw: by default, it only prints.
  const strict =
    "console.assert = (condition, message) => { if (!condition) throw new Error(message ?? 'Assertion failed'); };\n";
  await Deno.writeTextFile(`${folder.path}/own.ts`, strict + CODE.replace("./lib/mod.ts", main));
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", "--check", "own.ts"],
    cwd: folder.path,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), NO_COLOR: "1", PW_API_KEY: simulator.key },
    stdin: "null",
    signal: AbortSignal.timeout(120_000),
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
});

Deno.test("docs/library.md mentions every export of the library", () => {
  const missing = Object.keys(library).filter((name) => !new RegExp(`\\b${name}\\b`).test(LIBRARY));
  assert.deepEqual(missing, []);
});

Deno.test("deno doc --lint finds no problems in lib/mod.ts", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", new URL("../lib/mod.ts", import.meta.url).pathname],
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
});
