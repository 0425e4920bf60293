/** The program as one file, from a URL and with an empty cache: nothing else may be downloaded. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../lib/clock.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { cacheEnv } from "./support/cold_cache.ts";
import { type EmptyFolder, emptyFolder, machineEnv } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";
import { submittedTo } from "./support/received.ts";
import { openTerminal, tmuxMissing } from "./support/tmux.ts";

const ROOT = new URL("../", import.meta.url);
const DEADLINE_MS = 120_000;
/** Older bundlers take packages' builds for Node. */
const canBundle = !/^2\.[0-8]\./.test(Deno.version.deno);
const noTerminal = await tmuxMissing();

if (canBundle) {
  Deno.test("the single file runs from a URL: list, YAML inputs, .env, history, demo", async () => {
    await using stage = await aStage();
    const listed = await stage.run(["list", "--json"]);
    assert.equal(listed.code, 0, listed.stderr);
    assert.ok(JSON.parse(listed.stdout).length > 3);

    await Deno.writeTextFile(`${stage.folder}/hello.yaml`, "hello:\n  message: from YAML\nresource: a30gpuserver\n");
    await Deno.writeTextFile(`${stage.folder}/.env`, `PW_API_KEY='${stage.key}'\n`);
    const run = await stage.run(["run", "hello-world", "-i", "hello.yaml"], { PW_API_KEY: undefined });
    assert.match(run.stdout, /✓ Workflow completed successfully/, run.stderr);
    assert.equal(stage.submitted().length, 1);

    const history = await stage.run(["history", "--json"], { PW_API_KEY: undefined });
    assert.match(history.stdout, /"hello-world/, history.stderr);

    const demo = await stage.run(["demo"]);
    assert.match(demo.stdout, /✓ Workflow completed successfully/, demo.stderr);
  });

  Deno.test("the single file is ASCII: other characters would double what a start reads", async () => {
    const text = new TextDecoder().decode(await bundledFile());
    assert.deepEqual(text.match(/.{0,20}[^\0-\x7f]/g), null);
  });

  Deno.test("the single file begins with functions that each start calls, and that are compiled along with it", async () => {
    const text = new TextDecoder().decode(await bundledFile());
    const functions = text.match(/^var [\w$]+=\((async )?function\*? ?\(/gm) ?? [];
    assert.ok(functions.length > 100, `${functions.length}`);
  });

  Deno.test("the single file connects to PostgreSQL", async () => {
    await using stage = await aStage();
    const { code, stderr } = await stage.run(["history"], { PW_STORE_URL: "postgres://user@127.0.0.1:1/runs" });
    assert.equal(code, 8);
    assert.match(stderr, /Cannot use the run store postgres:\/\/127\.0\.0\.1:1\/runs: the connection was refused/);
  });

  Deno.test("the single file has no schedules of its own, and requests none", async () => {
    await using stage = await aStage();
    const { code, stderr } = await stage.run(["schedules"]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^✗ Cannot read schedules: functions\/schedules\.ts does not exist\n {2}Choose a file with --file$/m,
    );
    assert.deepEqual(stage.requested(), ["/program.js"]);
  });

  Deno.test({
    ...needing("the single file prompts at a terminal", noTerminal),
    async fn() {
      await using stage = await aStage();
      await using terminal = await openTerminal({
        command: `'${Deno.execPath()}' run -A ${stage.url}`,
        cwd: stage.folder,
        env: { ...stage.env, NO_COLOR: "1" },
        rows: 50,
      });
      await terminal.waitFor(/◆ {2}Select workflow/, { deadlineMs: 60_000 });
      await terminal.keys("quick", "Enter");
      await terminal.waitFor(/◆ {2}(?:How do you want|Submit quick\?)/);
      await terminal.keys("C-c");
      await terminal.waitFor(/\[ended 130\]/);
    },
  });
} else {
  Deno.test("an older Deno refuses to bundle one file", async () => {
    await using folder = await emptyFolder();
    const { code, stderr } = await bundle(`${folder.path}/program.js`);
    assert.equal(code, 1);
    assert.match(stderr, /^Cannot bundle one file with this Deno: .*use Deno 2\.9/);
  });
}

async function aStage() {
  const bundled = await bundledFile();
  const simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  const [cache, folder, home] = [await emptyFolder(), await emptyFolder(), await emptyFolder()];
  const requested: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    const { pathname } = new URL(url);
    requested.push(pathname);
    return pathname === "/program.js"
      ? new Response(bundled, { headers: { "content-type": "application/javascript" } })
      : new Response("Not found", { status: 404 });
  });
  const url = `http://127.0.0.1:${server.addr.port}/program.js`;
  const env = {
    ...machineEnv(),
    ...cacheEnv(cache.path),
    // Any package that is not in the file cannot be downloaded.
    NPM_CONFIG_REGISTRY: "http://127.0.0.1:1/",
    HOME: home.path,
    PW_API_KEY: simulator.key,
  };
  return {
    url,
    env,
    key: simulator.key,
    folder: folder.path,
    requested: () => requested,
    submitted: () => submittedTo(simulator),
    async run(args: readonly string[], changed: Readonly<Record<string, string | undefined>> = {}) {
      const all = Object.entries({ ...env, NO_COLOR: "1", ...changed });
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", url, ...args],
        cwd: folder.path,
        clearEnv: true,
        env: Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined)),
        stdin: "null",
        signal: AbortSignal.timeout(DEADLINE_MS),
      }).output();
      return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await simulator[Symbol.asyncDispose]();
      for (const each of [cache, folder, home]) await each[Symbol.asyncDispose]();
    },
  };
}

let bundling: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** Bundled once for all tests. */
function bundledFile(): Promise<Uint8Array<ArrayBuffer>> {
  return bundling ??= (async () => {
    await using folder: EmptyFolder = await emptyFolder();
    const { code, stderr } = await bundle(`${folder.path}/program.js`);
    assert.equal(code, 0, stderr);
    return await Deno.readFile(`${folder.path}/program.js`);
  })();
}

async function bundle(output: string): Promise<{ readonly code: number; readonly stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "--frozen", "--lock=tests/deno.lock", ".ci/bundle.ts", "--output", output],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}
