import assert from "node:assert/strict";
import { createOutput, type OutputOptions } from "../../lib/cli/output.ts";
import { LOG_LEVELS } from "../../lib/log.ts";
import { aContext } from "../support/cli_context.ts";
import { stillClock } from "../support/still_clock.ts";
import { type KeptWriter, keptWriter } from "../support/writer.ts";

const CLEAR = "\r\u001b[K";
const RED = "\u001b[31m";

Deno.test("answers go to stdout, the conversation to stderr", () => {
  const { output, stdout, stderr } = aStage();
  output.answer("an answer");
  output.say("INFO", "a word");
  output.raw("as it is");
  assert.equal(stdout.text(), "an answer\nas it is");
  assert.equal(stderr.text(), "a word\n");
});

Deno.test("a document is one JSON value, an event one line of it", () => {
  const { output, stdout, stderr } = aStage({ mode: "json" });
  const value = { text: "a\nb", list: [1, 2] };
  output.document(value);
  assert.deepEqual(JSON.parse(stdout.text()), value);
  output.event(value);
  const line = stdout.pieces.at(-1) ?? "";
  assert.equal(line.indexOf("\n"), line.length - 1);
  assert.deepEqual(JSON.parse(line), value);
  assert.equal(stderr.text(), "");
});

Deno.test("JSON holds what was said to the letter, and nothing that a terminal obeys", () => {
  const { output, stdout } = aStage({ mode: "json", isTerminal: true });
  const value = { text: "a\u001b[2Jb\u009b2Jc\u202ed" };
  output.document(value);
  output.event(value);
  for (const piece of stdout.pieces) {
    // deno-lint-ignore no-control-regex -- it is what must not pass
    assert.doesNotMatch(piece, /[\u001b\u009b\u202e]/);
    assert.deepEqual(JSON.parse(piece), value);
  }
});

for (const [index, level] of LOG_LEVELS.entries()) {
  Deno.test(`at ${level}, what is graver is said and what is less is not`, () => {
    const { output, stderr } = aStage({ level });
    for (const wanted of LOG_LEVELS) output.say(wanted, wanted);
    assert.equal(stderr.text(), LOG_LEVELS.slice(index).map((wanted) => `${wanted}\n`).join(""));
    assert.deepEqual(LOG_LEVELS.filter((wanted) => output.shows(wanted)), LOG_LEVELS.slice(index));
  });
}

for (
  const [isTerminal, mayColor, isColored] of [
    [true, true, true],
    [true, false, false],
    [false, true, false],
  ] as const
) {
  const where = `${isTerminal ? "a terminal" : "a pipe"}${mayColor ? "" : " of somebody who wants none"}`;
  Deno.test(`${where} gets ${isColored ? "" : "no "}colours`, () => {
    const { output, stdout, stderr } = aStage({ isTerminal, mayColor });
    output.answer(output.answerStyle.red("x"));
    output.say("INFO", output.style.red("x"));
    assert.equal(stdout.text().includes(RED), isColored);
    assert.equal(stderr.text().includes(RED), isColored);
  });
  Deno.test(`${where} ${isColored ? "obeys our colours alone" : "shows a colour that slipped in as text"}`, () => {
    const { output, stdout, stderr } = aStage({ isTerminal, mayColor });
    for (const text of [`${RED}x`, "\u001b[2Jx", "\u001b]0;title\u0007"]) {
      output.answer(text);
      output.say("ERROR", text);
    }
    for (const { pieces } of [stdout, stderr]) {
      assert.equal(pieces[0]?.includes("\u001b"), isColored);
      assert.equal(pieces[1], "\\x1b[2Jx\n");
      assert.equal(pieces[2], "\\x1b]0;title\\x07\n");
    }
  });
}

Deno.test("raw text passes no colour, not even ours", () => {
  const { output, stdout } = aStage({ isTerminal: true });
  output.raw(`a\t${RED}b\n`);
  assert.equal(stdout.text(), "a\t\\x1b[31mb\n");
});

Deno.test("the live line hides while others write, and comes back below", () => {
  const { output, stdout, stderr, both } = aStage({ isTerminal: true });
  using _line = output.live(stillClock(), () => "live");
  output.say("INFO", "word");
  output.answer("answer");
  assert.deepEqual(both, [
    `2:${CLEAR}live`,
    `2:${CLEAR}`,
    "2:word\n",
    `2:${CLEAR}live`,
    `2:${CLEAR}`,
    "1:answer\n",
    `2:${CLEAR}live`,
  ]);
  assert.equal(stdout.text(), "answer\n");
  assert.ok(stderr.text().endsWith("live"));
});

Deno.test("a word that is kept back does not move the live line", () => {
  const { output, stderr } = aStage({ isTerminal: true });
  using _line = output.live(stillClock(), () => "live");
  output.say("DEBUG", "word");
  assert.equal(stderr.pieces.length, 1);
});

Deno.test("after its end the live line stays away, and leaves nothing behind", () => {
  const { output, stderr } = aStage({ isTerminal: true });
  output.live(stillClock(), () => "live")?.[Symbol.dispose]();
  output.say("INFO", "word");
  assert.deepEqual(stderr.pieces, [`${CLEAR}live`, CLEAR, "word\n"]);
});

Deno.test("the live line makes a server's text harmless", () => {
  const { output, stderr } = aStage({ isTerminal: true });
  using _line = output.live(stillClock(), () => "step \u001b[2J");
  assert.equal(stderr.text(), `${CLEAR}step \\x1b[2J`);
});

Deno.test("there is no live line in a pipe, nor where only warnings are wanted", () => {
  for (const { output, stderr } of [aStage(), aStage({ isTerminal: true, level: "WARNING" })]) {
    assert.equal(output.live(stillClock(), () => "live"), undefined);
    assert.equal(stderr.text(), "");
  }
});

function aStage(
  { mode = "text", level = "INFO", mayColor = true, isTerminal = false }:
    & Partial<OutputOptions>
    & { readonly isTerminal?: boolean } = {},
) {
  const both: string[] = [];
  const listening = (writer: KeptWriter, name: number): KeptWriter => ({
    ...writer,
    write(text) {
      both.push(`${name}:${text}`);
      writer.write(text);
    },
  });
  const stdout = listening(keptWriter({ isTerminal }), 1);
  const stderr = listening(keptWriter({ isTerminal }), 2);
  return { both, stdout, stderr, output: createOutput(aContext({ stdout, stderr }), { mode, level, mayColor }) };
}
