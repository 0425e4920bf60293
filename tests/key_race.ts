/** Processes that submit with one idempotency key at the same moment, each on a machine of its own. */

import assert from "node:assert/strict";
import type { ServerBehavior } from "../lib/simulator/simulator.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { type ProgramEnd, runProgram } from "./support/program.ts";

/** One race of a few processes. */
export interface Race {
  readonly slugs: ServerBehavior["slugs"];
  /** How long each process's submit is on its way, milliseconds. */
  readonly latenciesMs: readonly number[];
  readonly isWaiting: boolean;
  /** The precision of the server's `createdAt` does not decide: runs may seem to start at the same moment. */
  readonly runSeconds: number;
}

/** Draws a random race. */
export function drawRace(random: () => number, slugs: ServerBehavior["slugs"]): Race {
  const processes = random() < 0.8 ? 2 : 3;
  return {
    slugs,
    latenciesMs: Array.from({ length: processes }, () => Math.floor(random() * 1_200)),
    isWaiting: random() < 0.6,
    runSeconds: random() < 0.2 ? 1 : 4,
  };
}

/** What a race left behind. */
export interface RaceResult {
  readonly ends: readonly (ProgramEnd & { readonly slug: string | null })[];
  /** Runs on the platform, and how many of them were not cancelled. */
  readonly runs: number;
  readonly kept: number;
}

/** Runs the processes to their end. */
export async function playRace({ slugs, latenciesMs, isWaiting, runSeconds }: Race): Promise<RaceResult> {
  const yaml = "jobs:\n  main:\n    steps:\n      - name: work\n        run: work\n";
  await using simulator = await startSimulator({
    workflows: { race: { yaml, scenario: { "main/work": { lasts: `${runSeconds}s` } } } },
    behavior: { slugs },
    faults: latenciesMs.map((latencyMs) => ({ on: "submit", latencyMs })),
  });
  const args = ["run", "race", "--idempotency-key", "k", "--json", ...(isWaiting ? [] : ["--no-wait"])];
  const ends = await Promise.all(latenciesMs.map(() => runProgram({ args, env: { PW_API_KEY: simulator.key } })));
  const statuses = simulator.runs().map(({ status }) => status);
  return {
    ends: ends.map((end) => ({ ...end, slug: JSON.parse(end.stdout).slug ?? null })),
    runs: statuses.length,
    kept: statuses.filter((status) => !/^cancel/.test(status)).length,
  };
}

/** Throws when a key did not keep its promise. */
export function assertKept({ slugs }: Race, { ends, runs, kept }: RaceResult): void {
  const isUnknown = ends.every(({ code }) => code === 6);
  const succeeded = new Set(ends.flatMap(({ code, slug }) => code === 0 ? [slug] : []));
  assert.ok(succeeded.size <= 1, `processes reported different runs: ${[...succeeded].join(", ")}`);
  if (slugs === "unique" || slugs === "existing") assert.equal(runs, 1);
  else assert.ok(kept <= 1 || isUnknown, `${kept} runs were kept, exit codes ${ends.map(({ code }) => code)}`);
}
