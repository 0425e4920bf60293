/** Input files and stdin may be devices and pipes: without an end, or without a writer. */

import assert from "node:assert/strict";
import { MAX_INPUT_BYTES, readBoundedText } from "../../lib/cli/read_text.ts";
import type { Context, StopSignal } from "../../lib/cli/context.ts";
import { EXIT_CODES_OF_SIGNALS } from "../../lib/cli/exit_codes.ts";
import { systemContext } from "../../lib/cli/system_context.ts";
import { stoppableReads } from "../../lib/cli/stoppable_reads.ts";
import { UsageError } from "../../lib/errors.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { aContext } from "../support/cli_context.ts";
import { emptyFolder } from "../support/main_job.ts";
import { runProgram } from "../support/program.ts";

const isLinux = Deno.build.os === "linux";

Deno.test("a text of exactly 32 MiB is read; more is refused after one chunk, and the stream is closed", async () => {
  const chunk = new Uint8Array(1024 * 1024).fill(97);
  const limit = MAX_INPUT_BYTES / chunk.length;
  const chunks = (count: number) => ReadableStream.from(Array.from({ length: count }, () => chunk));
  assert.equal((await readBoundedText(chunks(limit), "a.json")).length, MAX_INPUT_BYTES);
  let pulls = 0;
  const cancelled = Promise.withResolvers<void>();
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls++;
      controller.enqueue(chunk);
    },
    cancel: () => cancelled.resolve(),
  }, { highWaterMark: 0 });
  await assert.rejects(readBoundedText(endless, "a.json"), (error) => {
    return error instanceof UsageError && error.message === "Cannot read a.json: it is larger than 32 MiB";
  });
  await cancelled.promise;
  assert.equal(pulls, limit + 1);
});

Deno.test("a character that is split between two chunks is read", async () => {
  const bytes = new TextEncoder().encode("\ufeffcaf\u00e9");
  const stream = ReadableStream.from(Array.from(bytes, (byte) => Uint8Array.of(byte)));
  assert.equal(await readBoundedText(stream, "a.json"), "\ufeffcaf\u00e9");
});

for (
  const [what, bytes, message] of [
    ["Latin-1", [...new TextEncoder().encode('{\n "a": "caf'), 0xe9, 0x22, 0x7d], /line 2 is not UTF-8/],
    ["UTF-16 (little endian)", [0xff, 0xfe, 0x7b, 0, 0x7d, 0], /it is UTF-16/],
    ["UTF-16 (big endian)", [0xfe, 0xff, 0, 0x7b, 0, 0x7d], /it is UTF-16/],
    ["a character that is cut off", [0x61, 0xc3], /line 1 is not UTF-8/],
  ] as const
) {
  Deno.test(`${what} is refused by name, and nothing is replaced`, async () => {
    const stream = ReadableStream.from([Uint8Array.from(bytes)]);
    await assert.rejects(readBoundedText(stream, "a.json"), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^Cannot read a\.json: /);
      assert.match(error.message, message);
      assert.match(error.hint ?? "", /iconv/);
      return true;
    });
  });
}

const ENDLESS = [
  { args: ["-i", "/dev/zero"], name: "/dev/zero" },
  { args: ["-i", "message=@/dev/zero"], name: "/dev/zero" },
  { args: ["-i", "-"], name: "stdin", stdin: "y\n".repeat(20 * 1024 * 1024) },
];

for (const { args, name, stdin } of ENDLESS) {
  Deno.test({
    name: `run ${args.join(" ")} of endless input is refused by name, and nothing is submitted`,
    ignore: Deno.build.os === "windows",
    async fn() {
      await using simulator = await startSimulator();
      const { code, stderr } = await runProgram({
        args: ["run", "hello-world", ...args],
        env: { PW_API_KEY: simulator.key },
        ...(stdin === undefined ? {} : { stdin }),
      });
      assert.equal(code, 2, stderr);
      assert.match(stderr, new RegExp(`Cannot read ${name}: it is larger than 32 MiB`));
      assert.equal(simulator.received("submit").length, 0);
    },
  });
}

