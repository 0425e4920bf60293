/** `deno task bench pace`: polling by experience, compared with the base schedule. */

import { seededRandom } from "../../tests/support/seeded_random.ts";
import type { Figures } from "../figures.ts";
import { DISTRIBUTIONS } from "./durations.ts";
import { compare, type Comparison, type Draw, logUniform, type Setting } from "./simulate.ts";

const MEANS = 40;
const HISTORIES = 10;
const RUNS = 100;
const KNOWN = 20;
const SEED = 1;
const MAX_EXCESS = 2;

interface Row extends Comparison {
  readonly name: string;
  readonly maxRequests: number | null;
  readonly maxDelay: number | null;
}

export function measurePace(): Promise<Figures> {
  const rows = [...DISTRIBUTIONS.map(measureLike), ...CHANGES.map(measureChanged)];
  return Promise.resolve({
    title: "When a run is polled",
    method:
      `Polling by experience, compared with the schedule that is used without it (5 s, then half as much again, up to 60 s): ` +
      `requests, and how late the end of a run is noticed. ${MEANS} mean durations from 30 s to an hour, evenly on a ` +
      `logarithmic scale; for each, ${HISTORIES} times ${KNOWN} earlier runs and ${RUNS} runs that are tracked. Ratios of ` +
      `means over all of them, on a simulated clock. At no moment are there more polls than 1.5 times those of the ` +
      `schedule and two. The last rows are the price: the runs have changed, and the history does not show it yet.`,
    columns: ["durations", "requests ÷ base", "delay ÷ base", "goals", "delay", "base delay"],
    rows: rows.map((row) => [
      row.name,
      (row.requests / row.baseRequests).toFixed(2),
      (row.delayMs / row.baseDelayMs).toFixed(2),
      row.maxRequests === null ? "" : `≤ ${row.maxRequests}, ≤ ${row.maxDelay}`,
      seconds(row.delayMs),
      seconds(row.baseDelayMs),
    ]),
    charts: [{
      name: "pace",
      title: "Polling by experience ÷ the base schedule (line: the same)",
      series: ["requests", "delay"],
      groups: rows.map((row) => ({
        label: row.name,
        values: [row.requests / row.baseRequests, row.delayMs / row.baseDelayMs],
      })),
      mark: 1,
    }],
    data: { means: MEANS, histories: HISTORIES, runs: RUNS, known: KNOWN, seed: SEED, rows },
    misses: rows.flatMap(missesOf),
  });
}

const likely = DISTRIBUTIONS[2]?.draw ?? DISTRIBUTIONS[0]?.draw;

/** The earlier runs were normal with ± 10 %, and these are not. */
const CHANGES: readonly { readonly name: string; readonly factor: number }[] = [
  { name: "half as long as before", factor: 0.5 },
  { name: "twice as long as before", factor: 2 },
];

function setting(): Setting {
  return {
    meansMs: logUniform(30_000, 3_600_000, MEANS),
    known: KNOWN,
    histories: HISTORIES,
    runs: RUNS,
    random: seededRandom(SEED),
  };
}

function measureLike({ name, draw, maxRequests, maxDelay }: typeof DISTRIBUTIONS[number]): Row {
  return { name, maxRequests, maxDelay, ...compare(draw, setting()) };
}

function measureChanged({ name, factor }: typeof CHANGES[number]): Row {
  if (likely === undefined) throw new TypeError("There is no distribution");
  const changed: Draw = (meanMs, random) => factor * likely(meanMs, random);
  return { name, maxRequests: null, maxDelay: null, ...compare(likely, setting(), changed) };
}

function missesOf({ name, maxRequests, maxDelay, ...found }: Row): readonly string[] {
  const requests = found.requests / found.baseRequests;
  const delay = found.delayMs / found.baseDelayMs;
  return [
    ...(requests > (maxRequests ?? Infinity) ? [`${name}: requests ${requests.toFixed(3)} × base`] : []),
    ...(delay > (maxDelay ?? Infinity) ? [`${name}: delay ${delay.toFixed(3)} × base`] : []),
    ...(found.maxExcess > MAX_EXCESS ? [`${name}: ${found.maxExcess} polls above 1.5 times those of the base`] : []),
  ];
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}
