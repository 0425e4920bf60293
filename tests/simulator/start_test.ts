import assert from "node:assert/strict";
import type { Operation } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { basic, request, submit } from "./request.ts";

Deno.test("closing closes all connections of clients", async () => {
  const sim = await startSimulator();
  using idle = await Deno.connect({ hostname: "127.0.0.1", port: sim.port });
  using incomplete = await Deno.connect({ hostname: "127.0.0.1", port: sim.port });
  await incomplete.write(new TextEncoder().encode("GET /api/workflows HTTP/1.1\r\nhost: simul"));
  await request(sim, "GET", "/api/workflows");
  await sim[Symbol.asyncDispose]();
  await sim.finished;
  assert.equal(await idle.read(new Uint8Array(1)).catch(() => null), null);
});

Deno.test("closing does not wait for a delayed request", async () => {
  const arrived = Promise.withResolvers<void>();
  const sim = await startSimulator({
    faults: [{ on: "whoami", latencyMs: 3_600_000 }],
    onStep: (_, step) => void (step === "arrived" && arrived.resolve()),
  });
  const rejected = assert.rejects(request(sim, "GET", "/api/auth/whoami"));
  await arrived.promise;
  await sim[Symbol.asyncDispose]();
  await rejected;
});

Deno.test("closing does not wait for a slow body", async () => {
  const sim = await startSimulator({ faults: [{ on: "list-workflows", body: "slow", slowMs: 3_600_000 }] });
  const response = await fetch(`${sim.url}/api/workflows`, { headers: { authorization: basic(sim.key) } });
  const body = assert.rejects(response.text());
  await sim[Symbol.asyncDispose]();
  await body;
});

Deno.test("a client that dies during an upload is no error of the simulator", async () => {
  const start = new URL("../../lib/simulator/start.ts", import.meta.url).href;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `
      const { startSimulator } = await import(${JSON.stringify(start)});
      await using sim = await startSimulator();
      const client = await Deno.connect({ hostname: "127.0.0.1", port: sim.port });
      const head = "POST /api/workflow-runs HTTP/1.1\\r\\nhost: simulator\\r\\ncontent-length: 1000\\r\\n\\r\\n{";
      await client.write(new TextEncoder().encode(head));
      // The upload has reached the server once another request was answered.
      await (await fetch(sim.url + "/healthzz")).text();
      client.close();
      for (let request = 0; request < 20; request++) await (await fetch(sim.url + "/healthzz")).text();
      console.log(sim.received("submit").length);
    `,
    ],
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(new TextDecoder().decode(stdout), "0\n");
  assert.equal(code, 0);
});

Deno.test("startSimulator() refuses a port that is in use", async () => {
  await using first = await startSimulator();
  await assert.rejects(startSimulator({ port: first.port }), Deno.errors.AddrInUse);
});

Deno.test("the first segment of an API key is its host", async () => {
  await using sim = await startSimulator();
  const [, host = ""] = /^pwt_([\w-]+)\.\w+/.exec(sim.key) ?? [];
  assert.equal(atob(host.replaceAll("-", "+").replaceAll("_", "/")), sim.url);
});

