/** The options of `simulate` change the platform that it serves. */

import assert from "node:assert/strict";
import type { StopSignal } from "../../../lib/cli/context.ts";
import { runCommandLine } from "../../../lib/cli/program.ts";
import { systemClock } from "../../../lib/clock.ts";
import { aContext } from "../../support/cli_context.ts";
import { freePort } from "../../support/free_port.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { bufferedWriter } from "../../support/writer.ts";

const RUNS = "/api/workflow-runs";
const LEGACY_RUNS = "/api/workflows/hello-world/runs";
const SUBMIT = { method: "POST", body: JSON.stringify({ workflow: "quick", inputs: {}, slug: "quick-chosen" }) };

Deno.test("simulate serves the current API by default", async () => {
  await using served = await simulate();
  assert.deepEqual(await served.statuses(RUNS, LEGACY_RUNS), [200, 404]);
});

Deno.test("simulate --api-version selects the routes", async () => {
  await using legacy = await simulate("--api-version", "legacy");
  assert.deepEqual(await legacy.statuses(RUNS, LEGACY_RUNS), [404, 405]);
  await using both = await simulate("--api-version", "both");
  assert.deepEqual(await both.statuses(RUNS, LEGACY_RUNS), [200, 405]);
});

Deno.test("simulate --port selects the port", async () => {
  const port = freePort();
  await using served = await simulate("--port", String(port));
  assert.equal(new URL(served.url).port, String(port));
});

Deno.test("simulate --behavior sets server behavior options", async () => {
  await using served = await simulate("--behavior", "maxLimit=2", "--behavior", "errorBody=envelope");
  const list = await (await served.request(`${RUNS}?limit=5`)).text();
  assert.equal([...list.matchAll(/"slug":/g)].length, 2, list);
  assert.match(await (await served.request(`${RUNS}/no-such-run`)).text(), /^\{"error"/);
});

Deno.test("simulate --fault injects a fault once", async () => {
  await using served = await simulate("--fault", '{"on":"list-runs","status":502}');
  assert.deepEqual(await served.statuses(RUNS, RUNS), [502, 200]);
});

Deno.test("simulate --slugs selects how requested slugs are handled", async () => {
  await using unique = await simulate();
  assert.equal(await statusOf(unique.request(RUNS, SUBMIT)), 200);
  await using refused = await simulate("--slugs", "refused");
  assert.equal(await statusOf(refused.request(RUNS, SUBMIT)), 422);
});

Deno.test("simulate --workflows serves the workflow files of a folder, and --scenario specifies what their steps do", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/mine.yaml`, "jobs: { main: { steps: [{ name: solve, run: solve }] } }");
  const scenario = { mine: { "main/solve": { lasts: "1h", logs: ["solving"] } } };
  await Deno.writeTextFile(`${folder.path}/scenario.json`, JSON.stringify(scenario));
  await using served = await simulate("--workflows", folder.path, "--scenario", `${folder.path}/scenario.json`);
  assert.match(await (await served.request("/api/workflows/mine/yaml")).text(), /name: solve/);
  const body = JSON.stringify({ workflow: "mine", slug: "mine-1" });
  assert.equal(await statusOf(served.request(RUNS, { method: "POST", body })), 200);
  const log = await served.request(`${RUNS}/mine-1/files?file=logs/main/step_0/logs.out`);
  assert.equal(await log.json(), "solving\n");
});

Deno.test("simulate --clusters serves these clusters instead of the samples, and resolves their names", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/clusters.yaml`;
  await Deno.writeTextFile(path, "narwhal: { schedulerType: pbs }\nplain: { type: existing, status: off }\n");
  await using served = await simulate("--clusters", path);
  const clusters: unknown = await (await served.request("/api/clusters")).json();
  assert.ok(Array.isArray(clusters));
  assert.deepEqual(clusters.map(({ name, schedulerType, type, status }) => [name, schedulerType, type, status]), [
    ["narwhal", "pbs", "existing", "active"],
    ["plain", "", "existing", "off"],
  ]);
  const submit = (resource: string, slug: string) => {
    const body = JSON.stringify({ workflow: "hello-world", slug, inputs: { resource, hello: { message: "x" } } });
    return served.request(RUNS, { method: "POST", body });
  };
  assert.equal(await statusOf(submit("narwhal", "one")), 200);
  assert.equal((await (await served.request(`${RUNS}/one`)).json()).inputs.resource.schedulerType, "pbs");
  assert.equal(await statusOf(submit("a30gpuserver", "two")), 400);
});

