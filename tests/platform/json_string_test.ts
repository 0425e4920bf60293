import assert from "node:assert/strict";
import { mapPieces } from "../../lib/pieces.ts";
import { jsonStringPieces } from "../../lib/platform/body.ts";

const REFUSED = new Error("refused");

async function decoded(json: string, pieceLength: number): Promise<string[]> {
  const pieces: string[] = [];
  for (let start = 0; start < json.length; start += pieceLength) pieces.push(json.slice(start, start + pieceLength));
  return await Array.fromAsync(mapPieces(ReadableStream.from(pieces), jsonStringPieces(() => REFUSED)));
}

for (
  const text of [
    "",
    "line\n",
    "line\none more\n",
    'a "quoted" word\\',
    "\\\\\\",
    "\\u0041 \\ud83d",
    "caf\u00e9 \u{1f600}\u{1f600}",
    "\u001b[1m\u0000\u2028",
  ]
) {
  Deno.test(`the JSON string of ${JSON.stringify(text)} is decoded in pieces of every length`, async () => {
    for (const json of [JSON.stringify(text), ` \n${escaped(text)}\r\n`]) {
      for (let length = 1; length <= json.length; length++) {
        const pieces = await decoded(json, length);
        assert.equal(pieces.join(""), text);
        assert.ok(pieces.every((piece) => piece.isWellFormed()), "a surrogate pair was split");
      }
    }
  });
}

for (
  const json of ["", " ", "{}", '"cut', '"cut\\', '"cut\\"', '"a" "b"', '"a"b', "null", '"\\x"', '"\\u12"', '"\n"']
) {
  Deno.test(`${JSON.stringify(json)} is refused`, async () => {
    for (const length of [1, 2, 100]) await assert.rejects(decoded(json, length), (error) => error === REFUSED);
  });
}

/** Every character as an escape. */
function escaped(text: string): string {
  const units = text.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${units.join("")}"`;
}
