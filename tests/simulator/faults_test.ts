import assert from "node:assert/strict";
import { createFaultInjector } from "../../lib/simulator/faults.ts";
import type { Fault, Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { basic, request } from "./request.ts";
import { sendRaw } from "./raw.ts";

const SUBMIT = JSON.stringify({ workflow: "quick", slug: "mine" });

function submitRaw(sim: Simulator): Promise<string> {
  const head = ["POST /api/workflow-runs HTTP/1.1", `authorization: ${basic(sim.key)}`, "connection: close"];
  return sendRaw(sim.port, head, SUBMIT);
}

Deno.test("a cut before the effect sends no byte and starts no run", async () => {
  await using sim = await startSimulator({ faults: [{ on: "submit", cut: "before-effect" }] });
  assert.equal(await submitRaw(sim), "");
  assert.equal(sim.received("submit").length, 1);
  assert.deepEqual(sim.runs(), []);
});

Deno.test("a cut after the effect sends no byte, but starts the run", async () => {
  await using sim = await startSimulator({ faults: [{ on: "submit", cut: "after-effect" }] });
  assert.equal(await submitRaw(sim), "");
  assert.deepEqual(sim.runs().map(({ slug }) => slug), ["mine"]);
});

Deno.test("a cut closes only its own connection", async () => {
  await using sim = await startSimulator({ faults: [{ on: "submit", cut: "after-effect" }] });
  const [cut, complete] = await Promise.all([
    submitRaw(sim),
    sendRaw(sim.port, ["GET /healthzz HTTP/1.1", "connection: close"]),
  ]);
  assert.equal(cut, "");
  assert.match(complete, /^HTTP\/1.1 200 OK\r\n/);
});

Deno.test("a cut makes fetch() fail in a client without idle connections", async () => {
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

Deno.test("a truncated body is shorter than its Content-Length", async () => {
  await using sim = await startSimulator({ faults: [{ on: "submit", body: "truncated" }] });
  const [head = "", body = ""] = (await submitRaw(sim)).split("\r\n\r\n");
  assert.match(head, /^HTTP\/1.1 200 /);
  const contentLength = Number(/content-length: (\d+)/.exec(head)?.[1]);
  assert.ok(body.length > 0 && body.length < contentLength, `${body.length} of ${contentLength}`);
  assert.equal(sim.runs().length, 1);
});

Deno.test("a slow body arrives completely, after slowMs", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, faults: [{ on: "list-workflows", body: "slow", slowMs: 30_000 }] });
  const startMs = clock.now();
  const response = await request(sim, "GET", "/api/workflows");
  assert.ok(Array.isArray(response.at("")));
  assert.equal(clock.now() - startMs, 30_000);
});

Deno.test("latency passes in simulator time before the effect", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, faults: [{ on: "submit", latencyMs: 60_000 }] });
  const startMs = clock.now();
  const response = await request(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } });
  assert.equal(response.at("run.createdAt"), new Date(startMs + 60_000).toISOString());
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
  Deno.test(`a submit with a body fault of ${body} takes effect and returns ${contentType}`, async () => {
    await using sim = await startSimulator({ faults: [{ on: "submit", body }] });
    const response = await request(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), contentType);
    if (isJson) assert.equal(response.at("run"), undefined);
    else assert.throws(() => response.at(""), SyntaxError);
    if (body === "huge") assert.ok(response.text.length > 60 * 1024 * 1024);
    assert.equal(sim.runs().length, 1);
  });
}

for (const body of ["truncated", "malformed", "html", "empty", "slow", "wrong-shape"] as const) {
  Deno.test(`a body fault of ${body} applies to a response without a body, too`, async () => {
    await using sim = await startSimulator({ faults: [{ on: "cancel-run", body, slowMs: 1 }] });
    await request(sim, "POST", "/api/workflow-runs", { body: { workflow: "never-ending", slug: "mine" } });
    const head = ["POST /api/workflow-runs/mine/cancel HTTP/1.1", `authorization: ${basic(sim.key)}`];
    assert.match(await sendRaw(sim.port, [...head, "connection: close"], ""), /^HTTP\/1.1 200 /);
    assert.deepEqual(sim.runs().map(({ status }) => status), ["canceling"]);
  });
}

Deno.test("a status fault prevents the effect and sets Retry-After", async () => {
  const retryAfter = "Mon, 05 Jan 2026 09:00:30 GMT";
  await using sim = await startSimulator({ faults: [{ on: "submit", status: 503, retryAfter }] });
  const response = await request(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } });
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), retryAfter);
  assert.equal(response.at("code"), "unavailable");
  assert.deepEqual(sim.runs(), []);
});

Deno.test("a status fault can have an HTML body", async () => {
  await using sim = await startSimulator({ faults: [{ on: "get-run", status: 502, body: "html" }] });
  const response = await request(sim, "GET", "/api/workflow-runs/hello-world-00001");
  assert.equal(response.status, 502);
  assert.match(response.text, /<h1>/);
});

Deno.test("statusAfterEffect replaces the status after the effect", async () => {
  await using sim = await startSimulator({ faults: [{ on: "submit", statusAfterEffect: 504 }] });
  const response = await request(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } });
  assert.equal(response.status, 504);
  assert.equal(sim.runs().length, 1);
});

const APPLICATIONS: readonly {
  readonly name: string;
  readonly faults: readonly Fault[];
  readonly operations: readonly ("submit" | "get-run")[];
  readonly statuses: readonly (number | undefined)[];
}[] = [
  {
    name: "a fault applies to one request by default",
    faults: [{ on: "submit", status: 500 }],
    operations: ["submit", "submit"],
    statuses: [500, undefined],
  },
  {
    name: "a fault applies only to its operation",
    faults: [{ on: "submit", status: 500 }],
    operations: ["get-run", "submit"],
    statuses: [undefined, 500],
  },
  {
    name: "a fault on * applies to any operation",
    faults: [{ on: "*", status: 500 }],
    operations: ["get-run", "submit"],
    statuses: [500, undefined],
  },
  {
    name: "a fault with after skips that many matching requests",
    faults: [{ on: "submit", status: 500, after: 2 }],
    operations: ["submit", "get-run", "submit", "submit"],
    statuses: [undefined, undefined, undefined, 500],
  },
  {
    name: "faults apply in the order of the list",
    faults: [{ on: "submit", status: 500, times: 2 }, { on: "submit", status: 429 }],
    operations: ["submit", "submit", "submit", "submit"],
    statuses: [500, 500, 429, undefined],
  },
  {
    name: "a fault with times: Infinity applies to every request",
    faults: [{ on: "submit", status: 500, times: Infinity }],
    operations: ["submit", "submit", "submit"],
    statuses: [500, 500, 500],
  },
];

for (const { name, faults, operations, statuses } of APPLICATIONS) {
  Deno.test(name, () => {
    const created = createFaultInjector(faults);
    assert.deepEqual(operations.map((operation) => created.take(operation)?.status), statuses);
  });
}

Deno.test("faults can be added while the simulator runs", async () => {
  await using sim = await startSimulator();
  sim.addFaults({ on: "whoami", status: 500 });
  assert.equal((await request(sim, "GET", "/api/auth/whoami")).status, 500);
  assert.equal((await request(sim, "GET", "/api/auth/whoami")).status, 200);
});
