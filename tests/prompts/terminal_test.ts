/** Interactive mode in a real terminal, with real keys. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { cacheEnv } from "../support/program.ts";
import { emptyFolder } from "../support/main_job.ts";
import { needing } from "../support/needs.ts";
import { submittedTo } from "../support/received.ts";
import { openTerminal, type Terminal, type TerminalOptions, tmuxMissing } from "../support/tmux.ts";

const missing = await tmuxMissing();
const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const HELLO = new URL("../../inputs/hello-world.json", import.meta.url);

/** Types the keys for each question as it appears. */
async function answerPrompts(terminal: Terminal, answers: readonly (readonly [RegExp, ...string[]])[]): Promise<void> {
  for (const [question, ...keys] of answers) {
    await terminal.waitFor(question);
    await terminal.keys(...keys);
  }
}

const SAMPLE: readonly (readonly [RegExp, ...string[]])[] = [
  [/◆ {2}Select workflow[^]*1\. data-processor/, "2", "Enter"],
  [/◆ {2}How do you want to provide inputs\?[^]*1\. Load from JSON file[^]*2\. Enter manually/, "1", "Enter"],
  [/◆ {2}Input file path[^]*inputs\/hello-world\.json/, "Enter"],
  [/hello\.message = "Test message"[^]*◆ {2}Submit hello-world\?/, "Enter"],
];

Deno.test({
  ...needing("the sample session runs hello-world and prints the equivalent command", missing),
  async fn() {
    await using stage = await aStage();
    await using terminal = await stage.open();
    await answerPrompts(terminal, [...SAMPLE, [/✓ Workflow completed successfully[^]*◆ {2}What next\?/, "1", "Enter"]]);
    const screen = await terminal.waitFor(/\[ended 0\]/);
    assert.match(
      screen,
      /Submitting hello-world to 127\.0\.0\.1:\d+ as demo\.\.\.\nRun #47 started[^]*Status: completed \(42s\)/,
    );
    assert.match(screen, /Equivalent command:\npw-workflow-runner run hello-world -i /);
    const expected: unknown = JSON.parse(await Deno.readTextFile(HELLO));
    assert.deepEqual(submittedTo(stage.simulator), [{ workflow: "hello-world", inputs: expected }]);
  },
});

