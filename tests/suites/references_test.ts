import assert from "node:assert/strict";
import { substitute } from "../../lib/suites/references.ts";

for (
  const [text, value] of [
    ["${A}", 5],
    ["a ${A} b", "a 5 b"],
    ["$${A}", "${A}"],
    ["$$${A}", "$5"],
    ["$$$${A}", "$${A}"],
    ["kill $$; echo $$1", "kill $$; echo $$1"],
    ["pa$$word", "pa$$word"],
    ["$A {A} $ {A}", "$A {A} $ {A}"],
  ] as const
) {
  Deno.test(`the value of ${text} is ${JSON.stringify(value)}`, () => {
    assert.equal(substitute(text, () => 5), value);
  });
}
