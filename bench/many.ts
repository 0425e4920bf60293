/** `deno task bench many`: many runs in one process, beside a loop of single runs. */

import { V8_FLAGS } from "../.ci/release/executable.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import type { ReceivedRequest, Simulator } from "../lib/simulator/simulator.ts";
import { EPOCH_VARIABLE, sharedClock, SPEED_VARIABLE } from "../tests/support/fast_main.ts";
import { emptyFolder, machineEnv } from "../tests/support/main_job.ts";
import { cacheEnv } from "../tests/support/program.ts";
import type { Figures } from "./figures.ts";

const COUNTS = [10, 100, 1_000, 10_000] as const;
/** Tracked by one process each, beside the batch. */
const SINGLE_RUNS = 20;
const SPEED = 10;
const PROGRAM = new URL("../tests/support/fast_main.ts", import.meta.url).href;
const ROOT = new URL("../", import.meta.url);
const PAGE_SIZE = 100;
const MIB = 1024 * 1024;
/** Of `--requests-per-minute`. */
const REQUESTS_PER_MINUTE = 60;
/** List requests that are further apart belong to different rounds. */
const ROUND_GAP_MS = 2_500;
const CLOCK_TICKS = 100;

interface Sample {
  readonly atMs: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
}

interface Measured {
  readonly runs: number;
  /** Over that of an idle process, bytes. */
  readonly rssBytes: number;
  /** While nothing is submitted and nothing ends; `null` if that took too little time. */
  readonly cpuSecondsPerMinute: number | null;
  readonly listsPerRound: number;
  readonly pages: number;
  readonly requests: number;
  /** The latest notice of an end, and the longest gap between two rounds, milliseconds. */
  readonly maxDelayMs: number;
  readonly maxGapMs: number;
  readonly statusMs: number;
}

export async function measureMany(): Promise<Figures> {
  const idleBytes = await idleRss();
  const measured: Measured[] = [];
  for (const runs of COUNTS) measured.push(await measureBatch(runs, idleBytes));
  const single = await measureSingles(idleBytes);
  const makespan = await measureMakespan();
  const [least, most] = [measured[0], measured.at(-1)];
  const statusRatio = (most?.statusMs ?? 0) / (least?.statusMs ?? 1);
  return {
    title: "Many runs in one process",
    method:
      `Runs of ten minutes on the simulator (80 where 10,000 are submitted first), all at once, submitted and tracked by one process; its clock and ` +
      `the simulator's run ${SPEED} times as fast, so that a minute takes six seconds, and processor time is that of such ` +
      `a minute. Memory is what exceeds an idle Deno process, with the flags that the binary has for V8. The last row: processes that each track one run, ` +
      `${SINGLE_RUNS} at the same time, as a loop of \`run\` would; memory and processor time are the sum for 100. ` +
      `\`batch status\` of ${most?.runs} rows takes ${statusRatio.toFixed(1)} times as long as of ${least?.runs}. ` +
      `1,000 runs of two minutes, 100 at a time, take ${makespan.toFixed(2)} times the ideal.`,
    columns: [
      "runs",
      "memory",
      "CPU a minute",
      "lists per round",
      "pages",
      "requests per run",
      "latest notice",
      "longest gap",
    ],
    rows: [
      ...measured.map((row) => [
        row.runs.toLocaleString("en-US"),
        `${(row.rssBytes / MIB).toFixed(0)} MB`,
        row.cpuSecondsPerMinute === null ? "" : `${row.cpuSecondsPerMinute.toFixed(2)} s`,
        row.listsPerRound.toFixed(2),
        String(row.pages),
        (row.requests / row.runs).toFixed(1),
        `${(row.maxDelayMs / 1_000).toFixed(0)} s`,
        `${(row.maxGapMs / 1_000).toFixed(0)} s`,
      ]),
      [
        "100 single",
        `${(single.rssBytes * 100 / MIB).toFixed(0)} MB`,
        `${(single.cpuSecondsPerMinute * 100).toFixed(2)} s`,
        "",
        "",
        single.requests.toFixed(1),
        "",
        "",
      ],
    ],
    charts: [{
      name: "many",
      title: "Memory of one process, MB (line: the goal for 10,000)",
      series: ["memory"],
      groups: [
        ...measured.map((row) => ({ label: `${row.runs.toLocaleString("en-US")} runs`, values: [row.rssBytes / MIB] })),
        { label: "100 processes of `run`", values: [single.rssBytes * 100 / MIB] },
      ],
      mark: 150,
    }],
    data: { measured, single, makespan, statusRatio, speed: SPEED },
    misses: [
      ...measured.flatMap(missesOf),
      ...(statusRatio > 5 ? [`batch status of many rows takes ${statusRatio.toFixed(1)} times as long (goal 5)`] : []),
    ],
  };
}

