import assert from "node:assert/strict";
import type { Context } from "../../../lib/cli/context.ts";
import { main } from "../../../lib/cli/program.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { aContext } from "../../support/cli_context.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { cacheEnv, runProgram } from "../../support/program.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { keptWriter } from "../../support/writer.ts";

for (
  const [args, lines] of [
    [["fish", "--", "sho"], /^show\twhat a workflow is/m],
    [["fish", "--", ""], /^help\t/m],
    [["fish", "--", "help", ""], /^run\tsubmit/m],
    [["fish", "--", "run", "'hel"], /^hello-world\tHello world$/m],
    [["zsh", "--", "run", "hel"], /^whole\thello-world\thello-world +-- Hello world$/m],
    [["zsh", "--", "run", "hello-world", "-i", ""], /^open\thello\.message=\thello\.message= +-- Message$/m],
    [["bash", "--", "pw-workflow-runner run hel", "=:"], /^hello-world $/],
    [["fish", "--", "run", "data-processor", "--preset", ""], /^small\t\nnightly\t$/],
    [["fish", "--", "run", "hello-world", "-i", "submit_to_scheduler="], /=true\t\nsubmit_to_scheduler=false\t$/],
    [["fish", "--", "runs", "hello-world", "--help"], /^--help\t/m],
    [["fish", "--", "--vers"], /^--version\t/m],
    [["fish", "--", "status", ""], /^hello-world-00046\thello-world#46 completed$[^]*^last\t/m],
    [["fish", "--", "cancel", ""], /^last\t.*$/],
    [["fish", "--", "completions", ""], /^bash\t\nzsh\t\nfish\t$/],
    [["zsh", "--", "run", "hello-world", "-i", "~/x"], /^:files$/],
    [["bash", "--", "pw-workflow-runner run x >o", "=:"], /^:files$/],
    [["bash", "--", "pw-workflow-runner show zzz", "=:"], /^$/],
    [["fish", "--", "no-such", ""], /^$/],
    [["fish"], /^$/],
    [["tcsh", "--", ""], /^$/],
    [[], /^$/],
  ] as const
) {
  Deno.test(`__complete ${args.join(" ")} answers ${lines}`, async () => {
    await using simulator = await startSimulator();
    const { code, stdout, stderr } = await answer(args, { env: envOf({ PW_API_KEY: simulator.key }), fetch });
    assert.match(stdout.trimEnd() === stdout ? stdout : stdout.replace(/\n$/, ""), lines);
    assert.deepEqual([code, stderr], [0, ""]);
  });
}

Deno.test("a second Tab asks nobody, and half a minute later the platform is asked again", async () => {
  await using simulator = await startSimulator();
  await using cache = await emptyFolder();
  const clock = virtualClock();
  const parts = { env: envOf({ PW_API_KEY: simulator.key, XDG_CACHE_HOME: cache.path }), fetch, clock };
  const first = await answer(["fish", "--", "run", ""], parts);
  const asked = simulator.received().length;
  assert.deepEqual(await answer(["fish", "--", "show", ""], parts), first);
  assert.equal(simulator.received().length, asked);
  clock.advance(30_000);
  await answer(["fish", "--", "run", ""], parts);
  assert.equal(simulator.received().length, 2 * asked);
});

Deno.test("another key is not shown what the first one may see", async () => {
  await using simulator = await startSimulator();
  await using cache = await emptyFolder();
  const env = (key: string) => envOf({ PW_API_KEY: key, XDG_CACHE_HOME: cache.path });
  await answer(["fish", "--", "run", ""], { env: env(simulator.key), fetch });
  const dead = () => Promise.reject(new TypeError("no network"));
  assert.equal(
    (await answer(["fish", "--", "run", ""], { env: env(simulator.keyFor("alice")), fetch: dead })).stdout,
    "",
  );
  assert.notEqual((await answer(["fish", "--", "run", ""], { env: env(simulator.key), fetch: dead })).stdout, "");
});

Deno.test("what is kept holds names, and neither the key nor what a preset holds", async () => {
  await using simulator = await startSimulator();
  await using cache = await emptyFolder();
  const env = envOf({ PW_API_KEY: simulator.key, XDG_CACHE_HOME: cache.path });
  await answer(["fish", "--", "run", "data-processor", "--preset", ""], { env, fetch });
  const text = await Deno.readTextFile(`${cache.path}/pw-workflow-runner/completions.json`);
  assert.match(text, /nightly/);
  assert.ok(!text.includes(simulator.key) && !text.includes(btoa(`${simulator.key}:`)));
  assert.ok(!text.includes("127.0.0.1"), text);
});

Deno.test("without a key nothing is printed, and a refused one is not complained about", async () => {
  await using simulator = await startSimulator();
  simulator.expireKeys("demo");
  for (const env of [envOf({}), envOf({ PW_API_KEY: "nonsense" }), envOf({ PW_API_KEY: simulator.key })]) {
    assert.deepEqual(await answer(["fish", "--", "run", ""], { env, fetch }), { code: 0, stdout: "", stderr: "" });
  }
});

Deno.test("a platform in trouble is asked once", async () => {
  await using simulator = await startSimulator({ faults: [{ on: "list-workflows", status: 503, times: Infinity }] });
  const { stdout } = await answer(["fish", "--", "run", ""], { env: envOf({ PW_API_KEY: simulator.key }), fetch });
  assert.deepEqual([stdout, simulator.received().length], ["", 1]);
});

Deno.test("what fails on the way is not told", async () => {
  const readTextFile = () => Promise.reject(new Error("the disk is gone"));
  const ending = await answer(["fish", "--", "run", ""], { mayRead: () => true, readTextFile });
  assert.deepEqual(ending, { code: 0, stdout: "", stderr: "" });
});

Deno.test("a platform that does not answer is waited for one and a half seconds", async () => {
  await using simulator = await startSimulator();
  const clock = virtualClock();
  const begun = Promise.withResolvers<void>();
  const hanging: typeof fetch = (_input, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      begun.resolve();
    });
  const startedMs = clock.now();
  const pending = answer(["fish", "--", "run", ""], {
    env: envOf({ PW_API_KEY: simulator.key }),
    fetch: hanging,
    clock,
  });
  await begun.promise;
  clock.advance(1_500);
  assert.deepEqual(await pending, { code: 0, stdout: "", stderr: "" });
  assert.equal(clock.now() - startedMs, 1_500);
});