const INVALID: readonly (readonly [file: string, text: string, args: (path: string) => string[], RegExp])[] = [
  ["wrong.yaml", "- a list", (path) => ["--workflows", path], /workflow wrong must be a YAML mapping/],
  [
    "notes.txt",
    "",
    (path) => ["--workflows", path.replace(/\/[^/]*$/, "")],
    /there is no workflow file \(.yaml or .yml\) at this path/,
  ],
  ["one.json", '{"quick": []}', (path) => ["--scenario", path], /must be a JSON object of workflows/],
  [
    "twice.json",
    '{"quick": {"main/blink": {"lasts": "1s"},\n"main/blink": {"lasts": "2s"}}}',
    (path) => ["--scenario", path],
    /twice\.json:2 quick\["main\/blink"\] is given twice/,
  ],
  ["two.json", '{"nothing": {}}', (path) => ["--scenario", path], /no workflow of that name/],
  ["three.json", '{"quick": {"main/blink": {"lasts": "long"}}}', (path) => ["--scenario", path], /like 15s.*got long/],
  ["facts.yaml", "narwhal: pbs", (path) => ["--clusters", path], /narwhal must be an object, like/],
  [
    "fact.yaml",
    "narwhal: { scheduler: pbs }",
    (path) => ["--clusters", path],
    /unknown field of a cluster "scheduler"/,
  ],
  [
    "facts3.yaml",
    "a: pbs\nb: { scheduler: pbs, csp: 5 }\nc: [x]\n",
    (path) => ["--clusters", path],
    /a must be an object.*; b: unknown field .*"scheduler".*; b: csp must be a text: got 5; c must be an object/,
  ],
  [
    "facts4.yaml",
    "a: {}\na: {}\nb: {}\nb: {}\n",
    (path) => ["--clusters", path],
    /facts4\.yaml:2 a is given twice; .*facts4\.yaml:4 b is given twice$/m,
  ],
  [
    "list.yaml",
    "- narwhal",
    (path) => ["--clusters", path],
    /^✗ Cannot use --clusters: \S+list\.yaml must be an object at the top level/,
  ],
  ["four.json", '{"quick": {"main/blink": {"logs": 5}}}', (path) => ["--scenario", path], /logs must be a list/],
];

for (
  const [args, pattern] of [
    [["--behavior", "maxLimits=2"], /unknown server behavior option "maxLimits"\. Available: .*maxLimit/],
    [["--behavior", "slugs=odd"], /slugs must be one of unique, .*: got "odd"/],
    [["--behavior", "maxLimit=many"], /maxLimit must be a number: got "many"/],
    [["--behavior", "launchGapMs=5s"], /launchGapMs must be a number: got "5s"/],
    [["--fault", '{"on": "submti", "status": 500}'], /on must be .*submit.*: got "submti"/],
    [
      ["--fault", '{"on": "submti"}', "--fault", '{"on": "submit", "status": "500"}', "--behavior", "lag=1"],
      /option "lag".*got "submti".*got "500"/,
    ],
    [["--fault", '{"on": "submit", "statsu": 500}'], /unknown field of a fault "statsu"\. Available: .*status/],
    [["--fault", '{"on": "submit", "status": "500"}'], /status must be a number: got "500"/],
    [["--fault", '{"on": "submit", "times": -1}'], /times must be a number of at least 0: got -1/],
    [["--behavior", "maxLimit=-5"], /maxLimit must be a number of at least 0: got -5/],
    [["--fault", '{"on": "submit", "status": 9999}'], /status must be a status with a body, .*: got 9999/],
    [["--fault", '{"on": "submit", "statusAfterEffect": 204}'], /statusAfterEffect must be a status .*: got 204/],
    [["--fault", '{"on": "submit", "status": 503, "retryAfter": "1\\n2"}'], /retryAfter must be .*: got "1\\n2"/],
  ] as const
) {
  Deno.test(`simulate refuses ${args.join(" ")}`, async () => {
    const stderr = bufferedWriter();
    assert.equal(await runCommandLine(aContext({ args: ["simulate", ...args], stderr })), 2);
    assert.match(stderr.text(), pattern);
  });
}

