/** A process that uses a store, for tests of several at once: `kv_worker.ts STORE MODE NAME`. */

import { systemClock } from "../../lib/clock.ts";
import { openKv } from "../../lib/store/open_kv.ts";
import type { Kv } from "../../lib/store/kv.ts";

/** Fails as the store does. Prints one line per acknowledged write. */
const MODES: Readonly<Record<string, (kv: Kv, name: string) => Promise<void>>> = {
  /** Meets one other process 100 times, and each time both create one key and replace another. */
  async race(kv, name) {
    for (let round = 0; round < 100; round++) {
      const created = await kv.get(["created", String(round)]);
      const replaced = await kv.get(["replaced"]);
      await kv.atomic().sum(["ready", String(round)], 1).commit();
      while ((await kv.get(["ready", String(round)])).value !== 2) await systemClock.sleep(1, {});
      for (const found of [created, replaced]) {
        const isWon = await kv.atomic().check(found).set(found.key, name).sum(["commits"], 1).commit() !== undefined;
        if (isWon) console.log(found.key[0]);
      }
      await kv.atomic().sum(["done", String(round)], 1).commit();
      while ((await kv.get(["done", String(round)])).value !== 2) await systemClock.sleep(1, {});
    }
  },
  async put(kv, name) {
    await put(kv, name, 0);
  },
  async read(kv) {
    for await (const { key } of kv.list({ prefix: [] })) console.log(key.join(" "));
  },
  /** Until stdin ends, or the process is killed. */
  async write(kv, name) {
    let isOver = false;
    const ended = Array.fromAsync(Deno.stdin.readable).then(() => isOver = true);
    for (let count = 0; !isOver; count++) {
      await put(kv, name, count);
      // Lets stdin be read: writes to a file would starve it.
      await systemClock.sleep(0, {});
    }
    await ended;
  },
};

/** Two halves and a counter. */
async function put(kv: Kv, name: string, count: number): Promise<void> {
  await kv.atomic().set(["left", name, String(count)], "x".repeat(500)).set(["right", name, String(count)], 1)
    .sum(["pairs"], 1).commit();
  console.log(`${name} ${count}`);
}

const [store = "", mode = "", name = ""] = Deno.args;
await using kv = openKv(store, {
  clock: systemClock,
  random: Math.random,
  onSetAside: console.error,
});
await MODES[mode]?.(kv, name);
