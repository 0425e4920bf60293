/** Schedules that run suites: many ticks continue each, and any of them may die. */

import assert from "node:assert/strict";
import { silentLog } from "../../lib/log.ts";
import { createHandler } from "../../lib/server/app.ts";
import { readAccessKeys } from "../../lib/server/auth.ts";
import { DEFAULT_TICK, tick } from "../../lib/scheduler/tick.ts";
import { NotFound, Unavailable } from "../../lib/errors.ts";
import type { Client } from "../../lib/platform/client.ts";
import { listDueMessages, readTickLog } from "../../lib/scheduler/scheduler_store.ts";
import type { Service } from "../../lib/scheduler/service.ts";
import type { SuiteEnd } from "../../lib/submission.ts";
import { suiteOf } from "../../lib/submission.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";
import { openSqliteBackend } from "../../lib/store/sqlite_kv.ts";
import { emptyFolder } from "../support/main_job.ts";
import { holdingFetch } from "../support/service.ts";
import { depsFor } from "../support/deps.ts";
import { testRandom } from "../support/seeded_random.ts";
import { aLife, mortal } from "./support/mortal.ts";
import { aSuite, aSuiteStage, EVERY_HOUR, MAIN, SUITE_WORKFLOWS } from "./support/suite_stage.ts";

const KEY = "full-key-0123456789";
const ID = "suite@2026-01-05T10:00Z";
const CASES = [
  "{ name: a, workflow: good, matrix: { n: [1, 2] }, expect: { outputs: { main.n: { min: 1 } }, log: { contains: done } } }",
  "{ name: fails as expected, workflow: bad, expect: { status: failed } }",
  '{ name: takes an output, workflow: long, needs: a, inputs: { n: "${cases.a.outputs.main.n}" }, matrix: { n: [1] } }',
];

async function endOf({ deps }: Service, id = ID): Promise<SuiteEnd | null | undefined> {
  const submission = await deps.store.get(id);
  return submission && suiteOf(submission)?.end;
}

async function messageOf({ deps }: Service, id = ID): Promise<string> {
  const submission = await deps.store.get(id);
  assert.equal(submission?.state, "finished", JSON.stringify(submission));
  return submission?.state === "finished" ? submission.result.message ?? "" : "";
}

const BACKENDS = {
  memory: () => memoryBackend(),
  sqlite: (folder: string) =>
    openSqliteBackend({ path: `${folder}/runs.db`, clock: { now: Date.now }, onSetAside: null }),
};

for (const [name, open] of Object.entries(BACKENDS)) {
  Deno.test(`${name}: a suite is run by as many ticks as it needs, and each case once`, async () => {
    await using folder = await emptyFolder();
    await using stage = await aSuiteStage(aSuite(...CASES), { backend: await open(folder.path) });
    await stage.ticks(60, 61);
    assert.deepEqual(await stage.statuses(), ["open"]);
    await stage.ticks(62, 75);
    assert.deepEqual(await stage.statuses(), ["completed"]);
    assert.deepEqual(await endOf(stage.service), {
      kind: "passed",
      exitCode: 0,
      counts: { passed: 4 },
      failures: [],
    });
    assert.equal(await messageOf(stage.service), "4 passed");
    assert.deepEqual(stage.runs(), { good: 2, bad: 1, long: 1 });
    assert.equal((await readTickLog(stage.kv))?.error, null);
    // The runs of its cases are kept as long as the occurrence.
    const bounds = { beforeMs: stage.clock.now(), keep: 0 };
    const { store } = stage.service.deps;
    assert.deepEqual([await store.prune({ ...bounds, scope: "suite" }), await store.get(ID) !== undefined], [4, true]);
    assert.equal(await store.prune({ ...bounds, scope: "service" }), 1);
  });
}

