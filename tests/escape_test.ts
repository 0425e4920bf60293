import assert from "node:assert/strict";
import { escapeControlCharacters, escapeJson, oneLine } from "../lib/escape.ts";

const UNSAFE = ["\u001b[2J", "\u0007", "\r", "\u009b31m", "\u202e", "\u0000", "\u007f"];

for (const text of UNSAFE) {
  Deno.test(`escapeControlCharacters() escapes ${JSON.stringify(text)}`, () => {
    // deno-lint-ignore no-control-regex -- these must not pass
    assert.doesNotMatch(escapeControlCharacters(`a${text}b`), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  });
}

Deno.test("escapeControlCharacters() keeps text in any language, tabs and newlines", () => {
  for (const text of ["grüße 数値 🚀", "a\tb\nc"]) assert.equal(escapeControlCharacters(text), text);
});

Deno.test("oneLine() escapes newlines and tabs", () => assert.equal(oneLine("a\nb\tc"), "a\\nb\\tc"));

Deno.test("escapeJson() keeps the value and escapes every control character", () => {
  const value = { text: `${UNSAFE.join("a")}\u2066\u{e0041}🚀 "\\n"`, list: [1] };
  const json = escapeJson(JSON.stringify(value, null, 2));
  // deno-lint-ignore no-control-regex -- these must not pass
  assert.doesNotMatch(json, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e\u2066]|\u{e0041}/u);
  assert.deepEqual(JSON.parse(json), value);
});

Deno.test("escapeControlCharacters() escapes each control character in a long text too", () => {
  const long = "a plain line\n".repeat(500);
  assert.equal(escapeControlCharacters(long), long);
  const unsafe = [...Array(32).keys(), ...Array.from({ length: 33 }, (_, index) => 127 + index), 0x2028, 0x202e]
    .map((code) => String.fromCharCode(code)).filter((character) => character !== "\t" && character !== "\n");
  for (const character of unsafe) {
    assert.ok(!escapeControlCharacters(long + character + long).includes(character), JSON.stringify(character));
  }
});
