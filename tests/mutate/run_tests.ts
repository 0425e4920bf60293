/** Runs tests in a copy of the checkout, one mutant after the other. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { REAL } from "../support/real_workflows.ts";
import type { Mutant } from "./mutants.ts";
import type { TestOrder } from "./order.ts";

/** What the tests made of a mutant. Tests that do not end have noticed it too. */
export type Verdict = "failed" | "timed out" | "survived";

const COPIED = ["lib", "functions", "inputs", "examples", "tests", "docs", ".ci", ".github", "bench"];
const COPIED_FILES = /\.(?:ts|json|lock|md|yml|sh)$/;

/** A copy of the checkout, with what the tests read. */
export interface Copy extends AsyncDisposable {
  readonly path: string;
}

export async function copyCheckout(root: URL): Promise<Copy> {
  const folder = await Deno.makeTempDir({ prefix: "mutate-" });
  const path = `${folder}/checkout`;
  await Deno.mkdir(path);
  const beside = fileURLToPath(new URL("..", REAL)).replace(/\/$/, "");
  await Deno.symlink(beside, `${folder}/${beside.replace(/.*\//, "")}`);
  for (const name of COPIED) await copyFolder(`${fileURLToPath(root)}${name}`, `${path}/${name}`);
  for await (const { name, isFile } of Deno.readDir(root)) {
    if (isFile && COPIED_FILES.test(name)) await Deno.copyFile(new URL(name, root), `${path}/${name}`);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

export interface JudgeOptions {
  readonly order: TestOrder;
  /** How long the tests at a path may take. */
  readonly deadlineMs: (path: string) => Promise<number>;
  readonly signal: AbortSignal;
}

const ELSEWHERE_DEADLINE_MS = 10 * 60_000;

/**
 * Plants a mutant, and runs its tests one path after the other until one fails, then those elsewhere that import the file;
 * restores the file.
 */
export async function judge(
  { path }: Copy,
  { file, text, tests }: Mutant,
  { order, deadlineMs, signal }: JudgeOptions,
): Promise<Verdict> {
  const original = await Deno.readTextFile(`${path}/${file}`);
  const elsewhere = order.elsewhere(file, tests);
  const runElsewhere = () => runTests(path, elsewhere, { deadlineMs: ELSEWHERE_DEADLINE_MS, signal });
  await Deno.writeTextFile(`${path}/${file}`, text);
  try {
    for (const test of tests) {
      const { outcome } = await runTests(path, order(test, file), { deadlineMs: await deadlineMs(test), signal });
      if (outcome !== "passed") return outcome;
    }
    if (elsewhere.length === 0) return "survived";
    const { outcome } = await runElsewhere();
    if (outcome === "passed") return "survived";
    // These were never run without a fault.
    await Deno.writeTextFile(`${path}/${file}`, original);
    return (await runElsewhere()).outcome === "passed" ? outcome : "survived";
  } finally {
    await Deno.writeTextFile(`${path}/${file}`, original);
  }
}

export interface TestEnd {
  readonly outcome: "passed" | "failed" | "timed out";
  readonly durationMs: number;
  readonly output: string;
}

/** Runs test files or folders up to the first failure; kills them with all their processes after the deadline. */
export function runTests(
  cwd: string,
  tests: readonly string[],
  { deadlineMs, signal }: { readonly deadlineMs: number; readonly signal: AbortSignal },
): Promise<TestEnd> {
  const startMs = performance.now();
  const args = ["test", "-A", "--no-check", "--parallel", "--fail-fast", "--quiet", "--lock=tests/deno.lock", ...tests];
  // Its own process group: tests start programs, and a mutant may keep them from ending.
  const child = spawn(Deno.execPath(), args, { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  child.stdout.on("data", (chunk) => output.push(String(chunk)));
  child.stderr.on("data", (chunk) => output.push(String(chunk)));
  return new Promise((resolve, reject) => {
    let isLate = false;
    const kill = () => killGroup(child.pid);
    const timer = setTimeout(() => {
      isLate = true;
      kill();
    }, deadlineMs);
    signal.addEventListener("abort", kill, { once: true });
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", kill);
      // What the tests started and left running.
      kill();
      if (signal.aborted) return reject(signal.reason);
      const outcome = isLate ? "timed out" : code === 0 ? "passed" : "failed";
      resolve({ outcome, durationMs: performance.now() - startMs, output: output.join("") });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
  }
}