Deno.test("received() returns requests in order, without credentials", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  await request(sim, "GET", "/api/workflow-runs?limit=1");
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

Deno.test("received() numbers connections", async () => {
  await using sim = await startSimulator();
  await request(sim, "GET", "/healthzz");
  await request(sim, "GET", "/healthzz");
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  await (await fetch(`${sim.url}/healthzz`, { client })).text();
  assert.deepEqual(sim.received().map(({ connection }) => connection), [1, 1, 2]);
});

Deno.test("onStep is called on arrival, after the effect and after the response", async () => {
  const steps: (readonly [Operation, string, number])[] = [];
  const responded = Promise.withResolvers<void>();
  await using sim = await startSimulator({
    onStep(operation, step) {
      steps.push([operation, step, sim.runs().length]);
      if (step === "responded") responded.resolve();
    },
  });
  await submit(sim, "quick");
  await responded.promise;
  assert.deepEqual(steps, [["submit", "arrived", 0], ["submit", "done", 1], ["submit", "responded", 1]]);
});

Deno.test("runs() excludes the history and includes deleted runs", async () => {
  await using sim = await startSimulator();
  assert.deepEqual(sim.runs(), []);
  const slug = await submit(sim, "never-ending", { user: "bob" });
  await request(sim, "DELETE", `/api/workflow-runs/${slug}`, { user: "bob" });
  assert.deepEqual(sim.runs(), [{ slug, workflow: "never-ending", status: "running" }]);
});

Deno.test("runs can be canceled and deleted externally, and their status overridden", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "never-ending");
  const status = async () => (await request(sim, "GET", `/api/workflow-runs/${slug}`)).at("status");
  sim.overrideStatus(slug, "faulted");
  assert.equal(await status(), "faulted");
  sim.overrideStatus(slug, null);
  assert.equal(await status(), "running");
  sim.cancelExternally(slug);
  assert.equal(await status(), "canceling");
  clock.advance(3_000);
  assert.equal(await status(), "canceled");
  sim.deleteExternally(slug);
  assert.equal((await request(sim, "GET", `/api/workflow-runs/${slug}`)).status, 404);
});

Deno.test("additional workflows are listed, and replace built-in ones of the same name", async () => {
  const yaml = "jobs:\n  only:\n    steps:\n      - { name: wait, run: wait }\n";
  const clock = virtualClock();
  const scenarios = { quick: { "only/wait": { lasts: "90s" } } };
  await using sim = await startSimulator({ clock, workflows: { mine: yaml, quick: yaml }, scenarios });
  const response = await request(sim, "GET", "/api/workflows/mine/yaml");
  assert.equal(response.text, yaml);
  await submit(sim, "quick", { slug: "long" });
  clock.advance(89_999);
  assert.equal(sim.runs()[0]?.status, "running");
  clock.advance(1);
  assert.equal(sim.runs()[0]?.status, "completed");
});

Deno.test("the server's clock can be ahead", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, behavior: { clockSkewMs: 90_000 } });
  const response = await request(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } });
  const aheadMs = clock.now() + 90_000;
  assert.equal(response.at("run.createdAt"), new Date(aheadMs).toISOString());
  assert.equal(response.headers.get("date"), new Date(aheadMs).toUTCString());
  assert.equal(sim.received()[0]?.atMs, clock.now());
});

Deno.test("the server's clock goes on where this machine's is set back", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const first = await submit(sim, "quick");
  clock.set(-3_600_000);
  clock.advance(2_000);
  assert.equal((await request(sim, "GET", `/api/workflow-runs/${first}`)).at("status"), "completed");
  await submit(sim, "quick");
  assert.equal(sim.runs().length, 2);
});

Deno.test("an unknown route gets 404, a wrong method 405 with Allow", async () => {
  await using sim = await startSimulator();
  assert.equal((await request(sim, "GET", "/api/nothing")).status, 404);
  const wrong = await request(sim, "PATCH", "/api/workflow-runs", { body: {} });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get("allow"), "GET, POST, DELETE");
});

Deno.test("a body that is not JSON gets 400", async () => {
  await using sim = await startSimulator();
  const response = await fetch(`${sim.url}/api/workflow-runs`, {
    method: "POST",
    headers: { authorization: basic(sim.key) },
    body: "{",
  });
  assert.equal(response.status, 400);
  await response.body?.cancel();
});

Deno.test("requests beyond the rate limit get 429 until the window has passed", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, behavior: { rateLimit: 2, rateWindowMs: 10_000 } });
  const status = async () => (await request(sim, "GET", "/api/auth/whoami")).status;
  assert.equal(await status(), 200);
  clock.advance(4_000);
  assert.equal(await status(), 200);
  const refused = await request(sim, "GET", "/api/auth/whoami");
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "6");
  clock.advance(6_000);
  assert.equal(await status(), 200);
});
