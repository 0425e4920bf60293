import assert from "node:assert/strict";
import { escapeControlCharacters, escapeJson, escapeLog, escapeLogPieces, oneLine } from "../lib/escape.ts";

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

Deno.test("escapeLog() removes colors and turns carriage returns into newlines", () => {
  assert.equal(escapeLog("\u001b[32mok\u001b[0m\r50%\r100%\r\nend"), "ok\n50%\n100%\nend");
});

Deno.test("escapeJson() keeps the value and escapes every control character", () => {
  const value = { text: `${UNSAFE.join("a")}\u2066\u{e0041}🚀 "\\n"`, list: [1] };
  const json = escapeJson(JSON.stringify(value, null, 2));
  // deno-lint-ignore no-control-regex -- these must not pass
  assert.doesNotMatch(json, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e\u2066]|\u{e0041}/u);
  assert.deepEqual(JSON.parse(json), value);
});

Deno.test("escapeLogPieces() gives the same text wherever a log is split", () => {
  const log = "\u001b[1;32mok\u001b[0m\r50%\r100%\r\nend\u001b]8;;x\u0007\n";
  for (let at = 0; at <= log.length; at++) {
    const clean = escapeLogPieces();
    assert.equal(clean(log.slice(0, at)) + clean(log.slice(at), { isLast: true }), escapeLog(log), `broken at ${at}`);
  }
});

Deno.test("escapeLogPieces() holds nothing back at the end", () => {
  assert.equal(escapeLogPieces()("a\u001b[3", { isLast: true }), "a\\x1b[3");
});
