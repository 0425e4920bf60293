/**
 * One wish a round: the program is killed at an instant around a step of its protocol, answers are cut, and what a
 * person would then do is done: `resume`, and once more from the start where nothing was begun.
 */

import assert from "node:assert/strict";
import { openSqliteRunStore } from "../../lib/store/sqlite_run_store.ts";
import type { Fault, Operation, ServerBehavior, Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { cacheEnv } from "../support/program.ts";
import { EPOCH_VARIABLE, sharedClock, SPEED_VARIABLE } from "../support/fast_main.ts";

export type SlugRule = ServerBehavior["slugs"];
export const SLUG_RULES = ["unique", "shared", "existing", "ignored", "refused"] as const satisfies readonly SlugRule[];

export interface Round {
  readonly slugs: SlugRule;
  readonly duplicateSlugStatus: ServerBehavior["duplicateSlugStatus"];
  readonly faults: readonly Fault[];
  /** How late a new run shows, which no search of a minute can bridge when it is long. */
  readonly lagMs: number;
  /** Where the first process is killed, and where the one that resumes. */
  readonly kills: readonly (Kill | null)[];
}

/** At the n-th time that a request of this kind comes to this step, and a moment after. */
export interface Kill {
  readonly on: Operation;
  readonly step: "arrived" | "done" | "answered";
  readonly time: number;
  readonly delayMs: number;
}

export interface RoundEnd {
  readonly round: Round;
  /** How many runs the platform has. */
  readonly runs: number;
  /** Whether the program said that it does not know. */
  readonly isUnknown: boolean;
  /** How many processes were killed before they had ended. */
  readonly killed: number;
  /** What the last process said, for whoever has to find out why. */
  readonly said: string;
}

const SPEED = 60;
const DEADLINE_MS = 60_000;
const PROGRAM = new URL("../support/fast_main.ts", import.meta.url).href;
const ROOT = new URL("../../", import.meta.url);
/** After so many the outcome must be clear, or clearly unknown. */
const MAX_RESUMES = 4;

/** Draws a round; the same numbers give the same round. */
export function drawRound(random: () => number, slugs: SlugRule): Round {
  const pick = <T>(list: readonly T[]): T => {
    const item = list[Math.floor(random() * list.length)];
    if (item === undefined) throw new TypeError("There is nothing to pick from");
    return item;
  };
  const kill = (): Kill => ({
    ...pick(KILLS),
    time: pick([1, 1, 1, 2]),
    delayMs: pick([0, 0, 0, 1, 3, 10]),
  });
  return {
    slugs,
    duplicateSlugStatus: pick([400, 409, 409, 422]),
    faults: pick(FAULTS),
    lagMs: pick([0, 0, 0, 5_000, 120_000]),
    kills: [random() < 0.85 ? kill() : null, random() < 0.35 ? kill() : null],
  };
}

/** Plays a round to its end. Throws when a process says something that can't be. */
export async function playRound(round: Round): Promise<RoundEnd> {
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
      slugs: round.slugs,
      duplicateSlugStatus: round.duplicateSlugStatus,
      listLagMs: round.lagMs,
      readLagMs: round.lagMs,
    },
    faults: round.faults,
    onStep: (operation, step) => strike(victim, operation, step),
  });
  await knowTheHost(folder.path, simulator, round, epochMs);
  const parts = { simulator, folder: folder.path, epochMs };
  const start = async (args: readonly string[]) => {
    victim.kill = kills.shift() ?? null;
    victim.seen = 0;
    return await runVictim(args, victim, parts);
  };

  let end = await start(["run", "quick", "--submit-timeout", "5m", "--json"]);
  let said = end.stdout + end.stderr;
  let isUnknown = end.code === 6;
  for (let resumes = 0; !isAnswer(end.code) && resumes < MAX_RESUMES; resumes++) {
    if (await hasStarted(folder.path, epochMs)) {
      end = await start(["resume", "--json"]);
      isUnknown = end.code === 6;
    } else {
      // Killed before the intent was written: nothing was sent, and the person wishes again.
      end = await start(["run", "quick", "--submit-timeout", "5m", "--json"]);
      isUnknown = end.code === 6;
    }
    said += end.stdout + end.stderr;
  }
  return { round, runs: simulator.runs().length, isUnknown, killed: victim.killed, said };
}

/** Where a process may die: each request that the protocol sends, and a moment before and after. */
const KILLS: readonly Pick<Kill, "on" | "step">[] = (["arrived", "done", "answered"] as const).flatMap((step) => [
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

function strike(
  victim: { child?: Deno.ChildProcess; kill?: Kill | null; seen: number; killed: number },
  operation: Operation,
  step: Kill["step"],
): void {
  const { child, kill } = victim;
  if (child === undefined || kill === undefined || kill === null) return;
  if (kill.on !== operation || kill.step !== step || ++victim.seen !== kill.time) return;
  victim.kill = null;
  const end = () => {
    try {
      child.kill("SIGKILL");
      victim.killed++;
    } catch (error) {
      // It had ended already: then there was nothing to kill.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  if (kill.delayMs === 0) end();
  else setTimeout(end, kill.delayMs);
}

interface Parts {
  readonly simulator: Simulator;
  readonly folder: string;
  readonly epochMs: number;
}

async function runVictim(
  args: readonly string[],
  victim: { child?: Deno.ChildProcess },
  { simulator, folder, epochMs }: Parts,
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
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  try {
    const { code, stdout, stderr } = await child.output();
    return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  } finally {
    clearTimeout(deadline);
    delete victim.child;
  }
}

/** What `contact` would have found out about a host that honours slugs and refuses a second one. */
async function knowTheHost(folder: string, simulator: Simulator, { slugs }: Round, nowMs: number): Promise<void> {
  if (slugs !== "unique") return;
  await using store = await openLedger(folder, nowMs);
  await store.updateCapabilities(new URL(simulator.url).host, { keepsSlug: true, refusesDuplicateSlug: true });
}

async function hasStarted(folder: string, nowMs: number): Promise<boolean> {
  await using store = await openLedger(folder, nowMs);
  const [record] = await store.listRecent(null, { limit: 1 });
  return record !== undefined && record.state !== "rejected";
}

function openLedger(folder: string, nowMs: number) {
  return openSqliteRunStore({ path: `${folder}/ledger.db`, nowMs, onSetAside: (message) => assert.fail(message) });
}

/** Completed, failed or cancelled: whoever hears it knows about the run. */
function isAnswer(code: number): boolean {
  return code === 0 || code === 1 || code === 3;
}
