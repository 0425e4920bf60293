/**
 * How long a command takes to start, relative to a one-line program that starts in the same way: `deno run` for the sources
 * and the single file, a compiled one for the binary. Ratios vary less between machines than durations. Every round runs
 * each subject once, so that other load affects all of them.
 */

import { bundleProgram, bundleSingleFile } from "../.ci/release/bundle.ts";
import { compileProgram } from "../.ci/release/code_cache.ts";
import { compileExecutable } from "../.ci/release/executable.ts";
import { asTarget } from "../.ci/release/targets.ts";

const ROOT = new URL("../", import.meta.url);
const ROUNDS = 25;
const DEADLINE_MS = 30_000;

interface Subject {
  readonly name: string;
  /** By default Deno. */
  readonly program?: string;
  readonly args: readonly string[];
  /** By default the checkout. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The bench fails above this ratio, */
  readonly goal?: number;
  /** and if it takes so much more than the subject before it, milliseconds. */
  readonly goalMoreMs?: number;
}

/** Prints the table; returns 1 when a goal is missed, else 0. */
export async function benchStart(print: (line: string) => void): Promise<number> {
  await using platform = await simulate();
  const folder = await Deno.makeTempDir();
  try {
    return await benchIn(folder, platform.key, print);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function benchIn(folder: string, key: string, print: (line: string) => void): Promise<number> {
  // The machine may have set the system's certificates, which each first request would load.
  const env = { PW_API_KEY: key, PW_STATE_DIR: `${folder}/state`, DENO_TLS_CA_STORE: "mozilla" };
  const file = `${folder}/pw-workflow-runner.js`;
  await Deno.writeTextFile(file, await bundleSingleFile({ deno: Deno.execPath(), folder, commit: "" }));
  await Deno.mkdir(`${folder}/with`);
  await Deno.writeTextFile(`${folder}/with/.env`, `PW_API_KEY=${key}\n`);
  const single = (...args: readonly string[]) => ["run", "--no-prompt", "-A", file, ...args];
  const binaries = await compileBoth(folder);
  const list = ["run", "--no-prompt", "-A", "main.ts", "list", "--json"];
  const subjects: readonly Subject[] = [
    { name: "bare: one line", args: layer("bare.ts") },
    { name: "  + fetch of the workflows", args: layer("fetch.ts"), env },
    { name: "--version", args: ["run", "--no-prompt", "-A", "main.ts", "--version"], goal: 1.3 },
    { name: "list --help", args: ["run", "--no-prompt", "-A", "main.ts", "list", "--help"] },
    { name: "list --json", args: list, env, goal: 2.1 },
    { name: "single file: --version", args: single("--version"), goal: 1.6 },
    { name: "single file: list --json", args: single("list", "--json"), env, cwd: folder, goal: 2.5 },
    {
      name: "  with a .env",
      args: single("list", "--json"),
      env: { DENO_TLS_CA_STORE: "mozilla" },
      cwd: `${folder}/with`,
      goalMoreMs: 10,
    },
  ];
  print(`Start-up, medians of ${ROUNDS} rounds, Deno ${Deno.version.deno}\n`);
  const isReached = await compare(subjects, print);
  if (binaries === undefined) {
    print("\nThe binary: no runtime for deno compile, set COMPILE_DENO and DENORT_BIN");
    return isReached ? 0 : 1;
  }
  print("");
  const { ours: program, bare } = binaries;
  const quick = ["run", "quick", "--no-wait", "--json"];
  const areReached = await compare([
    { name: "compiled: one line", program: bare, args: [] },
    { name: "binary: --version", program, args: ["--version"] },
    { name: "binary: list --json", program, args: ["list", "--json"], env, cwd: folder, goal: 1.6 },
    { name: "binary: run --no-wait", program, args: quick, env, cwd: folder, goal: 2.2 },
  ], print);
  return isReached && areReached ? 0 : 1;
}

/** Measures each against the first one. Returns whether all goals are reached. */
async function compare(subjects: readonly Subject[], print: (line: string) => void): Promise<boolean> {
  const medians = await measure(subjects);
  const [bareMs = Number.NaN] = medians;
  const verdicts = subjects.map((subject, index) => {
    const [medianMs = Number.NaN, beforeMs = Number.NaN] = [medians[index], medians[index - 1]];
    const goals = goalsOf(subject, { ratio: medianMs / bareMs, moreMs: medianMs - beforeMs });
    const ratio = `${(medianMs / bareMs).toFixed(2).padStart(5)}×`;
    print(
      `${subject.name.padEnd(28)}${medianMs.toFixed(1).padStart(7)} ms  ${[ratio, ...goals.map(shown)].join("  ")}`,
    );
    return goals.every(({ isReached }) => isReached);
  });
  return verdicts.every(Boolean);
}

interface Goal {
  readonly goal: string;
  readonly isReached: boolean;
}

function goalsOf({ goal, goalMoreMs }: Subject, measured: { ratio: number; moreMs: number }): readonly Goal[] {
  return [
    ...(goal === undefined ? [] : [{ goal: `${goal}×`, isReached: measured.ratio <= goal }]),
    ...(goalMoreMs === undefined ? [] : [{
      goal: `${goalMoreMs} ms more than before (${measured.moreMs.toFixed(1)})`,
      isReached: measured.moreMs <= goalMoreMs,
    }]),
  ];
}

function shown({ goal, isReached }: Goal): string {
  return `goal ${goal}, ${isReached ? "reached" : "missed"}`;
}

async function compileBoth(folder: string): Promise<{ readonly ours: string; readonly bare: string } | undefined> {
  const target = asTarget(Deno.build.target);
  if (target === undefined) return undefined;
  const deno = Deno.env.get("COMPILE_DENO") ?? Deno.execPath();
  const [ours, bare] = [`${folder}/ours/pw-workflow-runner`, `${folder}/bare/one-line`];
  await Deno.writeTextFile(`${folder}/bare.ts`, "console.log(1);\n");
  const bundle = await bundleProgram({ deno: Deno.execPath(), folder, commit: "" });
  try {
    await compileProgram({ deno, target, bundle, folder, output: ours });
    await compileExecutable({ deno, target, entry: `${folder}/bare.ts`, output: bare });
    return { ours, bare };
  } catch {
    return undefined;
  }
}

function layer(file: string): readonly string[] {
  return ["run", "--no-prompt", "-A", `bench/layers/${file}`];
}

/** The median of each subject, milliseconds. */
async function measure(subjects: readonly Subject[]): Promise<readonly number[]> {
  const samples = subjects.map((): number[] => []);
  for (const subject of subjects) await timeOnce(subject); // fills the caches
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, subject] of subjects.entries()) samples[index]?.push(await timeOnce(subject));
  }
  return samples.map(median);
}

async function timeOnce({ name, program = Deno.execPath(), args, env = {}, cwd }: Subject): Promise<number> {
  const startedMs = performance.now();
  const { code, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: cwd ?? ROOT,
    env,
    stdin: "null",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  const tookMs = performance.now() - startedMs;
  if (code !== 0) throw new Error(`${name.trim()} ended with ${code}: ${new TextDecoder().decode(stderr)}`);
  return tookMs;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

interface Platform extends AsyncDisposable {
  readonly key: string;
}

/** A simulator in its own process, so that its work is not measured. */
async function simulate(): Promise<Platform> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", "main.ts", "simulate"],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const key = await keyIn(child.stdout);
  return {
    key,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

/** Reads the line `export PW_API_KEY=…`. */
async function keyIn(stdout: ReadableStream<Uint8Array>): Promise<string> {
  let output = "";
  for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    const key = /^export PW_API_KEY=(\S+)\n/m.exec(output)?.[1];
    if (key !== undefined) return key;
  }
  throw new Error(`simulate printed no key: ${output}`);
}
