/** `deno task bench logs`: reading a log of 1 GiB, compared with a plain fetch of the same bytes. */

import { keyFor } from "../../tests/platform/support/servers.ts";
import type { Figures } from "../figures.ts";

const MEBIBYTES = 1024;
const ROUNDS = 7;
const MIN_THROUGHPUT = 0.5;
/** Of the resident memory, between the first 128 MiB and the end. */
const MAX_GROWTH_MB = 64;
const ROOT = new URL("../../", import.meta.url);

const FORMATS = [["text", "plain text"], ["json", "a JSON string"]] as const;

interface Reading {
  /** Of what was sent: decoded, a JSON string is shorter. */
  readonly mebibytesPerSecond: number;
  readonly earlyMb: number;
  readonly peakMb: number;
}

interface Row {
  readonly name: string;
  readonly fetch: Reading;
  readonly reader: Reading;
  /** Of the whole program, with its output. */
  readonly command: number;
  readonly ratio: number;
}

export async function measureLogs(): Promise<Figures> {
  const rows: Row[] = [];
  for (const [format, name] of FORMATS) rows.push(await measureFormat(format, name));
  return {
    title: "Reading long logs",
    method:
      `A log of ${MEBIBYTES} MiB, read as \`logs\` reads it, compared with a plain fetch of the same bytes that ` +
      `discards them, and with \`logs --follow\` printing it to a file that discards it. The server is another process on ` +
      `the same machine, and sends pieces of 64 kB. Medians of ${ROUNDS} alternate readings. Memory is that of the ` +
      `process (RSS) after the first 128 MiB, and at most until the end.`,
    columns: ["sent as", "plain fetch", "reader", "reader ÷ fetch", "goal", "`logs -f` ÷ fetch", "memory"],
    rows: rows.map(({ name, fetch, reader, command, ratio }) => [
      name,
      speed(fetch.mebibytesPerSecond),
      speed(reader.mebibytesPerSecond),
      ratio.toFixed(2),
      `≥ ${MIN_THROUGHPUT}`,
      (command / fetch.mebibytesPerSecond).toFixed(2),
      `${reader.earlyMb.toFixed(0)} → ${reader.peakMb.toFixed(0)} MB`,
    ]),
    charts: [{
      name: "logs",
      title: "Throughput ÷ that of a plain fetch (line: the goal of the reader)",
      series: ["reader", "logs --follow"],
      groups: rows.map(({ name, fetch, command, ratio }) => ({
        label: name,
        values: [ratio, command / fetch.mebibytesPerSecond],
      })),
      mark: MIN_THROUGHPUT,
    }],
    data: { mebibytes: MEBIBYTES, rounds: ROUNDS, rows },
    misses: rows.flatMap(({ name, ratio, reader: { earlyMb, peakMb } }) => [
      ...(ratio < MIN_THROUGHPUT ? [`${name}: ${ratio.toFixed(2)} of the throughput of a fetch`] : []),
      ...(peakMb - earlyMb > MAX_GROWTH_MB ? [`${name}: memory grew from ${earlyMb} to ${peakMb} MB`] : []),
    ]),
  };
}

async function measureFormat(format: string, name: string): Promise<Row> {
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "bench/logs/server.ts", format, String(MEBIBYTES)],
    cwd: ROOT,
    stdout: "piped",
  }).spawn();
  try {
    const url = `http://127.0.0.1:${await firstLine(server.stdout)}`;
    const readings: { fetch: Reading; reader: Reading; command: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      readings.push({
        fetch: await read("fetch", url),
        reader: await read("reader", url),
        command: await printAll(url),
      });
    }
    const byRatio = readings.map((one) => ({ ...one, ratio: ratioOf(one) })).sort((a, b) => a.ratio - b.ratio);
    const middle = byRatio[Math.floor(ROUNDS / 2)];
    if (middle === undefined) throw new TypeError("Nothing was measured");
    return { name, ...middle };
  } finally {
    server.kill();
    await server.status;
  }
}

function ratioOf({ fetch, reader }: Pick<Row, "fetch" | "reader">): number {
  return reader.mebibytesPerSecond / fetch.mebibytesPerSecond;
}

async function read(how: "fetch" | "reader", url: string): Promise<Reading> {
  const args = ["run", "-A", "--lock=tests/deno.lock", "bench/logs/read.ts", how, url];
  const { stdout, success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (!success) throw new Error(`Cannot read the log by ${how}`);
  const { ms, early, peak } = JSON.parse(new TextDecoder().decode(stdout));
  return { mebibytesPerSecond: MEBIBYTES / (ms / 1_000), earlyMb: early / 1e6, peakMb: peak / 1e6 };
}

/** With the start of the program, which is short compared to the rest. */
async function printAll(url: string): Promise<number> {
  const state = await Deno.makeTempDir();
  try {
    const startMs = performance.now();
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--lock=deno.lock", "main.ts", "logs", "long-1", "--follow"],
      cwd: ROOT,
      env: { PW_API_KEY: keyFor(url), PW_STATE_DIR: state, NO_COLOR: "1" },
      stdout: "null",
    }).spawn().status;
    if (!success) throw new Error("Cannot print the log");
    return MEBIBYTES / ((performance.now() - startMs) / 1_000);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

async function firstLine(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream()).values({ preventCancel: true })) {
    text += piece;
    if (text.includes("\n")) break;
  }
  return text.trim();
}

function speed(mebibytesPerSecond: number): string {
  return `${mebibytesPerSecond.toFixed(0)} MiB/s`;
}
