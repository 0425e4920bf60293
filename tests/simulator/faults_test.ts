import assert from "node:assert/strict";
import { createFaults } from "../../lib/simulator/faults.ts";
import type { Fault, Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { ask, basic } from "./ask.ts";
import { sendRaw } from "./raw.ts";

const SUBMIT = JSON.stringify({ workflow: "quick", slug: "mine" });

function submitRaw(sim: Simulator): Promise<string> {
  const head = ["POST /api/workflow-runs HTTP/1.1", `authorization: ${basic(sim.key)}`, "connection: close"];
  return sendRaw(sim.port, head, SUBMIT);
}

Deno.test("a cut before the effect sends not one byte, and starts nothing", async () => {
  await using sim = await startSimulator({ faults: [{ on: "submit", cut: "before-effect" }] });
  assert.equal(await submitRaw(sim), "");
  assert.equal(sim.received("submit").length, 1);
  assert.deepEqual(sim.runs(), []);
});

Deno.test("a cut after the effect sends not one byte, and the run is there", async () => {
  await using sim = await startSimulator({ faults: [{ on: "submit", cut: "after-effect" }] });
  assert.equal(await submitRaw(sim), "");
  assert.deepEqual(sim.runs().map(({ slug }) => slug), ["mine"]);
});

Deno.test("a cut closes one connection and leaves the others alone", async () => {
  await using sim = await startSimulator({ faults: [{ on: "submit", cut: "after-effect" }] });
  const [cut, whole] = await Promise.all([
    submitRaw(sim),
    sendRaw(sim.port, ["GET /healthzz HTTP/1.1", "connection: close"]),
  ]);
  assert.equal(cut, "");
  assert.match(whole, /^HTTP\/1.1 200 OK\r\n/);
});

Deno.test("a cut reaches a client that keeps no idle connections as an error", async () => {
  await using sim = await startSimulator({ faults: [{ on: "submit", cut: "after-effect" }] });
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  await assert.rejects(fetch(`${sim.url}/api/workflow-runs`, {
    method: "POST",
    body: SUBMIT,
    headers: { authorization: basic(sim.key) },
    client,
  }));
  assert.equal(sim.received("submit").length, 1);
});

Deno.test("a truncated body promises more than it brings", async () => {
  await using sim = await startSimulator({ faults: [{ on: "submit", body: "truncated" }] });
  const [head = "", body = ""] = (await submitRaw(sim)).split("\r\n\r\n");
  assert.match(head, /^HTTP\/1.1 200 /);
  const promised = Number(/content-length: (\d+)/.exec(head)?.[1]);
  assert.ok(body.length > 0 && body.length < promised, `${body.length} of ${promised}`);
  assert.equal(sim.runs().length, 1);
});

Deno.test("a slow body arrives whole, after the time it was told to take", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, faults: [{ on: "list-workflows", body: "slow", slowMs: 30_000 }] });
  const startMs = clock.now();
  const answer = await ask(sim, "GET", "/api/workflows");
  assert.ok(Array.isArray(answer.at("")));
  assert.equal(clock.now() - startMs, 30_000);
});

Deno.test("latency passes in simulator time, before the effect", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, faults: [{ on: "submit", latencyMs: 60_000 }] });
  const startMs = clock.now();
  const answer = await ask(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } });
  assert.equal(answer.at("run.createdAt"), new Date(startMs + 60_000).toISOString());
});

for (
  const [body, contentType, isJson] of [
    ["malformed", "application/json", false],
    ["html", "text/html", false],
    ["empty", "application/json", false],
    ["wrong-shape", "application/json", true],
    ["huge", "application/json", true],
  ] as const
) {
  Deno.test(`a body that is ${body} goes out as ${contentType}, and the effect takes place`, async () => {
    await using sim = await startSimulator({ faults: [{ on: "submit", body }] });
    const answer = await ask(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), contentType);
    if (isJson) assert.equal(answer.at("run"), undefined);
    else assert.throws(() => answer.at(""), SyntaxError);
    if (body === "huge") assert.ok(answer.text.length > 60 * 1024 * 1024);
    assert.equal(sim.runs().length, 1);
  });
}

Deno.test("a status instead of the effect carries Retry-After as it was given", async () => {
  const retryAfter = "Mon, 05 Jan 2026 09:00:30 GMT";
  await using sim = await startSimulator({ faults: [{ on: "submit", status: 503, retryAfter }] });
  const answer = await ask(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } });
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("retry-after"), retryAfter);
  assert.equal(answer.at("code"), "unavailable");
  assert.deepEqual(sim.runs(), []);
});

Deno.test("a status may come with a gateway's page for a body", async () => {
  await using sim = await startSimulator({ faults: [{ on: "get-run", status: 502, body: "html" }] });
  const answer = await ask(sim, "GET", "/api/workflow-runs/hello-world-00001");
  assert.equal(answer.status, 502);
  assert.match(answer.text, /<h1>/);
});

Deno.test("a gateway that gives up answers its status after the effect", async () => {
  await using sim = await startSimulator({ faults: [{ on: "submit", statusAfterEffect: 504 }] });
  const answer = await ask(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } });
  assert.equal(answer.status, 504);
  assert.equal(sim.runs().length, 1);
});

const TAKING: readonly {
  readonly name: string;
  readonly faults: readonly Fault[];
  readonly operations: readonly ("submit" | "get-run")[];
  readonly statuses: readonly (number | undefined)[];
}[] = [
  {
    name: "a fault befalls one request unless said otherwise",
    faults: [{ on: "submit", status: 500 }],
    operations: ["submit", "submit"],
    statuses: [500, undefined],
  },
  {
    name: "a fault befalls its own operation alone",
    faults: [{ on: "submit", status: 500 }],
    operations: ["get-run", "submit"],
    statuses: [undefined, 500],
  },
  {
    name: "a fault on * befalls any operation",
    faults: [{ on: "*", status: 500 }],
    operations: ["get-run", "submit"],
    statuses: [500, undefined],
  },
  {
    name: "a fault with after lets that many pass first",
    faults: [{ on: "submit", status: 500, after: 2 }],
    operations: ["submit", "get-run", "submit", "submit"],
    statuses: [undefined, undefined, undefined, 500],
  },
  {
    name: "faults are used up in order",
    faults: [{ on: "submit", status: 500, times: 2 }, { on: "submit", status: 429 }],
    operations: ["submit", "submit", "submit", "submit"],
    statuses: [500, 500, 429, undefined],
  },
  {
    name: "a fault of infinite times never ends",
    faults: [{ on: "submit", status: 500, times: Infinity }],
    operations: ["submit", "submit", "submit"],
    statuses: [500, 500, 500],
  },
];

for (const { name, faults, operations, statuses } of TAKING) {
  Deno.test(name, () => {
    const waiting = createFaults(faults);
    assert.deepEqual(operations.map((operation) => waiting.take(operation)?.status), statuses);
  });
}

Deno.test("faults can be added while the simulator runs", async () => {
  await using sim = await startSimulator();
  sim.addFaults({ on: "whoami", status: 500 });
  assert.equal((await ask(sim, "GET", "/api/auth/whoami")).status, 500);
  assert.equal((await ask(sim, "GET", "/api/auth/whoami")).status, 200);
});
