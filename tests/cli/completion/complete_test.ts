import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../../lib/clock.ts";
import type { Context } from "../../../lib/cli/context.ts";
import { runCommandLine } from "../../../lib/cli/program.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { keyFor } from "../../platform/support/servers.ts";
import { aContext } from "../../support/cli_context.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { cacheEnv, runProgram } from "../../support/program.ts";
import { openRunStore } from "../../support/run_store.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { bufferedWriter } from "../../support/writer.ts";

for (
  const [args, lines] of [
    [["fish", "--", "sho"], /^show\tShow a workflow/m],
    [["fish", "--", ""], /^help\t/m],
    [["fish", "--", "help", ""], /^run\tSubmit[^]*^exit-codes\tExit codes$/m],
    [["fish", "--", "run", "'hel"], /^hello-world\tHello world$/m],
    [["zsh", "--", "run", "hel"], /^full\thello-world\thello-world +-- Hello world$/m],
    [["zsh", "--", "run", "hello-world", "-i", ""], /^partial\thello\.message=\thello\.message= +-- Message$/m],
    [["bash", "--", "pw-workflow-runner run hel", "=:"], /^hello-world $/],
    [["fish", "--", "run", "data-processor", "--preset", ""], /^small\t\nnightly\t$/],
    [["fish", "--", "run", "hello-world", "-i", "submit_to_scheduler="], /=true\t\nsubmit_to_scheduler=false\t$/],
    [["fish", "--", "run", "hello-world", "-i", "resource="], /^resource=a30gpuserver\t$/],
    [["bash", "--", "pw-workflow-runner run hello-world -i hello.message=", "=:"], /^$/],
    [["bash", "--", "pw-workflow-runner run hello-world -i hello.message=~", "=:"], /^$/],
    [["bash", "--", "pw-workflow-runner run hello-world -i hello.message=@~/", "=:"], /^:files$/],
    [["fish", "--", "run", "hello-world", "--matrix", ""], /^(?![^]*deno\.json)[^]*^hello\.message=\t/m],
    [["fish", "--", "run", "hello-world", "--exclude", "hello"], /^hello\.message=\t/m],
    [
      ["fish", "--", "run", "hello-world", "--include", "submit_to_scheduler="],
      /=true\t\nsubmit_to_scheduler=false\t$/,
    ],
    [["bash", "--", "pw-workflow-runner run hello-world --matrix zzz", "=:"], /^$/],
    [["fish", "--", "runs", "hello-world", "--help"], /^--help\t/m],
    [["fish", "--", "--vers"], /^--version\t/m],
    [["fish", "--", "status", ""], /^hello-world-00046\thello-world#46 completed$[^]*^last\t/m],
    [["fish", "--", "cancel", ""], /^last\t.*$/],
    [["fish", "--", "completions", ""], /^bash\tprint .*\nzsh\t.*\nfish\t.*\npowershell\t.*\ninstall\tinstall /],
    [["fish", "--", "completions", "install", ""], /^bash\t\nzsh\t\nfish\t\npowershell\t$/],
    [["fish", "--", "batch", "s"], /^list\tlist the batches[^]*^set\tchange how many[^]*^deno\.json\t$/m],
    [["bash", "--", "pw-workflow-runner batch deno.js", "=:"], /^deno\.json $/],
    [["bash", "--", "pw-workflow-runner batch deno.json deno.js", "=:"], /^deno\.json $/],
    [["fish", "--", "batch", "deno.json", ""], /^(?![^]*\bset\t)[^]*\bdeno\.json\t/],
    [["fish", "--", "batch", "list", ""], /^(?![^]*(?:--workflow|deno\.json)\t)[^]*--json\t/],
    [["fish", "--", "batch", "set", "sweep", "--"], /^(?![^]*--workflow\t)[^]*--jobs\t/],
    [["fish", "--", "test", "history", "a", "--"], /^(?![^]*--tag\t)[^]*--metric\t[^]*--cacert\t/],
    [["fish", "--", "batch", "status", ""], /^$/],
    [["fish", "--", "test", ""], /^merge\tjoin [^]*^deno\.json\t$/m],
    [["fish", "--", "test", "merge", ""], /^(?![^]*\bmerge\t)[^]*\bdeno\.json\t/],
    [
      ["fish", "--", "test", "--report", ""],
      /^text\t[^]*^github\t[^]*^junit=\t[^]*^ctrf=\t[^]*^html=\t[^]*^markdown=\t/m,
    ],
    [["bash", "--", "pw-workflow-runner test --report ju", "=:"], /^junit=$/],
    [["zsh", "--", "test", "--report", ""], /^full\ttext\ttext [^]*^partial\tjunit=\tjunit= /m],
    [["fish", "--", "test", "--report", "junit=deno"], /^junit=deno\.json\t$/m],
    [["fish", "--", "test", "--report=html=deno"], /^--report=html=deno\.json\t$/m],
    [["fish", "--", "test", "--report", "text=deno"], /^(?![^]*deno\.json)/],
    [["fish", "--", "batch", "deno.json", "--report", ""], /^html=\t/],
    [["fish", "--", "run", "hello-world", "--retry-on", ""], /^infra\t.*\nany\t.*$/],
    [["fish", "--", "ls", "--fav"], /^--favorites\t/m],
    [["fish", "--", ""], /^version\t/m],
    [["powershell", "--", encoded("run", "hel")], /^hello-world\thello-world\tHello world$/],
    [["powershell", "--", encoded("run", "'hel")], /^hello-world\thello-world\tHello world$/],
    [["powershell", "--", encoded("run", "data-processor", "--preset=ni")], /^--preset=nightly\t--preset=nightly\t--/],
    [
      ["powershell", "--", encoded("run", "hello-world", "-i", "hello.mess")],
      /^hello\.message=\thello\.message=\tMessage$/,
    ],
    [["powershell", "--", encoded("show", "zzz")], /^$/],
    [["powershell", "--", encoded("run", "hello-world", "-i", "~/x")], /^$/],
    [["powershell", "--", encoded("")], /^list\tlist\tList workflows$/m],
    [["powershell", "--", "%%%"], /^$/],
    [["zsh", "--", "run", "hello-world", "-i", "~/x"], /^:files$/],
    [["bash", "--", "pw-workflow-runner run x >o", "=:"], /^:files$/],
    [["bash", "--", "pw-workflow-runner show zzz", "=:"], /^$/],
    [["fish", "--", "no-such", ""], /^$/],
    [["fish"], /^$/],
    [["tcsh", "--", ""], /^$/],
    [[], /^$/],
  ] as const
) {
  Deno.test(`__complete ${args.join(" ")} prints ${lines}`, async () => {
    await using simulator = await startSimulator();
    const { code, stdout, stderr } = await complete(args, { env: envOf({ PW_API_KEY: simulator.key }), fetch });
    assert.match(stdout.trimEnd() === stdout ? stdout : stdout.replace(/\n$/, ""), lines);
    assert.deepEqual([code, stderr], [0, ""]);
  });
}

function encoded(...words: readonly string[]): string {
  return btoa(words.join("\0"));
}

for (
  const [name, inserted] of [
    ["two words", "'two words'"],
    ["it's", "'it''s'"],
    ["$(calc)", "'$(calc)'"],
    ["a\u2019; calc", "'a\u2019\u2019; calc'"],
    ["a:b/c.d", "a:b/c.d"],
    ["日本", "'日本'"],
  ] as const
) {
  Deno.test(`__complete powershell inserts ${name} as ${inserted}`, async () => {
    await using simulator = await startSimulator({ workflows: { [name]: "jobs: {}\n" } });
    const parts = { env: envOf({ PW_API_KEY: simulator.key }), fetch };
    const { stdout } = await complete(["powershell", "--", encoded("show", "")], parts);
    assert.ok(stdout.includes(`${inserted}\t${name}\t`), stdout);
  });
}

Deno.test("after an action of batch, the batches of the local history are completed, the latest first", async () => {
  await using state = await emptyFolder();
  await using simulator = await startSimulator();
  const env = envOf({ PW_API_KEY: simulator.key, PW_STATE_DIR: state.path });
  const offline = () => Promise.reject(new TypeError("no network"));
  const typed = async (...words: readonly string[]) =>
    (await complete(["fish", "--", "batch", ...words, ""], { env, fetch: offline })).stdout;
  assert.equal(await typed("cancel"), "");
  assert.deepEqual(await Array.fromAsync(Deno.readDir(state.path)), [], "no store is created");
  await using store = openRunStore(`${state.path}/history.db`);
  const owner = { host: "h", user: "u" };
  for (const [index, name] of ["old", "two words", "suite"].entries()) {
    const batchId = name === "suite" ? "suite.a" : `batch-${index}`;
    await store.batches.put({ batchId, name, owner, createdAtMs: index, updatedAtMs: index }, []);
  }
  assert.equal(await typed("cancel"), "two words\t0 rows\nold\t0 rows\n");
  assert.match(await typed("cancel", "old"), /^--/, "one is all that it takes");
});

Deno.test("a second Tab sends no request until 30 seconds have passed", async () => {
  await using simulator = await startSimulator();
  await using cache = await emptyFolder();
  const clock = virtualClock();
  const parts = { env: envOf({ PW_API_KEY: simulator.key, XDG_CACHE_HOME: cache.path }), fetch, clock };
  const first = await complete(["fish", "--", "run", ""], parts);
  const requests = simulator.received().length;
  assert.deepEqual(await complete(["fish", "--", "show", ""], parts), first);
  assert.equal(simulator.received().length, requests);
  clock.advance(30_000);
  await complete(["fish", "--", "run", ""], parts);
  assert.equal(simulator.received().length, 2 * requests);
});

Deno.test("candidates cached for one key are not shown to another", async () => {
  await using simulator = await startSimulator();
  await using cache = await emptyFolder();
  const env = (key: string) => envOf({ PW_API_KEY: key, XDG_CACHE_HOME: cache.path });
  await complete(["fish", "--", "run", ""], { env: env(simulator.key), fetch });
  const offline = () => Promise.reject(new TypeError("no network"));
  assert.equal(
    (await complete(["fish", "--", "run", ""], { env: env(simulator.keyFor("alice")), fetch: offline })).stdout,
    "",
  );
  assert.notEqual((await complete(["fish", "--", "run", ""], { env: env(simulator.key), fetch: offline })).stdout, "");
});

Deno.test("the cache contains names, but no key, host or preset inputs", async () => {
  await using simulator = await startSimulator();
  await using cache = await emptyFolder();
  const env = envOf({ PW_API_KEY: simulator.key, XDG_CACHE_HOME: cache.path });
  await complete(["fish", "--", "run", "data-processor", "--preset", ""], { env, fetch });
  const text = await Deno.readTextFile(`${cache.path}/pw-workflow-runner/completions.json`);
  assert.match(text, /nightly/);
  assert.ok(!text.includes(simulator.key) && !text.includes(btoa(`${simulator.key}:`)));
  assert.ok(!text.includes("127.0.0.1"), text);
});

Deno.test("nothing is printed without a key, or with a malformed or refused key", async () => {
  await using simulator = await startSimulator();
  simulator.expireKeys("demo");
  for (const env of [envOf({}), envOf({ PW_API_KEY: "nonsense" }), envOf({ PW_API_KEY: simulator.key })]) {
    assert.deepEqual(await complete(["fish", "--", "run", ""], { env, fetch }), { code: 0, stdout: "", stderr: "" });
  }
});

Deno.test("a failed request is not retried", async () => {
  await using simulator = await startSimulator({ faults: [{ on: "list-workflows", status: 503, times: Infinity }] });
  const { stdout } = await complete(["fish", "--", "run", ""], { env: envOf({ PW_API_KEY: simulator.key }), fetch });
  assert.deepEqual([stdout, simulator.received().length], ["", 1]);
});

Deno.test("an unexpected error is not reported", async () => {
  const readTextFile = () => Promise.reject(new Error("the disk is gone"));
  const result = await complete(["fish", "--", "run", ""], { mayRead: () => true, readTextFile });
  assert.deepEqual(result, { code: 0, stdout: "", stderr: "" });
});

Deno.test("completion waits 1.5 seconds at most for the platform", async () => {
  await using simulator = await startSimulator();
  const clock = virtualClock();
  const requested = Promise.withResolvers<void>();
  const hanging: typeof fetch = (_input, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      requested.resolve();
    });
  const startedMs = clock.now();
  const pending = complete(["fish", "--", "run", ""], {
    env: envOf({ PW_API_KEY: simulator.key }),
    fetch: hanging,
    clock,
  });
  await requested.promise;
  clock.advance(1_500);
  assert.deepEqual(await pending, { code: 0, stdout: "", stderr: "" });
  assert.equal(clock.now() - startedMs, 1_500);
});

