import assert from "node:assert/strict";
import { sendNotifications, signWebhook } from "../../lib/scheduler/notifications.ts";
import { addNotification, addWaitingOccurrence, listDueMessages } from "../../lib/scheduler/scheduler_store.ts";
import { DEFAULT_TICK, tick } from "../../lib/scheduler/tick.ts";
import type { ScheduleSpec } from "../../lib/scheduler/schedule.ts";
import { rawServer } from "../platform/support/servers.ts";
import { aServiceStage } from "../support/service.ts";

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 5, 9);
const SECRET = "whsec_" + btoa("a secret of enough bytes");

interface TestWebhook extends AsyncDisposable {
  readonly url: string;
  readonly received: { readonly headers: Headers; readonly body: string }[];
}

function aWebhook(
  statusOf: (count: number) => number = () => 204,
  headers: Readonly<Record<string, string>> = {},
): TestWebhook {
  const received: { headers: Headers; body: string }[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    received.push({ headers: request.headers, body: await request.text() });
    return new Response(null, { status: statusOf(received.length), headers });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/webhook?token=planted-token`,
    received,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const schedule = (url: string): ScheduleSpec => ({
  name: "every",
  cron: "*/10 * * * *",
  workflow: "failing-step",
  notify: [{ url, on: ["failed"], secretEnv: "HOOK_SECRET" }],
});

Deno.test("a failure is sent to the webhook once, signed, without secrets", async () => {
  await using webhook = aWebhook();
  await using stage = await aServiceStage([schedule(webhook.url)]);
  const service = await stage.isolate({ env: (name) => name === "HOOK_SECRET" ? SECRET : undefined });
  await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  for (let minute = 0; minute < 14; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service);
  }
  assert.equal(webhook.received.length, 1);
  const [{ headers, body } = { headers: new Headers(), body: "" }] = webhook.received;
  const [id, timestamp] = [headers.get("webhook-id"), headers.get("webhook-timestamp")];
  assert.equal(headers.get("webhook-signature"), await signWebhook(SECRET, `${id}.${timestamp}.${body}`));
  const { type, data } = JSON.parse(body);
  assert.equal(type, "run.failed");
  assert.equal(data.schedule, "every");
  assert.match(data.slug, /^failing-step-/);
  for (const secret of [SECRET, stage.simulator.key, "planted-token"]) assert.ok(!body.includes(secret));
});

Deno.test("a webhook that closes the connection gets each attempt once, even if the runtime would repeat it", async () => {
  let posts = 0;
  const kept = "HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n";
  await using webhook = rawServer(() => ++posts === 1 ? kept : null);
  await using stage = await aServiceStage([schedule(webhook.url)]);
  const service = await stage.isolate({ env: () => "plain secret" });
  await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  // The second message is sent on a connection that was used before.
  for (let minute = 0; minute < 24 && posts < 2; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service);
  }
  assert.equal(posts, 2);
});

Deno.test("a failed delivery is retried at growing intervals, a limited number of times", async () => {
  await using webhook = aWebhook(() => 500);
  await using stage = await aServiceStage([schedule(webhook.url)]);
  const service = await stage.isolate({ env: () => "plain secret" });
  await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  for (let minute = 0; minute < 15; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service);
  }
  const { signal } = new AbortController();
  for (let hour = 0; hour < 48; hour++) {
    stage.clock.advance(60 * MINUTE_MS);
    await sendNotifications(service, signal);
  }
  assert.equal(webhook.received.length, 8);
  assert.equal(new Set(webhook.received.map(({ headers }) => headers.get("webhook-id"))).size, 1);
});

Deno.test("a webhook that asks for a longer pause gets it, and a message that is given up is logged", async () => {
  await using webhook = aWebhook(() => 429, { "retry-after": "7200" });
  await using sent = await withMessage(webhook.url);
  const { stage, service, lines } = sent;
  for (const [minutes, count] of [[0, 1], [60, 1], [119, 1], [180, 2], [22 * 60, 3], [48 * 60, 4]] as const) {
    stage.clock.advance(START_MS + minutes * MINUTE_MS - stage.clock.now());
    await sendNotifications(service, new AbortController().signal);
    assert.equal(webhook.received.length, count, `after ${minutes} minutes`);
  }
  assert.match(
    lines.at(-1) ?? "",
    /^The webhook of every did not accept every@a\/failed\/0, for the last time: it answered 429$/,
  );
  assert.equal(lines.filter((line) => line.includes("last time")).length, 1);
});

Deno.test("an attempt that the end of the process interrupts does not count", async () => {
  await using sent = await withMessage("https://example.com/slow");
  const { stage, service, lines } = sent;
  const closing = new AbortController();
  const slow: typeof fetch = (_url, { signal } = {}) => {
    closing.abort(new DOMException("The server is shutting down", "AbortError"));
    return Promise.reject(signal?.reason);
  };
  await sendNotifications({ ...service, fetch: slow }, closing.signal);
  const [message] = await listDueMessages(service.kv, stage.clock.now(), 10);
  assert.equal(message?.value.attempts, 0);
  assert.deepEqual(lines, []);
});

/** A service with one message for a webhook. */
async function withMessage(url: string) {
  const stage = await aServiceStage([schedule(url)], { startMs: START_MS });
  const lines: string[] = [];
  const plain = await stage.isolate({ env: () => SECRET });
  const service = { ...plain, deps: { ...plain.deps, log: (_level: string, text: string) => void lines.push(text) } };
  const failed = { kind: "failed", schedule: "every", occurrenceId: "every@a", slug: "a", message: null } as const;
  const change = service.kv.atomic();
  addNotification(change, { ...failed, createdAtMs: START_MS }, service.schedules[0]?.notify ?? []);
  await change.commit();
  return { stage, service, lines, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

Deno.test("a malformed secret fails the delivery, not the tick, and the message is given up in the end", async () => {
  await using webhook = aWebhook();
  await using stage = await aServiceStage([schedule(webhook.url)]);
  const lines: string[] = [];
  const plain = await stage.isolate({ env: () => "whsec_abc!" });
  const service = { ...plain, deps: { ...plain.deps, log: (_level: string, text: string) => void lines.push(text) } };
  await tick(service);
  for (let minute = 0; minute < 15; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service);
  }
  const refusal = lines.find((line) => line.includes("did not accept")) ?? "";
  assert.match(refusal, /HOOK_SECRET is not a valid secret: .*base64/);
  assert.ok(!lines.join("\n").includes("abc!"));
  for (let hour = 0; hour < 48; hour++) {
    stage.clock.advance(60 * MINUTE_MS);
    await sendNotifications(service, new AbortController().signal);
  }
  assert.equal(webhook.received.length, 0);
  assert.deepEqual(await listDueMessages(service.kv, stage.clock.now() + 24 * 60 * MINUTE_MS, 10), []);
});

Deno.test("without the secret that signs its messages, a webhook is sent none", async () => {
  await using webhook = aWebhook();
  await using stage = await aServiceStage([schedule(webhook.url)]);
  const service = await stage.isolate({ env: () => undefined });
  await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  for (let minute = 0; minute < 15; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service);
  }
  assert.equal(webhook.received.length, 0);
  const waiting = await listDueMessages(service.kv, stage.clock.now() + 24 * 60 * MINUTE_MS, 10);
  assert.deepEqual(waiting.map(({ value }) => value.attempts > 0), [true]);
});

Deno.test("a webhook that does not answer is given ten seconds", async () => {
  await using sent = await withMessage("https://example.com/silent");
  const { stage, service } = sent;
  const asked = Promise.withResolvers<void>();
  const silent: typeof fetch = (_url, { signal } = {}) => {
    asked.resolve();
    return new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  };
  const sending = sendNotifications({ ...service, fetch: silent }, new AbortController().signal);
  await asked.promise;
  stage.clock.advance(10_000);
  await sending;
  const [message] = await listDueMessages(service.kv, stage.clock.now() + 24 * 60 * MINUTE_MS, 10);
  assert.equal(message?.value.attempts, 1);
});

Deno.test("a redirect is logged and not followed: a webhook's message reaches no other address", async () => {
  await using elsewhere = aWebhook();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(null, { status: 307, headers: { location: elsewhere.url } }),
  );
  try {
    await using stage = await aServiceStage([schedule(`http://127.0.0.1:${server.addr.port}/`)]);
    const logged: string[] = [];
    const { deps, ...parts } = await stage.isolate({ env: () => "plain secret" });
    const service = { ...parts, deps: { ...deps, log: (_level: string, text: string) => void logged.push(text) } };
    await tick(service, { ...DEFAULT_TICK, isScheduled: false });
    for (let minute = 0; minute < 15; minute++) {
      stage.clock.advance(MINUTE_MS);
      await tick(service);
    }
    assert.equal(elsewhere.received.length, 0);
    assert.match(logged.join("\n"), /The webhook of every did not accept .*: it answered 307$/m);
    assert.notDeepEqual(await listDueMessages(service.kv, stage.clock.now() + 24 * 60 * MINUTE_MS, 10), []);
  } finally {
    await server.shutdown();
  }
});

