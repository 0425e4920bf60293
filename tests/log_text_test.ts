import assert from "node:assert/strict";
import { cleanLog, createLogCleaner, shortenLine } from "../lib/log_text.ts";
import * as fc from "./deps/fast_check.ts";

const GCC = "\u001b[01m\u001b[Ka.c:1:19:\u001b[m\u001b[K \u001b[01;31m\u001b[Kerror: \u001b[m\u001b[K'dt' undeclared\n";
const BAR = `start\n${Array.from({ length: 5_000 }, (_, i) => `\r ${i}/5000 [####] it/s`).join("")}\nTraceback: boom\n`;

const TABLE: readonly (readonly [what: string, text: string, clean: string])[] = [
  ["plain text", "one\ntwo\n", "one\ntwo\n"],
  ["no newline at the end", "one\ntwo", "one\ntwo"],
  ["Windows line ends", "one\r\ntwo\r\n", "one\ntwo\n"],
  ["colors of GCC", GCC, "a.c:1:19: error: 'dt' undeclared\n"],
  ["a progress bar of tqdm", BAR, "start\n 4999/5000 [####] it/s\nTraceback: boom\n"],
  ["a shorter text over a longer one", "100 %\rok\n", "ok0 %\n"],
  ["a line that is erased and written again", "100 %\r\u001b[Kok\n", "ok\n"],
  ["a line that is erased as a whole", "100 %\u001b[2K\rok\n", "ok\n"],
  ["backspaces", "a spinner |\b/\b-\b \n", "a spinner  \n"],
  ["a window title", "\u001b]0;title\u0007text\u001b]8;;https://x\u001b\\link\u001b]8;;\u001b\\\n", "textlink\n"],
  ["character sets and keypad modes", "\u001b(B\u001b)0a\u001b=b\u001b>c\u001b7d\u001b8\n", "abcd\n"],
  ["cursor movement", "a\u001b[3Cb\u001b[2D!\n", "a  !b\n"],
  ["a device control string", "\u001bPq#0;2;0;0;0\u001b\\done\n", "done\n"],
  ["eight-bit sequences", "\u009b31mred\u009b0m\n", "red\n"],
  ["other control characters", "a\u0000b\u0007c\u202ed\n", "a\\x00b\\x07c\\u202ed\n"],
  ["an unfinished sequence at the very end", "a\u001b[3", "a\\x1b[3"],
  ["tabs", "a\tb\n", "a\tb\n"],
];

for (const [what, text, clean] of TABLE) {
  Deno.test(`a log with ${what} becomes readable`, () => assert.equal(cleanLog(text), clean));
}

Deno.test("colors may stay, and nothing else does", () => {
  assert.equal(
    cleanLog("\u001b[1;31mred\u001b[0m\u001b[K\u001b]0;t\u0007!\n", { mayColor: true }),
    "\u001b[1;31mred\u001b[0m!\n",
  );
  assert.equal(cleanLog("old\r\u001b[32mnew\u001b[0m\n", { mayColor: true }), "\u001b[32mnew\u001b[0m\n");
});

Deno.test("an unfinished line is shown, a redrawn one is held until its end", () => {
  const clean = createLogCleaner();
  assert.equal(clean("Waiting"), "Waiting");
  assert.equal(clean(" for x\n 1 %"), " for x\n 1 %");
  assert.equal(clean("\r 2 %"), "");
  assert.equal(clean("\r 3 %\n"), "\n 3 %\n");
  assert.equal(clean("\u001b[3"), "");
  assert.equal(clean("1mred\u001b[0m\n"), "red\n");
  assert.equal(clean("end\r"), "end");
  assert.equal(clean("\n"), "\n");
});

Deno.test("a line without an end needs little memory", () => {
  const clean = createLogCleaner();
  let length = 0;
  for (let index = 0; index < 1_000; index++) length += clean("x".repeat(10_000)).length;
  assert.equal(length, 10_000_000);
  clean("\n");
  for (let index = 0; index < 50_000; index++) assert.equal(clean(`\r${index}/50000`), "");
  assert.equal(clean("\n"), "49999/50000\n");
});

/** Pieces of text in which sequences are likely. */
const fragments = fc.array(
  fc.constantFrom(
    "a",
    "b ",
    "\n",
    "\r",
    "\r\n",
    "\b",
    "\u001b",
    "[",
    "3",
    ";1",
    "m",
    "K",
    "2K",
    "\u001b[31m",
    "\u001b]0;",
    "\u0007",
    "\u001b\\",
    "é",
    "😀",
  ),
  { maxLength: 40 },
);

Deno.test("a log in pieces ends as the whole log does", () => {
  fc.assert(
    fc.property(fragments, (parts) => {
      const clean = createLogCleaner();
      const shown = parts.map((part) => clean(part)).join("") + clean("", { isLast: true });
      const lastLineOf = (text: string) => text.slice(text.lastIndexOf("\n") + 1);
      assert.equal(lastLineOf(shown), lastLineOf(cleanLog(parts.join(""))));
      // deno-lint-ignore no-control-regex -- none may be left
      assert.doesNotMatch(shown, /[\u0000-\u0008\u000b-\u001f]/);
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

Deno.test("by lines, a log in pieces is the same as the whole log", () => {
  fc.assert(
    fc.property(fragments, (parts) => {
      const clean = createLogCleaner({ isByLine: true });
      const shown = parts.map((part) => clean(part)).join("") + clean("", { isLast: true });
      assert.equal(shown, cleanLog(parts.join("")));
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

Deno.test("a long line is cut with a mark", () => {
  assert.equal(shortenLine("short"), "short");
  assert.equal(shortenLine("x".repeat(2_500)), `${"x".repeat(500)}… (2,000 more characters)`);
  assert.equal(shortenLine(`${"x".repeat(499)}😀y`), `${"x".repeat(499)}… (3 more characters)`);
});

Deno.test("many moves of the cursor to the right make no longer line than one", () => {
  const right = "\u001b[65536C";
  assert.equal(cleanLog(`${right.repeat(200)}x`), cleanLog(`${right}x`));
});
