/** How many files a reader has to open who follows a due occurrence from the tick to its POST. */

import assert from "node:assert/strict";
import { startSimulator } from "../../lib/simulator/start.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { cacheEnv } from "../support/program.ts";

const ROOT = new URL("../../", import.meta.url);
const CHILD = new URL("support/tick_once.ts", import.meta.url).href;
/** Of the scheduler itself, and with the engine, the platform, the inputs and the store below it. */
const [MAX_OWN_FILES, MAX_FILES] = [6, 28];

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
  }[];
}

// Deno 2.4 and 2.5 were seen to report no coverage of a process that ends itself.
if (!/^2\.[45]\./.test(Deno.version.deno)) {
  Deno.test(
    `between tick() and the POST of one due occurrence, at most ${MAX_OWN_FILES} files of the scheduler are entered, ${MAX_FILES} in all`,
    countFiles,
  );
}

async function countFiles(): Promise<void> {
  await using simulator = await startSimulator();
  const [before, after] = [await callsIn(simulator.key, "setup"), await callsIn(simulator.key, "tick")];
  const files = new Set<string>();
  for (const [name, count] of after) {
    if (count > (before.get(name) ?? 0)) files.add(name.split(" ")[0] ?? "");
  }
  const entered = [...files].filter((file) => !/^lib\/(deps\/|simulator\/|[^/]+$)/.test(file)).sort();
  assert.ok(entered.includes("lib/scheduler/tick.ts"), entered.join());
  const own = entered.filter((file) => file.startsWith("lib/scheduler/"));
  assert.ok(own.length <= MAX_OWN_FILES, `${own.length} files:\n${own.join("\n")}`);
  assert.ok(entered.length <= MAX_FILES, `${entered.length} files:\n${entered.join("\n")}`);
}

/** The calls of each function of `lib/` in a process, by file, name and place. */
async function callsIn(key: string, mode: "setup" | "tick"): Promise<ReadonlyMap<string, number>> {
  await using folder = await emptyFolder();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--no-prompt", `--coverage=${folder.path}/coverage`, CHILD, key, mode],
    cwd: ROOT,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(120_000),
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const calls = new Map<string, number>();
  for await (const { name } of Deno.readDir(`${folder.path}/coverage`)) {
    const script: ScriptCoverage = JSON.parse(await Deno.readTextFile(`${folder.path}/coverage/${name}`));
    if (!script.url.startsWith(`${ROOT.href}lib/`)) continue;
    const file = script.url.slice(ROOT.href.length);
    for (const { functionName, ranges: [range] } of script.functions) {
      // The first one is the module itself: loading a file is not entering it.
      if (range === undefined || (functionName === "" && range.startOffset === 0)) continue;
      const id = `${file} ${functionName} ${range.startOffset}`;
      calls.set(id, (calls.get(id) ?? 0) + range.count);
    }
  }
  return calls;
}
