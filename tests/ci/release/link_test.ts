import assert from "node:assert/strict";
import { filesOfBinary } from "../../../.ci/release/binary.ts";
import { assertAcyclic, partOf, type Program } from "../../../.ci/release/link.ts";
import { singleFileOf } from "../../../.ci/release/single_file.ts";

/** As a bundler writes them, with short names that several files export. Each prints its name when it is run. */
const FILES = {
  "main.js": 'import{a}from"./first.js";import"./both2.js";console.log(a,Deno.args[0]==="run"?' +
    'await(await import("./run.js")).run():(await import("./list.js")).list(),(await import("./cold.js")).a);',
  "first.js": 'console.log("first");let t=1;export{t as a};',
  "list.js": 'import{a as t}from"./both.js";console.log("list");let b=()=>t+1;export{b as list};',
  "run.js": 'import{a as t}from"./both.js";import{a as n}from"./both2.js";import"./run2.js";console.log("run");' +
    'let b=async()=>[t,n,(await import("./late.js")).default,(await import("node:path")).basename("a/b")];' +
    "export{b as run};",
  "run2.js": 'console.log("run2");let t=4;export{t as a};',
  "both.js": 'import{a as b}from"./both2.js";console.log("both");let t=b+1;export{t as a};',
  "both2.js": 'import{basename as n}from"node:path";console.log(n("x/both2"));let t=2;export{t as a};',
  "late.js": 'import{a as t}from"./both.js";import{a as n}from"./run2.js";export{t as default,n as a};',
  "cold.js": 'import{a as t}from"./cold2.js";import{a as n}from"./both.js";console.log("cold");' +
    'let b=t+n+(await_=>await_)(0)+[typeof this,import.meta.url.startsWith("file:"),Deno.args.length];export{b as a};',
  "cold2.js":
    'import{basename as n}from"node:path";console.log(n("x/cold2"));let t=(await_)=>(import("./module.js"),5);let b=t();export{b as a};',
};

const MODULES = new Map([["module.js", 'export const url=import.meta.url;console.log("module");']]);

const ORDER_OF_LIST = ["first", "both2", "both", "list", "cold2", "cold"];

const LOADED = [
  new Set(["main.js", "first.js", "list.js", "both.js", "both2.js"]),
  new Set(["main.js", "first.js", "run.js", "run2.js", "both.js", "both2.js", "late.js"]),
];

Deno.test("filesOfBinary() and singleFileOf() keep what a program does, and the order in which its files run", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const program = programOf(FILES);
    const { texts, scripts } = filesOfBinary(program);
    assert.equal(scripts, 3);
    await Deno.mkdir(`${folder}/plain`);
    await Deno.mkdir(`${folder}/binary`);
    for (const [name, code] of [...Object.entries(FILES), ...MODULES]) {
      await Deno.writeTextFile(`${folder}/plain/${name}`, code);
    }
    for (const [name, code] of texts) await Deno.writeTextFile(`${folder}/binary/${name}`, code);
    await Deno.writeTextFile(`${folder}/single.js`, await singleFileOf(program));
    const [list, run] = [
      await output(`${folder}/plain/main.js`, "list"),
      await output(`${folder}/plain/main.js`, "run"),
    ];
    assert.deepEqual(list.split("\n").slice(0, ORDER_OF_LIST.length), ORDER_OF_LIST);
    for (const main of [`${folder}/binary/main.js`, `${folder}/single.js`]) {
      assert.equal(await output(main, "list"), list);
      assert.equal(await output(main, "run"), run);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("filesOfBinary() has in each script what the same starts load, and no other code", () => {
  const { texts } = filesOfBinary(programOf(FILES));
  const codes = [...texts].filter(([name]) => name.endsWith(".txt")).map(([, code]) =>
    Object.keys(FILES).filter((file) => code.includes(`"${file}":[`))
  );
  assert.deepEqual(codes.sort(), [["both.js"], ["list.js"], ["run.js", "run2.js", "late.js"]].sort());
});

const REFUSED: readonly { readonly of: string; readonly code: string; readonly message: RegExp }[] = [
  { of: "a package", code: 'import{a}from"npm:zod";', message: /npm:zod: it is in no file/ },
  { of: "an await at the top level", code: "await 0;", message: /Cannot link a file: .*await/ },
  { of: "a namespace", code: 'import*as a from"./b.js";', message: /b\.js: it is not imported by names/ },
  { of: "a default export", code: "export default 1;", message: /not in a list/ },
  { of: "a declaration that is exported", code: "export const a=1;", message: /not in a list/ },
  { of: "an export that is set later", code: "let a;a=1;export{a};", message: /export a is set later/ },
  {
    of: "an export that a function changes",
    code: "let a=1,b=()=>{a++};export{a,b};",
    message: /export a is set later/,
  },
];

for (const { of, code, message } of REFUSED) {
  Deno.test(`partOf() refuses ${of}`, () => assert.throws(() => partOf(code), message));
}

Deno.test("assertAcyclic() refuses files that import each other", () => {
  const parts = new Map([["a.js", partOf('import{b}from"./b.js";')], ["b.js", partOf('import{a}from"./a.js";')]]);
  assert.throws(() => assertAcyclic(parts), /a\.js: it imports itself/);
});

function programOf({ "main.js": main, ...others }: typeof FILES): Program {
  const parts = new Map(Object.entries(others).map(([name, code]) => [name, partOf(code)]));
  return { main: partOf(main, "async "), parts, modules: MODULES, loaded: LOADED };
}

async function output(...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-prompt", "--allow-read", ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
