/** The program in a real terminal, as a real process. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { emptyFolder } from "../support/main_job.ts";
import { cacheEnv } from "../support/program.ts";
import { needing } from "../support/needs.ts";
import { submittedTo } from "../support/received.ts";
import { openTerminal, type TerminalOptions, tmuxMissing } from "../support/tmux.ts";

const missing = await tmuxMissing();
const noJobs = missing ?? (Deno.build.os === "windows" ? "there is no job control" : undefined);
const ROOT = new URL("../../", import.meta.url).pathname;
const RUN = "run hello-world -i inputs/hello-world.json --no-check";

Deno.test({
  ...needing("the live line shows status, time and step in place, and is cleared before the result", missing),
  async fn() {
    await using stage = await aStage({ speed: 8 });
    await using terminal = await stage.open(`${RUN} --poll fixed`);
    await terminal.waitFor(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Status: running\.\.\. \(\d+s\) {2}step 2\/3 "run mpi"/);
    const screen = await terminal.waitFor(/\[ended 0\]/);
    assert.match(screen, /Status: completed \(42s\)\n\n✓ Workflow completed successfully\n\[ended 0\]$/);
    assert.ok(!screen.includes("running..."), screen);
    assert.ok((await terminal.screen({ isStyled: true })).includes("\u001b[32m✓"));
  },
});

Deno.test({
  ...needing(
    "Ctrl-C during a wait prompts about the run; Enter keeps it running and prints the command that tracks it",
    missing,
  ),
  async fn() {
    await using stage = await aStage({ speed: 1 });
    await using terminal = await stage.open("run never-ending --poll-interval 1m");
    // The elapsed time advances between two polls.
    await terminal.waitFor(/\((?:[2-9]|[1-5]\d)s\)/);
    await terminal.keys("C-c");
    await terminal.waitFor(/Run never-ending-\S+ is still running\. Cancel it too\?[^]*● No/);
    await terminal.keys("Enter");
    const screen = await terminal.waitFor(/\[ended 130\]/);
    assert.match(
      screen,
      /Stopped waiting: run never-ending-[a-z2-7]+ is still running\n.*Track it again: pw-workflow-runner watch never-ending-/,
    );
    assert.equal(stage.simulator.received("cancel-run").length, 0);
  },
});

Deno.test({
  ...needing("Ctrl-C ends logs -f on a line of its own", missing),
  async fn() {
    await using stage = await aStage({ speed: 1 });
    const { slug } = await stage.start("run never-ending");
    await using terminal = await stage.open(`logs ${slug} -f`);
    await terminal.waitFor(/nothing new/);
    await terminal.keys("C-c");
    const screen = await terminal.waitFor(/\[ended 130\]/);
    assert.match(screen, /\n\^C\n✗ Stopped by SIGINT\n\[ended 130\]$/);
  },
});

Deno.test({
  ...needing("Ctrl-C answered with y cancels the run", missing),
  async fn() {
    await using stage = await aStage({ speed: 1 });
    await using terminal = await stage.open("run never-ending");
    await terminal.waitFor(/\([1-9]\d*s\)/);
    await terminal.keys("C-c");
    await terminal.waitFor(/Cancel it too\?/);
    await terminal.keys("y", "Enter");
    assert.match(await terminal.waitFor(/\[ended 130\]/), /Run never-ending-[a-z2-7]+ is being cancelled/);
    assert.equal(stage.simulator.received("cancel-run").length, 1);
  },
});

for (const [keys, count] of [[["Left", "Enter"], 1], [["Escape"], 0]] as const) {
  Deno.test({
    ...needing(`the question after Ctrl-C is a prompt: ${keys.join(", ")} cancels ${count} runs`, missing),
    async fn() {
      await using stage = await aStage({ speed: 1 });
      await using terminal = await stage.open("run never-ending");
      await terminal.waitFor(/\([1-9]\d*s\)/);
      await terminal.keys("C-c");
      await terminal.waitFor(/Cancel it too\?[^]*● No/);
      for (const key of keys) await terminal.keys(key);
      const screen = await terminal.waitFor(/\[ended 130\]/);
      // The answer that is shown is the one that counts.
      assert.match(screen, count === 0 ? /Cancel it too\?\n│ {2}No\n/ : /Cancel it too\?\n│ {2}Yes\n/);
      assert.equal(stage.simulator.received("cancel-run").length, count);
    },
  });
}

Deno.test({
  ...needing("Ctrl-C twice exits immediately and keeps the run", missing),
  async fn() {
    await using stage = await aStage({ speed: 1 });
    await using terminal = await stage.open("run never-ending");
    await terminal.waitFor(/\([1-9]\d*s\)/);
    await terminal.keys("C-c");
    await terminal.waitFor(/Cancel it too\?/);
    await terminal.keys("C-c");
    await terminal.waitFor(/\[ended 130\]/);
    assert.equal(stage.simulator.received("cancel-run").length, 0);
  },
});

Deno.test({
  ...needing("a second signal during the question leaves a usable terminal", missing),
  async fn() {
    await using stage = await aStage({ speed: 1 });
    await using terminal = await stage.open("run never-ending");
    await terminal.waitFor(/\([1-9]\d*s\)/);
    await terminal.keys("C-c");
    await terminal.waitFor(/Cancel it too\?[^]*● No/);
    assert.equal(await terminal.isCursorVisible(), false);
    await terminal.signal("INT");
    await terminal.waitFor(/^\[ended 130\]/m);
    assert.equal(await terminal.isCursorVisible(), true);
  },
});

Deno.test({
  ...needing("a second Ctrl-C during a batch leaves the prompt of the shell on a line of its own", missing),
  async fn() {
    await using stage = await aStage({ speed: 1 });
    await using terminal = await stage.open("run never-ending --matrix a=1,2");
    await terminal.waitFor(/2 running/);
    await terminal.keys("C-c");
    await terminal.waitFor(/Ctrl-C again to leave[^]*detach/);
    await terminal.keys("C-c");
    await terminal.waitFor(/^\[ended 130\]/m);
  },
});

Deno.test({
  ...needing("the live line fits a terminal of 40 columns", missing),
  async fn() {
    await using stage = await aStage({ speed: 4 });
    await using terminal = await stage.open(`${RUN} --poll-interval 200ms --max-poll-interval 200ms`, { columns: 40 });
    const screen = await terminal.waitFor(/Status: running\.\.\. \(\d+s\) {2}step/);
    // A wrapped line could not be cleared and would appear many times.
    assert.equal(screen.match(/Status: running/g)?.length, 1, screen);
    const later = await terminal.waitFor(/\(\d\ds\)/);
    assert.equal(later.match(/Status: running/g)?.length, 1, later);
  },
});

Deno.test({
  ...needing("the live line fits a terminal of 60 columns, however long and wide a step's name is", missing),
  async fn() {
    await using stage = await aStage({ speed: 4, workflows: { "wide": WIDE } });
    const args = "run wide --poll-interval 200ms --max-poll-interval 200ms";
    await using terminal = await stage.open(args, { columns: 60 });
    const screen = await terminal.waitFor(/Status: running\.\.\. \(\d+s\) {2}step .*…$/);
    assert.equal(screen.match(/Status: running/g)?.length, 1, screen);
    const later = await terminal.waitFor(/\((?:[4-9]|\d\d)s\)/);
    assert.equal(later.match(/Status: running/g)?.length, 1, later);
    // The ^C that the terminal echoes after a full line must not wrap it.
    await terminal.keys("C-c");
    await terminal.waitFor(/● No/);
    await terminal.keys("Enter");
    const last = await terminal.waitFor(/\[ended 130\]/);
    assert.ok(!last.includes("Status: running"), last);
  },
});

Deno.test({
  ...needing("NO_COLOR disables colors", missing),
  async fn() {
    await using stage = await aStage({ speed: 60 });
    await using terminal = await stage.open(RUN, { env: { NO_COLOR: "1" } });
    await terminal.waitFor(/\[ended 0\]/);
    assert.ok(!(await terminal.screen({ isStyled: true })).includes("\u001b["));
  },
});

for (const columns of [120, 80, 50]) {
  Deno.test({
    ...needing(
      `\`watch\` of several runs is one table with a summary at ${columns} columns, and Ctrl-C names all that continue`,
      missing,
    ),
    async fn() {
      await using stage = await aStage({ speed: 20, workflows: { "wide": WIDE } });
      const slugs = [await stage.start(), await stage.start("run wide"), await stage.start("run never-ending")]
        .map(({ slug }) => slug);
      const args = `watch ${slugs.join(" ")} --poll-interval 200ms --max-poll-interval 200ms`;
      await using terminal = await stage.open(args, { columns });
      const screen = await terminal.waitFor(/3 runs: .*1 completed/);
      // A line that wraps could not be cleared and would appear many times.
      assert.equal(screen.match(/RUN +STATUS/g)?.length, 1, screen);
      for (const slug of slugs) assert.equal(screen.split(slug).length, 2, screen);
      await terminal.keys("C-c");
      const last = await terminal.waitFor(/\[ended 130\]/);
      const text = last.replaceAll(/ *\\?\n */g, " ");
      assert.ok(!text.includes("RUN  "), last);
      assert.match(text, /Stopped waiting: 2 runs are still running: wide-[a-z2-7]+, never-ending-[a-z2-7]+/);
      assert.match(text, /pw-workflow-runner watch wide-[a-z2-7]+ never-ending-[a-z2-7]+/);
    },
  });
}