function missesOf(row: Measured): string[] {
  const { runs, rssBytes, cpuSecondsPerMinute: cpu, listsPerRound, pages, maxDelayMs, maxGapMs } = row;
  return [
    ...(rssBytes > 150 * MIB ? [`${runs} runs take ${(rssBytes / MIB).toFixed(0)} MB (goal 150)`] : []),
    ...(cpu !== null && cpu > 1 ? [`${runs} runs take ${cpu.toFixed(2)} s of CPU a minute (goal 1)`] : []),
    ...(listsPerRound > 1.2 * pages
      ? [`${runs} runs take ${listsPerRound} lists per round (goal ${1.2 * pages})`]
      : []),
    ...(maxDelayMs > 2 * maxGapMs ? [`${runs} runs: an end was noticed after ${maxDelayMs / 1_000} s`] : []),
  ];
}

async function measureBatch(runs: number, idleBytes: number): Promise<Measured> {
  const epochMs = Date.now();
  await using folder = await emptyFolder();
  await using simulator = await aSimulator(epochMs, `${10 + Math.ceil(runs / 140)}m`);
  await Deno.writeTextFile(`${folder.path}/rows.csv`, `n\n${Array.from({ length: runs }, (_, n) => n).join("\n")}\n`);
  const log = `${folder.path}/log.jsonl`;
  const words = ["batch", `${folder.path}/rows.csv`, "--workflow", "solve", "--jobs", String(runs), "--yes"];
  const child = program(simulator, folder.path, epochMs, [...words, "--log", log, "--progress", "none"]);
  const samples = await sampled(child);
  const requests = simulator.received();
  const ends = (await Deno.readTextFile(log)).trim().split("\n").map((line) => JSON.parse(line))
    .filter(({ state }) => state === "ended");
  if (ends.length !== runs) throw new Error(`${ends.length} of ${runs} runs have ended`);
  const endedMs = ends.map(({ started, seconds }) => Date.parse(started) + seconds * 1_000);
  const lists = requests.filter(({ operation, path }) => operation === "list-runs" && path.includes("status=running"));
  const rounds = roundsOf(lists);
  const lastSubmitMs = requests.findLast(({ operation }) => operation === "submit")?.atMs ?? 0;
  const firstEndMs = Math.min(...endedMs);
  // Nothing else happens between the last submit and the first end.
  const quiet = rounds.filter(({ atMs }) => atMs > lastSubmitMs && atMs < firstEndMs);
  const gaps = rounds.slice(1).map(({ atMs }, index) => atMs - (rounds[index]?.atMs ?? atMs));
  const statusMs: number[] = [];
  for (let time = 0; time < 5; time++) {
    const startedMs = performance.now();
    await program(simulator, folder.path, epochMs, ["batch", "status", "rows"]).output();
    statusMs.push(performance.now() - startedMs);
  }
  return {
    runs,
    rssBytes: Math.max(...samples.map(({ rssBytes }) => rssBytes)) - idleBytes,
    cpuSecondsPerMinute: cpuBetween(samples, lastSubmitMs, firstEndMs, epochMs),
    listsPerRound: quiet.length === 0 ? 0 : quiet.reduce((sum, { count }) => sum + count, 0) / quiet.length,
    pages: Math.ceil(runs / PAGE_SIZE),
    requests: requests.length,
    maxDelayMs: Math.max(...ends.map(({ time }, index) => Date.parse(time) - (endedMs[index] ?? 0))),
    maxGapMs: Math.max(60_000 * Math.ceil(runs / PAGE_SIZE) / REQUESTS_PER_MINUTE, ...gaps),
    statusMs: Math.min(...statusMs),
  };
}

async function measureSingles(idleBytes: number) {
  const epochMs = Date.now();
  await using folder = await emptyFolder();
  await using simulator = await aSimulator(epochMs, "10m");
  const all = await Promise.all(
    Array.from(
      { length: SINGLE_RUNS },
      (_, n) => sampled(program(simulator, folder.path, epochMs, ["run", "solve", "-i", `n=${n}`, "--json"])),
    ),
  );
  const perProcess = all.map((samples) => {
    const [first, last] = [samples[Math.floor(samples.length / 4)], samples.at(-1)];
    const minutes = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) * SPEED / 60_000;
    return {
      rssBytes: Math.max(...samples.map(({ rssBytes }) => rssBytes)) - idleBytes,
      cpu: ((last?.cpuSeconds ?? 0) - (first?.cpuSeconds ?? 0)) / Math.max(minutes, 1),
    };
  });
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    rssBytes: mean(perProcess.map(({ rssBytes }) => rssBytes)),
    cpuSecondsPerMinute: mean(perProcess.map(({ cpu }) => cpu)),
    requests: simulator.received().length / SINGLE_RUNS,
  };
}

