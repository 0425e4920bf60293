import assert from "node:assert/strict";
import { documentFormatOf, readDocument } from "../../lib/inputs/document.ts";

const TAGGED = "has a tag: only !!str is supported, and a text that begins with ! needs quotes";
const UNKNOWN_ANCHOR = "names no anchor: put a text that begins with * in quotes";
const INEXACT = "cannot be sent exactly as a number: put it in quotes to send it as text";

for (
  const [format, text, want] of [
    ["yaml", "a: 1\nb: [x, 'y']\n", { a: 1, b: ["x", "y"] }],
    ["yaml", "# nothing yet\n", {}],
    ["yaml", "a: &b 1\nc: *b\n", { a: 1, c: 1 }],
    ["yaml", "&k x: &m { y: &l [*k, 2] }\nz: [*k, *m, *l]\n", {
      x: { y: ["x", 2] },
      z: ["x", { y: ["x", 2] }, ["x", 2]],
    }],
    ["yaml", "%YAML 1.2\n---\na: 1:30\n", { a: "1:30" }],
    ["yaml", "on: off\nyes: no\n", { on: "off", yes: "no" }],
    ["yaml", "? [1, 2]\n: 3\n", { "[ 1, 2 ]": 3 }],
    ["yaml", "? [1]\n: 3\n? [2]\n: 4\n", { "[ 1 ]": 3, "[ 2 ]": 4 }],
    ["yaml", "'<<': 1\n", { "<<": 1 }],
    ["yaml", "a: !!str 12\nb: ! 13\nc: '!d'\n", { a: "12", b: "13", c: "!d" }],
    ["json", '{"a": 1 /* why */, "b": [2,],}', { a: 1, b: [2] }],
    ["json", '\uFEFF{"a": 1}', { a: 1 }],
    ["json", '{"a": {"b": "\\"b\\":"}, "b": ["a"]}', { a: { b: '"b":' }, b: ["a"] }],
  ] as const
) {
  Deno.test(`${format} ${JSON.stringify(text)} is ${JSON.stringify(want)}`, async () => {
    const document = await readDocument(text, { origin: "file", format });
    assert.ok("value" in document);
    assert.deepEqual(document.value, want);
  });
}

for (
  const [format, text, want] of [
    ["json", "[1]", "file must be an object at the top level: got an array"],
    ["yaml", "text", "file must be an object at the top level: got a string"],
    ["yaml", "a: 1\na: 2\n", "file:2 a is given twice"],
    ["yaml", "b: {a: 1, 'a': 2}\n", "file:1 b.a is given twice"],
    ["yaml", "x:\n  1: a\n  '1': b\n", "file:3 x.1 is given twice"],
    ["yaml", "a: !hunter2\n", `file:1 a ${TAGGED}`],
    ["yaml", "a: [1, !!set {b}]\n", `file:1 a[1] ${TAGGED}`],
    ["yaml", "%YAML 1.1\n---\na: 1:30\n", "file is YAML 1.1, where 1:30 is the number 90: remove %YAML 1.1"],
    ["yaml", "a: 1\n---\na: 2\n", "file:2 is not YAML: only one document is allowed: remove ---"],
    ["json", "{a: 'b'}", "file:1 is not JSON: invalid symbol"],
    ["yaml", "a: 1\n  b: 2\n", "file:1 is not YAML: Nested mappings are not allowed in compact mappings"],
    ["json", '{"a": {"b": 1,\n"b": 2}}', "file:2 a.b is given twice"],
    ["json", '{"a": [{"b": 1}, {"b": 1,\n "b": 2}],} // with a comment', "file:2 a[1].b is given twice"],
    ["json", `{"a": [1, 2],\n"a": [1, 2]}`, "file:2 a is given twice"],
    ["yaml", "a: 1\npassword: *hunter2\n", `file:2 password ${UNKNOWN_ANCHOR}`],
    ["yaml", "- 1\n- { a: [*b, &b 1] }\n", `file:2 [1].a[0] ${UNKNOWN_ANCHOR}`],
    ["yaml", "a: &a [*a]\n", "file is not valid YAML: an anchor contains itself"],
    ["yaml", "a:\n  b: .inf\n", `file:2 a.b ${INEXACT}`],
    ["yaml", "a: [1, -.Inf, .nan]\n", `file:1 a[1] ${INEXACT}, file:1 a[2] ${INEXACT}`],
    [
      "yaml",
      "a: &a { x: 1 }\nb:\n  <<: *a\n",
      'file:3 b["<<"] merge keys are not supported: use an alias for the whole value',
    ],
    ["yaml", bomb(), "file is not valid YAML: its aliases expand to too many values"],
    ["json", `{"a": ${nested(500)}}`, "file is nested deeper than 500 levels"],
    ["json", `{"a": ${nested(100_000)}}`, "file is nested deeper than 500 levels"],
    ["json", `{"a": ${nested(100_000)}} // parsed like YAML`, "file is nested deeper than 500 levels"],
    ["yaml", `a: ${nested(500)}`, "file is nested deeper than 500 levels"],
    ["yaml", `a: ${nested(10_000)}`, "file is nested deeper than 500 levels"],
  ] as const
) {
  Deno.test(`${format} ${JSON.stringify(text.slice(0, 40))} is refused: ${want}`, async () => {
    const problems = await readDocument(text, { origin: "file", format });
    assert.ok(Array.isArray(problems));
    const lines = problems.map(({ origin, path, message }) => [origin, path, message].filter(Boolean).join(" "));
    assert.equal(lines.join(", "), want);
  });
}

