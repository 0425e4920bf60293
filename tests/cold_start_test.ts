/** The first start from a fresh clone: what it downloads, and what the terminal shows meanwhile. */

import assert from "node:assert/strict";
import { cacheEnv, packagesMissing } from "./support/cold_cache.ts";
import { readLockFile } from "./support/lock_file.ts";
import { emptyFolder, machineEnv } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";
import { openTerminal, tmuxMissing } from "./support/tmux.ts";

const ROOT = new URL("../", import.meta.url);
const MAX_CACHE_BYTES = 20 * 1024 * 1024;
const DEADLINE_MS = 120_000;
const missing = await packagesMissing();

Deno.test({
  ...needing("a cold --version downloads the packages of deno.lock and no others, at most 20 MB", missing),
  async fn() {
    await using cache = await emptyFolder();
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "main.ts", "--version"],
      cwd: ROOT,
      clearEnv: true,
      env: { ...machineEnv(), ...cacheEnv(cache.path), NO_COLOR: "1" },
      stdin: "null",
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /^pw-workflow-runner [^\n]+\n$/);
    const locked = Object.keys((await readLockFile(new URL("deno.lock", ROOT))).npm)
      // A package with peers is listed with them: `pg-pool@3.14.0_pg@8.23.1`.
      .map((id) => id.replace(/_.*/, ""));
    const downloaded = await packagesIn(`${cache.path}/npm`);
    assert.deepEqual(downloaded.filter((id) => !locked.includes(id)), []);
    const bytes = await sizeOf(cache.path);
    assert.ok(bytes <= MAX_CACHE_BYTES, `${bytes} bytes`);
  },
});

Deno.test({
  ...needing(
    "`deno task demo` shows with an empty cache what it shows with a full one",
    missing ?? await tmuxMissing(),
  ),
  async fn() {
    await using cache = await emptyFolder();
    const cold = await demoScreen(cache.path);
    const warm = await demoScreen(cache.path);
    assert.match(warm, /completed successfully\n/);
    assert.equal(cold, warm);
  },
});

/** All lines from the task's own on, without what differs from run to run. */
async function demoScreen(cache: string): Promise<string> {
  await using terminal = await openTerminal({
    command: `'${Deno.execPath()}' task demo`,
    cwd: ROOT.pathname,
    env: { ...cacheEnv(cache), NO_COLOR: "1" },
    columns: 120,
    rows: 60,
  });
  const screen = await terminal.waitFor(/^\[ended 0\]$/m, { deadlineMs: DEADLINE_MS });
  return screen.slice(screen.indexOf("Task demo "))
    // The runtime's own, where the task and its command create the cache at the same time.
    .replaceAll(/Could not initialize cache database .*?(?=Started a simulated)/gs, "")
    .replaceAll(/hello-world-[a-z2-7]{16}/g, "SLUG")
    .replaceAll(/(\d{4}-\d\d-\d\d )?\d\d:\d\d/g, "TIME")
    .replaceAll(/\(\d+s\)/g, "(TIME)")
    .replaceAll(/127\.0\.0\.1:\d+/g, "HOST");
}

/** Name and version of each package of a cache: `npm/HOST/@clack/core/1.6.0` is `@clack/core@1.6.0`. */
async function packagesIn(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const host of Deno.readDir(folder)) {
    for await (const path of versionFolders(`${folder}/${host.name}`)) found.push(path);
  }
  return found.sort();
}

async function* versionFolders(folder: string, name = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(`${folder}/${name}`)) {
    if (!entry.isDirectory) continue;
    if (/^\d+\.\d+\.\d+/.test(entry.name)) yield `${name}@${entry.name}`;
    else yield* versionFolders(folder, name === "" ? entry.name : `${name}/${entry.name}`);
  }
}

/** In bytes, with everything below it. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    bytes += isDirectory ? await sizeOf(path) : (await Deno.lstat(path)).size;
  }
  return bytes;
}
