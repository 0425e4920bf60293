/**
 * How long a command takes to start, relative to `deno run` of a one-line file. Ratios vary less between machines than
 * durations. Every round runs each subject once, so that other load affects all of them.
 */

const ROOT = new URL("../", import.meta.url);
const ROUNDS = 25;
const DEADLINE_MS = 30_000;

interface Subject {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The bench fails above this ratio. */
  readonly goal?: number;
}

/** Prints the table; returns 1 when a goal is missed, else 0. */
export async function benchStart(print: (line: string) => void): Promise<number> {
  await using platform = await simulate();
  const env = { PW_API_KEY: platform.key };
  const list = ["run", "--no-prompt", "-A", "main.ts", "list", "--json"];
  const subjects: readonly Subject[] = [
    { name: "bare: one line", args: layer("bare.ts") },
    { name: "  + zod", args: layer("zod.ts") },
    { name: "  + fetch of the workflows", args: layer("fetch.ts"), env },
    { name: "  + both", args: layer("all.ts"), env },
    { name: "--version", args: ["run", "--no-prompt", "-A", "main.ts", "--version"], goal: 1.3 },
    { name: "list --help", args: ["run", "--no-prompt", "-A", "main.ts", "list", "--help"] },
    { name: "list --json", args: list, env, goal: 2.1 },
  ];
  const medians = await measure(subjects);
  const [bareMs = Number.NaN] = medians;
  print(`Start-up against bare \`deno run\`, medians of ${ROUNDS} rounds, Deno ${Deno.version.deno}\n`);
  const results = subjects.map((subject, index) => ({ subject, medianMs: medians[index] ?? Number.NaN }));
  for (const { subject, medianMs } of results) print(row(subject, medianMs, bareMs));
  const isMissed = results.some(({ subject: { goal }, medianMs }) => goal !== undefined && medianMs / bareMs > goal);
  return isMissed ? 1 : 0;
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

async function timeOnce({ name, args, env = {} }: Subject): Promise<number> {
  const startedMs = performance.now();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
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

function row({ name, goal }: Subject, medianMs: number, bareMs: number): string {
  const ratio = medianMs / bareMs;
  const verdict = goal === undefined ? "" : ratio <= goal ? `  goal ${goal}×, reached` : `  goal ${goal}×, missed`;
  return `${name.padEnd(28)}${medianMs.toFixed(1).padStart(7)} ms  ${ratio.toFixed(2).padStart(5)}×${verdict}`;
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
