/**
 * Measures the service: from its start to the first response, and from its start to the end of a tick with nothing due.
 * Each is compared with a bare file that opens the same kind of store. They run alternately, so that other load affects
 * both.
 */

import { startSimulator } from "../lib/simulator/start.ts";

const ROUNDS = 15;
const GOAL = 2;
const DEADLINE_MS = 30_000;
const FLAGS = ["run", "--no-prompt", "-A", "--unstable-kv", "--unstable-cron"];

/** Prints both ratios; returns 1 when a goal is missed, else 0. */
export async function benchCloud(print: (line: string) => void): Promise<number> {
  await using simulator = await startSimulator();
  const env = {
    PW_API_KEY: simulator.key,
    PW_TRIGGER_KEY: "bench-trigger-key-0123",
    PW_READ_KEY: "bench-reading-key-0123",
  };
  print(`The service compared with a bare file that opens KV, medians of ${ROUNDS} rounds\n`);
  const response = await compare(env, ["bare_serve.ts", "serve.ts"], print, "cold start to first response");
  const tick = await compare(env, ["bare_tick.ts", "tick.ts"], print, "cold start and a tick with nothing due");
  return response <= GOAL && tick <= GOAL ? 0 : 1;
}

async function compare(
  env: Readonly<Record<string, string>>,
  [bare, ours]: readonly [string, string],
  print: (line: string) => void,
  what: string,
): Promise<number> {
  const rounds: { readonly bareMs: number; readonly oursMs: number }[] = [];
  const folder = await Deno.makeTempDir();
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      const bareMs = await timeOnce(bare, `${folder}/bare`, env);
      const oursMs = await timeOnce(ours, `${folder}/ours`, env);
      // The first start compiles the modules and creates the store.
      if (round > 0) rounds.push({ bareMs, oursMs });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const ratio = median(rounds.map(({ bareMs, oursMs }) => oursMs / bareMs));
  const [bareMs, oursMs] = [median(rounds.map((one) => one.bareMs)), median(rounds.map((one) => one.oursMs))];
  const verdict = ratio <= GOAL ? "" : `  above the goal of ${GOAL}x`;
  print(`${what}: ${bareMs.toFixed(1)} ms bare, ${oursMs.toFixed(1)} ms ours, ${ratio.toFixed(2)}x${verdict}`);
  return ratio;
}

/** Each file prints a line at the end of the measurement. */
async function timeOnce(file: string, kvPath: string, env: Readonly<Record<string, string>>): Promise<number> {
  const startedMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [...FLAGS, new URL(`cloud/${file}`, import.meta.url).href, kvPath],
    env: { ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  try {
    const reader = child.stdout.getReader();
    const { done } = await reader.read();
    const tookMs = performance.now() - startedMs;
    if (done) throw new Error(`${file} printed nothing`);
    await reader.cancel();
    return tookMs;
  } finally {
    child.kill("SIGKILL");
    await child.status;
    clearTimeout(deadline);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
