import assert from "node:assert/strict";
import { pathOfPointer, readErrorBody } from "../../lib/platform/response_error.ts";

const NOTHING = { message: null, code: null, problems: [], pointers: [] };

Deno.test("the platform's envelope is read", () => {
  const body = readErrorBody(
    JSON.stringify({ error: true, message: "Bad things.", code: "bad", errors: ["one.", "two"] }),
  );
  assert.deepEqual(body, {
    message: "Bad things",
    code: "bad",
    problems: [{ origin: "", path: "", message: "one" }, { origin: "", path: "", message: "two" }],
    pointers: [],
  });
});

Deno.test("a line of the envelope may begin with the pointer to its field", () => {
  const errors = ["#/slug: already in use", "see #/inputs: no", "#/inputs/a b: no"];
  assert.deepEqual(readErrorBody(JSON.stringify({ errors })).pointers, ["#/slug", "#/inputs/a b"]);
});

Deno.test("problem details are read, with the path of each field", () => {
  const body = readErrorBody(JSON.stringify({
    type: "about:blank",
    title: "Unprocessable",
    detail: "Validation failed",
    code: "validation",
    errors: [
      { type: "about:blank", code: "type", detail: "Must be text", pointer: "#/inputs/rows/0/name" },
      { type: "about:blank", code: "max", parameter: "limit", in: "query" },
      { type: "about:blank", code: "required", detail: "" },
    ],
  }));
  assert.equal(body.message, "Validation failed");
  assert.deepEqual(body.problems, [
    { origin: "", path: "inputs.rows[0].name", message: "Must be text" },
    { origin: "", path: "limit", message: "max" },
    { origin: "", path: "", message: "required" },
  ]);
  assert.deepEqual(body.pointers, ["#/inputs/rows/0/name"]);
});

Deno.test("problem details with only a title are read", () => {
  assert.equal(readErrorBody('{"type":"about:blank","title":"Not Found"}').message, "Not Found");
});

for (
  const text of [
    "",
    "<html><body>502</body></html>",
    "[1,2]",
    "null",
    "{}",
    '{"errors":null}',
    '{"detail":5,"code":7}',
    "{",
  ]
) {
  Deno.test(`a body of ${JSON.stringify(text)} has no message`, () => assert.deepEqual(readErrorBody(text), NOTHING));
}

Deno.test("a short line of plain text is a message", () => {
  assert.equal(readErrorBody("upstream connect error\n").message, "upstream connect error");
});

Deno.test("a JSON string is a message", () => assert.equal(readErrorBody('"No such run."').message, "No such run"));

Deno.test("a message is one line, and a long one is truncated", () => {
  assert.equal(readErrorBody('{"message":"a\\n  b"}').message, "a b");
  assert.equal(readErrorBody(JSON.stringify({ message: "x".repeat(10_000) })).message?.length, 503);
});

for (
  const [pointer, path] of [
    ["#/slug", "slug"],
    ["#/a/0/b", "a[0].b"],
    ["/a/b", "a.b"],
    ["#/a~1b/c~0d", '["a/b"]["c~d"]'],
    ["#/a%20b", '["a b"]'],
    ["#/100%", '["100%"]'],
    ["#", ""],
    ["", ""],
  ] as const
) {
  Deno.test(`the pointer ${JSON.stringify(pointer)} becomes the path ${JSON.stringify(path)}`, () => {
    assert.equal(pathOfPointer(pointer), path);
  });
}
