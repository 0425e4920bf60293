/** Interactive mode with scripted answers, on a simulated platform. */

import assert from "node:assert/strict";
import hello from "../../inputs/hello-world.json" with { type: "json" };
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { type InteractiveSession, runInteractive } from "../../lib/prompts/interactive.ts";
import type { RunResult } from "../../lib/result.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { submittedTo } from "../support/received.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { type ScriptedAnswer, scriptedPrompter } from "./support/scripted_prompter.ts";

const VAULT = `on:
  execute:
    inputs:
      password: { type: password }
      db: { type: group, items: { api_token: { type: string, optional: true } } }
      note: { type: string, optional: true }
jobs:
  main:
    steps:
      - name: work
        run: work
`;

const HIDING = `on:
  execute:
    inputs:
      count: { type: number, hidden: true }
      more: { type: group, hidden: true, items: { size: { type: number }, name: { type: string } } }
      seen: { type: string, optional: true }
jobs: { main: { steps: [{ name: work, run: work }] } }
`;

const HELLO_FROM_FILE: readonly ScriptedAnswer[] = [
  [/Select workflow/, "hello-world"],
  [/How do you want to provide inputs\?/, "Load from JSON file"],
  [/Input file path/, "inputs/hello-world.json"],
];
const QUIT: ScriptedAnswer = [/What next\?/, "Quit"];
const SUBMIT = (name: string): ScriptedAnswer => [new RegExp(`^Submit ${name}\\?$`), true];

