import assert from "node:assert/strict";
import { fitStyledToWidth, wrapLines } from "../../../lib/cli/terminal/wrap.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";

const CASES = {
  "a line that fits": ["Status: completed", "Status: completed"],
  "a sentence": [
    "Waiting up to 1h 00m (until 10:49 UTC); the run continues",
    "Waiting up to 1h 00m (until\n  10:49 UTC); the run\n  continues",
  ],
  "an indented line, with its columns": [
    "  base.yaml:4  nodes  must be a whole number",
    "  base.yaml:4  nodes  must\n    be a whole number",
  ],
  "a command, which can be pasted": [
    "  Track it again: pw-workflow-runner watch hello -t 5m",
    "  Track it again:\n    pw-workflow-runner \\\n      watch hello -t 5m",
  ],
  "a command in backquotes": ["Run `pw-workflow-runner help` to list", "Run\n  `pw-workflow-runner help`\n  to list"],
  "a word that is too long": [
    "at https://example.com/a/long/path there",
    "at\n  https://example.com/a/long/path\n  there",
  ],
  "a command by itself": [
    "  pw-workflow-runner run hello-world -i x",
    "  pw-workflow-runner run \\\n    hello-world -i x",
  ],
  "a command whose options have values": [
    "pw-workflow-runner run a -i b=1 -i c=2 -i dd:=true --json",
    "pw-workflow-runner run a \\\n  -i b=1 -i c=2 \\\n  -i dd:=true --json",
  ],
  "a line of a log": ["      │ one two three four five six seven", "      │ one two three four five six seven"],
  "a line of a file": [
    "    - { name: a, workflow: quik, timeout: 5 }\n              ^",
    "    - { name: a, workflow: …\n              ^",
  ],
  "a line of a file with carets further on": [
    "    - { name: a, workflow: quik, timeout: 5 }\n                           ^^^^",
    "    …ame: a, workflow: quik…\n                       ^^^^",
  ],
  "several lines": ["a\n\none two three four five six seven", "a\n\none two three four five six\n  seven"],
} as const;

for (const [name, [text, wrapped]] of Object.entries(CASES)) {
  Deno.test(`wrapped at 28 columns: ${name}`, () => {
    assert.equal(wrapLines(text, 28), wrapped);
  });
}

Deno.test("a command that is wrapped already gets no line with a backslash alone", () => {
  assert.equal(wrapLines("  pw-workflow-runner \\\n    run x", 20), "  pw-workflow-runner \\\n    run x");
});

Deno.test("colors take no room in a wrapped line", () => {
  const { red, dim } = styleFor(true);
  assert.equal(wrapLines(`${red("✗")} ${dim("one two three")}`, 15), `${red("✗")} ${dim("one two three")}`);
  assert.equal(wrapLines(`${red("✗")} ${dim("one two three")}`, 14), `${red("✗")} ${dim("one two\n  three")}`);
});

Deno.test("a styled line is cut by what is seen of it, and keeps the ends of its styles", () => {
  const { red } = styleFor(true);
  assert.equal(fitStyledToWidth(`${red("0123456789")} more`, 15), `${red("0123456789")} more`);
  assert.equal(fitStyledToWidth(`${red("0123456789")} more`, 12), `${red("0123456789")} \u2026`);
  assert.equal(fitStyledToWidth(`${red("0123456789")} more`, 10), red("0123456789"));
  assert.equal(fitStyledToWidth(red("0123456789ab"), 10), red("012345678\u2026"));
});
