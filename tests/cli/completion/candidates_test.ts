import assert from "node:assert/strict";
import { findCompletionCandidates } from "../../../lib/cli/completion/candidates.ts";
import type { CompletionSources } from "../../../lib/cli/completion/sources.ts";
import type { CompletionTarget } from "../../../lib/cli/completion/target.ts";

const SOURCES: CompletionSources = {
  workflows: () => Promise.resolve([{ name: "hello-world", description: "Hello\n\u001b[2J  world" }]),
  presets: (workflow) => Promise.resolve([{ name: `${workflow}-preset`, description: "" }]),
  inputs: () =>
    Promise.resolve([
      { path: "hello.message", description: "Message", values: [] },
      { path: "size", description: "", values: ["small", "large"] },
      { path: "rows[0].name", description: "", values: ["a"] },
    ]),
  runs: () =>
    Promise.resolve([
      { name: "b", numbered: "wf#12", status: "running" },
      { name: "a", numbered: "wf#11", status: "failed" },
    ]),
  contexts: () => Promise.resolve(["work"]),
  batches: () => Promise.resolve([{ name: "sweep", description: "2 rows" }]),
  files: (folder) =>
    Promise.resolve([
      { name: ".hidden", isDirectory: false },
      { name: `of-${folder.length}`, isDirectory: false },
      { name: "sub", isDirectory: true },
    ]),
};
const INPUTS = { type: "input", workflow: "wf" } as const;

for (
  const [target, typed, texts] of [
    [{ type: "choices", choices: { run: "submit" } }, "", ["run"]],
    [{ type: "workflow", workflow: undefined }, "", ["hello-world"]],
    [{ type: "preset", workflow: "wf" }, "", ["wf-preset"]],
    [{ type: "context", workflow: undefined }, "", ["work"]],
    [{ type: "batch", workflow: undefined }, "", ["sweep"]],
    [{ type: "run", workflow: undefined }, "", ["b", "a", "last"]],
    [{ type: "running-run", workflow: undefined }, "", ["b", "last"]],
    [{ type: "run", workflow: undefined }, "wf#", ["wf#12", "wf#11", "last"]],
    [{ type: "run", workflow: undefined }, "wf:1", ["wf:12", "wf:11", "last"]],
    [{ type: "running-run", workflow: undefined }, "wf#1", ["wf#12", "last"]],
    [{ type: "run", workflow: undefined }, "a:b", ["b", "a", "last"]],
    [{ type: "file", workflow: undefined }, "", ["of-0", "sub/"]],
    [{ type: "file", workflow: undefined }, "in/x", ["in/of-3", "in/sub/"]],
    [{ type: "file", workflow: undefined }, "in/.", ["in/.hidden", "in/of-3", "in/sub/"]],
    [{ type: "file", workflow: undefined }, "~/x", []],
    [{ type: "file", workflow: undefined }, "$HOME/x", []],
    [INPUTS, "", ["hello.message=", "size=", "rows[0].name=", "of-0", "sub/"]],
    [INPUTS, "rows[3].", ["hello.message=", "size=", "rows[3].name=", "of-0", "sub/"]],
    [INPUTS, "size=", ["size=small", "size=large"]],
    [INPUTS, "size:=", []],
    [INPUTS, "rows[3].name=", ["rows[3].name=a"]],
    [INPUTS, "hello.message=", []],
    [INPUTS, "hello.message=@in/", ["hello.message=@in/of-3", "hello.message=@in/sub/"]],
    [{ type: "input", workflow: undefined }, "", ["of-0", "sub/"]],
    [{ type: "input-value", workflow: "wf" }, "", ["hello.message=", "size=", "rows[0].name="]],
    [{ type: "input-value", workflow: "wf" }, "size=", ["size=small", "size=large"]],
  ] as const satisfies readonly (readonly [CompletionTarget, string, readonly string[]])[]
) {
  Deno.test(`the candidates for ${JSON.stringify(target)} with "${typed}" are: ${texts.join(" ") || "none"}`, async () => {
    assert.deepEqual((await findCompletionCandidates(target, typed, SOURCES)).map(({ text }) => text), texts);
  });
}

Deno.test("a description is one line without control characters", async () => {
  const [candidate] = await findCompletionCandidates({ type: "workflow", workflow: undefined }, "", SOURCES);
  assert.equal(candidate?.description, "Hello \\x1b[2J world");
});

for (const name of ["a\u001b[2J", "a\nb", "a\tb", "a\u202eb", ""]) {
  Deno.test(`${JSON.stringify(name)}, empty or with control characters, is not a candidate`, async () => {
    const sources = { ...SOURCES, workflows: () => Promise.resolve([{ name, description: "" }]) };
    assert.deepEqual(await findCompletionCandidates({ type: "workflow", workflow: undefined }, "", sources), []);
  });
}

Deno.test("files are candidates even if the platform does not respond", async () => {
  const sources = {
    ...SOURCES,
    inputs: () => Promise.reject(new Error("no")),
    runs: () => Promise.reject(new Error("no")),
  };
  assert.deepEqual((await findCompletionCandidates(INPUTS, "", sources)).map(({ text }) => text), ["of-0", "sub/"]);
  assert.deepEqual(await findCompletionCandidates({ type: "run", workflow: undefined }, "", sources), []);
});
