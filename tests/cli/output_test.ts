import assert from "node:assert/strict";
import { createOutput, type OutputOptions } from "../../lib/cli/output.ts";
import * as fitting from "../../lib/cli/terminal/wrap.ts";
import { LOG_LEVELS } from "../../lib/log.ts";
import { SECRET_MASK } from "../../lib/redact.ts";
import { aContext } from "../support/cli_context.ts";
import { stillClock } from "../support/still_clock.ts";
import { type BufferedWriter, bufferedWriter } from "../support/writer.ts";

const CLEAR = "\r\u001b[K";
const RED = "\u001b[31m";

Deno.test("answers go to stdout and messages to stderr", () => {
  const { output, stdout, stderr } = aStage();
  output.answer("an answer");
  output.log("INFO", "a message");
  output.raw("unchanged");
  assert.equal(stdout.text(), "an answer\nunchanged");
  assert.equal(stderr.text(), "a message\n");
});

Deno.test("lines of answers and messages are wrapped on a terminal only, and nothing else is", () => {
  const wrap = (text: string, columns: number) => `${columns}:${text}`;
  for (const isTerminal of [true, false]) {
    const { output, stdout, stderr } = aStage({ isTerminal, fitting: { ...fitting, wrapLines: wrap } });
    output.answer("a b");
    output.log("INFO", "c d");
    const [answer, message] = isTerminal ? [/^\d+:a b\n$/, /^\d+:c d\n$/] : [/^a b\n$/, /^c d\n$/];
    assert.match(stdout.text(), answer);
    assert.match(stderr.text(), message);
    output.raw("e f\n");
    output.document({ g: 1 });
    assert.match(stdout.text(), /\ne f\n\{\n {2}"g": 1\n\}\n$/);
  }
});

Deno.test("values to redact are masked in everything that is written from then on, plain and escaped", () => {
  const { output, stdout, stderr } = aStage();
  output.redact(["hunter\u001b22"]);
  output.redact(["plain secret"]);
  output.answer("plain secret hunter\u001b22");
  output.raw("plain secret hunter\u001b22\n");
  output.document({ value: "plain secret hunter\u001b22" });
  output.log("INFO", "plain secret hunter\u001b22");
  const written = stdout.text() + stderr.text();
  assert.equal(written.split(SECRET_MASK).length - 1, 8, written);
  assert.doesNotMatch(written, /plain secret|hunter|22/);
});

