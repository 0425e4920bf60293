/** What Deno Deploy's log shows of a misconfigured service, before its first tick or request. */

import assert from "node:assert/strict";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { cacheEnv } from "../support/program.ts";

const MAIN = new URL("../../functions/main.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const WELL = { PW_API_KEY: "pwt_aG9zdC5leGFtcGxl.c2VjcmV0", PW_TRIGGER_KEY: "x".repeat(16), PW_STORE_URL: "memory:" };

for (
  const [what, env, want] of [
    ["no API key", { PW_API_KEY: "" }, /^ERROR The service cannot start: Cannot find an API key: .*set PW_API_KEY/m],
    [
      "an API key that cannot be read",
      { PW_API_KEY: "abc" },
      /^ERROR The service cannot start: Cannot use the API key from PW_API_KEY/m,
    ],
    [
      "an unknown store",
      { PW_STORE_URL: "mysql://u:secret@db" },
      /^ERROR The service cannot start: .*store "mysql:…"/m,
    ],
    [
      "a store that cannot be used",
      { PW_STORE_URL: "sqlite:/" },
      /^ERROR The service cannot start: Cannot use the run store/m,
    ],
    ["no trigger key", { PW_TRIGGER_KEY: "" }, /^WARNING Access is not configured: PW_TRIGGER_KEY is not set/m],
    [
      "a short trigger key",
      { PW_TRIGGER_KEY: "secret" },
      /^WARNING Access is not configured: PW_TRIGGER_KEY is shorter/m,
    ],
  ] as const
) {
  Deno.test(`functions/main.ts with ${what} logs it at start, and serves`, async () => {
    await using folder = await emptyFolder();
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "-A", "--config", CONFIG, "--unstable-kv", "--unstable-cron", MAIN],
      cwd: folder.path,
      clearEnv: true,
      env: {
        ...machineEnv(),
        ...cacheEnv(),
        HOME: folder.path,
        NO_COLOR: "1",
        DENO_SERVE_ADDRESS: "tcp:127.0.0.1:0",
        ...WELL,
        ...env,
      },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: AbortSignal.timeout(50_000),
    }).spawn();
    let text = "";
    for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (!want.test(text) || !text.includes("Listening")) continue;
      child.kill("SIGKILL");
      break;
    }
    await child.status;
    assert.match(text, want);
    assert.ok(!text.includes("secret"), text);
  });
}
