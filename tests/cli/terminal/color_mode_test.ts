import assert from "node:assert/strict";
import { colorMode } from "../../../lib/cli/terminal/color_mode.ts";

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