Deno.test("a tick on request leaves the messages to the next one: its client does not wait for webhooks", async () => {
  await using webhook = aWebhook();
  const spec = { ...schedule(webhook.url), notify: [{ url: webhook.url, on: ["submitted"] as const }] };
  await using stage = await aServiceStage([spec]);
  const service = await stage.isolate();
  await addWaitingOccurrence(service.kv, { id: "every@request", schedule: "every", scheduledAtMs: stage.clock.now() });
  const report = await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  assert.deepEqual([report.submitted, report.delivered, webhook.received.length], [1, 0, 0]);
  stage.clock.advance(MINUTE_MS);
  await tick(service);
  assert.equal(webhook.received.length, 1);
});

Deno.test("a webhook that recovers receives the message", async () => {
  await using webhook = aWebhook((count) => count < 3 ? 503 : 200);
  await using stage = await aServiceStage([schedule(webhook.url)]);
  const service = await stage.isolate({ env: () => "plain secret" });
  await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  for (let minute = 0; minute < 19; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service);
  }
  assert.equal(webhook.received.length, 3);
});

Deno.test("the log of a failed delivery does not contain the webhook's address, which may hold a secret", async () => {
  const url = "http://127.0.0.1:9/hooks/planted-path?token=planted-token";
  await using stage = await aServiceStage([schedule(url)]);
  const logged: string[] = [];
  const { deps, ...service } = await stage.isolate({ env: () => SECRET });
  const logging = { ...service, deps: { ...deps, log: (_level: string, text: string) => void logged.push(text) } };
  await tick(logging, { ...DEFAULT_TICK, isScheduled: false });
  for (let minute = 0; minute < 12; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(logging);
  }
  const problems = logged.filter((text) => text.includes("The webhook of every did not accept"));
  assert.match(problems[0] ?? "", /: it could not be reached: (the connection was refused|fetch blocks this port)$/);
  assert.doesNotMatch(logged.join("\n"), /planted/);
});