Deno.test("a tick that dies at any operation loses no case and runs none twice, and the suite ends as an unbroken one", async () => {
  const random = testRandom();
  const dying = async (end: number) => {
    await using stage = await aSuiteStage(aSuite(...CASES));
    // As `doctor --probe` records them: without these, a submit during which a tick died stays unknown.
    const { deps: { store, client } } = stage.service;
    await store.updateCapabilities(client.host, { keepsSlug: true, refusesDuplicateSlug: true });
    const life = aLife({ end, isApplied: random() < 0.5 });
    const process = await mortal(stage, life);
    // It dies in its first tick, or in one of the next; its lock ends within the minute.
    for (let minute = 60; minute < 66 && !life.isEnded(); minute++) {
      await stage.ticks(minute, minute, process).catch((error: Error) => assert.equal(error.message, "killed"));
    }
    const count = life.count();
    await stage.ticks(66, 82);
    return { count, end: await endOf(stage.service), runs: stage.runs(), statuses: await stage.statuses() };
  };
  const { count, ...whole } = await dying(Infinity);
  assert.deepEqual(whole.statuses, ["completed"]);
  for (let part = 0; part < 16; part++) {
    const at = Math.floor((part + random()) * count / 16);
    const { count: _, ...broken } = await dying(at);
    assert.deepEqual(broken, whole, `killed at operation ${at} of ${count}`);
  }
});

Deno.test("a key that only the submit of a case is refused with delays the case", async () => {
  await using stage = await aSuiteStage(aSuite("{ name: one, workflow: good }"));
  stage.simulator.addFaults({ on: "submit", status: 401, times: 2 });
  await stage.ticks(60, 64);
  assert.deepEqual([await stage.statuses(), stage.runs()], [["completed"], { good: 1 }]);
});

Deno.test("an occurrence is compared with the ones before it, which metrics refer to as well", async () => {
  const metrics = "metrics: { energy: { from: { output: main.n }, better: lower } }";
  const reference = "reference: { '*': { energy: { median-of: 2, worse-by: 50% } } }";
  const cases = (n: number) =>
    aSuite(
      "{ name: broken, workflow: bad }",
      `{ name: solve, workflow: good, inputs: { n: ${n} }, ${metrics}, ${reference} }`,
    );
  const files = cases(10);
  await using stage = await aSuiteStage(files);
  await stage.ticks(60, 70);
  assert.match(await messageOf(stage.service), /^1 passed, 1 failed; broken failed: [^;]*$/);
  await stage.ticks(120, 130);
  Object.assign(files, cases(20));
  await stage.ticks(180, 190);
  const message = await messageOf(stage.service, "suite@2026-01-05T12:00Z");
  assert.match(
    message,
    /^2 failed; 1 new failure: nightly: solve; 1 still failing since 2026-01-05: nightly: broken; /,
  );
  assert.match(message, /solve failed: .*energy/);
});

Deno.test("a failing case: the occurrence fails, and its case is in the result and the notification", async () => {
  const cases = ["{ name: fine, workflow: good }", "{ name: broken, workflow: bad, retries: { max: 1, on: [any] } }"];
  const notify = [{ url: "https://example.com/hook", on: ["submitted", "failed"] }] as const;
  const requests: string[] = [];
  await using stage = await aSuiteStage(aSuite(...cases), { specs: [{ ...EVERY_HOUR, notify }] });
  const service = await stage.isolate({
    fetch: async (_input, init) => {
      requests.push(await new Response(init?.body).text());
      return new Response();
    },
  });
  await stage.ticks(60, 80, service);
  const [slug = ""] = stage.simulator.runs().filter(({ workflow }) => workflow === "bad").map(({ slug }) => slug).slice(
    -1,
  );
  const reason = 'expected completed, got failed: step "solve" of job "main" failed: mesh is broken';
  assert.deepEqual(await endOf(service), {
    kind: "failed",
    exitCode: 1,
    counts: { failed: 1, passed: 1 },
    failures: [{ name: "broken", verdict: "failed", reason, slug }],
  });
  assert.deepEqual(await stage.statuses(), ["failed"]);
  // The retry came although its delay is longer than a tick.
  assert.deepEqual(stage.runs(), { good: 1, bad: 2 });
  const sent = requests.map((text) => JSON.parse(text)).map((
    { type, data },
  ) => [type, data.occurrenceId, data.message]);
  assert.deepEqual(sent, [
    ["run.submitted", ID, null],
    ["run.failed", ID, `1 passed, 1 failed; broken failed: ${reason} (${slug})`],
  ]);
  // A suite that fails is no failure of the tick.
  assert.equal((await readTickLog(stage.kv))?.error, null);
});

