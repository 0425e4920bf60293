import assert from "node:assert/strict";
import { mergeFiles } from "../../../.ci/release/merge.ts";

/** As a bundler writes them, with short names that several files export. */
const FILES = {
  "main.js": 'import{a}from"./early.js";console.log(a,Deno.args[0]==="run"?await(await import("./run.js")).run():' +
    '(await import("./list.js")).list(),(await import("./cold.js")).a);',
  "early.js": "let t=1;export{t as a};",
  "list.js": 'import{a as t}from"./both.js";import"./both2.js";let b=()=>t+1;export{b as list};',
  "run.js": 'import{a as t}from"./both.js";import{a as n}from"./both2.js";import"./run2.js";let b=async()=>[t,n,' +
    '(await import("./late.js")).default];export{b as run};',
  "run2.js": "let t=4;export{t as a};",
  "both.js": 'import{a as b}from"./both2.js";let t=b+1;export{t as a};',
  "both2.js": "let t=2;export{t as a};",
  "late.js": 'import{a as t}from"./both.js";import{a as n}from"./run2.js";export{t as default,n as a};',
  "cold.js": 'import{a as t}from"./run2.js";import{a as n}from"./both.js";let b=t+n;export{b as a};',
};

const STARTS = [
  new Set(["main.js", "early.js", "list.js", "both.js", "both2.js"]),
  new Set(["main.js", "early.js", "run.js", "run2.js", "both.js", "both2.js", "late.js"]),
];

Deno.test("mergeFiles() makes one file of those that all starts load equally late", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, code] of Object.entries(FILES)) await Deno.writeTextFile(`${folder}/${name}`, code);
    const groups: string[][] = [];
    await mergeFiles(folder, STARTS, async (entry, output, external) => {
      groups.push(Object.keys(FILES).filter((name) => !external.includes(`./${name}`)).sort());
      await bundle(entry, output, external);
    });
    assert.deepEqual(groups, [["both.js", "both2.js"], ["late.js"], ["list.js"], ["run.js", "run2.js"]]);
    assert.equal(await Deno.readTextFile(`${folder}/main.js`), FILES["main.js"]);
    assert.equal(await run(`${folder}/main.js`, "list"), "1 4 7\n");
    assert.equal(await run(`${folder}/main.js`, "run"), "1 [ 3, 2, 3 ] 7\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function bundle(entry: string, output: string, external: readonly string[]): Promise<void> {
  const others = external.flatMap((name) => ["--external", name]);
  await deno("bundle", "--quiet", "--no-config", "--minify", ...others, "--output", output, entry);
}

async function run(...args: readonly string[]): Promise<string> {
  return await deno("run", "--no-config", "--no-prompt", "--allow-read", ...args);
}

async function deno(...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
