import assert from "node:assert/strict";
import { compileEagerly } from "../../../.ci/release/eager.ts";

/** The starts of what is marked with `@`, and the code without the marks. */
function marked(text: string): { readonly code: string; readonly called: ReadonlySet<number> } {
  const [first = "", ...others] = text.split("@");
  const called = new Set<number>();
  const code = others.reduce((before, part) => {
    called.add(before.length);
    return before + part;
  }, first);
  return { code, called };
}

const CASES: readonly { readonly of: string; readonly code: string; readonly want: string }[] = [
  {
    of: "declarations that are called",
    code: "use();@function use(){}function other(){}@async function wait(){}@function*each(){}",
    want:
      "var use=(function (){});\nvar wait=(async function (){});\nvar each=(function*(){});\nuse();\nfunction other(){}",
  },
  {
    of: "expressions that are called, and those inside of them",
    code: "const a=@(x)=>@y=>x+y;const b=@function(){return @async()=>{}};const c=z=>z;",
    want: "const a=((x)=>(y=>x+y));\nconst b=(function(){return (async()=>{})});\nconst c=z=>z;",
  },
  {
    of: "what is in a declaration that is called, but no declaration in it",
    code: "@function out(a=@()=>1){@function in_(){}return[@b=>b,c=>c]}",
    want: "var out=(function (a=(()=>1)){function in_(){}return[(b=>b),c=>c]});",
  },
  {
    of: "no methods",
    code: "const o={m@(){},get g@(){return 1},f:@function(){}};class C{@constructor(){}m@(){}static s=@()=>1}",
    want: "const o={m(){},get g(){return 1},f:(function(){})};\nclass C{constructor(){}m(){}static s=(()=>1)}",
  },
  {
    of: "nothing, when nothing was called",
    code: 'import{x}from"node:path";export const y=()=>x;',
    want: 'import{x}from"node:path";\nexport const y=()=>x;',
  },
];

for (const { of, code, want } of CASES) {
  Deno.test(`compileEagerly() has compiled with the file: ${of}`, () => {
    const { code: plain, called } = marked(code);
    assert.equal(compileEagerly(plain, called), want);
  });
}

Deno.test("compileEagerly() keeps what a program does", async () => {
  const { code, called } = marked(
    "const early=late(2);@function late(n){late=@()=>0;return twice(n)}@function twice(n){return n*2}" +
      "console.log(early,late(),late.name,twice.name);",
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", compileEagerly(code, called)],
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(30_000),
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "4 0 late twice\n");
});
