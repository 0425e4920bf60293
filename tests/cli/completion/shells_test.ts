/** Presses Tab in real shells in a real terminal, against a simulated platform. */

import assert from "node:assert/strict";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { type EmptyFolder, emptyFolder } from "../../support/main_job.ts";
import { needing, programMissing } from "../../support/needs.ts";
import { cacheEnv } from "../../support/program.ts";
import { openTerminal, type Terminal, tmuxMissing } from "../../support/tmux.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

interface ShellCase {
  readonly shell: "bash" | "zsh" | "fish";
  /** Starts the shell without the configuration of the machine's user. */
  readonly command: (rc: string) => string;
  readonly rc: string;
}

const SHELLS: readonly ShellCase[] = [
  {
    shell: "bash",
    command: (rc) => `bash --noprofile --rcfile ${rc} -i`,
    rc: `PS1='$ '\nHISTFILE=\nsource <(pw-workflow-runner completions bash)\n`,
  },
  {
    shell: "zsh",
    command: (rc) => `ZDOTDIR=$(dirname ${rc}) zsh -d -i`,
    rc: `PS1='$ '\nautoload -Uz compinit && compinit -u -D\nsource <(pw-workflow-runner completions zsh)\n`,
  },
  {
    shell: "fish",
    command: (rc) => `fish --no-config -i -C 'source ${rc}'`,
    rc: `function fish_prompt; echo -n '$ '; end\nset -U fish_greeting\npw-workflow-runner completions fish | source\n`,
  },
];

const SPECIAL_NAMES = {
  "two words": "",
  "a:b": "",
  "it's": "",
  'say "so"': "",
  "all*[x]?": "",
  "$(touch owned)": "",
  "`touch owned`;touch owned": "",
  "back\\slash": "",
  "~tilde!bang": "",
  "esc\u001b[2Jcape": "",
};

for (const shellCase of SHELLS) {
  const { shell } = shellCase;
  const missing = await tmuxMissing() ?? await programMissing(shell);

  Deno.test({
    ...needing(`${shell} completes commands, workflows, options, presets and inputs`, missing),
    async fn() {
      await using stage = await aStage(shellCase);
      const { terminal } = stage;
      for (
        const [typed, expected] of [
          ["pw-workflow-runner com", "pw-workflow-runner completions "],
          ["pw-workflow-runner run hel", "pw-workflow-runner run hello-world "],
          ["pw-workflow-runner inputs exp", "pw-workflow-runner inputs explain "],
          ["pw-workflow-runner inputs explain hel", "pw-workflow-runner inputs explain hello-world "],
          ["pw-workflow-runner run quick --poll-", "pw-workflow-runner run quick --poll-interval "],
          [
            "pw-workflow-runner run quick --idempotency-policy=rej",
            "pw-workflow-runner run quick --idempotency-policy=reject ",
          ],
          ["pw-workflow-runner run quick --on-interrupt c", "pw-workflow-runner run quick --on-interrupt cancel "],
          [
            "pw-workflow-runner run data-processor --preset ni",
            "pw-workflow-runner run data-processor --preset nightly ",
          ],
          [
            "pw-workflow-runner run data-processor --preset=ni",
            "pw-workflow-runner run data-processor --preset=nightly ",
          ],
          ["pw-workflow-runner run hello-world -i hello.mess", "pw-workflow-runner run hello-world -i hello.message="],
          [
            "pw-workflow-runner run hello-world -i hello.message=@no",
            "pw-workflow-runner run hello-world -i hello.message=@notes.txt ",
          ],
          ["pw-workflow-runner run hello-world -i sub", "pw-workflow-runner run hello-world -i submit_to_scheduler="],
          ["pw-workflow-runner run hello-world -i fol", "pw-workflow-runner run hello-world -i folder/"],
          [
            "pw-workflow-runner run hello-world -i folder/in",
            "pw-workflow-runner run hello-world -i folder/in\\ it.json ",
          ],
          ["pw-workflow-runner run hello-world -i ~/ap", "pw-workflow-runner run hello-world -i ~/apart/"],
          ["pw-workflow-runner status la", "pw-workflow-runner status last "],
          ["pw-workflow-runner status data-processor:3", "pw-workflow-runner status data-processor:3 "],
          ["pw-workflow-runner --log-level DEBUG run hel", "pw-workflow-runner --log-level DEBUG run hello-world "],
        ] as const
      ) await assertCompletes(terminal, typed, expected);
    },
  });

  Deno.test({
    ...needing(`${shell} quotes names with special characters, and executes nothing in them`, missing),
    async fn() {
      const workflows = Object.fromEntries(Object.keys(SPECIAL_NAMES).map((name) => [name, "jobs: {}\n"]));
      await using stage = await aStage(shellCase, { workflows });
      const { terminal, folder } = stage;
      // From now on `show` prints its arguments.
      await Deno.writeTextFile(`${stage.home.path}/prints-arguments`, "");
      for (
        const [typed, name] of [
          ["two", "two words"],
          ["a:", "a:b"],
          ["it", "it's"],
          ["say", 'say "so"'],
          ["all", "all*[x]?"],
          ["\\$", "$(touch owned)"],
          ['"tw', "two words"],
          ["'two w", "two words"],
          ["two\\ w", "two words"],
          ['"\\$', "$(touch owned)"],
          ["'it", "it's"],
          ['"say', 'say "so"'],
          ["\\`", "`touch owned`;touch owned"],
          ["back", "back\\slash"],
          ["\\~", "~tilde!bang"],
        ] as const
      ) {
        await clear(terminal);
        await type(terminal, `pw-workflow-runner show ${typed}`);
        const before = await terminal.waitFor(new RegExp(escape(`show ${typed}`)));
        await terminal.keys("Tab");
        // A key that arrives while the shell is completing could be inserted literally.
        await waitForChange(terminal, before);
        await terminal.keys("Enter");
        await terminal.waitFor(new RegExp(`^\\[show\\]\\[${escape(name)}\\]$`, "m"));
      }
      await clear(terminal);
      await type(terminal, "pw-workflow-runner show ");
      await terminal.keys("Tab", "Tab");
      await terminal.waitFor(/tilde/);
      assert.ok(!(await terminal.screen()).includes("cape"));
      assert.deepEqual([...Deno.readDirSync(folder.path)].filter(({ name }) => name === "owned"), []);
    },
  });

  Deno.test({
    ...needing(`${shell} executes nothing that was typed, and completes nothing when the server is down`, missing),
    async fn() {
      await using stage = await aStage(shellCase, { isServerDown: true });
      const { terminal, folder } = stage;
      const lines = ["run hel", "run $(touch owned) -i hel", "run `touch owned` --preset ", "status x"];
      // Zsh itself expands the word at the cursor before it completes.
      if (shell !== "zsh") lines.push("run -i ~/$(touch owned)/");
      for (const typed of lines) {
        await clear(terminal);
        await type(terminal, `pw-workflow-runner ${typed}`);
        await terminal.keys("Tab");
        await type(terminal, "X");
        const screen = await terminal.waitFor(/X$/m);
        assert.equal(screen, `$ pw-workflow-runner ${typed}X`);
      }
      assert.deepEqual([...Deno.readDirSync(folder.path)].filter(({ name }) => name === "owned"), []);
    },
  });
}