const WAITING = ["-i FIFO", "-i message=@FIFO", "-i - (a pipe that stays open)"] as const;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const satisfies readonly StopSignal[]) {
  for (const input of WAITING) {
    Deno.test({
      name: `the first ${signal} ends \`run ${input}\` that is waiting for input`,
      ignore: !isLinux,
      async fn() {
        await using folder = await emptyFolder();
        await using simulator = await startSimulator();
        const fifo = `${folder.path}/fifo`;
        const { success } = await new Deno.Command("mkfifo", { args: [fifo] }).output();
        assert.ok(success);
        const word = input.replace(/^-i /, "").replace(/ .*$/, "").replace("FIFO", fifo);
        const child = new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", new URL("../../main.ts", import.meta.url).href, "run", "hello-world", "-i", word],
          env: { PW_API_KEY: simulator.key, PW_STATE_DIR: folder.path, NO_COLOR: "1" },
          stdin: "piped",
          stdout: "null",
          stderr: "null",
        }).spawn();
        const deadline = setTimeout(() => child.kill("SIGKILL"), 30_000);
        try {
          await untilListening(child.pid);
          child.kill(signal);
          assert.equal((await child.status).code, EXIT_CODES_OF_SIGNALS[signal]);
        } finally {
          clearTimeout(deadline);
          await child.stdin.close().catch(() => {});
        }
      },
    });
  }
}

Deno.test({
  name: "a FIFO with a writer is read to its end, and one without an end up to the limit",
  ignore: !isLinux,
  async fn() {
    await using folder = await emptyFolder();
    const fifo = `${folder.path}/fifo`;
    await new Deno.Command("mkfifo", { args: [fifo] }).output();
    const { readTextFile } = systemContext("");
    for (const [script, want] of [['echo hello > "$0"', "hello\n"], [': > "$0"', ""]] as const) {
      const writer = new Deno.Command("sh", { args: ["-c", script, fifo] }).spawn();
      assert.equal(await readTextFile(fifo), want);
      await writer.status;
    }
    const writer = new Deno.Command("sh", { args: ["-c", 'yes > "$0"', fifo], stderr: "null" }).spawn();
    await assert.rejects(readTextFile(fifo), UsageError);
    await writer.status;
  },
});

const REASON = new Error("stopped");
const never = () => new Promise<never>(() => {});

for (
  const [name, read] of [
    ["file", (context) => context.readTextFile("a")],
    ["folder", (context) => context.listFiles("a", /a/)],
    ["pipe", (context) => context.stdin.readText()],
  ] as const satisfies readonly (readonly [string, (context: Context) => Promise<unknown>])[]
) {
  for (const isBefore of [true, false]) {
    Deno.test(`a stop ${isBefore ? "before" : "during"} the read of a ${name} is not taken for a failed read`, async () => {
      const controller = new AbortController();
      const base = aContext({ readTextFile: never, listFiles: never, stdin: { isTerminal: false, readText: never } });
      const { context, stopped } = stoppableReads(base, controller.signal);
      if (isBefore) controller.abort(REASON);
      read(context).then(() => assert.fail("it was read"), () => assert.fail("the read failed"));
      controller.abort(REASON);
      await assert.rejects(stopped, (error) => error === REASON);
    });
  }
}

Deno.test("a stop while nothing is read leaves the rest to the command", async () => {
  const controller = new AbortController();
  const { context, stopped } = stoppableReads(
    aContext({ readTextFile: () => Promise.resolve("text") }),
    controller.signal,
  );
  assert.equal(await context.readTextFile("a"), "text");
  controller.abort(REASON);
  assert.equal(
    await Promise.race([stopped, new Promise((resolve) => setTimeout(() => resolve("running"), 0))]),
    "running",
  );
});

/** Until the process handles SIGTERM itself: from then on, the first signal must end it. */
async function untilListening(pid: number): Promise<void> {
  const sigtermBit = 1n << 14n;
  while (true) {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const [, caught = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status) ?? [];
    if ((BigInt(`0x${caught}`) & sigtermBit) !== 0n) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
