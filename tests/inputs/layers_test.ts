import assert from "node:assert/strict";
import { InvalidInputs } from "../../lib/errors.ts";
import { readLayers } from "../../lib/inputs/layers.ts";
import { mergeLayers } from "../../lib/inputs/merge.ts";
import { originOf, sourcesAt } from "../../lib/inputs/sources.ts";
import type { JsonObject } from "../../lib/json.ts";

const FILES: Readonly<Record<string, string>> = {
  "base.json": '{"a": {"b": 1, "c": [1, 2]}, "d": "x"}',
  "commented.json": '// comment\n{\n  "a": 1, /* comment */\n  "b": [2,],\n}\n',
  "base.yaml": "a:\n  b: 2 # more\nwhen: 2026-01-05\n",
  "broken.json": '{\n  "a": 1,\n  "b": }\n',
  "broken.yaml": "a: [1\nb: 2\n",
  "list.json": "[1]",
  "text.txt": "line 1\nline 2\n",
  "odd=name.json": '{"odd": true}',
  "bom.json": '\uFEFF{"a": 1}',
  "proto.json": '{"a": {"__proto__": {"x": 1}}, "constructor": 1}',
};

for (
  const [args, want] of [
    [[], {}],
    [["base.json"], { a: { b: 1, c: [1, 2] }, d: "x" }],
    [["base.json", "base.yaml"], { a: { b: 2, c: [1, 2] }, d: "x", when: "2026-01-05" }],
    [["base.json", '{"a": {"c": [3]}, "d": null}'], { a: { b: 1, c: [3] }, d: null }],
    [["commented.json"], { a: 1, b: [2] }],
    [["bom.json"], { a: 1 }],
    [["./odd=name.json"], { odd: true }],
    [["-"], { from: "stdin" }],
    [["a.b=text"], { a: { b: "text" } }],
    [["a=true", "b=false", "c=null", "d=12", "e=-1.5"], { a: true, b: false, c: null, d: 12, e: -1.5 }],
    [["a=1.10", "b=6894e3", "c=007", "d=", "e=+1", "f=NaN", "g=Infinity", "h=True"], {
      a: "1.10",
      b: "6894e3",
      c: "007",
      d: "",
      e: "+1",
      f: "NaN",
      g: "Infinity",
      h: "True",
    }],
    [["a:=[1, {}]", 'b:="12"'], { a: [1, {}], b: "12" }],
    [["a==b", "c=d=e", "url=http://x/?q=1"], { a: "=b", c: "d=e", url: "http://x/?q=1" }],
    [["rows[0].name=a", "rows[0].n=1", "rows[1].name=b"], { rows: [{ name: "a", n: 1 }, { name: "b" }] }],
    [["note=@text.txt"], { note: "line 1\nline 2\n" }],
    [["a=two\nlines"], { a: "two\nlines" }],
    [["a.b=1", "a.c=2", 'a:={"d": 3}'], { a: { b: 1, c: 2, d: 3 } }],
    [["a:=null", "a.b=1", "c:=null", "c[0].d=2"], { a: { b: 1 }, c: [{ d: 2 }] }],
  ] as const satisfies readonly (readonly [readonly string[], unknown])[]
) {
  Deno.test(`-i ${JSON.stringify(args)} is ${JSON.stringify(want)}`, async () => {
    assert.deepEqual((await resolve(args)).value, want);
  });
}

