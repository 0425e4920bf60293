/**
 * `deno task bench suite`: a suite of 1,000 cases with up to 50 runs at once, whose durations are spread log-uniformly from 1
 * to 10 minutes of the simulator's clock. Compared with list scheduling of the same durations without any delay.
 */

import { runCommandLine } from "../lib/cli/program.ts";
import { seededRandom } from "../lib/seeded_random.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { aContext } from "../tests/support/cli_context.ts";
import { sharedClock } from "../tests/support/fast_main.ts";
import { emptyFolder } from "../tests/support/main_job.ts";
import { bufferedWriter } from "../tests/support/writer.ts";

const CASES = 1_000;
const JOBS = 50;
const WARM_CASES = 100;
const [MIN_SECONDS, MAX_SECONDS] = [60, 600];
/** Each request takes this much longer in the simulator's time than it would: the bench takes ten minutes. */
const SPEED = 8;
const SEED = 20_260_105;
const MAX_MAKESPAN_RATIO = 1.03;
const MAX_MEMORY_RATIO = 1.2;

export async function benchSuite(print: (line: string) => void): Promise<number> {
  const random = seededRandom(SEED);
  const seconds = Array.from(
    { length: CASES },
    () => Math.round(MIN_SECONDS * (MAX_SECONDS / MIN_SECONDS) ** random()),
  );
  const clock = sharedClock(Date.now(), SPEED);
  const yaml = "jobs:\n  main:\n    steps:\n      - name: solve\n        run: solve\n";
  await using simulator = await startSimulator({
    clock,
    random: seededRandom(SEED),
    workflows: Object.fromEntries(
      seconds.map((lasts, index) => [`w${index}`, { yaml, scenario: { "main/solve": { lasts: `${lasts}s` } } }]),
    ),
  });
  await using folder = await emptyFolder();
  const suite = `version: 1\ncases:\n${
    seconds.map((_, index) => `  - { name: case ${index}, workflow: w${index} }\n`).join("")
  }`;
  const env = new Map([["PW_API_KEY", simulator.key], ["PW_STATE_DIR", folder.path]]);
  const stderr = bufferedWriter();
  let ended = 0;
  let warmBytes = 0;
  const stdout = bufferedWriter();
  const code = await runCommandLine(aContext({
    args: ["test", "bench.suite.yaml", "--json", "--jobs", String(JOBS)],
    env: (name) => env.get(name),
    clock,
    random: seededRandom(SEED + 1),
    fetch,
    readTextFile: (path) =>
      path === "bench.suite.yaml" ? Promise.resolve(suite) : Promise.reject(new Deno.errors.NotFound()),
    appendFile: () => {},
    stdout,
    stderr: {
      ...stderr,
      write(text) {
        stderr.write(text);
        ended += text.split("\n").filter((line) => line.startsWith("✓")).length;
        if (warmBytes === 0 && ended >= WARM_CASES) warmBytes = memory();
      },
    },
  }));
  const endBytes = memory();
  if (Deno.env.has("BENCH_LOG")) print(stderr.text().slice(-3000) + stdout.text().slice(0, 3000));
  const report: { readonly counts?: { readonly passed: number }; readonly endedAtMs?: number } = JSON.parse(
    stdout.text(),
  );
  const firstMs = simulator.received("submit")[0]?.atMs ?? 0;
  const makespan = ((report.endedAtMs ?? 0) - firstMs) / 1_000;
  const ideal = listSchedule(seconds, JOBS);
  const ratio = makespan / ideal;
  const memoryRatio = endBytes / warmBytes;
  print(`cases passed       ${report.counts?.passed} of ${CASES} (exit code ${code})`);
  print(
    `makespan           ${makespan.toFixed(0)} s; list scheduling ${ideal.toFixed(0)} s; ${
      ratio.toFixed(4)
    } (at most ${MAX_MAKESPAN_RATIO})`,
  );
  print(
    `memory             ${megabytes(warmBytes)} after ${WARM_CASES} cases, ${megabytes(endBytes)} at the end; ` +
      `${memoryRatio.toFixed(2)} (at most ${MAX_MEMORY_RATIO}), with the simulator`,
  );
  print(`requests           ${simulator.received().length}`);
  return code === 0 && ratio <= MAX_MAKESPAN_RATIO && memoryRatio <= MAX_MEMORY_RATIO ? 0 : 1;
}

/** Each case starts on the machine that is free first, in the order of the file. */
function listSchedule(seconds: readonly number[], machines: number): number {
  const free = Array.from({ length: machines }, () => 0);
  for (const duration of seconds) {
    const next = free.indexOf(Math.min(...free));
    free[next] = (free[next] ?? 0) + duration;
  }
  return Math.max(...free);
}

function memory(): number {
  return Deno.memoryUsage().rss;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
