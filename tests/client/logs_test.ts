import assert from "node:assert/strict";
import { lastLines, newText, readStepLog, stepLogPath } from "../../lib/client/logs.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";

for (
  const [text, count, want] of [
    ["a\nb\nc\n", 2, ["b", "c"]],
    ["a\nb\nc", 2, ["b", "c"]],
    ["a\r\nb\r\n", 9, ["a", "b"]],
    ["", 3, []],
    ["\n", 3, []],
    ["a\n\n", 2, ["a", ""]],
    ["a\n", 0, []],
  ] as const
) {
  Deno.test(`lastLines(${JSON.stringify(text)}, ${count}) is ${JSON.stringify(want)}`, () => {
    assert.deepEqual(lastLines(text, count), want);
  });
}

for (
  const [before, after, want] of [
    ["", "a", "a"],
    ["a", "ab", "b"],
    ["ab", "ab", ""],
    ["abcdef", "defgh", "gh"],
    ["ab", "xyz", "xyz"],
    ["ab", "", ""],
  ] as const
) {
  Deno.test(`newText("${before}", "${after}") is "${want}"`, () => assert.equal(newText(before, after), want));
}

Deno.test("stepLogPath() is where the platform keeps it", () => {
  assert.equal(stepLogPath("main", 2), "logs/main/step_2/logs.out");
});

Deno.test("readStepLog() reads what was rotated away before what came after", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, quirks: { logFileBytes: 200 } });
  const { client } = await depsFor(simulator, { clock });
  const answer = await client.submit({
    workflow: "failing-step",
    inputs: {},
    slug: "mine",
    displayName: null,
    consent: null,
  }, {});
  assert.equal(answer.type, "accepted");
  clock.advance(60_000);
  const log = await readStepLog(client, { type: "slug", slug: "mine" }, "build", 1, {});
  const backup = await client.readRunFile({ type: "slug", slug: "mine" }, "logs/build/step_1/logs.out.1", {});
  assert.ok(backup !== null && log?.startsWith(backup));
  assert.match(log ?? "", /undeclared[^]*endgroup/);
});

Deno.test("readStepLog() of a step that has written nothing yet is null", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const { client } = await depsFor(simulator, { clock });
  await client.submit({ workflow: "failing-step", inputs: {}, slug: "mine", displayName: null, consent: null }, {});
  assert.equal(await readStepLog(client, { type: "slug", slug: "mine" }, "build", 1, {}), null);
});
