import assert from "node:assert/strict";
import { readArgv } from "../../lib/cli/argv.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { HELP_TOPICS, renderHelp, renderOverview, renderTopic } from "../../lib/cli/help.ts";
import { ENVIRONMENT } from "../../lib/cli/help_topics.ts";
import { styleFor } from "../../lib/cli/terminal/style.ts";
import { cliStage } from "../support/cli_stage.ts";
import { emptyFolder } from "../support/main_job.ts";

const style = styleFor(false);
const HELLO = await Deno.readTextFile(new URL("../../inputs/hello-world.json", import.meta.url));

for (const columns of [80, 50]) {
  for (const entry of COMMANDS) {
    Deno.test(`the help of ${entry.name} fits into ${columns} columns`, async () => {
      assertFits(renderHelp(entry, await entry.load(), { style, columns }), columns);
    });
  }
  Deno.test(`the overview and the help topics fit into ${columns} columns`, () => {
    assertFits(renderOverview({ style, columns }), columns);
    for (const topic of HELP_TOPICS) assertFits(renderTopic(topic, { style, columns }), columns);
  });
}

function assertFits(text: string, columns: number): void {
  for (const line of text.split("\n")) assert.ok(line.length <= columns, `${line.length}: ${line}`);
}

Deno.test("help is wrapped to the terminal, and never beyond 80 columns", async () => {
  await using stage = await cliStage();
  const narrow = await stage.call(["run", "--help"], { columns: 60 });
  const wide = await stage.call(["run", "--help"], { columns: 200 });
  const widest = (text: string) => Math.max(...text.split("\n").map((line) => line.length));
  assert.ok(widest(narrow.stdout) <= 60 && widest(wide.stdout) > 60 && widest(wide.stdout) <= 80);
});

Deno.test("the forms of a command are rows, and an indented paragraph keeps its lines", async () => {
  await using stage = await cliStage();
  const batch = (await stage.call(["batch", "--help"], { columns: 80 })).stdout;
  assert.match(batch, /^Actions\n {2}list +list the batches[^\n]*\n {2}status BATCH +show counts/m);
  const suite = (await stage.call(["test", "--help"], { columns: 80 })).stdout;
  assert.match(suite, /\n\n {2}version: 1\n {2}cases:\n {4}- name: hello runs\n/);
});

Deno.test("the help of run lists the options for several runs after those of one", async () => {
  await using stage = await cliStage();
  const { stdout } = await stage.call(["run", "--help"], { columns: 80 });
  const [, one = "", several = ""] = stdout.split(/^(?:Options|Several runs, .*|Common options)$/m);
  assert.match(one, /--on-timeout ACTION/);
  assert.doesNotMatch(one, /--(?:matrix|repeat|jobs|csv) /);
  assert.match(several, /^ {6}--matrix NAME=VALUES [^]*^ {6}--repeat N [^]*^ {2}-j, --jobs N [^]*^ {6}--csv FILE /m);
});

Deno.test("the help of watch and resume does not promise a question on Ctrl-C, which only run and rerun ask", async () => {
  const helps = COMMANDS.filter(({ name }) => ["run", "rerun", "watch", "resume"].includes(name)).map(async (entry) => {
    const help = renderHelp(entry, await entry.load(), { style, columns: 80 });
    const [, fallback = ""] = /--on-interrupt ACTION [^(]*\(default:? ([^)]*)\)/.exec(help) ?? [];
    return [entry.name, fallback.replaceAll(/\s+/g, " ")];
  });
  const asks = "ask at a terminal, otherwise keep";
  assert.deepEqual(Object.fromEntries(await Promise.all(helps)), {
    run: asks,
    rerun: asks,
    watch: "keep",
    resume: "keep",
  });
});

