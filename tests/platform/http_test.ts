import assert from "node:assert/strict";
import { BadResponse, CredentialError, ResponseLost, type RunnerError, Unreachable } from "../../lib/errors.ts";
import type { Credential } from "../../lib/platform/credentials/credentials.ts";
import { Secret } from "../../lib/secret.ts";
import { allText } from "../support/all_text.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { clientOf, CLOSED_PORT, httpServer, keyFor, rawServer } from "./support/servers.ts";

/** Returns the error that the call throws; fails unless it is of this class. */
async function thrown<E extends RunnerError>(kind: new (...args: never[]) => E, call: Promise<unknown>): Promise<E> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof kind, Deno.inspect(error));
    return error;
  }
  throw new assert.AssertionError({ message: "Nothing was thrown" });
}

Deno.test("each request has a user agent, accepted types, the credential and a request ID", async () => {
  await using server = httpServer(() => Response.json([]));
  await (await clientOf(server.url)).listWorkflows({});
  const [headers] = server.headers;
  assert.equal(headers?.get("authorization"), `Basic ${btoa(`${keyFor(server.url)}:`)}`);
  assert.equal(headers?.get("accept"), "application/json, application/problem+json");
  assert.equal(headers?.get("accept-language"), "en");
  assert.match(headers?.get("user-agent") ?? "", /^pw-workflow-runner\/\d+\.\d+\.\d+ \(deno\/\d+\.\d+\.\d+; \w+\)$/);
  assert.match(headers?.get("x-request-id") ?? "", /^[0-9a-z]{8}$/);
});

Deno.test("a request is logged without its headers", async () => {
  await using server = httpServer(() => Response.json({ runs: [], total: 0 }));
  const lines: string[] = [];
  const client = await clientOf(server.url, { log: (level, message) => lines.push(`${level} ${message}`) });
  await client.listRuns({ limit: 5 });
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^DEBUG GET \/api\/workflow-runs\?limit=5: status 200 in \d+ ms \(request \w{8}\)$/);
});

Deno.test("an error contains the server's request ID, or ours if the server sends none", async () => {
  await using server = httpServer((_, before) =>
    Response.json({ error: true, message: "No" }, {
      status: 400,
      headers: before === 0 ? {} : { "x-request-id": "abc-1" },
    })
  );
  const client = await clientOf(server.url);
  await assert.rejects(client.listWorkflows({}), /Cannot list workflows: No \(400, request [0-9a-z]{8}\)$/);
  await assert.rejects(client.listWorkflows({}), /\(400, request abc-1\)$/);
});

/** The credential of a sign-in context, whose token is renewed by `renew`. */
function signedIn(url: string, renew: () => Promise<Secret>): Credential {
  const host = new URL(url).host;
  const authorization = new Secret("Bearer pwoa_first");
  return { kind: "pwoa", host, baseUrl: url, authorization, source: "context work of f", expiresAtMs: null, renew };
}