Deno.test("--allow-host on an unfinished line is ignored: the key is sent to no other host", async () => {
  await using simulator = await startSimulator();
  const urls: string[] = [];
  const env = envOf({ PW_API_KEY: simulator.key, PW_PLATFORM_HOST: "elsewhere.example" });
  const { stdout } = await complete(["fish", "--", "--allow-host", "elsewhere.example", "run", ""], {
    env,
    fetch: (input) => {
      urls.push(String(input));
      return Promise.reject(new TypeError("no network"));
    },
  });
  assert.deepEqual([stdout, urls], ["", []]);
});

Deno.test("Tab sends nothing with a key from .env for another host than the current context's", async () => {
  await using simulator = await startSimulator();
  const urls: string[] = [];
  const file = JSON.stringify({
    currentIdentity: "work",
    identities: { work: { apikey: keyFor("work.example.com") } },
  });
  const { stdout } = await complete(["fish", "--", "run", ""], {
    env: envOf({ HOME: "/home/demo" }),
    mayRead: () => true,
    readTextFile: (path) => Promise.resolve(path === ".env" ? `PW_API_KEY=${simulator.key}\n` : file),
    fetch: (input) => {
      urls.push(String(input));
      return Promise.reject(new TypeError("no network"));
    },
  });
  assert.deepEqual([stdout, urls], ["", []]);
});

