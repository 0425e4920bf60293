/** `deno task serve` as a real process. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { readTickState } from "../../lib/scheduler/scheduler_store.ts";
import { openKv } from "../../lib/store/open_kv.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { mountMissing, readOnlyBind } from "../support/disks.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { needing } from "../support/needs.ts";
import { cacheEnv } from "../support/program.ts";

const ROOT = new URL("../../", import.meta.url);
/** The command of `deno task serve`; the task runner itself would not pass on signals. */
const TASK = await taskArguments("serve");
const FULL = "full-key-0123456789";
const READ = "read-key-0123456789";
/** For a host that receives no requests. */
const API_KEY = "pwt_YWN0aXZhdGUuZXhhbXBsZQ.abcdefghijklmnop";
const VALID_ENV = { PW_API_KEY: API_KEY, PW_TRIGGER_KEY: FULL };
const DEADLINE_MS = 60_000;

interface Server extends AsyncDisposable {
  readonly url: string;
  /** Sends the signal and returns the exit code. */
  stop(signal: Deno.Signal): Promise<number>;
}

Deno.test("deno task serve runs a posted submission and shows it on the status page", async () => {
  await using folder = await emptyFolder();
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  const env = { PW_API_KEY: simulator.key, PW_TRIGGER_KEY: FULL, PW_READ_KEY: READ };
  await using server = await serve(["--port", "0", "--store", `${folder.path}/schedules.db`], env);
  const post = () =>
    fetch(`${server.url}/runs?wait=20s`, {
      method: "POST",
      headers: {
        "authorization": `Bearer ${FULL}`,
        "content-type": "application/json",
        "idempotency-key": "build 4711",
      },
      body: JSON.stringify({ workflow: "quick" }),
    });
  const first = await post();
  assert.equal(first.status, 200);
  const { slug, status } = await first.json();
  assert.equal(status, "completed");
  assert.equal((await (await post()).json()).slug, slug);
  assert.equal(simulator.runs().length, 1);
  const page = await fetch(server.url, { headers: { authorization: `Basic ${btoa(`me:${READ}`)}` } });
  assert.match(await page.text(), /Workflow runs\s*<\/h1>/);
  const health = await fetch(`${server.url}/healthz`);
  assert.deepEqual(await health.json(), { status: "ok" });
  if (Deno.build.os !== "windows") {
    assert.equal(((await Deno.stat(`${folder.path}/schedules.db`)).mode ?? 0) & 0o777, 0o600);
  }
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test({
    name: `on ${signal}, deno task serve answers waiting requests with the location of their run`,
    // Windows cannot send signals to another process.
    ignore: Deno.build.os === "windows",
    async fn() {
      await using folder = await emptyFolder();
      const submitted = Promise.withResolvers<void>();
      await using simulator = await startSimulator({
        onStep: (operation, step) => {
          if (operation === "submit" && step === "responded") submitted.resolve();
        },
      });
      const env = { PW_API_KEY: simulator.key, PW_TRIGGER_KEY: FULL, HOME: folder.path };
      await using server = await serve(["--port", "0", "--store", `${folder.path}/db`], env);
      const waiting = fetch(`${server.url}/runs?wait=25s`, {
        method: "POST",
        headers: { "authorization": `Bearer ${FULL}`, "content-type": "application/json" },
        body: JSON.stringify({ workflow: "never-ending" }),
      });
      await submitted.promise;
      assert.equal(await server.stop(signal), 0);
      const response = await waiting;
      assert.equal(response.status, 202);
      const { location, slug } = await response.json();
      assert.match(location, /^\/runs\//);
      assert.match(slug, /^never-ending-/);
    },
  });
}

Deno.test({
  name:
    "on SIGTERM, deno task serve ends a tick that waits for the platform, releases its lock, and is gone within five seconds",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using folder = await emptyFolder();
    const arrived = Promise.withResolvers<void>();
    await using simulator = await startSimulator({
      faults: [{ on: "get-workflow", body: "slow", slowMs: 60_000 }],
      onStep: (operation, step) => {
        if (operation === "get-workflow" && step === "arrived") arrived.resolve();
      },
    });
    const path = `${folder.path}/db`;
    const entry = `${folder.path}/serve.ts`;
    const url = (file: string) => JSON.stringify(new URL(file, ROOT).href);
    await Deno.writeTextFile(
      entry,
      `import { runServer } from ${url("lib/cli/serve.ts")};
       import { defineSchedules } from ${url("lib/scheduler/define.ts")};
       import { host } from ${url("functions/host.ts")};
       const schedule = { name: "each", cron: "0 0 1 1 *", workflow: "quick" };
       await runServer(host, () => Promise.resolve(defineSchedules([schedule])));\n`,
    );
    const env = { PW_API_KEY: simulator.key, PW_TRIGGER_KEY: FULL, HOME: folder.path };
    await using server = await serve(["--port", "0", "--store", path], env, [], entry);
    const headers = { authorization: `Bearer ${FULL}` };
    const requested = fetch(`${server.url}/schedules/each/run`, { method: "POST", headers });
    await arrived.promise;
    const signaledMs = performance.now();
    assert.equal(await server.stop("SIGTERM"), 0);
    assert.ok(performance.now() - signaledMs < 5_000);
    const response = await requested;
    assert.equal(response.status, 202);
    assert.equal((await response.json()).state, "waiting");
    await using kv = openKv(path, { clock: systemClock, random: Math.random, onSetAside: null });
    assert.equal((await readTickState(kv)).lockedUntilMs, 0);
  },
});

for (
  const [what, args, env, message, exitCode = 2] of [
    ["an API key", [], { PW_API_KEY: "" }, /^✗ Cannot find an API key: .*\n {2}Create an API key/m, 4],
    [
      "a well-formed API key",
      [],
      { PW_API_KEY: "abc" },
      /^✗ Cannot use the API key .*\n {2}An API key has the form/m,
      4,
    ],
    ["a store that can be opened", ["--store", "/dev/null/db"], {}, /^✗ Cannot use .*\/dev\/null\/db: /m, 8],
    ["a known store", ["--store", "mysql://u:secret@host/db"], {}, /^✗ Unknown store "mysql:…"/m],
    ["a known store in PW_STORE_URL", [], { PW_STORE_URL: "mysql://u:secret@host/db" }, /^✗ Unknown store "mysql:…"/m],
    [
      "a trigger key that is long enough",
      [],
      { PW_TRIGGER_KEY: "short" },
      /^✗ Cannot configure access: PW_TRIGGER_KEY is shorter .*\n {2}`openssl rand/m,
    ],
    ["a separate read key", [], { PW_READ_KEY: FULL }, /^✗ Cannot configure access: PW_READ_KEY is the same/m],
    ["a local address", ["--hostname", "192.0.2.1"], {}, /^✗ Cannot listen on 192\.0\.2\.1:\d+: /m],
    ["a local IPv6 address", ["--hostname", "2001:db8::1"], {}, /^✗ Cannot listen on \[2001:db8::1\]:\d+: /m],
    ["a known name", ["--hostname", "x.invalid"], {}, /^✗ Cannot listen on x\.invalid:\d+: failed to lookup/m],
    ["a valid port", ["--port", "65536"], {}, /^✗ --port: must be a whole number from 0 to 65535: got "65536"/m],
    ["an integer port", ["--port", "80.5"], {}, /^✗ --port: must be a whole number/m],
    ["a valid speed", ["--demo", "--speed", "0"], {}, /^✗ --speed: must be a number greater than 0/m],
    ["a store that a demo uses", ["--demo", "--store", "runs.db"], {}, /^✗ Option --store has no effect with --demo/m],
    ["a known option", ["--sped", "3"], {}, /^✗ Unknown option --sped/m],
  ] as const
) {
  Deno.test(`deno task serve exits with an error without ${what}`, async () => {
    await using folder = await emptyFolder();
    const fullEnv = { HOME: folder.path, PW_STORE_URL: `${folder.path}/db`, ...VALID_ENV, ...env };
    const result = await runToEnd(args, fullEnv);
    assert.equal(result.code, exitCode);
    assert.match(result.stderr, message);
  });
}

Deno.test({
  ...needing("deno task serve exits with an error without a store that can be written", await mountMissing()),
  async fn() {
    await using folder = await emptyFolder();
    const store = `${folder.path}/schedules.db`;
    {
      await using kv = openKv(store, { clock: systemClock, random: Math.random, onSetAside: null });
      await kv.atomic().set(["a"], 1).commit();
    }
    await using _bound = await readOnlyBind(folder.path);
    const { code, stderr } = await runToEnd(["--port", "0", "--store", store], VALID_ENV);
    assert.equal(code, 8);
    assert.match(
      stderr,
      /^✗ Cannot use the run store at \S+: the disk is read-only\n {2}Use a folder on another disk/m,
    );
  },
});

Deno.test("deno task serve --help fits 80 columns", async () => {
  const { code, stdout } = await runToEnd(["--help"], {});
  assert.equal(code, 0);
  assert.match(stdout, /PW_TRIGGER_KEY[^]*postgres:/);
  assert.deepEqual(stdout.split("\n").filter((line) => line.length > 80), []);
});

const DEFINE = new URL("lib/scheduler/define.ts", ROOT).href;

/** Runs the server with this text as its schedules file. */
async function withSchedules(text: string, folder: string): Promise<readonly string[]> {
  await Deno.writeTextFile(`${folder}/schedules.ts`, text);
  const imports = { [new URL("functions/schedules.ts", ROOT).href]: new URL(`file://${folder}/schedules.ts`).href };
  await Deno.writeTextFile(`${folder}/imports.json`, JSON.stringify({ imports }));
  return [`--import-map=${folder}/imports.json`];
}

for (
  const [text, message] of [
    [`import { defineAll } from "${DEFINE}"; defineAll();`, /does not provide an export named 'defineAll'/],
    ["export const nightly = [];", /schedules {2}must be a list/],
    [`throw new Error("no settings\\n  in the environment");`, /schedules\.ts: no settings\n/],
    [
      "export const schedules = [",
      /schedules\.ts: (?:SyntaxError: Expression expected|The module's source code could not be parsed)/,
    ],
  ] as const
) {
  Deno.test(`a schedules file with the text ${text} is an error of the file`, async () => {
    await using folder = await emptyFolder();
    const env = { HOME: folder.path, PW_API_KEY: API_KEY, PW_STORE_URL: `${folder.path}/db` };
    const { code, stderr } = await runToEnd([], env, await withSchedules(text, folder.path));
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^✗ Cannot (?:read functions\/schedules\.ts|use the schedules): /m);
    assert.match(stderr, message);
  });
}

Deno.test("deno task serve reports every problem in the schedules file; --demo does not read it", async () => {
  await using folder = await emptyFolder();
  const specs = `[{ name: "a", cron: "61 * * * *", workflow: "quick" }, { name: "b", cron: "* * * * *" }]`;
  const invalid = `import { readSchedules } from "${DEFINE}";\nexport const schedules = readSchedules(${specs});\n`;
  const runtimeArgs = await withSchedules(invalid, folder.path);
  const env = { HOME: folder.path, PW_API_KEY: API_KEY, PW_STORE_URL: `${folder.path}/db` };
  const { code, stderr } = await runToEnd([], env, runtimeArgs);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^✗ Cannot use the schedules: 2 problems\n {2}schedules\[0\]\.cron .*\n {2}schedules\[1\]\.workflow/m,
  );
  await using server = await serve(["--demo", "--port", "0"], {}, runtimeArgs);
  await (await fetch(`${server.url}/healthz`)).body?.cancel();
});

Deno.test("deno task serve keeps schedules.db in the working folder", async () => {
  await using folder = await emptyFolder();
  const child = spawn(["--port", "0"], { ...VALID_ENV, HOME: folder.path }, { runtimeArgs: [], cwd: folder.path });
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGKILL");
  await child.status;
  clearTimeout(deadline);
  await reader.cancel();
  assert.ok((await Deno.stat(`${folder.path}/schedules.db`)).isFile);
});

Deno.test("deno task serve --help prints the usage", async () => {
  const { code, stdout } = await runToEnd(["--help"], {});
  assert.equal(code, 0);
  assert.match(stdout, /^deno task serve \[--port N\]/);
});

Deno.test("deno task serve --demo runs its own schedules on a fast simulated platform, with the keys that it logs", async () => {
  await using server = await serve(["--demo", "--speed", "600", "--port", "0"], {
    PW_TRIGGER_KEY: FULL,
    PW_READ_KEY: READ,
  });
  const headers = { authorization: "Bearer demo-reading-key" };
  const endMs = Date.now() + 30_000;
  let results: { status: string }[] = [];
  while (!results.some(({ status }) => status === "completed") && Date.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { schedules } = await (await fetch(`${server.url}/schedules`, { headers })).json();
    results = schedules[0].results;
  }
  assert.ok(results.some(({ status }) => status === "completed"), JSON.stringify(results));
});

async function taskArguments(name: string): Promise<readonly string[]> {
  const { tasks }: { tasks: Record<string, string> } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const [program, ...args] = (tasks[name] ?? "").split(" ");
  assert.equal(program, "deno");
  return args;
}

async function serve(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  runtimeArgs: readonly string[] = [],
  entry?: string,
): Promise<Server> {
  const child = spawn(args, env, { runtimeArgs, entry });
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let output = "";
  while (!output.includes("Serving on")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the server exited: ${output}`);
    output += value;
  }
  const drained = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    url: /Serving on (\S+)/.exec(output)?.[1] ?? "",
    async stop(signal) {
      child.kill(signal);
      return (await child.status).code;
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // The process has already exited.
        if (!(error instanceof TypeError)) throw error;
      }
      await child.status;
      await drained;
      clearTimeout(deadline);
    },
  };
}

/** The task's files are in the project's folder. */
function absolute(arg: string): string {
  const [, option = "", path] = /^(--lock=)?(deno\.lock|functions\/serve\.ts)$/.exec(arg) ?? [];
  return path === undefined ? arg : option + new URL(path, ROOT).pathname;
}

async function runToEnd(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  runtimeArgs: readonly string[] = [],
) {
  const child = spawn(args, env, { stderr: "piped", runtimeArgs });
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(deadline);
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

function spawn(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { stderr = "inherit", runtimeArgs, cwd = ROOT, entry = TASK.at(-1) ?? "" }: {
    readonly cwd?: string | URL;
    readonly entry?: string | undefined;
    readonly stderr?: "inherit" | "piped";
    /** Options for Deno, in addition to those of the task. */
    readonly runtimeArgs: readonly string[];
  },
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...[...TASK.slice(0, -1), ...runtimeArgs, entry].map(absolute), ...args],
    cwd,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr,
  }).spawn();
}
