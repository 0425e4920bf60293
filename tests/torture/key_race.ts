/** Processes that submit with one idempotency key at the same moment, each on a machine of its own. */

import type { ServerBehavior } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { type ProgramEnd, runProgram } from "../support/program.ts";

/** Every way to treat the slug that a client chooses. */
export const RACE_SLUGS = [
  "unique",
  "shared",
  "existing",
  "ignored",
  "refused",
] as const satisfies readonly ServerBehavior["slugs"][];

/** One race of a few processes. */
export interface Race {
  readonly slugs: ServerBehavior["slugs"];
  readonly duplicateSlugStatus: ServerBehavior["duplicateSlugStatus"];
  /** How late a new run becomes visible. */
  readonly lagMs: number;
  /** How long each process's submit is on its way, milliseconds. */
  readonly latenciesMs: readonly number[];
  readonly isWaiting: boolean;
  /** The precision of the server's `createdAt` does not decide: runs may seem to start at the same moment. */
  readonly runSeconds: number;
}

/** Draws a random race. */
export function drawRace(random: () => number, slugs: ServerBehavior["slugs"]): Race {
  const pick = <T>(first: T, ...rest: readonly T[]): T => rest[Math.floor(random() * (rest.length + 1)) - 1] ?? first;
  const processes = random() < 0.8 ? 2 : 3;
  return {
    slugs,
    duplicateSlugStatus: pick(400, 409, 409, 422),
    lagMs: pick(0, 0, 1_000, 7_000),
    latenciesMs: Array.from({ length: processes }, () => Math.floor(random() * 1_200)),
    isWaiting: random() < 0.6,
    runSeconds: random() < 0.2 ? 1 : 4,
  };
}

/** What a race left behind. */
export interface RaceResult {
  readonly race: Race;
  readonly ends: readonly (ProgramEnd & { readonly slug: string | null })[];
  /** Of the runs on the platform. */
  readonly statuses: ReadonlyMap<string, string>;
  readonly runs: number;
}

/** Runs the processes to their end. */
export async function playRace(race: Race): Promise<RaceResult> {
  const { slugs, duplicateSlugStatus, lagMs, latenciesMs, isWaiting, runSeconds } = race;
  const yaml = "jobs:\n  main:\n    steps:\n      - name: work\n        run: work\n";
  await using simulator = await startSimulator({
    workflows: { race: { yaml, scenario: { "main/work": { lasts: `${runSeconds}s` } } } },
    behavior: { slugs, duplicateSlugStatus, listLagMs: lagMs, readLagMs: lagMs },
    faults: latenciesMs.map((latencyMs) => ({ on: "submit", latencyMs })),
  });
  const args = ["run", "race", "--idempotency-key", "k", "--json", ...(isWaiting ? [] : ["--no-wait"])];
  const ends = await Promise.all(latenciesMs.map(() => runProgram({ args, env: { PW_API_KEY: simulator.key } })));
  return {
    race,
    ends: ends.map((end) => ({ ...end, slug: JSON.parse(end.stdout).slug ?? null })),
    statuses: new Map(simulator.runs().map(({ slug, status }) => [slug, status])),
    runs: simulator.runs().length,
  };
}

/** The promises of a key that a race broke. */
export function raceViolationsOf({ race, ends, statuses, runs }: RaceResult): string[] {
  const violations: string[] = [];
  const succeeded = new Set(ends.flatMap(({ code, slug }) => code === 0 ? [slug ?? ""] : []));
  const kept = [...statuses.values()].filter((status) => !isCancelled(status)).length;
  const isUnknown = ends.every(({ code }) => code === 6);
  const isExact = race.slugs === "unique" || race.slugs === "existing";
  if (succeeded.size > 1) violations.push("processes reported different runs");
  if ([...succeeded].some((slug) => isCancelled(statuses.get(slug) ?? "canceled"))) {
    violations.push("a process reported a run that another one cancelled");
  }
  if (isExact && (runs !== 1 || succeeded.size !== 1)) violations.push("not exactly one run");
  // Runs that share a slug cannot be distinguished here, nor cancelled one by one.
  const isOneKept = runs === statuses.size && kept === 1;
  // A server that refuses slugs is not submitted to with a key.
  if (!isExact && !isUnknown && !isOneKept && runs > 0) violations.push("not one run was kept");
  return violations.map((violation) => {
    const codes = ends.map(({ code, slug }) => `${code} ${slug}`).join(", ");
    const left = [...statuses].map((entry) => entry.join(" ")).join(", ");
    return `${violation}: ${runs} runs (${left}), exit codes ${codes}: ${JSON.stringify(race)}`;
  });
}

function isCancelled(status: string): boolean {
  return status.startsWith("cancel");
}