for (
  const [what, read] of [
    ["cannot be read", () => Promise.reject(new Error("line 1 is not UTF-8"))],
    ["is not read soon, like a named pipe", () => new Promise<never>(() => {})],
  ] as const
) {
  Deno.test(`a .env file that ${what} leaves what needs no key`, async () => {
    const parts = { mayRead: () => true, readTextFile: read, clock: fastClock(systemClock, 100) };
    assert.match((await complete(["fish", "--", "sho"], parts)).stdout, /^show\tShow a workflow/m);
  });
}

Deno.test("--context completes the identities of the credentials file, and a typed one is used", async () => {
  await using simulator = await startSimulator();
  const file = JSON.stringify({ identities: { work: { apikey: simulator.key }, home: { apikey: "x" } } });
  const readTextFile = (path: string) =>
    path.endsWith("credentials") ? Promise.resolve(file) : Promise.reject(new Deno.errors.NotFound());
  const parts = { env: envOf({ HOME: "/none" }), fetch, readTextFile };
  assert.equal((await complete(["fish", "--", "run", "--context", ""], parts)).stdout, "work\t\nhome\t\n");
  const { stdout } = await complete(["fish", "--", "run", "--context", "work", ""], parts);
  assert.match(stdout, /^hello-world\t/m);
});

Deno.test("__complete does not appear in help", async () => {
  const stdout = bufferedWriter();
  await runCommandLine(aContext({ args: ["help"], stdout }));
  assert.match(stdout.text(), /^ {2}completions +Install shell completion/m);
  assert.ok(!stdout.text().includes("__complete"));
});

Deno.test("the real program completes without a terminal, a platform or permission prompts", async () => {
  const { code, stdout, stderr } = await runProgram({
    args: ["__complete", "fish", "--", "run", ""],
    env: { ...cacheEnv(), PW_API_KEY: "nonsense" },
  });
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
});

async function complete(args: readonly string[], parts: Partial<Context>) {
  const [stdout, stderr] = [bufferedWriter(), bufferedWriter()];
  const code = await runCommandLine(aContext({ ...parts, args: ["__complete", ...args], stdout, stderr }));
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function envOf(env: Readonly<Record<string, string>>): Context["env"] {
  const variables = new Map(Object.entries(env));
  return (name) => variables.get(name);
}
