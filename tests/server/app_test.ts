/** The HTTP API, through requests to its handler. */

import assert from "node:assert/strict";
import { type Log, silentLog } from "../../lib/log.ts";
import { readAccessKeys } from "../../lib/server/auth.ts";
import { scheduledTick } from "../../lib/scheduler/cron.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import { addNotification } from "../../lib/scheduler/scheduler_store.ts";
import { createHandler } from "../../lib/server/app.ts";
import { readBody } from "../../lib/server/request.ts";
import { systemClock } from "../../lib/clock.ts";
import { CredentialError, StorageError, UsageError } from "../../lib/errors.ts";
import { advanceOne } from "../../lib/runs/advance.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { prepare } from "../../lib/runs/prepare.ts";
import type { ScheduleSpec } from "../../lib/scheduler/schedule.ts";
import { advanceOptions, type Service } from "../../lib/scheduler/service.ts";
import type { Reconciliation, Submission } from "../../lib/submission.ts";
import {
  assert as assertProperty,
  asyncProperty,
  constantFrom,
  oneof,
  option,
  record,
  string,
} from "../deps/fast_check.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aRejectedSubmission,
  aRequest,
} from "../support/records.ts";
import { DENO_KV_LIMITS } from "../../lib/store/deno_kv.ts";
import type { StoreWrite } from "../../lib/store/backend.ts";
import { createKv } from "../../lib/store/kv.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";
import { depsFor } from "../support/deps.ts";
import { aServiceStage, lasting, type ServiceStage } from "../support/service.ts";

const FULL = "full-key-0123456789";
const READ = "read-key-0123456789";
const KEYS: Readonly<Record<string, string>> = { PW_TRIGGER_KEY: FULL, PW_READ_KEY: READ };

interface TestServer extends AsyncDisposable {
  readonly stage: ServiceStage;
  send(path: string, options?: RequestOptions): Promise<TestResponse>;
}

interface RequestOptions {
  readonly method?: string;
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface TestResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- tests read its members directly
  readonly body: any;
}

