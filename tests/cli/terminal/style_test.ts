import assert from "node:assert/strict";
import { colorMode, STYLE_SEQUENCE, styleFor } from "../../../lib/cli/terminal/style.ts";

for (const [name, paint] of Object.entries(styleFor(true))) {
  Deno.test(`${name} starts and ends with a sequence that STYLE_SEQUENCE matches`, () => {
    const parts = paint("x").split(STYLE_SEQUENCE);
    assert.deepEqual([parts[0], parts[2], parts[4]], ["", "x", ""]);
    assert.notEqual(parts[1], parts[3]);
  });
}

for (const [name, paint] of Object.entries(styleFor(false))) {
  Deno.test(`${name} leaves text unchanged without colors`, () => assert.equal(paint("x"), "x"));
}

Deno.test("an empty text gets no color", () => assert.equal(styleFor(true).red(""), ""));

for (const text of ["\u001b[2J", "\u001b[38;5;1m", "\u001b[0m", "\u001b]0;title\u0007", "\u001b[8m"]) {
  Deno.test(`${JSON.stringify(text)} is not matched by STYLE_SEQUENCE`, () => {
    assert.deepEqual(text.split(STYLE_SEQUENCE), [text]);
  });
}

for (
  const [variables, mode] of [
    [{}, "auto"],
    [{ TERM: "xterm-256color", CLICOLOR: "1", NO_COLOR: "", FORCE_COLOR: "", CLICOLOR_FORCE: "0" }, "auto"],
    [{ TERM: "dumb" }, "never"],
    [{ CLICOLOR: "0" }, "never"],
    [{ NO_COLOR: "1", FORCE_COLOR: "1", CLICOLOR_FORCE: "1" }, "never"],
    [{ FORCE_COLOR: "0", CLICOLOR_FORCE: "1" }, "never"],
    [{ FORCE_COLOR: "1", TERM: "dumb" }, "always"],
    [{ FORCE_COLOR: "3" }, "always"],
    [{ CLICOLOR_FORCE: "1", CLICOLOR: "0" }, "always"],
  ] as const
) {
  Deno.test(`colors are ${mode} with ${JSON.stringify(variables)}`, () => {
    const values: Readonly<Record<string, string>> = variables;
    assert.equal(colorMode((name) => values[name]), mode);
  });
}
