/** A shell script replaces the Deno that compiles, so that no runtimes are downloaded. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { assetName, SINGLE_FILE, type Target, TARGETS } from "../../.ci/release/targets.ts";
import { emptyFolder } from "../support/main_job.ts";
import { needing } from "../support/needs.ts";
import { anExecutable } from "./support/executables.ts";

const SCRIPT = new URL("../../.ci/compile.ts", import.meta.url);
const LOCK = new URL("../deno.lock", import.meta.url).pathname;
const shellMissing = Deno.build.os === "windows" ? "skipped: the replacement compiler is a shell script" : undefined;

const COMPILER = `#!/bin/sh
runtimes=\${0%/*}
[ "$1" = --version ] && exec echo deno 2.9.6
command=$1
while [ $# -gt 0 ]; do
  case $1 in --coverage=*) mkdir -p "\${1#*=}"; exit ;; --target) target=$2 ;; --output) output=$2 ;; --outdir) output=$2/main.js ;; esac
  shift
done
if [ "$command" = bundle ]; then
  mkdir -p "\${output%/*}"
  for name in clack croner pg; do echo "import(\\"../deps/$name.ts\\")"; done > "$output"
  exit
fi
mkdir -p "\${output%/*}"
[ -f "$runtimes/$target" ] && exec cp "$runtimes/$target" "$output"
echo "error: sending request for url (https://runtimes.example/denort-$target.zip)" >&2
exit 1
`;

Deno.test({
  ...needing("compile:all compiles every binary and writes their sums", shellMissing),
  async fn() {
    await using machine = await compilerWith(Object.fromEntries(TARGETS.map((target) => [target, target])));
    const { code, stderr } = await compileAll(machine.path);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      await filesOf(machine.path),
      ["SHA256SUMS", "THIRD_PARTY_LICENSES", SINGLE_FILE, ...TARGETS.map(assetName)].sort(),
    );
    assert.match(await Deno.readTextFile(`${machine.path}/dist/THIRD_PARTY_LICENSES`), /^zod@[\d.]+\n-+\n\n.*License/m);
    const sums = (await Deno.readTextFile(`${machine.path}/dist/SHA256SUMS`)).trimEnd().split("\n");
    const files = [...TARGETS.map((target) => [assetName(target), target]), [SINGLE_FILE, `dist/${SINGLE_FILE}`]];
    const lines = files.map(async ([name, path]) =>
      `${sha256(await Deno.readFile(`${machine.path}/${path}`))}  ${name}`
    );
    assert.deepEqual(sums, await Promise.all(lines));
  },
});

Deno.test({
  ...needing(
    "compile:all reports a missing binary, exits with 1 and leaves no sums, not even older ones",
    shellMissing,
  ),
  async fn() {
    const [, missing, ...others] = TARGETS;
    const available = [TARGETS[0], ...others];
    await using machine = await compilerWith(Object.fromEntries(available.map((target) => [target, target])));
    await Deno.mkdir(`${machine.path}/dist`);
    for (const name of ["SHA256SUMS", assetName(missing)]) {
      await Deno.writeTextFile(`${machine.path}/dist/${name}`, "old");
    }
    const { code, stderr } = await compileAll(machine.path);
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`^Cannot compile for ${missing}: cannot download its runtime from https:\\S+\\.zip$`, "m"),
    );
    assert.match(stderr, new RegExp(`^Cannot make a release: 1 of 5 binaries are missing \\(${missing}\\)`, "m"));
    assert.deepEqual(await filesOf(machine.path), available.map(assetName).sort());
  },
});

Deno.test({
  ...needing("compile:all refuses a binary that is for another machine", shellMissing),
  async fn() {
    const runtimes = Object.fromEntries(TARGETS.map((target) => [target, target]));
    await using machine = await compilerWith({ ...runtimes, "aarch64-apple-darwin": "x86_64-apple-darwin" });
    const { code, stderr } = await compileAll(machine.path);
    assert.equal(code, 1);
    assert.match(stderr, /^Cannot compile for aarch64-apple-darwin: the runtime is for x86_64-apple-darwin$/m);
    assert.ok(!(await filesOf(machine.path)).includes(assetName("aarch64-apple-darwin")));
  },
});

Deno.test({
  ...needing(
    "compile:all --keep compiles only the binaries that are missing, or are for another machine",
    shellMissing,
  ),
  async fn() {
    const [kept, wrong] = ["aarch64-apple-darwin", "x86_64-pc-windows-msvc"] as const;
    await using machine = await compilerWith(Object.fromEntries(TARGETS.map((target) => [target, target])));
    await Deno.mkdir(`${machine.path}/dist`);
    const bytes = new Uint8Array([...anExecutable(kept), 1]);
    for (const target of [kept, wrong]) await Deno.writeFile(`${machine.path}/dist/${assetName(target)}`, bytes);
    const { code, stderr } = await compileAll(machine.path, "--keep");
    assert.equal(code, 0, stderr);
    const compiled = TARGETS.filter((target) => stderr.includes(`for ${target}\n`));
    assert.deepEqual(compiled, TARGETS.filter((target) => target !== kept));
    assert.deepEqual(await Deno.readFile(`${machine.path}/dist/${assetName(kept)}`), bytes);
    const sums = await Deno.readTextFile(`${machine.path}/dist/SHA256SUMS`);
    assert.equal(sums.split("\n").length, TARGETS.length + 2);
    assert.ok(sums.includes(`${sha256(bytes)}  ${assetName(kept)}\n`));
  },
});

Deno.test({
  ...needing("compile refuses a binary that does not start on this machine", shellMissing),
  async fn() {
    await using machine = await compilerWith({});
    const broken = await Deno.readFile(Deno.execPath());
    await Deno.writeFile(`${machine.path}/${Deno.build.target}`, broken.subarray(0, 8192), { mode: 0o755 });
    const output = `${machine.path}/dist/pw-workflow-runner`;
    const { code, stderr } = await run(["--output", output], compilerIn(machine.path));
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^Cannot compile for ${Deno.build.target}: the binary does not start`, "m"));
    await assert.rejects(Deno.stat(output), Deno.errors.NotFound);
  },
});

Deno.test("compile refuses unknown options", async () => {
  const { code, stderr } = await run(["--ouput", "x"], {});
  assert.equal(code, 2);
  assert.match(stderr, /^Usage: /);
});

/** A folder with the compiler; `runtimes` maps each target to the machine that its runtime is for. */
async function compilerWith(runtimes: Readonly<Record<string, Target>>): ReturnType<typeof emptyFolder> {
  const folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/deno`, COMPILER, { mode: 0o755 });
  for (const [target, machine] of Object.entries(runtimes)) {
    const path = `${folder.path}/${target}`;
    // The binary for this machine is started, so it must be real.
    if (machine === Deno.build.target) await Deno.symlink(Deno.execPath(), path);
    else await Deno.writeFile(path, anExecutable(machine));
  }
  return folder;
}

function compilerIn(folder: string): Readonly<Record<string, string>> {
  return { COMPILE_DENO: `${folder}/deno`, BUNDLE_DENO: `${folder}/deno` };
}

function compileAll(
  folder: string,
  ...options: readonly string[]
): Promise<{ readonly code: number; readonly stderr: string }> {
  return run(["--all", ...options, "--output", `${folder}/dist`], compilerIn(folder));
}

async function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--frozen", `--lock=${LOCK}`, SCRIPT.href, ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

async function filesOf(folder: string): Promise<readonly string[]> {
  return (await Array.fromAsync(Deno.readDir(`${folder}/dist`), ({ name }) => name)).sort();
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