/** Over the ideal, for runs of equal length. */
async function measureMakespan(): Promise<number> {
  const epochMs = Date.now();
  const [runs, jobs, lastsMs] = [1_000, 100, 120_000];
  await using folder = await emptyFolder();
  await using simulator = await aSimulator(epochMs, "2m");
  await Deno.writeTextFile(`${folder.path}/rows.csv`, `n\n${Array.from({ length: runs }, (_, n) => n).join("\n")}\n`);
  const words = ["batch", `${folder.path}/rows.csv`, "--workflow", "solve", "--jobs", String(jobs), "--yes"];
  await program(simulator, folder.path, epochMs, [...words, "--progress", "none", "--json"]).output();
  const submits = simulator.received("submit");
  const reads = simulator.received("get-run");
  return ((reads.at(-1)?.atMs ?? 0) - (submits[0]?.atMs ?? 0)) / (runs / jobs * lastsMs);
}

async function aSimulator(epochMs: number, lasts: string): Promise<Simulator> {
  return await startSimulator({
    clock: sharedClock(epochMs, SPEED),
    workflows: {
      solve: {
        yaml:
          "on: { execute: { inputs: { n: { type: number } } } }\njobs: { main: { steps: [{ name: solve, run: solve }] } }",
        scenario: { "main/solve": { lasts } },
      },
    },
  });
}

function program(simulator: Simulator, folder: string, epochMs: number, args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", V8_FLAGS, "-A", PROGRAM, ...args],
    cwd: ROOT,
    clearEnv: true,
    env: {
      ...machineEnv(),
      ...cacheEnv(),
      PW_STATE_DIR: folder,
      PW_API_KEY: simulator.key,
      [EPOCH_VARIABLE]: String(epochMs),
      [SPEED_VARIABLE]: String(SPEED),
    },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  });
}

/** Memory and processor time of a process, twice a second until it ends. */
async function sampled(command: Deno.Command): Promise<Sample[]> {
  const child = command.spawn();
  const samples: Sample[] = [];
  let hasEnded = false;
  const ended = child.status.then(() => hasEnded = true);
  while (!hasEnded) {
    const sample = await sampleOf(child.pid);
    if (sample !== undefined) samples.push(sample);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 500))]);
  }
  return samples;
}

async function sampleOf(pid: number): Promise<Sample | undefined> {
  try {
    const [stat, status] = await Promise.all([
      Deno.readTextFile(`/proc/${pid}/stat`),
      Deno.readTextFile(`/proc/${pid}/status`),
    ]);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    const kibibytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
    // It has just ended.
    if (!(kibibytes > 0)) return undefined;
    return { atMs: Date.now(), rssBytes: kibibytes * 1024, cpuSeconds: ticks / CLOCK_TICKS };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function idleRss(): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "setTimeout(() => {}, 2000)"],
    stdin: "null",
  }).spawn();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const sample = await sampleOf(child.pid);
  await child.status;
  return sample?.rssBytes ?? 0;
}

function cpuBetween(samples: readonly Sample[], fromMs: number, toMs: number, epochMs: number): number | null {
  const realMs = (atMs: number) => epochMs + (atMs - epochMs) / SPEED;
  const inside = samples.filter(({ atMs }) => atMs >= realMs(fromMs) && atMs <= realMs(toMs));
  const [first, last] = [inside[0], inside.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < 5_000) return null;
  return (last.cpuSeconds - first.cpuSeconds) / ((last.atMs - first.atMs) * SPEED / 60_000);
}

function roundsOf(lists: readonly ReceivedRequest[]): { readonly atMs: number; readonly count: number }[] {
  const rounds: { atMs: number; count: number; lastMs: number }[] = [];
  for (const { atMs } of lists) {
    const round = rounds.at(-1);
    if (round === undefined || atMs - round.lastMs > ROUND_GAP_MS) rounds.push({ atMs, count: 1, lastMs: atMs });
    else Object.assign(round, { count: round.count + 1, lastMs: atMs });
  }
  return rounds;
}
