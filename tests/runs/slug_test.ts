import assert from "node:assert/strict";
import {
  correlationTagForKey,
  displayNameFor,
  hasCorrelationTag,
  newCorrelationTag,
  slugFor,
} from "../../lib/runs/slug.ts";
import { testRandom } from "../support/seeded_random.ts";

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

Deno.test("newCorrelationTag() has the minute, then 55 random bits", () => {
  let draws = 0;
  const seeded = testRandom();
  const random = () => {
    draws++;
    return seeded();
  };
  const tagAt = (nowMs: number) => newCorrelationTag(nowMs, random);
  const first = tagAt(Date.UTC(2026, 0, 1));
  assert.match(first, /^[a-z2-7]{16}$/);
  assert.equal(draws, 11);
  const [sameMinute, sameHalfHour, nextYear] = [59_000, 31 * 60_000, 366 * 86_400_000].map((ms) =>
    tagAt(Date.UTC(2026, 0, 1) + ms)
  );
  assert.equal(sameMinute?.slice(0, 5), first.slice(0, 5));
  assert.notEqual(sameMinute, first);
  assert.equal(sameHalfHour?.slice(0, 3), first.slice(0, 3));
  assert.notEqual(sameHalfHour?.slice(0, 5), first.slice(0, 5));
  assert.notEqual(nextYear?.slice(0, 3), first.slice(0, 3));
});

Deno.test("displayNameFor() ends with the correlation tag and has at most 255 characters", () => {
  const name = displayNameFor("x".repeat(400), TAG);
  assert.equal(name.length, 255);
  assert.ok(hasCorrelationTag(name, TAG));
  assert.ok(!hasCorrelationTag("hello-world", TAG));
  assert.ok(!hasCorrelationTag(null, TAG));
});

const SCOPE = {
  owner: { host: "activate.example.com", user: "demo" },
  workflow: "hello-world",
  key: { text: "nightly", attempt: 1 },
} as const;

for (
  const [what, parts] of [
    ["host", { owner: { ...SCOPE.owner, host: "other.example.com" } }],
    ["user", { owner: { ...SCOPE.owner, user: "alice" } }],
    ["workflow", { workflow: "other" }],
    ["key", { key: { text: "weekly", attempt: 1 } }],
    ["attempt", { key: { text: "nightly", attempt: 2 } }],
  ] as const
) {
  Deno.test(`correlationTagForKey() differs for another ${what}`, async () => {
    const tag = await correlationTagForKey(SCOPE);
    assert.match(tag, /^[a-z2-7]{16}$/);
    assert.notEqual(await correlationTagForKey({ ...SCOPE, ...parts }), tag);
  });
}

Deno.test("correlationTagForKey() is the same on every machine, however the user is capitalized", async () => {
  const other = { ...SCOPE, owner: { ...SCOPE.owner, user: "Demo" } };
  assert.equal(await correlationTagForKey(other), await correlationTagForKey(SCOPE));
});
