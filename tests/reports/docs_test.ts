/** docs/reports.md: its suite is valid, and its nightly workflow opens, updates and closes one issue. */

import assert from "node:assert/strict";
import { parseDocument } from "../../lib/deps/yaml.ts";
import { readSuites } from "../../lib/suites/read_suite.ts";
import { needing, programMissing } from "../support/needs.ts";

const DOCUMENT = await Deno.readTextFile(new URL("../../docs/reports.md", import.meta.url));
const BLOCKS = [...DOCUMENT.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = ""]) => text);

Deno.test("the suite of docs/reports.md has no problem", async () => {
  const [suite = ""] = BLOCKS;
  const sources = { readTextFile: () => Promise.resolve(suite), nowMs: Date.now() };
  assert.equal((await readSuites(["a.suite.yaml"], sources)).length, 1);
});

const [, WORKFLOW = ""] = BLOCKS;
const SCRIPT: string = parseDocument(WORKFLOW).getIn(["jobs", "suite", "steps", 4, "run"])?.toString() ?? "";
/** Writes down how it is called; an issue is open if `ISSUE` is set. */
const FAKE_GH = `#!/bin/sh
if [ "$2" = list ]; then printf %s "$ISSUE"; else printf '%s %s\\n' "$1" "$2" >> "$LOG"; fi
`;

for (
  const [name, env, wanted] of [
    ["the first failure opens an issue", { REGRESSIONS: "a" }, "label create\nissue create\n"],
    ["another failure is a comment", { REGRESSIONS: "b", STILL_FAILING: "a", ISSUE: "7" }, "issue comment\n"],
    ["a part that recovered is a comment", { RECOVERED: "b", STILL_FAILING: "a", ISSUE: "7" }, "issue comment\n"],
    ["the same failures change nothing", { STILL_FAILING: "a", ISSUE: "7" }, ""],
    ["recovery closes the issue", { RECOVERED: "a", ISSUE: "7" }, "issue close\n"],
    ["a night without failures changes nothing", {}, ""],
    ["failures without an open issue open one", { STILL_FAILING: "a" }, "label create\nissue create\n"],
  ] as const
) {
  Deno.test({
    ...needing(name, Deno.build.os === "windows" ? "needs bash" : await programMissing("bash")),
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${folder}/gh`, FAKE_GH, { mode: 0o755 });
        await Deno.writeTextFile(`${folder}/log`, "");
        const unset: Readonly<Record<string, string>> = {
          REGRESSIONS: "",
          STILL_FAILING: "",
          RECOVERED: "",
          ISSUE: "",
        };
        const vars = { ...unset, ...env };
        const { code, stderr } = await new Deno.Command("bash", {
          args: ["-e", "-o", "pipefail", "-c", SCRIPT],
          env: { ...vars, RUN: "https://example.com", LOG: `${folder}/log`, PATH: `${folder}:/usr/bin:/bin` },
          clearEnv: true,
        }).output();
        assert.equal(code, 0, new TextDecoder().decode(stderr));
        assert.equal(await Deno.readTextFile(`${folder}/log`), wanted);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
