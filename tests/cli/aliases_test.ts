/** The words that people bring from `pw`, `gh` and other tools. */

import assert from "node:assert/strict";
import { parse } from "../../lib/deps/yaml.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { cliStage } from "../support/cli_stage.ts";
import { submittedTo } from "../support/received.ts";

const FAST = ["--poll-interval", "100ms", "--max-poll-interval", "200ms"];

for (
  const [words, same] of [
    [["ls", "hel"], ["list", "hel"]],
    [["get", "hello-world"], ["show", "hello-world"]],
    [["view", "hello-world#46"], ["status", "hello-world#46"]],
    [["version"], ["--version"]],
    [["list", "-o", "json"], ["list", "--json"]],
    [["list", "-o", "text"], ["list"]],
    [["get", "hello-world", "-o", "yaml"], ["show", "hello-world", "--yaml"]],
    [["help", "ls"], ["help", "list"]],
  ] as const
) {
  Deno.test(`\`${words.join(" ")}\` prints the same as \`${same.join(" ")}\``, async () => {
    await using stage = await cliStage();
    const expected = await stage.call(same);
    assert.notEqual(expected.stdout, "");
    assert.deepEqual(await stage.call(words), expected);
  });
}

Deno.test("every command and alias has a name of its own", () => {
  const names = COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases]);
  assert.deepEqual(names, [...new Set(names)]);
});

Deno.test("help names the aliases of a command, and errors name the command", async () => {
  await using stage = await cliStage();
  assert.match((await stage.call(["help", "list"])).stdout, /^Alias: ls$/m);
  assert.match((await stage.call(["get"])).stderr, /^✗ show: missing argument WORKFLOW$/m);
});

Deno.test("-o yaml prints the values of --json as YAML, also of errors", async () => {
  await using stage = await cliStage();
  for (const args of [["list"], ["status", "hello-world#46"], ["show", "nope"], ["logs", "failing-step#1"]]) {
    const json = await stage.call([...args, "--json"]);
    const yaml = await stage.call([...args, "-o", "yaml"]);
    assert.deepEqual(parse(yaml.stdout), JSON.parse(json.stdout), yaml.stdout);
    assert.equal(yaml.code, json.code);
  }
  assert.match((await stage.call(["list", "-o", "yaml"])).stdout, /^- name: data-processor$/m);
  assert.match((await stage.call(["list", "-o", "xml"])).stderr, /--output: must be text, json or yaml: got "xml"/);
});

Deno.test("-o yaml keeps control characters as values", async () => {
  const text = "a\u202eb\u001b[31m";
  await using stage = await cliStage({ workflows: { [text]: "jobs: {}\n" } });
  const { stdout } = await stage.call(["list", "-o", "yaml"]);
  // deno-lint-ignore no-control-regex -- the characters must not be there
  assert.doesNotMatch(stdout, /\u202e|\u001b/);
  assert.ok(parse(stdout).some(({ name }: { readonly name: string }) => name === text), stdout);
});

Deno.test("inputs new -o still names a file", async () => {
  await using stage = await cliStage();
  const written: string[] = [];
  const writeNewFile = (path: string) => Promise.resolve(void written.push(path));
  const context = { checkNewFile: () => Promise.resolve(), writeNewFile };
  const { stdout } = await stage.call(["inputs", "new", "quick", "-o", "yaml"], { context });
  assert.deepEqual([written, stdout.startsWith("{")], [["yaml"], false]);
});

Deno.test("files -o names a file, also one with the name of a format", async () => {
  await using stage = await cliStage();
  const { code, stdout, stderr } = await stage.call(["files", "hello-world#46", "nope", "-o", "json"]);
  assert.deepEqual([code, stdout], [5, ""]);
  assert.match(stderr, /no such file/);
});

Deno.test("-v shows each request, -q only warnings, and the last of -v, -q and --log-level applies", async () => {
  await using stage = await cliStage();
  const run = ["run", "quick", ...FAST];
  assert.match((await stage.call(["-v", ...run])).stderr, /GET \/api\//);
  const quiet = await stage.call([...run, "-q"]);
  assert.deepEqual([quiet.code, quiet.stderr], [0, ""]);
  assert.match(quiet.stdout, /completed successfully/);
  assert.equal((await stage.call([...run, "-vq"])).stderr, "");
  assert.match((await stage.call([...run, "-q", "--log-level", "debug"])).stderr, /GET \/api\//);
});

Deno.test("-t is --timeout, and -p is -i", async () => {
  await using stage = await cliStage();
  assert.equal((await stage.call(["run", "never-ending", "-t", "5s", ...FAST])).code, 124);
  assert.equal((await stage.call(["run", "quick", "-p", "a=1", "-pb=2", "--no-check", "--no-wait"])).code, 0);
  assert.deepEqual(submittedTo(stage.simulator).at(-1)?.inputs, { a: 1, b: 2 });
});

for (
  const [args, use] of [
    [["run", "quick", "--inputs", "a.json"], /Use -i INPUTS instead of --inputs/],
    [["run", "quick", "--saved-inputs=nightly"], /Use --preset NAME instead of --saved-inputs/],
    [["run", "quick", "--no-watch"], /Use --no-wait instead of --no-watch/],
    [["run", "quick", "--param", "a=1"], /Use -p NAME=VALUE instead of --param/],
    [["run", "quick", "--inputs", "a.json", "--no-watch"], /Use -i INPUTS.*\n.*Use --no-wait/],
    [["list", "--platform-host", "a.example"], /Use the environment variable PW_PLATFORM_HOST/],
    [["watch", "x", "--cancel-after", "1h"], /Use --timeout TIME --on-timeout cancel/],
    [["runs", "-L", "3"], /Use --limit N instead of -L/],
    [["batch", "--matrix", "a=1"], /Use `pw-workflow-runner run WORKFLOW --matrix NAME=VALUES` instead of --matrix/],
    [["list", "-Z"], /^✗ Unknown option -Z\n {2}See `pw-workflow-runner list --help`\n$/],
    [["list", "--debug"], /Use -v instead of --debug/],
  ] as const
) {
  Deno.test(`\`${args.join(" ")}\` names what to use`, async () => {
    await using stage = await cliStage();
    const { code, stderr } = await stage.call(args);
    assert.equal(code, 2);
    assert.match(stderr, use);
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

Deno.test("an option of another tool is only suggested for a command that has it", async () => {
  await using stage = await cliStage();
  assert.doesNotMatch((await stage.call(["list", "--inputs", "a.json"])).stderr, /Use -i/);
});
