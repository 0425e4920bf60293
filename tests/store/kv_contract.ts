/** What every backend must do alike. */

import assert from "node:assert/strict";
import { StorageError } from "../../lib/errors.ts";
import { MAX_KEY_BYTES, type StoreKey } from "../../lib/store/backend.ts";
import type { Kv } from "../../lib/store/kv.ts";
import { needing } from "../support/needs.ts";
import { holdListsToContract, keysOf, padded } from "./kv_list_contract.ts";

export interface ContractOptions {
  /** What the machine lacks; `undefined` when nothing is missing. */
  readonly missing?: string | undefined;
  /** A new, empty store. */
  readonly open: () => Promise<Kv>;
}

const DEEP = Array.from({ length: 1_000 }).reduce<unknown>((inner) => [inner], "deep");

const VALUES: readonly unknown[] = [
  null,
  true,
  "",
  "text",
  0,
  7,
  -7,
  0.5,
  1e21,
  5e-324,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_VALUE,
  [],
  {},
  [null, [null]],
  { "": { "a.b": [1, "2", null], "é": "\u{1f600}" } },
  "\0",
  { "\0": "a\0b\\u0000\\\0\u001a\u001a0000" },
  "\u001f\u007f\u0080\u2028\uffff\u{10ffff}",
  "\ud83d",
  "\ude00\ud83d\ud83d\ude00",
  { "\udfff": '\\ud83d"' },
  DEEP,
];

const INVALID_KEYS: readonly StoreKey[] = [[], [""], ["a", ""], ["a\tb"], ["\0"], ["\x7f"], ["\x9f"], ["\ud83d"], [
  "\u{10ffff}",
]];

