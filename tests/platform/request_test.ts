import assert from "node:assert/strict";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Log } from "../../lib/log.ts";
import type { Client } from "../../lib/platform/client.ts";
import type { Fault } from "../../lib/simulator/simulator.ts";
import { RunnerError, Unavailable, UsageError } from "../../lib/errors.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { clientOf, httpServer, rawServer } from "./support/servers.ts";
import { depsFor } from "../support/deps.ts";

const RUN = { type: "slug", slug: "hello-world-00046" } as const;

async function withSimulator(faults: readonly Fault[], use: (client: Client) => Promise<void>): Promise<string[]> {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, faults });
  const { client } = await depsFor(simulator, { clock });
  await use(client);
  return simulator.received().map(({ operation }) => operation);
}

const TRANSIENT: readonly (readonly [string, Omit<Fault, "on">])[] = [
  ["429", { status: 429 }],
  ["500", { status: 500 }],
  ["502 with a web page", { status: 502, body: "html" }],
  ["503 without a body", { status: 503, body: "empty" }],
  ["504", { status: 504 }],
  ["a cut connection", { cut: "before-effect" }],
];

for (const [what, fault] of TRANSIENT) {
  Deno.test(`a read is retried after ${what}`, async () => {
    const received = await withSimulator([{ on: "list-workflows", times: 2, ...fault }], async (client) => {
      assert.ok((await client.listWorkflows({})).length > 0);
    });
    assert.deepEqual(received, Array(3).fill("list-workflows"));
  });
}

Deno.test("a cancel is retried", async () => {
  const faults: Fault[] = [{ on: "cancel-run", cut: "after-effect" }, { on: "cancel-run", status: 503 }];
  const received = await withSimulator(faults, async (client) => await client.cancelRun(RUN, {}));
  assert.deepEqual(received, Array(3).fill("cancel-run"));
});

Deno.test("a dry run is never retried", async () => {
  const received = await withSimulator([{ on: "submit", status: 503 }], async (client) => {
    await client.apiVersion({});
    await assert.rejects(
      client.dryRun({ workflow: "quick", inputs: {}, displayName: null, consent: null }, {}),
      Unavailable,
    );
  });
  assert.deepEqual(received, ["list-runs", "submit"]);
});

for (
  const [what, fault, levels] of [
    ["the first retry of several short ones", { status: 503 }, ["INFO", "DEBUG", "DEBUG"]],
    ["every long one", { status: 503, retryAfter: "7" }, ["INFO", "INFO", "INFO"]],
  ] as const
) {
  Deno.test(`a read shows ${what}`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, faults: [{ on: "list-workflows", times: 3, ...fault }] });
    const shown: string[] = [];
    const log: Log = (level, message) => void (message.includes("; retrying in ") && shown.push(level));
    const { client } = await depsFor(simulator, { clock, log });
    await client.listWorkflows({});
    assert.deepEqual(shown, levels);
  });
}

for (
  const [what, fault, reason] of [
    ["with a message", { status: 503 }, / \(503, request \w+\); retrying in /],
    ["with a web page", { status: 502, body: "html" }, /: the server answered 502 \(request \w+\); retrying in /],
  ] as const
) {
  Deno.test(`a retry after a response ${what} shows its status, without what the server wrote`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, faults: [{ on: "list-workflows", ...fault }] });
    const shown: string[] = [];
    const { client } = await depsFor(simulator, { clock, log: (_level, message) => void shown.push(message) });
    await client.listWorkflows({});
    assert.match(shown.find((message) => message.includes("retrying")) ?? "", reason);
    assert.doesNotMatch(shown.join("\n"), /injected|wrong/i);
  });
}

Deno.test("a read fails after four attempts", async () => {
  const received = await withSimulator([{ on: "list-workflows", times: Infinity, status: 503 }], async (client) => {
    await assert.rejects(client.listWorkflows({}), Unavailable);
  });
  assert.equal(received.length, 4);
});

Deno.test("retry: none throws the first failure", async () => {
  const received = await withSimulator([{ on: "get-run", status: 503 }], async (client) => {
    await assert.rejects(client.getRun(RUN, { retry: "none" }), Unavailable);
  });
  assert.deepEqual(received, ["get-run"]);
});

Deno.test("a retry waits for Retry-After", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({
    clock,
    faults: [{ on: "list-workflows", status: 429, retryAfter: "20" }],
  });
  const { client } = await depsFor(simulator, { clock });
  await client.listWorkflows({});
  const [first, second] = simulator.received().map(({ atMs }) => atMs);
  assert.ok((second ?? 0) - (first ?? 0) >= 20_000);
});

Deno.test("a Retry-After date is relative to the server's clock, not ours", async () => {
  const clock = virtualClock();
  const serverMs = clock.now() + 3_600_000;
  const headers = { date: new Date(serverMs).toUTCString(), "retry-after": new Date(serverMs + 5_000).toUTCString() };
  await using server = httpServer((_, before) =>
    before === 0 ? new Response(null, { status: 503, headers }) : Response.json([])
  );
  await (await clientOf(server.url, { clock })).listWorkflows({});
  assert.equal(clock.sleptMs, 5_000);
});

