import assert from "node:assert/strict";
import { listedArgs, splitCommand } from "../../../lib/cli/command.ts";
import { findCommandLineCursor } from "../../../lib/cli/completion/target.ts";
import { command as authCommand } from "../../../lib/cli/commands/auth.ts";
import { command as cancelCommand } from "../../../lib/cli/commands/cancel.ts";
import { command as historyCommand } from "../../../lib/cli/commands/history.ts";
import { command as inputsCommand } from "../../../lib/cli/commands/inputs.ts";
import { command as listCommand } from "../../../lib/cli/commands/list.ts";
import { command as rerunCommand } from "../../../lib/cli/commands/rerun.ts";
import { command as runCommand } from "../../../lib/cli/commands/run.ts";
import { command as runsCommand } from "../../../lib/cli/commands/runs.ts";
import { command as showCommand } from "../../../lib/cli/commands/show.ts";
import { command as watchCommand } from "../../../lib/cli/commands/watch.ts";

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
    [["run", "he"], "", { type: "workflow", workflow: undefined }],
    [["show", ""], "", { type: "workflow", workflow: undefined }],
    [["run", "--no-wait", ""], "", { type: "workflow", workflow: undefined }],
    [["run", "--name", "x", ""], "", { type: "workflow", workflow: undefined }],
    [["run", "--name=x", ""], "", { type: "workflow", workflow: undefined }],
    [["run", "--name", ""], "", undefined],
    [["run", "wf", "--preset", "n"], "", { type: "preset", workflow: "wf" }],
    [["run", "--no-wait", "wf", "--preset=n"], "--preset=", { type: "preset", workflow: "wf" }],
    [["run", "--preset", "n"], "", undefined],
    [["run", "wf", "-i", "a"], "", { type: "input", workflow: "wf" }],
    [["run", "wf", "-ia"], "-i", { type: "input", workflow: "wf" }],
    [["run", "wf", "-i=a"], "-i=", { type: "input", workflow: "wf" }],
    [["run", "wf", "-i", "a=b", "--input=a"], "--input=", { type: "input", workflow: "wf" }],
    [["run", "-i", "a=b", "w"], "", { type: "workflow", workflow: undefined }],
    [["run", "--", "--no-wait", "x"], "", undefined],
    [["run", "--", "-"], "", { type: "workflow", workflow: undefined }],
    [["inputs", "explain", "wf", "-i", ""], "", { type: "input", workflow: "wf" }],
    [["inputs", "explain", ""], "", { type: "workflow", workflow: undefined }],
    [["rerun", "slug", "-i", ""], "", { type: "input", workflow: undefined }],
    [["rerun", ""], "", { type: "run", workflow: undefined }],
    [["watch", "a", "b", ""], "", { type: "run", workflow: undefined }],
    [["cancel", "a", ""], "", { type: "running-run", workflow: undefined }],
    [["history", "show", ""], "", { type: "run", workflow: undefined }],
    [["history", "prune", "x"], "", undefined],
    [["auth", ""], "", { type: "choices", choices: { status: "show which API key is used" } }],
    [["history", "--workflow", ""], "", { type: "workflow", workflow: undefined }],
    [["list", "x"], "", undefined],
    [["run", "wf", "--cacert", ""], "", { type: "file", workflow: "wf" }],
    [["inputs", "new", "wf", "-o", ""], "", { type: "file", workflow: "wf" }],
    [["run", "wf", "--context", ""], "", { type: "context", workflow: "wf" }],
    [["run", "wf", "--log-level", ""], "", valuesTarget("DEBUG", "INFO", "WARNING", "ERROR")],
    [
      ["run", "wf", "--idempotency-policy=r"],
      "--idempotency-policy=",
      valuesTarget("attach", "reject", "new-if-failed"),
    ],
    [["runs", "--status", ""], "", valuesTarget("running", "completed", "failed", "cancelled")],
  ] as const
) {
  Deno.test(`the target at the end of "${words.join(" ")}" is ${target?.type}`, () => {
    const [name, ...others] = words;
    const typed = { before: others.slice(0, -1), current: others.at(-1) ?? "" };
    assert.deepEqual(findCommandLineCursor(COMMANDS[name].args, typed), { prefix, target });
  });
}

Deno.test("options are completed with their descriptions, except used ones that cannot be repeated", () => {
  const { target } = findCommandLineCursor(runCommand.args, {
    before: ["wf", "--no-wait", "-i", "a=b"],
    current: "--",
  });
  assert.ok(target?.type === "choices");
  const texts = Object.keys(target.choices);
  assert.ok(texts.includes("--input") && texts.includes("--log-level") && !texts.includes("--no-wait"), texts.join());
  assert.ok(Object.values(target.choices).every((description) => description !== ""));
});

Deno.test("options are completed that have an effect with the action before them", () => {
  const optionsAfter = (...before: readonly string[]) => {
    const { target } = findCommandLineCursor(listedArgs(historyCommand, before[0]), { before, current: "--" });
    return target?.type === "choices" ? Object.keys(target.choices) : [];
  };
  const own = ["--workflow", "--failed", "--since", "--limit", "--keep"];
  const ownAfter = (...before: readonly string[]) => own.filter((name) => optionsAfter(...before).includes(name));
  assert.deepEqual(ownAfter("prune"), ["--since", "--keep"]);
  assert.deepEqual(ownAfter("show", "last"), []);
  assert.deepEqual(ownAfter(), own);
});

Deno.test("options are completed where the command takes no more arguments", () => {
  assert.equal(findCommandLineCursor(runCommand.args, { before: ["wf"], current: "" }).target?.type, "choices");
  assert.equal(findCommandLineCursor(runCommand.args, { before: ["wf"], current: "x" }).target, undefined);
});

for (
  const [words, name] of [
    [["run", "wf"], "run"],
    [["--log-level", "DEBUG", "run"], "run"],
    [["--log-level=DEBUG", "--no-color", "run"], "run"],
    [["--context", "run"], undefined],
    [[], undefined],
  ] as const
) {
  Deno.test(`splitCommand() finds in "${words.join(" ")}" the command ${name}`, () => {
    assert.deepEqual(splitCommand(words), { name, argv: words.filter((word) => word !== name) });
  });
}

function valuesTarget(...values: readonly string[]) {
  return { type: "choices", choices: Object.fromEntries(values.map((value) => [value, ""])) } as const;
}
