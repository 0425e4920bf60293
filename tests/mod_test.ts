/** Runs the examples in lib/mod.ts and docs/library.md, and uses the library as another folder does. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../lib/clock.ts";
import * as library from "../lib/mod.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { cacheEnv as coldCacheEnv, packagesMissing } from "./support/cold_cache.ts";
import { emptyFolder, machineEnv } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";
import { cacheEnv } from "./support/program.ts";
import { submittedTo } from "./support/received.ts";
import { serveCheckout } from "./support/serve_checkout.ts";

const ROOT = new URL("../", import.meta.url);
const missing = await packagesMissing();

Deno.test("the examples of lib/mod.ts run: a workflow with each status, and the names of all workflows", async () => {
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 10) });
  const text = await Deno.readTextFile(new URL("lib/mod.ts", ROOT));
  const examples = [...text.matchAll(/^ \* ```ts\n([^]*?)^ \* ```/gm)].map(([, code = ""]) => code);
  assert.equal(examples.length, 2);
  const { stdout } = await runElsewhere(examples.join("").replaceAll(/^ \* ?/gm, ""), { key: simulator.key });
  assert.match(stdout, /^(running \d.*\n)*completed \d.*\ncompleted\n/);
  assert.match(stdout, /^hello-world\n/m);
  assert.deepEqual(submittedTo(simulator)[0]?.inputs, { greeting: "hello" });
});

const ONE_CALL = `import { runWorkflow } from "./lib/mod.ts";
const { status, submitted } = await runWorkflow("quick", { inputs: { greeting: "hello" } });
console.log(status, submitted);
`;

Deno.test({
  ...needing("one call from another folder, by URL and with an empty cache, runs a workflow", missing),
  async fn() {
    await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
    await using sources = serveCheckout();
    await using cache = await emptyFolder();
    const permissions = [
      `--allow-import=${new URL(sources.url).host}`,
      `--allow-net=${new URL(simulator.url).host}`,
      "--allow-env=PW_API_KEY",
    ];
    const env = coldCacheEnv(cache.path);
    const { stdout } = await runElsewhere(ONE_CALL, { key: simulator.key, root: sources.url, env, permissions });
    const documentation = await Deno.readTextFile(new URL("docs/library.md", ROOT));
    for (const flag of permissions) assert.ok(documentation.includes(`\`${flag.split("=")[0]}\``), flag);
    assert.equal(stdout, "completed yes\n");
    assert.ok(sources.served.includes("lib/mod.ts"));
    assert.deepEqual(submittedTo(simulator).map(({ inputs }) => inputs), [{ greeting: "hello" }]);
  },
});

Deno.test("without an API key, the call names the places that it searched", async () => {
  const { stderr } = await runElsewhere(ONE_CALL, { key: "", expectedCode: 1 });
  assert.match(stderr, /CredentialError: Cannot find an API key: searched PW_API_KEY \(not set\)/);
});

Deno.test("an error of the inputs that is not caught is printed with every problem", async () => {
  await using simulator = await startSimulator();
  const code = `import { runWorkflow } from "./lib/mod.ts";
await runWorkflow("hello-world", { inputs: { hello: { message: [] }, slurm: { cpus_per_task: "many" } } });
`;
  const { stderr } = await runElsewhere(code, { key: simulator.key, expectedCode: 1 });
  assert.match(stderr, /InvalidInputs: Cannot run .*\n {2}slurm\.cpus_per_task .*many.*\n {2}hello\.message .*\n/);
});

Deno.test("a given store, clock and signal replace the defaults, and an undefined option does not", async () => {
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
  const credential = await library.findCredential({ env, readTextFile: Deno.readTextFile }, {});
  const parts = { clock: fastClock(systemClock, 10), random: Math.random, log: library.silentLog };
  const store = library.memoryRunStore();
  const deps = { ...parts, store, client: library.createClient({ ...parts, credential, fetch }) };
  assert.deepEqual(await library.defaultDeps(deps), deps);

  const result = await library.runWorkflow("quick", {
    deps: { ...deps, log: undefined },
    timeoutMs: undefined,
    pollInterval: undefined,
    idempotencyKey: { text: "once", policy: "attach", attempt: undefined },
    onStatus: undefined,
    onEvent: undefined,
  });
  assert.equal(result.status, "completed");
  const owner = { host: deps.client.host, user: "demo" };
  assert.equal((await store.findRun(owner, result.slug ?? ""))?.state, "finished");

  simulator.addFaults({ on: "get-workflow", status: 503, retryAfter: "15", times: Infinity });
  await assert.rejects(library.runWorkflow("quick", { deps, submitTimeoutMs: 2_000 }), { kind: "unavailable" });
  assert.equal(simulator.received("get-workflow").length, 2);

  const stopped = new Error("stopped");
  const call = library.runWorkflow("quick", { deps, signal: AbortSignal.abort(stopped) });
  await assert.rejects(call, (error) => error === stopped);
});

Deno.test("every method of the client works without options", async () => {
  await using simulator = await startSimulator();
  const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
  const credential = await library.findCredential({ env, readTextFile: Deno.readTextFile }, {});
  const client = library.createClient({
    clock: systemClock,
    random: Math.random,
    log: library.silentLog,
    credential,
    fetch,
  });
  const submission = { workflow: "quick", inputs: {}, slug: null, displayName: null, consent: null };
  assert.equal(await client.apiVersion(), "current");
  assert.equal((await client.whoAmI()).user, "demo");
  assert.ok((await client.listWorkflows()).length > 0);
  assert.equal((await client.getWorkflow("quick")).name, "quick");
  assert.match(await client.getWorkflowYaml("quick"), /jobs:/);
  await client.dryRun(submission);
  const response = await client.submit(submission);
  const slug = response.type === "accepted" ? response.run.slug ?? "" : assert.fail(response.type);
  assert.ok((await client.listRuns()).runs.some((run) => run.slug === slug));
  assert.equal((await client.getRun({ type: "slug", slug })).slug, slug);
  assert.equal(await client.readRunFile({ type: "slug", slug }, "no/such/file"), null);
  await client.cancelRun({ type: "slug", slug });
  assert.ok(Array.isArray(await client.listSessions()));
  assert.ok((await client.listClusters()).length > 0);
  assert.equal(await client.workspaceStatus(), "Running");
  await client.restartWorkspace();
});

const LIBRARY = await Deno.readTextFile(new URL("docs/library.md", ROOT));
const CODE = [...LIBRARY.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = ""]) => code).join("\n");

Deno.test("the code of docs/library.md runs unchanged", async () => {
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  // Makes console.assert() throw: by default, it only prints.
  const strict =
    "console.assert = (condition, message) => { if (!condition) throw new Error(message ?? 'Assertion failed'); };\n";
  await runElsewhere(strict + CODE, { key: simulator.key, permissions: ["-A", "--check"] });
});

Deno.test("docs/library.md mentions every export of the library", () => {
  const unmentioned = Object.keys(library).filter((name) => !new RegExp(`\\b${name}\\b`).test(LIBRARY));
  assert.deepEqual(unmentioned, []);
});

Deno.test("deno doc --lint finds no problems in the exports of deno.json", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  assert.deepEqual(Object.keys(exports), [".", "./functions", "./simulator"]);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...Object.values<string>(exports)],
    cwd: ROOT,
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
});

interface ElsewhereOptions {
  readonly key: string;
  /** What replaces `./` in the imports. By default the checkout's folder. */
  readonly root?: string;
  readonly env?: Record<string, string>;
  readonly permissions?: readonly string[];
  readonly expectedCode?: number;
}

/** Runs a program in an empty folder, which has no configuration. */
async function runElsewhere(
  code: string,
  { key, root = ROOT.href, env = cacheEnv(), permissions = ["-A"], expectedCode = 0 }: ElsewhereOptions,
) {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/own.ts`, code.replaceAll('from "./', `from "${root}`));
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, "own.ts"],
    cwd: folder.path,
    clearEnv: true,
    env: { ...machineEnv(), HOME: folder.path, ...env, NO_COLOR: "1", PW_API_KEY: key },
    stdin: "null",
    signal: AbortSignal.timeout(120_000),
  }).output();
  const [stdout = "", stderr = ""] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(output.code, expectedCode, stderr);
  return { stdout, stderr };
}
