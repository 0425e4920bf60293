import assert from "node:assert/strict";
import type { Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { ask, basic, submit } from "./ask.ts";

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
  { name: "nothing", header: () => null, status: 401, message: "Authentication is required" },
  { name: "a key of nobody's", header: () => basic("pwt_aGk.nobody"), status: 401, message: "Invalid credentials" },
  { name: "a Basic value that is not base64", header: () => "Basic %%%", status: 401, message: "Invalid credentials" },
  {
    name: "a key that ran out",
    header: (sim) => basic(sim.keyFor("expired")),
    status: 401,
    message: "Authentication has expired",
  },
];

for (const { name, header, status, message } of HEADERS) {
  Deno.test(`${name} answers ${status}`, async () => {
    await using sim = await startSimulator();
    const answer = await ask(sim, "GET", "/api/auth/whoami", { authorization: header(sim) });
    assert.equal(answer.status, status);
    if (status === 200) assert.equal(answer.text, "user:demo");
    if (message !== undefined) assert.equal(answer.at("message"), message);
  });
}

for (const user of ["demo", "alice", "bob"]) {
  Deno.test(`whoami and the session know ${user}`, async () => {
    await using sim = await startSimulator();
    assert.equal((await ask(sim, "GET", "/api/auth/whoami", { user })).text, `user:${user}`);
    assert.equal((await ask(sim, "GET", "/api/auth/session", { user })).at("username"), user);
  });
}

Deno.test("a JWT names its host, and expires after a day", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const token = sim.keyFor("demo", "jwt");
  const claims = JSON.parse(atob(token.split(".")[1] ?? ""));
  assert.equal(claims.platform_host, sim.url);
  assert.equal(claims.exp, clock.now() / 1_000 + 24 * 60 * 60);
  clock.advance(24 * 60 * 60 * 1_000);
  const answer = await ask(sim, "GET", "/api/auth/whoami", { authorization: `Bearer ${token}` });
  assert.equal(answer.at("message"), "Authentication has expired");
});

Deno.test("expireKeys() refuses one user's keys and leaves the others", async () => {
  await using sim = await startSimulator();
  sim.expireKeys("demo");
  assert.equal((await ask(sim, "GET", "/api/auth/whoami")).status, 401);
  assert.equal((await ask(sim, "GET", "/api/auth/whoami", { user: "alice" })).status, 200);
});

Deno.test("keyFor() refuses a user that is not of this world", async () => {
  await using sim = await startSimulator();
  assert.throws(() => sim.keyFor("mallory"), RangeError);
});

Deno.test("users see their own runs alone", async () => {
  await using sim = await startSimulator();
  const slug = await submit(sim, "quick", { user: "alice" });
  const list = await ask(sim, "GET", "/api/workflow-runs", { user: "alice" });
  assert.equal(list.at("total"), 1);
  assert.equal(list.at("runs.0.slug"), slug);
  assert.equal((await ask(sim, "GET", "/api/workflow-runs", { user: "bob" })).at("runs"), null);
});

for (const foreignRun of [404, 403, 200] as const) {
  Deno.test(`somebody else's run answers ${foreignRun} where the server does`, async () => {
    await using sim = await startSimulator({ behavior: { foreignRun } });
    await submit(sim, "quick", { user: "alice", slug: "hers" });
    const answer = await ask(sim, "GET", "/api/workflow-runs/hers");
    assert.equal(answer.status, foreignRun);
    if (foreignRun === 200) assert.equal(answer.at("user"), "alice");
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
  Deno.test(`a server that speaks ${errorBody} answers ${accept} with ${contentType}`, async () => {
    await using sim = await startSimulator({ behavior: { errorBody } });
    const answer = await ask(sim, "GET", "/api/auth/whoami", { user: "expired", accept });
    assert.equal(answer.headers.get("content-type"), contentType);
    assert.equal(answer.at(contentType === "application/json" ? "message" : "detail"), "Authentication has expired");
    assert.equal(answer.at("code"), "unauthenticated");
  });
}

Deno.test("a server speaks of problems to whoever takes them, and in envelopes to others", async () => {
  await using sim = await startSimulator();
  const asked = await ask(sim, "GET", "/api/nothing", { accept: "application/json, application/problem+json" });
  assert.equal(asked.headers.get("content-type"), "application/problem+json");
  const other = await ask(sim, "GET", "/api/nothing", { accept: "application/json" });
  assert.equal(other.headers.get("content-type"), "application/json");
  assert.equal(other.at("error"), true);
});
