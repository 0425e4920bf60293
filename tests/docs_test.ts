import assert from "node:assert/strict";
import { command as runCommand } from "../lib/cli/commands/run.ts";
import { kebabOptionName } from "../lib/cli/argv.ts";
import { parse } from "../lib/deps/yaml.ts";
import { readAction } from "./support/github_runner.ts";
import { needing } from "./support/needs.ts";

const CI = await Deno.readTextFile(new URL("../docs/ci.md", import.meta.url));

/** The code blocks of a language. */
function blocksOf(document: string, language: string): readonly string[] {
  return [...document.matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
    .flatMap(([, ofLanguage, text]) => ofLanguage === language && text !== undefined ? [text] : []);
}

Deno.test("docs/ci.md uses inputs and outputs that the action has", async () => {
  const { inputs, outputs } = await readAction();
  const [text = ""] = blocksOf(CI, "yaml");
  const job: { jobs: { simulate: { steps: { id?: string; with?: Record<string, string> }[] } } } = parse(text);
  const used = job.jobs.simulate.steps.find(({ id }) => id === "run")?.with ?? {};
  assert.deepEqual(Object.keys(used).filter((name) => !Object.hasOwn(inputs, name)), []);
  for (const [name, { required }] of Object.entries(inputs)) if (required === true) assert.ok(used[name], name);
  const rows = [...CI.matchAll(/^\| `([\w-]+)`/gm)].map(([, name]) => name);
  assert.deepEqual(rows.toSorted(), Object.keys(outputs).toSorted());
});

Deno.test("the YAML blocks of docs/ci.md are valid", () => {
  const blocks = blocksOf(CI, "yaml");
  assert.equal(blocks.length, 3);
  for (const text of blocks) assert.equal(typeof parse(text), "object");
});

Deno.test("docs/ci.md calls run with options that exist", () => {
  const options = Object.keys(runCommand.args).map(kebabOptionName);
  const calls = [...CI.matchAll(/run hello-world([^>]*)>/g)].map(([, words = ""]) => words);
  assert.equal(calls.length, 2);
  for (const [option] of calls.join(" ").matchAll(/(?<=\s)--[\w-]+/g)) assert.ok(options.includes(option), option);
});

Deno.test({
  ...needing(
    "the scripts of docs/ci.md find the slug in a file of events",
    Deno.build.os === "windows" ? "needs sed" : undefined,
  ),
  async fn() {
    const scripts = [...CI.matchAll(/sed -n '(.*)' "?events/g)].map(([, script = ""]) => script);
    assert.equal(scripts.length, 2);
    const event = { v: 1, type: "started", submissionId: "w", atMs: 1, workflow: "x", slug: "x-abc", number: 1 };
    const path = await Deno.makeTempFile();
    await Deno.writeTextFile(path, `{"v":1,"type":"submitting","slug":"other"}\n${JSON.stringify(event)}\n`);
    for (const script of scripts) {
      // Groovy reads two backslashes as one, also within '''.
      const { stdout } = await new Deno.Command("sed", { args: ["-n", script.replaceAll("\\\\", "\\"), path] })
        .output();
      assert.equal(new TextDecoder().decode(stdout), "x-abc\n");
    }
    await Deno.remove(path);
  },
});
