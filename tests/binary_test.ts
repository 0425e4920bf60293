/** One file that needs nothing else on the machine. */

import assert from "node:assert/strict";
import { filesOfBinary } from "../.ci/release/binary.ts";
import { commitOfCheckout } from "../.ci/release/bundle.ts";
import { compileProgram } from "../.ci/release/code_cache.ts";
import { partOf } from "../.ci/release/link.ts";
import { asTarget } from "../.ci/release/targets.ts";
import { VERSION } from "../lib/version.ts";
import { assertMainJob, emptyFolder } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";

const ROOT = new URL("../", import.meta.url);
const MISSING = await compilerMissing();
const ENDING = Deno.build.os === "windows" ? ".exe" : "";

Deno.test({
  ...needing("the binary does the main job in an empty folder", MISSING, "the compile kit"),
  async fn() {
    await using folder = await emptyFolder();
    const binary = `${folder.path}/pw-workflow-runner${ENDING}`;
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

Deno.test({
  ...needing("a binary has what the engine compiled in common starts", MISSING, "the compile kit"),
  async fn() {
    await using folder = await emptyFolder();
    // Called in all starts that have arguments, which that of the test has not.
    const called = `let a=()=>[${"Deno.args.length,".repeat(10_000)}];Deno.args.length>0&&a();export{a};`;
    const { texts, scripts } = filesOfBinary({
      main: partOf('await import("./all.js");Deno.args[0]!=="list"&&await import("./run.js");', "async "),
      parts: new Map([["all.js", partOf(called)], ["run.js", partOf('import{a as b}from"./all.js";')]]),
      modules: new Map(),
      loaded: [new Set(["all.js"]), new Set(["all.js", "run.js"])],
    });
    const program = `${folder.path}/program`;
    await Deno.mkdir(program);
    for (const [name, text] of texts) await Deno.writeTextFile(`${program}/${name}`, text);
    const entry = `${program}/main.js`;
    const code = await Deno.readTextFile(entry);
    const sizes = "ran.map((script)=>script.createCachedData().length).join()";
    await Deno.writeTextFile(entry, `import{scripts as ran}from"./scripts.js";${code}console.log(${sizes});`);
    const output = `${folder.path}/compiled${ENDING}`;
    const target = asTarget(Deno.build.target);
    assert(target !== undefined);
    await compileProgram({
      deno: Deno.env.get("COMPILE_DENO") ?? Deno.execPath(),
      ...{ bundle: { entry, scripts }, folder: folder.path, target, output },
    });
    const { stdout, stderr } = await run(output, []);
    const [all = 0, others = 0] = new TextDecoder().decode(stdout).split(",").map(Number);
    assert.ok(all > 100_000 && others < 10_000, `${all}, ${others}\n${new TextDecoder().decode(stderr)}`);
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