Deno.test("an unreachable webhook with many messages does not delay another one", async () => {
  const specs = ["unreachable", "reachable"].map((name): ScheduleSpec => ({
    name,
    cron: name === "unreachable" ? "* * * * *" : "*/10 * * * *",
    workflow: "failing-step",
    backfill: "none",
    notify: [{ url: `https://example.com/${name}`, on: ["missed"] }],
  }));
  await using stage = await aServiceStage(specs);
  const requests = { unreachable: 0, reachable: 0 };
  const service = await stage.isolate({
    fetch(url) {
      if (String(url).endsWith("/reachable")) {
        requests.reachable++;
        return Promise.resolve(new Response(null, { status: 204 }));
      }
      requests.unreachable++;
      return Promise.reject(new TypeError("connection refused"));
    },
  });
  await tick(service);
  stage.clock.advance(4 * 60 * MINUTE_MS);
  await tick(service);
  assert.ok(requests.unreachable > 0);
  assert.equal(requests.reachable, 23);
  const waiting = await listDueMessages(service.kv, stage.clock.now() + 24 * 60 * MINUTE_MS, 1_000);
  assert.ok(waiting.length > 200 && waiting.every(({ value }) => value.notification.schedule === "unreachable"));
});

Deno.test("thousands of messages for an unreachable webhook do not delay another one", async () => {
  const specs = ["unreachable", "reachable"].map((name) => ({ ...schedule(`https://example.com/${name}`), name }));
  await using stage = await aServiceStage(specs);
  const sent: string[] = [];
  const service = await stage.isolate({
    env: () => SECRET,
    fetch(url) {
      sent.push(String(url));
      return Promise.resolve(new Response(null, { status: String(url).endsWith("/reachable") ? 204 : 503 }));
    },
  });
  const add = async (name: string, count: number) => {
    const failed = {
      kind: "failed",
      schedule: name,
      slug: null,
      message: null,
      createdAtMs: stage.clock.now(),
    } as const;
    for (let first = 0; first < count; first += 100) {
      const change = service.kv.atomic();
      for (let at = first; at < Math.min(count, first + 100); at++) {
        const notify = service.schedules.find((one) => one.name === name)?.notify ?? [];
        addNotification(change, { ...failed, occurrenceId: `${name}@${at}` }, notify);
      }
      await change.commit();
    }
  };
  await add("unreachable", 3_000);
  stage.clock.advance(1_000);
  await add("reachable", 1);
  await sendNotifications(service, new AbortController().signal);
  assert.equal(sent.filter((url) => url.endsWith("/reachable")).length, 1);
});