Deno.test("the overview lists commands, environment variables, exit codes and the documentation", () => {
  const text = renderOverview({ style, columns: 80 });
  for (const { name, summary } of COMMANDS) {
    assert.match(text, new RegExp(`^ {2}${name} +${summary.slice(0, 20)}`, "m"));
  }
  for (const name of Object.keys(ENVIRONMENT)) assert.match(text, new RegExp(`^ {2}${name} `, "m"));
  for (const code of ["0", "8", "124", "128 \\+ n"]) assert.match(text, new RegExp(`^ {2}${code} +\\S`, "m"));
  assert.match(text, /docs\//);
});

Deno.test("a topic has help, and a misspelled one a suggestion", async () => {
  await using stage = await cliStage();
  assert.match((await stage.call(["help", "environment"])).stdout, /^Environment variables\n {2}PW_API_KEY/);
  assert.match((await stage.call(["help", "exit-codes"])).stdout, /^Exit codes\n {2}0 /);
  assert.match((await stage.call(["help", "exit-code"])).stderr, /Did you mean "exit-codes"/);
});

for (const name of ["auth", "workspace", "completions", "inputs", "store"]) {
  Deno.test(`${name} without its argument lists the choices`, async () => {
    await using stage = await cliStage();
    const { code, stderr } = await stage.call([name]);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`${name}: missing argument (ACTION|SHELL): \\w+`));
  });
}

for (const name of ["demo", "simulate", "store", "completions", "history", "schedules"]) {
  Deno.test(`the help of ${name}, which does not connect, has no options for connecting, but accepts them`, async () => {
    const entry = COMMANDS.find((command) => command.name === name);
    assert.ok(entry !== undefined);
    const command = await entry.load();
    assert.doesNotMatch(renderHelp(entry, command, { style, columns: 80 }), /--context|--allow-host|--cacert/);
    const words = name === "store" ? ["copy", "a", "b"] : name === "completions" ? ["bash"] : [];
    readArgv(name, command.args, [...words, "--context", "work"]);
  });
}

/** Examples that end differently here, and why. */
const ENDS: Readonly<Record<string, number>> = {
  // The exit code is that of the run.
  errors: 1,
  // There is no such context.
  "auth status --offline --context": 4,
  // There is no file to copy.
  "store copy": 2,
};

Deno.test("every command has at least two examples", async () => {
  for (const { name, load } of COMMANDS) assert.ok(Object.keys((await load()).examples).length >= 2, name);
});

for (const { name, load } of COMMANDS) {
  // These serve until they are stopped, take seconds, read the folder or depend on the clock; other tests start them.
  if (["simulate", "demo", "schedules", "probe", "doctor", "test"].includes(name)) continue;
  const { examples } = await load();
  Deno.test(`the examples of ${name} work`, async () => {
    await using stage = await cliStage();
    await using home = await emptyFolder();
    const env = { HOME: home.path, SHELL: "/bin/bash", PW_RUN_URL: "https://{host}/{slug}" };
    await stage.call(["run", "hello-world", "-i", HELLO, "--poll-interval", "100ms"]);
    const context = {
      readTextFile: (path: string) => {
        const text = TEXTS[path.slice(path.lastIndexOf("."))];
        return text === undefined ? Promise.reject(missing(path)) : Promise.resolve(text);
      },
      appendFile: () => {},
      replaceFile: () => Promise.resolve(),
      checkReplaceable: () => Promise.resolve(),
      readLine: () => Promise.resolve("y"),
      stdin: { isTerminal: true, readText: () => Promise.resolve("{}") },
      checkNewFile: () => Promise.resolve(),
      writeNewFile: async (_path: string, text: string | ReadableStream<string>) => {
        if (typeof text !== "string") await Array.fromAsync(text);
      },
      runProgram: () =>
        Promise.resolve({ type: "ended", code: 0, stdout: `${home.path}/profile.ps1`, stderr: "" } as const),
    };
    for (const line of Object.keys(examples)) {
      const words = wordsOf(line);
      const { code, stderr } = await stage.call(words, { context, env });
      const expected = Object.entries(ENDS).find(([start]) => words.join(" ").startsWith(start))?.[1] ?? 0;
      assert.equal(code, expected, `${line}\n${stderr}`);
    }
  });
}

/** What the files of the examples hold, by extension. */
const TEXTS: Readonly<Record<string, string>> = {
  ".json": HELLO,
  ".csv": "hello.message\none\ntwo\n",
  ".yaml": "workflow: hello-world\nrows: [{ inputs: { hello: { message: one } } }]",
};

/** The words of the program's own call, without quotes and redirections. */
function wordsOf(line: string): string[] {
  const [, call = ""] = /pw-workflow-runner ((?:'[^']*'|[^|<>&)])*)/.exec(`${line} `) ?? [];
  return [...call.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

function missing(path: string): Error {
  return new Deno.errors.NotFound(path);
}
