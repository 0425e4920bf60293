import assert from "node:assert/strict";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { findRun } from "../../lib/runs/find.ts";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  aPendingSubmission,
  aRejectedSubmission,
  aRequest,
} from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();
const number = (workflow: string, number: number) => ({ type: "number", workflow, number }) as const;
const slug = (slug: string) => ({ type: "slug", slug }) as const;

Deno.test("findRun() finds a slug", async () => {
  await using stage = await aStage();
  assert.deepEqual(await findRun(stage.deps, slug("hello-world-00046"), { signal }), {
    type: "slug",
    slug: "hello-world-00046",
  });
});

Deno.test("findRun() finds a number within a workflow, even many pages back", async () => {
  await using stage = await aStage({ behavior: { maxLimit: 10 } });
  assert.deepEqual(await findRun(stage.deps, number("hello-world", 3), { signal }), {
    type: "slug",
    slug: "hello-world-00003",
  });
});

Deno.test("findRun() rejects the name of a workflow", async () => {
  await using stage = await aStage();
  await assert.rejects(findRun(stage.deps, slug("hello-world"), { signal }), { kind: "usage", hint: /hello-world#47/ });
});

for (
  const [name, ref, message] of [
    ["an unknown slug", slug("no-such-run"), /no-such-run/],
    ["an unknown number", number("hello-world", 999), /hello-world#999: no such run/],
    ["a number of an unknown workflow", number("no-such", 1), /no workflow "no-such"/],
    ["last in an empty history", { type: "last" }, /local history is empty/],
  ] as const
) {
  Deno.test(`findRun() does not find ${name}`, async () => {
    await using stage = await aStage();
    await assert.rejects(findRun(stage.deps, ref, { signal }), { kind: "not_found", message });
  });
}

Deno.test("findRun() suggests the workflow of a number whose workflow is misspelled", async () => {
  await using stage = await aStage();
  await assert.rejects(findRun(stage.deps, number("hello-wrld", 46), { signal }), {
    kind: "not_found",
    hint: 'Did you mean "hello-world"?',
  });
});

Deno.test("findRun() names the runs that a number matches, where the server lists those of several workflows", async () => {
  await using stage = await aStage();
  const { client } = stage.deps;
  const listRuns: typeof client.listRuns = async (query) => {
    const page = await client.listRuns(query);
    const others = page.runs.map((run) => ({ ...run, slug: `other-${run.number}`, workflowName: "other/hello-world" }));
    return { ...page, runs: [...page.runs, ...others] };
  };
  await assert.rejects(
    findRun({ ...stage.deps, client: { ...client, listRuns } }, number("hello-world", 46), { signal }),
    { kind: "usage", message: /: it matches hello-world-00046 \(hello-world\), other-46 \(other\/hello-world\)$/ },
  );
});

Deno.test("findRun() finds the last run in the local history", async () => {
  await using stage = await aStage();
  const result = await toEnd(
    execute(stage.deps, aRequest({ workflow: "quick", inputs: {} }), { ...DEFAULT_EXECUTE, signal }),
    () => {},
  );
  assert.deepEqual(await findRun(stage.deps, { type: "last" }, { signal }), { type: "slug", slug: result.slug });
});

Deno.test("findRun() on a legacy server returns workflow and number unchanged", async () => {
  await using stage = await aStage({ behavior: { apiVersion: "legacy", legacyRead: "run" } });
  assert.deepEqual(await findRun(stage.deps, number("hello-world", 46), { signal }), number("hello-world", 46));
});

for (
  const [what, ref, fault] of [
    ["a slug that may not be read", slug("hello-world-00046"), { on: "get-run", status: 403 }],
    ["a slug that is not there, where workflows may not be read", slug("no-such"), { on: "get-workflow", status: 403 }],
    ["a number that is not there, where workflows may not be read", number("hello-world", 999), {
      on: "get-workflow",
      status: 403,
    }],
    ["a number where runs may not be listed", number("hello-world", 46), { on: "list-runs", status: 403, after: 1 }],
  ] as const
) {
  Deno.test(`findRun() passes on the server's refusal of ${what}`, async () => {
    await using stage = await aStage({ faults: [fault] });
    await stage.deps.client.apiVersion({ signal });
    await assert.rejects(findRun(stage.deps, ref, { signal }), { kind: "forbidden" });
  });
}

Deno.test("findRun() takes for the last run the one that was started after the clock was set back", async () => {
  await using stage = await aStage();
  const { store, clock, client: { host } } = stage.deps;
  const put = (slug: string, createdAtMs: number) =>
    store.put(anActiveSubmission({
      submissionId: slug,
      owner: { host, user: "demo" },
      createdAtMs,
      runId: { type: "slug", slug },
    }));
  for (let run = 25; run > 0; run--) await put(`before-${run}`, clock.now() + 3_600_000 - run);
  assert.deepEqual(await findRun(stage.deps, { type: "last" }, { signal }), slug("before-1"));
  await put("after", clock.now());
  assert.deepEqual(await findRun(stage.deps, { type: "last" }, { signal }), slug("after"));
});

Deno.test("findRun() takes for the last run one that has started, of this user and host", async () => {
  await using stage = await aStage();
  const { client, store } = stage.deps;
  const owner = { host: client.host, user: "demo" };
  const started = (slug: string) => ({ submissionId: slug, runId: { type: "slug", slug } as const });
  for (
    const submission of [
      anActiveSubmission({ ...started("older-1"), owner, createdAtMs: 1 }),
      aFinishedSubmission({ ...started("mine-1"), owner, createdAtMs: 2 }),
      aRejectedSubmission({ submissionId: "rejected", owner, createdAtMs: 3 }),
      aPendingSubmission({ submissionId: "pending", owner, createdAtMs: 4 }),
      anActiveSubmission({ ...started("alices-1"), owner: { ...owner, user: "alice" }, createdAtMs: 5 }),
      anActiveSubmission({ ...started("elsewhere-1"), owner: { ...owner, host: "else.example.com" }, createdAtMs: 6 }),
    ]
  ) await store.put(submission);
  assert.deepEqual(await findRun(stage.deps, { type: "last" }, { signal }), slug("mine-1"));
});

async function aStage(options: SimulatorOptions = {}) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, ...options });
  return { deps: await depsFor(simulator, { clock }), [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose]() };
}