for (const [file, text, args, pattern] of INVALID) {
  Deno.test(`simulate refuses ${file}: ${text}`, async () => {
    await using folder = await emptyFolder();
    const path = `${folder.path}/${file}`;
    await Deno.writeTextFile(path, text);
    const stderr = bufferedWriter();
    const code = await runCommandLine(
      aContext({ ...FILES, args: ["simulate", ...args(path)], clock: systemClock, stderr }),
    );
    assert.equal(code, 2);
    assert.match(stderr.text(), pattern);
  });
}

Deno.test("simulate -- COMMAND runs it with the key and the host, and ends with its exit code", async () => {
  const calls: unknown[] = [];
  const code = await runCommandLine(aContext({
    args: ["simulate", "--speed", "10", "--", "sh", "-c", "exit 7", "--port"],
    clock: systemClock,
    async runInForeground(command, env) {
      const response = await fetch(`${env["PW_PLATFORM_HOST"]}/api/auth/whoami`, {
        headers: { authorization: `Basic ${btoa(`${env["PW_API_KEY"]}:`)}` },
      });
      calls.push(command, await response.text());
      return 7;
    },
  }));
  assert.equal(code, 7);
  assert.deepEqual(calls, [["sh", "-c", "exit 7", "--port"], "user:demo"]);
});

Deno.test("the server's time under --speed is that of this machine, and runs take less of it", async () => {
  await using served = await simulate("--speed", "100000");
  const before = Date.now();
  await statusOf(served.request(RUNS, { method: "POST", body: JSON.stringify({ workflow: "quick", slug: "fast" }) }));
  const response = await served.request(`${RUNS}/hello-world-00046`);
  await response.body?.cancel();
  const response2 = await served.request(`${RUNS}/fast`);
  const { createdAt } = await response2.json();
  const dateMs = Date.parse(response.headers.get("date") ?? "");
  for (const instantMs of [dateMs, Date.parse(createdAt)]) {
    assert.ok(Math.abs(instantMs - before) < 60_000, `${instantMs - before} ms ahead`);
  }
});

const FILES = {
  readTextFile: (path: string) => Deno.readTextFile(path),
  async listFiles(folder: string, pattern: RegExp) {
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    return names.filter((name) => pattern.test(name)).map((name) => `${folder}/${name}`);
  },
};

async function statusOf(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

interface Served extends AsyncDisposable {
  readonly url: string;
  request(path: string, init?: RequestInit): Promise<Response>;
  /** The statuses of GET of these paths, one after the other. */
  statuses(...paths: readonly string[]): Promise<number[]>;
}

/** Runs the command in this process until disposed. */
async function simulate(...args: readonly string[]): Promise<Served> {
  const started = Promise.withResolvers<string>();
  let stop: (signal: StopSignal) => void = () => {};
  let key = "";
  const ended = runCommandLine(aContext({
    ...FILES,
    args: ["simulate", ...args],
    clock: systemClock,
    stdout: { ...bufferedWriter(), write: (text) => void (key += text) },
    stderr: {
      ...bufferedWriter(),
      write: (text) => started.resolve(/http:\S+/.exec(text)?.[0] ?? text),
    },
    onSignal(callback) {
      stop = callback;
      return { [Symbol.dispose]: () => {} };
    },
  }));
  const url = await started.promise;
  const authorization = `Basic ${btoa(`${key.replace("export PW_API_KEY=", "").trim()}:`)}`;
  const request = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { authorization, "content-type": "application/json" } });
  return {
    url,
    request,
    async statuses(...paths) {
      const statuses: number[] = [];
      for (const path of paths) {
        const response = await request(path);
        await response.body?.cancel();
        statuses.push(response.status);
      }
      return statuses;
    },
    async [Symbol.asyncDispose]() {
      stop("SIGINT");
      assert.equal(await ended, 0);
    },
  };
}
