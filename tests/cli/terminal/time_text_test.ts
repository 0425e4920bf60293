import assert from "node:assert/strict";
import { formatAge, formatClock, formatPlatformTime, formatTime } from "../../../lib/cli/terminal/time_text.ts";

const AT = Date.parse("2026-01-05T15:00:42.500Z");

for (
  const [timeZone, text] of [
    ["America/Chicago", "2026-01-05 09:00:42 CST"],
    ["UTC", "2026-01-05 15:00:42 UTC"],
    ["Asia/Kolkata", "2026-01-05 20:30:42 GMT+5:30"],
    ["Pacific/Auckland", "2026-01-06 04:00:42 GMT+13"],
  ] as const
) {
  Deno.test(`an instant in ${timeZone} is ${text}`, () => assert.equal(formatTime(AT, timeZone), text));
}

Deno.test("midnight has the hour 00", () => {
  assert.equal(formatTime(Date.parse("2026-01-05T00:00:00Z"), "UTC"), "2026-01-05 00:00:00 UTC");
});

Deno.test("a time of the platform that cannot be parsed stays as it is", () => {
  assert.equal(formatPlatformTime("2026-01-05T15:00:42.123456789Z", "UTC"), "2026-01-05 15:00:42 UTC");
  assert.equal(formatPlatformTime("soon", "UTC"), "soon");
});

Deno.test("the time of day has a date on another day of that zone", () => {
  assert.equal(formatClock(AT, AT - 3_600_000, "America/Chicago"), "09:00 CST");
  assert.equal(formatClock(AT + 12 * 3_600_000, AT, "UTC"), "2026-01-06 03:00 UTC");
  assert.equal(formatClock(AT + 12 * 3_600_000, AT, "America/Chicago"), "21:00 CST");
});

for (
  const [ageMs, text] of [
    [-5_000, "0s"],
    [59_999, "59s"],
    [60_000, "1m"],
    [3_599_999, "59m"],
    [86_399_999, "23h"],
    [400 * 86_400_000, "400d"],
  ] as const
) {
  Deno.test(`the age after ${ageMs} ms is ${text}`, () => assert.equal(formatAge(0, ageMs), text));
}
