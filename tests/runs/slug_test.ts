import assert from "node:assert/strict";
import { displayNameFor, hasCorrelationTag, newCorrelationTag, slugFor } from "../../lib/runs/slug.ts";

const TAG = "abcdefghijklmnop";

for (
  const [workflow, want] of [
    ["hello-world", `hello-world-${TAG}`],
    ["Hello World!", `hello-world-${TAG}`],
    ["a-very-long-workflow-name", `a-very-long-work-${TAG}`],
    ["2d_flow", `d-flow-${TAG}`],
    ["ends-at-fifteen-x", `ends-at-fifteen-${TAG}`],
    ["数値", `run-${TAG}`],
  ] as const
) {
  Deno.test(`slugFor("${workflow}") is ${want}`, () => {
    const slug = slugFor(workflow, TAG);
    assert.equal(slug, want);
    assert.match(slug, /^[a-z][a-z0-9-]{0,39}$/);
  });
}

Deno.test("newCorrelationTag() has 80 random bits", () => {
  const draws: number[] = [];
  const correlationTag = newCorrelationTag(() => {
    draws.push(0);
    return Math.random();
  });
  assert.match(correlationTag, /^[a-z2-7]{16}$/);
  assert.equal(draws.length, 16);
});

Deno.test("displayNameFor() ends with the correlation tag and has at most 255 characters", () => {
  const name = displayNameFor("x".repeat(400), TAG);
  assert.equal(name.length, 255);
  assert.ok(hasCorrelationTag(name, TAG));
  assert.ok(!hasCorrelationTag("hello-world", TAG));
  assert.ok(!hasCorrelationTag(null, TAG));
});