async function aServer(
  specs: readonly ScheduleSpec[] = [],
  { env = (name: string) => KEYS[name], log = silentLog, closing, replaced, ...options }:
    & Parameters<typeof aServiceStage>[1]
    & {
      readonly env?: (name: string) => string | undefined;
      readonly log?: Log;
      readonly closing?: AbortSignal;
      /** Replaces parts of the service. */
      readonly replaced?: (service: Service) => Service;
    } = {},
): Promise<TestServer> {
  const stage = await aServiceStage(specs, options);
  const plain = await stage.isolate();
  const logged = { ...plain, deps: { ...plain.deps, log } };
  const service = replaced?.(logged) ?? logged;
  const keys = readAccessKeys(env);
  const handler = createHandler({ log, open: () => Promise.resolve(service), keys, closing });
  return {
    stage,
    async send(path, { method = "GET", key = FULL, body, headers = {} } = {}) {
      const request = new Request(`https://runner.example${path}`, {
        method,
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const response = await handler(request);
      const text = await response.text();
      const isJson = /json/.test(response.headers.get("content-type") ?? "");
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson && text !== "" ? JSON.parse(text) : null,
      };
    },
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

const QUICK = { workflow: "quick" };
const DEEP = `{"workflow":"quick","inputs":{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`;

const REJECTED: readonly (readonly [what: string, path: string, options: RequestOptions, status: number])[] = [
  ["no key", "/runs", { key: null }, 401],
  ["a wrong key", "/runs", { key: "wrong-key-0123456789" }, 401],
  ["a wrong key for starting a run", "/runs", { method: "POST", key: "wrong-key-0123456789", body: QUICK }, 401],
  ["the read key for starting a run", "/runs", { method: "POST", key: READ, body: QUICK }, 403],
  ["the read key for a cancellation", "/runs/x/cancel", { method: "POST", key: READ }, 403],
  ["the trigger key as a browser's password", "/runs", {
    method: "POST",
    key: null,
    body: QUICK,
    headers: { authorization: `Basic ${btoa(`me:${FULL}`)}` },
  }, 403],
  ["an unknown path", "/nothing", {}, 404],
  ["an unknown run", "/runs/no-such-run", {}, 404],
  ["an unknown schedule", "/schedules/none/run", { method: "POST" }, 404],
  ["a method that is not allowed", "/runs", { method: "DELETE" }, 405],
  ["a body of another content type", "/runs", {
    method: "POST",
    body: "a=b",
    headers: { "content-type": "text/plain" },
  }, 415],
  ["a compressed body", "/runs", { method: "POST", body: QUICK, headers: { "content-encoding": "gzip" } }, 415],
  ["a body that is not JSON", "/runs", { method: "POST", body: "{" }, 400],
  ["a body that is not an object", "/runs", { method: "POST", body: "[]" }, 422],
  ["a body with an unknown field", "/runs", { method: "POST", body: { workflow: "quick", inptus: {} } }, 422],
  ["a body that is too large", "/runs", { method: "POST", body: { workflow: "x".repeat(1_100_000) } }, 413],
  ["a body that is nested too deeply", "/runs", { method: "POST", body: DEEP }, 422],
  ["a name that is too long", `/runs/${"x".repeat(5_000)}`, {}, 404],
  ["a workflow whose name is too long", `/runs?workflow=${"x".repeat(5_000)}`, {}, 404],
  [
    "a run of a workflow whose name is too long",
    "/runs",
    { method: "POST", body: { workflow: "x".repeat(5_000) } },
    422,
  ],
  ["an unknown workflow", "/runs", { method: "POST", body: { workflow: "no-such-workflow" } }, 404],
  ["invalid inputs", "/runs", { method: "POST", body: { workflow: "required-inputs" } }, 422],
  ["a number that JSON changes", "/runs", {
    method: "POST",
    body: '{"workflow": "quick", "inputs": {"a": [9007199254740993]}}',
  }, 422],
  ["an unknown parameter", "/runs?wiat=20s", { method: "POST", body: QUICK }, 400],
  ["a parameter that is given twice", "/runs?limit=2&limit=3", {}, 400],
  ["a wait that is given twice", "/runs?wait=1s&wait=soon", { method: "POST", body: QUICK }, 400],
  ["an invalid cursor", "/runs?cursor=40", {}, 400],
  ["an invalid wait", "/runs?wait=soon", { method: "POST", body: QUICK }, 400],
  ["a malformed path", "/runs/%E0%A4%A", {}, 400],
  ["an unknown parameter of a run", "/runs/x?wait=5s", {}, 400],
  ["an unknown parameter of a cancellation", "/runs/x/cancel?force=1", { method: "POST" }, 400],
  ["an unknown parameter of the schedules", "/schedules?limit=1", {}, 400],
  ["an unknown parameter of a schedule's run", "/schedules/none/run?wait=5s", { method: "POST" }, 400],
];

for (const [what, path, options, status] of REJECTED) {
  Deno.test(`${what} gets ${status} with problem details, and starts nothing`, async () => {
    await using server = await aServer();
    const response = await server.send(path, options);
    assert.equal(response.status, status, response.text);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.equal(response.body.status, status);
    if (status === 401) assert.match(response.headers.get("www-authenticate") ?? "", /Bearer/);
    if (status === 405) assert.equal(response.headers.get("allow"), "POST, GET, HEAD, OPTIONS");
    assert.equal(server.stage.simulator.received("submit").length, 0);
    assert.ok(response.text.length < 1_000);
    assert.ok(!response.text.includes(FULL) && !response.text.includes(READ));
  });
}

Deno.test("a number that JSON changes is refused with its place, and what to do", async () => {
  await using server = await aServer();
  const body = '{"workflow": "quick", "inputs": {"a": [9007199254740993]}}';
  const { body: { errors } } = await server.send("/runs", { method: "POST", body });
  const detail = "cannot be sent exactly as a number: put it in quotes to send it as text";
  assert.deepEqual(errors, [{ detail, path: "inputs.a[0]" }]);
});

Deno.test("a name that a body has twice is refused with its place", async () => {
  await using server = await aServer();
  const body = '{"workflow": "quick", "inputs": {"a": 1, "a": 2}}';
  const { status, body: { errors } } = await server.send("/runs", { method: "POST", body });
  assert.deepEqual([status, errors], [422, [{ detail: "is given twice", path: "inputs.a" }]]);
  assert.equal(server.stage.simulator.received("submit").length, 0);
});

Deno.test("POST /runs returns 202 with a location, which later returns the result", async () => {
  await using server = await aServer();
  const started = await server.send("/runs", { method: "POST", body: { workflow: "quick", inputs: { a: 1 } } });
  assert.equal(started.status, 202);
  const location = started.headers.get("location") ?? "";
  assert.equal((await server.send(location)).body.status, "running");
  server.stage.clock.advance(60_000);
  const ended = await server.send(location, { key: READ });
  assert.deepEqual([ended.status, ended.body.status], [200, "completed"]);
});

Deno.test("POST /runs?wait= returns the result of a run that ends in time", async () => {
  await using server = await aServer();
  const { status, body } = await server.send("/runs?wait=25s", { method: "POST", body: QUICK });
  assert.deepEqual([status, body.status, body.kind], [200, "completed", "completed"]);
});

Deno.test("POST /runs?wait= returns 202 if the run takes longer, and the run continues", async () => {
  await using server = await aServer();
  const startMs = server.stage.clock.now();
  const { status, body } = await server.send("/runs?wait=999s", { method: "POST", body: { workflow: "never-ending" } });
  assert.equal(status, 202);
  assert.ok(server.stage.clock.now() - startMs <= 40_000);
  assert.deepEqual([body.status, body.location], ["running", `/runs/${body.id}`]);
  assert.match(body.slug, /^never-ending-/);
  assert.equal(server.stage.simulator.runs()[0]?.status, "running");
});

Deno.test("the id of every response is the submission's", async () => {
  await using server = await aServer();
  const started = await server.send("/runs", { method: "POST", body: { workflow: "never-ending" } });
  const { id, slug } = started.body;
  assert.equal(started.headers.get("location"), `/runs/${id}`);
  assert.notEqual(id, slug);
  const { deps } = await server.stage.isolate();
  assert.equal((await deps.store.get(id))?.submissionId, id);
  const others = [
    await server.send(`/runs/${slug}`),
    await server.send(`/runs/${id}`),
    await server.send(`/runs/${slug}/cancel`, { method: "POST" }),
  ];
  assert.deepEqual(others.map(({ body }) => body.id), [id, id, id]);
  const ended = await server.send("/runs?wait=25s", { method: "POST", body: QUICK });
  assert.equal((await deps.store.get(ended.body.id))?.submissionId, ended.body.id);
});

Deno.test("a shutdown answers what waits: with the run where there is one, else with 503", async () => {
  const closing = new AbortController();
  const submitted = Promise.withResolvers<void>();
  await using server = await aServer([], {
    closing: closing.signal,
    onStep: (operation, step) => {
      if (operation === "submit" && step === "responded") submitted.resolve();
    },
    clock: systemClock,
    replaced: (service) => ({ ...service, deps: { ...service.deps, clock: systemClock } }),
  });
  const waiting = server.send("/runs?wait=25s", { method: "POST", body: { workflow: "never-ending" } });
  await submitted.promise;
  closing.abort(new DOMException("The server is shutting down", "AbortError"));
  const { status, body } = await waiting;
  assert.deepEqual([status, body.location], [202, `/runs/${body.id}`]);
  assert.match(body.slug, /^never-ending-/);
  assert.ok(["unconfirmed", "active"].includes(body.state), body.state);
  assert.equal((await (await server.stage.isolate()).deps.store.get(body.id))?.submissionId, body.id);
  const refused = await server.send("/runs?wait=25s", { method: "POST", body: QUICK });
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "30"]);
});

Deno.test("POST /runs returns 202 once its submission is stored, even if the store fails before it is sent", async () => {
  const memory = memoryBackend();
  const full = new StorageError("Cannot use the run store at x.db: database or disk is full");
  let writes = 0;
  const write = (change: StoreWrite) => ++writes === 2 ? Promise.reject(full) : memory.write(change);
  await using server = await aServer([], { backend: { ...memory, write } });
  const { status, body, headers } = await server.send("/runs", { method: "POST", body: QUICK });
  assert.deepEqual([status, body.status, headers.get("location")], [202, "pending", `/runs/${body.id}`]);
  assert.equal(server.stage.simulator.runs().length, 0);
  await tick(await server.stage.isolate());
  assert.equal(server.stage.simulator.runs().length, 1);
  assert.equal((await server.send(`/runs/${body.id}`)).body.state, "active");
});

Deno.test("inputs that are too large to store get 413 without Retry-After", async () => {
  await using server = await aServer([], { backend: { ...memoryBackend(), limits: DENO_KV_LIMITS } });
  const body = { workflow: "quick", inputs: { mesh: "x".repeat(300_000) } };
  const response = await server.send("/runs", { method: "POST", body });
  assert.deepEqual([response.status, response.headers.get("retry-after")], [413, null]);
  assert.equal(server.stage.simulator.received("submit").length, 0);
});

Deno.test("200 concurrent posts with one Idempotency-Key start one run, and all get it", async () => {
  await using server = await aServer();
  const options = { method: "POST", body: QUICK, headers: { "idempotency-key": "nightly 4711" } };
  const responses = await Promise.all(Array.from({ length: 200 }, () => server.send("/runs?wait=20s", options)));
  assert.equal(server.stage.simulator.runs().length, 1);
  assert.deepEqual(new Set(responses.map(({ status, body }) => `${status} ${body.slug}`)).size, 1);
  const later = await server.send("/runs?wait=20s", options);
  assert.equal(later.body.slug, responses[0]?.body.slug);
  assert.equal(server.stage.simulator.runs().length, 1);
});

Deno.test("one Idempotency-Key on two isolates starts one run", async () => {
  await using server = await aServer();
  const other = await server.stage.isolate();
  const elsewhere = createHandler({
    log: silentLog,
    open: () => Promise.resolve(other),
    keys: readAccessKeys((name) => KEYS[name]),
  });
  const headers = { "authorization": `Bearer ${FULL}`, "content-type": "application/json", "idempotency-key": "k" };
  const there = () =>
    new Request("https://x.example/runs?wait=20s", { method: "POST", headers, body: JSON.stringify(QUICK) });
  const here = { method: "POST", body: QUICK, headers: { "idempotency-key": "k" } };
  const [one, two] = await Promise.all([server.send("/runs?wait=20s", here), elsewhere(there())]);
  assert.equal(one.body.slug, (await two.json()).slug);
  assert.equal(server.stage.simulator.runs().length, 1);
});

Deno.test("with an API key of another account, a run is shown as it was stored, and can't be cancelled", async () => {
  await using server = await aServer([], { workflows: { long: lasting(36_000) } });
  const { simulator, clock } = server.stage;
  const { body: { id } } = await server.send("/runs", { method: "POST", body: { workflow: "long" } });
  const own = await server.stage.isolate();
  const { client } = await depsFor({ key: simulator.keyFor("alice") }, { clock });
  const other: Service = { ...own, deps: { ...own.deps, client } };
  const keys = readAccessKeys((name) => KEYS[name]);
  const elsewhere = createHandler({ log: silentLog, open: () => Promise.resolve(other), keys });
  const send = async (path: string, method = "GET") => {
    const headers = { authorization: `Bearer ${FULL}` };
    const response = await elsewhere(new Request(`https://x.example${path}`, { method, headers }));
    return { status: response.status, body: await response.json() };
  };
  for (let poll = 0; poll < 5; poll++) {
    clock.advance(60_000);
    const { status, body } = await send(`/runs/${id}`);
    assert.deepEqual([status, body.status], [200, "running"]);
  }
  const { status, body } = await send(`/runs/${id}/cancel`, "POST");
  assert.equal(status, 502);
  assert.match(
    body.detail,
    /^Cannot cancel \S+: its run belongs to demo on 127\.0\.0\.1:\d+, not to this server's API key$/,
  );
  assert.equal((await server.send(`/runs/${id}`)).body.state, "active");
});

Deno.test("a repeated Idempotency-Key without a wait gets 200 as soon as the run has ended", async () => {
  await using server = await aServer([], { workflows: { short: lasting(30) } });
  const statuses: number[] = [];
  for (const seconds of [0, 60, 60]) {
    server.stage.clock.advance(seconds * 1_000);
    const options = { method: "POST", body: { workflow: "short" }, headers: { "idempotency-key": "k" } };
    statuses.push((await server.send("/runs", options)).status);
  }
  assert.deepEqual(statuses, [202, 200, 200]);
  assert.equal(server.stage.simulator.runs().length, 1);
});

for (const status of ["completed", "running"] as const) {
  Deno.test(`an Idempotency-Key of another server whose run is ${status} gets ${status === "completed" ? "200" : "202"}`, async () => {
    await using server = await aServer();
    const other = await server.stage.isolate({ kv: createKv(memoryBackend()) });
    const headers = { "idempotency-key": "k" };
    const handler = createHandler({
      log: silentLog,
      open: () => Promise.resolve(other),
      keys: readAccessKeys((name) => KEYS[name]),
    });
    const body = status === "completed" ? QUICK : { workflow: "never-ending" };
    const first = await server.send("/runs", { method: "POST", body, headers });
    server.stage.clock.advance(60_000);
    const second = await handler(
      new Request("https://x.example/runs", {
        method: "POST",
        headers: { ...headers, "authorization": `Bearer ${FULL}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
    const document = await second.json();
    const want = status === "completed" ? 200 : 202;
    assert.deepEqual([second.status, document.status, document.slug], [want, status, first.body.slug]);
    assert.equal(document.submitted, "no");
    assert.equal(second.headers.has("location"), want === 202);
  });
}

for (
  const [what, path, headers] of [["a wait", "/runs?wait=5s", {}], ["a key", "/runs", {
    "idempotency-key": "a",
  }]] as const
) {
  Deno.test(`POST /runs with ${what} on a legacy server gets 501 with what to leave out, and starts nothing`, async () => {
    await using server = await aServer([], { behavior: { apiVersion: "legacy" } });
    const { status, body } = await server.send(path, { method: "POST", body: QUICK, headers });
    assert.equal(status, 501);
    assert.match(body.hint, /without wait and Idempotency-Key/);
    assert.equal(server.stage.simulator.received("submit").length, 0);
  });
}

Deno.test("POST /runs with an Idempotency-Key outlasts a fault of the platform while the key is looked up", async () => {
  await using server = await aServer();
  server.stage.simulator.addFaults({ on: "get-run", status: 503 });
  const { status } = await server.send("/runs", { method: "POST", body: QUICK, headers: { "idempotency-key": "a" } });
  assert.ok([200, 202].includes(status), String(status));
});

Deno.test("a run with secrets is left to the request that is about to send it, for a minute", async () => {
  const yaml = `on:\n  execute:\n    inputs:\n      password: { type: password }\n${lasting(30).yaml}`;
  for (const [dies, want] of [[false, "running"], [true, "rejected"]] as const) {
    // Before the request to the platform, a tick comes, and this process may end.
    let before: (() => Promise<void>) | undefined;
    await using server = await aServer([], {
      workflows: { guarded: { ...lasting(30), yaml } },
      replaced({ deps, ...service }) {
        const put: typeof deps.store.put = async (submission, also) => {
          if (submission.state === "unconfirmed") await before?.();
          return await deps.store.put(submission, also);
        };
        return { ...service, deps: { ...deps, store: { ...deps.store, put } } };
      },
    });
    before = async () => {
      before = undefined;
      await tick(await server.stage.isolate());
      if (dies) throw new StorageError("killed");
    };
    const body = { workflow: "guarded", inputs: { password: "hunter2hunter2" } };
    const { headers } = await server.send("/runs", { method: "POST", body });
    if (dies) server.stage.clock.advance(60_000);
    await tick(await server.stage.isolate());
    assert.equal((await server.send(headers.get("location") ?? "")).body.status, want);
  }
});

Deno.test("an Idempotency-Key with a different body is rejected", async () => {
  await using server = await aServer();
  const headers = { "idempotency-key": "k" };
  await server.send("/runs", { method: "POST", body: QUICK, headers });
  const { status, body } = await server.send("/runs", {
    method: "POST",
    body: { ...QUICK, inputs: { a: 1 } },
    headers,
  });
  assert.deepEqual([status, body.code], [422, "idempotency_key_conflict"]);
  assert.match(body.detail, /^Cannot use the idempotency key "k" for quick: /);
});

Deno.test("an Idempotency-Key does not attach to a run of the command line", async () => {
  await using server = await aServer();
  const { deps } = await server.stage.isolate();
  const local = await toEnd(execute(deps, aRequest({ workflow: "quick", inputs: {} }), {
    idempotencyKey: { text: "k", policy: "attach" },
  }));
  const { body } = await server.send("/runs?wait=25s", {
    method: "POST",
    body: QUICK,
    headers: { "idempotency-key": "k" },
  });
  assert.notEqual(body.slug, local.slug);
  assert.equal(server.stage.simulator.runs().length, 2);
});

for (const key of ["", "a, b", '"open', '""', "\u00e4", '"a\\b"', "x".repeat(256)]) {
  Deno.test(`the Idempotency-Key ${JSON.stringify(key.slice(0, 9))} is rejected, and starts nothing`, async () => {
    await using server = await aServer();
    const response = await server.send("/runs", { method: "POST", body: QUICK, headers: { "idempotency-key": key } });
    assert.equal(response.status, 400);
    assert.equal(server.stage.simulator.runs().length, 0);
  });
}

Deno.test("an Idempotency-Key is the same with and without quotes", async () => {
  await using server = await aServer();
  const slugWith = async (key: string) =>
    (await server.send("/runs", { method: "POST", body: QUICK, headers: { "idempotency-key": key } })).body.slug;
  assert.equal(await slugWith('"nightly \\"4711\\""'), await slugWith('"nightly \\"4711\\""'));
  assert.equal(await slugWith('"4711"'), await slugWith("4711"));
  assert.equal(server.stage.simulator.runs().length, 2);
});

Deno.test("GET /runs pages through all runs, without duplicates while runs are added", async () => {
  await using server = await aServer();
  const started: string[] = [];
  const start = async () => {
    started.push((await server.send("/runs", { method: "POST", body: QUICK })).body.slug);
    server.stage.clock.advance(1_000);
  };
  for (let count = 0; count < 5; count++) await start();
  const slugs: string[] = [];
  for (let next: string | null = "/runs?limit=2"; next !== null;) {
    const { body }: TestResponse = await server.send(next);
    slugs.push(...body.runs.map(({ slug }: { slug: string }) => slug));
    next = body.next;
    await start();
  }
  assert.deepEqual(slugs, started.slice(0, 5).reverse());
});

Deno.test("POST /runs/:id/cancel cancels, and is safe to repeat", async () => {
  await using server = await aServer();
  const { body } = await server.send("/runs", { method: "POST", body: { workflow: "never-ending" } });
  const first = await server.send(`${body.location}/cancel`, { method: "POST" });
  assert.ok([200, 202].includes(first.status));
  server.stage.clock.advance(60_000);
  const again = await server.send(`${body.location}/cancel`, { method: "POST" });
  assert.deepEqual([again.status, again.body.status], [200, "cancelled"]);
});

Deno.test("cancelling an unconfirmed submission gets 503 with Retry-After, a rejected one 200", async () => {
  await using server = await aServer();
  const { deps } = await server.stage.isolate();
  await deps.store.put(anUnconfirmedSubmission({ submissionId: "sent", origin: { type: "http" } }));
  await deps.store.put(aRejectedSubmission({ submissionId: "rejected", origin: { type: "http" } }));
  const sent = await server.send("/runs/sent/cancel", { method: "POST" });
  assert.deepEqual([sent.status, sent.headers.get("retry-after")], [503, "30"]);
  const rejected = await server.send("/runs/rejected/cancel", { method: "POST" });
  assert.deepEqual([rejected.status, rejected.body.status], [200, "rejected"]);
});

/** A run that the platform has refused to take so far: ticks send it again. */
async function aDelayedRun(server: TestServer, headers: RequestOptions["headers"] = {}): Promise<string> {
  server.stage.simulator.addFaults({ on: "submit", status: 429, retryAfter: "60" });
  // The wait for the run ends at the request's deadline, and the submission stays.
  const { body } = await server.send("/runs?wait=1s", { method: "POST", body: QUICK, headers });
  const { deps } = await server.stage.isolate();
  const [submission] = await deps.store.listOpen("service");
  assert.equal(submission?.state, "pending", JSON.stringify(body));
  return `/runs/${submission.submissionId}`;
}

Deno.test("cancelling a run that has not been sent ends it here: it is never sent", async () => {
  await using server = await aServer();
  const run = await aDelayedRun(server);
  for (const path of [`${run}/cancel`, `${run}/cancel`]) {
    const { status, body } = await server.send(path, { method: "POST" });
    assert.deepEqual([status, body.status, body.kind], [200, "cancelled", "cancelled"]);
  }
  server.stage.clock.advance(3_600_000);
  await tick(await server.stage.isolate());
  assert.equal((await server.send(run, { key: READ })).body.status, "cancelled");
  assert.equal(server.stage.simulator.received("submit").length, 1);
  const page = await server.send("/", { key: READ });
  assert.match(page.text, /No failed runs/);
});

Deno.test("the Idempotency-Key of a run that was cancelled before it was sent starts no other run", async () => {
  await using server = await aServer();
  const headers = { "idempotency-key": "k" };
  const run = await aDelayedRun(server, headers);
  await server.send(`${run}/cancel`, { method: "POST" });
  for (const path of ["/runs", "/runs?wait=20s"]) {
    const { status, body } = await server.send(path, { method: "POST", body: QUICK, headers });
    assert.deepEqual([status, body.status, body.submitted, `/runs/${body.id}`], [200, "cancelled", "no", run]);
  }
  assert.equal(server.stage.simulator.received("submit").length, 1);
});

Deno.test("a cancellation that comes before a tick sends the run wins, and one that comes after it gets 503", async () => {
  for (const comes of ["before", "after"] as const) {
    await using server = await aServer();
    const run = await aDelayedRun(server);
    server.stage.clock.advance(3_600_000);
    const { deps, ...service } = await server.stage.isolate();
    const responses: TestResponse[] = [];
    const cancel = async () => void responses.push(await server.send(`${run}/cancel`, { method: "POST" }));
    const store: typeof deps.store = {
      ...deps.store,
      async put(submission, also) {
        const isSent = submission.state === "unconfirmed";
        if (isSent && comes === "before") await cancel();
        const written = await deps.store.put(submission, also);
        if (isSent && comes === "after") await cancel();
        return written;
      },
    };
    await tick({ ...service, deps: { ...deps, store } });
    const isCancelled = comes === "before";
    assert.deepEqual(responses.map(({ status }) => status), [isCancelled ? 200 : 503]);
    assert.equal(server.stage.simulator.runs().length, isCancelled ? 0 : 1);
    assert.equal((await server.send(run, { key: READ })).body.status === "cancelled", isCancelled);
  }
});

Deno.test("cancelling a run that the store can't be written for gets 503, and does not cancel it", async () => {
  await using server = await aServer([], {
    replaced: (service) => ({
      ...service,
      deps: {
        ...service.deps,
        store: {
          ...service.deps.store,
          put: (submission, also) =>
            submission.state === "finished"
              ? Promise.reject(new StorageError("Cannot use the store: it is unavailable"))
              : service.deps.store.put(submission, also),
        },
      },
    }),
  });
  const run = await aDelayedRun(server);
  assert.equal((await server.send(`${run}/cancel`, { method: "POST" })).status, 503);
  assert.equal((await server.send(run, { key: READ })).body.status, "pending");
});

Deno.test("cancelling an occurrence that has not been sent ends it as cancelled", async () => {
  await using server = await aServer([{ ...NIGHTLY, notify: [] }]);
  server.stage.simulator.addFaults({ on: "submit", status: 429, retryAfter: "60" });
  const { body: { id } } = await server.send("/schedules/nightly/run", { method: "POST" });
  const { status, body } = await server.send(`/runs/${encodeURIComponent(id)}/cancel`, { method: "POST" });
  assert.deepEqual([status, body.status], [200, "cancelled"]);
  server.stage.clock.advance(3_600_000);
  await tick(await server.stage.isolate());
  const { schedules } = (await server.send("/schedules", { key: READ })).body;
  assert.deepEqual(schedules[0].results.map((result: { status: string }) => result.status), ["cancelled"]);
  assert.equal(server.stage.simulator.received("submit").length, 1);
});

const NIGHTLY: ScheduleSpec = { name: "nightly", cron: "0 2 * * *", workflow: "quick" };

Deno.test("a run that was started elsewhere is neither shown nor cancelled", async () => {
  await using server = await aServer();
  const service = await server.stage.isolate();
  const [run] = (await service.deps.client.listRuns({ limit: 1 })).runs;
  assert.ok(run?.slug);
  assert.equal((await server.send(`/runs/${run.slug}`, { key: READ })).status, 404);
  assert.equal((await server.send(`/runs/${run.slug}/cancel`, { method: "POST" })).status, 404);
  assert.equal(server.stage.simulator.received("cancel-run").length, 0);
});

for (
  const origin of [
    { type: "command-line" },
    { type: "batch", batchId: "b", rowKey: "r", attempt: 1, isRetry: false },
    { type: "suite", batchId: "suite.s", rowKey: "c", attempt: 1, isRetry: false },
  ] as const
) {
  Deno.test(`a run of the command line (${origin.type}) in the same store is neither shown nor cancelled`, async () => {
    await using server = await aServer();
    const { deps } = await server.stage.isolate();
    const { submissionId } = await deps.store.put(anActiveSubmission({ revision: 0, origin }));
    assert.equal((await server.send(`/runs/${submissionId}`, { key: READ })).status, 404);
    assert.equal((await server.send(`/runs/${submissionId}/cancel`, { method: "POST" })).status, 404);
    assert.equal(server.stage.simulator.received("cancel-run").length, 0);
  });
}

for (const [trust, want] of [[undefined, 422], [false, 422], [true, 202]] as const) {
  Deno.test(`POST /runs of a workflow that needs consent, with trust ${trust}, gets ${want}`, async () => {
    await using server = await aServer();
    const body = { workflow: "needs-consent", ...(trust === undefined ? {} : { trust }) };
    assert.equal((await server.send("/runs", { method: "POST", body })).status, want);
    assert.equal(server.stage.simulator.runs().length, want === 202 ? 1 : 0);
  });
}

Deno.test("a defect gets 500, and its text is logged only", async () => {
  const logged: string[] = [];
  await using server = await aServer([], {
    log: (_level, text) => void logged.push(text),
    replaced: (service) => ({
      ...service,
      deps: { ...service.deps, store: { ...service.deps.store, get: () => Promise.reject(new Error("defect 4711")) } },
    }),
  });
  const { status, text } = await server.send("/runs/x");
  assert.equal(status, 500);
  assert.ok(!text.includes("4711"), text);
  assert.match(logged.join("\n"), /defect 4711/);
});

/** As a process leaves it that ends before it is sent. */
async function aPendingRun({ deps }: Service, workflow: string): Promise<Submission> {
  const signal = AbortSignal.timeout(10_000);
  const spec = { workflow, layers: [], preset: null, displayName: null, isTrusted: false } as const;
  const { request } = await prepare(deps, { ...spec, checking: "lenient" }, { signal });
  return await createSubmission(deps, request, { signal, isWaiting: false, origin: { type: "http" } });
}

Deno.test("cancelling a run whose response was lost finds the run, also after the search for it was given up", async () => {
  await using server = await aServer();
  const service = await server.stage.isolate();
  const { deps } = service;
  server.stage.simulator.addFaults({ on: "submit", cut: "after-effect" });
  const options = advanceOptions(AbortSignal.timeout(10_000));
  const { submission } = await advanceOne(deps, await aPendingRun(service, "never-ending"), options);
  assert.ok(submission.state === "unconfirmed" && submission.reconciliation);
  await deps.store.put({ ...submission, reconciliation: { ...submission.reconciliation, isAbandoned: true } });
  const path = `/runs/${submission.submissionId}/cancel`;
  const first = await server.send(path, { method: "POST" });
  server.stage.clock.advance(Number(first.headers.get("retry-after")) * 1_000);
  const second = await server.send(path, { method: "POST" });
  assert.deepEqual([first.status, second.status], [503, 202]);
  assert.equal(server.stage.simulator.received("cancel-run").length, 1);
});

Deno.test("an occurrence whose run is found after its search was given up runs, and is of no other account", async () => {
  await using server = await aServer([{ ...NIGHTLY, workflow: "never-ending" }]);
  server.stage.simulator.addFaults({ on: "submit", cut: "after-effect" });
  const { body: { id } } = await server.send("/schedules/nightly/run", { method: "POST" });
  const service = await server.stage.isolate();
  const submission = await service.deps.store.get(id);
  assert.ok(submission?.state === "unconfirmed" && submission.reconciliation);
  const reconciliation = { ...submission.reconciliation, isAbandoned: true };
  await service.deps.store.put({ ...submission, reconciliation });
  const resultNow = async () => (await server.send("/schedules", { key: READ })).body.schedules[0].results[0];
  await tick(service);
  assert.match((await resultNow()).message, /not known whether a run was started/);
  const path = `/runs/${encodeURIComponent(id)}/cancel`;
  await server.send(path, { method: "POST" });
  server.stage.clock.advance(60_000);
  await server.send(path, { method: "POST" });
  const { status, message } = await resultNow();
  assert.deepEqual([status, message], ["running", null]);
});

Deno.test("requesting a pending submission does not send it", async () => {
  await using server = await aServer();
  const { submissionId } = await aPendingRun(await server.stage.isolate(), "quick");
  const { status, body } = await server.send(`/runs/${submissionId}`, { key: READ });
  assert.deepEqual([status, body.status], [200, "pending"]);
  assert.equal(server.stage.simulator.received("submit").length, 0);
});

Deno.test("POST /schedules/:name/run runs the schedule now, once per Idempotency-Key", async () => {
  await using server = await aServer([NIGHTLY]);
  const options = { method: "POST", headers: { "idempotency-key": "today" } };
  const first = await server.send("/schedules/nightly/run", options);
  assert.equal(first.status, 202, first.text);
  assert.match(first.body.slug, /^quick-/);
  server.stage.clock.advance(60_000);
  const second = await server.send("/schedules/nightly/run", options);
  assert.equal(second.body.id, first.body.id);
  assert.equal(server.stage.simulator.runs().length, 1);
  const { schedules } = (await server.send("/schedules", { key: READ })).body;
  assert.equal(second.body.state, "finished");
  assert.deepEqual(second.body.result, schedules[0].results[0]);
});

Deno.test("several POST /schedules/:name/run in one millisecond are as many occurrences", async () => {
  await using server = await aServer([{ ...NIGHTLY, overlap: "allow" }]);
  const send = () => server.send("/schedules/nightly/run", { method: "POST" });
  const ids = (await Promise.all([send(), send(), send()])).map(({ body: { id } }) => id);
  await send();
  assert.equal(new Set(ids).size, 3);
  assert.equal(server.stage.simulator.runs().length, 4);
});

for (const body of ['{"inputs": {"a": 1}}', "[]", "null", "nothing", "{"]) {
  Deno.test(`POST /schedules/:name/run with the body ${body} gets 422, and starts nothing`, async () => {
    await using server = await aServer([NIGHTLY]);
    const { status } = await server.send("/schedules/nightly/run", { method: "POST", body });
    assert.equal(status, 422);
    assert.equal(server.stage.simulator.received("submit").length, 0);
  });
}

for (const body of ["", "{}", " { }\n"]) {
  Deno.test(`POST /schedules/:name/run with the body ${JSON.stringify(body)} runs the schedule`, async () => {
    await using server = await aServer([NIGHTLY]);
    const response = await server.send("/schedules/nightly/run", { method: "POST", body });
    assert.equal(response.status, 202);
    assert.equal(response.headers.get("location"), `/runs/${encodeURIComponent(response.body.id)}`);
    assert.equal((await server.send(response.headers.get("location") ?? "")).body.id, response.body.id);
  });
}

Deno.test("POST /schedules/:name/run accepts the same Idempotency-Key forms as POST /runs", async () => {
  await using server = await aServer([NIGHTLY]);
  const occurrenceWith = async (key: string) =>
    (await server.send("/schedules/nightly/run", { method: "POST", headers: { "idempotency-key": key } })).body.id;
  assert.equal(await occurrenceWith('"today"'), await occurrenceWith("today"));
  const { status } = await server.send("/schedules/nightly/run", {
    method: "POST",
    headers: { "idempotency-key": '"a' },
  });
  assert.equal(status, 400);
  assert.equal(server.stage.simulator.runs().length, 1);
});

Deno.test("POST /schedules/:name/run returns 202 once its occurrence is stored, even if the platform is unavailable", async () => {
  await using server = await aServer([NIGHTLY]);
  server.stage.simulator.addFaults({ on: "*", times: Infinity, status: 503 });
  const { status, body } = await server.send("/schedules/nightly/run", { method: "POST" });
  assert.deepEqual([status, body.state, body.slug], [202, "waiting", null]);
});

Deno.test("POST /schedules/:name/run returns 202 once its occurrence is stored, even if the tick fails", async () => {
  const lines: string[] = [];
  await using server = await aServer([NIGHTLY], {
    log: (level, message) => void lines.push(`${level} ${message}`),
    replaced: (service) => ({
      ...service,
      deps: {
        ...service.deps,
        client: { ...service.deps.client, whoAmI: () => Promise.reject(new TypeError("a bug")) },
      },
    }),
  });
  const { status, body, text } = await server.send("/schedules/nightly/run", { method: "POST" });
  assert.deepEqual([status, body?.state, body?.slug], [202, "waiting", null], text);
  assert.ok(lines.includes(`WARNING The tick after ${body.id} failed: a bug`), lines.join("\n"));
});

Deno.test("GET /schedules lists the next firings and the last results", async () => {
  await using server = await aServer([NIGHTLY]);
  const { body: { slug } } = await server.send("/schedules/nightly/run", { method: "POST" });
  const { body } = await server.send("/schedules", { key: READ });
  assert.equal(body.schedules[0].next[0], "2026-01-06T02:00:00.000Z");
  const [result] = body.schedules[0].results;
  assert.deepEqual([result.status, result.slug], ["running", slug]);
  assert.match(slug, /^quick-/);
});

Deno.test("a full queue: the log names what to do, GET /schedules and the page its length and the last result", async () => {
  const lines: string[] = [];
  await using server = await aServer([{ name: "each", cron: "* * * * *", workflow: "quarter", overlap: "queue" }], {
    workflows: { quarter: lasting(15 * 60) },
  });
  const { deps, ...service } = await server.stage.isolate();
  const log: Log = (level, message) => void lines.push(`${level} ${message}`);
  for (let minute = 0; minute <= 30; minute++) {
    await tick({ ...service, deps: { ...deps, log } });
    server.stage.clock.advance(60_000);
  }
  const skipped = lines.filter((line) => /^WARNING each@.*Z skipped: queue full: 24 wait, since each@/.test(line));
  assert.ok(skipped.length > 0 && skipped.every((line) => /less often, or set overlap/.test(line)), lines.join("\n"));
  const [{ waiting, results }] = (await server.send("/schedules", { key: READ })).body.schedules;
  assert.equal(waiting, 24);
  assert.ok(results.some(({ status }: { status: string }) => status === "completed"), JSON.stringify(results));
  assert.match((await server.send("/", { key: READ })).text, /queue, 24 waiting/);
});

Deno.test("GET /healthz needs no key, and returns 503 before the first tick and after ticks stop", async () => {
  await using server = await aServer([NIGHTLY]);
  assert.equal((await server.send("/healthz", { key: null })).status, 503);
  // A tick on request does not count.
  await server.send("/schedules/nightly/run", { method: "POST" });
  assert.equal((await server.send("/healthz", { key: null })).status, 503);
  await tick(await server.stage.isolate());
  assert.equal((await server.send("/healthz", { key: null })).status, 200);
  // As at every other route.
  assert.equal((await server.send("/healthz/", { key: null })).status, 200);
  server.stage.clock.advance(10 * 60_000);
  assert.equal((await server.send("/healthz", { key: null })).status, 503);
});

Deno.test("without enabled schedules, GET /healthz is 503 while a run waits for a tick that does not come", async () => {
  await using server = await aServer([{ ...NIGHTLY, enabled: false }]);
  const health = async () => (await server.send("/healthz", { key: null })).status;
  assert.equal(await health(), 200);
  assert.equal((await server.send("/runs", { method: "POST", body: { workflow: "quick" } })).status, 202);
  assert.equal(await health(), 503);
  assert.match((await server.send("/", { key: READ })).text, /role="alert">No tick yet/);
  await tick(await server.stage.isolate());
  assert.equal(await health(), 200);
  server.stage.clock.advance(10 * 60_000);
  assert.equal(await health(), 503);
  assert.match(
    (await server.send("/", { key: READ })).text,
    /role="alert">No tick since .*runs are not tracked/,
  );
  await tick(await server.stage.isolate());
  server.stage.clock.advance(10 * 60_000);
  assert.equal(await health(), 200);
});

Deno.test("a failed tick makes GET /healthz 503, which quotes the error only on the status page", async () => {
  await using server = await aServer([{ ...NIGHTLY, cron: "*/10 * * * *", workflow: "no-such-workflow" }]);
  const service = await server.stage.isolate();
  server.stage.clock.advance(60_000);
  await tick(service);
  assert.equal((await server.send("/healthz", { key: null })).status, 200);
  server.stage.clock.advance(10 * 60_000);
  await tick(service);
  const { status, body } = await server.send("/healthz", { key: null });
  assert.deepEqual([status, body.detail], [503, "The last tick failed: the status page shows why"]);
  const { text } = await server.send("/", { key: READ });
  assert.match(text, /role="alert">The last tick failed: .*no-such-workflow/);
});

Deno.test("while the store can't be written, ticks fail, and GET /healthz and the status page show it at once", async () => {
  const memory = memoryBackend();
  let isFull = false;
  const full = new StorageError("Cannot use the run store at x.db: database or disk is full");
  const backend = { ...memory, write: (write: StoreWrite) => isFull ? Promise.reject(full) : memory.write(write) };
  const { promise: opened, resolve } = Promise.withResolvers<Service>();
  const replaced = (service: Service) => {
    resolve(service);
    return service;
  };
  await using server = await aServer([NIGHTLY], { backend, replaced });
  const { clock } = server.stage;
  const health = async () => (await server.send("/healthz", { key: null })).status;
  const tickOn = () => scheduledTick(() => opened, AbortSignal.timeout(60_000));
  await tickOn();
  assert.equal(await health(), 200);
  isFull = true;
  for (let minute = 0; minute < 10; minute++) {
    clock.advance(60_000);
    await assert.rejects(tickOn(), full);
    assert.equal(await health(), 503);
  }
  assert.match((await server.send("/", { key: READ })).text, /role="alert">The last tick failed: .*disk is full/);
  isFull = false;
  clock.advance(60_000);
  await tickOn();
  assert.equal(await health(), 200);
});

Deno.test("a tick of another process clears the failure of one whose log the store did not take", async () => {
  const failed = { startedMs: Date.UTC(2026, 0, 5, 9), tookMs: 1, missed: 0, error: "the disk is full" };
  await using server = await aServer([NIGHTLY], { replaced: (service) => ({ ...service, ownTick: { failed } }) });
  assert.equal((await server.send("/healthz", { key: null })).status, 503);
  assert.match((await server.send("/", { key: READ })).text, /role="alert">The last tick failed: the disk is full/);
  server.stage.clock.advance(60_000);
  await tick(await server.stage.isolate());
  assert.equal((await server.send("/healthz", { key: null })).status, 200);
});

Deno.test("while the API key is refused, the tick of a due occurrence fails, and GET /healthz is 503", async () => {
  await using server = await aServer([{ ...NIGHTLY, cron: "*/10 * * * *" }]);
  const service = await server.stage.isolate();
  server.stage.clock.advance(60_000);
  await tick(service);
  assert.equal((await server.send("/healthz", { key: null })).status, 200);
  server.stage.simulator.expireKeys("demo");
  server.stage.clock.advance(10 * 60_000);
  await assert.rejects(tick(service), CredentialError);
  assert.equal((await server.send("/healthz", { key: null })).status, 503);
});

Deno.test("GET /healthz and the status page agree on when a tick is late", async () => {
  await using server = await aServer([NIGHTLY]);
  await tick(await server.stage.isolate());
  for (const [advanceMs, isLate] of [[5 * 60_000 - 1, false], [1, true]] as const) {
    server.stage.clock.advance(advanceMs);
    assert.equal((await server.send("/healthz", { key: null })).status, isLate ? 503 : 200);
    assert.equal(/role="alert">No tick since/.test((await server.send("/", { key: READ })).text), isLate);
  }
});

Deno.test("GET / returns the status page to a browser with the read key, and 401 without", async () => {
  await using server = await aServer([NIGHTLY]);
  const basic = { authorization: `Basic ${btoa(`me:${READ}`)}` };
  const page = await server.send("/", { key: null, headers: basic });
  assert.equal(page.status, 200);
  assert.match(page.text, /<bdi>nightly<\/bdi>/);
  assert.equal((await server.send("/", { key: null })).status, 401);
});

Deno.test("GET / shows open, failed and missed runs, even after many successes", async () => {
  await using server = await aServer([NIGHTLY]);
  const { deps, kv } = await server.stage.isolate();
  const origin = { type: "http" } as const;
  await deps.store.put(anActiveSubmission({ submissionId: "open", ownSlug: "hello-open", origin }));
  const result = { ...aFinishedSubmission().result, status: "failed", errorMessage: "out of memory" } as const;
  await deps.store.put(aFinishedSubmission({ submissionId: "failed", result, origin }));
  for (let at = 0; at < 60; at++) {
    await deps.store.put(aFinishedSubmission({ submissionId: `ended-${at}`, createdAtMs: 2_000 + at, origin }));
  }
  const notificationAt = (createdAtMs: number, kind: "missed" | "completed") => (
    { occurrenceId: `nightly@${createdAtMs}`, schedule: "nightly", kind, createdAtMs, slug: null, message: null }
  );
  const change = kv.atomic();
  addNotification(change, notificationAt(1, "missed"), []);
  for (let at = 0; at < 60; at++) addNotification(change, notificationAt(2 + at, "completed"), []);
  await change.commit();
  const { text } = await server.send("/", { key: READ });
  for (const expected of ["/runs/open", "out of memory", "nightly@1<"]) assert.ok(text.includes(expected), expected);
});

Deno.test("GET / shows a submission whose run was never found as a failure, and not as an active run", async () => {
  await using server = await aServer([NIGHTLY]);
  const { deps } = await server.stage.isolate();
  const reconciliation: Reconciliation = {
    cause: "response-lost",
    detail: "the run list has no such run",
    sinceMs: 2_000,
    searches: 3,
    searchForMs: 60_000,
    isAbandoned: true,
  };
  const origin = { type: "http" } as const;
  await deps.store.put(anUnconfirmedSubmission({ submissionId: "lost", origin, reconciliation }));
  const { text } = await server.send("/", { key: READ });
  assert.match(text, /No active runs/);
  assert.match(
    text,
    /id="failures">[^]*unknown[^]*\/runs\/lost[^]*It is not known whether a run was started: the run list has/,
  );
});

Deno.test("GET / shows an occurrence that was skipped as a problem of its schedule, not as a failed run", async () => {
  await using server = await aServer([{ name: "often", cron: "* * * * *", workflow: "never-ending" }]);
  const service = await server.stage.isolate();
  for (let minute = 0; minute < 4; minute++) {
    await tick(service);
    server.stage.clock.advance(60_000);
  }
  const { text } = await server.send("/", { key: READ });
  assert.match(text, /No failed runs/);
  assert.match(text, /of 0 finished/);
  assert.match(text, /still open: often@/);
});

Deno.test("after a lost response to a cancel request, the run's current status is returned", async () => {
  await using server = await aServer();
  const { body: run } = await server.send("/runs", { method: "POST", body: QUICK });
  server.stage.simulator.addFaults({ on: "cancel-run", times: Infinity, cut: "after-effect" });
  const { status, body } = await server.send(`/runs/${run.slug}/cancel`, { method: "POST" });
  assert.ok([200, 202].includes(status), JSON.stringify(body));
  assert.match(body.platformStatus, /^cancel/);
});

Deno.test("the platform's Retry-After is passed on", async () => {
  await using server = await aServer();
  server.stage.simulator.addFaults({ on: "get-workflow", times: Infinity, status: 429, retryAfter: "3600" });
  const { status, headers } = await server.send("/runs", { method: "POST", body: QUICK });
  assert.deepEqual([status, headers.get("retry-after")], [503, "3600"]);
});

for (
  const [what, fault, want] of [
    ["responds 503", { status: 503 }, 503],
    ["responds 429 repeatedly", { status: 429, retryAfter: "7" }, 504],
  ] as const
) {
  Deno.test(`if the platform ${what}, the server returns ${want} within the deadline`, async () => {
    await using server = await aServer();
    server.stage.simulator.addFaults({ on: "*", times: Infinity, ...fault });
    const { clock } = server.stage;
    const startedMs = clock.now();
    const { status, headers } = await server.send("/runs", { method: "POST", body: QUICK });
    assert.equal(status, want);
    assert.ok(Number(headers.get("retry-after")) > 0);
    assert.ok(clock.now() - startedMs <= 16_000, `${clock.now() - startedMs}`);
  });
}

Deno.test("a request that takes too long because of the store does not blame the platform alone", async () => {
  await using server = await aServer([], {
    replaced(service) {
      const { clock, store } = service.deps;
      const get: typeof store.get = async (id) => {
        await clock.sleep(20_000, {});
        return await store.get(id);
      };
      return { ...service, deps: { ...service.deps, store: { ...store, get } } };
    },
  });
  const { body: run } = await server.send("/runs", { method: "POST", body: QUICK });
  const { status, body } = await server.send(`/runs/${run.id}/cancel`, { method: "POST" });
  assert.deepEqual([status, body.detail], [504, "The platform or the store did not respond in time"]);
});

Deno.test("HEAD is GET without a body, and OPTIONS lists the allowed methods", async () => {
  await using server = await aServer();
  const head = await server.send("/runs", { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
  const options = await server.send("/runs", { method: "OPTIONS", key: null });
  assert.deepEqual([options.status, options.headers.get("allow")], [204, "POST, GET, HEAD, OPTIONS"]);
  assert.equal(options.headers.get("x-content-type-options"), "nosniff");
});

Deno.test("without PW_TRIGGER_KEY, every request gets 503 with the reason", async () => {
  await using server = await aServer([], { env: () => undefined });
  const { status, body } = await server.send("/runs");
  assert.deepEqual([status, body.detail], [503, "Access is not configured: PW_TRIGGER_KEY is not set"]);
});

Deno.test("a configuration error is shown only to a client with a key", async () => {
  const missing = new CredentialError("credential_missing", "Cannot find an API key: searched /home/me/credentials");
  const handler = createHandler({
    log: silentLog,
    open: () => Promise.reject(missing),
    keys: readAccessKeys((name) => KEYS[name]),
  });
  const health = await handler(new Request("https://x.example/healthz"));
  assert.equal(health.status, 503);
  assert.ok(!(await health.text()).includes("/home/me"));
  const page = await handler(new Request("https://x.example/", { headers: { authorization: `Bearer ${READ}` } }));
  assert.equal(page.status, 502);
  assert.match(await page.text(), /searched \/home\/me/);
});

Deno.test("a body that arrives too slowly gets 408", async () => {
  await using stage = await aServiceStage([]);
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"workflow":')),
  });
  const headers = { "content-type": "application/json" };
  const reading = readBody(new Request("https://x.example/runs", { method: "POST", body, headers }), stage.clock);
  stage.clock.advance(11_000);
  const response = await reading;
  assert.ok(response instanceof Response && response.status === 408);
});

Deno.test("random requests never get 500, and each gets a response in time", async () => {
  await using server = await aServer([NIGHTLY]);
  const anyName = oneof(
    constantFrom("", "x", "nightly", "quick-00001", "%00", "..", "🦊", "\ud800"),
    string({ maxLength: 10 }),
  );
  const anyRequest = record({
    method: constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
    path: oneof(
      constantFrom("/", "/runs", "/schedules", "/healthz", "/runs?limit=0", "/runs?cursor=x", "/runs?wait=1s"),
      anyName.map((name) => `/runs/${encode(name)}`),
      anyName.map((name) => `/runs/${encode(name)}/cancel`),
      anyName.map((name) => `/schedules/${encode(name)}/run`),
      anyName.map((name) => `/${encode(name)}`),
    ),
    key: constantFrom(FULL, READ, "wrong", null),
    body: option(
      oneof(
        constantFrom("{}", "[]", "null", '{"workflow":1}', '{"workflow":"quick","inputs":[]}', '{"__proto__":{}}', "{"),
        string({ maxLength: 30 }),
      ),
      { nil: undefined },
    ),
  });
  const property = asyncProperty(anyRequest, async ({ method, path, key, body }) => {
    const startedMs = systemClock.now();
    const isBodiless = method === "GET" || method === "HEAD";
    const response = await server.send(path, { method, key, ...(isBodiless || body === undefined ? {} : { body }) });
    assert.notEqual(response.status, 500, `${method} ${path} ${body}`);
    assert.ok(systemClock.now() - startedMs < 10_000, "the response took too long");
  });
  await assertProperty(property, { numRuns: 500 });
});

function encode(name: string): string {
  try {
    return encodeURIComponent(name);
  } catch {
    return "%ED%A0%80";
  }
}

Deno.test("an unknown store is a fault of the server, not of the request", async () => {
  const handler = createHandler({
    log: silentLog,
    open: () => Promise.reject(new UsageError('Unknown store "mysql:…"', { hint: "Name one of: PATH" })),
    keys: readAccessKeys((name) => KEYS[name]),
  });
  const headers = { authorization: `Bearer ${READ}` };
  const response = await handler(new Request("https://x.example/schedules", { headers }));
  assert.equal(response.status, 503);
  const { code, detail, hint } = await response.json();
  assert.deepEqual({ code, detail, hint }, {
    code: "storage",
    detail: 'Unknown store "mysql:…"',
    hint: "Name one of: PATH",
  });
});