Deno.test("a secret that a server repeats when later cases cannot be submitted is in nothing that is stored or shown of the suite", async () => {
  const secret = "pl4nted-s3cret-in-input";
  const vault = {
    yaml: "on:\n  execute:\n    inputs:\n      password: { type: password }\n" + MAIN,
    scenario: { "main/solve": { lasts: "5m" } },
  };
  const inputs = "inputs: { password: { secret: THE_SECRET } }";
  const files = aSuite(
    `{ name: first, workflow: vault, ${inputs} }`,
    "{ name: another, workflow: bad, needs: first }",
    `{ name: own, workflow: vault, ${inputs}, needs: first }`,
  );
  files[EVERY_HOUR.suite ?? ""] = `env: [THE_SECRET]\n${files[EVERY_HOUR.suite ?? ""]}`;
  const notify = [{ url: "https://example.com/hook", on: ["failed", "unknown"] }] as const;
  const workflows = { ...SUITE_WORKFLOWS, vault };
  await using stage = await aSuiteStage(files, { workflows, specs: [{ ...EVERY_HOUR, notify }] });
  let isRejecting = false;
  const deps = await depsFor(stage.simulator, {
    clock: stage.clock,
    store: stage.service.deps.store,
    fetch: holdingFetch(stage.clock, async (input, init) => {
      const response = await fetch(input, init);
      if (!isRejecting || response.status !== 404) return response;
      await response.body?.cancel();
      return Response.json({ error: true, message: `quota of ${secret} is used up` }, { status: 403 });
    }),
  });
  const written: string[] = [];
  const service = await stage.isolate({
    deps,
    env: (name) => name === "THE_SECRET" ? secret : undefined,
    fetch: async (_input, init) => {
      written.push(await new Response(init?.body).text());
      return new Response();
    },
  });
  await stage.ticks(60, 61, service);
  assert.deepEqual(stage.runs(), { vault: 1 });
  isRejecting = true;
  await stage.ticks(62, 95, service);
  assert.match(await messageOf(service), /another error: .*quota of •••.*own error: .*quota of •••/);
  const send = serverOf(service);
  for (const path of ["/", `/runs/${encodeURIComponent(ID)}`, "/schedules"]) written.push((await send(path)).text);
  for (const text of written) assert.ok(text.includes("quota of •••"), text);
  assert.equal(written.length, 4);
  for await (const { key, value } of stage.kv.list({ prefix: [] })) written.push(JSON.stringify([key, value]));
  for (const text of written) assert.ok(!text.includes(secret), text);
});

Deno.test("an invalid suite file: the occurrence is rejected with all problems and their places, and nothing is submitted", async () => {
  const lines: string[] = [];
  await using stage = await aSuiteStage(
    aSuite("{ name: a, workflow: good, timeuot: 3m }", "{ name: b, workflow: good, expect: { status: != failed } }"),
  );
  const log = (_level: string, message: string) => void lines.push(message);
  const service = { ...stage.service, deps: { ...stage.service.deps, log } };
  await stage.ticks(60, 61, service);
  assert.deepEqual(await stage.statuses(), ["failed"]);
  const [message = ""] = lines;
  assert.match(message, /^suite@2026-01-05T10:00Z failed: Cannot run tests\/a\.suite\.yaml: /);
  assert.match(message, /tests\/a\.suite\.yaml:4:32 cases\[0\]\.timeuot .*; tests\/a\.suite\.yaml:5:50 cases\[1\]/);
  assert.match((await readTickLog(stage.kv))?.error ?? "", /not submitted: suite@2026-01-05T10:00Z: Cannot run/);
  assert.deepEqual(stage.runs(), {});
  const { body } = await serverOf(service)(`/runs/${encodeURIComponent(ID)}`);
  assert.deepEqual([body.status, body.suite, body.workflowName], ["rejected", "tests/a.suite.yaml", null]);
});

