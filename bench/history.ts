/** Compares commands on a history of 100,000 submissions with the same on an empty one, on every backend that is there. */

import { systemClock } from "../lib/clock.ts";
import type { Kv } from "../lib/store/kv.ts";
import { openKv } from "../lib/store/open_kv.ts";
import { createRunStore } from "../lib/store/run_store.ts";
import { newCorrelationTag, slugFor } from "../lib/runs/slug.ts";
import type { Submission } from "../lib/submission.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { postgresMissing, type PostgresServer, startPostgres } from "../tests/support/postgres.ts";
import { aFinishedSubmission, aStoredRequest } from "../tests/support/records.ts";
import { fillStore } from "./fill_store.ts";

const RECORDS = 100_000;
const START_MS = Date.UTC(2020, 0, 1);
const ROUNDS = 21;
const GOALS = { ratio: 1.2, removingMs: 87, keepingMs: 82, megabytes: 228 };
const REMOVED = 502;
const MAIN = new URL("../main.ts", import.meta.url).href;

const COMMANDS = [
  ["history"],
  ["history", "--workflow", "rare"],
  ["history", "--failed"],
  ["watch", "last"],
  ["run", "quick", "--no-wait"],
];

/** The URLs of the two stores that are compared. */
interface Stores {
  readonly empty: string;
  readonly full: string;
  readonly megabytes: () => Promise<number>;
}

/** Prints the figures of each backend; returns 1 when sqlite, which most use, misses a goal, else 0. */
export async function benchHistory(print: (line: string) => void): Promise<number> {
  const folder = await Deno.makeTempDir();
  const missing = await postgresMissing();
  const postgres = missing === undefined ? await startPostgres() : undefined;
  try {
    print(`${RECORDS} submissions, medians of ${ROUNDS - 1} rounds`);
    const misses = await benchBackend("sqlite", fileStores(folder, "sqlite:"), print);
    await benchBackend("deno-kv", fileStores(folder, "deno-kv:"), print);
    if (postgres === undefined) print(`postgres: ${missing}`);
    else await benchBackend("postgres", await postgresStores(postgres), print);
    return misses === 0 ? 0 : 1;
  } finally {
    postgres?.[Symbol.dispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

async function benchBackend(name: string, stores: Stores, print: (line: string) => void): Promise<number> {
  await using simulator = await startSimulator();
  let misses = 0;
  const report = (what: string, value: number, sqliteGoal: number, unit: string) => {
    const goal = name === "sqlite" ? sqliteGoal : Infinity;
    if (value > goal) misses++;
    print(`${name} ${what}: ${value.toFixed(2)}${unit}${value > goal ? `, above the goal of ${goal}` : ""}`);
  };
  {
    await using kv = openStore(stores.full);
    await fillStore(kv, oldSubmissions(new URL(simulator.url).host));
    report("size", await stores.megabytes(), GOALS.megabytes, " MB");
    report(`prune of ${REMOVED}`, await pruneMs(kv, REMOVED), GOALS.removingMs, " ms");
    report("prune of none", await pruneMs(kv, 0), GOALS.keepingMs, " ms");
  }
  const { key } = simulator;
  for (const store of [stores.empty, stores.full]) await run(["run", "quick", "--no-wait"], { store, key });
  for (const args of COMMANDS) {
    const times: { readonly empty: number[]; readonly full: number[] } = { empty: [], full: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const which of round % 2 === 0 ? ["empty", "full"] as const : ["full", "empty"] as const) {
        const ms = await run(args, { store: stores[which], key });
        if (round > 0) times[which].push(ms);
      }
    }
    const [empty, full] = [median(times.empty), median(times.full)];
    report(`${args.join(" ")} (${empty.toFixed(0)} → ${full.toFixed(0)} ms)`, full / empty, GOALS.ratio, "x");
  }
  return misses;
}

/** One a minute, and older than what the commands submit, so that both stores have the same latest run. */
function* oldSubmissions(host: string): Generator<Submission, void> {
  const request = aStoredRequest();
  const { result } = aFinishedSubmission();
  for (let index = 0; index < RECORDS; index++) {
    const createdAtMs = START_MS + index * 60_000;
    const newTag = () => newCorrelationTag(createdAtMs, Math.random);
    const workflow = index % 40_000 === 7 ? "rare" : `workflow-${index % 20}`;
    const slug = slugFor(workflow, newTag());
    yield aFinishedSubmission({
      submissionId: newTag(),
      owner: { host, user: "demo" },
      request: { ...request, workflow },
      ownSlug: slug,
      runId: { type: "slug", slug },
      result: { ...result, status: index % 50 === 0 ? "failed" : "completed" },
      createdAtMs,
    });
  }
}

/** Median of three. */
async function pruneMs(kv: Kv, count: number): Promise<number> {
  const store = createRunStore(kv);
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const total = (await kv.get<number>(["count", "all"])).value ?? 0;
    const startedMs = performance.now();
    const removed = await store.prune({ beforeMs: 0, keep: total - count });
    times.push(performance.now() - startedMs);
    if (removed !== count) throw new Error(`${removed} were removed, not ${count}`);
  }
  return median(times);
}

async function run(
  args: readonly string[],
  { store, key }: { readonly store: string; readonly key: string },
): Promise<number> {
  const startedMs = performance.now();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, ...args],
    env: { PW_API_KEY: key, PW_STORE_URL: store, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return performance.now() - startedMs;
}

function openStore(name: string): Kv {
  return openKv(name, { clock: systemClock, random: Math.random, onSetAside: console.error });
}

function fileStores(folder: string, scheme: string): Stores {
  const path = `${folder}/${scheme.replace(":", "")}`;
  return {
    empty: `${scheme}${path}-empty`,
    full: `${scheme}${path}-full`,
    megabytes: async () => (await Deno.stat(`${path}-full`)).size / 1e6,
  };
}

async function postgresStores(server: PostgresServer): Promise<Stores> {
  return {
    empty: await server.createSchema(),
    full: await server.createSchema(),
    megabytes: async () => Number(await server.query("SELECT pg_database_size(current_database())")) / 1e6,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