for (
  const [args, want] of [
    [["no-such.json"], ["-i #1  cannot read no-such.json: no such file"]],
    [["folder/no-such"], ["-i #1  cannot read folder/no-such: no such file"]],
    [["hello.message"], ["-i #1  cannot read hello.message: no such file. Write one value as hello.message=VALUE"]],
    [["notes=@no-such"], ["-i #1 notes cannot read no-such: no such file"]],
    [["broken.json"], ["broken.json:3  is not JSON: value expected"]],
    [["broken.yaml"], [
      "broken.yaml:2  is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ]],
    [["list.json"], ["list.json  must be an object at the top level: got an array"]],
    [["-", "-"], ["-i #2  stdin can only be read once"]],
    [['a:={"b": 1, "b": 2}'], ["-i #1 a.b is given twice"]],
    [["a:=oops"], ["-i #1 a is not JSON: := takes JSON; use = for text"]],
    [["base.json", "d.e=1"], ["-i #2 d.e d is not an object"]],
    [["base.json", "a[0]=1"], ["-i #2 a[0] a is not a list"]],
    [["rows:=[1]", "rows[2]=1"], ["-i #2 rows[2] the list has 1 row: the next index is [1]"]],
    [["notes=@"], ["-i #1 notes needs the name of a file after @"]],
    [["rows[2]=1"], ["-i #1 rows[2] the list has 0 rows: the next index is [0]"]],
    [["__proto__.x=1"], ["-i #1 __proto__.x __proto__ is a reserved name"]],
    [['a:={"__proto__": {"x": 1}}'], ["-i #1 a.__proto__ is a reserved name"]],
    [["proto.json"], [
      "proto.json a.__proto__ is a reserved name",
      "proto.json constructor is a reserved name",
    ]],
    [["a..b=1"], ["-i #1 a..b is not a path"]],
    [["no-such.json", "list.json", "a:="], [
      "-i #1  cannot read no-such.json: no such file",
      "list.json  must be an object at the top level: got an array",
      "-i #3 a is not JSON: := takes JSON; use = for text",
    ]],
  ] as const
) {
  Deno.test(`-i ${JSON.stringify(args)} is refused: ${want.join("; ")}`, async () => {
    await assert.rejects(resolve(args), (error) => {
      assert.ok(error instanceof Error && "problems" in error && Array.isArray(error.problems));
      assert.deepEqual(error.problems.map(({ origin, path, message }) => `${origin} ${path} ${message}`), want);
      return true;
    });
  });
}

for (
  const [declared, text, want] of [
    ["text", "12", "12"],
    ["text", "true", "true"],
    ["number", "1.10", 1.1],
    ["number", "6894e3", 6_894_000],
    ["number", "many", "many"],
    ["boolean", "true", true],
    ["boolean", "yes", "yes"],
  ] as const
) {
  Deno.test(`=${text} for the declared type ${declared} is ${JSON.stringify(want)}`, async () => {
    const layers = await readLayers([`a=${text}`], sources());
    assert.deepEqual(mergeLayers(layers, () => declared).value, { a: want });
  });
}

Deno.test("inherited members like valueOf are ordinary names", async () => {
  const { value } = await resolve(["valueOf.a=1", '{"toString": {"b": 2}}', "toString.c=3"]);
  assert.equal(JSON.stringify(value), '{"valueOf":{"a":1},"toString":{"b":2,"c":3}}');
});

Deno.test("=@- prompts for a secret, and its path is recorded", async () => {
  const resolved = await resolve(["login.password=@-"]);
  assert.deepEqual(resolved.value, { login: { password: "secret for login.password" } });
  assert.deepEqual(resolved.secretPaths, ["login.password"]);
});

Deno.test("each value has the file and line it comes from, and those it overrides", async () => {
  const resolved = await resolve(["commented.json", '{"a": 5}', "b[0]=7"]);
  const origins = (path: readonly (string | number)[]) =>
    sourcesAt(resolved.layers, path).map((source) => [source.value, originOf(source)]);
  assert.deepEqual(origins(["a"]), [[5, "-i #2"], [1, "commented.json:3"]]);
  assert.deepEqual(origins(["b", 0]), [[7, "-i #3"], [2, "commented.json:4"]]);
  assert.deepEqual(origins(["nowhere"]), []);
});

Deno.test("a value of a YAML file has its line", async () => {
  const { layers } = await resolve(["base.yaml"]);
  assert.deepEqual(sourcesAt(layers, ["a", "b"]).map(originOf), ["base.yaml:2"]);
});

Deno.test("stdin that cannot be read, such as a folder, is a problem of the inputs", async () => {
  const folder = Object.assign(new Error("EISDIR"), { code: "EISDIR" });
  await assert.rejects(
    readLayers(["a=1", "-"], { ...sources(), readStdin: () => Promise.reject(folder) }),
    (error) => {
      assert.ok(error instanceof InvalidInputs);
      const problem = { origin: "-i #2", path: "", message: "cannot read stdin: it is a folder, not a file" };
      assert.deepEqual(error.problems, [problem]);
      return true;
    },
  );
});

async function resolve(args: readonly string[]): Promise<{ value: JsonObject } & ReturnType<typeof mergeLayers>> {
  return mergeLayers(await readLayers(args, sources()));
}

function sources() {
  return {
    readTextFile(path: string) {
      const text = FILES[path.replace(/^\.\//, "")];
      return text === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(text);
    },
    readStdin: () => Promise.resolve('{"from": "stdin"}'),
    promptSecret: (path: string) => Promise.resolve(`secret for ${path}`),
  };
}