Deno.test({
  ...needing(
    "manual entry covers text, secrets, numbers, choices, lists and clusters, and validates each answer",
    missing,
  ),
  async fn() {
    await using stage = await aStage({ workflows: { "by-hand": BY_HAND } });
    await using terminal = await stage.open();
    await answerPrompts(terminal, [
      [/◆ {2}Select workflow/, "by-hand", "Enter"],
      [/◆ {2}How do you want/, "2", "Enter"],
      [/◆ {2}Title \(required\)/, "Enter"],
      [/This is required/, "A title", "Enter"],
      [/◆ {2}Password \(required\)/, "hunter2", "Enter"],
      [/◆ {2}Script \(press Enter twice to finish, optional\)/, "echo 1", "Enter", "echo 2", "Enter", "Enter"],
      [/◆ {2}Color \(default #336699\)/, "Enter"],
      [/Color \(default #336699\)\n│ {2}#336699\n[^]*◆ {2}Ratio \(a number/, "0.25", "Enter"],
      [/◆ {2}Store \(optional\)/, "pw://demo/bucket", "Enter"],
      [/◆ {2}Upload \(optional\)/, "Enter"],
      [/◆ {2}Count \(a whole number from 1 to 9, default 3\)/, "12", "Enter"],
      [/It must be a whole number from 1 to 9/, "BSpace", "BSpace", "7", "Enter"],
      [/◆ {2}Really \(default false\)/, "y"],
      [/◆ {2}Mode \(required\)/, "Down", "Enter"],
      [/◆ {2}Only for B \(optional\)/, "b", "Enter"],
      [/◆ {2}Extras/, "Tab", "Enter"],
      [/◆ {2}Cluster[^]*a30gpuserver/, "Enter"],
      [/◆ {2}Add a row to Stages\?/, "y"],
      [/◆ {2}Name \(required\)/, "one", "Enter"],
      [/◆ {2}Add another row to Stages\? \(1 so far\)/, "n"],
      [/◆ {2}Depth/, "Enter"],
      [/password = "•••"[^]*◆ {2}Submit by-hand\?/, "Enter"],
      [/◆ {2}What next\?/, "1", "Enter"],
    ]);
    const screen = await terminal.waitFor(/\[ended 0\]/);
    assert.ok(!screen.includes("hunter2"), screen);
    assert.deepEqual(submittedTo(stage.simulator)[0]?.inputs, {
      title: "A title",
      password: "hunter2",
      script: "echo 1\necho 2",
      ratio: 0.25,
      store: "pw://demo/bucket",
      count: 7,
      is_real: true,
      mode: "b",
      only_b: "b",
      extras: ["x"],
      cluster: "a30gpuserver",
      stages: [{ name: "one" }],
      color: "#336699",
    });
  },
});

Deno.test({
  ...needing("typing filters 300 workflows down to one", missing),
  async fn() {
    const workflows = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`case-${String(index).padStart(3, "0")}`, QUICK]),
    );
    await using stage = await aStage({ workflows });
    await using terminal = await stage.open({ columns: 60 });
    await terminal.waitFor(/◆ {2}Select workflow/);
    await terminal.keys("case-237");
    const screen = await terminal.waitFor(/\(1 match\)/);
    assert.match(screen, /● \d+\. case-237/);
    assert.ok(screen.split("\n").every((line) => line.length <= 60));
    await terminal.keys("Enter");
    await terminal.waitFor(/◆ {2}How do you want/);
  },
});

Deno.test({
  ...needing("notes between prompts wrap at spaces in a narrow terminal", missing),
  async fn() {
    await using stage = await aStage();
    await using terminal = await stage.open({ columns: 50 });
    await answerPrompts(terminal, [
      [/◆ {2}Select workflow/, "quick", "Enter"],
      [/◆ {2}How do you want/, "2", "Enter"],
      [/No inputs to submit: the workflow's defaults\n│ +apply\n[^]*◆ {2}Submit quick\?/, "C-c"],
    ]);
    await terminal.waitFor(/\[ended 130\]/);
  },
});

Deno.test({
  ...needing("questions, their hints and errors stay beside the bar in a narrow terminal", missing),
  async fn() {
    await using stage = await aStage({ workflows: { wide: WIDE } });
    await using terminal = await stage.open({ columns: 50 });
    // The hint takes what is left of its line.
    const hint = /\n│ {2}● 1\. data-processor ★ \(Cleans a data set and …\)\n│ {2}○ 2\./;
    await answerPrompts(terminal, [
      [hint, "wide", "Enter"],
      [/◆ {2}How do you want/, "2", "Enter"],
      [/◆ {2}Number of cells in each direction \(a whole\n│ {4}number from 1 to 9, required\)\n│/, "1234567", "Enter"],
      [/└ {2}It must be a whole number from 1 to 9: got\n {5}1234567/, ...Array(6).fill("BSpace"), "Enter"],
      [/◇ {2}Number of cells in each direction \(a whole\n│ {4}number from 1 to 9, required\)\n│ {2}1/],
    ]);
    await terminal.waitFor(/◆ {2}Which of the solvers of this workflow to use\n│ {4}\(required\)\n│/);
    await terminal.keys("Enter");
    await terminal.waitFor(/◆ {2}Add a row to Stages of the calculation, in\n│ {4}order\?\n│/);
  },
});

Deno.test({
  ...needing("control characters of the platform and of input files are shown, and do nothing", missing),
  async fn() {
    await using stage = await aStage({ workflows: { hostile: HOSTILE } });
    await Deno.writeTextFile(`${stage.folder}/inputs/hello-world.json`, JSON.stringify({ [OWNED]: 1, size: OWNED }));
    await using terminal = await stage.open({ columns: 200 });
    const shown = String.raw`a\\x1b\[2J\\x9bHOWNED`;
    const quoted = String.raw`a\\u001b\[2J\\x9bHOWNED`;
    const question = (mark: string, text: string) => new RegExp(`${mark} {2}${text}`);
    await answerPrompts(terminal, [
      [/◆ {2}Select workflow/, "hostile", "Enter"],
      [/◆ {2}How do you want/, "1", "Enter"],
      [/◆ {2}Input file path/, "Enter"],
      [
        question(String.raw`size {2}must be a whole number: got "${quoted}"[^]*! [^\n]*${quoted}[^]*◆`, "What do"),
        "2",
        "Enter",
      ],
      [/◆ {2}How do you want/, "2", "Enter"],
      [question("◆", String.raw`${shown} \(default ${shown}\)\n│ {2}${shown}\n`), "Enter"],
      [
        question("◇", String.raw`${shown} \(default ${shown}\)\n│ {2}${shown}\n│\n│ {2}${shown}\n[^]*◆ {2}More`),
        "Enter",
      ],
      [/◆ {2}Number/, "x", "Enter"],
      [question("└", "It must be a whole number"), "BSpace", "7", "Enter"],
      [question("◆", String.raw`Kind \(required\)[^]*● ${shown}\n`), "Enter"],
      [question("◆", String.raw`Add a row to ${shown}\?`), "n"],
      [/size = 7[^]*◆ {2}Submit hostile\?/, "Enter"],
      [/◆ {2}What next\?/, "1", "Enter"],
    ]);
    const screen = await terminal.waitFor(/\[ended 0\]/);
    assert.doesNotMatch(screen, /^OWNED/m);
    // Defaults as the form has them.
    const inputs = { title: OWNED, group: { more: OWNED }, size: 7, kind: "a" };
    assert.deepEqual(submittedTo(stage.simulator).map((submitted) => submitted.inputs), [inputs]);
  },
});

for (let stop = 0; stop < SAMPLE.length; stop++) {
  const step = ["selecting a workflow", "selecting the input method", "entering the file", "confirming"][stop];
  for (const [name, key] of [["Ctrl-C", "C-c"], ["Ctrl-D", "C-d"]] as const) {
    Deno.test({
      ...needing(`${name} while ${step} submits nothing and restores the terminal`, missing),
      async fn() {
        await using stage = await aStage();
        await using terminal = await stage.open();
        await answerPrompts(terminal, SAMPLE.slice(0, stop));
        const [question] = SAMPLE[stop] ?? [/./];
        await answerPrompts(terminal, [[question, key]]);
        const screen = await terminal.waitFor(/\[ended 130\]/);
        assert.match(screen, /nothing more was sent/);
        assert.doesNotMatch(screen, /◆/);
        assert.match(screen, /sane: [^]* icanon[^]* echo\s/);
        assert.equal(stage.simulator.runs().length, 0);
      },
    });
  }
}

Deno.test({
  ...needing("Ctrl-Z does not stop the program in a prompt, which could not be shown again", missing),
  async fn() {
    await using stage = await aStage();
    await using terminal = await stage.open();
    await answerPrompts(terminal, [
      [/◆ {2}Select workflow/, "C-z", "quick", "Enter"],
      [/◆ {2}How do you want/, "C-z", "2", "Enter"],
      [/◆ {2}Submit quick\?/, "C-z", "n"],
    ]);
    await terminal.waitFor(/\[ended 0\]/);
  },
});

Deno.test({
  ...needing("Ctrl-D in a text answers nothing: it deletes the character at the cursor", missing),
  async fn() {
    await using stage = await aStage({ workflows: { "by-hand": BY_HAND } });
    await using terminal = await stage.open();
    await answerPrompts(terminal, [
      [/◆ {2}Select workflow/, "by-hand", "C-d", "Enter"],
      [/◆ {2}How do you want/, "2", "Enter"],
      [/◆ {2}Title \(required\)/, "ABC", "Left", "Left", "C-d", "Enter"],
      [/◇ {2}Title \(required\)\n│ {2}AC\n/, "C-c"],
    ]);
    await terminal.waitFor(/\[ended 130\]/);
  },
});

Deno.test({
  ...needing("Ctrl-C while waiting offers to continue waiting or to cancel the run", missing),
  async fn() {
    await using stage = await aStage({ speed: 4 });
    await using terminal = await stage.open();
    await answerPrompts(terminal, [
      ...SAMPLE,
      [/Status: running/, "C-c"],
      [/◆ {2}The run is still running\. What do you want to do\?/, "1", "Enter"],
      [/Tracking run #47[^]*Status: running/, "C-c"],
      [/◆ {2}The run is still running[^]*◆ {2}The run is still running|3\. Cancel the run/, "3", "Enter"],
      [/cancelled on the platform[^]*◆ {2}What next\?/, "1", "Enter"],
    ]);
    await terminal.waitFor(/\[ended 3\]/);
    assert.equal(stage.simulator.runs().length, 1);
  },
});

Deno.test({
  ...needing("Ctrl-C while waiting offers to quit and keep the run running", missing),
  async fn() {
    await using stage = await aStage({ speed: 4 });
    await using terminal = await stage.open();
    await answerPrompts(terminal, [...SAMPLE, [/Status: running/, "C-c"], [
      /◆ {2}The run is still running/,
      "2",
      "Enter",
    ]]);
    const screen = await terminal.waitFor(/\[ended 130\]/);
    assert.match(screen, /run hello-world-[a-z2-7]+ is still running\n.*pw-workflow-runner watch hello-world-/);
    assert.equal(stage.simulator.received("cancel-run").length, 0);
  },
});

for (const [where, ...question] of [["a wait"], ["the question about its run", /◆ {2}The run is still/]] as const) {
  Deno.test({
    ...needing(`a signal during ${where} ends interactive mode, and names the run that continues`, missing),
    async fn() {
      await using stage = await aStage({ speed: 0.1 });
      await using terminal = await stage.open();
      await answerPrompts(terminal, [...SAMPLE, [/Status: running/]]);
      for (const prompt of question) await answerPrompts(terminal, [[/./, "C-c"], [prompt]]);
      await terminal.signal("TERM");
      const screen = await terminal.waitFor(/\[ended 143\]/);
      assert.match(screen, /run hello-world-[a-z2-7]+ is still running\n.*pw-workflow-runner watch hello-world-/);
      assert.match(screen, /isig icanon iexten\s+echo\s/);
      assert.equal(await terminal.isCursorVisible(), true);
    },
  });
}

Deno.test({
  ...needing("a run that cannot be cancelled is waited for, and leaving the question names how to track it", missing),
  async fn() {
    await using stage = await aStage({ speed: 0.1, faults: [{ on: "cancel-run", status: 403 }] });
    await using terminal = await stage.open();
    await answerPrompts(terminal, [
      ...SAMPLE,
      [/Status: running/, "C-c"],
      [/◆ {2}The run is still running/, "3", "Enter"],
      [/Run hello-world-\S+ is still running: Cannot cancel[^]*Tracking run #47[^]*Status: running/, "C-c"],
      [/Tracking run #47[^]*◆ {2}The run is still running/, "C-c"],
    ]);
    const screen = await terminal.waitFor(/\[ended 130\]/);
    assert.match(screen, /run hello-world-[a-z2-7]+ is still running\n.*pw-workflow-runner watch hello-world-/);
  },
});

Deno.test({
  ...needing("leaving a run that cannot be read again names how to track it", missing),
  async fn() {
    await using stage = await aStage({ speed: 0.1 });
    await using terminal = await stage.open();
    await answerPrompts(terminal, [...SAMPLE, [/Status: running/, "C-c"]]);
    await terminal.waitFor(/◆ {2}The run is still running/);
    stage.simulator.addFaults({ on: "get-run", status: 503, times: Infinity });
    const polls = stage.simulator.received("get-run").length;
    await terminal.keys("Enter");
    while (stage.simulator.received("get-run").length === polls) await systemClock.sleep(20, {});
    await terminal.keys("C-c");
    await answerPrompts(terminal, [[/◇ {2}The run is still running[^]*◆ {2}The run is still running/, "2", "Enter"]]);
    const screen = await terminal.waitFor(/\[ended 130\]/);
    assert.match(screen, /run hello-world-[a-z2-7]+ is still running\n.*pw-workflow-runner watch hello-world-/);
  },
});

Deno.test({
  ...needing("Ctrl-C while submitting names how to find out whether a run was started", missing),
  async fn() {
    const behavior = { readLagMs: 1e9, listLagMs: 1e9 };
    await using stage = await aStage({ speed: 1, behavior, faults: [{ on: "submit", cut: "after-effect" }] });
    await using terminal = await stage.open();
    await answerPrompts(terminal, [...SAMPLE, [/Submitting hello-world/, "C-c"]]);
    const screen = await terminal.waitFor(/\[ended 130\]/);
    assert.match(screen, /it is unknown whether the run started\n.*pw-workflow-runner resume/);
  },
});

Deno.test({
  ...needing("problems with an input file are shown and can be fixed", missing),
  async fn() {
    await using stage = await aStage();
    await Deno.writeTextFile(
      `${stage.folder}/inputs/hello-world.json`,
      '{"resource": "a30gpuserver", "hello": {"message": [1]}}',
    );
    await using terminal = await stage.open();
    await answerPrompts(terminal, [
      ...SAMPLE.slice(0, 3),
      [/hello\.message[^]*◆ {2}What do you want to do\?/, "1", "Enter"],
      [/◆ {2}Message /, "C-u", "fixed", "Enter"],
      [/hello\.message = "fixed"[^]*◆ {2}Submit hello-world\?/, "Enter"],
      [/◆ {2}What next\?/, "1", "Enter"],
    ]);
    await terminal.waitFor(/\[ended 0\]/);
    const { resource, hello } = submittedTo(stage.simulator)[0]?.inputs ?? {};
    assert.deepEqual([resource, hello], ["a30gpuserver", { message: "fixed" }]);
  },
});

Deno.test({
  ...needing("after a run, its logs and failure are shown, its inputs saved, and it runs again", missing),
  async fn() {
    await using stage = await aStage();
    // As in most folders: the file to save is then the first in it.
    await Deno.remove(`${stage.folder}/inputs`, { recursive: true });
    await using terminal = await stage.open();
    await answerPrompts(terminal, [
      [/◆ {2}Select workflow/, "failing-step", "Enter"],
      [/◆ {2}How do you want/, "2", "Enter"],
      [/◆ {2}Submit failing-step\?/, "Enter"],
      [/◆ {2}What next\?[^]*5\. Show why it failed/, "2", "Enter"],
      [/==> \S+ › [^]*◆ {2}What next\?/, "4", "Enter"],
      [/◆ {2}File/, "Enter"],
      [/Saved without secrets[^]*◆ {2}What next\?/, "5", "Enter"],
      [/Saved without secrets[^]*step "[^"]+" {2}error[^]*◆ {2}What next\?/, "3", "Enter"],
      [/◆ {2}Submit failing-step\?$|◆ {2}Submit failing-step\?[^]*Yes/, "n"],
    ]);
    await terminal.waitFor(/\[ended 1\]/);
    assert.equal(stage.simulator.runs().length, 1);
    assert.equal(await Deno.readTextFile(`${stage.folder}/inputs/mine.json`), "{}\n");
  },
});

Deno.test({
  ...needing("Ctrl-C and Escape after a run quit with its exit code, also while a file is asked for", missing),
  async fn() {
    await using stage = await aStage();
    for (const [key, ...answers] of [["C-c"], ["Escape"], ["C-c", [/◆ {2}What next\?/, "4", "Enter"]]] as const) {
      await using terminal = await stage.open();
      await answerPrompts(terminal, [
        [/◆ {2}Select workflow/, "failing-step", "Enter"],
        [/◆ {2}How do you want/, "2", "Enter"],
        [/◆ {2}Submit failing-step\?/, "Enter"],
        ...answers,
        [answers.length === 0 ? /◆ {2}What next\?/ : /◆ {2}File/, key],
      ]);
      assert.doesNotMatch(await terminal.waitFor(/\[ended 1\]/), /Cancelled/);
    }
  },
});

Deno.test({
  ...needing("what is typed at a prompt for a file replaces its default", missing),
  async fn() {
    await using stage = await aStage();
    await Deno.writeTextFile(`${stage.folder}/other.json`, await Deno.readTextFile(HELLO));
    await using terminal = await stage.open();
    await answerPrompts(terminal, [
      ...SAMPLE.slice(0, 2),
      [/◆ {2}Input file path[^]*Another file/, "Another", "Enter"],
      [/◇ {2}Input file path[^]*◆ {2}Input file path/, "other.json", "Enter"],
      [/◆ {2}Submit hello-world\?/, "Enter"],
      [/run hello-world -i \.\/other\.json[^]*◆ {2}What next\?/, "4", "Enter"],
      [/◆ {2}File\n.*inputs\/mine\.json/, "saved.json", "Enter"],
      [/To use the file: -i saved\.json[^]*◆ {2}What next\?/, "1", "Enter"],
    ]);
    await terminal.waitFor(/\[ended 0\]/);
    assert.ok((await Deno.stat(`${stage.folder}/saved.json`)).isFile);
  },
});

Deno.test({
  ...needing("a paste of several lines into a question for one line is refused", missing),
  async fn() {
    await using stage = await aStage({ workflows: { asking: ASKING } });
    await using terminal = await stage.open({ args: "run asking -i given=x --no-wait" });
    await answerPrompts(terminal, [
      [/◆ {2}Message \(required\)/, "first\rsecond"],
      // A terminal delivers a paste in parts.
      [/firstsecond/, "third\r"],
      [/firstsecondthird[^]*Several lines were pasted/, "C-u", "one line"],
      // Read together with the text, it would be the end of a paste.
      [/│ {2}one line/, "Enter"],
    ]);
    await terminal.waitFor(/\[ended 0\]/);
    assert.equal(submittedTo(stage.simulator)[0]?.inputs["message"], "one line");
  },
});

Deno.test({
  ...needing("a paste with an empty line is refused where an empty line ends the answer", missing),
  async fn() {
    await using stage = await aStage({ workflows: { scripted: SCRIPTED } });
    await using terminal = await stage.open({ args: "run scripted --no-wait" });
    await answerPrompts(terminal, [
      [/◆ {2}Script \(press Enter twice/, "one\r\rtwo\r\r"],
      [/An empty line in the pasted text/, "C-c"],
    ]);
    await terminal.waitFor(/\[ended 130\]/);
    await using kept = await stage.open({ args: "run scripted --no-wait" });
    await answerPrompts(kept, [
      [/◆ {2}Script \(press Enter twice/, "one\rtwo"],
      [/two/, "Enter", "Enter"],
    ]);
    await kept.waitFor(/\[ended 0\]/);
    assert.deepEqual(submittedTo(stage.simulator).map(({ inputs }) => inputs), [{ script: "one\ntwo" }]);
  },
});

Deno.test({
  ...needing("a text to edit that is left as it was is sent as it was, with its control characters", missing),
  async fn() {
    const text = "one\r\n\u001btwo";
    const title = { type: "string", default: text, prefillDefault: true };
    const form = { on: { execute: { inputs: { title, script: { ...title, type: "editor" } } } } };
    await using stage = await aStage({
      workflows: { prefilled: JSON.stringify({ ...form, jobs: { main: { steps: [{ run: "work" }] } } }) },
    });
    await using terminal = await stage.open();
    await answerPrompts(terminal, [
      [/◆ {2}Select workflow/, "prefilled", "Enter"],
      [/◆ {2}How do you want/, "2", "Enter"],
      [/◆ {2}title/, "Enter"],
      [/◆ {2}script/, "Enter", "Enter"],
      [/◆ {2}Submit prefilled\?/, "Enter"],
    ]);
    await terminal.waitFor(/What next/);
    assert.deepEqual(submittedTo(stage.simulator).map(({ inputs }) => inputs), [{ title: text, script: text }]);
  },
});

const SCRIPTED = `on: { execute: { inputs: { script: { type: editor, label: Script } } } }
jobs: { main: { steps: [{ run: work }] } }
`;

Deno.test({
  ...needing("a missing API key is asked for without echo, and never shown", missing),
  async fn() {
    await using stage = await aStage();
    await using terminal = await stage.open({ env: { PW_API_KEY: "" } });
    await answerPrompts(terminal, [[/◆ {2}API key/, stage.simulator.key, "Enter"], [/◆ {2}Select workflow/, "C-c"]]);
    const screen = await terminal.waitFor(/\[ended 130\]/);
    assert.ok(!screen.includes(stage.simulator.key));
  },
});

Deno.test({
  ...needing("a wrong API key is asked for again, whether malformed, refused or for an unreachable host", missing),
  async fn() {
    await using stage = await aStage();
    const other = await startSimulator();
    await other[Symbol.asyncDispose]();
    await using terminal = await stage.open({ env: { PW_API_KEY: "", HOME: stage.folder } });
    const clear = "C-u";
    await answerPrompts(terminal, [
      [/◆ {2}API key/, "pwt_wrong", "Enter"],
      [/▲ {2}API key[^]*ends after its first part/, clear, other.key, "Enter"],
      [/the connection was refused[^]*◆ {2}API key/, stage.simulator.keyFor("expired"), "Enter"],
      [/Authentication has expired[^]*from the prompt[^]*◆ {2}API key/, stage.simulator.key, "Enter"],
      [/◆ {2}Select workflow/, "C-c"],
    ]);
    const screen = await terminal.waitFor(/\[ended 130\]/);
    assert.ok(!screen.includes(stage.simulator.key));
  },
});

Deno.test({
  ...needing("a search that matches nothing stays in the prompt", missing),
  async fn() {
    await using stage = await aStage();
    await using terminal = await stage.open();
    await answerPrompts(terminal, [
      [/◆ {2}Select workflow/, "zzz", "Enter"],
      [/Nothing matches: change the search/, "C-u", "quick", "Enter"],
      [/Submit quick\?|How do you want/, "C-c"],
    ]);
    await terminal.waitFor(/\[ended 130\]/);
  },
});

Deno.test({
  ...needing("an unreachable server is reported in one sentence", missing),
  async fn() {
    await using stage = await aStage();
    const other = await startSimulator();
    await other[Symbol.asyncDispose]();
    await using terminal = await stage.open({ env: { PW_API_KEY: other.key } });
    const screen = await terminal.waitFor(/\[ended 8\]/);
    assert.match(screen, /✗ Cannot list workflows: the connection was refused/);
  },
});

for (
  const [what, options, prompt] of [
    ["NO_COLOR removes all colors from the prompts", { env: { NO_COLOR: "1" } }, /◆ {2}Select workflow/],
    [
      "CLICOLOR=0 removes them from the list of runs",
      { env: { CLICOLOR: "0" }, args: "logs" },
      /◆ {2}Select a run/,
    ],
    [
      "CLICOLOR=0 removes them from a missing input",
      { env: { CLICOLOR: "0" }, args: "run asking -i given=x" },
      /◆ {2}Message/,
    ],
    ["--no-color removes them from a missing input", { args: "run asking -i given=x --no-color" }, /◆ {2}Message/],
  ] as const
) {
  Deno.test({
    ...needing(what, missing),
    async fn() {
      await using stage = await aStage({ workflows: { asking: ASKING } });
      await using terminal = await stage.open(options);
      await terminal.waitFor(prompt);
      const styled = await terminal.screen({ isStyled: true });
      // Reverse video is not a color: it shows the cursor.
      assert.doesNotMatch(styled.replaceAll("\u001b", "ESC"), /ESC\[(?:3[0-7]|9[0-7]|38)[;m]/);
    },
  });
}

for (
  const [args, prompt] of [
    ["logs", /◆ {2}Select a run/],
    ["run asking -i given=x", /◆ {2}Message/],
    ["run asking -i given=@-", /given:$/],
    ["workspace restart", /Continue\?/],
    ["", /◆ {2}Select workflow/],
  ] as const
) {
  Deno.test({
    ...needing(`a signal ends the prompt of ${args || "interactive mode"}, as where its terminal is closed`, missing),
    async fn() {
      await using stage = await aStage({ workflows: { asking: ASKING } });
      await using terminal = await stage.open({ args });
      await terminal.waitFor(prompt);
      await terminal.signal("HUP");
      const screen = await terminal.waitFor(/\[ended 129\]/);
      assert.match(screen, /isig icanon iexten\s+echo\s/);
      assert.equal(await terminal.isCursorVisible(), true);
    },
  });
}

Deno.test({
  ...needing("a prompt that is opened after the signal ends at once", missing),
  async fn() {
    const prompter = new URL("../../lib/prompts/clack_prompter.ts", import.meta.url).href;
    const program = `const { clackPrompter } = await import("${prompter}");
      const signal = AbortSignal.abort(new Error("stopped before"));
      const prompter = await clackPrompter({ mayColor: false, signal });
      await prompter.text("Name").catch(({ message }) => console.log(message));`;
    await using folder = await emptyFolder();
    await Deno.writeTextFile(`${folder.path}/program.ts`, program);
    await using terminal = await openTerminal({
      command: `'${Deno.execPath()}' run -A --no-check --no-config --no-lock '${folder.path}/program.ts'`,
      env: cacheEnv(),
    });
    assert.match(await terminal.waitFor(/\[ended 0\]/), /^stopped before$/m);
  },
});

const QUICK = "jobs:\n  main:\n    steps:\n      - name: work\n        run: work\n";

const WIDE = `on:
  execute:
    inputs:
      cells: { type: integer, label: Number of cells in each direction, min: 1, max: 9 }
      solver: { type: dropdown, label: Which of the solvers of this workflow to use, options: [{ label: A, value: a }] }
      stages: { type: list, label: "Stages of the calculation, in order", optional: true, template: { name: { type: string } } }
${QUICK}`;

/** It clears the screen where it is written unchanged. */
const OWNED = "a\u001b[2J\u009bHOWNED";

const HOSTILE = `on:
  execute:
    inputs:
      title: { type: string, label: ${JSON.stringify(OWNED)}, default: ${JSON.stringify(OWNED)} }
      group:
        type: group
        label: ${JSON.stringify(OWNED)}
        items:
          more: { type: string, label: More, default: ${JSON.stringify(OWNED)}, optional: true }
      size: { type: integer, label: Number }
      kind: { type: dropdown, label: Kind, options: [{ label: ${JSON.stringify(OWNED)}, value: a }] }
      rows: { type: list, label: ${JSON.stringify(OWNED)}, optional: true, template: { name: { type: string } } }
${QUICK}`;

const BY_HAND = `on:
  execute:
    inputs:
      title: { type: string, label: Title }
      password: { type: password, label: Password }
      words: { type: header, text: Some text }
      script: { type: editor, label: Script, optional: true }
      color: { type: color-picker, label: Color, default: "#336699" }
      ratio: { type: number, label: Ratio, optional: true }
      store: { type: storage, label: Store, optional: true }
      upload: { type: file, label: Upload, optional: true }
      count: { type: integer, label: Count, min: 1, max: 9, default: 3 }
      is_real: { type: boolean, label: Really }
      mode: { type: dropdown, label: Mode, options: [{ label: A, value: a }, { label: B, value: b }] }
      only_b: { type: string, label: Only for B, optional: true, hidden: "\${{ inputs.mode != 'b' }}" }
      extras: { type: multi-dropdown, label: Extras, optional: true, options: [{ label: X, value: x }, { label: Y, value: y }] }
      cluster: { type: compute-clusters, label: Cluster }
      stages: { type: list, label: Stages, optional: true, template: { name: { type: string, label: Name } } }
      advanced: { type: group, label: Advanced, items: { depth: { type: number, label: Depth, optional: true } } }
${QUICK}`;

async function aStage({ speed = 40, ...options }: Omit<SimulatorOptions, "clock"> & { speed?: number } = {}) {
  const simulator = await startSimulator({ clock: fastClock(systemClock, speed), ...options });
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/inputs`);
  await Deno.copyFile(HELLO, `${folder}/inputs/hello-world.json`);
  return {
    simulator,
    folder,
    open: ({ env = {}, args = "", ...options }: Partial<TerminalOptions> & { args?: string } = {}) =>
      openTerminal({
        // The settings show whether the terminal was restored.
        command:
          `'${Deno.execPath()}' run --no-prompt -A '${MAIN}' ${args}; code=$?; echo "sane: $(stty -a | tr '\\n' ' ')"; (exit $code)`,
        cwd: folder,
        columns: 90,
        rows: 50,
        ...options,
        env: { ...cacheEnv(), PW_API_KEY: simulator.key, PW_STATE_DIR: `${folder}/state`, NO_COLOR: "", ...env },
      }),
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test({
  ...needing("interactive mode waits as long as PW_TIMEOUT says", missing),
  async fn() {
    await using stage = await aStage();
    await using terminal = await stage.open({ env: { PW_TIMEOUT: "1s" } });
    await answerPrompts(terminal, [[/Select workflow/, "never-ending", "Enter"], [/How do you want/, "2", "Enter"], [
      /Submit never-ending\?/,
      "Enter",
    ]]);
    assert.match(await terminal.waitFor(/What next\?/), /stopped waiting after 1s/);
    await using refusing = await stage.open({ env: { PW_TIMEOUT: "soon" } });
    assert.match(await refusing.waitFor(/\[ended 2\]/), /Cannot use PW_TIMEOUT: not a duration: "soon"/);
  },
});

Deno.test({
  ...needing("run asks at a terminal for what is missing, and only for that", missing),
  async fn() {
    await using stage = await aStage({ workflows: { asking: ASKING } });
    await using terminal = await stage.open({ args: "run asking -i given=x --no-wait" });
    await answerPrompts(terminal, [[/◆ {2}Message \(required\)/, "hello", "Enter"]]);
    await terminal.waitFor(/\[ended 0\]/);
    assert.deepEqual(submittedTo(stage.simulator).map(({ inputs }) => inputs), [{
      given: "x",
      message: "hello",
      other: "o",
    }]);
    await using refusing = await stage.open({ args: "run asking --no-input" });
    assert.match(await refusing.waitFor(/\[ended 2\]/), /message +is required \(Message\)/);
    await using cancelled = await stage.open({ args: "run asking -i given=x" });
    await answerPrompts(cancelled, [[/◆ {2}Message \(required\)/, "C-c"]]);
    assert.match(await cancelled.waitFor(/\[ended 130\]/), /Cancelled: nothing was submitted/);
    assert.equal(submittedTo(stage.simulator).length, 1);
  },
});

const ASKING = `on:
  execute:
    inputs:
      given: { type: string }
      message: { type: string, label: Message }
      other: { type: string, default: o }
jobs:
  a:
    steps: [ { run: "true" } ]
`;
