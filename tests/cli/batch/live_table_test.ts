import assert from "node:assert/strict";
import { type BatchKey, parseKeys, viewAfterKey } from "../../../lib/cli/batch/live_table.ts";

for (
  const [text, want] of [
    ["\u001b[A\u001b[B", ["up", "down"]],
    ["\u001bOA\u001bOB", ["up", "down"]],
    ["f+-q", ["failed", "more", "fewer", "detach"]],
    ["\u001b[5~\u001b[6~ ", ["page-up", "page-down", "page-down"]],
    ["\u001b[H\u001b[F\u001b[1~\u001b[4~", ["home", "end", "home", "end"]],
    ["x\u001b[1;5C\u001bz\u00e9", []],
    ["\u001b[", []],
  ] as const satisfies readonly (readonly [string, readonly BatchKey[]])[]
) {
  Deno.test(`the keys ${JSON.stringify(text)} are ${want}`, () => assert.deepEqual(parseKeys(text), want));
}

for (
  const [key, scroll, want] of [
    ["down", 3, 4],
    ["down", 10, 10],
    ["up", 0, 0],
    ["up", 3, 2],
    ["page-down", 3, 8],
    ["page-up", 3, 0],
    ["end", 3, 10],
    ["home", 3, 0],
    ["more", 3, 3],
    ["detach", 3, 3],
  ] as const
) {
  Deno.test(`${key} scrolls from ${scroll} to ${want}`, () => {
    const view = viewAfterKey({ shows: "failed", scroll }, key, { maxScroll: 10, pageSize: 5 });
    assert.deepEqual(view, { shows: "failed", scroll: want });
  });
}

Deno.test("f switches between all rows and the failed ones, at their top", () => {
  const table = { maxScroll: 10, pageSize: 5 };
  const failed = viewAfterKey({ shows: "changed", scroll: 7 }, "failed", table);
  assert.deepEqual(failed, { shows: "failed", scroll: 0 });
  assert.deepEqual(viewAfterKey(failed, "failed", table), { shows: "changed", scroll: 0 });
});