Deno.test("a suite file that breaks while its suite runs ends it as failed, and its runs continue", async () => {
  const files = aSuite("{ name: a, workflow: endless, timeout: 9h }");
  await using stage = await aSuiteStage(files);
  await stage.ticks(60, 61);
  files["tests/a.suite.yaml"] = "version: 2\n";
  await stage.ticks(62, 62);
  assert.deepEqual(await stage.statuses(), ["failed"]);
  const message = await messageOf(stage.service);
  assert.match(
    message,
    /^Cannot judge tests\/a\.suite\.yaml, its runs continue; .*tests\/a\.suite\.yaml:1:10 version /,
  );
  assert.equal(stage.simulator.runs()[0]?.status, "running");
});

for (
  const [what, spec, status] of [
    ["past its deadline", { deadline: "5m", onDeadline: "cancel" }, "failed"],
    ["replaced", { cron: "0,5 10 * * *", overlap: "cancel-previous" }, "cancelled"],
  ] as const
) {
  Deno.test(`a suite that is ${what} is cancelled, also if its file is broken by then`, async () => {
    const files = aSuite("{ name: a, workflow: endless, timeout: 9h }", "{ name: b, workflow: endless, timeout: 9h }");
    await using stage = await aSuiteStage(files, { specs: [{ ...EVERY_HOUR, ...spec }] });
    await stage.ticks(60, 64);
    // It is replaced by an occurrence of which it is read before.
    const [suite = "", text = ""] = Object.entries(files)[0] ?? [];
    let reads = what === "replaced" ? 1 : 0;
    const service = await stage.isolate({
      readTextFile: () => Promise.resolve(reads-- > 0 ? text : "version: 2\n"),
    });
    await stage.ticks(65, 65, service);
    assert.deepEqual(stage.simulator.runs().map(({ status }) => status), ["canceled", "canceled"]);
    assert.equal((await stage.statuses())[0], status);
    assert.match(await messageOf(service), new RegExp(`^Cannot judge ${suite}, its runs were cancelled; .* version `));
    await stage.ticks(66, 67, service);
    assert.deepEqual(await service.deps.store.listOpen("suite"), []);
  });
}

for (const what of ["a suite", "a workflow"]) {
  Deno.test(`a schedule of ${what} goes on although the record of its last occurrence is damaged`, async () => {
    const files = aSuite("{ name: a, workflow: endless, timeout: 9h }");
    const { suite: _, ...ofWorkflow } = { ...EVERY_HOUR, workflow: "endless" };
    await using stage = await aSuiteStage(files, { specs: [what === "a suite" ? EVERY_HOUR : ofWorkflow] });
    await stage.ticks(60, 61);
    await stage.kv.atomic().set(["submission", ID], {}).commit();
    await stage.ticks(62, 121);
    assert.deepEqual(stage.runs(), { endless: 2 });
    const open = await Array.fromAsync(stage.service.deps.store.openRows("service"), ({ id }) => id);
    assert.deepEqual(open, ["suite@2026-01-05T11:00Z"]);
  });
}

Deno.test("while the server answers 404 to everything, a suite goes on", async () => {
  await using stage = await aSuiteStage(aSuite("{ name: a, workflow: long }"));
  await stage.ticks(60, 61);
  for (const on of ["get-workflow", "list-workflows", "list-runs"] as const) {
    stage.simulator.addFaults({ on, status: 404 });
  }
  await assert.rejects(stage.ticks(62, 62), NotFound);
  assert.deepEqual(await stage.statuses(), ["open"]);
  await stage.ticks(63, 75);
  assert.deepEqual([await stage.statuses(), stage.runs()], [["completed"], { long: 1 }]);
});

const OVERLAPS = {
  skip: [["completed", "skipped"], { long: 1 }],
  queue: [["completed", "completed"], { long: 2 }],
  allow: [["completed", "completed"], { long: 2 }],
  "cancel-previous": [["cancelled", "completed"], { long: 2 }],
} as const;

