import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { decodeBase64, encodeBase64, gzipBase64 } from "../lib/base64.ts";
import { seededRandom } from "./support/seeded_random.ts";

/** Without what only newer engines have. */
function onOlderEngine(act: () => void): void {
  const [fromBase64, toBase64] = [
    Object.getOwnPropertyDescriptor(Uint8Array, "fromBase64"),
    Object.getOwnPropertyDescriptor(Uint8Array.prototype, "toBase64"),
  ];
  Reflect.deleteProperty(Uint8Array, "fromBase64");
  Reflect.deleteProperty(Uint8Array.prototype, "toBase64");
  try {
    act();
  } finally {
    if (fromBase64 !== undefined) Object.defineProperty(Uint8Array, "fromBase64", fromBase64);
    if (toBase64 !== undefined) Object.defineProperty(Uint8Array.prototype, "toBase64", toBase64);
  }
}

for (const [engine, on] of [["this engine", (act: () => void) => act()], ["an older engine", onOlderEngine]] as const) {
  Deno.test(`base64 on ${engine} is that of other programs, in both directions, padded or not`, () => {
    const random = seededRandom(5);
    on(() => {
      for (let length = 0; length < 300; length++) {
        const bytes = Uint8Array.from({ length }, () => Math.floor(random() * 256));
        const text = Buffer.from(bytes).toString("base64");
        assert.equal(encodeBase64(bytes), text);
        assert.deepEqual(decodeBase64(text), bytes);
        assert.deepEqual(decodeBase64(text.replace(/=+$/, "")), bytes);
      }
    });
  });

  for (const text of ["a", "a===", "ab-_", "=", "\u{1f600}"]) {
    Deno.test(`decodeBase64("${text}") on ${engine} throws`, () => {
      on(() => assert.throws(() => decodeBase64(text)));
    });
  }
}

Deno.test("gzipBase64() is a text that the runtime decompresses", async () => {
  const text = "é\u{1f600}".repeat(1_000);
  const stream = new Blob([decodeBase64(await gzipBase64(text))]).stream();
  assert.equal(await new Response(stream.pipeThrough(new DecompressionStream("gzip"))).text(), text);
});
