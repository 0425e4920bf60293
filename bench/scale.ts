/**
 * Several processes tick on one PostgreSQL: each occurrence is to be submitted exactly once, and soon. An hour passes in
 * as little time as the ticks take; what a tick takes is real.
 */

import { parseArgs } from "node:util";
import { createKv } from "../lib/store/kv.ts";
import { openPostgresBackend } from "../lib/store/postgres_kv.ts";
import { createRunStore } from "../lib/store/run_store.ts";
import type { Submission } from "../lib/submission.ts";
import { postgresMissing, startPostgres } from "../tests/support/postgres.ts";
import { anActiveSubmission } from "../tests/support/records.ts";
import { fillStore } from "./fill_store.ts";
import { type Platform, startPlatform } from "./scale/platform.ts";
import type { TickFigures } from "./scale/worker.ts";

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 5, 9);
const MAX_TICKS_AFTER = 10;

interface Size {
  readonly schedules: number;
  readonly open: number;
  readonly processes: number;
  readonly minutes: number;
}

interface Figures {
  readonly size: Size;
  readonly rows: readonly (readonly [name: string, value: number])[];
  readonly problems: readonly string[];
}

/** Prints the figures of a tenth of the size and of the size itself; returns 1 when an occurrence is lost or doubled. */
export async function benchScale(print: (line: string) => void, args: readonly string[]): Promise<number> {
  const missing = await postgresMissing();
  if (missing !== undefined) throw new Error(missing);
  const full = readSize(args);
  const tenth = { ...full, schedules: Math.ceil(full.schedules / 10), open: Math.ceil(full.open / 10) };
  const figures: Figures[] = [];
  for (const size of [tenth, full]) figures.push(await measure(size));
  const [small, large] = figures;
  print(
    `${full.processes} processes on PostgreSQL, ${full.minutes} minutes of hourly schedules, per minute unless stated otherwise`,
  );
  print(`${"".padEnd(34)}${figures.map(({ size }) => `${size.schedules}/${size.open}`.padStart(16)).join("")}   ratio`);
  for (const [index, [name, value]] of large?.rows.entries() ?? []) {
    const before = small?.rows[index]?.[1] ?? NaN;
    const ratio = before === 0 ? "" : (value / before).toFixed(1).padStart(8);
    print(`${name.padEnd(34)}${format(before)}${format(value)}${ratio}`);
  }
  const problems = figures.flatMap((each) => each.problems);
  for (const problem of problems) print(problem);
  return problems.length > 0 ? 1 : 0;
}

function format(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 100 ? 1 : 0 }).padStart(16);
}

function readSize(args: readonly string[]): Size {
  const { values } = parseArgs({
    args: [...args],
    options: {
      schedules: { type: "string", default: "10000" },
      open: { type: "string", default: "100000" },
      processes: { type: "string", default: "4" },
      minutes: { type: "string", default: "60" },
    },
  });
  const { schedules, open, processes, minutes } = values;
  return { schedules: Number(schedules), open: Number(open), processes: Number(processes), minutes: Number(minutes) };
}

async function measure(size: Size): Promise<Figures> {
  using server = await startPostgres();
  await using platform = startPlatform({ openRuns: size.open });
  {
    await using kv = createKv(await openPostgresBackend(server.url));
    await fillStore(kv, openSubmissions(platform.host, size.open));
  }
  await server.query("VACUUM ANALYZE pw_kv");
  const processes = Array.from({ length: size.processes }, () => startWorker(server.url, platform.key, size.schedules));
  const ticks: TickFigures[] = [];
  const losers: TickFigures[] = [];
  const startedMs: Map<number, number> = new Map();
  try {
    const tickAt = async (nowMs: number) => {
      platform.setNow(nowMs);
      startedMs.set(nowMs, performance.now());
      const figures = await Promise.all(processes.map((process) => process.tick(nowMs)));
      ticks.push(...figures.filter(({ didTick }) => didTick));
      losers.push(...figures.filter(({ didTick }) => !didTick));
    };
    // The first tick, with which the schedules begin, and the start of the processes are not measured.
    await tickAt(START_MS);
    ticks.length = losers.length = 0;
    const before = new Map(platform.requests);
    const minutes = size.minutes + await ticksAfter(size, platform, tickAt);
    const requests = [...platform.requests].map(([name, count]) =>
      [`requests: ${name}`, (count - (before.get(name) ?? 0)) / minutes] as const
    );
    const sum = (name: "statements" | "rowsRead" | "rowsWritten" | "databaseMs", of: readonly TickFigures[]) =>
      of.reduce((total, figures) => total + figures[name], 0) / minutes;
    const { lags, problems } = await verify(server.url, { size, platform, startedMs });
    return {
      size,
      problems,
      rows: [
        ["occurrences", lags.length / size.minutes],
        ["lag p50, ms", percentile(lags, 0.5)],
        ["lag p99, ms", percentile(lags, 0.99)],
        ["lag max, ms", percentile(lags, 1)],
        ["tick p50, ms", percentile(ticks.map(({ tookMs }) => tookMs), 0.5)],
        ["tick max, ms", percentile(ticks.map(({ tookMs }) => tookMs), 1)],
        ["ticks cut short, in all", ticks.filter(({ isCutShort }) => isCutShort).length],
        ["polls", ticks.reduce((total, { polled }) => total + polled, 0) / minutes],
        ...requests,
        ["statements", sum("statements", ticks)],
        ["rows read", sum("rowsRead", ticks)],
        ["rows written", sum("rowsWritten", ticks)],
        ["database, ms", sum("databaseMs", ticks)],
        ["statements of waiting processes", sum("statements", losers)],
        ["rows read by waiting processes", sum("rowsRead", losers)],
      ],
    };
  } finally {
    for (const process of processes) await process[Symbol.asyncDispose]();
  }
}

