/** How every backend lists. */

import assert from "node:assert/strict";
import type { KeySelector, StoreKey } from "../../lib/store/backend.ts";
import type { Kv, ListOptions } from "../../lib/store/kv.ts";

/** In the order of UTF-8 bytes. UTF-16 would put the emoji before U+FFEE. */
const ORDERED: readonly StoreKey[] = [
  ["a"],
  ["a", " "],
  ["a", "A"],
  ["a", "a"],
  ["a", "a", "z"],
  ["a", "a b"],
  ["a", "aa"],
  ["a", "\u00a0"],
  ["a", "é"],
  ["a", "\uffee"],
  ["a", "\uffee\u{1f600}"],
  ["a", "\u{1f600}"],
  ["a", "\u{1f600}", "a"],
  ["a!", "a"],
  ["aa"],
  ["\uffee"],
  ["\u{1f600}"],
];

/** @param test Registers a test of a new, empty store. */
export function holdListsToContract(test: (sentence: string, check: (kv: Kv) => Promise<void>) => void): void {
  test("keys are ordered part by part, by their UTF-8 bytes", async (kv) => {
    for (const key of [...ORDERED].reverse()) await kv.atomic().set(key, 1).commit();
    assert.deepEqual(await keysOf(kv, { prefix: [] }), ORDERED);
    assert.deepEqual(await keysOf(kv, { prefix: [] }, { reverse: true }), [...ORDERED].reverse());
  });

  test("a list holds what is strictly below its prefix, from start on and before end", async (kv) => {
    for (const key of ORDERED) await kv.atomic().set(key, 1).commit();
    const below = ORDERED.filter((key) => key[0] === "a" && key.length > 1);
    assert.deepEqual(await keysOf(kv, { prefix: ["a"] }), below);
    assert.deepEqual(await keysOf(kv, { prefix: ["a", "a"] }), [["a", "a", "z"]]);
    assert.deepEqual(await keysOf(kv, { prefix: ["a"], start: ["a", "a"], end: ["a", "aa"] }), below.slice(2, 5));
    assert.deepEqual(await keysOf(kv, { prefix: ["a"], start: ["a", "a", "a"] }), below.slice(3));
    assert.deepEqual(await keysOf(kv, { prefix: ["a"], end: ["a", "aa"] }, { reverse: true, limit: 2 }), [
      ["a", "a b"],
      ["a", "a", "z"],
    ]);
    assert.deepEqual(await keysOf(kv, { prefix: ["a"], start: ["a", "b"], end: ["a", "a"] }), []);
    assert.deepEqual(await keysOf(kv, { prefix: ["a"] }, { limit: 0 }), []);
    assert.deepEqual(await keysOf(kv, { prefix: ["absent"] }), []);
  });

  test("bounds that are not strictly below the prefix are refused at once", (kv) => {
    for (const bound of [["a"], ["b", "c"], []]) {
      assert.throws(() => kv.list({ prefix: ["a"], start: bound }), TypeError);
      assert.throws(() => kv.list({ prefix: ["a"], end: bound }), TypeError);
    }
    assert.throws(() => kv.list({ prefix: ["a", ""] }), TypeError);
    assert.throws(() => kv.list({ prefix: ["a"] }, { limit: -1 }), RangeError);
    return Promise.resolve();
  });

  test("a list gives values and versions, across many pages and both ways", async (kv) => {
    await fill(kv, 2_500);
    const forward = await Array.fromAsync(kv.list<number>({ prefix: ["k"] }));
    assert.deepEqual(forward.map(({ value }) => value), Array.from({ length: 2_500 }, (_, index) => index));
    assert.deepEqual(await kv.get(["k", "00001"]), forward[1]);
    assert.deepEqual((await Array.fromAsync(kv.list({ prefix: ["k"] }, { reverse: true }))).reverse(), forward);
    assert.deepEqual(await Array.fromAsync(kv.list({ prefix: ["k"] }, { limit: 65 })), forward.slice(0, 65));
    assert.deepEqual(
      await Array.fromAsync(kv.list({ prefix: ["k"] }, { limit: 200, reverse: true })),
      forward.slice(-200).reverse(),
    );
  });

  for (const reverse of [false, true]) {
    test(`${reverse ? "a reverse" : "a"} list misses and repeats no key that stays while others write`, async (kv) => {
      await fill(kv, 600);
      const seen: string[] = [];
      let writes = 0;
      for await (const { key } of kv.list({ prefix: ["k"] }, { reverse })) {
        seen.push(String(key[1]));
        if (seen.length % 20 !== 0) continue;
        // Before the place that is read, at it and after it; what ends in 0 stays.
        const change = kv.atomic();
        for (const at of [writes, seen.length, 599 - writes]) {
          if (at % 10 !== 0) change.delete(["k", padded(at)]);
          change.set(["k", `${padded(at)}-new`], 1);
        }
        await change.set(["k", String(key[1])], "again").commit();
        writes++;
      }
      assert.ok(writes > 20);
      const stayed = Array.from({ length: 60 }, (_, index) => padded(index * 10));
      assert.deepEqual(stayed.filter((key) => !seen.includes(key)), []);
      const sorted = [...new Set(seen)].sort();
      assert.deepEqual(seen, reverse ? sorted.reverse() : sorted);
    });
  }
}

async function fill(kv: Kv, count: number): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    const change = kv.atomic();
    for (let at = from; at < Math.min(from + 500, count); at++) change.set(["k", padded(at)], at);
    await change.commit();
  }
}

export function padded(number: number): string {
  return String(number).padStart(5, "0");
}

export async function keysOf(kv: Kv, selector: KeySelector, options?: ListOptions): Promise<readonly StoreKey[]> {
  return (await Array.fromAsync(kv.list(selector, options))).map(({ key }) => key);
}