async function assertCompletes(terminal: Terminal, typed: string, expected: string): Promise<void> {
  await clear(terminal);
  await type(terminal, typed);
  await terminal.keys("Tab");
  // The X shows whether a space was added.
  await type(terminal, "X");
  await terminal.waitFor(new RegExp(`^\\$ ${escape(expected)}X$`, "m"));
}

/** Clears the line and the screen, except for the prompt. */
async function clear(terminal: Terminal): Promise<void> {
  await terminal.keys("C-u", "C-l");
  await terminal.waitFor(/^\$$/);
}

async function type(terminal: Terminal, text: string): Promise<void> {
  for (const part of text.match(/.{1,200}/gs) ?? []) await terminal.keys(part.replace(/;$/, "\\;"));
}

interface StageOptions {
  readonly workflows?: Readonly<Record<string, string>>;
  readonly isServerDown?: boolean;
}

async function aStage({ command, rc, shell }: ShellCase, { workflows = {}, isServerDown = false }: StageOptions = {}) {
  const simulator = await startSimulator({ workflows });
  if (isServerDown) await simulator[Symbol.asyncDispose]();
  const home = await emptyFolder();
  const folder = await emptyFolder();
  await install(home, shell, rc);
  await Deno.mkdir(`${home.path}/apart`);
  await Deno.writeTextFile(`${folder.path}/notes.txt`, "");
  await Deno.mkdir(`${folder.path}/folder`);
  await Deno.writeTextFile(`${folder.path}/folder/in it.json`, "{}");
  const terminal = await openTerminal({
    command: command(`${home.path}/${shell === "zsh" ? ".zshrc" : "rc"}`),
    cwd: folder.path,
    columns: 120,
    env: {
      ...cacheEnv(),
      HOME: home.path,
      PATH: `${home.path}/bin:${Deno.env.get("PATH")}`,
      PW_API_KEY: simulator.key,
      NO_COLOR: "1",
    },
  });
  await terminal.waitFor(/^\$$/m);
  return {
    terminal,
    folder,
    home,
    async [Symbol.asyncDispose]() {
      await terminal[Symbol.asyncDispose]();
      if (!isServerDown) await simulator[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Installs the program under its name. Once the file `prints-arguments` exists, `show` prints its arguments instead. */
async function install(home: EmptyFolder, shell: string, rc: string): Promise<void> {
  await Deno.mkdir(`${home.path}/bin`);
  const program = `${home.path}/bin/pw-workflow-runner`;
  await Deno.writeTextFile(
    program,
    `#!/bin/sh
[ "$1" != show ] || [ ! -e '${home.path}/prints-arguments' ] || { printf '[%s]' "$@"; echo; exit; }
exec '${Deno.execPath()}' run --no-prompt -A '${MAIN}' "$@"
`,
    { mode: 0o755 },
  );
  await Deno.writeTextFile(`${home.path}/${shell === "zsh" ? ".zshrc" : "rc"}`, rc);
}

function escape(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}/]/g, "\\$&");
}

/** Waits until the screen has changed and is the same in two consecutive polls. */
async function waitForChange(terminal: Terminal, before: string): Promise<void> {
  let last = before;
  for (let polls = 0; polls < 200; polls++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const screen = await terminal.screen();
    if (screen !== before && screen === last) return;
    last = screen;
  }
}
