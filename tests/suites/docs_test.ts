/** The suites of the documentation and of the examples. */

import assert from "node:assert/strict";
import { readSuites } from "../../lib/suites/read_suite.ts";
import { cliStage } from "../support/cli_stage.ts";

const ROOT = new URL("../../", import.meta.url);
const DOCUMENT = await Deno.readTextFile(new URL("docs/suites.md", ROOT));
const SUITES = [...DOCUMENT.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = ""]) => text);

Deno.test("the first example of docs/suites.md is the smallest suite, and it passes on the simulated platform", async () => {
  const [smallest = ""] = SUITES;
  assert.equal(smallest.trimEnd().split("\n").length, 3);
  await using stage = await cliStage();
  const { code, stderr } = await stage.call(["test", "hello.suite.yaml"], {
    context: {
      readTextFile: async (path) =>
        path === "hello.suite.yaml" ? smallest : await Deno.readTextFile(new URL(path, ROOT)),
    },
  });
  assert.equal(code, 0, stderr);
});

for (const [index, text] of SUITES.entries()) {
  Deno.test(`suite ${index + 1} of docs/suites.md has no problem`, async () => {
    const readTextFile = async (path: string) =>
      path === "a.suite.yaml" ? text : await Deno.readTextFile(new URL(path, ROOT));
    assert.equal((await readSuites(["a.suite.yaml"], { readTextFile, nowMs: Date.now() })).length, 1);
  });
}

Deno.test("the suite in examples/ passes with the one command that it names", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "-A",
      "main.ts",
      "simulate",
      "--speed",
      "30",
      "--",
      Deno.execPath(),
      "run",
      "-A",
      "main.ts",
      "test",
      "examples/",
    ],
    cwd: ROOT,
    env: { PW_STATE_DIR: await Deno.makeTempDir() },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 0, text(stderr));
  assert.match(text(stdout), /✓ smoke: 3 passed in/);
});
