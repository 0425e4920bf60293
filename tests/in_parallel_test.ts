import assert from "node:assert/strict";
import { inParallel, oneAfterTheOther } from "../lib/in_parallel.ts";

Deno.test("inParallel() acts in order, on no more than the limit at a time", async () => {
  let [running, most] = [0, 0];
  const started: number[] = [];
  await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    started.push(item);
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
  });
  assert.deepEqual([started, most], [[1, 2, 3, 4, 5], 2]);
  await assert.rejects(inParallel([1, 2], 2, () => Promise.reject(new Error("no"))), { message: "no" });
});

Deno.test("inParallel() begins nothing after a failure, and rejects when what is under way has ended", async () => {
  const { promise: isStored, resolve: store } = Promise.withResolvers<void>();
  const seen: string[] = [];
  const acting = inParallel(["slow", "failing", "third"], 2, async (item) => {
    seen.push(item);
    if (item === "failing") throw new Error("aborted");
    await isStored;
    seen.push(`${item} ended`);
  });
  acting.catch(() => seen.push("rejected"));
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(seen, ["slow", "failing"]);
  store();
  await assert.rejects(acting, { message: "aborted" });
  assert.deepEqual(seen, ["slow", "failing", "slow ended", "rejected"]);
});

Deno.test("oneAfterTheOther() waits until the one before has released, or has ended", async () => {
  const inOrder = oneAfterTheOther();
  const seen: string[] = [];
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const first = inOrder(async (release) => {
    seen.push("first");
    release();
    await isOver;
    seen.push("first ended");
  });
  const second = inOrder(() => Promise.reject(new Error("second fails")));
  const third = inOrder(() => Promise.resolve(seen.push("third")));
  await assert.rejects(second, { message: "second fails" });
  await third;
  end();
  await first;
  assert.deepEqual(seen, ["first", "third", "first ended"]);
});
