import assert from "node:assert/strict";
import type { Context } from "../../lib/cli/context.ts";
import { openCredential } from "../../lib/cli/open_client.ts";
import { createOutput } from "../../lib/cli/output.ts";
import type { LogLevel } from "../../lib/log.ts";
import { aContext } from "../support/cli_context.ts";
import { bufferedWriter } from "../support/writer.ts";

const key = (host: string) => `pwt_${btoa(host)}.topsecret`;
const FILE = "/home/demo/.config/pw/credentials";
const CONTENT = JSON.stringify({
  currentIdentity: "work",
  identities: { work: { apikey: key("work.example.com") }, other: { apikey: key("other.example.com") } },
});

/** A terminal whose current context is for work.example.com. */
function aTerminal(parts: Partial<Context>, { level = "INFO" as LogLevel, isTerminal = true } = {}) {
  const stderr = bufferedWriter({ isTerminal });
  const context = aContext({
    env: (name) => name === "HOME" ? "/home/demo" : undefined,
    stdin: { isTerminal, readText: () => assert.fail("stdin was read") },
    stderr,
    mayRead: () => true,
    readTextFile: (path) => path === FILE ? Promise.resolve(CONTENT) : Promise.reject(new Deno.errors.NotFound(path)),
    ...parts,
  });
  const output = createOutput(context, { mode: "text", level, color: "never" });
  return { open: (values = {}) => openCredential({ context, output, values }), stderr };
}

for (const [line, isUsed] of [["y", true], ["YES", true], ["", false], ["n", false], [null, false]] as const) {
  Deno.test(`a key from .env for another host is ${isUsed ? "used" : "refused"} after ${JSON.stringify(line)}`, async () => {
    const dotenvKey = key("evil.example.com");
    const { open, stderr } = aTerminal({ dotenvKey, readLine: () => Promise.resolve(line) });
    if (isUsed) assert.equal((await open()).host, "evil.example.com");
    else await assert.rejects(open(), { kind: "credential_refused" });
    assert.match(
      stderr.text(),
      /for https:\/\/evil\.example\.com, but your current context work is for https:\/\/work\./,
    );
    assert.match(stderr.text(), /Send requests and inputs to https:\/\/evil\.example\.com\? \[y\/N\]\n$/);
    assert.doesNotMatch(stderr.text(), /topsecret/);
  });
}

Deno.test("without a terminal, a key from .env for another host is refused without a question", async () => {
  const { open } = aTerminal({ dotenvKey: key("evil.example.com") }, { isTerminal: false });
  await assert.rejects(open(), { kind: "credential_refused", commandHint: /--allow-host evil\.example\.com/ });
});

Deno.test("what the used key hides is logged at DEBUG", async () => {
  const env = (name: string) => ({ HOME: "/home/demo", PW_API_KEY: key("env.example.com") })[name];
  const parts = { env, dotenvKey: key("work.example.com") };
  const debugging = aTerminal(parts, { level: "DEBUG" });
  await debugging.open({ context: "other" });
  assert.deepEqual(debugging.stderr.text().trimEnd().split("\n"), [
    `Using the API key from context other of ${FILE} for https://other.example.com`,
    `PW_API_KEY is ignored: context other of ${FILE} takes precedence`,
    `PW_API_KEY of .env is ignored: context other of ${FILE} takes precedence`,
    `current context work is ignored: context other of ${FILE} takes precedence`,
  ]);
  const quiet = aTerminal(parts);
  await quiet.open({ context: "other" });
  assert.equal(quiet.stderr.text(), "");
});

Deno.test("a credentials file that is ignored is a warning", async () => {
  const readTextFile = (path: string) =>
    path === FILE ? Promise.resolve("{") : Promise.reject(new Deno.errors.NotFound(path));
  const { open, stderr } = aTerminal({ dotenvKey: key("work.example.com"), readTextFile });
  assert.equal((await open()).source, ".env");
  assert.match(stderr.text(), /credentials is ignored: it is neither JSON nor YAML with identities\n$/);
});

Deno.test("with --context, PW_API_KEY is not read if that needs a permission prompt", async () => {
  const env = (name: string) =>
    name === "PW_API_KEY" ? assert.fail("it was read") : name === "HOME" ? "/home/demo" : undefined;
  const { open } = aTerminal({ env, mayReadEnv: (name) => name !== "PW_API_KEY" });
  assert.equal((await open({ context: "other" })).host, "other.example.com");
});
