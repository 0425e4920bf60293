/** The one door for requests: where the key may go, how long and how large an answer may be, what the diary says. */

import assert from "node:assert/strict";
import { createHttp, type Exchange, type HttpOptions } from "../../lib/client/http.ts";
import { BadAnswer } from "../../lib/errors.ts";
import { Secret } from "../../lib/secret.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const TOKEN = btoa("pwt_x.s3cr3t-key:");
const KEY = `Basic ${TOKEN}`;
const GET: Exchange = { act: "list runs", method: "GET", path: "/api/x", connection: "shared", signal: undefined };

Deno.test("http carries the credential, an identity and what it can read", async () => {
  await using server = serving(({ headers }) => Response.json(Object.fromEntries(headers)));
  const outcome = await server.http().send(GET);
  assert.ok(outcome.type === "answered");
  const headers: Record<string, string> = JSON.parse(server.seen.at(-1) ?? "{}");
  assert.equal(headers["authorization"], KEY);
  assert.equal(headers["accept"], "application/json, application/problem+json");
  assert.match(headers["user-agent"] ?? "", /^tests$/);
  assert.ok(headers["x-request-id"]);
});

Deno.test("http never carries the credential to another host", async () => {
  await using other = serving(() => new Response("caught"));
  await using server = serving(() => Response.redirect(`${other.url}/api/x`));
  await assert.rejects(
    server.http().send(GET),
    (error) => error instanceof BadAnswer && error.message.includes(other.url),
  );
  assert.equal(other.seen.length, 0);
});

Deno.test("http follows a redirect within its host, but not in circles", async () => {
  await using server = serving(({ url }) =>
    url.endsWith("/there") ? new Response("here") : Response.redirect(new URL("/there", url))
  );
  const outcome = await server.http().send(GET);
  assert.ok(outcome.type === "answered" && outcome.answer.text === "here");
  await using circle = serving(({ url }) => Response.redirect(url));
  await assert.rejects(circle.http().send(GET), BadAnswer);
});

Deno.test("http refuses an answer that is larger than its bound", async () => {
  await using server = serving(() => new Response("x".repeat(2_000)));
  await assert.rejects(server.http({ maxAnswerBytes: 1_000 }).send(GET), BadAnswer);
  const outcome = await server.http({ maxAnswerBytes: 2_000 }).send(GET);
  assert.ok(outcome.type === "answered" && outcome.answer.text.length === 2_000);
});

Deno.test("http gives up an answer that does not come within its deadline", async () => {
  const clock = virtualClock();
  await using server = serving(async () => {
    await clock.sleep(31_000, {});
    return new Response("late");
  });
  const outcome = await server.http({ clock }).send(GET);
  assert.ok(outcome.type === "failed");
  assert.deepEqual([outcome.error.trouble, outcome.error.isSent], ["timeout", "unknown"]);
});

Deno.test("http ends with the signal's own reason", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  await using server = serving(() => {
    controller.abort(reason);
    return new Response("x");
  });
  await assert.rejects(server.http().send({ ...GET, signal: controller.signal }), (error) => error === reason);
});

Deno.test("http writes a line per request into the diary, with nothing secret in it", async () => {
  const diary: string[] = [];
  await using server = serving(({ headers }) => new Response(`you sent ${headers.get("authorization")}`));
  const http = server.http({ log: (level, message) => void diary.push(`${level} ${message}`) });
  const body = { inputs: { password: "hunter2" } };
  const outcome = await http.send({ ...GET, method: "POST", body, connection: "own" });
  assert.match(diary.join("\n"), /^DEBUG POST \/api\/x: answered 200 in \d+ ms \(request \w+\)$/);
  assert.ok(!diary.join().includes(TOKEN) && !diary.join().includes("hunter2"));
  // A server that repeats the key must not bring it into an error's words.
  assert.ok(outcome.type === "answered" && !outcome.answer.text.includes(TOKEN));
});

function serving(answer: (request: Request) => Response | Promise<Response>) {
  const seen: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    seen.push(JSON.stringify(Object.fromEntries(request.headers)));
    return answer(request);
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const shared = Deno.createHttpClient({});
  return {
    url,
    seen,
    http: (options: Partial<HttpOptions> = {}) =>
      createHttp({
        credential: { baseUrl: url, authorization: new Secret(KEY) },
        // A pool of its own, so that the test leaves no connection behind.
        fetch: (input, init) => fetch(input, { client: shared, ...init }),
        clock: virtualClock(),
        random: Math.random,
        log: () => {},
        userAgent: "tests",
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      shared.close();
      await server.shutdown();
    },
  };
}
