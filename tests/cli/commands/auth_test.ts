/** Which credential real processes use, with a credentials file, a `.env` and the official CLI around. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../../lib/clock.ts";
import type { Simulator } from "../../../lib/simulator/simulator.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { type ProgramCall, runProgram } from "../../support/program.ts";

/** Two platforms. The credentials file has a context for each; `work` is the current one. */
async function aStage() {
  const folder = await emptyFolder();
  const clock = fastClock(systemClock, 60);
  const [work, other] = await Promise.all([startSimulator({ clock }), startSimulator({ clock })]);
  const [home, here, bin] = ["home", "here", "bin"].map((name) => `${folder.path}/${name}`);
  await Deno.mkdir(`${home}/.config/pw`, { recursive: true });
  await Deno.mkdir(here ?? "");
  await Deno.mkdir(bin ?? "");
  const path = `${home}/.config/pw/credentials`;
  const writeIdentities = (identities: object) =>
    Deno.writeTextFile(path, JSON.stringify({ currentIdentity: "work", identities }));
  await writeIdentities({ work: { apikey: work.key }, other: { apikey: other.key } });
  return {
    work,
    other,
    path,
    bin: bin ?? "",
    writeIdentities,
    writeDotenv: (text: string) => Deno.writeTextFile(`${here}/.env`, text),
    program: (args: readonly string[], { env, ...call }: Partial<ProgramCall> = {}) =>
      runProgram({
        cwd: here ?? "",
        ...call,
        args,
        env: { HOME: home ?? "", PATH: `${bin}:/usr/bin:/bin`, ...env },
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all([work[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

const hostOf = ({ url }: Simulator) => new URL(url).host;
const RUN = ["run", "quick", "-i", "password=hunter2", "--no-check", "--no-wait"];

Deno.test("a .env with a key for another host redirects no inputs, unless --allow-host names that host", async () => {
  await using stage = await aStage();
  await stage.writeDotenv(`PW_API_KEY=${stage.other.key}\n`);
  const refused = await stage.program(RUN);
  assert.equal(refused.code, 4);
  assert.ok(refused.stderr.includes(stage.other.url) && refused.stderr.includes(stage.work.url), refused.stderr);
  assert.deepEqual([stage.other.received(), stage.work.received()], [[], []]);

  const byContext = await stage.program([...RUN, "--context", "work"]);
  assert.equal(byContext.code, 0, byContext.stderr);
  assert.deepEqual([stage.other.received().length, stage.work.received("submit").length], [0, 1]);
  assert.ok(byContext.stderr.includes(`Submitting quick to ${hostOf(stage.work)} as demo...\n`), byContext.stderr);

  const allowed = await stage.program([...RUN, "--allow-host", stage.other.url]);
  assert.equal(allowed.code, 0, allowed.stderr);
  assert.equal(stage.other.received("submit").length, 1);
  assert.ok(allowed.stderr.includes(`Submitting quick to ${hostOf(stage.other)} as demo...\n`), allowed.stderr);
});

Deno.test("run --context with an unknown name submits nothing beside PW_API_KEY, and lists the contexts", async () => {
  await using stage = await aStage();
  const { code, stderr } = await stage.program([...RUN, "--context", "does-not-exist"], {
    env: { PW_API_KEY: stage.work.key },
  });
  assert.equal(code, 4);
  assert.match(stderr, /Cannot use context "does-not-exist"[^]*Available: work, other/);
  assert.deepEqual(stage.work.received(), []);
});

Deno.test("a refused key is named by its source", async () => {
  await using stage = await aStage();
  await stage.writeDotenv(`PW_API_KEY=${stage.work.keyFor("alice")}\n`);
  const ofFile = stage.work.keyFor("expired");
  stage.work.addFaults({ on: "list-workflows", status: 401 });
  const dotenv = await stage.program(["list"]);
  assert.equal(dotenv.code, 4);
  assert.match(dotenv.stderr, /Check the API key from \.env, or create a new one/);
  const environment = await stage.program(["list"], { env: { PW_API_KEY: ofFile } });
  assert.match(environment.stderr, /The key has expired: create a new one .*\(it comes from PW_API_KEY\)/);
  await stage.writeIdentities({ work: { apikey: ofFile } });
  const context = await stage.program(["list", "--context", "work"]);
  assert.ok(context.stderr.includes(`sign in again with \`pw auth\` (it comes from context work of ${stage.path})`));
});

Deno.test("auth status shows the key's source, host and user, and what is ignored", async () => {
  await using stage = await aStage();
  const text = await stage.program(["auth", "status"], { env: { PW_API_KEY: stage.other.keyFor("alice") } });
  assert.equal(text.code, 0, text.stderr);
  assert.equal(
    text.stdout,
    `✓ alice (Alice) of example-org on ${hostOf(stage.other)}\n` +
      "  API key from PW_API_KEY, expiration unknown\n  Ignored: current context work\n",
  );
  assert.equal(stage.other.received().length, 1);
  const { stdout } = await stage.program(["auth", "status", "--json", "--context", "other"]);
  assert.deepEqual(JSON.parse(stdout), {
    host: hostOf(stage.other),
    user: "demo",
    fullName: "Demo",
    organization: "example-org",
    credential: {
      type: "pwt",
      source: `context other of ${stage.path}`,
      expiresAt: null,
      ignored: ["current context work"],
    },
    exitCode: 0,
    kind: "completed",
    submitted: "no",
  });
  assert.ok(!(text.stdout + text.stderr + stdout).includes(stage.other.key.split(".")[1] ?? ""));
});

Deno.test("auth status --offline sends no request", async () => {
  await using stage = await aStage();
  const { code, stdout } = await stage.program(["auth", "status", "--offline"]);
  assert.equal(code, 0);
  assert.match(stdout, /^· 127\.0\.0\.1:\d+ \(the platform was not asked\)\n {2}API key from context work of /);
  assert.deepEqual(stage.work.received(), []);
});

Deno.test("auth status exits with 4 if the key is refused, or there is none", async () => {
  await using stage = await aStage();
  const refused = await stage.program(["auth", "status"], { env: { PW_API_KEY: stage.work.keyFor("expired") } });
  assert.equal(refused.code, 4);
  await Deno.remove(stage.path);
  const none = await stage.program(["auth", "status", "--offline"]);
  assert.equal(none.code, 4);
  assert.match(none.stderr, /PW_API_KEY \(not set\)/);
  assert.equal((await stage.program(["auth", "login"])).code, 2);
});

const EXPIRED = { expiresAt: "2026-01-01T00:00:00Z" };

Deno.test("an expired sign-in token is refused before it is sent where pw is not installed", async () => {
  await using stage = await aStage();
  await stage.writeIdentities({ work: { token: "pwoa_topsecret", server: stage.work.url, oauth: EXPIRED } });
  for (const args of [["list"], RUN, ["auth", "status", "--offline"]]) {
    const { code, stderr } = await stage.program(args);
    assert.equal(code, 4, stderr);
    assert.match(
      stderr,
      /context work of .*: its sign-in token expired \d.* ago\n.*`pw auth`.*where the program pw is/,
    );
    assert.ok(!stderr.includes("topsecret"));
  }
  assert.deepEqual(stage.work.received(), []);
});

Deno.test({
  name: "an expired sign-in token is renewed by the installed pw, without PW_API_KEY in its environment",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using stage = await aStage();
    await stage.writeIdentities({
      work: { apikey: stage.work.key },
      signed: { token: "pwoa_old", server: stage.work.url, oauth: EXPIRED },
    });
    const renewed = stage.work.keyFor("bob", "pwut");
    const answer = JSON.stringify({ access_token: renewed, token_type: "Bearer", expires_in: 3_600 });
    const script = `#!/bin/sh\necho "$@" >> '${stage.bin}/calls'\nenv > '${stage.bin}/env'\necho '${answer}'\n`;
    await Deno.writeTextFile(`${stage.bin}/pw`, script, { mode: 0o700 });
    const { code, stdout, stderr } = await stage.program(["run", "quick", "--context", "signed", "--no-history"], {
      env: { PW_API_KEY: stage.other.key },
    });
    assert.equal(code, 0, stderr);
    assert.ok(stderr.includes(`Submitting quick to ${hostOf(stage.work)} as bob...\n`), stderr);
    assert.ok(!(stdout + stderr).includes(renewed));
    assert.equal(stage.work.received("submit").length, 1);
    assert.deepEqual(stage.other.received(), []);
    // Once for all requests of the process.
    assert.equal(await Deno.readTextFile(`${stage.bin}/calls`), "auth token --print -o json --context signed\n");
    const env = await Deno.readTextFile(`${stage.bin}/env`);
    assert.match(env, /^HOME=/m);
    assert.doesNotMatch(env, /PW_API_KEY/);
  },
});
