/** The HTTP API on a real socket, with slow, endless and incomplete bodies. */

import assert from "node:assert/strict";
import { silentLog } from "../../lib/log.ts";
import { readAccessKeys } from "../../lib/server/auth.ts";
import { createHandler } from "../../lib/server/app.ts";
import type { Clock } from "../../lib/clock.ts";
import { aServiceStage, type ServiceStage } from "../support/service.ts";
import { within } from "../support/within.ts";

const FULL = "full-key-0123456789";
/** The deadline and the limit in `lib/server/request.ts`. */
const BODY_DEADLINE_MS = 10_000;
const MAX_BODY_BYTES = 1024 * 1024;

Deno.test("a body that never ends gets 408", async () => {
  await using stage = await aServiceStage([]);
  const waiting = Promise.withResolvers<void>();
  const clock: Clock = {
    ...stage.clock,
    timeout(durationMs) {
      const deadline = stage.clock.timeout(durationMs);
      if (durationMs === BODY_DEADLINE_MS) waiting.resolve();
      return deadline;
    },
  };
  await using server = await serve(stage, clock);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write(connection, head("content-length", 100) + '{"workflow": "qui');
  await within(waiting.promise, "request for the body");
  stage.clock.advance(BODY_DEADLINE_MS);
  assert.match(await readSome(connection), /^HTTP\/1\.1 408 /);
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("a body without Content-Length is read only up to the limit", async () => {
  await using stage = await aServiceStage([]);
  await using server = await serve(stage);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  // The last chunk is missing, and no byte above the first that is too many: a closed socket cannot lose the response.
  const size = MAX_BODY_BYTES + 1;
  await write(connection, `${head("transfer-encoding", "chunked")}${size.toString(16)}\r\n${" ".repeat(size)}`);
  assert.match(await readSome(connection), /^HTTP\/1\.1 413 /);
});

Deno.test("a body with a Content-Length above the limit is not read", async () => {
  await using stage = await aServiceStage([]);
  await using server = await serve(stage);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write(connection, head("content-length", 2 ** 30));
  assert.match(await readSome(connection), /^HTTP\/1\.1 413 /);
});

Deno.test("an incomplete body starts nothing, and the server keeps serving", async () => {
  await using stage = await aServiceStage([]);
  await using server = await serve(stage);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write(connection, head("content-length", 100) + '{"workflow": "quick"}');
  connection.close();
  const response = await fetch(`http://127.0.0.1:${server.port}/healthz`);
  assert.deepEqual(await response.json(), { status: "ok" });
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("200 concurrent connections with one Idempotency-Key start one run, and get the same response", async () => {
  await using stage = await aServiceStage([]);
  await using server = await serve(stage);
  const responses = await Promise.all(Array.from({ length: 200 }, async () => {
    const response = await fetch(`http://127.0.0.1:${server.port}/runs?wait=25s`, {
      method: "POST",
      headers: { ...HEADERS, "idempotency-key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"' },
      body: '{"workflow": "quick"}',
    });
    return `${response.status} ${JSON.parse(await response.text()).slug}`;
  }));
  assert.equal(new Set(responses).size, 1);
  assert.match(responses[0] ?? "", /^200 quick-/);
  assert.equal(stage.simulator.runs().length, 1);
});

for (const path of ["/runs", "/healthz", "/", "/nothing"]) {
  Deno.test(`HEAD ${path} has the status and the headers of GET`, async () => {
    await using stage = await aServiceStage([]);
    await using server = await serve(stage);
    // Deno 2.4 compresses a body where it may, which has no known length then.
    const headers = { ...HEADERS, "accept-encoding": "identity" };
    const [get, head] = await Promise.all(["GET", "HEAD"].map(async (method) => {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method, headers });
      await response.body?.cancel();
      const names = ["content-length", "content-type", "x-content-type-options"];
      return [response.status, ...names.map((name) => response.headers.get(name))];
    }));
    assert.deepEqual(head, get);
  });
}

Deno.test("no request makes the runtime print a warning", async () => {
  const code = `
    const { createHandler } = await import(${JSON.stringify(new URL("../../lib/server/app.ts", import.meta.url).href)});
    const keys = { full: ${JSON.stringify(FULL)}, read: null };
    const handler = createHandler({ keys, log() {}, open: () => Promise.reject(new Error("closed")) });
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
    for (const method of ["HEAD", "GET", "POST", "OPTIONS"]) {
      const response = await fetch("http://127.0.0.1:" + server.addr.port + "/runs", { method });
      await response.body?.cancel();
    }
    await server.shutdown();`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: ["eval", code] }).output();
  assert.deepEqual([success, new TextDecoder().decode(stderr)], [true, ""]);
});

for (const [method, host] of [["GET", "["], ["GET", "a b"], ["GET", "a:99999"], ["HEAD", "["]]) {
  Deno.test(`a ${method} request with the host ${JSON.stringify(host)} gets 400`, async () => {
    await using stage = await aServiceStage([]);
    await using server = await serve(stage);
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    await write(connection, `${method} /healthz HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    assert.match(await readSome(connection), /^HTTP\/1\.1 400 /);
  });
}

const HEADERS = { authorization: `Bearer ${FULL}`, "content-type": "application/json" };

interface Server extends AsyncDisposable {
  readonly port: number;
}

async function serve(stage: ServiceStage, clock?: Clock): Promise<Server> {
  const service = await stage.isolate();
  const deps = { ...service.deps, clock: clock ?? service.deps.clock };
  const keys = readAccessKeys((name) => name === "PW_TRIGGER_KEY" ? FULL : undefined);
  const handler = createHandler({ log: silentLog, open: () => Promise.resolve({ ...service, deps }), keys });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  return { port: server.addr.port, [Symbol.asyncDispose]: () => within(server.shutdown(), "end of the requests") };
}

function head(name: string, value: string | number): string {
  const lines = Object.entries({ host: "localhost", ...HEADERS, [name]: value });
  return `POST /runs HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

async function write(connection: Deno.TcpConn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  let written = 0;
  while (written < bytes.length) written += await within(connection.write(bytes.subarray(written)), "reader");
}

async function readSome(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(16 * 1024);
  const count = await within(connection.read(buffer), "response") ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, count));
}
