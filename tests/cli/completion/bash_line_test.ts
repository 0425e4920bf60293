import assert from "node:assert/strict";
import { bashReply, parseBashLine } from "../../../lib/cli/completion/bash_line.ts";

/** The default COMP_WORDBREAKS of bash. */
const BREAKS = " \t\n\"'@><=;|&(:";

for (
  const [line, words, current] of [
    ["pw run hel", ["pw", "run"], "hel"],
    ["pw run ", ["pw", "run"], ""],
    ["pw  run\thel", ["pw", "run"], "hel"],
    ["pw run 'two w", ["pw", "run"], "two w"],
    ['pw run "two w', ["pw", "run"], "two w"],
    ["pw run two\\ w", ["pw", "run"], "two w"],
    ["pw run a\\", ["pw", "run"], "a"],
    ["pw 'two words' x", ["pw", "two words"], "x"],
    ["pw '' x", ["pw", ""], "x"],
    ['pw "a\\"b\\x" ', ["pw", 'a"b\\x'], ""],
    ["pw a'b c'd\"e f\"", ["pw"], "ab cde f"],
    ["pw --preset=ni", ["pw"], "--preset=ni"],
    ["pw run $(touch x) `y`", ["pw", "run", "$", "touch", "x"], "`y`"],
    ["pw run wf > out -", ["pw", "run", "wf"], "-"],
    ["", [], ""],
  ] as const
) {
  Deno.test(`parseBashLine(${JSON.stringify(line)}) returns the words unquoted`, () => {
    const parsed = parseBashLine(line, BREAKS);
    assert.deepEqual([parsed.words, parsed.current, parsed.isRedirect], [words, current, false]);
  });
}

Deno.test("the target of > is not a word of the command", () => {
  const { words, current, isRedirect } = parseBashLine("pw run wf > ou", BREAKS);
  assert.deepEqual([words, current, isRedirect], [["pw", "run", "wf"], "ou", true]);
});

for (
  const [line, text, reply] of [
    ["pw run hel", "hello-world", "hello-world "],
    ["pw run ", "two words", "two\\ words "],
    ["pw run two\\ w", "two words", "two\\ words "],
    ["pw run 'tw", "two words", "two words'"],
    ['pw run "tw', "two words", 'two words"'],
    ["pw run 'i", "it's", "it'\\''s'"],
    ['pw run "s', 'say "so"$`\\!', 'say \\"so\\"\\$\\`\\\\"\\!""'],
    [
      "pw run ",
      "a;b&c|d<e>f(g)h*i?j[k]l{m}n#o~p!q^r'",
      "a\\;b\\&c\\|d\\<e\\>f\\(g\\)h\\*i\\?j\\[k\\]l\\{m\\}n\\#o\\~p\\!q\\^r\\' ",
    ],
    ["pw run ", "数値-é", "数値-é "],
    // Bash replaces only the text after the last break.
    ["pw run --preset=ni", "--preset=nightly", "nightly "],
    ["pw run a:b:", "a:b:c", "c "],
    ["pw run -i m=@no", "m=@notes.txt", "@notes.txt "],
    ["pw run 'a:", "a:b", "a:b'"],
    ["pw run --preset='a ", "--preset=a b", "a b'"],
    ["pw run a\\:", "a:b", "a:b "],
    ["pw run 'a:'x:", "a:x:y", "y "],
    ["pw run x:'b 'c", "x:b cd", "b\\ cd "],
  ] as const
) {
  Deno.test(`bashReply() for ${text} after ${line} is ${reply}`, () => {
    assert.equal(bashReply({ text, isComplete: true }, parseBashLine(line, BREAKS)), reply);
  });
}

Deno.test("no space follows a partial candidate", () => {
  assert.equal(
    bashReply({ text: "hello.message=", isComplete: false }, parseBashLine("pw run -i hel", BREAKS)),
    "hello.message=",
  );
});

Deno.test("the reply depends on the COMP_WORDBREAKS of the user", () => {
  assert.equal(
    bashReply({ text: "--preset=a:b", isComplete: true }, parseBashLine("pw --preset=a", " ")),
    "--preset=a:b ",
  );
});
