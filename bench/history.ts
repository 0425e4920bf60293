/** Compares three commands with a history of 100,000 submissions and with an empty history. */

import { DatabaseSync } from "node:sqlite";
import { openSqliteRunStore } from "../lib/store/sqlite_run_store.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { anActiveSubmission, aPendingSubmission, aRun } from "../tests/support/records.ts";

const RECORDS = 100_000;
const ROUNDS = 21;
const GOAL = 1.2;
const MAIN = new URL("../main.ts", import.meta.url).href;

/** Prints three ratios; returns 1 when one exceeds the goal, else 0. */
export async function benchHistory(print: (line: string) => void): Promise<number> {
  const folder = await Deno.makeTempDir();
  const simulator = await startSimulator();
  try {
    const started = await run(["run", "quick", "--no-wait", "--json"], `${folder}/empty`, simulator.key);
    const { slug } = JSON.parse(started.stdout);
    await Deno.mkdir(`${folder}/full`);
    await Deno.copyFile(`${folder}/empty/history.db`, `${folder}/full/history.db`);
    await fill(`${folder}/full/history.db`, new URL(simulator.url).host);
    print(`${RECORDS} submissions, ${ROUNDS} rounds, watched run: ${slug}`);
    let worst = 0;
    for (const args of [["history"], ["watch", "last"], ["run", "quick", "--no-wait"]]) {
      worst = Math.max(worst, await compare(args, { folder, key: simulator.key, print }));
    }
    return worst > GOAL ? 1 : 0;
  } finally {
    await simulator[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

async function compare(
  args: readonly string[],
  { folder, key, print }: { readonly folder: string; readonly key: string; readonly print: (line: string) => void },
): Promise<number> {
  const times: { readonly empty: number[]; readonly full: number[] } = { empty: [], full: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const which of round % 2 === 0 ? ["empty", "full"] as const : ["full", "empty"] as const) {
      const { ms } = await run(args, `${folder}/${which}`, key);
      if (round > 0) times[which].push(ms);
    }
  }
  const [empty, full] = [median(times.empty), median(times.full)];
  const ratio = full / empty;
  const verdict = ratio <= GOAL ? "" : `  above the goal of ${GOAL}x`;
  print(
    `${args.join(" ").padEnd(24)} ${empty.toFixed(1)} ms empty, ${full.toFixed(1)} ms full: ${
      ratio.toFixed(2)
    }x${verdict}`,
  );
  return ratio;
}

async function run(args: readonly string[], state: string, key: string): Promise<{ ms: number; stdout: string }> {
  const startedMs = performance.now();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, ...args],
    env: { PW_API_KEY: key, PW_STATE_DIR: state, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return { ms: performance.now() - startedMs, stdout: new TextDecoder().decode(stdout) };
}

/** The submissions are older than the existing one, so that both histories have the same latest run. */
async function fill(path: string, host: string): Promise<void> {
  const owner = { host, user: "demo" };
  const submission = anActiveSubmission({ owner, run: aRun({ status: "completed", isFinal: true }), createdAtMs: 1 });
  await using store = await openSqliteRunStore({ path, nowMs: 0, onSetAside: console.error });
  await store.put(aPendingSubmission({ owner, submissionId: "first", createdAtMs: 1 }));
  const database = new DatabaseSync(path);
  database.exec("BEGIN");
  const insert = database.prepare("INSERT INTO submissions VALUES (?, 1, ?, 'demo', 'hello-world', ?, 0, ?, ?)");
  for (let index = 0; index < RECORDS; index++) {
    insert.run(`submission-${index}`, host, `slug-${index}`, 1_000 + index, JSON.stringify(submission));
  }
  database.exec("DELETE FROM submissions WHERE submission_id = 'first'; COMMIT");
  database.close();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