Deno.test("a message is for the webhook of its time, wherever that is in the list now", async () => {
  const [one, two] = [1, 2].map((number) => ({ url: `https://example.com/${number}`, on: ["failed"] as const }));
  assert.ok(one !== undefined && two !== undefined);
  for (
    const [now, expected] of [
      [[one, two], [one.url, two.url]],
      [[two, one], [one.url, two.url]],
      [[two], [two.url]],
      [[{ ...one, url: "https://example.com/3" }, two], [two.url]],
    ] as const
  ) {
    await using stage = await aServiceStage([{ ...schedule(""), notify: now }]);
    const sent: string[] = [];
    const service = await stage.isolate({
      fetch(url) {
        sent.push(String(url));
        return Promise.resolve(new Response());
      },
    });
    const createdAtMs = stage.clock.now();
    const ended = { schedule: "every", kind: "failed", createdAtMs, slug: null, message: null } as const;
    const change = service.kv.atomic();
    addNotification(
      change,
      { ...ended, occurrenceId: "every@1" },
      [one, two].map((hook) => ({ ...hook, secretEnv: null })),
    );
    await change.commit();
    await sendNotifications(service, new AbortController().signal);
    assert.deepEqual(sent.toSorted(), expected);
    const left = await listDueMessages(service.kv, createdAtMs + 24 * 60 * MINUTE_MS, 10);
    assert.equal(left.length, 2 - expected.length);
  }
});

