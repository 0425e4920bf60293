import assert from "node:assert/strict";
import { didYouMean, nearest } from "../lib/did_you_mean.ts";

const NAMES = ["list", "logs", "run", "runs", "status", "simulate"];

for (
  const [word, want] of [
    ["lsit", ["list"]],
    ["rn", ["run"]],
    ["satus", ["status"]],
    ["sim", ["simulate"]],
    ["xyzzy", []],
  ] as const
) {
  Deno.test(`nearest("${word}") is ${want.join(", ") || "nothing"}`, () =>
    assert.deepEqual(nearest(word, NAMES), want));
}

Deno.test("didYouMean() is a sentence, or nothing", () => {
  assert.equal(didYouMean("ru", NAMES), 'Did you mean "run"?');
  assert.equal(didYouMean("lits", ["lists", "list"]), 'Did you mean "list" or "lists"?');
  assert.equal(didYouMean("xyzzy", NAMES), undefined);
});
