import assert from "node:assert/strict";
import { formatDelay, formatDuration, formatExactDuration, parseDuration } from "../lib/duration.ts";
import { UsageError } from "../lib/errors.ts";

for (
  const [text, wantMs] of [
    ["90", 90_000],
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["1.5h", 5_400_000],
    ["500ms", 500],
    ["2d", 172_800_000],
    ["0", 0],
    ["36525d", 3_155_760_000_000],
    [" 2H ", 7_200_000],
  ] as const
) {
  Deno.test(`parseDuration("${text}") is ${wantMs} ms`, () => assert.equal(parseDuration(text), wantMs));
}

for (const text of ["", "soon", "-5s", "5 apples", "1h-30m", "s", "1.2.3s", ".", "36526d", "9".repeat(400)]) {
  Deno.test(`parseDuration("${text.slice(0, 20)}") is refused`, () =>
    assert.throws(() => parseDuration(text), UsageError));
}

for (
  const [durationMs, want] of [
    [0, "0s"],
    [42_900, "42s"],
    [185_000, "3m 05s"],
    [7_800_000, "2h 10m"],
    [273_600_000, "3d 4h"],
    [-5, "0s"],
  ] as const
) {
  Deno.test(`formatDuration(${durationMs}) is ${want}`, () => assert.equal(formatDuration(durationMs), want));
}

for (
  const [durationMs, want] of [
    [0, "0s"],
    [1, "0.001s"],
    [500, "0.5s"],
    [59_600, "59.6s"],
    [59_999.7, "1m"],
    [61_500, "1m 01.5s"],
    [3_600_000, "1h"],
    [5_400_000, "1h 30m"],
    [7_230_400, "2h 00m 30.4s"],
    [176_400_000, "2d 1h"],
    [172_800_000, "2d"],
    [178_200_000, "2d 1h 30m"],
    [178_205_000, "2d 1h 30m 05s"],
    [-5, "0s"],
  ] as const
) {
  Deno.test(`formatExactDuration(${durationMs}) is ${want}`, () => assert.equal(formatExactDuration(durationMs), want));
}

Deno.test("formatDelay() rounds up: a short delay is not none", () => {
  assert.deepEqual([0, 1, 1_000, 1_001].map(formatDelay), ["0s", "1s", "1s", "2s"]);
});
