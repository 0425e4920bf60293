import assert from "node:assert/strict";
import type { Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { basic, request, submit } from "./request.ts";

const HEADERS: readonly {
  readonly name: string;
  readonly header: (sim: Simulator) => string | null;
  readonly status: number;
  readonly message?: string;
}[] = [
  { name: "an API key as Basic user name with an empty password", header: (sim) => basic(sim.key), status: 200 },
  { name: "an API key without its colon", header: (sim) => `Basic ${btoa(sim.key)}`, status: 401 },
  { name: "an API key as Bearer", header: (sim) => `Bearer ${sim.key}`, status: 401 },
  { name: "a user token as Bearer", header: (sim) => `Bearer ${sim.keyFor("demo", "pwut")}`, status: 200 },
  { name: "a user token as Basic", header: (sim) => basic(sim.keyFor("demo", "pwut")), status: 401 },
  { name: "a JWT as Bearer", header: (sim) => `Bearer ${sim.keyFor("demo", "jwt")}`, status: 200 },
  { name: "no credential", header: () => null, status: 401, message: "Authentication is required" },
  { name: "an unknown API key", header: () => basic("pwt_aGk.unknown"), status: 401, message: "Invalid credentials" },
  { name: "a Basic value that is not base64", header: () => "Basic %%%", status: 401, message: "Invalid credentials" },
  {
    name: "an expired API key",
    header: (sim) => basic(sim.keyFor("expired")),
    status: 401,
    message: "Authentication has expired",
  },
];

for (const { name, header, status, message } of HEADERS) {
  Deno.test(`${name} gets ${status}`, async () => {
    await using sim = await startSimulator();
    const response = await request(sim, "GET", "/api/auth/whoami", { authorization: header(sim) });
    assert.equal(response.status, status);
    if (status === 200) assert.equal(response.text, "user:demo");
    if (message !== undefined) assert.equal(response.at("message"), message);
  });
}

for (const user of ["demo", "alice", "bob"]) {
  Deno.test(`whoami and the auth session return the user ${user}`, async () => {
    await using sim = await startSimulator();
    assert.equal((await request(sim, "GET", "/api/auth/whoami", { user })).text, `user:${user}`);
    assert.equal((await request(sim, "GET", "/api/auth/session", { user })).at("username"), user);
  });
}

Deno.test("a JWT contains its host and expires after a day", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const token = sim.keyFor("demo", "jwt");
  const claims = JSON.parse(atob(token.split(".")[1] ?? ""));
  assert.equal(claims.platform_host, sim.url);
  assert.equal(claims.exp, clock.now() / 1_000 + 24 * 60 * 60);
  clock.advance(24 * 60 * 60 * 1_000);
  const response = await request(sim, "GET", "/api/auth/whoami", { authorization: `Bearer ${token}` });
  assert.equal(response.at("message"), "Authentication has expired");
});

Deno.test("expireKeys() expires the keys of one user only", async () => {
  await using sim = await startSimulator();
  sim.expireKeys("demo");
  assert.equal((await request(sim, "GET", "/api/auth/whoami")).status, 401);
  assert.equal((await request(sim, "GET", "/api/auth/whoami", { user: "alice" })).status, 200);
});

Deno.test("keyFor() refuses an unknown user", async () => {
  await using sim = await startSimulator();
  assert.throws(() => sim.keyFor("mallory"), RangeError);
});

Deno.test("users see only their own runs", async () => {
  await using sim = await startSimulator();
  const slug = await submit(sim, "quick", { user: "alice" });
  const list = await request(sim, "GET", "/api/workflow-runs", { user: "alice" });
  assert.equal(list.at("total"), 1);
  assert.equal(list.at("runs.0.slug"), slug);
  assert.equal((await request(sim, "GET", "/api/workflow-runs", { user: "bob" })).at("runs"), null);
});

for (const foreignRun of [404, 403, 200] as const) {
  Deno.test(`reading another user's run gets ${foreignRun} with foreignRun=${foreignRun}`, async () => {
    await using sim = await startSimulator({ behavior: { foreignRun } });
    await submit(sim, "quick", { user: "alice", slug: "hers" });
    const response = await request(sim, "GET", "/api/workflow-runs/hers");
    assert.equal(response.status, foreignRun);
    if (foreignRun === 200) assert.equal(response.at("user"), "alice");
  });
}

for (
  const [accept, errorBody, contentType] of [
    ["application/json", "envelope", "application/json"],
    ["application/json, application/problem+json", "envelope", "application/json"],
    ["application/json", "problem", "application/json"],
    ["application/json, application/problem+json", "problem", "application/problem+json"],
  ] as const
) {
  Deno.test(`errorBody=${errorBody} with Accept: ${accept} returns ${contentType}`, async () => {
    await using sim = await startSimulator({ behavior: { errorBody } });
    const response = await request(sim, "GET", "/api/auth/whoami", { user: "expired", accept });
    assert.equal(response.headers.get("content-type"), contentType);
    assert.equal(response.at(contentType === "application/json" ? "message" : "detail"), "Authentication has expired");
    assert.equal(response.at("code"), "unauthenticated");
  });
}

Deno.test("by default, errors are problem details if the client accepts them, and envelopes otherwise", async () => {
  await using sim = await startSimulator();
  const problem = await request(sim, "GET", "/api/nothing", { accept: "application/json, application/problem+json" });
  assert.equal(problem.headers.get("content-type"), "application/problem+json");
  const envelope = await request(sim, "GET", "/api/nothing", { accept: "application/json" });
  assert.equal(envelope.headers.get("content-type"), "application/json");
  assert.equal(envelope.at("error"), true);
});
