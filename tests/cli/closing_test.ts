import assert from "node:assert/strict";
import { machineEnv } from "../support/main_job.ts";
import { cacheEnv } from "../support/program.ts";

const PROGRAM = `
import { closingOnSignals } from ${JSON.stringify(new URL("../../lib/cli/closing.ts", import.meta.url).href)};
const closing = closingOnSignals();
console.log("ready");
await closing.started;
console.log("closing");
for await (const _ of Deno.stdin.readable);
Deno.exit(0);
`;

Deno.test({
  name: "the signal of a process manager and its copy from `deno task` close a server once",
  // Windows cannot send signals to another process.
  ignore: Deno.build.os === "windows",
  async fn() {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "-A", `data:application/typescript,${encodeURIComponent(PROGRAM)}`],
      clearEnv: true,
      env: { ...machineEnv(), ...cacheEnv() },
      stdin: "piped",
      stdout: "piped",
      signal: AbortSignal.timeout(60_000),
    }).spawn();
    for await (const line of child.stdout.pipeThrough(new TextDecoderStream())) {
      child.kill("SIGTERM");
      if (line.includes("closing")) break;
    }
    await child.stdin.close();
    const { code, signal } = await child.status;
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
  },
});