Deno.test("n at Submit starts nothing", async () => {
  await using stage = await aStage();
  const { result } = await stage.play([...HELLO_FROM_FILE, [/Submit hello-world\?/, false]]);
  assert.equal(result, undefined);
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("Run again asks once more, and submits the same inputs once per yes", async () => {
  await using stage = await aStage();
  const again: ScriptedAnswer = [/What next\?/, "Run again"];
  await stage.play([...HELLO_FROM_FILE, SUBMIT("hello-world"), again, SUBMIT("hello-world"), QUIT]);
  assert.deepEqual(submittedTo(stage.simulator).map(({ inputs }) => inputs), [hello, hello]);
  const { result } = await stage.play([
    ...HELLO_FROM_FILE,
    SUBMIT("hello-world"),
    again,
    [/Submit hello-world\?/, false],
  ]);
  assert.equal(result?.kind, "completed");
  assert.equal(stage.simulator.received("submit").length, 3);
});

Deno.test("Show the logs and Show why it failed pass the result on, and ask again", async () => {
  await using stage = await aStage();
  const { calls, result } = await stage.play([
    [/Select workflow/, "failing-step"],
    [/How do you want/, "Enter manually"],
    SUBMIT("failing-step"),
    [/What next\?/, "Show the logs"],
    [/What next\?/, "Show why it failed"],
    QUIT,
  ]);
  assert.equal(result?.kind, "failed");
  assert.deepEqual(calls, [`logs ${result?.slug}`, `errors ${result?.slug}`]);
});

Deno.test("a run that did not fail has no errors to show", async () => {
  await using stage = await aStage();
  const { shown } = await stage.play([...HELLO_FROM_FILE, SUBMIT("hello-world"), QUIT]);
  assert.ok(!shown.includes("Show why it failed"));
});

Deno.test("the equivalent command names the chosen file, unless its inputs were changed", async () => {
  await using stage = await aStage();
  const { printed } = await stage.play([...HELLO_FROM_FILE, SUBMIT("hello-world"), QUIT]);
  assert.match(printed, /Equivalent command:\npw-workflow-runner run hello-world -i \.\/inputs\/hello-world\.json$/m);
  const { printed: byHand } = await stage.play([
    [/Select workflow/, "quick"],
    [/How do you want/, "Enter manually"],
    SUBMIT("quick"),
    QUIT,
  ]);
  assert.match(byHand, /Equivalent command:\npw-workflow-runner run quick$/m);
});

Deno.test("a preset starts the run with its inputs", async () => {
  await using stage = await aStage();
  await stage.play([
    [/Select workflow/, "data-processor"],
    [/How do you want/, "Start from preset nightly"],
    SUBMIT("data-processor"),
    QUIT,
  ]);
  const [submitted] = submittedTo(stage.simulator);
  assert.equal(submitted?.inputs["dataset"], "weather");
});

Deno.test("the inputs of the last run start another one", async () => {
  await using stage = await aStage();
  const inputs = { ...hello, hello: { message: "from the last run" } };
  await stage.submit({ workflow: "hello-world", inputs });
  await stage.play([
    [/Select workflow/, "hello-world"],
    [/How do you want/, "inputs of the last run"],
    SUBMIT("hello-world"),
    QUIT,
  ]);
  assert.deepEqual(submittedTo(stage.simulator).at(-1)?.inputs, inputs);
});

Deno.test("saved inputs contain no secrets, at any depth", async () => {
  await using stage = await aStage();
  const { files, shown, printed } = await stage.play([
    [/Select workflow/, "vault"],
    [/How do you want/, "Enter manually"],
    [/password/, "hunter2-typed"],
    [/api_token/, "token-typed"],
    [/note/, "a note"],
    SUBMIT("vault"),
    [/What next\?/, "Save the inputs"],
    [/File/, "inputs/mine.json"],
    QUIT,
  ]);
  assert.deepEqual(submittedTo(stage.simulator)[0]?.inputs, {
    password: "hunter2-typed",
    db: { api_token: "token-typed" },
    note: "a note",
  });
  assert.deepEqual(JSON.parse(files.get("inputs/mine.json") ?? ""), { db: {}, note: "a note" });
  for (const text of [shown, printed]) assert.doesNotMatch(text, /hunter2-typed|token-typed/);
  assert.match(shown, /Saved without secrets. To use the file: -i inputs\/mine\.json/);
  assert.match(printed, /Equivalent command:\npw-workflow-runner run vault .*password=@-/);
});

for (
  const [what, error, message] of [
    ["that exists", new Deno.errors.AlreadyExists("x"), /Cannot save inputs\/mine\.json: the file already exists/],
    ["that cannot be written", new Error("the disk is full"), /Cannot save inputs\/mine\.json: the disk is full/],
  ] as const
) {
  Deno.test(`saving to a file ${what} is reported, and the question comes again`, async () => {
    await using stage = await aStage();
    const { shown } = await stage.play(
      [
        ...HELLO_FROM_FILE,
        SUBMIT("hello-world"),
        [/What next\?/, "Save the inputs"],
        [/File/, "inputs/mine.json"],
        QUIT,
      ],
      { writeNewFile: () => Promise.reject(error) },
    );
    assert.match(shown, message);
  });
}

for (const isGranted of [true, false]) {
  Deno.test(`consent that the server requires is asked for, and ${isGranted ? "granted" : "refused"}`, async () => {
    await using stage = await aStage();
    const { result, shown, printed } = await stage.play([
      [/Select workflow/, "needs-consent"],
      [/How do you want/, "Enter manually"],
      SUBMIT("needs-consent"),
      [/needs-consent requires your consent to .*variable LICENSE_SERVER\. Grant it for this run\?/, isGranted],
      ...(isGranted ? [QUIT] : []),
    ]);
    assert.equal(result?.kind, isGranted ? "completed" : undefined, shown);
    assert.equal(stage.simulator.runs().length, isGranted ? 1 : 0);
    // Without the option, the command would be refused.
    assert.equal(printed, isGranted ? "Equivalent command:\npw-workflow-runner run needs-consent --trust" : "");
  });
}

Deno.test("invalid inputs can be replaced by others", async () => {
  await using stage = await aStage();
  await stage.play([
    [/Select workflow/, "hello-world"],
    [/How do you want/, "Load from JSON file"],
    [/Input file path/, "Another file"],
    [/Input file path/, "inputs/invalid.json"],
    [/What do you want to do\?/, "Provide other inputs"],
    [/How do you want/, "Load from JSON file"],
    [/Input file path/, "inputs/hello-world.json"],
    SUBMIT("hello-world"),
    QUIT,
  ]);
  assert.deepEqual(submittedTo(stage.simulator).map(({ inputs }) => inputs), [hello]);
});

Deno.test("a file that cannot be read is asked for again", async () => {
  await using stage = await aStage();
  const { shown } = await stage.play([
    [/Select workflow/, "hello-world"],
    [/How do you want/, "Load from JSON file"],
    [/Input file path/, "Another file"],
    [/Input file path/, "inputs/missing.json"],
    [/Input file path/, "inputs/hello-world.json"],
    SUBMIT("hello-world"),
    QUIT,
  ]);
  assert.match(shown, /missing\.json/);
});

for (const path of ["C:\\jobs\\a=b.json", "\\\\server\\a=b.json", "/jobs/a=b.json", "../a=b.json"]) {
  Deno.test(`the path ${path} is read as it was typed`, async () => {
    await using stage = await aStage();
    const { result } = await stage.play([
      [/Select workflow/, "hello-world"],
      [/How do you want/, "Load from JSON file"],
      [/Input file path/, "Another file"],
      [/Input file path/, path],
      SUBMIT("hello-world"),
      QUIT,
    ], {
      readTextFile: (read) =>
        read === path ? Promise.resolve(JSON.stringify(hello)) : Promise.reject(new Deno.errors.NotFound(read)),
    });
    assert.equal(result?.kind, "completed");
  });
}

Deno.test("Fix these inputs asks for those with problems alone", async () => {
  await using stage = await aStage();
  const { shown } = await stage.play([
    [/Select workflow/, "vault"],
    [/How do you want/, "Load from JSON file"],
    [/Input file path/, "inputs/vault.json"],
    [/What do you want to do\?/, "Fix these inputs"],
    [/note/, "typed"],
    SUBMIT("vault"),
    QUIT,
  ], {
    listInputFiles: () => Promise.resolve(["inputs/vault.json"]),
    readTextFile: () => Promise.resolve('{ "password": "hunter2", "db": { "api_token": "kept" }, "note": {} }'),
  });
  assert.match(shown, /note {2}must be text/);
  assert.deepEqual(submittedTo(stage.simulator).map(({ inputs }) => inputs), [
    { password: "hunter2", db: { api_token: "kept" }, note: "typed" },
  ]);
});

Deno.test("Fix these inputs also asks for an invalid value in a hidden field and in a hidden group", async () => {
  await using stage = await aStage();
  await stage.play([
    [/Select workflow/, "hiding"],
    [/How do you want/, "Load from JSON file"],
    [/Input file path/, "inputs/hiding.json"],
    [/What do you want to do\?/, "Fix these inputs"],
    [/count/, ""],
    [/size/, "2"],
    SUBMIT("hiding"),
    QUIT,
  ], {
    listInputFiles: () => Promise.resolve(["inputs/hiding.json"]),
    readTextFile: () => Promise.resolve('{ "count": "many", "more": { "size": "big", "name": "kept" } }'),
  });
  assert.deepEqual(submittedTo(stage.simulator).map(({ inputs }) => inputs), [{ more: { size: 2, name: "kept" } }]);
});

Deno.test("an account without workflows is told where to create one", async () => {
  const shown: string[] = [];
  await using stage = await aStage();
  const listWorkflows = () => Promise.resolve([]);
  const { result, shown: notes } = await stage.play([], {
    deps: { ...stage.deps, client: { ...stage.deps.client, listWorkflows } },
    print: (text) => void shown.push(text),
  });
  assert.deepEqual([result, shown], [undefined, []]);
  assert.match(notes, /no workflows yet/);
});

Deno.test("a file with a reserved name can be replaced after an attempt to fix it", async () => {
  await using stage = await aStage();
  const file: ScriptedAnswer = [/Input file path/, "inputs/vault.json"];
  const { result, shown } = await stage.play([
    [/Select workflow/, "vault"],
    [/How do you want/, "Load from JSON file"],
    file,
    [/What do you want to do\?/, "Fix these inputs"],
    [/password/, ""],
    [/api_token/, ""],
    [/note/, ""],
    [/What do you want to do\?/, "Provide other inputs"],
    [/How do you want/, "Enter manually"],
    [/password/, "hunter2-typed"],
    [/api_token/, ""],
    [/note/, ""],
    [/Submit vault\?/, false],
  ], {
    listInputFiles: () => Promise.resolve(["inputs/vault.json"]),
    readTextFile: () => Promise.resolve('{ "password": "hunter2", "__proto__": {} }'),
  });
  assert.equal(result, undefined);
  assert.match(shown, /__proto__ {2}is a reserved name/);
});

Deno.test("the name of a saved file is shown as -i takes it", async () => {
  await using stage = await aStage();
  const { shown } = await stage.play([
    [/Select workflow/, "quick"],
    [/How do you want/, "Enter manually"],
    SUBMIT("quick"),
    [/What next\?/, "Save the inputs"],
    [/File/, "a=my inputs.json"],
    QUIT,
  ]);
  assert.match(shown, /To use the file: -i "\.\/a=my inputs\.json"/);
});

Deno.test("the summary before Submit masks secrets", async () => {
  await using stage = await aStage();
  const { shown } = await stage.play([
    [/Select workflow/, "vault"],
    [/How do you want/, "Enter manually"],
    [/password/, "hunter2-typed"],
    [/api_token/, ""],
    [/note/, ""],
    [/Submit vault\?/, false],
  ]);
  assert.match(shown, /Inputs to submit:\n {2}password = "•••"/);
});

async function aStage() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, workflows: { vault: VAULT, hiding: HIDING } });
  const deps = await depsFor(simulator, { clock });
  const { signal } = new AbortController();
  const submit = (parts: Parameters<typeof aRequest>[0]): Promise<RunResult> =>
    toEnd(execute(deps, aRequest(parts), { ...DEFAULT_EXECUTE, signal }), () => {});
  return {
    simulator,
    deps,
    submit,
    async play(script: readonly ScriptedAnswer[], parts: Partial<InteractiveSession> = {}) {
      const prompter = scriptedPrompter(script);
      const files = new Map([["inputs/hello-world.json", JSON.stringify(hello)], [
        "inputs/invalid.json",
        '{ "hello": 5 }',
      ]]);
      const calls: string[] = [];
      const printed: string[] = [];
      const result = await runInteractive({
        deps,
        prompter,
        signal,
        listInputFiles: () => Promise.resolve([...files.keys()]),
        readTextFile(path) {
          const text = files.get(path.replace(/^\.\//, ""));
          return text === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(text);
        },
        writeNewFile(path, text) {
          files.set(path, text);
          return Promise.resolve();
        },
        print: (text) => void printed.push(text),
        run: submit,
        showLogs: ({ slug }) => Promise.resolve(void calls.push(`logs ${slug}`)),
        showErrors: ({ slug }) => Promise.resolve(void calls.push(`errors ${slug}`)),
        ...parts,
      });
      assert.deepEqual(prompter.rest, []);
      return { result, files, calls, shown: prompter.shown(), printed: printed.join("\n") };
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