Deno.test("each request has the token of its time, and a renewed one that the server repeats is redacted", async () => {
  await using server = httpServer((request) =>
    Response.json({ error: true, message: `Bad ${request.headers.get("authorization")}` }, { status: 400 })
  );
  let count = 0;
  const credential = signedIn(server.url, () => Promise.resolve(new Secret(`Bearer pwoa_renewed${++count}`)));
  const client = await clientOf(server.url, { credential });
  await assert.rejects(client.listWorkflows({}), /Bad Bearer \*\*\* \(400,/);
  await assert.rejects(client.listWorkflows({}), /Bad Bearer \*\*\* \(400,/);
  const sent = server.headers.map((headers) => headers.get("authorization"));
  assert.deepEqual(sent, ["Bearer pwoa_renewed1", "Bearer pwoa_renewed2"]);
});

Deno.test("nothing is sent, and no run is started, with a token that cannot be renewed", async () => {
  await using server = httpServer(() => Response.json([]));
  const refused = new CredentialError("credential_refused", "Cannot use context work of f: it expired");
  const client = await clientOf(server.url, { credential: signedIn(server.url, () => Promise.reject(refused)) });
  await assert.rejects(client.listWorkflows({}), (error) => error === refused);
  const submission = { workflow: "quick", inputs: {}, slug: null, displayName: null, consent: null };
  assert.deepEqual(await client.submit(submission, {}), { type: "rejected", error: refused, isSlugRefused: false });
  assert.deepEqual(server.received, []);
});

Deno.test("a credential that the server repeats is redacted", async () => {
  await using server = httpServer((request) => {
    const authorization = request.headers.get("authorization") ?? "";
    const key = atob(authorization.split(" ")[1] ?? "").replace(/:$/, "");
    return Response.json({ error: true, message: `Bad ${authorization} for ${key}` }, { status: 400 });
  });
  await assert.rejects(
    (await clientOf(server.url)).listWorkflows({}),
    /Cannot list workflows: Bad Basic \*\*\* for \*\*\* \(400,/,
  );
});

for (const hasSignal of [false, true]) {
  Deno.test(`a response that misses the deadline is lost${hasSignal ? ", also when the caller may abort" : ""}`, async () => {
    const clock = virtualClock();
    const late = Promise.withResolvers<Response>();
    await using server = httpServer(() => {
      clock.advance(30_000);
      return late.promise;
    });
    const client = await clientOf(server.url, { clock });
    const error = await thrown(
      ResponseLost,
      client.listWorkflows({ retry: "none", ...(hasSignal ? { signal: AbortSignal.timeout(10_000) } : {}) }),
    );
    late.resolve(new Response());
    assert.match(error.message, /Cannot list workflows: no response within 30s \(http:\/\/127\.0\.0\.1:\d+, request/);
    assert.match(error.hint ?? "", /^Check .*the network/);
  });
}

Deno.test("the deadline includes the body", async () => {
  const clock = virtualClock();
  await using server = httpServer(() => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("[")),
      pull: () => {
        clock.advance(30_000);
        return new Promise(() => {});
      },
    });
    return new Response(body, { headers: { "content-type": "application/json" } });
  });
  await thrown(ResponseLost, (await clientOf(server.url, { clock })).listWorkflows({ retry: "none" }));
});

/** Responds with these pieces, 20 seconds apart. */
function slowFetch(pieces: Iterable<string>, headers: HeadersInit = {}) {
  const clock = virtualClock();
  const parts = Iterator.from(pieces);
  const fetch = (_url: unknown, init?: RequestInit) => {
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      clock.advance(20_000);
      init?.signal?.throwIfAborted();
      const { done, value } = parts.next();
      if (done) controller.close();
      else controller.enqueue(new TextEncoder().encode(value));
    };
    return Promise.resolve(new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers }));
  };
  return { clock, fetch };
}

for (const [what, headers] of [["", {}], [" of known length", { "content-length": "100000" }]] as const) {
  Deno.test(`a large response${what} may arrive slowly, as long as it arrives`, async () => {
    const { clock, fetch } = slowFetch("[  ]", headers);
    const client = await clientOf("http://127.0.0.1", { clock, fetch });
    assert.deepEqual(await client.listWorkflows({ retry: "none" }), []);
  });
}

Deno.test("a response that arrives slowly is lost after some minutes", async () => {
  const drops = function* () {
    while (true) yield " ";
  };
  const { clock, fetch } = slowFetch(drops());
  const startedMs = clock.monotonic();
  await thrown(ResponseLost, (await clientOf("http://127.0.0.1", { clock, fetch })).listWorkflows({ retry: "none" }));
  assert.equal(clock.monotonic() - startedMs, 320_000);
});

Deno.test("an abort throws the signal's own reason, before and during a request", async () => {
  const reason = new Error("aborted");
  const controller = new AbortController();
  const late = Promise.withResolvers<Response>();
  await using server = httpServer(() => {
    controller.abort(reason);
    return late.promise;
  });
  const client = await clientOf(server.url);
  await assert.rejects(client.listWorkflows({ signal: controller.signal }), reason);
  await assert.rejects(client.listWorkflows({ signal: controller.signal }), reason);
  late.resolve(new Response());
  assert.equal(server.received.length, 1);
});

