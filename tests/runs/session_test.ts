import assert from "node:assert/strict";
import { findReadySession, findSessions } from "../../lib/runs/track_result.ts";
import type { Session } from "../../lib/session.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aRun } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const SECOND_MS = 1_000;
const { signal } = new AbortController();

Deno.test("findReadySession() finds a session only while it is running and healthy", async () => {
  await using stage = await aStage();
  const states: string[] = [];
  for (const afterMs of [0, 10 * SECOND_MS, 10 * SECOND_MS, 10 * SECOND_MS]) {
    stage.clock.advance(afterMs);
    const [session] = await findSessions(stage, stage.run, { signal });
    const ready = await findReadySession(stage, stage.run, { signal });
    states.push([session?.status, session?.isHealthy, ready === undefined ? "-" : "ready"].join(" "));
  }
  assert.deepEqual(states, ["creating false -", "running false -", "running false -", "running true ready"]);
  stage.simulator.cancelExternally(stage.slug);
  stage.clock.advance(10 * SECOND_MS);
  assert.equal(await findReadySession(stage, stage.run, { signal }), undefined);
});

Deno.test("findSessions() leaves out the sessions of other runs", async () => {
  await using stage = await aStage();
  await stage.submit("other-1");
  assert.equal((await stage.client.listSessions({ signal })).length, 2);
  assert.equal((await findSessions(stage, stage.run, { signal })).length, 1);
  assert.deepEqual(await findSessions(stage, aRun({ slug: "foreign-1" }), { signal }), []);
});

Deno.test("findSessions() sends no request for a run without a slug, to which no session refers", async () => {
  await using stage = await aStage();
  assert.deepEqual(await findSessions(stage, aRun({ slug: null }), { signal }), []);
  assert.equal(stage.simulator.received("list-sessions").length, 0);
});

for (
  const [what, fault] of [
    ["the server fails", { status: 500 }],
    ["the response has the wrong shape", { body: "wrong-shape" }],
    ["the server no longer accepts the key", { status: 401 }],
  ] as const
) {
  Deno.test(`findSessions() finds none, after one request, when ${what}`, async () => {
    await using stage = await aStage();
    stage.simulator.addFaults({ on: "list-sessions", ...fault });
    assert.deepEqual(await findSessions(stage, stage.run, { signal }), []);
    assert.equal(stage.simulator.received("list-sessions").length, 1);
  });
}

Deno.test("findSessions() finds none at the limit, and throws the reason of the signal", async () => {
  await using stage = await aStage();
  stage.simulator.addFaults({ on: "list-sessions", latencyMs: 3_600_000, times: Infinity });
  const limit = AbortSignal.abort(new Error("the limit"));
  assert.deepEqual(await findSessions(stage, stage.run, { signal, limit }), []);
  const reason = new Error("interrupted");
  const sent = findSessions(stage, stage.run, { signal: AbortSignal.abort(reason), limit });
  await assert.rejects(sent, (error) => error === reason);
});

for (
  const [what, parts, want] of [
    ["relative to the host", { externalHref: "/me/session/x/" }, "https://pw.example.com/me/session/x/"],
    ["absolute", { externalHref: "https://else.example.com/x" }, "https://else.example.com/x"],
    ["the one that the server generated", { url: "https://pw.example.com/y" }, "https://pw.example.com/y"],
    [
      "for browsers outside, of several",
      { externalHref: "/out", url: "https://pw.example.com/in" },
      "https://pw.example.com/out",
    ],
    ["missing", {}, null],
    ["not an address", { externalHref: "http://[" }, "http://["],
  ] as const
) {
  Deno.test(`findSessions() returns the address of a session that is ${what}`, async () => {
    const session: Session = Object.assign({
      name: "notebook",
      type: "tunnel",
      status: "running",
      isHealthy: true,
      externalHref: null,
      url: null,
      errorMessage: null,
      runSlug: "mine-1",
    }, parts);
    await using stage = await aStage();
    const client = {
      ...stage.client,
      baseUrl: "https://pw.example.com",
      listSessions: () => Promise.resolve([session]),
    };
    const [found] = await findSessions({ client }, stage.run, { signal });
    assert.equal(found?.url, want);
    // Without an address, there is nothing to open.
    const ready = await findReadySession({ client }, stage.run, { signal });
    assert.deepEqual(ready, want === null ? undefined : { name: "notebook", url: want });
  });
}

Deno.test("findReadySession() passes over a healthy session that is stopping, and takes the next one", async () => {
  await using stage = await aStage();
  await stage.submit("mine-2");
  stage.clock.advance(30 * SECOND_MS);
  const [first, second] = await stage.client.listSessions({ signal });
  assert.ok(first !== undefined && second !== undefined);
  const sessions = [{ ...first, status: "stopping" }, second].map((session) => ({ ...session, runSlug: stage.slug }));
  const client = { ...stage.client, listSessions: () => Promise.resolve(sessions) };
  assert.equal((await findReadySession({ client }, stage.run, { signal }))?.name, second.name);
});

async function aStage() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const { client } = await depsFor(simulator, { clock });
  const slug = "mine-1";
  const submit = async (slug: string) => {
    const request = { workflow: "open-notebook", inputs: {}, slug, displayName: null, consent: null };
    await client.submit(request, { signal });
  };
  await submit(slug);
  const run = await client.getRun({ type: "slug", slug }, { signal });
  return { clock, simulator, client, slug, run, submit, [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose]() };
}
