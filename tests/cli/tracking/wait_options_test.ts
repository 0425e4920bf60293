import assert from "node:assert/strict";
import { readArgv } from "../../../lib/cli/argv.ts";
import { WAIT_OPTIONS, waitOptions } from "../../../lib/cli/tracking/wait_options.ts";
import { UsageError } from "../../../lib/errors.ts";
import { DEFAULT_TRACK } from "../../../lib/runs/options.ts";
import { aContext } from "../../support/cli_context.ts";

const { signal } = new AbortController();
const { pollInterval } = DEFAULT_TRACK;
const fixed = { ...pollInterval, isAdaptive: false };

function optionsOf(argv: readonly string[], timeoutOfEnv?: string) {
  const context = aContext({ env: (name) => name === "PW_TIMEOUT" ? timeoutOfEnv : undefined });
  return waitOptions(readArgv("watch", WAIT_OPTIONS, argv), { context, signal });
}

for (
  const [line, want] of [
    ["", {}],
    ["--timeout 90", { timeoutMs: 90_000 }],
    ["--timeout 2h", { timeoutMs: 7_200_000 }],
    ["--timeout 0", { timeoutMs: null }],
    ["--poll-interval 250ms", { pollInterval: { ...fixed, pollIntervalMs: 250, firstPollMs: undefined } }],
    ["--max-poll-interval 2m", { pollInterval: { ...fixed, maxPollIntervalMs: 120_000 } }],
    ["--max-poll-interval 2s", { pollInterval: { ...fixed, pollIntervalMs: 2_000, maxPollIntervalMs: 2_000 } }],
    ["--poll fixed", { pollInterval: fixed }],
    ["--poll adaptive --max-poll-interval 2m", { pollInterval: { ...pollInterval, maxPollIntervalMs: 120_000 } }],
    ["--unreachable-timeout 5m", { unreachableTimeoutMs: 300_000 }],
    ["--unreachable-timeout 0s", { unreachableTimeoutMs: null }],
  ] as const
) {
  Deno.test(`waitOptions() with ${line || "no option"} keeps the other defaults`, () => {
    const argv = line.split(" ").filter((arg) => arg !== "");
    assert.deepEqual(optionsOf(argv), { ...DEFAULT_TRACK, signal, ...want });
  });
}

for (
  const [value, wantMs] of [
    ["90s", 90_000],
    ["0", null],
    ["", DEFAULT_TRACK.timeoutMs],
    [" ", DEFAULT_TRACK.timeoutMs],
  ] as const
) {
  Deno.test(`PW_TIMEOUT="${value}" means ${wantMs === null ? "no limit" : `${wantMs} ms`}`, () => {
    assert.equal(optionsOf([], value).timeoutMs, wantMs);
  });
}

for (const value of [undefined, "", " "]) {
  Deno.test(`PW_TIMEOUT=${JSON.stringify(value)} leaves the limit to the command`, () => {
    const context = aContext({ env: () => value });
    assert.equal(waitOptions({}, { context, signal }, null).timeoutMs, null);
  });
}

for (const [argv, wantMs] of [[["--timeout", "5s"], 5_000], [["--timeout", "0"], null]] as const) {
  Deno.test(`${argv.join(" ")} overrides PW_TIMEOUT, even an invalid one`, () => {
    assert.equal(optionsOf(argv, "soon").timeoutMs, wantMs);
  });
}

Deno.test("an invalid PW_TIMEOUT is refused by name", () => {
  assert.throws(() => optionsOf([], "soon"), (error) => {
    assert.ok(error instanceof UsageError);
    assert.equal(error.message, 'Cannot use PW_TIMEOUT: not a duration: "soon"');
    assert.match(error.hint ?? "", /1h30m/);
    return true;
  });
});

for (const option of ["--poll-interval", "--max-poll-interval"]) {
  Deno.test(`${option} 0 is refused`, () => {
    assert.throws(() => optionsOf([option, "0"]), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, new RegExp(`${option}: must be greater than 0`));
      return true;
    });
  });
}
