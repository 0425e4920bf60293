/** One file that needs nothing else on the machine. */

import assert from "node:assert/strict";
import { assertMainJob, emptyFolder } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";

const ROOT = new URL("../", import.meta.url);
/** `deno compile` needs a runtime of its own version; `DENORT_BIN`, which it reads itself, names one on disk. */
const COMPILER = Deno.env.get("COMPILE_DENO") ?? Deno.execPath();

Deno.test({
  ...needing("the binary does the main job in an empty folder", await compilerMissing()),
  async fn() {
    await using folder = await emptyFolder();
    const binary = `${folder.path}/pw-workflow-runner${Deno.build.os === "windows" ? ".exe" : ""}`;
    const { success, stderr } = await compile(await taskArgs(binary));
    assert.ok(success, new TextDecoder().decode(stderr));
    await assertMainJob({ program: binary, args: () => [] });
    // The simulator comes by a specifier that the compiler can't read: it has to be named.
    const demo = await new Deno.Command(binary, {
      args: ["demo"],
      cwd: folder.path,
      clearEnv: true,
      stdin: "null",
      signal: AbortSignal.timeout(60_000),
    }).output();
    assert.match(new TextDecoder().decode(demo.stdout), /^✓ Workflow completed successfully\n$/);
  },
});

/** The arguments of `deno task compile`, with another place for the binary. */
async function taskArgs(output: string): Promise<readonly string[]> {
  const { tasks }: { tasks: Record<string, string> } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const [, ...args] = (tasks.compile ?? "").split(" ");
  assert.equal(args[0], "compile");
  assert.ok(args.includes("dist/pw-workflow-runner"));
  return args.map((arg) => arg === "dist/pw-workflow-runner" ? output : arg);
}

function compile(args: readonly string[]): Promise<Deno.CommandOutput> {
  const signal = AbortSignal.timeout(300_000);
  return new Deno.Command(COMPILER, { args: [...args], cwd: ROOT, stdin: "null", signal }).output();
}

/** Without a runtime on disk `deno compile` downloads one: says why that can't be done here, if so. */
async function compilerMissing(): Promise<string | undefined> {
  if (Deno.env.has("COMPILE_DENO")) return undefined;
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/one.ts`, "export {};\n");
  const args = ["compile", "--no-config", "--output", `${folder.path}/one`, `${folder.path}/one.ts`];
  const { success } = await compile(args);
  return success ? undefined : "skipped: no runtime for deno compile, set COMPILE_DENO and DENORT_BIN";
}
