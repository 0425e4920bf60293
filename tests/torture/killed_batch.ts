/** One batch over a storm of failures, killed again and again, and continued with the same command. */

import type { Fault } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { SOLVE } from "../support/batch.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { cacheEnv } from "../support/program.ts";
import { EPOCH_VARIABLE, sharedClock, SPEED_VARIABLE } from "../support/fast_main.ts";
import { openRunStore } from "../support/run_store.ts";

const PROGRAM = new URL("../support/fast_main.ts", import.meta.url).href;
const ROOT = new URL("../../", import.meta.url);
const SPEED = 60;
const DEADLINE_MS = 240_000;
/** After the line that it was to be killed at, milliseconds. */
const MAX_DELAY_MS = 200;

export interface BatchEnd {
  /** Of the last process. */
  readonly code: number;
  readonly killed: number;
  /** The results without what differs from run to run: names and times of runs. */
  readonly results: string;
  /** On the platform. */
  readonly runs: number;
  readonly output: string;
}

/** Every 20th row fails; the first three rows are equal. */
export function batchFile(rowCount: number): string {
  const rows = Array.from({ length: rowCount }, (_, index) => `${index < 3 ? 0 : index},${index % 20 === 7}`);
  return `n,fails\n${rows.join("\n")}\n`;
}

/** @param kills How many processes are killed; `storm`: whether requests fail. */
export async function runKilledBatch(
  { rowCount, kills, storm, random }: {
    readonly rowCount: number;
    readonly kills: number;
    readonly storm: boolean;
    readonly random: () => number;
  },
): Promise<BatchEnd> {
  await using folder = await emptyFolder();
  const epochMs = Date.now();
  await using simulator = await startSimulator({
    clock: sharedClock(epochMs, SPEED),
    workflows: { solve: SOLVE },
    behavior: storm ? { listLagMs: 5_000 } : {},
    faults: storm ? stormOf(rowCount, random) : [],
  });
  {
    await using store = openRunStore(`${folder.path}/history.db`);
    await store.updateCapabilities(new URL(simulator.url).host, { keepsSlug: true, refusesDuplicateSlug: true });
  }
  await Deno.writeTextFile(`${folder.path}/sweep.csv`, batchFile(rowCount));
  let killed = 0;
  let output = "";
  while (true) {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "-A", PROGRAM, "batch", `${folder.path}/sweep.csv`, "--workflow", "solve", "--yes"],
        ...["--jobs", "40", "--no-canary", "--retries", "2", "--retry-on", "any", "--csv", `${folder.path}/out.csv`],
      ],
      cwd: ROOT,
      clearEnv: true,
      env: {
        ...machineEnv(),
        ...cacheEnv(),
        NO_COLOR: "1",
        PW_STATE_DIR: folder.path,
        PW_API_KEY: simulator.key,
        [EPOCH_VARIABLE]: String(epochMs),
        [SPEED_VARIABLE]: String(SPEED),
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const isVictim = killed < kills;
    const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
    // At any moment from the plan on, and long before the last row ends.
    const lines = isVictim ? 1 + Math.floor(random() * linesOf(rowCount) / kills / 2) : Infinity;
    const stdout = new Response(child.stdout).text();
    const { stderr, isKilled } = await killedAt(child, lines, random() * MAX_DELAY_MS);
    const { code, signal } = await child.status;
    clearTimeout(deadline);
    output += await stdout + stderr;
    // Windows reports no signal.
    if (isKilled && (signal === "SIGKILL" || Deno.build.os === "windows")) {
      killed++;
      continue;
    }
    const csv = await Deno.readTextFile(`${folder.path}/out.csv`);
    return { code, killed, results: withoutNames(csv), runs: simulator.runs().length, output };
  }
}

/** Of more than 200 rows, only failures have a line. */
function linesOf(rowCount: number): number {
  return rowCount > 200 ? rowCount / 10 : rowCount;
}

/** @returns What the process wrote to stderr, and whether it was killed. */
async function killedAt(child: Deno.ChildProcess, lines: number, delayMs: number) {
  let text = "";
  let isKilled = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (timer === undefined && text.split("\n").length > lines) timer = setTimeout(kill, delayMs);
  }
  clearTimeout(timer);
  return { stderr: text, isKilled };

  function kill() {
    try {
      child.kill("SIGKILL");
      isKilled = true;
    } catch (error) {
      // It has already ended.
      if (!(error instanceof TypeError)) throw error;
    }
  }
}

/** One request in twenty fails in some way, and some lists are refused for a while. */
function stormOf(rowCount: number, random: () => number): readonly Fault[] {
  const kinds: readonly Omit<Fault, "after">[] = [
    { on: "*", status: 500 },
    { on: "*", status: 503 },
    { on: "submit", cut: "before-effect" },
    { on: "submit", cut: "after-effect" },
    { on: "submit", statusAfterEffect: 504 },
    { on: "submit", status: 429, retryAfter: "5" },
    { on: "list-runs", status: 429, retryAfter: "5" },
    { on: "list-runs", status: 502 },
    { on: "get-run", status: 502 },
    { on: "list-runs", body: "truncated" },
  ];
  return Array.from({ length: Math.ceil(rowCount / 5) }, (_, index) => {
    const kind = kinds[index % kinds.length] ?? { on: "*", status: 500 };
    return { ...kind, after: Math.floor(random() * (kind.on === "*" ? 3 : 1) * rowCount) };
  });
}

/** Row, label, attempt, status, inputs, outputs and error. */
function withoutNames(csv: string): string {
  return csv.replaceAll(/solve-[a-z2-7]+,[^,]*,[\d.]*/g, "RUN");
}