for (const [overlap, [statuses, runs]] of Object.entries(OVERLAPS)) {
  Deno.test(`overlap ${overlap}: the next occurrence comes while the suite runs`, async () => {
    const spec = { ...EVERY_HOUR, cron: "0,5 10 * * *", overlap: overlap as keyof typeof OVERLAPS };
    await using stage = await aSuiteStage(aSuite("{ name: a, workflow: long }"), { specs: [spec] });
    await stage.ticks(60, 85);
    assert.deepEqual(await stage.statuses(), statuses);
    assert.deepEqual(stage.runs(), runs);
    const cancelled = stage.simulator.runs().filter(({ status }) => status === "canceled").length;
    assert.equal(cancelled, overlap === "cancel-previous" ? 1 : 0);
  });
}

Deno.test("limits of a run count across ticks: timeout, time in the queue, and how long it was", async () => {
  const cases = [
    "{ name: too long, workflow: endless, timeout: 5m, expect: { status: timeout, duration: { min: 5m, max: 30m } } }",
    "{ name: waits too long, workflow: queued, queue-timeout: 5m }",
    "{ name: waits, workflow: queued, timeout: 20m, expect: { queue: { min: 8m, max: 14m }, duration: { max: 14m } } }",
  ];
  await using stage = await aSuiteStage(aSuite(...cases));
  await stage.ticks(60, 110);
  const end = await endOf(stage.service);
  assert.deepEqual(end?.failures.map(({ name, verdict, reason }) => ({ name, verdict, reason })), [
    { name: "waits too long", verdict: "not-judged", reason: "waited 5m in the queue" },
  ]);
  assert.deepEqual(end?.counts, { "not-judged": 1, passed: 2 });
  // Too little is known: neither completed nor failed.
  assert.deepEqual([end?.kind, end?.exitCode, await stage.statuses()], ["not_judged", 8, ["unknown"]]);
});

Deno.test("deadline: the suite is reported, its runs are cancelled, and what ended before keeps its verdict", async () => {
  const spec = { ...EVERY_HOUR, deadline: "5m", onDeadline: "cancel" } as const;
  const notify = [{ url: "https://example.com/hook", on: ["deadline", "unknown"] }] as const;
  const cases = ["{ name: a, workflow: good }", "{ name: b, workflow: endless, timeout: 9h }"];
  await using stage = await aSuiteStage(aSuite(...cases), { specs: [{ ...spec, notify }] });
  const service = await stage.isolate({ fetch: () => Promise.reject(new TypeError("unreachable")) });
  await stage.ticks(60, 67, service);
  const end = await endOf(service);
  assert.deepEqual(end?.failures.map(({ name, reason }) => [name, reason]), [
    ["b", "still running at the deadline, and cancelled"],
  ]);
  assert.deepEqual(end?.counts, { "not-judged": 1, passed: 1 });
  assert.deepEqual(stage.simulator.runs().map(({ status }) => status).sort(), ["canceled", "completed"]);
  assert.deepEqual(await service.deps.store.listOpen("suite"), []);
  const kinds = (await listDueMessages(stage.kv, stage.clock.now() + 24 * 60 * 60_000, 10)).map(({ value }) =>
    value.notification.kind
  ).sort();
  assert.deepEqual(kinds, ["deadline", "unknown"]);
});

Deno.test("a platform that does not respond for some ticks delays a suite", async () => {
  const cases = ["{ name: a, workflow: long }", "{ name: b, workflow: good, needs: a }"];
  await using stage = await aSuiteStage(aSuite(...cases));
  await stage.ticks(60, 61);
  const { deps } = stage.service;
  const lost = () => Promise.reject(new Unavailable("the platform is down", { status: 503 }));
  const without = (client: Partial<Client>) => ({
    ...stage.service,
    deps: { ...deps, client: { ...deps.client, ...client } },
  });
  await stage.ticks(62, 63, without({ listRuns: lost, getRun: lost }));
  await assert.rejects(stage.ticks(64, 64, without({ whoAmI: lost })), Unavailable);
  await assert.rejects(stage.ticks(65, 65, without({ getWorkflow: lost })), Unavailable);
  assert.deepEqual(await stage.statuses(), ["open"]);
  await stage.ticks(66, 75);
  assert.deepEqual([await stage.statuses(), stage.runs()], [["completed"], { long: 1, good: 1 }]);
});

