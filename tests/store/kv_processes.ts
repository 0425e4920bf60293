/** Several processes on one store, each with a deadline. */

import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import type { Kv } from "../../lib/store/kv.ts";
import { openKv } from "../../lib/store/open_kv.ts";

const WORKER = new URL("kv_worker.ts", import.meta.url).href;
const ROOT = new URL("../../", import.meta.url);
const DEADLINE_MS = 120_000;

export function openStore(store: string): Kv {
  return openKv(store, {
    clock: systemClock,
    random: Math.random,
    onSetAside: (message) => assert.fail(message),
  });
}

export interface Worker {
  readonly child: Deno.ChildProcess;
  /** The lines that it printed so far. */
  readonly lines: readonly string[];
  /** Resolves when it has ended and all its lines are read. */
  readonly ended: Promise<{ readonly code: number; readonly stderr: string }>;
  /** Waits for its first line; fails when it ends without one. */
  began(): Promise<void>;
  /** Closes its stdin. */
  stop(): Promise<void>;
}

export function startWorker(
  store: string,
  mode: string,
  name: string,
  permissions: readonly string[] = ["-A"],
  program = WORKER,
): Worker {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...permissions, program, store, mode, name],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).spawn();
  const lines: string[] = [];
  const first = Promise.withResolvers<void>();
  const read = async () => {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      if (lines.length > 0) first.resolve();
    }
  };
  const ended = Promise.all([read(), new Response(child.stderr).text(), child.status]).then(
    ([, stderr, { code }]) => ({ code, stderr }),
  );
  const began = () => Promise.race([first.promise, ended.then(({ stderr }) => assert.fail(stderr))]);
  return { child, lines, ended, began, stop: () => child.stdin.close().catch(() => {}) };
}

/** Two processes race 100 times for a new key and 100 times for an old one: each race has one winner. */
export async function assertRacesHaveOneWinner(store: string): Promise<void> {
  const workers = ["one", "other"].map((name) => startWorker(store, "race", name));
  for (const worker of workers) {
    await worker.stop();
    const { code, stderr } = await worker.ended;
    assert.equal(code, 0, stderr);
  }
  const wins = workers.flatMap(({ lines }) => lines);
  assert.equal(wins.filter((key) => key === "created").length, 100);
  assert.equal(wins.filter((key) => key === "replaced").length, 100);
  await using kv = openStore(store);
  assert.equal((await kv.get(["commits"])).value, 200);
}

/** Every acknowledged pair is there, none is half there, and the counter agrees. */
export async function assertPairs(store: string, acknowledged: readonly string[]): Promise<void> {
  await using kv = openStore(store);
  const [left, right] = await Promise.all(
    ["left", "right"].map(async (half) =>
      (await Array.fromAsync(kv.list({ prefix: [half] }))).map(({ key }) => key.slice(1).join(" "))
    ),
  );
  assert.deepEqual(left, right);
  const stored = new Set(left);
  assert.deepEqual(acknowledged.filter((pair) => !stored.has(pair)), []);
  assert.equal((await kv.get(["pairs"])).value, stored.size);
}
