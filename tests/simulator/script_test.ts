import assert from "node:assert/strict";
import { linesOf, parseScript, scriptResult } from "../../lib/simulator/script.ts";

const unchanged = (text: string) => text;
const START_MS = Date.UTC(2026, 0, 5, 9);

function written(script: string, afterMs = 0, fill = unchanged): string[] {
  const span = { startMs: START_MS, untilMs: START_MS + afterMs };
  return [...linesOf(parseScript(script, fill), { PW_USER: "demo" }, span)];
}

const OUTCOMES: readonly { readonly script: string; readonly durationMs: number; readonly code?: number }[] = [
  { script: "", durationMs: 0 },
  { script: "sleep 15", durationMs: 15_000 },
  { script: "sleep 1.5\nsleep 2m\nsleep 1h", durationMs: 3_721_500 },
  { script: "sleep infinity", durationMs: Infinity },
  { script: "mpirun ./solve", durationMs: 0 },
  { script: "sleep 2\nexit 3\nsleep 5", durationMs: 2_000, code: 3 },
  { script: "exit 0", durationMs: 0, code: 0 },
  { script: "for i in $(seq 4); do echo $i; sleep 2; done", durationMs: 8_000 },
  { script: "while true; do echo x; done", durationMs: Infinity },
];

for (const { script, durationMs, code = 0 } of OUTCOMES) {
  Deno.test(`script ${JSON.stringify(script)} takes ${durationMs} ms and ends with ${code}`, () => {
    const result = scriptResult(parseScript(script, unchanged));
    assert.deepEqual([result.durationMs, result.code], [durationMs, code]);
  });
}

const LINES: readonly { readonly script: string; readonly afterMs?: number; readonly lines: readonly string[] }[] = [
  { script: "echo one\necho 'two  2'", lines: ["one", "two  2"] },
  { script: "# echo one\n\nls -l", lines: [] },
  { script: "echo one\nsleep 2\necho two", afterMs: 1_999, lines: ["one"] },
  { script: "echo one\nsleep 2\necho two", afterMs: 2_000, lines: ["one", "two"] },
  { script: "sleep 1\necho $(date)", afterMs: 1_000, lines: ["2026-01-05T09:00:01.000Z"] },
  { script: 'echo "$PW_USER ${PW_USER} $HOME"', lines: ["demo demo $HOME"] },
  { script: "for i in $(seq 9); do sleep 1; echo n$i; done", afterMs: 2_500, lines: ["n1", "n2"] },
  { script: "while true; do echo still; sleep 10; done", afterMs: 25_000, lines: ["still", "still", "still"] },
  { script: "while true; do echo still; done", afterMs: 2_000, lines: ["still", "still", "still"] },
  { script: "yes on and on | head -n 3", lines: ["on and on", "on and on", "on and on"] },
  { script: "echo before\nexit 1\necho after", lines: ["before"] },
  { script: "echo KEY=value >> $OUTPUTS", lines: [] },
];

for (const { script, afterMs = 0, lines } of LINES) {
  Deno.test(`script ${JSON.stringify(script)} has written ${JSON.stringify(lines)} after ${afterMs} ms`, () => {
    assert.deepEqual(written(script, afterMs), lines);
  });
}

Deno.test("lines written to $OUTPUTS become outputs", () => {
  const script = 'echo "rows=12" >> $OUTPUTS\necho path=a=b >> "$OUTPUTS"\nexit 1\necho late=1 >> $OUTPUTS';
  assert.deepEqual(scriptResult(parseScript(script, unchanged)).outputs, { rows: "12", path: "a=b" });
});

Deno.test("a substituted value cannot add commands", () => {
  const fill = (text: string) => text.replace("MESSAGE", "hi\nexit 1; sleep 9");
  assert.deepEqual(written('echo "MESSAGE"', 0, fill), ["hi", "exit 1; sleep 9"]);
  assert.equal(scriptResult(parseScript('echo "MESSAGE"', fill)).code, 0);
});
