/** A log of 54 MB takes no more memory than a short one. */

import assert from "node:assert/strict";
import { emptyFolder } from "../../support/main_job.ts";
import { keyFor } from "../../platform/support/servers.ts";

const ROOT = new URL("../../../", import.meta.url);
const LINE = `${"x".repeat(99)}\\n`;
const LINES = 540_000;
const PIECE = new TextEncoder().encode(LINE.repeat(1_000));

/** Much less than the log: V8 keeps garbage of about that size for a while. */
const MAX_GROWTH_KB = 80_000;

const RUN = {
  id: "1",
  slug: "big-1",
  number: 1,
  status: "error",
  workflowName: "big",
  user: "demo",
  createdAt: "2026-01-05T09:00:00Z",
  executedJobs: { main: { status: "error", steps: [{ name: "print", status: "error" }] } },
};

for (
  const [args, code, minBytes] of [
    [["logs"], 0, 54_000_000],
    [["logs", "--tail", "20"], 0, 2_000],
    [["logs", "--json"], 0, 54_000_000],
    [["logs", "--follow"], 0, 54_000_000],
    [["errors"], 1, 2_000],
  ] as const
) {
  Deno.test({
    name: `\`${args.join(" ")}\` of 54 MB takes no more memory than of 100 kB`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      await using platform = servingLog();
      const long = await measured(platform.url, args);
      assert.equal(long.code, code);
      assert.ok(long.bytes >= minBytes, `${long.bytes} bytes`);
      platform.lines = 1_000;
      const short = await measured(platform.url, args);
      assert.equal(short.code, code);
      const growthKb = long.peakKb - short.peakKb;
      assert.ok(growthKb < MAX_GROWTH_KB, `${growthKb} kB more than ${short.peakKb} kB`);
    },
  });
}

interface Platform extends AsyncDisposable {
  readonly url: string;
  /** In steps of 1,000. */
  lines: number;
}

/** A platform with one run, whose log is a JSON string. */
function servingLog(): Platform {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.startsWith("/api/workflow-runs/")) return new Response(null, { status: 404 });
    if (!pathname.endsWith("/files")) return Response.json(RUN);
    if (searchParams.get("file")?.endsWith(".1")) return new Response(null, { status: 404 });
    return new Response(ReadableStream.from(jsonString()), { headers: { "content-type": "application/json" } });
  });
  const platform: Platform = {
    url: `http://127.0.0.1:${server.addr.port}`,
    lines: LINES,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  function* jsonString() {
    const quote = new TextEncoder().encode('"');
    yield quote;
    for (let line = 0; line < platform.lines; line += 1_000) yield PIECE;
    yield quote;
  }
  return platform;
}

/** Runs the real program; its peak memory is read until it ends. */
async function measured(
  url: string,
  [command, ...options]: readonly string[],
): Promise<{ readonly code: number; readonly bytes: number; readonly peakKb: number }> {
  await using state = await emptyFolder();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "main.ts", command ?? "", RUN.slug, ...options],
    cwd: ROOT,
    env: { PW_API_KEY: keyFor(url), PW_STATE_DIR: state.path, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const deadline = setTimeout(() => child.kill("SIGKILL"), 60_000);
  let peakKb = 0;
  const reading = setInterval(() => peakKb = Math.max(peakKb, peakOf(child.pid)), 20);
  try {
    let bytes = 0;
    for await (const chunk of child.stdout) bytes += chunk.length;
    return { code: (await child.status).code, bytes, peakKb };
  } finally {
    clearTimeout(deadline);
    clearInterval(reading);
  }
}

function peakOf(pid: number): number {
  try {
    const [, peakKb = "0"] = /^VmHWM:\s*(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
    return Number(peakKb);
  } catch {
    return 0; // It has ended.
  }
}