Deno.test("a document and an event remain JSON, with their members, whatever the secrets are", () => {
  const formatYaml = (value: unknown) => `yaml: ${JSON.stringify(value)}\n`;
  for (const formatDocument of [undefined, formatYaml]) {
    const { output, stdout } = aStage({ mode: "json", formatDocument });
    // Lines of JSON, and a PIN.
    output.redact(['{\n  "status": "completed",\n  "seconds": 12\n}', "4711", '": ["']);
    const value = { status: "completed", seconds: 12, pins: [4711, 47110], text: "PIN 4711", list: ["a"] };
    const shown = {
      status: "completed",
      seconds: 12,
      pins: [SECRET_MASK, 47110],
      text: `PIN ${SECRET_MASK}`,
      list: ["a"],
    };
    output.document(value);
    assert.deepEqual(JSON.parse(stdout.text().replace(/^yaml: /, "")), shown);
    output.event(value);
    assert.deepEqual(JSON.parse(stdout.pieces.at(-1) ?? ""), shown);
  }
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

Deno.test("JSON keeps the exact values but contains no control characters", () => {
  const { output, stdout } = aStage({ mode: "json", isTerminal: true });
  const value = { text: "a\u001b[2Jb\u009b2Jc\u202ed" };
  output.document(value);
  output.event(value);
  for (const piece of stdout.pieces) {
    // deno-lint-ignore no-control-regex -- these characters must not pass
    assert.doesNotMatch(piece, /[\u001b\u009b\u202e]/);
    assert.deepEqual(JSON.parse(piece), value);
  }
});

for (const [index, level] of LOG_LEVELS.entries()) {
  Deno.test(`at ${level}, only messages of that level or above are shown`, () => {
    const { output, stderr } = aStage({ level });
    for (const messageLevel of LOG_LEVELS) output.log(messageLevel, messageLevel);
    assert.equal(stderr.text(), LOG_LEVELS.slice(index).map((messageLevel) => `${messageLevel}\n`).join(""));
    assert.deepEqual(LOG_LEVELS.filter((messageLevel) => output.shows(messageLevel)), LOG_LEVELS.slice(index));
  });
}

for (
  const [isTerminal, color, isColored] of [
    [true, "auto", true],
    [true, "never", false],
    [false, "auto", false],
    [false, "always", true],
  ] as const
) {
  const where = `${isTerminal ? "a terminal" : "a pipe"}${color === "auto" ? "" : ` with colors ${color}`}`;
  Deno.test(`${where} gets ${isColored ? "" : "no "}colors`, () => {
    const { output, stdout, stderr } = aStage({ isTerminal, color });
    output.answer(output.answerStyle.red("x"));
    output.log("INFO", output.style.red("x"));
    assert.equal(stdout.text().includes(RED), isColored);
    assert.equal(stderr.text().includes(RED), isColored);
  });
  Deno.test(`${where} ${isColored ? "gets only our own escape sequences" : "shows a stray color sequence as text"}`, () => {
    const { output, stdout, stderr } = aStage({ isTerminal, color });
    for (const text of [`${RED}x`, "\u001b[2Jx", "\u001b]0;title\u0007"]) {
      output.answer(text);
      output.log("ERROR", text);
    }
    for (const { pieces } of [stdout, stderr]) {
      assert.equal(pieces[0]?.includes("\u001b"), isColored);
      assert.equal(pieces[1], "\\x1b[2Jx\n");
      assert.equal(pieces[2], "\\x1b]0;title\\x07\n");
    }
  });
}

Deno.test("raw() escapes color sequences, even our own", () => {
  const { output, stdout } = aStage({ isTerminal: true });
  output.raw(`a\t${RED}b\n`);
  assert.equal(stdout.text(), "a\t\\x1b[31mb\n");
});

Deno.test("the live line is cleared during other output and drawn again below it", () => {
  const { output, stdout, stderr, both } = aStage({ isTerminal: true });
  using _line = output.live(stillClock(), () => "live");
  output.log("INFO", "message");
  output.answer("answer");
  assert.deepEqual(both, [
    `2:${CLEAR}live`,
    `2:${CLEAR}`,
    "2:message\n",
    `2:${CLEAR}live`,
    `2:${CLEAR}`,
    "1:answer\n",
    `2:${CLEAR}live`,
  ]);
  assert.equal(stdout.text(), "answer\n");
  assert.ok(stderr.text().endsWith("live"));
});

Deno.test("each live line is cut to the terminal, because a wrapped line cannot be cleared", () => {
  const cut = (line: string, columns: number) => `${columns}:${line}`;
  const { output, stderr } = aStage({ isTerminal: true, fitting: { ...fitting, fitStyledToWidth: cut } });
  using _line = output.live(stillClock(), (columns) => `one\nof ${columns}`);
  assert.equal(stderr.text(), `${CLEAR}77:one\n77:of 77`);
});

Deno.test("a suppressed message does not redraw the live line", () => {
  const { output, stderr } = aStage({ isTerminal: true });
  using _line = output.live(stillClock(), () => "live");
  output.log("DEBUG", "message");
  assert.equal(stderr.pieces.length, 1);
});

Deno.test("a disposed live line is cleared and not drawn again", () => {
  const { output, stderr } = aStage({ isTerminal: true });
  output.live(stillClock(), () => "live")?.[Symbol.dispose]();
  output.log("INFO", "message");
  assert.deepEqual(stderr.pieces, [`${CLEAR}live`, CLEAR, "message\n"]);
});

Deno.test("the live line escapes control characters in text from a server", () => {
  const { output, stderr } = aStage({ isTerminal: true });
  using _line = output.live(stillClock(), () => "step \u001b[2J");
  assert.equal(stderr.text(), `${CLEAR}step \\x1b[2J`);
});

Deno.test("there is no live line in a pipe, on a dumb terminal or at log level WARNING", () => {
  for (
    const { output, stderr } of [
      aStage(),
      aStage({ isTerminal: true, isDumb: true }),
      aStage({ isTerminal: true, level: "WARNING" }),
    ]
  ) {
    assert.equal(output.live(stillClock(), () => "live"), undefined);
    assert.equal(stderr.text(), "");
  }
});

function aStage(
  { mode = "text", level = "INFO", color = "auto", isDumb = false, isTerminal = false, fitting }:
    & Partial<OutputOptions>
    & { readonly isTerminal?: boolean } = {},
) {
  const both: string[] = [];
  const recording = (writer: BufferedWriter, name: number): BufferedWriter => ({
    ...writer,
    write(text) {
      both.push(`${name}:${text}`);
      writer.write(text);
    },
  });
  const stdout = recording(bufferedWriter({ isTerminal }), 1);
  const stderr = recording(bufferedWriter({ isTerminal }), 2);
  const output = createOutput(aContext({ stdout, stderr }), { mode, level, color, isDumb, fitting });
  return { both, stdout, stderr, output };
}
