/** A server that plants what terminals obey in every string it sends: no command hands any of it on. */

import assert from "node:assert/strict";
import { main } from "../../lib/cli/program.ts";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Simulator } from "../../lib/simulator/simulator.ts";
import { keyFor } from "../platform/support/servers.ts";
import { aContext } from "../support/cli_context.ts";
import { keptWriter } from "../support/writer.ts";

/** Colours of ours among it: they too are only ours when we put them there. */
const PLANTED =
  "\u001b[31mSTOLEN\u001b]8;;http://x.invalid\u0007\u202e\u2066\u0000\r\u009b2J\u001b[2J\ud800\nFORGED\u2028" +
  "\u001b]0;title\u001b\\\u001b[?1049h\u{e0041}" + "y".repeat(5_000);
/** Without these a run is never found or never ends. */
const NEEDED = ["slug", "status", "createdAt", "startedAt", "completedAt"];

interface Row {
  readonly args: readonly string[];
  /** What keeps its value in the answers, because the command gets nowhere without it. */
  readonly kept?: readonly string[];
  readonly codes?: readonly number[];
}

const FAST = ["--poll-interval", "100ms", "--max-poll-interval", "200ms"];
const ROWS: readonly Row[] = [
  { args: ["list"] },
  { args: ["show", "hello-world"] },
  { args: ["status", "hello-world#46"] },
  { args: ["status", "failing-step#1"], kept: NEEDED },
  { args: ["runs"] },
  { args: ["runs"], kept: NEEDED },
  { args: ["watch", "failing-step#1"], kept: NEEDED, codes: [1] },
  { args: ["logs", "failing-step#1"], kept: NEEDED },
  { args: ["logs", "failing-step#1", "-f"], kept: NEEDED },
  { args: ["errors", "failing-step#1"], kept: NEEDED, codes: [1] },
  { args: ["cancel", "hello-world#46"], kept: NEEDED },
  { args: ["run", "quick", "--no-check", "--no-history", ...FAST], kept: [...NEEDED, "name"] },
  { args: ["run", "failing-step", "--no-check", "--no-history", ...FAST], kept: [...NEEDED, "name"], codes: [1] },
  { args: ["run", "hello-world", "--dry-run"], codes: [2, 5] },
  { args: ["status", "no-such-run"], codes: [5] },
  { args: ["inputs", "new", "hello-world"] },
  { args: ["inputs", "schema", "hello-world"] },
  { args: ["inputs", "explain", "hello-world"] },
];

for (const { args, kept = [], codes } of ROWS) {
  for (const mode of ["text", "json"]) {
    if (mode === "json" && (args.includes("-f") || ["new", "schema"].includes(args[1] ?? ""))) continue;
    const words = mode === "json" ? [...args, "--json"] : args;
    Deno.test(`\`${words.join(" ")}\`${kept.length > 0 ? ` where a server keeps ${kept.join(", ")}` : ""} obeys nobody else`, async () => {
      await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
      await using hostile = hostileDoor(simulator, kept);
      const stdout = keptWriter({ isTerminal: mode === "text" });
      const stderr = keptWriter({ isTerminal: true });
      const code = await main(aContext({
        args: words,
        env: (name) => name === "PW_API_KEY" ? keyFor(hostile.url) : undefined,
        stdout,
        stderr,
        clock: fastClock(systemClock, 60),
        random: Math.random,
        fetch,
      }));
      const said = `exit ${code}\n${stdout.text()}\n${stderr.text()}`;
      assert.notEqual(code, 70, said);
      if (codes !== undefined) assert.ok(codes.includes(code), said);
      assertEscaped(stdout.text());
      assertEscaped(stderr.text());
      // A log's lines are its own.
      if (args[0] !== "logs") assert.doesNotMatch(`${stdout.text()}\n${stderr.text()}`, /^FORGED/m, "a line of theirs");
      if (mode === "json") JSON.parse(stdout.text());
    });
  }
}

function assertEscaped(text: string): void {
  // deno-lint-ignore no-control-regex -- the live line takes itself back, and these colours are ours
  const plain = text.replace(/\r\u001b\[K/g, "").replace(/\u001b\[(?:1|2|22|31|32|33|36|39)m/g, "<ours>");
  // deno-lint-ignore no-control-regex -- what must not pass
  const found = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u202a-\u202e\u2066-\u2069]|[\u{e0000}-\u{e007f}]/u.exec(
    plain,
  );
  assert.equal(
    found,
    null,
    `passed: ${JSON.stringify(plain.slice(Math.max(0, (found?.index ?? 0) - 80)).slice(0, 200))}`,
  );
  assert.doesNotMatch(plain, /<ours>STOLEN/, "a colour of theirs passed for ours");
}

function hostileDoor(simulator: Simulator, kept: readonly string[]) {
  const authorization = `Basic ${btoa(`${simulator.key}:`)}`;
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, async ({ url, method, headers, body }) => {
    const { pathname, search } = new URL(url);
    const handedOn = new Headers(headers);
    handedOn.set("authorization", authorization);
    const answer = await fetch(simulator.url + pathname + search, { method, headers: handedOn, body });
    const text = await answer.text();
    const { status } = answer;
    if (text === "") return new Response(null, { status });
    if (!(answer.headers.get("content-type") ?? "").includes("json")) {
      return new Response(new Blob([text, PLANTED, new Uint8Array([0xff, 0xc3])]), { status });
    }
    return Response.json(planted(JSON.parse(text), kept), { status });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** Names of things stand first, so that what begins with them is still found. */
function planted(value: unknown, kept: readonly string[]): unknown {
  if (typeof value === "string") return value + PLANTED;
  if (Array.isArray(value)) return value.map((item) => planted(item, kept));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, kept.includes(name) ? item : planted(item, kept)]),
  );
}