/** Ticks through the minutes, and until every occurrence is submitted; returns how many more that took. */
async function ticksAfter(size: Size, platform: Platform, tickAt: (nowMs: number) => Promise<void>): Promise<number> {
  for (let minute = 1; minute <= size.minutes; minute++) await tickAt(START_MS + minute * MINUTE_MS);
  let more = 0;
  while (platform.submits.size < expectedOf(size).length && more < MAX_TICKS_AFTER) {
    more++;
    await tickAt(START_MS + (size.minutes + more) * MINUTE_MS);
  }
  return more;
}

/** The ids of all occurrences, from the first tick on. */
function expectedOf({ schedules, minutes }: Size): readonly string[] {
  return Array.from({ length: minutes + 1 }, (_, index) => index).flatMap((minute) => {
    const at = new Date(START_MS + minute * MINUTE_MS);
    const first = at.getUTCMinutes();
    const count = Math.max(0, Math.ceil((schedules - first) / 60));
    return Array.from({ length: count }, (_, index) => `s${first + index * 60}@${at.toISOString().slice(0, 16)}Z`);
  });
}

async function verify(
  url: string,
  { size, platform, startedMs }: {
    readonly size: Size;
    readonly platform: Platform;
    readonly startedMs: ReadonlyMap<number, number>;
  },
): Promise<{ readonly lags: readonly number[]; readonly problems: readonly string[] }> {
  await using store = createRunStore(createKv(await openPostgresBackend(url)));
  const expected = expectedOf(size);
  const lags: number[] = [];
  const slugs = new Set<string>();
  let lost = 0;
  for (let index = 0; index < expected.length; index += 1_000) {
    const ids = expected.slice(index, index + 1_000);
    const submissions = await store.getMany(ids);
    lost += ids.length - submissions.length;
    for (const { ownSlug, origin } of submissions) {
      const submit = platform.submits.get(ownSlug ?? "");
      if (submit === undefined || origin.type !== "schedule") {
        lost++;
        continue;
      }
      slugs.add(ownSlug ?? "");
      const lagMs = submit.nowMs - origin.scheduledAtMs + submit.realMs - (startedMs.get(submit.nowMs) ?? NaN);
      if (origin.scheduledAtMs > START_MS) lags.push(lagMs);
    }
  }
  const doubled = platform.submits.size - slugs.size;
  return {
    lags,
    problems: [
      ...(lost > 0 ? [`${lost} of ${expected.length} occurrences were not submitted`] : []),
      ...(doubled > 0 ? [`${doubled} runs belong to no occurrence`] : []),
      ...(platform.duplicates() > 0 ? [`${platform.duplicates()} submits had a slug that was taken`] : []),
    ],
  };
}

function* openSubmissions(host: string, count: number): Generator<Submission, void> {
  for (let index = 0; index < count; index++) {
    const slug = `open-${index}`;
    yield anActiveSubmission({
      submissionId: slug,
      owner: { host, user: "demo" },
      origin: { type: "http" },
      ownSlug: slug,
      runId: { type: "slug", slug },
      createdAtMs: START_MS - MINUTE_MS - index,
    });
  }
}

interface Worker extends AsyncDisposable {
  tick(nowMs: number): Promise<TickFigures>;
}

function startWorker(store: string, key: string, schedules: number): Worker {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("scale/worker.ts", import.meta.url).href, store, key, String(schedules)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async tick(nowMs) {
      await input.write(new TextEncoder().encode(`${nowMs}\n`));
      while (!text.includes("\n")) {
        const { value, done } = await output.read();
        if (done) throw new Error("A process ended");
        text += value;
      }
      const end = text.indexOf("\n");
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      return JSON.parse(line);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await output.cancel();
      await input.close().catch(() => {});
    },
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