Deno.test("a Retry-After beyond the budget fails at once, and is reported", async () => {
  const clock = virtualClock();
  await using server = httpServer(() => new Response(null, { status: 429, headers: { "retry-after": "61" } }));
  await assert.rejects((await clientOf(server.url, { clock })).listWorkflows({}), (error) => {
    assert.ok(error instanceof Unavailable);
    assert.deepEqual([error.status, error.retryAfterMs, clock.sleptMs], [429, 61_000, 0]);
    assert.equal(error.hint, "Too many requests: try again in 1m 01s");
    return true;
  });
});

Deno.test("an abort ends the delay between attempts", async () => {
  const reason = new Error("aborted");
  const controller = new AbortController();
  await using server = httpServer(() => new Response(null, { status: 503 }));
  const client = await clientOf(server.url, { log: (level) => level === "INFO" && controller.abort(reason) });
  await assert.rejects(client.listWorkflows({ signal: controller.signal }), reason);
  assert.equal(server.received.length, 1);
});

Deno.test("a truncated response is retried", async () => {
  await using server = rawServer(() =>
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n["
  );
  await assert.rejects((await clientOf(server.url)).listWorkflows({}), /the connection was closed before/);
  assert.equal(server.requests(), 4);
});

const STATUSES: readonly (readonly [number, RunnerError["kind"]])[] = [
  [304, "rejected"],
  [400, "rejected"],
  [401, "credential_refused"],
  [403, "forbidden"],
  [404, "not_found"],
  [405, "unsupported"],
  [407, "unreachable"],
  [408, "unavailable"],
  [409, "conflict"],
  [413, "rejected"],
  [422, "rejected"],
  [429, "unavailable"],
  [500, "unavailable"],
  [501, "unavailable"],
  [503, "unavailable"],
];

for (const [status, kind] of STATUSES) {
  Deno.test(`status ${status} is ${kind}, regardless of its body`, async () => {
    for (const body of [null, "<html>", '{"error":true,"message":"No","code":"a_code"}', '{"type":"about:blank"}']) {
      await using server = httpServer(() => new Response(status === 304 ? null : body, { status }));
      await assert.rejects((await clientOf(server.url)).getWorkflow("a", { retry: "none" }), (error) => {
        assert.ok(error instanceof RunnerError);
        assert.equal(error.kind, kind);
        assert.match(error.message, /^Cannot read workflow a: [^<]*request \w{8}\)$/);
        assert.equal(error.code, body?.includes("a_code") && status !== 304 ? "a_code" : undefined);
        return true;
      });
    }
  });
}

Deno.test("a proxy without TLS that requires a password is named, and where to write the password", async () => {
  await using proxy = rawServer(() => "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 5\r\n\r\n<html");
  using proxied = Deno.createHttpClient({ proxy: { url: proxy.url } });
  const send: typeof fetch = (input, init) => fetch(input, { ...init, client: proxied });
  await assert.rejects((await clientOf("http://activate.invalid", { fetch: send })).getWorkflow("a", {}), (error) => {
    assert.ok(error instanceof RunnerError);
    assert.match(error.message, /: the proxy requires a user name and password \(407, request/);
    assert.match(error.hint ?? "", /HTTP_PROXY, as in http:\/\/USER:PASSWORD@/);
    return true;
  });
});

for (
  const [what, body, isExpired] of [
    ["the message of legacy servers", { error: true, message: "Authentication has expired" }, true],
    ["a code", { type: "about:blank", code: "token_expired", detail: "Jeton" }, true],
    ["that message with the generic code", {
      type: "about:blank",
      code: "unauthenticated",
      detail: "Authentication has expired",
    }, true],
    ["another code with that message", { error: true, message: "Authentication has expired", code: "revoked" }, false],
    ["anything else", { error: true, message: "Unauthorized" }, false],
  ] as const
) {
  Deno.test(`a 401 with ${what} ${isExpired ? "hints" : "does not hint"} at an expired key`, async () => {
    await using server = httpServer(() => Response.json(body, { status: 401 }));
    await assert.rejects((await clientOf(server.url)).listWorkflows({}), (error) => {
      assert.ok(error instanceof RunnerError);
      assert.equal(/has expired/.test(error.hint ?? ""), isExpired);
      return true;
    });
  });
}

for (const slug of ["", ".", "..", "half a \ud83d"]) {
  Deno.test(`the slug ${JSON.stringify(slug)} is refused before anything is sent`, async () => {
    await using server = httpServer(() => new Response(null, { status: 204 }));
    const client = await clientOf(server.url);
    await assert.rejects(client.cancelRun({ type: "slug", slug }, {}), UsageError);
    assert.deepEqual(server.received, []);
  });
}

Deno.test("names are escaped in paths", async () => {
  await using server = httpServer(() => new Response(null, { status: 404 }));
  const client = await clientOf(server.url);
  await assert.rejects(client.getWorkflow("a/../b?c#d", {}), /Cannot read workflow a\/\.\.\/b\?c#d: no such workflow/);
  assert.deepEqual(server.received, ["GET /api/workflows/a%2F..%2Fb%3Fc%23d"]);
});
