/** One file that needs nothing else on the machine. */

import assert from "node:assert/strict";
import { commitOfCheckout } from "../.ci/release/bundle.ts";
import { VERSION } from "../lib/version.ts";
import { assertMainJob, emptyFolder } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";

const ROOT = new URL("../", import.meta.url);

Deno.test({
  ...needing("the binary does the main job in an empty folder", await compilerMissing(), "the compile kit"),
  async fn() {
    await using folder = await emptyFolder();
    const binary = `${folder.path}/pw-workflow-runner${Deno.build.os === "windows" ? ".exe" : ""}`;
    const { success, stderr } = await run(Deno.execPath(), ["task", "compile", "--output", binary]);
    assert.ok(success, new TextDecoder().decode(stderr));
    await assertMainJob({ program: binary, args: () => [] });
    // V8 reads them at the start; a program cannot ask for them.
    assert.ok(new TextDecoder("latin1").decode(await Deno.readFile(binary)).includes("--max-semi-space-size=4"));
    const version = await run(binary, ["--version"]);
    assert.equal(new TextDecoder().decode(version.stdout), `${await versionLine()}\n`);
    // The simulator comes by a specifier that the bundler can't read in the checkout.
    const demo = await new Deno.Command(binary, {
      args: ["demo"],
      cwd: folder.path,
      clearEnv: true,
      stdin: "null",
      signal: AbortSignal.timeout(60_000),
    }).output();
    assert.match(new TextDecoder().decode(demo.stdout), /^✓ Workflow completed successfully\n$/);
    await Deno.writeTextFile(`${folder.path}/checked.suite.yaml`, checkedSuite(binary));
    const judged = await new Deno.Command(binary, {
      args: ["simulate", "--speed", "100", "--", binary, "test", "--json"],
      cwd: folder.path,
      env: { PW_STATE_DIR: `${folder.path}/state` },
      stdin: "null",
      signal: AbortSignal.timeout(60_000),
    }).output();
    assert.match(new TextDecoder().decode(judged.stderr), /^✓ one {2}passed/);
    assert.equal(judged.code, 0);
    const kept = { cwd: folder.path, env: { PW_STORE_URL: "deno-kv:runs.kv" } };
    const stored = await run(binary, ["simulate", "--", binary, "run", "quick", "--no-wait"], kept);
    assert.equal(stored.code, 0, new TextDecoder().decode(stored.stderr));
    assert.match(new TextDecoder().decode((await run(binary, ["history"], kept)).stdout), /^quick /m);
    // The runtime would keep it in memory, and lose it without a word.
    const lost = await run(binary, ["history"], { cwd: folder.path, env: { PW_STORE_URL: "deno-kv:" } });
    assert.equal(lost.code, 8);
    assert.match(new TextDecoder().decode(lost.stderr), /^✗ Cannot use Deno KV: a binary has none of its own\n/);
    const scheduled = await run(binary, ["schedules"], { cwd: folder.path });
    assert.match(new TextDecoder().decode(scheduled.stderr), /^✗ .*: functions\/schedules\.ts does not exist\n/);
  },
});

/** A suite whose check starts a program. */
function checkedSuite(program: string): string {
  const check = JSON.stringify([program, "--version"]);
  return `version: 1\ncases:\n  - { name: one, workflow: quick, expect: { check: ${check} } }\n`;
}

/** With the commit, where it is known. */
async function versionLine(): Promise<string> {
  const commit = await commitOfCheckout();
  return `pw-workflow-runner ${VERSION}${commit === "" ? "" : ` (${commit})`}`;
}

function run(
  program: string,
  args: readonly string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = { cwd: ROOT },
): Promise<Deno.CommandOutput> {
  const signal = AbortSignal.timeout(300_000);
  return new Deno.Command(program, { args: [...args], stdin: "null", signal, ...options }).output();
}

/** Why `deno compile` can't run here: without a runtime on disk it downloads one. */
async function compilerMissing(): Promise<string | undefined> {
  if (Deno.env.has("COMPILE_DENO")) return undefined;
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/one.ts`, "export {};\n");
  const args = ["compile", "--no-config", "--output", `${folder.path}/one`, `${folder.path}/one.ts`];
  const { success } = await run(Deno.execPath(), args);
  return success ? undefined : "no runtime for deno compile, set COMPILE_DENO and DENORT_BIN";
}