Deno.test("a process that does not know a message's webhook yet leaves the message to one that does", async () => {
  await using webhook = aWebhook();
  await using sent = await withMessage(webhook.url);
  const { stage, service, lines } = sent;
  const { signal } = new AbortController();
  await sendNotifications({ ...service, schedules: [] }, signal);
  assert.deepEqual(lines, ["The webhook of every did not accept every@a/failed/0: it is in no schedule"]);
  stage.clock.advance(MINUTE_MS);
  assert.equal(await sendNotifications(service, signal), 1);
  assert.equal(webhook.received.length, 1);
});

Deno.test("a message whose schedule is gone is given up in the end, and the log shows it", async () => {
  await using sent = await withMessage("https://example.com/gone");
  const { stage, service, lines } = sent;
  for (let hour = 0; hour < 48; hour++) {
    await sendNotifications({ ...service, schedules: [] }, new AbortController().signal);
    stage.clock.advance(60 * MINUTE_MS);
  }
  assert.match(lines.at(-1) ?? "", /, for the last time: it is in no schedule$/);
  assert.deepEqual(await listDueMessages(service.kv, stage.clock.now() + 24 * 60 * MINUTE_MS, 10), []);
});

Deno.test("a message of a clock that was weeks ahead is sent once the clock is set back", async () => {
  await using webhook = aWebhook();
  await using stage = await aServiceStage([schedule(webhook.url)], { startMs: START_MS });
  const service = await stage.isolate({ env: () => SECRET });
  const change = service.kv.atomic();
  const createdAtMs = START_MS + 40 * 24 * 60 * MINUTE_MS;
  const failed = { kind: "failed", schedule: "every", occurrenceId: "every@a", slug: "a", message: null } as const;
  addNotification(change, { ...failed, createdAtMs }, service.schedules[0]?.notify ?? []);
  await change.commit();
  await tick(service);
  assert.equal(webhook.received.length, 1);
});

Deno.test("two messages about one occurrence have different ids, also of one kind", async () => {
  await using webhook = aWebhook();
  await using sent = await withMessage(webhook.url);
  const { service, stage } = sent;
  const change = service.kv.atomic();
  const again = { kind: "failed", schedule: "every", occurrenceId: "every@a", slug: "a", message: "other" } as const;
  addNotification(change, { ...again, createdAtMs: START_MS + 1 }, service.schedules[0]?.notify ?? []);
  await change.commit();
  stage.clock.advance(MINUTE_MS);
  await sendNotifications(service, new AbortController().signal);
  assert.equal(webhook.received.length, 2);
  assert.equal(new Set(webhook.received.map(({ headers }) => headers.get("webhook-id"))).size, 2);
});

Deno.test("two webhooks with one address are each signed with their own secret", async () => {
  await using webhook = aWebhook();
  const secrets: Readonly<Record<string, string>> = { FIRST: "whsec_" + btoa("one"), SECOND: "whsec_" + btoa("two") };
  const notify = Object.keys(secrets).map((secretEnv) => ({ url: webhook.url, on: ["failed"] as const, secretEnv }));
  await using stage = await aServiceStage([{ ...schedule(""), notify }]);
  const service = await stage.isolate({ env: (name) => secrets[name] });
  const change = service.kv.atomic();
  const failed = { kind: "failed", schedule: "every", occurrenceId: "every@a", slug: "a", message: null } as const;
  addNotification(change, { ...failed, createdAtMs: stage.clock.now() }, notify);
  await change.commit();
  await sendNotifications(service, new AbortController().signal);
  const signatures = webhook.received.map(({ headers }) => headers.get("webhook-signature") ?? "");
  const expected = webhook.received.flatMap(({ headers, body }) =>
    Object.values(secrets).map((secret) =>
      signWebhook(secret, `${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.${body}`)
    )
  );
  const possible = await Promise.all(expected);
  assert.deepEqual(signatures.map((signature) => possible.indexOf(signature) % 2).toSorted(), [0, 1]);
});

Deno.test("a signature conforms to Standard Webhooks", async () => {
  // The example in the standard's reference libraries.
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const text = 'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}';
  assert.equal(await signWebhook(secret, text), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});
