import assert from "node:assert/strict";
import { fitToWidth, padToWidth, textWidth } from "../../../lib/cli/terminal/text_width.ts";

for (
  const [text, expected] of [
    ["", 0],
    ["abc", 3],
    ["grüße", 5],
    ["gru\u0308ße", 5],
    ["数値", 4],
    ["ｆ", 2],
    ["🚀", 2],
    ["✅⏳⚡⭐❌", 10],
    ["✓✗●·★│…", 7],
    ["⠋⠙", 2],
    ["a\u200bb", 2],
    ["❤️", 2],
    ["🇩🇪", 2],
    ["👨‍👩‍👧‍👦", 2],
    ["1️⃣", 2],
    ["👍🏽", 2],
  ] as const
) {
  Deno.test(`textWidth(${JSON.stringify(text)}) is ${expected}`, () => assert.equal(textWidth(text), expected));
}

for (
  const [text, cells, expected] of [
    ["abcdef", 6, "abcdef"],
    ["abcdef", 5, "abcd…"],
    ["数値数", 6, "数値数"],
    ["数値数", 5, "数値…"],
    ["数値数", 4, "数…"],
    ["👨‍👩‍👧‍👦🇩🇪❤️", 5, "👨‍👩‍👧‍👦🇩🇪…"],
    ["👨‍👩‍👧‍👦🇩🇪❤️", 4, "👨‍👩‍👧‍👦…"],
    ["abc", 1, "…"],
    ["abc", 0, ""],
    ["abc", -3, ""],
    ["", 0, ""],
  ] as const
) {
  Deno.test(`fit("${text}", ${cells}) is "${expected}"`, () => assert.equal(fitToWidth(text, cells), expected));
}

Deno.test("fit() never returns a text wider than the given cells", () => {
  for (const text of ["plain words", "数値数値", "a数b値c", "✅ done ⏳", "gru\u0308ße 🚀🚀", "👨‍👩‍👧‍👦🇩🇪1️⃣❤️"]) {
    for (let cells = 0; cells <= 12; cells++) {
      assert.ok(textWidth(fitToWidth(text, cells)) <= cells, `${text} in ${cells}`);
    }
  }
});

Deno.test("pad() counts cells, and never truncates", () => {
  assert.equal(padToWidth("数", 4), "数  ");
  assert.equal(padToWidth("abc", 2), "abc");
});
