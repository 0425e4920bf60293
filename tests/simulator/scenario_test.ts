import assert from "node:assert/strict";
import { linesOf, type Scenario, type StepScenario, stepScript } from "../../lib/simulator/scenario.ts";
import { startSimulator } from "../../lib/simulator/start.ts";

const START_MS = Date.UTC(2026, 0, 5, 9);

const DURATIONS: readonly (readonly [StepScenario, number])[] = [
  [{}, 1_000],
  [{ logs: ["one"] }, 1_000],
  [{ lasts: "1.5s" }, 1_500],
  [{ lasts: "20ms" }, 20],
  [{ lasts: "2m", logs: [{ text: "one", after: "1h" }] }, 120_000],
  [{ lasts: "forever" }, Infinity],
  [{ logs: [{ text: "one", after: "2s" }, { text: "n", after: "3s", times: 4 }] }, 14_000],
  [{ logs: [{ text: "still", after: "1m", times: "forever" }] }, Infinity],
  [{ logs: [{ text: "still", times: "forever" }] }, Infinity],
];

for (const [step, durationMs] of DURATIONS) {
  Deno.test(`a step with ${JSON.stringify(step)} lasts ${durationMs} ms`, () => {
    assert.equal(stepScript(step).durationMs, durationMs);
  });
}

const LINES: readonly (readonly [NonNullable<StepScenario["logs"]>, number, readonly string[]])[] = [
  [["one", "two"], 0, ["one", "two"]],
  [["one", { text: "two", after: "2s" }], 1_999, ["one"]],
  [["one", { text: "two", after: "2s" }], 2_000, ["one", "two"]],
  [[{ text: "${{ line }}", after: "1s", times: 9 }, "end"], 2_500, ["1", "2"]],
  [[{ text: "still", after: "10s", times: "forever" }], 25_000, ["still", "still"]],
  [["${{ now }} ${{ inputs.name }}"], 0, ["2026-01-05T09:00:00.000Z ada"]],
  [["${{ inputs.lines }}"], 0, ["a", "b"]],
];

for (const [logs, afterMs, lines] of LINES) {
  Deno.test(`a step with the log ${JSON.stringify(logs)} has written ${JSON.stringify(lines)} after ${afterMs} ms`, () => {
    const span = { startMs: START_MS, untilMs: START_MS + afterMs };
    const serverTime = (instantMs: number) => new Date(instantMs).toISOString();
    const written = linesOf(stepScript({ logs }), { inputs: { name: "ada", lines: "a\nb" } }, { ...span, serverTime });
    assert.deepEqual([...written], lines);
  });
}

const REFUSED: readonly (readonly [Record<string, Scenario>, RegExp])[] = [
  [{ nothing: {} }, /no workflow of that name/],
  [{ quick: { "main/blink": { lasts: "5 minutes" } } }, /a time must be like 15s.*got 5 minutes/],
  [{ quick: { "main/blink": { logs: [{ text: "x", after: "1" }] } } }, /got 1/],
];

for (const [scenarios, pattern] of REFUSED) {
  Deno.test(`the simulator does not start with the scenario ${JSON.stringify(scenarios)}`, async () => {
    await assert.rejects(() => startSimulator({ scenarios }), (error) => {
      return error instanceof RangeError && pattern.test(error.message);
    });
  });
}
