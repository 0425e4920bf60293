import assert from "node:assert/strict";
import { readRawText } from "../../lib/platform/request.ts";

const YAML = "jobs:\n  main: {} # \u00e4\n";
const base64 = btoa(String.fromCharCode(...new TextEncoder().encode(YAML)));

for (
  const [format, contentType, text] of [
    ["raw", "application/yaml", YAML],
    ["raw, with a JSON content type", "application/json", YAML],
    ["raw, without a content type", "", YAML],
    ["a JSON string", "application/json", JSON.stringify(YAML)],
    ["base64 in a JSON string", "application/json; charset=utf-8", JSON.stringify(base64)],
  ] as const
) {
  Deno.test(`a body that is ${format} is read`, () => {
    assert.equal(readRawText({ headers: new Headers({ "content-type": contentType }), text }), YAML);
  });
}

Deno.test("a JSON string that only resembles base64 is not decoded", () => {
  const headers = new Headers({ "content-type": "application/json" });
  assert.equal(readRawText({ headers, text: '"/////w=="' }), "/////w==");
});
