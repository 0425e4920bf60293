/** Reads the log of `server.ts` to its end, and prints `{ bytes, ms, rss, peak }`: by a plain fetch, or as `logs` does. */

import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { createClient } from "../../lib/platform/create_client.ts";
import { findCredential } from "../../lib/platform/credentials/credentials.ts";
import { createLogReader } from "../../lib/platform/logs.ts";
import { stepLogPath } from "../../lib/platform/run_schema.ts";
import { keyFor } from "../../tests/platform/support/servers.ts";

const PATH = stepLogPath("main", 0);
const MEBIBYTE = 1024 * 1024;

async function* plainFetch(url: string): AsyncGenerator<number> {
  const response = await fetch(`${url}/api/workflow-runs/long-1/files?file=${PATH}`);
  for await (const chunk of response.body ?? []) yield chunk.length;
}

async function* logReader(url: string): AsyncGenerator<number> {
  const options = { env: (name: string) => name === "PW_API_KEY" ? keyFor(url) : undefined };
  const readTextFile = () => Promise.reject(new Deno.errors.NotFound());
  const credential = await findCredential({ ...options, readTextFile }, {});
  const parts = { credential, fetch, clock: systemClock, random: Math.random, log: silentLog };
  const reader = createLogReader(createClient(parts), { runId: { type: "slug", slug: "long-1" }, path: PATH });
  for await (const piece of reader.readNew()) yield piece.length;
}

if (import.meta.main) {
  const [how, url = ""] = Deno.args;
  const startMs = performance.now();
  let [bytes, early, peak] = [0, 0, 0];
  for await (const length of how === "fetch" ? plainFetch(url) : logReader(url)) {
    const before = Math.floor(bytes / (16 * MEBIBYTE));
    bytes += length;
    if (Math.floor(bytes / (16 * MEBIBYTE)) === before) continue;
    const { rss } = Deno.memoryUsage();
    peak = Math.max(peak, rss);
    // After the first 128 MiB, the heap has reached its size.
    if (bytes < 144 * MEBIBYTE) early = peak;
  }
  console.log(JSON.stringify({ bytes, ms: performance.now() - startMs, early, peak }));
}
