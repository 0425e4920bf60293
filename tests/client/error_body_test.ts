import assert from "node:assert/strict";
import { pathOfPointer, readErrorBody } from "../../lib/client/error_body.ts";

Deno.test("readErrorBody() reads the platform's envelope", () => {
  const body = readErrorBody('{"error": true, "message": "Missing required fields: Name.", "code": "missing"}');
  assert.equal(body.message, "Missing required fields: Name");
  assert.equal(body.code, "missing");
});

Deno.test("readErrorBody() reads problem details with the fields that are wrong", () => {
  const body = readErrorBody(JSON.stringify({
    type: "/problems/activate/validation",
    title: "Validation failed",
    detail: "The request is not valid",
    code: "validation",
    errors: [
      { type: "x", code: "too_long", detail: "is too long", pointer: "#/slug" },
      { type: "x", code: "unknown", detail: "is not known", parameter: "page", in: "query" },
    ],
  }));
  assert.equal(body.message, "The request is not valid");
  assert.equal(body.code, "validation");
  assert.deepEqual(body.pointers, ["#/slug"]);
  assert.equal(body.problems[0]?.path, "slug");
  assert.match(body.problems[1]?.path ?? "", /page/);
});

for (
  const [name, text] of [
    ["a web page", "<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>"],
    ["nothing", ""],
    ["a list", "[1, 2]"],
    ["broken JSON", '{"error": true, "mess'],
  ] as const
) {
  Deno.test(`readErrorBody() makes no words of ${name}`, () => {
    const { message, code, problems } = readErrorBody(text);
    assert.equal(code, null);
    assert.deepEqual(problems, []);
    assert.ok(message === null || !message.includes("<"), message ?? "");
  });
}

for (
  const [pointer, want] of [
    ["#/slug", "slug"],
    ["#/inputs/rows/0/name", "inputs.rows[0].name"],
    ["#/a~1b/c~0d", '["a/b"]["c~d"]'],
    ["#", ""],
  ] as const
) {
  Deno.test(`pathOfPointer("${pointer}") is ${want}`, () => assert.equal(pathOfPointer(pointer), want));
}