Deno.test({
  ...needing("`resume` shows several runs in one table like `watch`, and one run in a line like `run`", missing),
  async fn() {
    await using stage = await aStage({ speed: 4 });
    const { slug } = await stage.start("run never-ending");
    await using alone = await stage.open("resume --all --poll fixed");
    await alone.waitFor(/^Tracking run #1 {2}\(never-ending-[a-z2-7]+\)\n[^]*\n[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Status: running/);
    await alone.keys("C-c");
    assert.match(await alone.waitFor(/\[ended 130\]/), /Stopped waiting: run never-ending-/);
    const second = await stage.start();
    await using both = await stage.open("resume --all --poll fixed");
    const screen = await both.waitFor(/2 runs: .*1 completed/);
    for (const name of ["RUN  ", slug, second.slug]) assert.equal(screen.split(name).length, 2, screen);
    await both.keys("C-c");
    assert.match(await both.waitFor(/\[ended 130\]/), /Stopped waiting: run never-ending-/);
  },
});

for (const [from, to] of [[120, 50], [80, 60], [50, 120]] as const) {
  Deno.test({
    ...needing(`a terminal resized from ${from} to ${to} columns keeps nothing of the lines it showed before`, missing),
    async fn() {
      await using stage = await aStage({ speed: 20, workflows: { "wide": WIDE } });
      const slugs = [await stage.start("run wide"), await stage.start("run never-ending")].map(({ slug }) => slug);
      const args = `watch ${slugs.join(" ")} --poll-interval 200ms --max-poll-interval 200ms`;
      const command = `seq 30; '${Deno.execPath()}' run --no-prompt -A main.ts ${args}`;
      await using terminal = await stage.open("", { command, columns: from });
      await terminal.waitFor(/2 runs: .*2 running/);
      await terminal.resize(to);
      const later = await terminal.waitFor(to < 80 ? /RUN +STATUS +TOOK( +STEP)?$/m : /x{50}/);
      assert.match(later, /\n30\nRUN +STATUS/);
      assert.equal(later.match(/RUN +STATUS/g)?.length, 1, later);
      for (const slug of slugs) assert.equal(later.split(slug).length, 2, later);
      await terminal.keys("C-c");
      const last = await terminal.waitFor(/\[ended 130\]/);
      assert.match(last, /\n30\n✗ Stopped waiting/);
    },
  });
}

Deno.test({
  ...needing("a batch that was stopped with Ctrl-Z continues with `fg`: its table is whole, and its keys work", noJobs),
  async fn() {
    await using stage = await aStage({ speed: 1 });
    await using terminal = await stage.open("", { command: "PS1='$ ' bash --norc --noprofile -i" });
    const command = `'${Deno.execPath()}' run --no-prompt -A main.ts run never-ending --no-check --matrix a=1,2`;
    await terminal.keys(command, "Enter");
    await terminal.waitFor(/2 running[^]*\+\/- at once \(8\)$/);
    await terminal.keys("C-z");
    await terminal.waitFor(/at once \(8\)\n\[1\]\+ +Stopped[^]*\$$/);
    await terminal.keys("fg", "Enter");
    // Above, it stays as it was.
    await terminal.waitFor(/at once \(8\)\n\[1\]\+ +Stopped[^]*\$ fg\n[^]*2 running[^]*at once \(8\)$/);
    await terminal.keys("+");
    await terminal.waitFor(/at once \(9\)$/);
    await terminal.keys("q");
    await terminal.waitFor(/\$$/);
  },
});

Deno.test({
  ...needing("a batch in the background neither stops nor draws over the shell's prompt", noJobs),
  async fn() {
    await using stage = await aStage({ speed: 1 });
    await using terminal = await stage.open("", { command: "PS1='$ ' bash --norc --noprofile -i" });
    const command = `'${Deno.execPath()}' run --no-prompt -A main.ts run quick --no-check --matrix a=1,2 &`;
    await terminal.keys(command, "Enter");
    const screen = await terminal.waitFor(/2 rows: 2 completed/);
    assert.doesNotMatch(screen, /Stopped|q detach/);
    await terminal.keys("wait %1; echo ended $?", "Enter");
    await terminal.waitFor(/^ended 0$/m);
  },
});

Deno.test({
  ...needing("a dumb terminal gets a line per change, without colors or a line that is rewritten", missing),
  async fn() {
    await using stage = await aStage({ speed: 20 });
    const command = `TERM=dumb '${Deno.execPath()}' run --no-prompt -A main.ts ${RUN} --poll fixed`;
    await using terminal = await stage.open("", { command });
    await terminal.waitFor(/\[ended/);
    const screen = await terminal.screen({ isStyled: true });
    assert.match(screen, /Status: running\.\.\. .*step 2\/3/);
    assert.match(screen, /Workflow completed successfully/);
    // deno-lint-ignore no-control-regex -- an escape sequence starts with one
    assert.doesNotMatch(screen, /\u001b|[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/);
  },
});

for (
  const [args, answer] of [
    ["", /Usage\n {2}pw-workflow-runner COMMAND/],
    ["logs", /logs: missing argument RUN/],
    ["run required-inputs", /project +is required/],
  ] as const
) {
  Deno.test({
    ...needing(`a dumb terminal, where a prompt cannot be drawn, gets none: ${args || "no arguments"}`, missing),
    async fn() {
      await using stage = await aStage({ speed: 1 });
      const command = `TERM=dumb '${Deno.execPath()}' run --no-prompt -A main.ts ${args}`;
      await using terminal = await stage.open("", { command, rows: 120 });
      const screen = await terminal.waitFor(/\[ended 2\]/);
      assert.match(screen, answer);
      assert.doesNotMatch(screen, /◆/);
    },
  });
}

Deno.test({
  ...needing("`logs -f` shows new lines as they appear and ends with the run", missing),
  async fn() {
    await using stage = await aStage({ speed: 6 });
    const { slug } = await stage.start();
    await using terminal = await stage.open(`logs ${slug} -f`);
    const early = await terminal.waitFor(/==> hello › prepare <==/);
    assert.ok(!early.includes("[ended"), early);
    const screen = await terminal.waitFor(/\[ended 0\]/);
    assert.match(screen, /==> hello › run mpi <==[^]*==> hello › collect <==/);
  },
});

Deno.test({
  ...needing("control codes in text from a server do not affect the terminal", missing),
  async fn() {
    await using stage = await aStage({ speed: 60, workflows: { "evil": EVIL } });
    await using terminal = await stage.open("run evil; PW_LOG_LEVEL=INFO");
    const screen = await terminal.waitFor(/\[ended/);
    assert.match(screen, /Workflow failed/);
    assert.match(screen, /\\u001b|\\x1b|␛|\\e/i);
    assert.ok(!screen.includes("OWNED\n"), screen);
  },
});

Deno.test({
  ...needing("NAME=@- prompts for a secret without echo and submits it", missing),
  async fn() {
    await using stage = await aStage({ speed: 60 });
    await using terminal = await stage.open("run simulation-runner -i password=@- --no-wait");
    await terminal.waitFor(/password: *$/);
    await terminal.keys("hunter2x", "BSpace", "C-z", "Enter");
    const screen = await terminal.waitFor(/\[ended 0\]/);
    assert.ok(!screen.includes("hunter2"), screen);
    assert.equal(submittedTo(stage.simulator)[0]?.inputs.password, "hunter2");
  },
});

Deno.test({
  ...needing("a secret of several lines is refused at its prompt, and none of them reaches the shell", missing),
  async fn() {
    await using stage = await aStage({ speed: 60 });
    await using terminal = await stage.open("run simulation-runner -i password=@- --no-wait");
    await terminal.waitFor(/password: *$/);
    const lines = Array.from({ length: 90 }, (_, index) => `hunter-${index}-${"x".repeat(40)}\r`);
    await terminal.keys(lines.join(""));
    const screen = await terminal.waitFor(/\[ended 2\]/);
    assert.match(screen, /password: several lines were pasted[^]*password=@FILE/);
    assert.ok(!screen.includes("hunter"), screen);
    assert.equal(stage.simulator.received().length, 0);
  },
});

for (const [name, key] of [["Ctrl-C", "C-c"], ["Ctrl-D", "C-d"]] as const) {
  Deno.test({
    ...needing(`${name} at the prompt for a secret sends nothing`, missing),
    async fn() {
      await using stage = await aStage({ speed: 60 });
      await using terminal = await stage.open("run simulation-runner -i password=@- --no-wait");
      await terminal.waitFor(/password: *$/);
      await terminal.keys(key);
      await terminal.waitFor(/\[ended 130\]/);
      assert.equal(stage.simulator.received().length, 0);
    },
  });
}

const EVIL = {
  yaml: String.raw`jobs:
  main:
    steps:
      - name: "clear \e[2J\e[HOWNED"
        run: make
`,
  scenario: { "main/0": { fails: true } },
};

const WIDE = {
  yaml: `jobs:
  main:
    steps:
      - name: "✅⚡⏳ 数値 ${"x".repeat(60)}"
        run: work
`,
  scenario: { "main/0": { lasts: "forever" } },
};

async function aStage({ speed, workflows = {} }: { speed: number } & Pick<SimulatorOptions, "workflows">) {
  const simulator = await startSimulator({ clock: fastClock(systemClock, speed), workflows });
  const state = await emptyFolder();
  const env = { ...cacheEnv(), PW_API_KEY: simulator.key, PW_STATE_DIR: state.path };
  return {
    simulator,
    open: (args: string, options: Partial<TerminalOptions> = {}) =>
      openTerminal({
        command: `'${Deno.execPath()}' run --no-prompt -A main.ts ${args}`,
        cwd: ROOT,
        ...options,
        // The environment of the tests may set NO_COLOR.
        env: { ...env, NO_COLOR: "", ...options.env },
      }),
    async start(call: string = RUN) {
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "main.ts", ...call.split(" "), "--no-wait", "--json"],
        cwd: ROOT,
        env,
        stdin: "null",
        stderr: "null",
        signal: AbortSignal.timeout(30_000),
      }).output();
      assert.equal(code, 0);
      const result: { slug: string } = JSON.parse(new TextDecoder().decode(stdout));
      return result;
    },
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
    },
  };
}
