import assert from "node:assert/strict";
import * as fc from "../deps/fast_check.ts";
import { formatInputArguments } from "../../lib/inputs/command_line.ts";
import { readLayers } from "../../lib/inputs/layers.ts";
import type { DeclaredType } from "../../lib/inputs/form.ts";
import { mergeLayers } from "../../lib/inputs/merge.ts";
import { type InputPath, isObject, joinPath, type Json, type JsonObject, valueAt } from "../../lib/json.ts";

for (
  const [inputs, secretPaths, want] of [
    [{}, [], "pw-workflow-runner run wf"],
    [{ hello: { message: "test" } }, [], "pw-workflow-runner run wf -i hello.message=test"],
    [{ text: "it's" }, [], `pw-workflow-runner run wf -i 'text=it'\\''s'`],
    [{ nodes: 4, isDry: true, none: null }, [], "pw-workflow-runner run wf -i nodes:=4 -i isDry:=true -i none:=null"],
    // Text that could be parsed as another type is quoted as JSON.
    [{ id: "007", on: "true" }, [], `pw-workflow-runner run wf -i 'id:="007"' -i 'on:="true"'`],
    [{ mail: "@file" }, [], `pw-workflow-runner run wf -i 'mail:="@file"'`],
    [{ lines: "a\nb\u0085\u202e" }, [], `pw-workflow-runner run wf -i 'lines:="a\\nb\\u0085\\u202e"'`],
    [{ rows: [{ n: 1 }], empty: {} }, [], `pw-workflow-runner run wf -i 'rows:=[{"n":1}]' -i 'empty:={}'`],
    [{ "-x": 1 }, [], "pw-workflow-runner run wf --input=-x:=1"],
    [{ "odd name": 1 }, [], `pw-workflow-runner run wf -i '["odd name"]:=1'`],
    [
      { login: { user: "me", password: "hunter2" } },
      ["login.password"],
      "pw-workflow-runner run wf -i login.user=me -i login.password=@-",
    ],
    [
      { rows: [{ key: "hunter2", n: 1 }] },
      ["rows[0].key"],
      `pw-workflow-runner run wf -i 'rows:=[{"key":"","n":1}]' -i 'rows[0].key=@-'`,
    ],
  ] as const satisfies readonly (readonly [Json, readonly string[], string])[]
) {
  Deno.test(`${JSON.stringify(inputs)} becomes ${want}`, () => {
    assert.equal(formatInputArguments("wf", JSON.parse(JSON.stringify(inputs)), secretPaths), want);
  });
}

Deno.test("a workflow's name is not an option", () => {
  assert.equal(
    formatInputArguments("-n", { a: "x y" }, []),
    'pw-workflow-runner run -i "a=x y" -- -n',
  );
});

Deno.test("many values become one JSON object, with a prompt for each secret", () => {
  const inputs = Object.fromEntries(
    Array.from({ length: 13 }, (_, index) => [`v${index}`, index === 3 ? "hunter2" : "x"]),
  );
  const line = formatInputArguments("my workflow", inputs, ["v3"]);
  assert.match(line, /^pw-workflow-runner run "my workflow" -i '\{"v0":"x",.*"v3":"",.*\}' -i v3=@-$/);
  assert.ok(!line.includes("hunter2"));
});

const TEXT = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom(
    "it's",
    '"',
    "\\",
    "\\'",
    "$HOME `id` $(id)",
    "a\nb\r\n\tc",
    "!!",
    "*",
    "~",
    "",
    " ",
    "@-",
    "=",
    ":=",
    "\ud800",
  ),
  fc.constantFrom(
    "1.10",
    "6894e3",
    "0x1F",
    "true",
    "null",
    "NaN",
    "-",
    "{",
    "--help",
    "#",
    "\u0000",
    "e\u0301",
    "\u{1F600}",
  ),
);
const NAME = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom(..."abc019-_"), minLength: 1, maxLength: 5 }) },
  { weight: 1, arbitrary: TEXT },
).filter((name) => !["__proto__", "constructor", "prototype"].includes(name));
const { inputs: INPUTS } = fc.letrec<{ inputs: JsonObject; value: Json }>((tie) => ({
  inputs: fc.dictionary(NAME, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  value: fc.oneof(
    { maxDepth: 3 },
    TEXT,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number === 0 ? 0 : number),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("inputs"),
  ),
}));