for (
  const password of [
    ...[
      "|hunter2",
      ">hunter2 x",
      "!hun!hunter2",
      "!<hunter2",
      "!hunter2",
      "*hunter2",
      "%hunter2",
      "@hunter2",
      '"a" hunter2',
    ],
    ...[
      "'hunter2",
      '"hunter2',
      '"hunter2\\q"',
      "hunter2: x",
      "[hunter2",
      "{hunter2",
      "[a]hunter2",
      "&hunter2",
      "- hunter2",
    ],
    ...["&a &hunter2 b", "!!hunter2!", "\thunter2: b", "|2hunter2", "? hunter2"],
  ]
) {
  Deno.test(`no problem of YAML with the password ${password} repeats it`, async () => {
    for (const format of ["yaml", "json"] as const) {
      const read = await readDocument(`password: ${password}\n`, { origin: "file", format });
      assert.ok(!("value" in read) ? !JSON.stringify(read).includes("hunter2") : true, JSON.stringify(read));
    }
  });
}

Deno.test("500 levels are accepted, and a long flat list is not deep", async () => {
  for (const value of [nested(499), `[${Array(100_000).fill("[]")}]`]) {
    assert.ok("value" in await readDocument(`{"a": ${value}}`, { origin: "file", format: "json" }));
  }
});

function nested(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

/** A few lines that expand to a billion values. */
function bomb(): string {
  const lines = Array.from(
    { length: 9 },
    (_, level) => `l${level + 1}: &l${level + 1} [${Array(10).fill(`*l${level}`)}]`,
  );
  return `l0: &l0 x\n${lines.join("\n")}\n`;
}

for (
  const [name, text] of [["a.json", ""], ["a.json", "null"], ["a.yaml", " \n"], [
    "a.yaml",
    "~",
  ]] as const
) {
  Deno.test(`${JSON.stringify(text)} in ${name} is refused: nothing is most likely a mistake`, async () => {
    const read = await readDocument(text, { origin: name, format: documentFormatOf(name, text) });
    assert.ok(Array.isArray(read));
    assert.match(read[0].message, /write \{\} for no inputs/);
  });
}

for (
  const [name, text, want] of [
    ["stdin", '"a": 1\n', "yaml"],
    ["stdin", '\uFEFF {"a": 1}', "json"],
    ["stdin", "// why\n{}", "json"],
    ["stdin", "a: 1\n", "yaml"],
    ["a.json", "a: 1\n", "json"],
    ["a.yml", '{"a": 1}', "yaml"],
  ] as const
) {
  Deno.test(`${JSON.stringify(text)} in ${name} is read as ${want}`, () => {
    assert.equal(documentFormatOf(name, text), want);
  });
}
