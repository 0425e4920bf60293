/** deno.lock is the program's, tests/deno.lock that of its tests and tools: a user downloads nothing of the second. */

import assert from "node:assert/strict";
import { importGraph, sourceFiles } from "./support/import_graph.ts";
import { differencesOf, type LockFile, readLockFile, specifiersOf } from "./support/lock_file.ts";

const ROOT = new URL("../", import.meta.url);
const PROGRAM = ["main.ts", ...await filesIn("lib/", "functions/")];
const AROUND = await filesIn("tests/", "bench/", ".ci/");
const LOCKS = { "deno.lock": PROGRAM, "tests/deno.lock": AROUND } as const;
/** Commands of Deno that take packages from a lock file. */
const LOCKED = /^deno (run|test|check|cache|bench|install)\b/;

for (const [lock, files] of Object.entries(LOCKS)) {
  Deno.test(`${lock} locks what its files import, and nothing else`, async () => {
    const { edges, problems } = await importGraph(ROOT, files);
    assert.deepEqual(problems, []);
    const named = edges.flatMap(({ to }) => /^npm:\/?((?:@[^/]+\/)?[^/]+)/.exec(to)?.[1] ?? []);
    assert.deepEqual(
      specifiersOf(await readLockFile(new URL(lock, ROOT))),
      [...new Set(named.map((name) => `npm:${name}`))].sort(),
    );
  });
}

Deno.test("a package of both lock files has one version and one integrity", async () => {
  const [program, around] = await Promise.all(Object.keys(LOCKS).map((path) => readLockFile(new URL(path, ROOT))));
  assert.ok(program !== undefined && around !== undefined);
  assert.deepEqual(differencesOf(program, around), []);
  // The tests import the program.
  assert.deepEqual(Object.keys(program.npm).filter((id) => !Object.hasOwn(around.npm, id)), []);
});

Deno.test("a package with another version or another integrity is found", () => {
  const lock = (npm: LockFile["npm"]): LockFile => ({ specifiers: {}, npm });
  const one = lock({ "a@1.0.0": { integrity: "x" }, "@b/c@1.0.0": { integrity: "y" }, "d@1.0.0": { integrity: "z" } });
  const other = lock({
    "a@1.0.1": { integrity: "x" },
    "@b/c@1.0.0": { integrity: "?" },
    "e@1.0.0": { integrity: "z" },
  });
  assert.deepEqual(differencesOf(one, one), []);
  assert.deepEqual(differencesOf(one, other), ["@b/c: 1.0.0 y and 1.0.0 ?", "a: 1.0.0 x and 1.0.1 x"]);
});

Deno.test("without options Deno takes the program's lock file, and never changes it", async () => {
  const { lock } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  assert.deepEqual(lock, { path: "./deno.lock", frozen: true });
});

for (const [name, commands] of await lockedCommands()) {
  Deno.test(`deno task ${name} names the lock file of its files, frozen`, () => {
    for (const command of commands) {
      const words = command.split(" ");
      const isAround = words.some((word) => /^(tests|bench|\.ci)\b/.test(word));
      const locks = words.filter((word) => word.startsWith("--lock"));
      assert.deepEqual(locks, [`--lock=${isAround ? "tests/deno.lock" : "deno.lock"}`], command);
      assert.ok(words.includes("--frozen"), command);
    }
  });
}

async function lockedCommands(): Promise<readonly (readonly [string, readonly string[]])[]> {
  const { tasks }: { tasks: Record<string, string> } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  return Object.entries(tasks).map(([name, task]) =>
    [name, task.split(" && ").filter((command) => LOCKED.test(command))] as const
  );
}

async function filesIn(...folders: readonly string[]): Promise<readonly string[]> {
  return (await Promise.all(folders.map((folder) => sourceFiles(ROOT, folder)))).flat();
}
