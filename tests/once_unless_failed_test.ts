import assert from "node:assert/strict";
import { onceUnlessFailed } from "../lib/once_unless_failed.ts";

Deno.test("onceUnlessFailed() acts once for calls at the same time, and for later ones", async () => {
  let acts = 0;
  const act = onceUnlessFailed(() => Promise.resolve(++acts));
  assert.deepEqual(await Promise.all([act(), act()]), [1, 1]);
  assert.equal(await act(), 1);
});

Deno.test("onceUnlessFailed() acts again after a failure", async () => {
  let acts = 0;
  const act = onceUnlessFailed(() => ++acts === 1 ? Promise.reject(new Error("not yet")) : Promise.resolve(acts));
  await assert.rejects(act(), /not yet/);
  assert.equal(await act(), 2);
});
