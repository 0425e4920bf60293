import assert from "node:assert/strict";
import { clientOf, httpServer } from "./support/servers.ts";

const BARE = { id: "r", user: "u", inlineRun: false, marketplace: false };
const RUN_ID = { type: "slug", slug: "a" } as const;

async function readRun(body: unknown) {
  await using server = httpServer(() => Response.json(body));
  return await (await clientOf(server.url)).getRun(RUN_ID, {});
}

Deno.test("a run with only the required members is read", async () => {
  assert.deepEqual(await readRun(BARE), {
    id: "r",
    slug: null,
    number: null,
    user: "u",
    workflowName: null,
    workflowId: null,
    displayName: null,
    status: "running",
    isFinal: false,
    platformStatus: "",
    isStatusKnown: false,
    statusReason: null,
    createdAt: null,
    completedAt: null,
    jobs: [],
    inputs: null,
    links: [],
    redirect: null,
  });
});

Deno.test("a run with all members is read", async () => {
  const run = await readRun({
    ...BARE,
    slug: "swift-falcon-17",
    number: 17,
    status: "error",
    statusReason: "step failed",
    displayName: "Mine",
    workflowName: "mpi",
    workflowSlug: "mpi-renamed",
    createdAt: "2026-05-29T10:00:00.123Z",
    completedAt: "2026-05-29T10:00:09.123456789Z",
    executedJobs: {
      main: { status: "error", steps: [{ name: "go", status: "error" }], outputs: '{"a":"1","b":9007199254740993}' },
    },
    inputs: { n: 1 },
    links: { ui: { detach: true, endpoint: "", url: "https://h.example/ui" }, api: { endpoint: "api-1" } },
    redirect: { kind: "session", name: "s" },
  });
  assert.deepEqual([run.status, run.isFinal, run.platformStatus, run.statusReason], [
    "failed",
    true,
    "error",
    "step failed",
  ]);
  assert.deepEqual([run.slug, run.number, run.workflowName], ["swift-falcon-17", 17, "mpi"]);
  assert.equal(run.completedAt, "2026-05-29T10:00:09.123Z");
  assert.deepEqual(run.jobs[0]?.outputs, { a: "1", b: "9007199254740993" });
  assert.deepEqual(run.inputs, { n: 1 });
  assert.deepEqual(run.links, [
    { name: "ui", url: "https://h.example/ui", endpoint: null },
    { name: "api", url: null, endpoint: "api-1" },
  ]);
  assert.deepEqual(run.redirect, { kind: "session", name: "s" });
});

Deno.test("Go's zero time is null", async () => {
  const run = await readRun({
    ...BARE,
    status: "new-word",
    createdAt: "2026-01-01T00:00:00Z",
    completedAt: "0001-01-01T00:00:00Z",
  });
  assert.deepEqual([run.completedAt, run.isFinal], [null, false]);
});

for (const redirect of [null, "s", { kind: "tab", name: "s" }, { kind: "link" }]) {
  Deno.test(`a run's redirect ${JSON.stringify(redirect)} is null`, async () => {
    assert.equal((await readRun({ ...BARE, redirect })).redirect, null);
  });
}