Deno.test("a resource that is switched off meanwhile takes back no run that it has started", async () => {
  const cases = ["{ name: a, workflow: long, inputs: { resource: a30gpuserver } }"];
  await using stage = await aSuiteStage(aSuite(...cases));
  await stage.ticks(60, 61);
  const { deps } = stage.service;
  const listClusters: Client["listClusters"] = async (options) =>
    (await deps.client.listClusters(options)).map((cluster) => ({ ...cluster, status: "off" }));
  await stage.ticks(62, 75, { ...stage.service, deps: { ...deps, client: { ...deps.client, listClusters } } });
  assert.deepEqual((await endOf(stage.service))?.counts, { passed: 1 });
});

Deno.test("what a session showed, and a run that is deleted afterwards, keep the verdict that they had", async () => {
  const cases = [
    "{ name: notebook, workflow: open-notebook, expect: { session: ready } }",
    "{ name: cleaned, workflow: good, cleanup: delete, expect: { log: { contains: done } } }",
    "{ name: long, workflow: long }",
  ];
  await using stage = await aSuiteStage(aSuite(...cases));
  await stage.ticks(60, 75);
  assert.deepEqual(await endOf(stage.service), { kind: "passed", exitCode: 0, counts: { passed: 3 }, failures: [] });
  const [session] = stage.simulator.runs().filter(({ workflow }) => workflow === "open-notebook");
  assert.equal(session?.status, "canceled");
  assert.deepEqual(await stage.service.deps.store.listOpen("suite"), []);
  assert.equal(stage.simulator.received("delete-run").length, 1);
});

Deno.test("runs are deleted for as long as a tick has time, and the next ticks continue with those that are left", async () => {
  const numbers = Array.from({ length: 30 }, (_, index) => index + 1);
  await using stage = await aSuiteStage(
    aSuite(`{ name: cleaned, workflow: good, cleanup: delete, matrix: { n: [${numbers.join()}] } }`),
  );
  stage.simulator.addFaults({ on: "delete-run", latencyMs: 2_000, times: Infinity });
  const deleted: number[] = [];
  for (let minute = 60; minute < 120 && (await stage.statuses())[0] !== "completed"; minute++) {
    const before = stage.simulator.received("delete-run").length;
    await stage.ticks(minute, minute);
    const { tookMs, error } = await readTickLog(stage.kv) ?? assert.fail();
    assert.ok(error === null && tookMs <= DEFAULT_TICK.budgetMs, `${error} ${tookMs}`);
    deleted.push(stage.simulator.received("delete-run").length - before);
  }
  assert.ok(deleted.filter((count) => count > 0).length >= 3, deleted.join());
  // The request during which a tick ends is repeated.
  assert.ok(deleted.reduce((sum, count) => sum + count) <= numbers.length + deleted.length, deleted.join());
  assert.equal(new Set(stage.simulator.received("delete-run").map(({ path }) => path)).size, numbers.length);
});

Deno.test("a tick on request starts a suite, and leaves its cases to the next tick", async () => {
  await using stage = await aSuiteStage(aSuite("{ name: a, workflow: good }"));
  stage.clock.advance(60 * 60_000);
  const report = await tick(stage.service, { isScheduled: false, budgetMs: 15_000, maxPolls: 5 });
  assert.deepEqual([report.submitted, await stage.statuses(), stage.runs()], [1, ["open"], {}]);
  await stage.ticks(61, 64);
  assert.deepEqual([await stage.statuses(), stage.runs()], [["completed"], { good: 1 }]);
});

Deno.test("a suite of another account is not run, and does not block its schedule", async () => {
  await using stage = await aSuiteStage(aSuite("{ name: a, workflow: good }"));
  stage.clock.advance(60 * 60_000);
  await tick(stage.service, { isScheduled: false, budgetMs: 15_000, maxPolls: 5 });
  const submission = await stage.service.deps.store.get(ID);
  assert.equal(submission?.state, "pending");
  await stage.service.deps.store.put({ ...submission, owner: { ...submission.owner, user: "somebody-else" } });
  await stage.ticks(61, 62);
  assert.deepEqual([await stage.statuses(), stage.runs()], [["unknown"], {}]);
  assert.match(await messageOf(stage.service), /belong to somebody-else on /);
});

