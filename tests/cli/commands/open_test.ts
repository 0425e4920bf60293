import assert from "node:assert/strict";
import type { ProgramCall, ProgramResult } from "../../../lib/child_process.ts";
import { type CallOptions, cliStage } from "../../support/cli_stage.ts";

const ENDED: ProgramResult = { type: "ended", code: 0, stdout: "", stderr: "" };

/** A terminal whose browser answers with this result. */
function aBrowser(result: ProgramResult = ENDED) {
  const calls: ProgramCall[] = [];
  const at = (os: typeof Deno.build.os, template: string): CallOptions => ({
    isTerminal: true,
    // A path of Windows would be a name in the folder for temporary files.
    env: { PW_RUN_URL: template, PW_STORE_URL: "memory:" },
    context: { os, runProgram: (call) => Promise.resolve((calls.push(call), result)) },
  });
  return { calls, at };
}

for (
  const [os, command, args] of [
    ["linux", "xdg-open", []],
    ["darwin", "open", []],
    ["windows", "rundll32", ["url.dll,FileProtocolHandler"]],
  ] as const
) {
  Deno.test(`open starts the opener of ${os}, without the API key in its environment`, async () => {
    await using stage = await cliStage();
    const { calls, at } = aBrowser();
    const { code, stdout, stderr } = await stage.call(
      ["open", "hello-world#46"],
      at(os, "https://{host}/w/{workflow}/{number}?slug={slug}"),
    );
    const url = `https://${stage.owner.host}/w/hello-world/46?slug=hello-world-00046`;
    assert.deepEqual([code, stdout], [0, `${url}\n`]);
    assert.match(stderr, /Opening it in your browser/);
    assert.deepEqual(calls.map(({ command, args, withoutEnv }) => ({ command, args, withoutEnv })), [
      { command, args: [...args, url], withoutEnv: ["PW_API_KEY"] },
    ]);
  });
}

Deno.test("status --web opens the same page", async () => {
  await using stage = await cliStage();
  const { calls, at } = aBrowser();
  const options = at("linux", "https://a.example/{slug}");
  const opened = await stage.call(["open", "hello-world#46"], options);
  assert.deepEqual(await stage.call(["status", "hello-world", "46", "--web"], options), opened);
  assert.deepEqual(calls[0], calls[1]);
});

for (
  const [name, result, message] of [
    ["fails", { ...ENDED, code: 3 }, /No browser could be started/],
    ["is missing", { type: "not-found" }, /No browser could be started/],
    ["may not be started", { type: "denied" }, /No browser could be started/],
    ["runs in the foreground", { type: "timed-out" }, /Opening it in your browser/],
  ] as const
) {
  Deno.test(`open prints the address, also when the opener ${name}`, async () => {
    await using stage = await cliStage();
    const { at } = aBrowser(result);
    const end = await stage.call(["open", "hello-world#46"], at("linux", "https://a.example/{slug}"));
    assert.deepEqual([end.code, end.stdout], [0, "https://a.example/hello-world-00046\n"]);
    assert.match(end.stderr, message);
  });
}

Deno.test("open only prints the address without a terminal, and as JSON", async () => {
  await using stage = await cliStage();
  const env = { PW_RUN_URL: "https://a.example/{slug}" };
  const { stdout, stderr } = await stage.call(["open", "hello-world#46"], { env });
  assert.deepEqual([stdout, stderr], ["https://a.example/hello-world-00046\n", ""]);
  const { calls, at } = aBrowser();
  const json = await stage.call(["open", "hello-world#46", "--json"], at("linux", env.PW_RUN_URL));
  assert.equal(JSON.parse(json.stdout).url, "https://a.example/hello-world-00046");
  assert.deepEqual(calls, []);
});

Deno.test("the template of the host takes precedence over one for all, and --url over both", async () => {
  await using stage = await cliStage();
  const urlOf = async (PW_RUN_URL: string, ...args: readonly string[]) => {
    const { stdout, stderr } = await stage.call(["open", "hello-world#46", ...args], { env: { PW_RUN_URL } });
    return stdout.trim() || stderr;
  };
  const { host } = stage.owner;
  const all = `other.example=https://other/{slug} https://all/{slug} ${host}=https://own/{slug}`;
  assert.equal(await urlOf(all), "https://own/hello-world-00046");
  assert.equal(await urlOf("other.example=https://other/{slug} https://all/{slug}"), "https://all/hello-world-00046");
  assert.equal(await urlOf(all, "--url", "https://given/{number}"), "https://given/46");
  assert.match(await urlOf("other.example=https://other/{slug}"), /the address of its page is not known\n.*PW_RUN_URL/);
});

for (
  const [template, message] of [
    ["", /Cannot open a run of 127\.0\.0\.1:\d+: the address of its page is not known/],
    ["https://a.example/{id}", /it has the unknown placeholder \{id\}/],
    ["https://a.example/{toString}", /it has the unknown placeholder \{toString\}/],
    ["127.0.0.1=x", /the address of its page is not known/],
    ["https://", /not an address that begins with/],
    ["ftp://a.example/{slug}", /Cannot use the address ftp:\/\/a\.example\/\{slug\}: it is not an address that begins/],
    ["a.example/runs/{slug}", /Cannot use the address a\.example\/runs\/\{slug\}: it is not an address that begins/],
  ] as const
) {
  Deno.test(`open with the template ${JSON.stringify(template)} is a usage error`, async () => {
    await using stage = await cliStage();
    const { code, stdout, stderr } = await stage.call(["open", "hello-world#46"], { env: { PW_RUN_URL: template } });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, message);
  });
}

for (const template of ["file:///etc/{slug}", "javascript:{slug}", "--help", "{slug}"]) {
  Deno.test(`open --url ${template} opens nothing`, async () => {
    await using stage = await cliStage();
    const { calls, at } = aBrowser();
    const { code } = await stage.call(["open", "hello-world#46", `--url=${template}`], at("linux", ""));
    assert.deepEqual([code, calls], [2, []]);
  });
}

Deno.test("open escapes the names of a run", async () => {
  const workflow = "a/b c?d#e";
  await using stage = await cliStage({ workflows: { [workflow]: "jobs:\n  main:\n    steps:\n      - run: echo\n" } });
  const submitted = await stage.call(["run", workflow, "--no-wait"]);
  assert.equal(submitted.code, 0, submitted.stderr);
  const args = ["open", "last", "--url", "https://a.example/{workflow}/{number}"];
  const { stdout } = await stage.call(args);
  assert.equal(stdout, "https://a.example/a%2Fb%20c%3Fd%23e/1\n");
});

Deno.test("open of a run that does not exist is exit code 5", async () => {
  await using stage = await cliStage();
  const { code } = await stage.call(["open", "nope"], { env: { PW_RUN_URL: "https://a.example/{slug}" } });
  assert.equal(code, 5);
});
