/**
 * Each round is one submission: the program is killed around a step of its protocol, and responses are lost. Then the
 * round does what a user would do: `resume`, or `run` again when no submission was stored.
 */

import type { Fault, Operation, ServerBehavior, Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { ServerCapabilities } from "../../lib/capabilities.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { openRunStore } from "../support/run_store.ts";
import { cacheEnv } from "../support/program.ts";
import { EPOCH_VARIABLE, sharedClock, SPEED_VARIABLE } from "../support/fast_main.ts";

/** A kind of server, and what this machine may believe about it. */
export interface ServerKind {
  readonly name: string;
  readonly slugs: ServerBehavior["slugs"];
  /** Stored before the round; one of them is drawn. Some are incomplete or outdated. */
  readonly capabilities: readonly ServerCapabilities[];
  /** How late a new run may become visible. */
  readonly lagsMs: readonly number[];
  /** True when every submission must end with exactly one known run. */
  readonly isExact: boolean;
}

/** The largest one exceeds every search. */
const LAGS_MS = [0, 0, 5_000, 120_000, 600_000] as const;

/** As before any run, after one, and after a probe. */
const KEPT: readonly ServerCapabilities[] = [{}, { keepsSlug: true }, { keepsSlug: true, refusesDuplicateSlug: false }];

export const SERVER_KINDS: readonly ServerKind[] = [
  {
    name: "unique",
    slugs: "unique",
    // What `doctor --probe` finds. The delay is shorter than the submit timeout, so the run can be found within it.
    capabilities: [{ keepsSlug: true, refusesDuplicateSlug: true }],
    lagsMs: [0, 0, 5_000, 120_000, 120_000],
    isExact: true,
  },
  { name: "unique-unprobed", slugs: "unique", capabilities: KEPT, lagsMs: LAGS_MS, isExact: false },
  { name: "shared", slugs: "shared", capabilities: KEPT, lagsMs: LAGS_MS, isExact: false },
  {
    name: "existing",
    slugs: "existing",
    capabilities: [...KEPT, { keepsSlug: true, refusesDuplicateSlug: true }],
    lagsMs: LAGS_MS,
    isExact: false,
  },
  {
    name: "ignored",
    slugs: "ignored",
    // The second one is outdated: the server has changed.
    capabilities: [{}, { keepsSlug: true }, { keepsSlug: false }],
    lagsMs: LAGS_MS,
    isExact: false,
  },
  { name: "refused", slugs: "refused", capabilities: [{}, { keepsSlug: false }], lagsMs: LAGS_MS, isExact: false },
];

export interface Round {
  readonly server: Pick<ServerKind, "name" | "slugs" | "isExact">;
  readonly capabilities: ServerCapabilities;
  readonly duplicateSlugStatus: ServerBehavior["duplicateSlugStatus"];
  readonly faults: readonly Fault[];
  /** How late a new run becomes visible. */
  readonly lagMs: number;
  /** For the first process, and for the one that resumes. */
  readonly kills: readonly (Kill | null)[];
}

/** Kills the process `delayMs` after the `time`-th request of an operation reaches a step. */
export interface Kill {
  readonly on: Operation;
  readonly step: "arrived" | "done" | "responded";
  readonly time: number;
  readonly delayMs: number;
}

export interface RoundResult {
  readonly round: Round;
  /** On the platform. */
  readonly runs: number;
  /** Whether the program reported the outcome as unknown. */
  readonly isUnknown: boolean;
  /** How many processes were killed. */
  readonly killed: number;
  /** Of all processes, for diagnosis. */
  readonly output: string;
}

const SPEED = 60;
const DEADLINE_MS = 60_000;
const PROGRAM = new URL("../support/fast_main.ts", import.meta.url).href;
const ROOT = new URL("../../", import.meta.url);
/** By then the outcome must be known, or reported as unknown. */
const MAX_RESUMES = 4;

/** Draws a random round. */
export function drawRound(random: () => number, { capabilities, lagsMs, ...server }: ServerKind): Round {
  const pick = <T>(list: readonly T[]): T => {
    const item = list[Math.floor(random() * list.length)];
    if (item === undefined) throw new TypeError("The list is empty");
    return item;
  };
  const kill = (): Kill => ({
    ...pick(KILLS),
    time: pick([1, 1, 1, 2]),
    delayMs: pick([0, 0, 0, 1, 3, 10]),
  });
  return {
    server,
    capabilities: pick(capabilities),
    duplicateSlugStatus: pick([400, 409, 409, 422]),
    faults: pick(FAULTS),
    lagMs: pick(lagsMs),
    kills: [random() < 0.85 ? kill() : null, random() < 0.35 ? kill() : null],
  };
}

/** Throws when a store is damaged. */
export async function playRound(round: Round): Promise<RoundResult> {
  await using folder = await emptyFolder();
  const epochMs = Date.now();
  const kills = [...round.kills];
  const victim: { child?: Deno.ChildProcess; kill?: Kill | null; seen: number; killed: number } = {
    seen: 0,
    killed: 0,
  };
  await using simulator = await startSimulator({
    clock: sharedClock(epochMs, SPEED),
    behavior: {
      slugs: round.server.slugs,
      duplicateSlugStatus: round.duplicateSlugStatus,
      listLagMs: round.lagMs,
      readLagMs: round.lagMs,
    },
    faults: round.faults,
    onStep: (operation, step) => killAtStep(victim, operation, step),
  });
  await storeCapabilities(folder.path, simulator, round);
  const stage = { simulator, folder: folder.path, epochMs };
  const start = async (args: readonly string[]) => {
    victim.kill = kills.shift() ?? null;
    victim.seen = 0;
    return await runVictim(args, victim, stage);
  };

  let last = await start(["run", "quick", "--submit-timeout", "5m", "--json"]);
  let output = last.stdout + last.stderr;
  let isUnknown = last.code === 6;
  for (let resumes = 0; !isKnown(last.code) && resumes < MAX_RESUMES; resumes++) {
    if (await hasStarted(folder.path)) {
      last = await start(["resume", "--json"]);
      isUnknown = last.code === 6;
    } else {
      // Killed before the submission was stored: nothing was sent, so the user runs the command again.
      last = await start(["run", "quick", "--submit-timeout", "5m", "--json"]);
      isUnknown = last.code === 6;
    }
    output += last.stdout + last.stderr;
  }
  return { round, runs: simulator.runs().length, isUnknown, killed: victim.killed, output };
}

/** The protocol's requests, each before and after its effect. */
const KILLS: readonly Pick<Kill, "on" | "step">[] = (["arrived", "done", "responded"] as const).flatMap((step) => [
  { on: "submit", step },
  { on: "submit", step },
  { on: "whoami", step },
  { on: "get-workflow", step },
  { on: "get-run", step },
  { on: "list-runs", step },
]);

const FAULTS: readonly (readonly Fault[])[] = [
  [],
  [],
  [{ on: "submit", cut: "before-effect" }],
  [{ on: "submit", cut: "after-effect" }],
  [{ on: "submit", cut: "before-effect" }, { on: "submit", cut: "after-effect" }],
  [{ on: "submit", statusAfterEffect: 500 }],
  [{ on: "submit", status: 500 }],
  [{ on: "submit", status: 429, retryAfter: "1" }],
  [{ on: "submit", status: 409 }],
  [{ on: "submit", body: "truncated" }],
  [{ on: "submit", body: "html" }],
  [{ on: "submit", cut: "after-effect" }, { on: "get-run", status: 503, times: 2 }, { on: "list-runs", status: 503 }],
];

function killAtStep(
  victim: { child?: Deno.ChildProcess; kill?: Kill | null; seen: number; killed: number },
  operation: Operation,
  step: Kill["step"],
): void {
  const { child, kill } = victim;
  if (child === undefined || kill === undefined || kill === null) return;
  if (kill.on !== operation || kill.step !== step || ++victim.seen !== kill.time) return;
  victim.kill = null;
  const killNow = () => {
    try {
      child.kill("SIGKILL");
      victim.killed++;
    } catch (error) {
      // It has already ended.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  if (kill.delayMs === 0) killNow();
  else setTimeout(killNow, kill.delayMs);
}

interface Stage {
  readonly simulator: Simulator;
  readonly folder: string;
  readonly epochMs: number;
}

async function runVictim(
  args: readonly string[],
  victim: { child?: Deno.ChildProcess; readonly killed: number },
  { simulator, folder, epochMs }: Stage,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", PROGRAM, ...args],
    cwd: ROOT,
    clearEnv: true,
    env: {
      ...machineEnv(),
      ...cacheEnv(),
      NO_COLOR: "1",
      PW_API_KEY: simulator.key,
      PW_STATE_DIR: folder,
      [EPOCH_VARIABLE]: String(epochMs),
      [SPEED_VARIABLE]: String(SPEED),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  victim.child = child;
  const killedBefore = victim.killed;
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  try {
    const { code, stdout, stderr } = await child.output();
    // Windows has no signals: what is killed there ends with 1, as a failed run does.
    const isKilled = Deno.build.os === "windows" && victim.killed > killedBefore;
    const text = { stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
    return { code: isKilled ? KILLED : code, ...text };
  } finally {
    clearTimeout(deadline);
    delete victim.child;
  }
}

async function storeCapabilities(folder: string, simulator: Simulator, { capabilities }: Round): Promise<void> {
  await using store = openStore(folder);
  await store.updateCapabilities(new URL(simulator.url).host, capabilities);
}

async function hasStarted(folder: string): Promise<boolean> {
  await using store = openStore(folder);
  const [record] = await store.listRecent({ limit: 1 });
  return record !== undefined && record.state !== "rejected";
}

function openStore(folder: string) {
  return openRunStore(`${folder}/history.db`);
}

/** 128 and the number of SIGKILL, as a shell reports it. */
const KILLED = 137;

/** Completed, failed or cancelled. */
function isKnown(code: number): boolean {
  return code === 0 || code === 1 || code === 3;
}
