import assert from "node:assert/strict";
import { displayNameFor, hasCorrelationTag, newCorrelationTag, slugFor } from "../../lib/runs/slug.ts";

const MARKER = "abcdefghijklmnop";

for (
  const [workflow, want] of [
    ["hello-world", `hello-world-${MARKER}`],
    ["Hello World!", `hello-world-${MARKER}`],
    ["a-very-long-workflow-name", `a-very-long-work-${MARKER}`],
    ["2d_flow", `d-flow-${MARKER}`],
    ["ends-at-fifteen-x", `ends-at-fifteen-${MARKER}`],
    ["数値", `run-${MARKER}`],
  ] as const
) {
  Deno.test(`slugFor("${workflow}") is ${want}`, () => {
    const slug = slugFor(workflow, MARKER);
    assert.equal(slug, want);
    assert.match(slug, /^[a-z][a-z0-9-]{0,39}$/);
  });
}

Deno.test("newMarker() holds 80 random bits", () => {
  const draws: number[] = [];
  const correlationTag = newCorrelationTag(() => {
    draws.push(0);
    return Math.random();
  });
  assert.match(correlationTag, /^[a-z2-7]{16}$/);
  assert.equal(draws.length, 16);
});

Deno.test("displayNameFor() ends with the marker and stays within 255 characters", () => {
  const name = displayNameFor("x".repeat(400), MARKER);
  assert.equal(name.length, 255);
  assert.ok(hasCorrelationTag(name, MARKER));
  assert.ok(!hasCorrelationTag("hello-world", MARKER));
  assert.ok(!hasCorrelationTag(null, MARKER));
});
