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
const DEADLINE_MS = 60_000;

interface Server extends AsyncDisposable {
  readonly url: string;
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

Deno.test("deno task serve says at once what is missing", async () => {
  await using folder = await emptyFolder();
  const { code, said } = await ended(["--kv", `${folder.path}/kv`], { HOME: folder.path });
  assert.equal(code, 2);
  assert.match(said, /^✗ Cannot find a key/m);
  const wrong = await ended(["--sped", "3"], {});
  assert.equal(wrong.code, 2);
  assert.match(wrong.said, /Cannot tell what --sped means/);
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

async function serve(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Server> {
  const child = spawn(args, env);
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
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await drained;
      clearTimeout(deadline);
    },
  };
}

async function ended(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(args, env, "piped");
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const { code, stderr } = await child.output();
  clearTimeout(deadline);
  return { code, said: new TextDecoder().decode(stderr) };
}

function spawn(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stderr: "inherit" | "piped" = "inherit",
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...TASK, ...args],
    cwd: ROOT,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr,
  }).spawn();
}
