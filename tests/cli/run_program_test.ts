import assert from "node:assert/strict";
import { runIsolated, runProgram } from "../../lib/cli/run_program.ts";
import { emptyFolder } from "../support/main_job.ts";

const ignore = Deno.build.os === "windows";

async function withPath<T>(path: string, run: () => Promise<T>): Promise<T> {
  const before = Deno.env.get("PATH") ?? "";
  Deno.env.set("PATH", path);
  try {
    return await run();
  } finally {
    Deno.env.set("PATH", before);
  }
}

async function aProgram(folder: string, script: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/pw-fake`, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
}

const call = { command: "pw-fake", args: ["a b", "$c"], withoutEnv: ["PW_TEST_HIDDEN"], timeoutMs: 10_000 };

Deno.test({
  name: "runProgram() passes arguments unchanged, leaves variables out, and returns both outputs",
  ignore,
  async fn() {
    await using folder = await emptyFolder();
    await aProgram(folder.path, 'echo "$1|$2|$PW_TEST_HIDDEN|$PW_TEST_SHOWN"; echo problem >&2; exit 3');
    Deno.env.set("PW_TEST_HIDDEN", "hidden");
    Deno.env.set("PW_TEST_SHOWN", "shown");
    try {
      const result = await withPath(`${folder.path}:/usr/bin:/bin`, () => runProgram(call));
      assert.deepEqual(result, { type: "ended", code: 3, stdout: "a b|$c||shown\n", stderr: "problem\n" });
    } finally {
      Deno.env.delete("PW_TEST_HIDDEN");
      Deno.env.delete("PW_TEST_SHOWN");
    }
  },
});

Deno.test({
  name: "runProgram() kills a program at its deadline, and does not wait for its children",
  ignore,
  // The pipes of the killed program stay open until its child ends.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using folder = await emptyFolder();
    await aProgram(folder.path, "sleep 3; echo late");
    const startedMs = performance.now();
    const result = await withPath(
      `${folder.path}:/usr/bin:/bin`,
      () => runProgram({ ...call, timeoutMs: 200 }),
    );
    assert.deepEqual(result, { type: "timed-out" });
    assert.ok(performance.now() - startedMs < 2_500);
  },
});

Deno.test({
  name: "a program that has ended, and whose child keeps its output open, is not waited for either",
  ignore,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using folder = await emptyFolder();
    await aProgram(folder.path, "sleep 3 &");
    const startedMs = performance.now();
    const command = [`${folder.path}/pw-fake`];
    const isolated = { command, stdin: "", env: { PATH: "/usr/bin:/bin" }, folder: folder.path };
    const signal = AbortSignal.timeout(200);
    await assert.rejects(runIsolated({ ...isolated, timeoutMs: 10_000, signal }), (error) => error === signal.reason);
    const ended = await runIsolated({ ...isolated, timeoutMs: 200, signal: new AbortController().signal });
    assert.deepEqual(ended, { type: "timed-out" });
    assert.ok(performance.now() - startedMs < 2_500);
  },
});

Deno.test({
  name: "runIsolated() ends soon after its program, whose child keeps its output open, and leaves the child running",
  ignore,
  async fn() {
    const command = ["sh", "-c", "sleep 100 & echo $!; echo problem >&2; exit 3"];
    const signal = new AbortController().signal;
    const env = { PATH: "/usr/bin:/bin" };
    const ended = await runIsolated({ command, stdin: "", env, folder: ".", timeoutMs: 60_000, signal });
    assert.ok(ended.type === "ended");
    // Fails if there is no such process.
    Deno.kill(Number(ended.stdout), "SIGKILL");
    assert.deepEqual([ended.code, ended.stderr], [3, "problem\n"]);
  },
});

for (const run of ["inherit" as const, ["sh"]]) {
  for (const end of ["deadline", "interrupt"] as const) {
    const allowed = run === "inherit" ? "every permission" : "the permission to run only it";
    Deno.test({
      name: `runIsolated() kills at its ${end} what the program has started, with ${allowed}`,
      ignore,
      permissions: { run, read: true, write: true, env: true },
      // Its pipes close a moment after it was killed.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        await using folder = await emptyFolder();
        const sh = (script: string) =>
          new Deno.Command("sh", { args: ["-c", script], cwd: folder.path, stdout: "piped" }).spawn();
        await sh("mkfifo written").output();
        // Ends when every process that can write to it has ended.
        const reading = sh("timeout 30 cat written").stdout.pipeThrough(new TextDecoderStream()).getReader();
        const interrupt = new AbortController();
        const running = runIsolated({
          ...{ stdin: "", env: { PATH: "/usr/bin:/bin" }, folder: folder.path },
          command: ["sh", "-c", "exec 3>written; echo started >&3; (sleep 10; echo late >&3) & wait"],
          timeoutMs: end === "interrupt" ? 30_000 : 3_000,
          signal: interrupt.signal,
        });
        running.catch(() => {});
        assert.equal((await reading.read()).value, "started\n");
        if (end === "interrupt") interrupt.abort(new Error("interrupted"));
        if (end === "interrupt") await assert.rejects(running, { message: "interrupted" });
        else assert.deepEqual(await running, { type: "timed-out" });
        assert.deepEqual(await reading.read(), { value: undefined, done: true });
      },
    });
  }
}

Deno.test({
  name: "runProgram() finds no program through a relative entry of the PATH",
  ignore,
  async fn() {
    await using folder = await emptyFolder();
    await aProgram(folder.path, "echo evil");
    const before = Deno.cwd();
    Deno.chdir(folder.path);
    try {
      for (const path of [".", "", ".:/usr/bin", ":/usr/bin"]) {
        assert.deepEqual(await withPath(path, () => runProgram(call)), { type: "not-found" }, path);
      }
    } finally {
      Deno.chdir(before);
    }
  },
});

Deno.test({
  name: "runProgram() reports a missing permission",
  permissions: { env: true, run: false },
  async fn() {
    assert.deepEqual(await runProgram(call), { type: "denied" });
  },
});

const isolated = { stdin: "", env: { PATH: "/usr/bin:/bin" }, folder: ".", signal: new AbortController().signal };

Deno.test({
  name: "runIsolated() keeps the end of an output, however long it is",
  ignore,
  async fn() {
    const script =
      "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the end; head -c 3000000 /dev/zero >&2; echo err >&2";
    const ended = await runIsolated({ ...isolated, command: ["sh", "-c", script], timeoutMs: 30_000 });
    assert.ok(ended.type === "ended");
    assert.match(ended.stdout, /x\nthe end\n$/);
    assert.match(ended.stderr, /err\n$/);
    assert.ok(ended.stdout.length <= 1_048_576 && ended.stderr.length <= 1_048_576);
  },
});
