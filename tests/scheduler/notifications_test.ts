import assert from "node:assert/strict";
import { sendNotifications, signature } from "../../lib/scheduler/notifications.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import type { ScheduleSpec } from "../../lib/scheduler/schedule.ts";
import { aServiceStage } from "../support/service.ts";

const MINUTE_MS = 60_000;
const SECRET = "whsec_" + btoa("a secret of enough bytes");

interface Hook extends AsyncDisposable {
  readonly url: string;
  readonly received: { readonly headers: Headers; readonly body: string }[];
}

function aHook(statusOf: (count: number) => number = () => 204): Hook {
  const received: { headers: Headers; body: string }[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    received.push({ headers: request.headers, body: await request.text() });
    return new Response(null, { status: statusOf(received.length) });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/hook?token=planted-token`,
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

Deno.test("a failure is told to the webhook once, signed, with nothing secret in it", async () => {
  await using hook = aHook();
  await using stage = await aServiceStage([schedule(hook.url)]);
  const service = await stage.isolate({ env: (name) => name === "HOOK_SECRET" ? SECRET : undefined });
  await tick(service);
  for (let minute = 0; minute < 14; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service);
  }
  assert.equal(hook.received.length, 1);
  const [{ headers, body } = { headers: new Headers(), body: "" }] = hook.received;
  const [id, timestamp] = [headers.get("webhook-id"), headers.get("webhook-timestamp")];
  assert.equal(headers.get("webhook-signature"), await signature(SECRET, `${id}.${timestamp}.${body}`));
  const { type, data } = JSON.parse(body);
  assert.equal(type, "run.failed");
  assert.equal(data.schedule, "every");
  assert.match(data.slug, /^failing-step-/);
  for (const secret of [SECRET, stage.simulator.key, "planted-token"]) assert.ok(!body.includes(secret));
});

Deno.test("a webhook that does not take a message is asked again, ever more seldom, and given up in the end", async () => {
  await using hook = aHook(() => 500);
  await using stage = await aServiceStage([schedule(hook.url)]);
  const service = await stage.isolate({ env: () => "plain secret" });
  await tick(service);
  for (let minute = 0; minute < 15; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service);
  }
  const { signal } = new AbortController();
  for (let hour = 0; hour < 48; hour++) {
    stage.clock.advance(60 * MINUTE_MS);
    await sendNotifications(service, signal);
  }
  assert.equal(hook.received.length, 8);
  assert.equal(new Set(hook.received.map(({ headers }) => headers.get("webhook-id"))).size, 1);
});

Deno.test("a webhook that is back takes the message then", async () => {
  await using hook = aHook((count) => count < 3 ? 503 : 200);
  await using stage = await aServiceStage([schedule(hook.url)]);
  const service = await stage.isolate({ env: () => "plain secret" });
  await tick(service);
  for (let minute = 0; minute < 19; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service);
  }
  assert.equal(hook.received.length, 3);
});

Deno.test("a webhook that is away, with much to be told, keeps no other from hearing", async () => {
  const specs = ["away", "here"].map((name): ScheduleSpec => ({
    name,
    cron: name === "away" ? "* * * * *" : "*/10 * * * *",
    workflow: "failing-step",
    catchUp: "none",
    notify: [{ url: `https://example.com/${name}`, on: ["missed"] }],
  }));
  await using stage = await aServiceStage(specs);
  const told = { away: 0, here: 0 };
  const service = await stage.isolate({
    fetch(url) {
      if (String(url).endsWith("here")) {
        told.here++;
        return Promise.resolve(new Response(null, { status: 204 }));
      }
      told.away++;
      return Promise.reject(new TypeError("connection refused"));
    },
  });
  await tick(service);
  stage.clock.advance(4 * 60 * MINUTE_MS);
  await tick(service);
  assert.ok(told.away > 0);
  assert.equal(told.here, 23);
  const waiting = await service.schedulerStore.dueOutboxMessages(stage.clock.now() + 24 * 60 * MINUTE_MS, 1_000);
  assert.ok(waiting.length > 200 && waiting.every(({ value }) => value.report.schedule === "away"));
});

Deno.test("a signature is that of Standard Webhooks", async () => {
  // The example of the standard's own libraries.
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const text = 'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}';
  assert.equal(await signature(secret, text), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});
