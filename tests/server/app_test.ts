/** The HTTP face, asked as its users ask it. */

import assert from "node:assert/strict";
import { silentLog } from "../../lib/log.ts";
import { readKeys } from "../../lib/server/auth.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import { createHandler } from "../../lib/server/app.ts";
import { readBody } from "../../lib/server/body.ts";
import { systemClock } from "../../lib/clock.ts";
import { CredentialError } from "../../lib/errors.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import { prepare } from "../../lib/runs/prepare.ts";
import type { ScheduleSpec } from "../../lib/scheduler/schedule.ts";
import { assert as hold, asyncProperty, constantFrom, oneof, option, record, string } from "../deps/fast_check.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aRejectedSubmission,
} from "../support/records.ts";
import { aServiceStage, type ServiceStage } from "../support/service.ts";

const FULL = "full-key-0123456789";
const READ = "read-key-0123456789";
const KEYS: Readonly<Record<string, string>> = { PW_TRIGGER_KEY: FULL, PW_READ_KEY: READ };

interface Face extends AsyncDisposable {
  readonly stage: ServiceStage;
  ask(path: string, options?: Asking): Promise<Answer>;
}

interface Asking {
  readonly method?: string;
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- tests look into it as it comes
  readonly body: any;
}

async function aFace(specs: readonly ScheduleSpec[] = [], env = (name: string) => KEYS[name]): Promise<Face> {
  const stage = await aServiceStage(specs);
  const service = await stage.isolate();
  const handler = createHandler({ log: silentLog, open: () => Promise.resolve(service), keys: readKeys(env) });
  return {
    stage,
    async ask(path, { method = "GET", key = FULL, body, headers = {} } = {}) {
      const request = new Request(`https://runner.example${path}`, {
        method,
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const answer = await handler(request);
      const text = await answer.text();
      const isJson = /json/.test(answer.headers.get("content-type") ?? "");
      return {
        status: answer.status,
        headers: answer.headers,
        text,
        body: isJson && text !== "" ? JSON.parse(text) : null,
      };
    },
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

const QUICK = { workflow: "quick" };
const DEEP = `{"workflow":"quick","inputs":{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`;

const REFUSALS: readonly (readonly [what: string, path: string, asking: Asking, status: number])[] = [
  ["no key", "/runs", { key: null }, 401],
  ["a wrong key", "/runs", { key: "wrong-key-0123456789" }, 401],
  ["a wrong key for a run", "/runs", { method: "POST", key: "wrong-key-0123456789", body: QUICK }, 401],
  ["the reading key for a run", "/runs", { method: "POST", key: READ, body: QUICK }, 403],
  ["the reading key for a cancel", "/runs/x/cancel", { method: "POST", key: READ }, 403],
  ["the full key as a browser's password", "/runs", {
    method: "POST",
    key: null,
    body: QUICK,
    headers: { authorization: `Basic ${btoa(`me:${FULL}`)}` },
  }, 403],
  ["an address that is not there", "/nothing", {}, 404],
  ["a run that is not there", "/runs/no-such-run", {}, 404],
  ["a schedule that is not there", "/schedules/none/run", { method: "POST" }, 404],
  ["a method that is not possible", "/runs", { method: "DELETE" }, 405],
  ["a body of another type", "/runs", { method: "POST", body: "a=b", headers: { "content-type": "text/plain" } }, 415],
  ["a body that is packed", "/runs", { method: "POST", body: QUICK, headers: { "content-encoding": "gzip" } }, 415],
  ["a body that is no JSON", "/runs", { method: "POST", body: "{" }, 400],
  ["a body that is no object", "/runs", { method: "POST", body: "[]" }, 422],
  ["a body with fields that nobody knows", "/runs", { method: "POST", body: { workflow: "quick", inptus: {} } }, 422],
  ["a body that is too large", "/runs", { method: "POST", body: { workflow: "x".repeat(1_100_000) } }, 413],
  ["a body that is too deep", "/runs", { method: "POST", body: DEEP }, 422],
  ["a name that is too long", `/runs/${"x".repeat(5_000)}`, {}, 404],
  ["a workflow whose name is too long", `/runs?workflow=${"x".repeat(5_000)}`, {}, 404],
  ["a workflow that is not there", "/runs", { method: "POST", body: { workflow: "no-such-workflow" } }, 404],
  ["inputs that are wrong", "/runs", { method: "POST", body: { workflow: "hello-world", strict: true } }, 422],
  ["a parameter that nobody knows", "/runs?wiat=20s", { method: "POST", body: QUICK }, 400],
  ["a cursor that is none", "/runs?cursor=40", {}, 400],
  ["a wait that can't be read", "/runs?wait=soon", { method: "POST", body: QUICK }, 400],
  ["an address that can't be read", "/runs/%E0%A4%A", {}, 400],
];

for (const [what, path, asking, status] of REFUSALS) {
  Deno.test(`${what} is answered with ${status}, as a problem, and starts nothing`, async () => {
    await using face = await aFace();
    const answer = await face.ask(path, asking);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    assert.equal(answer.body.status, status);
    if (status === 401) assert.match(answer.headers.get("www-authenticate") ?? "", /Bearer/);
    if (status === 405) assert.equal(answer.headers.get("allow"), "POST, GET, HEAD, OPTIONS");
    assert.equal(face.stage.simulator.received("submit").length, 0);
    assert.ok(!answer.text.includes(FULL) && !answer.text.includes(READ));
  });
}

Deno.test("POST /runs answers with 202 and where to look, and that tells the end", async () => {
  await using face = await aFace();
  const started = await face.ask("/runs", { method: "POST", body: { workflow: "quick", inputs: { a: 1 } } });
  assert.equal(started.status, 202);
  const location = started.headers.get("location") ?? "";
  assert.equal((await face.ask(location)).body.status, "running");
  face.stage.clock.advance(60_000);
  const ended = await face.ask(location, { key: READ });
  assert.deepEqual([ended.status, ended.body.status], [200, "completed"]);
});

Deno.test("POST /runs?wait= answers with the result of a run that ends in time", async () => {
  await using face = await aFace();
  const { status, body } = await face.ask("/runs?wait=25s", { method: "POST", body: QUICK });
  assert.deepEqual([status, body.status, body.kind], [200, "completed", "completed"]);
});

Deno.test("POST /runs?wait= comes back with 202 when the run takes longer, and it goes on", async () => {
  await using face = await aFace();
  const { status, body } = await face.ask("/runs?wait=999s", { method: "POST", body: { workflow: "never-ending" } });
  assert.equal(status, 202);
  assert.match(body.location, /^\/runs\/never-ending-/);
  assert.equal(face.stage.simulator.runs()[0]?.status, "running");
});

Deno.test("inputs that are too large to be kept are not said to be worth another try", async () => {
  await using face = await aFace();
  const body = { workflow: "quick", inputs: { mesh: "x".repeat(300_000) } };
  const answer = await face.ask("/runs", { method: "POST", body });
  assert.deepEqual([answer.status, answer.headers.get("retry-after")], [413, null]);
  assert.equal(face.stage.simulator.received("submit").length, 0);
});

Deno.test("200 posts at once with one Idempotency-Key start one run, and all are told of it", async () => {
  await using face = await aFace();
  const asking = { method: "POST", body: QUICK, headers: { "idempotency-key": "nightly 4711" } };
  const answers = await Promise.all(Array.from({ length: 200 }, () => face.ask("/runs?wait=20s", asking)));
  assert.equal(face.stage.simulator.runs().length, 1);
  assert.deepEqual(new Set(answers.map(({ status, body }) => `${status} ${body.slug}`)).size, 1);
  const later = await face.ask("/runs?wait=20s", asking);
  assert.equal(later.body.slug, answers[0]?.body.slug);
  assert.equal(face.stage.simulator.runs().length, 1);
});

Deno.test("an Idempotency-Key from two isolates is one run", async () => {
  await using face = await aFace();
  const other = await face.stage.isolate();
  const elsewhere = createHandler({
    log: silentLog,
    open: () => Promise.resolve(other),
    keys: readKeys((name) => KEYS[name]),
  });
  const headers = { "authorization": `Bearer ${FULL}`, "content-type": "application/json", "idempotency-key": "k" };
  const there = () =>
    new Request("https://x.example/runs?wait=20s", { method: "POST", headers, body: JSON.stringify(QUICK) });
  const here = { method: "POST", body: QUICK, headers: { "idempotency-key": "k" } };
  const [one, two] = await Promise.all([face.ask("/runs?wait=20s", here), elsewhere(there())]);
  assert.equal(one.body.slug, (await two.json()).slug);
  assert.equal(face.stage.simulator.runs().length, 1);
});

Deno.test("an Idempotency-Key with another body is refused", async () => {
  await using face = await aFace();
  const headers = { "idempotency-key": "k" };
  await face.ask("/runs", { method: "POST", body: QUICK, headers });
  const { status, body } = await face.ask("/runs", { method: "POST", body: { ...QUICK, inputs: { a: 1 } }, headers });
  assert.deepEqual([status, body.code], [422, "idempotency_key_conflict"]);
});

for (const key of ["a, b", '"open', '""', "\u00e4", '"a\\b"', "x".repeat(256)]) {
  Deno.test(`the Idempotency-Key ${JSON.stringify(key.slice(0, 9))} is refused, and starts nothing`, async () => {
    await using face = await aFace();
    const answer = await face.ask("/runs", { method: "POST", body: QUICK, headers: { "idempotency-key": key } });
    assert.equal(answer.status, 400);
    assert.equal(face.stage.simulator.runs().length, 0);
  });
}

Deno.test("an Idempotency-Key is the same with and without the quotes of its form", async () => {
  await using face = await aFace();
  const slugWith = async (key: string) =>
    (await face.ask("/runs", { method: "POST", body: QUICK, headers: { "idempotency-key": key } })).body.slug;
  assert.equal(await slugWith('"nightly \\"4711\\""'), await slugWith('"nightly \\"4711\\""'));
  assert.equal(await slugWith('"4711"'), await slugWith("4711"));
  assert.equal(face.stage.simulator.runs().length, 2);
});

Deno.test("GET /runs leads through its pages, without doubles while runs are added", async () => {
  await using face = await aFace();
  const started: string[] = [];
  const start = async () => {
    started.push((await face.ask("/runs", { method: "POST", body: QUICK })).body.slug);
    face.stage.clock.advance(1_000);
  };
  for (let count = 0; count < 5; count++) await start();
  const slugs: string[] = [];
  for (let next: string | null = "/runs?limit=2"; next !== null;) {
    const { body }: Answer = await face.ask(next);
    slugs.push(...body.runs.map(({ slug }: { slug: string }) => slug));
    next = body.next;
    await start();
  }
  assert.deepEqual(slugs, started.slice(0, 5).reverse());
});

Deno.test("POST /runs/:id/cancel cancels, and is safe to repeat", async () => {
  await using face = await aFace();
  const { body } = await face.ask("/runs", { method: "POST", body: { workflow: "never-ending" } });
  const first = await face.ask(`${body.location}/cancel`, { method: "POST" });
  assert.ok([200, 202].includes(first.status));
  face.stage.clock.advance(60_000);
  const again = await face.ask(`${body.location}/cancel`, { method: "POST" });
  assert.deepEqual([again.status, again.body.status], [200, "cancelled"]);
});

Deno.test("a cancel of what may become a run yet is worth another try, of what never will is none", async () => {
  await using face = await aFace();
  const { deps } = await face.stage.isolate();
  await deps.store.put(anUnconfirmedSubmission({ submissionId: "sent" }));
  await deps.store.put(aRejectedSubmission({ submissionId: "refused" }));
  const sent = await face.ask("/runs/sent/cancel", { method: "POST" });
  assert.deepEqual([sent.status, sent.headers.get("retry-after")], [503, "30"]);
  const refused = await face.ask("/runs/refused/cancel", { method: "POST" });
  assert.deepEqual([refused.status, refused.body.status], [200, "refused"]);
});

const NIGHTLY: ScheduleSpec = { name: "nightly", cron: "0 2 * * *", workflow: "quick" };

Deno.test("a run that was started elsewhere is neither shown nor cancelled", async () => {
  await using face = await aFace();
  const service = await face.stage.isolate();
  const [run] = (await service.deps.client.listRuns({ limit: 1 })).runs;
  assert.ok(run?.slug);
  assert.equal((await face.ask(`/runs/${run.slug}`, { key: READ })).status, 404);
  assert.equal((await face.ask(`/runs/${run.slug}/cancel`, { method: "POST" })).status, 404);
  assert.equal(face.stage.simulator.received("cancel-run").length, 0);
});

Deno.test("looking at a run that is not sent yet does not send it", async () => {
  await using face = await aFace();
  const { deps } = await face.stage.isolate();
  const signal = AbortSignal.timeout(10_000);
  const spec = { workflow: "quick", layers: [], preset: null, displayName: null, isTrusted: false } as const;
  const { request } = await prepare(deps, { ...spec, checking: "lenient" }, { signal });
  const { submissionId } = await createSubmission(deps, request, { signal, isWaiting: false });
  const { status, body } = await face.ask(`/runs/${submissionId}`, { key: READ });
  assert.deepEqual([status, body.status], [200, "pending"]);
  assert.equal(face.stage.simulator.received("submit").length, 0);
});

Deno.test("POST /schedules/:name/run runs it now, once for one Idempotency-Key", async () => {
  await using face = await aFace([NIGHTLY]);
  const asking = { method: "POST", headers: { "idempotency-key": "today" } };
  const first = await face.ask("/schedules/nightly/run", asking);
  assert.equal(first.status, 202, first.text);
  assert.match(first.body.slug, /^quick-/);
  const second = await face.ask("/schedules/nightly/run", asking);
  assert.equal(second.body.occurrence, first.body.occurrence);
  assert.equal(face.stage.simulator.runs().length, 1);
});

Deno.test("POST /schedules/:name/run reads an Idempotency-Key as POST /runs does", async () => {
  await using face = await aFace([NIGHTLY]);
  const occurrenceWith = async (key: string) =>
    (await face.ask("/schedules/nightly/run", { method: "POST", headers: { "idempotency-key": key } })).body.occurrence;
  assert.equal(await occurrenceWith('"today"'), await occurrenceWith("today"));
  const { status } = await face.ask("/schedules/nightly/run", { method: "POST", headers: { "idempotency-key": '"a' } });
  assert.equal(status, 400);
  assert.equal(face.stage.simulator.runs().length, 1);
});

Deno.test("POST /schedules/:name/run does not ask to be repeated once its slot is noted", async () => {
  await using face = await aFace([NIGHTLY]);
  face.stage.simulator.addFaults({ on: "*", times: Infinity, status: 503 });
  const { status, body } = await face.ask("/schedules/nightly/run", { method: "POST" });
  assert.deepEqual([status, body.state, body.slug], [202, "waiting", null]);
});

Deno.test("GET /schedules tells what comes next and what came before", async () => {
  await using face = await aFace([NIGHTLY]);
  await face.ask("/schedules/nightly/run", { method: "POST" });
  const { body } = await face.ask("/schedules", { key: READ });
  assert.equal(body.schedules[0].next[0], "2026-01-06T02:00:00.000Z");
  assert.equal(body.schedules[0].results[0].status, "running");
});

Deno.test("GET /healthz needs no key, and fails until a tick has come and once they stay away", async () => {
  await using face = await aFace([NIGHTLY]);
  assert.equal((await face.ask("/healthz", { key: null })).status, 503);
  // Nobody's wish passes for the bell.
  await face.ask("/schedules/nightly/run", { method: "POST" });
  assert.equal((await face.ask("/healthz", { key: null })).status, 503);
  await tick(await face.stage.isolate());
  assert.equal((await face.ask("/healthz", { key: null })).status, 200);
  face.stage.clock.advance(10 * 60_000);
  assert.equal((await face.ask("/healthz", { key: null })).status, 503);
});

Deno.test("GET / is a page for a browser with the reading key, and says nothing without", async () => {
  await using face = await aFace([NIGHTLY]);
  const basic = { authorization: `Basic ${btoa(`me:${READ}`)}` };
  const page = await face.ask("/", { key: null, headers: basic });
  assert.equal(page.status, 200);
  assert.match(page.text, /<bdi>nightly<\/bdi>/);
  assert.equal((await face.ask("/", { key: null })).status, 401);
});

Deno.test("GET / shows what is open, failed or was missed, however much has gone well since", async () => {
  await using face = await aFace([NIGHTLY]);
  const { deps, schedulerStore } = await face.stage.isolate();
  await deps.store.put(anActiveSubmission({ submissionId: "open", ownSlug: "hello-open" }));
  const result = { ...aFinishedSubmission().result, status: "failed", errorMessage: "out of memory" } as const;
  await deps.store.put(aFinishedSubmission({ submissionId: "failed", result }));
  for (let at = 0; at < 60; at++) {
    await deps.store.put(aFinishedSubmission({ submissionId: `ended-${at}`, createdAtMs: 2_000 + at }));
  }
  const report = (atMs: number, kind: "missed" | "completed") => (
    { occurrenceId: `nightly@${atMs}`, schedule: "nightly", kind, atMs, slug: null, message: null }
  );
  const notifications = [report(1, "missed"), ...Array.from({ length: 60 }, (_, at) => report(2 + at, "completed"))];
  const lock = await schedulerStore.acquire(await schedulerStore.turn(), Infinity);
  assert.ok(lock !== undefined);
  const [read] = await schedulerStore.progress(["nightly"]);
  assert.ok(read !== undefined);
  const progress = { timing: "", seenToMs: 0, nextMs: null };
  await schedulerStore.begin(lock, "nightly", {
    read,
    progress,
    occurrences: [],
    notify: { notifications, outboxMessages: [] },
  });
  const { text } = await face.ask("/", { key: READ });
  for (const words of ["/runs/open", "out of memory", "nightly@1<"]) assert.ok(text.includes(words), words);
});

Deno.test("a cancel whose answer is lost is judged by what the platform then shows", async () => {
  await using face = await aFace();
  const { body: run } = await face.ask("/runs", { method: "POST", body: QUICK });
  face.stage.simulator.addFaults({ on: "cancel-run", times: Infinity, cut: "after-effect" });
  const { status, body } = await face.ask(`/runs/${run.slug}/cancel`, { method: "POST" });
  assert.ok([200, 202].includes(status), JSON.stringify(body));
  assert.match(body.platformStatus, /^cancel/);
});

Deno.test("what the platform says about when to come back is passed on", async () => {
  await using face = await aFace();
  face.stage.simulator.addFaults({ on: "get-workflow", times: Infinity, status: 429, retryAfter: "3600" });
  const { status, headers } = await face.ask("/runs", { method: "POST", body: QUICK });
  assert.deepEqual([status, headers.get("retry-after")], [503, "3600"]);
});

for (
  const [what, fault, want] of [
    ["answers 503", { status: 503 }, 503],
    ["puts us off again and again", { status: 429, retryAfter: "7" }, 504],
  ] as const
) {
  Deno.test(`a platform that ${what} is a ${want} in time, and no failure of ours`, async () => {
    await using face = await aFace();
    face.stage.simulator.addFaults({ on: "*", times: Infinity, ...fault });
    const { clock } = face.stage;
    const startedMs = clock.now();
    const { status, headers } = await face.ask("/runs", { method: "POST", body: QUICK });
    assert.equal(status, want);
    assert.ok(Number(headers.get("retry-after")) > 0);
    assert.ok(clock.now() - startedMs <= 16_000, `${clock.now() - startedMs}`);
  });
}

Deno.test("HEAD is GET without a body, and OPTIONS tells what is possible", async () => {
  await using face = await aFace();
  const head = await face.ask("/runs", { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
  const options = await face.ask("/runs", { method: "OPTIONS", key: null });
  assert.deepEqual([options.status, options.headers.get("allow")], [204, "POST, GET, HEAD, OPTIONS"]);
  assert.equal(options.headers.get("x-content-type-options"), "nosniff");
});

Deno.test("without a key of its own it lets nobody in, and says why", async () => {
  await using face = await aFace([], () => undefined);
  const { status, body } = await face.ask("/runs");
  assert.deepEqual([status, body.detail], [503, "Nobody can be let in: PW_TRIGGER_KEY is not set"]);
});

Deno.test("what it lacks is told to whoever has a key, and to nobody else", async () => {
  const lack = new CredentialError("credential_missing", "Cannot find a key: looked at /home/me/credentials");
  const handler = createHandler({
    log: silentLog,
    open: () => Promise.reject(lack),
    keys: readKeys((name) => KEYS[name]),
  });
  const health = await handler(new Request("https://x.example/healthz"));
  assert.equal(health.status, 503);
  assert.ok(!(await health.text()).includes("/home/me"));
  const page = await handler(new Request("https://x.example/", { headers: { authorization: `Bearer ${READ}` } }));
  assert.equal(page.status, 502);
  assert.match(await page.text(), /looked at \/home\/me/);
});

Deno.test("a body that comes too slowly is not waited for", async () => {
  await using stage = await aServiceStage([]);
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"workflow":')),
  });
  const headers = { "content-type": "application/json" };
  const reading = readBody(new Request("https://x.example/runs", { method: "POST", body, headers }), stage.clock);
  stage.clock.advance(11_000);
  const answer = await reading;
  assert.ok(answer instanceof Response && answer.status === 408);
});

Deno.test("whatever is asked, no answer is 500, and each comes within bounds", async () => {
  await using face = await aFace([NIGHTLY]);
  const word = oneof(
    constantFrom("", "x", "nightly", "quick-00001", "%00", "..", "🦊", "\ud800"),
    string({ maxLength: 10 }),
  );
  const asking = record({
    method: constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
    path: oneof(
      constantFrom("/", "/runs", "/schedules", "/healthz", "/runs?limit=0", "/runs?cursor=x", "/runs?wait=1s"),
      word.map((name) => `/runs/${encode(name)}`),
      word.map((name) => `/runs/${encode(name)}/cancel`),
      word.map((name) => `/schedules/${encode(name)}/run`),
      word.map((name) => `/${encode(name)}`),
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
  const property = asyncProperty(asking, async ({ method, path, key, body }) => {
    const begunMs = systemClock.now();
    const isBodiless = method === "GET" || method === "HEAD";
    const answer = await face.ask(path, { method, key, ...(isBodiless || body === undefined ? {} : { body }) });
    assert.notEqual(answer.status, 500, `${method} ${path} ${body}`);
    assert.ok(systemClock.now() - begunMs < 10_000, "it took too long");
  });
  await hold(property, { numRuns: 500 });
});

function encode(name: string): string {
  try {
    return encodeURIComponent(name);
  } catch {
    return "%ED%A0%80";
  }
}
