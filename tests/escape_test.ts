import assert from "node:assert/strict";
import { escapeControlCharacters, escapeJson, escapeLog, escapeLogPieces, oneLine } from "../lib/escape.ts";

const HARMFUL = ["\u001b[2J", "\u0007", "\r", "\u009b31m", "\u202e", "\u0000", "\u007f"];

for (const text of HARMFUL) {
  Deno.test(`harmless() shows ${JSON.stringify(text)} instead of doing it`, () => {
    // deno-lint-ignore no-control-regex -- it is what must not pass
    assert.doesNotMatch(escapeControlCharacters(`a${text}b`), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  });
}

Deno.test("harmless() leaves text of any language, tabs and newlines alone", () => {
  for (const text of ["grüße 数値 🚀", "a\tb\nc"]) assert.equal(escapeControlCharacters(text), text);
});

Deno.test("oneLine() keeps a text on its line", () => assert.equal(oneLine("a\nb\tc"), "a\\nb\\tc"));

Deno.test("harmlessLog() drops colours and makes a progress bar's returns lines", () => {
  assert.equal(escapeLog("\u001b[32mok\u001b[0m\r50%\r100%\r\nend"), "ok\n50%\n100%\nend");
});

Deno.test("harmlessJson() says the same, without a character that a terminal obeys", () => {
  const value = { text: `${HARMFUL.join("a")}\u2066\u{e0041}🚀 "\\n"`, list: [1] };
  const json = escapeJson(JSON.stringify(value, null, 2));
  // deno-lint-ignore no-control-regex -- it is what must not pass
  assert.doesNotMatch(json, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e\u2066]|\u{e0041}/u);
  assert.deepEqual(JSON.parse(json), value);
});

Deno.test("harmlessLogPieces() says the same wherever a log is broken into pieces", () => {
  const log = "\u001b[1;32mok\u001b[0m\r50%\r100%\r\nend\u001b]8;;x\u0007\n";
  for (let at = 0; at <= log.length; at++) {
    const clean = escapeLogPieces();
    assert.equal(clean(log.slice(0, at)) + clean(log.slice(at), { isLast: true }), escapeLog(log), `broken at ${at}`);
  }
});

Deno.test("harmlessLogPieces() keeps nothing back at the end", () => {
  assert.equal(escapeLogPieces()("a\u001b[3", { isLast: true }), "a\\x1b[3");
});
