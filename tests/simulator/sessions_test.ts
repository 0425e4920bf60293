import assert from "node:assert/strict";
import { startSimulator } from "../../lib/simulator/start.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { request, submit } from "./request.ts";

Deno.test("a session starts in stages and becomes healthy last", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const created = await request(sim, "POST", "/api/workflow-runs", { body: { workflow: "open-notebook" } });
  assert.equal(created.at("redirect"), "open-notebook_1_session");
  const slug = String(created.at("run.slug"));
  const startMs = clock.now();
  for (
    const [ageMs, status, healthy, href] of [
      [0, "creating", false, undefined],
      [3_000, "starting", false, undefined],
      [8_000, "running", false, "/me/session/demo/open-notebook_1_session/"],
      [24_999, "running", false, "/me/session/demo/open-notebook_1_session/"],
      [25_000, "running", true, "/me/session/demo/open-notebook_1_session/"],
    ] as const
  ) {
    clock.advance(startMs + ageMs - clock.now());
    const list = await request(sim, "GET", "/api/sessions");
    assert.equal(list.at("0.status"), status);
    assert.equal(list.at("0.healthy"), healthy);
    assert.equal(list.at("0.externalHref"), href);
    assert.equal(list.at("0.workflowRun.slug"), slug);
  }
  const page = await request(sim, "GET", `/api/workflow-runs/${slug}`);
  assert.equal(page.at("status"), "running");
  assert.deepEqual(page.at("redirect"), { kind: "session", name: "open-notebook_1_session" });
});

Deno.test("the address of a session responds while the session is healthy, without a key", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "open-notebook");
  const read = async (path: string) => {
    const response = await fetch(new URL(`/me/session/demo/${path}`, sim.url));
    return [response.status, (await response.text()).includes("Session open-notebook_1_session of demo")];
  };
  assert.deepEqual(await read("open-notebook_1_session/"), [502, false]);
  clock.advance(25_000);
  assert.deepEqual(await read("open-notebook_1_session/"), [200, true]);
  assert.deepEqual(await read("open-notebook_1_session/lab"), [200, true]);
  assert.deepEqual(await read("other/"), [502, false]);
  sim.cancelExternally(slug);
  clock.advance(10_000);
  assert.deepEqual(await read("open-notebook_1_session/"), [502, false]);
});

Deno.test("a session stops with its run", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  sim.cancelExternally(await submit(sim, "open-notebook"));
  clock.advance(10_000);
  const list = await request(sim, "GET", "/api/sessions");
  assert.equal(list.at("0.status"), "stopped");
  assert.equal(list.at("0.healthy"), false);
});

Deno.test("a session has the name requested at submit, and disappears when deleted", async () => {
  await using sim = await startSimulator();
  await request(sim, "POST", "/api/workflow-runs", {
    body: { workflow: "open-notebook", sessionNames: { session: "mine" } },
  });
  const path = "/api/organizations/example-org/users/demo/sessions/mine";
  assert.equal((await request(sim, "GET", path)).at("name"), "mine");
  assert.equal((await request(sim, "GET", path, { user: "alice" })).status, 404);
  assert.equal((await request(sim, "DELETE", path)).status, 204);
  assert.equal((await request(sim, "GET", path)).status, 404);
  assert.equal((await request(sim, "GET", "/api/sessions")).at(""), null);
});

Deno.test("the list of sessions can be filtered by type", async () => {
  await using sim = await startSimulator();
  await submit(sim, "open-notebook");
  assert.equal((await request(sim, "GET", "/api/sessions?type=tunnel")).at("0.type"), "tunnel");
  assert.equal((await request(sim, "GET", "/api/sessions?type=link")).at(""), null);
});

Deno.test("a created session becomes healthy, starts again when it is restarted, and ends when it is deleted", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const path = "/api/organizations/example-org/users/demo/sessions/mine";
  const created = await request(sim, "POST", "/api/sessions", { body: { type: "tunnel", name: "mine" } });
  assert.equal(created.at("status"), "creating");
  assert.equal((await request(sim, "POST", "/api/sessions", { body: { type: "tunnel", name: "mine" } })).status, 409);
  clock.advance(60_000);
  assert.equal((await request(sim, "GET", path)).at("healthy"), true);
  assert.equal((await request(sim, "POST", `${path}/restart`)).at("status"), "creating");
  clock.advance(60_000);
  assert.equal((await request(sim, "GET", path)).at("healthy"), true);
  assert.equal((await request(sim, "DELETE", path)).status, 204);
  assert.equal((await request(sim, "GET", path)).status, 404);
});

Deno.test("variables can be added, changed and deleted, and the value of a secret one is not shown", async () => {
  await using sim = await startSimulator();
  const path = "/api/workflow-variables";
  await request(sim, "POST", path, { body: { key: "REGION", value: "east" } });
  await request(sim, "POST", path, { body: { key: "TOKEN", value: "hidden", secret: true } });
  assert.equal((await request(sim, "POST", path, { body: { key: "TOKEN", value: "x" } })).status, 409);
  assert.equal((await request(sim, "PATCH", `${path}/REGION`, { body: { value: "west" } })).at("value"), "west");
  assert.deepEqual((await request(sim, "GET", path)).at(""), {
    REGION: { key: "REGION", value: "west", secret: false },
    TOKEN: { key: "TOKEN", value: "", secret: true },
  });
  assert.equal((await request(sim, "DELETE", `${path}/REGION`)).status, 204);
  assert.deepEqual(Object.keys(Object((await request(sim, "GET", path)).at(""))), ["TOKEN"]);
});
