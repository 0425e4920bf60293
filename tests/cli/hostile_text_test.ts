/** A server that puts control characters into every string: no command passes any of them on. */

import assert from "node:assert/strict";
import { runCommandLine } from "../../lib/cli/program.ts";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Simulator } from "../../lib/simulator/simulator.ts";
import { keyFor } from "../platform/support/servers.ts";
import { aContext } from "../support/cli_context.ts";
import { bufferedWriter } from "../support/writer.ts";
import { testRandom } from "../support/seeded_random.ts";

/** Includes color sequences that we use ourselves: from a server, they must be escaped too. */
const INJECTED =
  "\u001b[31mSTOLEN\u001b]8;;http://x.invalid\u0007\u202e\u2066\u0000\r\u009b2J\u001b[2J\ud800\nFORGED\u2028" +
  "\u001b]0;title\u001b\\\u001b[?1049h\u{e0041}" + "y".repeat(5_000);
/** If these change, the run is never found or never ends. */
const REQUIRED = ["slug", "status", "createdAt", "startedAt", "completedAt"];

interface Row {
  readonly args: readonly string[];
  /** Response members that stay unchanged, because the command fails without them. */
  readonly unchanged?: readonly string[];
  readonly codes?: readonly number[];
}

const FAST = ["--poll-interval", "100ms", "--max-poll-interval", "200ms"];
const ROWS: readonly Row[] = [
  { args: ["list"] },
  { args: ["show", "hello-world"] },
  { args: ["status", "hello-world#46"] },
  { args: ["status", "failing-step#1"], unchanged: REQUIRED },
  { args: ["runs"] },
  { args: ["runs"], unchanged: REQUIRED },
  { args: ["watch", "failing-step#1"], unchanged: REQUIRED, codes: [1] },
  { args: ["logs", "failing-step#1"], unchanged: REQUIRED },
  { args: ["logs", "failing-step#1", "-f"], unchanged: REQUIRED },
  { args: ["errors", "failing-step#1"], unchanged: REQUIRED, codes: [1] },
  { args: ["cancel", "hello-world#46"], unchanged: REQUIRED },
  { args: ["run", "quick", "--no-check", "--no-history", ...FAST], unchanged: [...REQUIRED, "name"] },
  {
    args: ["run", "failing-step", "--no-check", "--no-history", ...FAST],
    unchanged: [...REQUIRED, "name"],
    codes: [1],
  },
  { args: ["run", "hello-world", "--dry-run"], codes: [2, 5] },
  { args: ["status", "no-such-run"], codes: [5] },
  { args: ["inputs", "new", "hello-world"] },
  { args: ["inputs", "schema", "hello-world"] },
  { args: ["inputs", "explain", "hello-world"] },
];

for (const { args, unchanged = [], codes } of ROWS) {
  for (const mode of ["text", "json"]) {
    if (mode === "json" && (args.includes("-f") || ["new", "schema"].includes(args[1] ?? ""))) continue;
    const commandLine = mode === "json" ? [...args, "--json"] : args;
    Deno.test(`\`${commandLine.join(" ")}\`${unchanged.length > 0 ? ` with ${unchanged.join(", ")} unchanged` : ""} escapes text from a server`, async () => {
      await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
      await using hostile = hostileProxy(simulator, unchanged);
      const stdout = bufferedWriter({ isTerminal: mode === "text" });
      const stderr = bufferedWriter({ isTerminal: true });
      const code = await runCommandLine(aContext({
        args: commandLine,
        env: (name) => name === "PW_API_KEY" ? keyFor(hostile.url) : undefined,
        stdout,
        stderr,
        clock: fastClock(systemClock, 60),
        random: testRandom(),
        fetch,
      }));
      const output = `exit ${code}\n${stdout.text()}\n${stderr.text()}`;
      assert.notEqual(code, 70, output);
      if (codes !== undefined) assert.ok(codes.includes(code), output);
      assertEscaped(stdout.text());
      assertEscaped(stderr.text());
      // A log may contain any lines.
      if (args[0] !== "logs") {
        assert.doesNotMatch(`${stdout.text()}\n${stderr.text()}`, /^FORGED/m, "a line from the server");
      }
      if (mode === "json") JSON.parse(stdout.text());
    });
  }
}

function assertEscaped(text: string): void {
  // deno-lint-ignore no-control-regex -- the live line clears itself, and these colors are ours
  const plain = text.replace(/\r\u001b\[K/g, "").replace(/\u001b\[(?:1|2|22|31|32|33|36|39)m/g, "<ours>");
  // deno-lint-ignore no-control-regex -- these characters must not pass
  const found = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u202a-\u202e\u2066-\u2069]|[\u{e0000}-\u{e007f}]/u.exec(
    plain,
  );
  assert.equal(
    found,
    null,
    `passed: ${JSON.stringify(plain.slice(Math.max(0, (found?.index ?? 0) - 80)).slice(0, 200))}`,
  );
  assert.doesNotMatch(plain, /<ours>STOLEN/, "a color sequence from the server was not escaped");
}

function hostileProxy(simulator: Simulator, unchanged: readonly string[]) {
  const authorization = `Basic ${btoa(`${simulator.key}:`)}`;
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, async ({ url, method, headers, body }) => {
    const { pathname, search } = new URL(url);
    const forwarded = new Headers(headers);
    forwarded.set("authorization", authorization);
    const response = await fetch(simulator.url + pathname + search, { method, headers: forwarded, body });
    const text = await response.text();
    const { status } = response;
    if (text === "") return new Response(null, { status });
    if (!(response.headers.get("content-type") ?? "").includes("json")) {
      return new Response(new Blob([text, INJECTED, new Uint8Array([0xff, 0xc3])]), { status });
    }
    return Response.json(injected(JSON.parse(text), unchanged), { status });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** Appends to every string, so that names are still found by their prefix. */
function injected(value: unknown, unchanged: readonly string[]): unknown {
  if (typeof value === "string") return value + INJECTED;
  if (Array.isArray(value)) return value.map((item) => injected(item, unchanged));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, unchanged.includes(name) ? item : injected(item, unchanged)]),
  );
}