Deno.test("a response that is too large is refused", async () => {
  await using server = httpServer(() => Response.json(["x".repeat(2_000)]));
  const client = await clientOf(server.url, { maxResponseBytes: 1_000 });
  const error = await thrown(BadResponse, client.listWorkflows({}));
  assert.match(error.message, /the response is larger than 1000 bytes \(request/);
  assert.equal(server.received.length, 1);
});

const FILE = { type: "slug", slug: "a" } as const;

Deno.test("a file of a run may be larger than other responses", async () => {
  await using server = httpServer(() => new Response("x".repeat(2_000)));
  const client = await clientOf(server.url, { maxResponseBytes: 1_000 });
  assert.equal((await allText(await client.readRunFile(FILE, "logs.out", {})))?.length, 2_000);
});

Deno.test("a file is read as it arrives, and cancelling it closes the connection", async () => {
  const cancelled = Promise.withResolvers<void>();
  const endless = () =>
    new Response(new ReadableStream({ pull: (body) => body.enqueue(ZEROS), cancel: () => cancelled.resolve() }));
  await using server = httpServer(endless);
  const file = await (await clientOf(server.url)).readRunFile(FILE, "logs.out", {});
  assert.ok(file !== null);
  let length = 0;
  for await (const piece of file) {
    length += piece.length;
    if (length > 4_000_000) break;
  }
  await cancelled.promise;
});

Deno.test("the secret part of an API key is redacted where the server repeats it alone", async () => {
  await using server = httpServer(() =>
    Response.json({ error: true, message: "No key a-secret-part" }, { status: 400 })
  );
  const credential = signedIn(server.url, () => Promise.resolve(new Secret("Bearer pwut_aG9zdA.a-secret-part")));
  const client = await clientOf(server.url, { credential });
  await assert.rejects(client.listWorkflows({}), /Cannot list workflows: No key \*\*\* \(400,/);
});

Deno.test("the API key is removed from a file even if it arrives in two parts", async () => {
  const parts: string[] = [];
  await using server = httpServer(() => new Response(ReadableStream.from(parts).pipeThrough(new TextEncoderStream())));
  const key = keyFor(server.url);
  for (let cut = 1; cut < key.length; cut++) {
    parts.splice(0, Infinity, `a${key.slice(0, cut)}`, `${key.slice(cut)}b${key}`);
    const file = await (await clientOf(server.url)).readRunFile(FILE, "logs.out", {});
    assert.equal(await allText(file), "a***b***");
  }
});

Deno.test("a file is read from another fetch than the runtime's, whose body is no byte stream", async () => {
  const pieces = ["one, ", "two, ", "three \u20ac"].map((text) => new TextEncoder().encode(text));
  await using server = httpServer(() => new Response());
  const own = () => Promise.resolve(new Response(ReadableStream.from(pieces)));
  const file = await (await clientOf(server.url, { fetch: own })).readRunFile(FILE, "logs.out", {});
  assert.equal(await allText(file), "one, two, three \u20ac");
});

Deno.test("a file that stops arriving is a lost response after the request timeout, however much has arrived", async () => {
  const clock = virtualClock();
  const stalled = () =>
    new Response(
      new ReadableStream({
        start: (body) => body.enqueue(ZEROS),
      }),
    );
  await using server = httpServer(stalled);
  const client = await clientOf(server.url, { clock });
  const file = await client.readRunFile(FILE, "logs.out", { retry: "none" });
  assert.ok(file !== null);
  const reader = file.getReader();
  for (let length = 0; length < ZEROS.length;) length += (await reader.read()).value?.length ?? 0;
  // The time between two reads does not count.
  clock.advance(60_000);
  const reading = thrown(ResponseLost, reader.read());
  // The stream requests the next part in a later task.
  await new Promise((resolve) => setTimeout(resolve));
  clock.advance(30_000);
  assert.match((await reading).message, /Cannot read logs.out of run a: no response within 30s/);
});

Deno.test("aborting while a file arrives has an effect also after a garbage collection", async () => {
  await using server = httpServer(() => new Response(new ReadableStream({ start: (body) => body.enqueue(ZEROS) })));
  const controller = new AbortController();
  const file = await (await clientOf(server.url)).readRunFile(FILE, "logs.out", { signal: controller.signal });
  const reader = file?.getReader();
  for (let length = 0; length < ZEROS.length;) length += (await reader?.read())?.value?.length ?? 0;
  await garbageCollection();
  const reason = new Error("stopped");
  const reading = reader?.read().then(() => "read", (error) => error);
  controller.abort(reason);
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, 5_000, "not aborted");
  const outcome = await Promise.race([reading, late]);
  clearTimeout(timer);
  if (outcome === "not aborted") await reader?.cancel();
  assert.equal(outcome, reason);
});

async function garbageCollection(): Promise<void> {
  const garbage = new WeakRef({});
  while (garbage.deref() !== undefined) {
    // It stays reachable until the end of the task that has read it.
    await new Promise((resolve) => setTimeout(resolve));
    Array.from({ length: 300_000 }, () => ({}));
  }
}

Deno.test("aborting while a file arrives throws the signal's own reason", async () => {
  await using server = httpServer(() => new Response(new ReadableStream({ start: (body) => body.enqueue(ZEROS) })));
  const controller = new AbortController();
  const file = await (await clientOf(server.url)).readRunFile(FILE, "logs.out", { signal: controller.signal });
  const reader = file?.getReader();
  await reader?.read();
  const reason = new Error("stopped");
  controller.abort(reason);
  await assert.rejects(async () => await reader?.read(), (error) => error === reason);
});

const ZEROS = new Uint8Array(64 * 1024);
const zeros = (pieces: number) => ReadableStream.from(Array.from({ length: pieces }, () => ZEROS));
const BODIES: readonly (readonly [string, () => Promise<Response>])[] = [
  ["in pieces", () => Promise.resolve(new Response(zeros(1_600)))],
  ["with a content length", () => Promise.resolve(new Response(new Uint8Array(1_600 * ZEROS.length)))],
  ["compressed to 130 KiB", async () => {
    const packed = await new Response(zeros(1_600).pipeThrough(new CompressionStream("gzip"))).bytes();
    assert.ok(1_600 * ZEROS.length / packed.length > 700);
    return new Response(packed, { headers: { "content-encoding": "gzip" } });
  }],
];
for (const [how, response] of BODIES) {
  Deno.test(`reading 100 MiB ${how} stops after the limit and one chunk`, async () => {
    await using server = httpServer(response);
    let taken = 0;
    const counting: typeof fetch = async (input, init) => {
      const { body, status, headers } = await fetch(input, init);
      assert.ok(body !== null);
      const counted = async function* () {
        for await (const piece of body) {
          taken += piece.length;
          yield piece;
        }
      };
      return new Response(ReadableStream.from(counted()), { status, headers });
    };
    const client = await clientOf(server.url, { fetch: counting, maxResponseBytes: 1_000_000 });
    await thrown(BadResponse, client.listWorkflows({}));
    assert.ok(taken > 1_000_000 && taken < 4_000_000, `${taken} bytes`);
  });
}

Deno.test("a response in chunks that also states a short length stops after the limit", async () => {
  const chunk = `10000\r\n${" ".repeat(0x10000)}\r\n`.repeat(20);
  const headers = "content-type: application/json\r\ncontent-length: 5\r\ntransfer-encoding: chunked";
  await using server = rawServer(() => `HTTP/1.1 200 OK\r\n${headers}\r\n\r\n${chunk}0\r\n\r\n`);
  const client = await clientOf(server.url, { maxResponseBytes: 200_000 });
  assert.match((await thrown(BadResponse, client.listWorkflows({}))).message, /larger than 200000 bytes/);
});

Deno.test("a response that is small only compressed stops after the limit", async () => {
  const packed = await new Response(zeros(100).pipeThrough(new CompressionStream("gzip"))).bytes();
  assert.ok(packed.length < 16 * 1024);
  await using server = httpServer(() => new Response(packed, { headers: { "content-encoding": "gzip" } }));
  const client = await clientOf(server.url, { maxResponseBytes: 200_000 });
  assert.match((await thrown(BadResponse, client.listWorkflows({}))).message, /larger than 200000 bytes/);
});

Deno.test("an error response that is too large is truncated", async () => {
  await using server = httpServer(() => new Response(zeros(1_600), { status: 401 }));
  const error = await thrown(CredentialError, (await clientOf(server.url)).listWorkflows({}));
  assert.equal(error.kind, "credential_refused");
});

Deno.test("a redirect within the origin is followed", async () => {
  await using server = httpServer((request) =>
    request.url.endsWith("/api/workflows")
      ? new Response(null, { status: 308, headers: { location: "/v2" } })
      : Response.json([])
  );
  assert.deepEqual(await (await clientOf(server.url)).listWorkflows({}), []);
  assert.deepEqual(server.received, ["GET /api/workflows", "GET /v2"]);
});

for (const status of [301, 302, 303, 307, 308]) {
  Deno.test(`a redirect with ${status} to another origin is not followed, and the credential is not sent there`, async () => {
    await using other = httpServer(() => Response.json([]));
    await using server = httpServer(() => Response.redirect(`${other.url}/sign-in`, status));
    const error = await thrown(BadResponse, (await clientOf(server.url)).listWorkflows({}));
    assert.match(
      error.message,
      new RegExp(`the server redirects to ${other.url}, but the key is only for ${server.url}`),
    );
    assert.deepEqual(other.received, []);
  });
}

Deno.test("a redirect cannot replace the credential", async () => {
  await using server = httpServer((request) =>
    request.url.endsWith("/v2")
      ? Response.json([])
      : Response.redirect(`${new URL(request.url).origin.replace("//", "//mallory:secret@")}/v2`, 307)
  );
  await (await clientOf(server.url)).listWorkflows({});
  const [first, second] = server.headers.map((headers) => headers.get("authorization"));
  assert.deepEqual([server.received.length, second], [2, first]);
});

Deno.test("an endless redirect fails", async () => {
  await using server = httpServer(() => new Response(null, { status: 302, headers: { location: "/again" } }));
  const error = await thrown(BadResponse, (await clientOf(server.url)).listWorkflows({}));
  assert.match(error.message, /redirects more than 5 times/);
});

Deno.test("a request other than GET does not follow a redirect", async () => {
  await using server = httpServer(() => new Response(null, { status: 307, headers: { location: "/elsewhere" } }));
  const client = await clientOf(server.url);
  await assert.rejects(
    client.dryRun({ workflow: "a", inputs: {}, displayName: null, consent: null }, {}),
    /the server redirects to http.* instead of processing the request/,
  );
  assert.deepEqual(server.received, ["POST /api/workflow-runs"]);
});

Deno.test("a refused connection is reported with a hint", async () => {
  const client = await clientOf(`http://127.0.0.1:${CLOSED_PORT}`);
  const error = await thrown(Unreachable, client.listWorkflows({}));
  assert.match(error.message, /Cannot list workflows: the connection was refused \(http:\/\/127/);
  assert.match(error.hint ?? "", /HTTPS_PROXY/);
});

Deno.test("a failed TLS handshake is reported at once, with a hint at HTTPS", async () => {
  await using server = rawServer(null);
  const client = await clientOf(`https://127.0.0.1:${server.port}`);
  const error = await thrown(Unreachable, client.listWorkflows({}));
  assert.match(error.hint ?? "", /speaks HTTPS/);
});

Deno.test("without createHttpClient, fetch chooses the connection", async () => {
  await using server = httpServer(() => new Response(null, { status: 204 }));
  const client = await clientOf(server.url, { createHttpClient: null });
  await client.dryRun({ workflow: "a", inputs: {}, displayName: null, consent: null }, {});
  assert.equal(server.received.length, 1);
});

Deno.test("additional certificate authorities are trusted on both kinds of connections", async () => {
  await using server = httpServer((request) =>
    request.method === "GET" ? Response.json([]) : new Response(null, { status: 204 })
  );
  const requested: unknown[] = [];
  const clients: Deno.HttpClient[] = [];
  const createHttpClient = (options: Deno.CreateHttpClientOptions) => {
    requested.push(options);
    const { caCerts: _invalid, ...rest } = options;
    const client = Deno.createHttpClient(rest);
    clients.push(client);
    return client;
  };
  const client = await clientOf(server.url, { createHttpClient, caCerts: ["PEM"] });
  await client.listWorkflows({});
  await client.listWorkflows({});
  await client.dryRun({ workflow: "a", inputs: {}, displayName: null, consent: null }, {});
  assert.deepEqual(requested, [{ caCerts: ["PEM"] }, { caCerts: ["PEM"], poolMaxIdlePerHost: 0 }]);
  clients[0]?.close();
});
