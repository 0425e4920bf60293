import assert from "node:assert/strict";
import { COMMON_OPTIONS } from "../../../lib/cli/command.ts";
import { commandIndex, findCommandLineCursor } from "../../../lib/cli/completion/target.ts";
import { authCommand } from "../../../lib/cli/commands/auth.ts";
import { cancelCommand } from "../../../lib/cli/commands/cancel.ts";
import { historyCommand } from "../../../lib/cli/commands/history.ts";
import { inputsCommand } from "../../../lib/cli/commands/inputs.ts";
import { listCommand } from "../../../lib/cli/commands/list.ts";
import { rerunCommand } from "../../../lib/cli/commands/rerun.ts";
import { runCommand } from "../../../lib/cli/commands/run.ts";
import { runsCommand } from "../../../lib/cli/commands/runs.ts";
import { showCommand } from "../../../lib/cli/commands/show.ts";
import { watchCommand } from "../../../lib/cli/commands/watch.ts";

const COMMANDS = {
  auth: authCommand,
  cancel: cancelCommand,
  history: historyCommand,
  inputs: inputsCommand,
  list: listCommand,
  rerun: rerunCommand,
  run: runCommand,
  runs: runsCommand,
  show: showCommand,
  watch: watchCommand,
} as const;

/** The last word is the one at the cursor. */
for (
  const [words, prefix, target] of [
    [["run", "he"], "", { type: "workflows" }],
    [["show", ""], "", { type: "workflows" }],
    [["run", "--no-wait", ""], "", { type: "workflows" }],
    [["run", "--name", "x", ""], "", { type: "workflows" }],
    [["run", "--name=x", ""], "", { type: "workflows" }],
    [["run", "--name", ""], "", undefined],
    [["run", "wf", "--preset", "n"], "", { type: "presets", workflow: "wf" }],
    [["run", "--no-wait", "wf", "--preset=n"], "--preset=", { type: "presets", workflow: "wf" }],
    [["run", "--preset", "n"], "", undefined],
    [["run", "wf", "-i", "a"], "", { type: "inputs", workflow: "wf" }],
    [["run", "wf", "-ia"], "-i", { type: "inputs", workflow: "wf" }],
    [["run", "wf", "-i=a"], "-i=", { type: "inputs", workflow: "wf" }],
    [["run", "wf", "-i", "a=b", "--input=a"], "--input=", { type: "inputs", workflow: "wf" }],
    [["run", "-i", "a=b", "w"], "", { type: "workflows" }],
    [["run", "--", "--no-wait", "x"], "", undefined],
    [["run", "--", "-"], "", { type: "workflows" }],
    [["inputs", "explain", "wf", "-i", ""], "", { type: "inputs", workflow: "wf" }],
    [["inputs", "explain", ""], "", { type: "workflows" }],
    [["rerun", "slug", "-i", ""], "", { type: "inputs", workflow: undefined }],
    [["rerun", ""], "", { type: "runs", which: "any" }],
    [["watch", "a", "b", ""], "", { type: "runs", which: "any" }],
    [["cancel", "a", ""], "", { type: "runs", which: "running" }],
    [["history", "show", ""], "", { type: "runs", which: "any" }],
    [["history", "prune", "x"], "", undefined],
    [["auth", ""], "", { type: "values", values: [["status", "show which API key is used"]] }],
    [["history", "--workflow", ""], "", { type: "workflows" }],
    [["list", "x"], "", undefined],
    [["run", "wf", "--cacert", ""], "", { type: "files" }],
    [["inputs", "new", "wf", "-o", ""], "", { type: "files" }],
    [["run", "wf", "--context", ""], "", { type: "contexts" }],
    [["run", "wf", "--log-level", ""], "", valuesTarget("DEBUG", "INFO", "WARNING", "ERROR")],
    [
      ["run", "wf", "--idempotency-policy=r"],
      "--idempotency-policy=",
      valuesTarget("attach", "reject", "new-if-failed"),
    ],
    [["runs", "--status", ""], "", valuesTarget("running", "completed", "failed", "cancelled", "error", "canceled")],
  ] as const
) {
  Deno.test(`the target at the end of "${words.join(" ")}" is ${target?.type}`, () => {
    const [name, ...others] = words;
    const typed = { before: others.slice(0, -1), current: others.at(-1) ?? "" };
    assert.deepEqual(findCommandLineCursor(COMMANDS[name], typed), { prefix, target });
  });
}

Deno.test("options are completed with their descriptions, except used ones that cannot be repeated", () => {
  const { target } = findCommandLineCursor(runCommand, { before: ["wf", "--no-wait", "-i", "a=b"], current: "--" });
  assert.ok(target?.type === "options");
  const texts = target.options.map(({ text }) => text);
  assert.ok(texts.includes("--input") && texts.includes("--log-level") && !texts.includes("--no-wait"), texts.join());
  assert.ok(target.options.every(({ description }) => description !== ""));
});

Deno.test("options are completed where the command takes no more arguments", () => {
  assert.equal(findCommandLineCursor(runCommand, { before: ["wf"], current: "" }).target?.type, "options");
  assert.equal(findCommandLineCursor(runCommand, { before: ["wf"], current: "x" }).target, undefined);
});

for (
  const [words, index] of [
    [["run", "wf"], 0],
    [["--log-level", "DEBUG", "run"], 2],
    [["--log-level=DEBUG", "--no-color", "run"], 2],
    [["--context", "run"], undefined],
    [[], undefined],
  ] as const
) {
  Deno.test(`commandIndex() of "${words.join(" ")}" is ${index}`, () => {
    assert.equal(commandIndex(words, COMMON_OPTIONS), index);
  });
}

function valuesTarget(...values: readonly string[]) {
  return { type: "values", values: values.map((value) => [value, ""]) } as const;
}
