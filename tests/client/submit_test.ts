/** A submit is sent once, and how it ended is told by what is certain. */

import assert from "node:assert/strict";
import type { Client } from "../../lib/client/client.ts";
import { createClient } from "../../lib/client/create_client.ts";
import { findCredential } from "../../lib/client/credentials.ts";
import { silentLog } from "../../lib/log.ts";
import type { Fault, Quirks } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const SUBMISSION = { workflow: "quick", inputs: {}, slug: "mine", displayName: null, consent: null };

interface Row {
  readonly fault: Fault;
  readonly type: string;
  readonly retryAfterMs?: number;
  readonly isGateway?: boolean;
}

const ROWS: readonly Row[] = [
  { fault: { on: "submit", status: 429, retryAfter: "7" }, type: "not-sent", retryAfterMs: 7_000 },
  { fault: { on: "submit", status: 429 }, type: "not-sent" },
  ...[400, 401, 403, 404, 405, 422].map((status) => ({ fault: { on: "submit", status }, type: "rejected" }) as const),
  { fault: { on: "submit", status: 409 }, type: "conflict" },
  { fault: { on: "submit", status: 500 }, type: "ambiguous", isGateway: false },
  { fault: { on: "submit", status: 502 }, type: "ambiguous", isGateway: true },
  { fault: { on: "submit", status: 503 }, type: "ambiguous", isGateway: false },
  { fault: { on: "submit", statusAfterEffect: 504 }, type: "ambiguous", isGateway: true },
  { fault: { on: "submit", cut: "before-effect" }, type: "ambiguous", isGateway: false },
  { fault: { on: "submit", cut: "after-effect" }, type: "ambiguous", isGateway: false },
  { fault: { on: "submit", latencyMs: 45_000 }, type: "ambiguous", isGateway: false },
  ...(["truncated", "malformed", "html", "empty", "wrong-shape"] as const).map((body) =>
    ({ fault: { on: "submit", body }, type: "ambiguous", isGateway: false }) as const
  ),
];

for (const { fault, type, retryAfterMs, isGateway } of ROWS) {
  const { on: _on, ...what } = fault;
  Deno.test(`submit() that met ${JSON.stringify(what)} is ${type}, and was sent once`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, faults: [fault] });
    const { client } = await depsFor(simulator, { clock });
    const answer = await client.submit(SUBMISSION, {});
    assert.equal(answer.type, type);
    assert.equal(simulator.received("submit").length, 1);
    if (retryAfterMs !== undefined) assert.ok("retryAfterMs" in answer && answer.retryAfterMs === retryAfterMs);
    if (isGateway !== undefined) assert.ok("isGateway" in answer && answer.isGateway === isGateway);
  });
}

for (
  const [slugs, want] of [["refused", true], [
    "unique",
    false,
  ]] as const satisfies readonly (readonly [Quirks["slugs"], boolean])[]
) {
  Deno.test(`submit() tells ${want ? "a slug" : "a workflow"} that is refused by what the server points at`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, quirks: { slugs } });
    const { client } = await depsFor(simulator, { clock });
    const workflow = want ? "quick" : "no-such-workflow";
    const answer = await client.submit({ ...SUBMISSION, workflow }, {});
    assert.ok(answer.type === "rejected");
    assert.equal(answer.isSlugRefused, want);
  });
}

Deno.test("submit() to a refused port was not sent", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await clientOf(listener.addr.port);
  listener.close();
  assert.equal((await client.submit(SUBMISSION, {})).type, "not-sent");
});

Deno.test("submit() arrives once at a server that reads it and closes, also after a request on a kept connection", async () => {
  let posts = 0;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = async (connection: Deno.TcpConn) => {
    const buffer = new Uint8Array(65_536);
    while (true) {
      const count = await connection.read(buffer).catch(() => null);
      if (count === null) break;
      const request = new TextDecoder().decode(buffer.subarray(0, count));
      if (request.startsWith("POST")) {
        posts++;
        break;
      }
      const body = '{"runs": [], "total": 0}';
      const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
      await connection.write(new TextEncoder().encode(head + body));
    }
    connection.close();
  };
  const serving: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const connection of listener) serving.push(serve(connection));
  })();
  const shared = Deno.createHttpClient({});
  const client = await clientOf(listener.addr.port, (input, init) => fetch(input, { client: shared, ...init }));
  await client.listRuns({});
  assert.equal((await client.submit(SUBMISSION, {})).type, "ambiguous");
  shared.close();
  listener.close();
  await accepting;
  await Promise.all(serving);
  assert.equal(posts, 1);
});

Deno.test("submit() that is given up throws the signal's own reason", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, faults: [{ on: "submit", latencyMs: 10_000 }] });
  const { client } = await depsFor(simulator, { clock });
  const reason = new Error("enough");
  await assert.rejects(client.submit(SUBMISSION, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
});

async function clientOf(port: number, fetchHere: typeof fetch = fetch): Promise<Client> {
  const key = `pwt_${btoa(`http://127.0.0.1:${port}`).replaceAll("=", "")}.rest`;
  const credential = await findCredential({
    env: (name) => name === "PW_API_KEY" ? key : undefined,
    readTextFile: () => Promise.reject(new Deno.errors.NotFound()),
  }, {});
  const parts = { clock: virtualClock(), random: Math.random, log: silentLog };
  return createClient({ ...parts, credential, fetch: fetchHere, routes: "flat" });
}
