import assert from "node:assert/strict";
import { createEventQueue } from "../../lib/runs/batch.ts";

Deno.test("an event queue yields what was pushed before it is read, while it is read, and before it is closed", async () => {
  const queue = createEventQueue<number>();
  queue.push(1);
  queue.push(2);
  const seen: number[] = [];
  for await (const event of queue) {
    seen.push(event);
    if (event === 2) queue.push(3);
    // Nothing is there when it is read next.
    if (event === 3) setTimeout(() => queue.push(4));
    if (event !== 4) continue;
    queue.push(5);
    queue.close();
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
});

Deno.test("closing an event queue ends a read that waits", async () => {
  const queue = createEventQueue<number>();
  const next = queue[Symbol.asyncIterator]().next();
  setTimeout(queue.close);
  assert.deepEqual(await next, { done: true, value: undefined });
});
