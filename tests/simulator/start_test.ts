import assert from "node:assert/strict";
import type { Operation } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { ask, basic, submit } from "./ask.ts";

Deno.test("closing leaves nothing open, even with clients still connected", async () => {
  const sim = await startSimulator();
  using idle = await Deno.connect({ hostname: "127.0.0.1", port: sim.port });
  using halfway = await Deno.connect({ hostname: "127.0.0.1", port: sim.port });
  await halfway.write(new TextEncoder().encode("GET /api/workflows HTTP/1.1\r\nhost: simul"));
  await ask(sim, "GET", "/api/workflows");
  await sim[Symbol.asyncDispose]();
  await sim.finished;
  assert.equal(await idle.read(new Uint8Array(1)).catch(() => null), null);
});

Deno.test("closing does not wait for a request that is being kept waiting", async () => {
  const arrived = Promise.withResolvers<void>();
  const sim = await startSimulator({
    faults: [{ on: "whoami", latencyMs: 3_600_000 }],
    onStep: (_, step) => void (step === "arrived" && arrived.resolve()),
  });
  const answer = assert.rejects(ask(sim, "GET", "/api/auth/whoami"));
  await arrived.promise;
  await sim[Symbol.asyncDispose]();
  await answer;
});

Deno.test("closing does not wait for a body that is being sent slowly", async () => {
  const sim = await startSimulator({ faults: [{ on: "list-workflows", body: "slow", slowMs: 3_600_000 }] });
  const response = await fetch(`${sim.url}/api/workflows`, { headers: { authorization: basic(sim.key) } });
  const body = assert.rejects(response.text());
  await sim[Symbol.asyncDispose]();
  await body;
});

Deno.test("the port can be chosen, and one that is taken is refused", async () => {
  await using first = await startSimulator();
  await assert.rejects(startSimulator({ port: first.port }), Deno.errors.AddrInUse);
});

Deno.test("the key names the host it belongs to in its first segment", async () => {
  await using sim = await startSimulator();
  const [, host = ""] = /^pwt_([\w-]+)\.\w+/.exec(sim.key) ?? [];
  assert.equal(atob(host.replaceAll("-", "+").replaceAll("_", "/")), sim.url);
});

Deno.test("received() keeps what arrived, in order, without the credential", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  await ask(sim, "GET", "/api/workflow-runs?limit=1");
  await submit(sim, "quick", { user: "alice" });
  const [list, create] = sim.received();
  assert.equal(list?.path, "/api/workflow-runs?limit=1");
  assert.equal(list?.operation, "list-runs");
  assert.equal(list?.user, "demo");
  assert.equal(list?.atMs, clock.now());
  assert.deepEqual(create?.body, { workflow: "quick" });
  assert.equal(create?.user, "alice");
  assert.deepEqual(sim.received("submit"), [create]);
  for (const secret of [sim.key, btoa(`${sim.key}:`)]) assert.ok(!JSON.stringify(sim.received()).includes(secret));
});

Deno.test("received() counts connections, and tells a kept one from a new one", async () => {
  await using sim = await startSimulator();
  await ask(sim, "GET", "/healthzz");
  await ask(sim, "GET", "/healthzz");
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  await (await fetch(`${sim.url}/healthzz`, { client })).text();
  assert.deepEqual(sim.received().map(({ connection }) => connection), [1, 1, 2]);
});

Deno.test("onStep is told of the arrival, the effect and the answer, in that order", async () => {
  const steps: (readonly [Operation, string, number])[] = [];
  const answered = Promise.withResolvers<void>();
  await using sim = await startSimulator({
    onStep(operation, step) {
      steps.push([operation, step, sim.runs().length]);
      if (step === "answered") answered.resolve();
    },
  });
  await submit(sim, "quick");
  await answered.promise;
  assert.deepEqual(steps, [["submit", "arrived", 0], ["submit", "done", 1], ["submit", "answered", 1]]);
});

Deno.test("runs() leaves the history out, and keeps what was deleted", async () => {
  await using sim = await startSimulator();
  assert.deepEqual(sim.runs(), []);
  const slug = await submit(sim, "never-ending", { user: "bob" });
  await ask(sim, "DELETE", `/api/workflow-runs/${slug}`, { user: "bob" });
  assert.deepEqual(sim.runs(), [{ slug, workflow: "never-ending", status: "running" }]);
});

Deno.test("a person cancels, deletes and mislabels runs from outside", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "never-ending");
  const status = async () => (await ask(sim, "GET", `/api/workflow-runs/${slug}`)).at("status");
  sim.overrideStatus(slug, "faulted");
  assert.equal(await status(), "faulted");
  sim.overrideStatus(slug, null);
  assert.equal(await status(), "running");
  sim.cancelFromOutside(slug);
  assert.equal(await status(), "canceling");
  clock.advance(3_000);
  assert.equal(await status(), "canceled");
  sim.deleteFromOutside(slug);
  assert.equal((await ask(sim, "GET", `/api/workflow-runs/${slug}`)).status, 404);
});

Deno.test("workflows of the caller's own join the others, and replace one of the same name", async () => {
  const yaml = "jobs:\n  only:\n    steps:\n      - { name: wait, run: sleep 90 }\n";
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, workflows: { mine: yaml, quick: yaml } });
  const answer = await ask(sim, "GET", "/api/workflows/mine/yaml");
  assert.equal(answer.text, yaml);
  await submit(sim, "quick", { slug: "long" });
  clock.advance(89_999);
  assert.equal(sim.runs()[0]?.status, "running");
  clock.advance(1);
  assert.equal(sim.runs()[0]?.status, "completed");
});

Deno.test("the server's clock may be ahead of ours", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, behavior: { clockSkewMs: 90_000 } });
  const answer = await ask(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } });
  const aheadMs = clock.now() + 90_000;
  assert.equal(answer.at("run.createdAt"), new Date(aheadMs).toISOString());
  assert.equal(answer.headers.get("date"), new Date(aheadMs).toUTCString());
  assert.equal(sim.received()[0]?.atMs, clock.now());
});

Deno.test("an unknown route answers 404, and a wrong method 405 with what is allowed", async () => {
  await using sim = await startSimulator();
  assert.equal((await ask(sim, "GET", "/api/nothing")).status, 404);
  const wrong = await ask(sim, "PATCH", "/api/workflow-runs", { body: {} });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get("allow"), "GET, POST, DELETE");
});

Deno.test("a body that is not JSON answers 400", async () => {
  await using sim = await startSimulator();
  const response = await fetch(`${sim.url}/api/workflow-runs`, {
    method: "POST",
    headers: { authorization: basic(sim.key) },
    body: "{",
  });
  assert.equal(response.status, 400);
  await response.body?.cancel();
});

Deno.test("requests beyond the rate limit are turned away until the window has passed", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, behavior: { rateLimit: 2, rateWindowMs: 10_000 } });
  const status = async () => (await ask(sim, "GET", "/api/auth/whoami")).status;
  assert.equal(await status(), 200);
  clock.advance(4_000);
  assert.equal(await status(), 200);
  const refused = await ask(sim, "GET", "/api/auth/whoami");
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "6");
  clock.advance(6_000);
  assert.equal(await status(), 200);
});