Deno.test("a submit of which nothing is known ends its case as an error, once, and the suite goes on", async () => {
  await using stage = await aSuiteStage(
    aSuite("{ name: a, workflow: good }", "{ name: b, workflow: long, needs: { case: a, when: finished } }"),
  );
  stage.simulator.addFaults({ on: "submit", cut: "before-effect" });
  await stage.ticks(60, 78);
  const end = await endOf(stage.service);
  assert.deepEqual([end?.kind, end?.counts], ["submit_unknown", { error: 1, passed: 1 }]);
  assert.deepEqual([await stage.statuses(), stage.runs()], [["unknown"], { long: 1 }]);
});

/** The service's HTTP API. */
function serverOf(service: Service) {
  const keys = readAccessKeys((name) => name === "PW_TRIGGER_KEY" ? KEY : undefined);
  const handler = createHandler({ log: silentLog, open: () => Promise.resolve(service), keys });
  return async (path: string, method = "GET") => {
    const headers = { authorization: `Bearer ${KEY}` };
    const response = await handler(new Request(`https://runner.example${path}`, { method, headers }));
    const text = await response.text();
    return { status: response.status, text, body: text.startsWith("{") ? JSON.parse(text) : null };
  };
}

Deno.test("HTTP: a suite is started, shown and cancelled, and its result is on the page", async () => {
  const cases = ["{ name: ends, workflow: good }", "{ name: stays, workflow: endless, timeout: 9h }"];
  await using stage = await aSuiteStage(aSuite(...cases));
  const send = serverOf(stage.service);
  const started = await send("/schedules/suite/run", "POST");
  assert.deepEqual([started.status, started.body.state, started.body.slug], [202, "open", null]);
  const path = `/runs/${encodeURIComponent(started.body.id)}`;
  await stage.ticks(1, 3);
  const { body: open } = await send(path);
  assert.deepEqual([open.status, open.suite, open.workflowName], ["running", "tests/a.suite.yaml", null]);
  const page = await send("/");
  assert.match(page.text, /Active runs[^]*?<bdi>tests\/a\.suite\.yaml<\/bdi>/);
  assert.equal((await send("/healthz")).status, 200);
  assert.equal((await send(`${path}/cancel`, "POST")).status, 202);
  await stage.ticks(4, 4);
  const { body: ended } = await send(path);
  const [slug] = stage.simulator.runs().filter(({ workflow }) => workflow === "endless").map(({ slug }) => slug);
  const { status, kind, exitCode, counts, failures } = ended;
  assert.deepEqual({ status, kind, exitCode, counts, failures }, {
    status: "cancelled",
    kind: "not_judged",
    exitCode: 8,
    counts: { "not-judged": 1, passed: 1 },
    failures: [{
      name: "stays",
      verdict: "not-judged",
      reason: "still running when the suite was cancelled, and cancelled",
      slug,
    }],
  });
  const { body: { schedules: [schedule] } } = await send("/schedules");
  assert.deepEqual([schedule.workflow, schedule.suite], [null, "tests/a.suite.yaml"]);
  assert.deepEqual(schedule.results[0].suite.counts, counts);
  assert.match((await send("/")).text, /1 passed, 1 not judged; stays not judged: still running/);
  assert.deepEqual(await stage.service.deps.store.listOpen("suite"), []);
  // A cancel of what has ended changes nothing.
  assert.deepEqual([(await send(`${path}/cancel`, "POST")).status, (await send(path)).body], [200, ended]);
});

Deno.test("a suite that failed is among the failures of the page, with its counts and reasons", async () => {
  await using stage = await aSuiteStage(aSuite("{ name: one, workflow: bad }"));
  await stage.ticks(60, 75);
  const { text } = await serverOf(stage.service)("/");
  assert.match(
    text,
    /id="failures">[^]*?tests\/a\.suite\.yaml[^]*?1 failed; one failed: expected completed, got failed/,
  );
  assert.doesNotMatch(text, /No error message/);
});
