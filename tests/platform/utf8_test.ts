import assert from "node:assert/strict";
import { createUtf8Decoder } from "../../lib/platform/body.ts";
import { array, assert as hold, constantFrom, integer, property } from "../deps/fast_check.ts";

const SEED = Number(Deno.env.get("TEST_SEED") ?? 20_261_126);
const encoder = new TextEncoder();

/** Characters of each length, and bytes that are none. */
const PARTS = [
  ...["a", "\n", "\u00e9", "\u20ac", "\u{1f642}", "\ufeff"].map((text) => [...encoder.encode(text)]),
  ...[[0x80], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x99], [0xf8], [0xff], [0xed, 0xa0, 0x80]],
];

Deno.test("createUtf8Decoder() decodes any bytes as TextDecoder does, however they are divided", () => {
  const bytes = array(constantFrom(...PARTS), { maxLength: 12 });
  const lengths = array(integer({ min: 0, max: 5 }), { maxLength: 40 });
  const checked = property(bytes, lengths, (parts, pieceLengths) => {
    const whole = Uint8Array.from(parts.flat());
    const decoder = createUtf8Decoder();
    let [text, start] = ["", 0];
    for (const length of [...pieceLengths, whole.length]) {
      text += decoder.add(whole.slice(start, start + length));
      start += length;
    }
    assert.equal(text + decoder.end(), new TextDecoder().decode(whole));
  });
  hold(checked, { numRuns: 5_000, seed: SEED });
});

Deno.test("createUtf8Decoder() returns what is complete, and holds at most the beginning of a character", () => {
  const decoder = createUtf8Decoder();
  assert.equal(decoder.add(Uint8Array.of(0x61, 0xe2, 0x82)), "a");
  assert.equal(decoder.add(Uint8Array.of(0xac, 0x62)), "\u20acb");
  assert.equal(decoder.add(Uint8Array.of(0xf0)), "");
  assert.equal(decoder.end(), "\ufffd");
});
