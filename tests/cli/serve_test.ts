/** One's own server, as the guide starts it. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { cacheEnv } from "../support/program.ts";

const ROOT = new URL("../../", import.meta.url);
/** What `deno task serve` runs; the task runner itself would stand between us and the process. */
const TASK = await taskWords("serve");
const FULL = "full-key-0123456789";
const READ = "read-key-0123456789";
/** Of a host that nobody asks. */
const KEY = "pwt_YWN0aXZhdGUuZXhhbXBsZQ.abcdefghijklmnop";
const SOUND = { PW_API_KEY: KEY, PW_TRIGGER_KEY: FULL };
const DEADLINE_MS = 60_000;

interface Server extends AsyncDisposable {
  readonly url: string;
  /** Asks it to end, and answers with its exit code. */
  end(signal: Deno.Signal): Promise<number>;
}

Deno.test("deno task serve runs what is posted to it, and shows it on its page", async () => {
  await using folder = await emptyFolder();
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  const env = { PW_API_KEY: simulator.key, PW_TRIGGER_KEY: FULL, PW_READ_KEY: READ };
  await using server = await serve(["--port", "0", "--kv", `${folder.path}/schedules.kv`], env);
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
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test({
    name: `deno task serve told to end by ${signal} says first where the runs are that somebody waits for`,
    // A signal of another process is a plain kill there.
    ignore: Deno.build.os === "windows",
    async fn() {
      await using folder = await emptyFolder();
      const begun = Promise.withResolvers<void>();
      await using simulator = await startSimulator({
        onStep: (operation, step) => {
          if (operation === "submit" && step === "answered") begun.resolve();
        },
      });
      const env = { PW_API_KEY: simulator.key, PW_TRIGGER_KEY: FULL, HOME: folder.path };
      await using server = await serve(["--port", "0", "--kv", `${folder.path}/kv`], env);
      const waiting = fetch(`${server.url}/runs?wait=25s`, {
        method: "POST",
        headers: { "authorization": `Bearer ${FULL}`, "content-type": "application/json" },
        body: JSON.stringify({ workflow: "never-ending" }),
      });
      await begun.promise;
      assert.equal(await server.end(signal), 0);
      const answer = await waiting;
      assert.equal(answer.status, 202);
      assert.match((await answer.json()).location, /^\/runs\//);
    },
  });
}

for (
  const [what, args, env, said] of [
    ["a key to the platform", [], { PW_API_KEY: "" }, /^✗ Cannot find a key: .*\n {2}Create an API key/m],
    ["a key of the platform's form", [], { PW_API_KEY: "abc" }, /^✗ Cannot use the key .*\n {2}A key looks like/m],
    ["a store", ["--kv", "/dev/null/kv"], {}, /^✗ Cannot open the store \/dev\/null\/kv: /m],
    ["a full key long enough", [], { PW_TRIGGER_KEY: "short" }, /^✗ Cannot let anybody in: PW_TRIGGER_KEY is shorter/m],
    ["a reading key of its own", [], { PW_READ_KEY: FULL }, /^✗ Cannot let anybody in: PW_READ_KEY is the same/m],
    ["an address of this machine", ["--hostname", "192.0.2.1"], {}, /^✗ Cannot listen on 192\.0\.2\.1:\d+: /m],
    ["a port", ["--port", "65536"], {}, /^✗ --port must be a whole number from 0 to 65535: got "65536"/m],
    ["a whole port", ["--port", "80.5"], {}, /^✗ --port must be a whole number/m],
    ["a speed", ["--demo", "--speed", "0"], {}, /^✗ --speed must be a number above 0/m],
    ["an option that it knows", ["--sped", "3"], {}, /^✗ Cannot tell what --sped means/m],
  ] as const
) {
  Deno.test(`deno task serve says at once that it lacks ${what}`, async () => {
    await using folder = await emptyFolder();
    const given = { HOME: folder.path, PW_KV_PATH: `${folder.path}/kv`, ...SOUND, ...env };
    const outcome = await ended(args, given);
    assert.equal(outcome.code, 2);
    assert.match(outcome.said, said);
  });
}

Deno.test("deno task serve tells every mistake in the schedules, and the demo does without them", async () => {
  await using folder = await emptyFolder();
  const define = new URL("lib/scheduler/define.ts", ROOT).href;
  const specs = `[{ name: "a", cron: "61 * * * *", workflow: "quick" }, { name: "b", cron: "* * * * *" }]`;
  const wrong = `import { readSchedules } from "${define}";\nexport const schedules = readSchedules(${specs});\n`;
  await Deno.writeTextFile(`${folder.path}/schedules.ts`, wrong);
  const imports = {
    [new URL("functions/schedules.ts", ROOT).href]: new URL(`file://${folder.path}/schedules.ts`).href,
  };
  await Deno.writeTextFile(`${folder.path}/imports.json`, JSON.stringify({ imports }));
  const how = [`--import-map=${folder.path}/imports.json`];
  const env = { HOME: folder.path, PW_API_KEY: KEY, PW_KV_PATH: `${folder.path}/kv` };
  const { code, said } = await ended([], env, how);
  assert.equal(code, 2);
  assert.match(
    said,
    /^✗ Cannot use the schedules: 2 problems\n {2}schedules\[0\]\.cron .*\n {2}schedules\[1\]\.workflow/m,
  );
  await using server = await serve(["--demo", "--port", "0"], {}, how);
  await (await fetch(`${server.url}/healthz`)).body?.cancel();
});

Deno.test("deno task serve --help says how it is called", async () => {
  const { code, told } = await ended(["--help"], {});
  assert.equal(code, 0);
  assert.match(told, /^deno task serve \[--port N\]/);
});

Deno.test("deno task serve --demo keeps schedules of its own on a platform that runs fast", async () => {
  await using server = await serve(["--demo", "--speed", "600", "--port", "0"], {});
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

async function taskWords(name: string): Promise<readonly string[]> {
  const { tasks }: { tasks: Record<string, string> } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const [program, ...words] = (tasks[name] ?? "").split(" ");
  assert.equal(program, "deno");
  return words;
}

async function serve(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  how: readonly string[] = [],
): Promise<Server> {
  const child = spawn(args, env, { how });
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("Serving on")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`it ended: ${said}`);
    said += value;
  }
  const drained = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    url: /Serving on (\S+)/.exec(said)?.[1] ?? "",
    async end(signal) {
      child.kill(signal);
      return (await child.status).code;
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It has ended.
        if (!(error instanceof TypeError)) throw error;
      }
      await child.status;
      await drained;
      clearTimeout(deadline);
    },
  };
}

async function ended(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  how: readonly string[] = [],
) {
  const child = spawn(args, env, { stderr: "piped", how });
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(deadline);
  return { code, told: new TextDecoder().decode(stdout), said: new TextDecoder().decode(stderr) };
}

function spawn(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { stderr = "inherit", how }: {
    readonly stderr?: "inherit" | "piped";
    /** Options of the runtime, beside those of the task. */
    readonly how: readonly string[];
  },
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...TASK.slice(0, -1), ...how, ...TASK.slice(-1), ...args],
    cwd: ROOT,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr,
  }).spawn();
}