Deno.test("--allow-host on an unfinished line sends the key nowhere else", async () => {
  await using simulator = await startSimulator();
  const asked: string[] = [];
  const env = envOf({ PW_API_KEY: simulator.key, PW_PLATFORM_HOST: "elsewhere.example" });
  const { stdout } = await answer(["fish", "--", "--allow-host", "elsewhere.example", "run", ""], {
    env,
    fetch: (input) => {
      asked.push(String(input));
      return Promise.reject(new TypeError("no network"));
    },
  });
  assert.deepEqual([stdout, asked], ["", []]);
});

Deno.test("identities of the credentials file are offered for --context, and the one that is given is used", async () => {
  await using simulator = await startSimulator();
  const file = JSON.stringify({ identities: { work: { apikey: simulator.key }, home: { apikey: "x" } } });
  const readTextFile = (path: string) =>
    path.endsWith("credentials") ? Promise.resolve(file) : Promise.reject(new Deno.errors.NotFound());
  const parts = { env: envOf({ HOME: "/none" }), fetch, readTextFile };
  assert.equal((await answer(["fish", "--", "run", "--context", ""], parts)).stdout, "work\t\nhome\t\n");
  const { stdout } = await answer(["fish", "--", "run", "--context", "work", ""], parts);
  assert.match(stdout, /^hello-world\t/m);
});

Deno.test("__complete is in no list of commands", async () => {
  const stdout = keptWriter();
  await main(aContext({ args: ["help"], stdout }));
  assert.match(stdout.text(), /^ {2}completions bash\|zsh\|fish +let a shell/m);
  assert.ok(!stdout.text().includes("__complete"));
});

Deno.test("the real program completes without a terminal, a platform or leave to ask for anything", async () => {
  const { code, stdout, stderr } = await runProgram({
    args: ["__complete", "fish", "--", "run", ""],
    env: { ...cacheEnv(), PW_API_KEY: "nonsense" },
  });
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
});

async function answer(args: readonly string[], parts: Partial<Context>) {
  const [stdout, stderr] = [keptWriter(), keptWriter()];
  const code = await main(aContext({ ...parts, args: ["__complete", ...args], stdout, stderr }));
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function envOf(env: Readonly<Record<string, string>>): Context["env"] {
  const variables = new Map(Object.entries(env));
  return (name) => variables.get(name);
}