export function holdToContract(name: string, { missing, open }: ContractOptions): void {
  const test = (sentence: string, check: (kv: Kv) => Promise<void>) =>
    Deno.test({
      ...needing(`${name}: ${sentence}`, missing),
      fn: async () => {
        await using kv = await open();
        await check(kv);
      },
    });

  test("what was set is found with the version of its write, what was deleted is not", async (kv) => {
    assert.deepEqual(await kv.get(["a"]), { key: ["a"], value: null, versionstamp: null });
    const version = await kv.atomic().set(["a"], { b: 1 }).commit();
    assert.deepEqual(await kv.get(["a"]), { key: ["a"], value: { b: 1 }, versionstamp: version });
    await kv.atomic().delete(["a"]).delete(["never there"]).commit();
    assert.deepEqual(await kv.get(["a"]), { key: ["a"], value: null, versionstamp: null });
  });

  test("many keys are read at once, in the order asked for, also one that is asked for twice", async (kv) => {
    const keys = Array.from({ length: 25 }, (_, index) => ["k", String(index)]);
    const change = kv.atomic();
    for (const key of keys) change.set(key, key[1]);
    await change.commit();
    const found = await kv.getMany<string>([...keys].reverse().concat([["absent"], ["k", "0"]]));
    assert.deepEqual(found.map(({ value }) => value), [...keys.map((key) => key[1]).reverse(), null, "0"]);
    assert.deepEqual(await kv.getMany([]), []);
  });

  for (const [index, value] of VALUES.entries()) {
    test(`value ${index}, ${JSON.stringify(value).slice(0, 40).replaceAll(/[^ -~]/g, "?")}, comes back as it was`, async (kv) => {
      await kv.atomic().set(["v"], value).commit();
      assert.deepEqual((await kv.get(["v"])).value, value);
    });
  }

  holdListsToContract(test);

  test("a change whose check fails changes nothing", async (kv) => {
    const first = await kv.atomic().set(["a"], 1).set(["n"], 5).commit();
    const change = () => kv.atomic().set(["a"], 2).delete(["n"]).sum(["m"], 1);
    assert.equal(await change().check({ key: ["a"], versionstamp: null }).commit(), undefined);
    assert.equal(await change().check({ key: ["absent"], versionstamp: first ?? "" }).commit(), undefined);
    assert.equal(
      await change().check({ key: ["a"], versionstamp: first ?? "" }, { key: ["n"], versionstamp: null }).commit(),
      undefined,
    );
    assert.deepEqual((await kv.getMany([["a"], ["n"], ["m"]])).map(({ value }) => value), [1, 5, null]);
    const entries = await kv.getMany([["a"], ["n"], ["m"]]);
    assert.ok(await change().check(...entries).commit() !== undefined);
    assert.deepEqual((await kv.getMany([["a"], ["n"], ["m"]])).map(({ value }) => value), [2, null, 1]);
  });

  test("a key that is deleted and created again does not revive its old version", async (kv) => {
    const old = await kv.atomic().set(["a"], 1).commit();
    await kv.atomic().delete(["a"]).commit();
    const recreated = await kv.atomic().set(["a"], 1).commit();
    assert.notEqual(recreated, old);
    assert.equal(await kv.atomic().check({ key: ["a"], versionstamp: old ?? "" }).set(["a"], 2).commit(), undefined);
    assert.ok(await kv.atomic().check({ key: ["a"], versionstamp: recreated ?? "" }).set(["a"], 2).commit());
  });

  test("of many writers who checked the same version one wins", async (kv) => {
    for (let round = 0; round < 10; round++) {
      const before = await kv.get(["a"]);
      const ends = await Promise.all(
        Array.from({ length: 8 }, (_, writer) => kv.atomic().check(before).set(["a"], { writer }).commit()),
      );
      const won = ends.filter((version) => version !== undefined);
      assert.equal(won.length, 1);
      assert.equal((await kv.get(["a"])).versionstamp, won[0]);
    }
  });

  test("counters add up, below zero too, and can be set and deleted", async (kv) => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => kv.atomic().sum(["n"], index).commit()));
    assert.equal((await kv.get(["n"])).value, 190);
    const version = await kv.atomic().sum(["n"], -200).sum(["n"], 3).commit();
    assert.deepEqual(await kv.get(["n"]), { key: ["n"], value: -7, versionstamp: version });
    await kv.atomic().set(["n"], Number.MAX_SAFE_INTEGER).commit();
    await kv.atomic().sum(["n"], 40 - Number.MAX_SAFE_INTEGER).commit();
    await kv.atomic().sum(["n"], 2).commit();
    assert.deepEqual((await Array.fromAsync(kv.list({ prefix: [] }))).map(({ value }) => value), [42]);
    await kv.atomic().delete(["n"]).commit();
    await kv.atomic().sum(["n"], 0).commit();
    assert.equal((await kv.get(["n"])).value, 0);
  });

  test("adding to what is no number is a storage error, and changes nothing", async (kv) => {
    await kv.atomic().set(["text"], "5").commit();
    await assert.rejects(kv.atomic().set(["a"], 1).sum(["text"], 1).commit(), StorageError);
    assert.deepEqual((await kv.getMany([["a"], ["text"]])).map(({ value }) => value), [null, "5"]);
    assert.throws(() => kv.atomic().sum(["n"], 0.5), RangeError);
  });

  test("of set and delete of one key the last holds, and adding beside them is refused", async (kv) => {
    await kv.atomic().delete(["a"]).set(["a"], 1).set(["b"], 1).delete(["b"]).set(["c"], 1).set(["c"], 2).commit();
    assert.deepEqual((await kv.getMany([["a"], ["b"], ["c"]])).map(({ value }) => value), [1, null, 2]);
    await assert.rejects(kv.atomic().set(["a"], 1).sum(["a"], 1).commit(), TypeError);
    await assert.rejects(kv.atomic().sum(["a"], 1).delete(["a"]).commit(), TypeError);
  });

  test("a change without mutations reports whether its checks hold", async (kv) => {
    const version = await kv.atomic().set(["b"], 1).commit();
    assert.ok(await kv.atomic().check({ key: ["a"], versionstamp: null }).commit());
    assert.equal(await kv.atomic().check({ key: ["a"], versionstamp: version ?? "" }).commit(), undefined);
    assert.equal((await kv.get(["b"])).versionstamp, version);
  });

  test("keys that are not valid are refused at once", async (kv) => {
    for (const key of INVALID_KEYS) {
      assert.throws(() => kv.atomic().set(key, 1), TypeError);
      assert.throws(() => kv.atomic().check({ key, versionstamp: null }), TypeError);
      await assert.rejects(kv.get(key), TypeError);
    }
    for (const value of [undefined, () => {}, Symbol("s")]) {
      assert.throws(() => kv.atomic().set(["a"], value), TypeError);
    }
  });

  test("the largest key and value are kept, and larger ones are a storage error", async (kv) => {
    const key = ["é".repeat(MAX_KEY_BYTES / 2 - 1), "a"];
    assert.throws(() => kv.atomic().set([`${key[0]}b`, "a"], 1), StorageError);
    const text = "\u4e00".repeat(Math.min(kv.limits.maxValueLength, 3_000_000) - 2);
    await kv.atomic().set(key, text).commit();
    assert.equal((await kv.get(key)).value, text);
    assert.throws(() => kv.atomic().set(["a"], "x".repeat(kv.limits.maxValueLength - 1)), StorageError);
  });

  test("the largest change is kept, and a larger one is a storage error that changes nothing", async (kv) => {
    const change = kv.atomic();
    const keys = Array.from({ length: kv.limits.maxChangeRows * 0.9 }, (_, index) => ["k", padded(index)]);
    const absent = Array.from({ length: kv.limits.maxChangeRows / 10 }, (_, index) => ["c".repeat(500), padded(index)]);
    const share =
      Math.min(kv.limits.maxValueLength, Math.floor(Math.min(kv.limits.maxChangeLength, 2_000_000) / keys.length)) - 2;
    for (const key of keys) change.set(key, "\u4e00".repeat(share));
    for (const key of absent) change.check({ key, versionstamp: null });
    assert.ok(await change.commit());
    assert.equal((await keysOf(kv, { prefix: [] })).length, keys.length);

    const deletes = kv.atomic();
    for (const key of keys) deletes.delete(key);
    for (const index of absent.keys()) deletes.delete(["d", padded(index)]);
    await assert.rejects(deletes.delete(["one more"]).commit(), /1 mutations, more than/);
    const checks = kv.atomic().check({ key: ["one more"], versionstamp: null });
    for (const key of absent) checks.check({ key: key.slice(1), versionstamp: null });
    await assert.rejects(checks.commit(), /1 checks, more than/);
    const long = kv.atomic();
    for (let index = 0; index < kv.limits.maxChangeRows / 15; index++) long.delete(["l".repeat(1_000), padded(index)]);
    await assert.rejects(long.commit(), /bytes of keys/);
    const large = kv.atomic();
    const value = "x".repeat(kv.limits.maxValueLength - 2);
    for (let length = 0; length <= kv.limits.maxChangeLength; length += kv.limits.maxValueLength) {
      large.set(["l", padded(length)], value);
    }
    await assert.rejects(large.commit(), StorageError);
    assert.equal((await keysOf(kv, { prefix: [] })).length, keys.length);
  });
}