/** Runs the lines in a shell and returns the arguments of each. */
async function throughShell(shell: string, lines: readonly string[]): Promise<string[][]> {
  const script = `show() { printf '%s\\0' "$#" "$@"; }\n${lines.join("\n")}\n`;
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, script);
    const { code, stdout } = await new Deno.Command(shell, { args: [file], signal: AbortSignal.timeout(30_000) })
      .output();
    assert.equal(code, 0);
    const parts = new TextDecoder().decode(stdout).split("\0");
    const calls: string[][] = [];
    for (let start = 0; start < parts.length - 1;) {
      const count = Number(parts[start]);
      calls.push(parts.slice(start + 1, start + 1 + count));
      start += 1 + count;
    }
    return calls;
  } finally {
    await Deno.remove(file);
  }
}

/** The inputs that `run` reads from its arguments. */
async function inputsFrom(
  args: readonly string[],
  secrets: JsonObject,
  declared: DeclaredType | undefined,
): Promise<JsonObject> {
  const values: string[] = [];
  for (let at = 2; at < args.length; at++) {
    const [arg = "", next = ""] = args.slice(at);
    if (arg.startsWith("--input=")) values.push(arg.slice("--input=".length));
    else if (arg === "-i") values.push(next);
    if (arg === "-i") at++;
  }
  const layers = await readLayers(values, {
    readTextFile: (path) => Promise.reject(new Error(`Unexpected file ${path}`)),
    readStdin: () => Promise.reject(new Error("Unexpected use of stdin")),
    promptSecret: (path) => {
      const secret = secrets[path];
      return typeof secret === "string"
        ? Promise.resolve(secret)
        : Promise.reject(new Error(`Unexpected prompt for ${path}`));
    },
  });
  return mergeLayers(layers, () => declared).value;
}

/** The paths of all text values, some of which become secrets. */
function textPaths(value: Json, path: InputPath): InputPath[] {
  if (typeof value === "string") return [path];
  if (Array.isArray(value)) return value.flatMap((item, index) => textPaths(item, [...path, index]));
  return isObject(value) ? Object.entries(value).flatMap(([name, member]) => textPaths(member, [...path, name])) : [];
}

for (const shell of ["sh", "bash"]) {
  Deno.test(`pasted into ${shell}, the command sends the same inputs byte for byte, for any declared type`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(INPUTS, { minLength: 40, maxLength: 60 }), async (many) => {
        const cases = many.map((inputs, index) => {
          const paths = textPaths(inputs, []).filter((_, position) => (position + index) % 5 === 0);
          const names = paths.map((path) => path.reduce<string>(joinPath, ""));
          const secrets = Object.fromEntries(
            paths.map((path, position) => [names[position] ?? "", valueAt(inputs, path) ?? null]),
          );
          const line = formatInputArguments("a workflow", inputs, names).replace("pw-workflow-runner", "show");
          return { inputs, secrets, line };
        });
        const calls = await throughShell(shell, cases.map(({ line }) => line));
        assert.equal(calls.length, cases.length);
        for (const [index, { inputs, secrets, line }] of cases.entries()) {
          assert.match(line, /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u, "one line of visible characters");
          for (const declared of [undefined, "text", "number", "boolean", "other"] as const) {
            const sent = await inputsFrom(calls[index] ?? [], secrets, declared);
            assert.equal(JSON.stringify(sent), JSON.stringify(inputs), line);
          }
        }
      }),
      { numRuns: 10 },
    );
  });
}
