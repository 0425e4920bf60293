import assert from "node:assert/strict";
import { EXIT_CODES, mostSevere } from "../../lib/cli/exit_codes.ts";

for (
  const [codes, want] of [
    [[], 0],
    [[0, 0], 0],
    [[0, 3, 1], 1],
    [[1, 2], 2],
    [[2, 5, 8], 8],
    [[8, 124], 124],
    [[124, 4], 4],
    [[4, 7], 7],
    [[7, 6], 6],
    [[6, 130], 130],
    [[130, 70, 6], 70],
  ] as const
) {
  Deno.test(`mostSevere(${JSON.stringify(codes)}) is ${want}`, () => assert.equal(mostSevere(codes), want));
}

Deno.test("the README documents every exit code", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const documented = [...readme.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
  for (const code of new Set(Object.values(EXIT_CODES))) assert.ok(documented.includes(code), String(code));
});
