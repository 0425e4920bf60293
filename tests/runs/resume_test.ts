import assert from "node:assert/strict";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { findOpenSubmissions, resumeSubmission } from "../../lib/runs/resume.ts";
import type { RunResult } from "../../lib/result.ts";
import type { PendingSubmission, Submission } from "../../lib/submission.ts";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import {
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aReconciliation,
  aRequest,
  aStoredRequest,
} from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();
const MINUTE_MS = 60_000;
const QUICK = aStoredRequest({ workflow: "quick", inputs: {} });
const WITHOUT_SECRETS = aStoredRequest({ workflow: "quick", inputs: null, secretPaths: ["password"] });
const DEFAULT = { includesDetached: false, submitsPending: false } as const;

for (
  const [what, parts, options, want] of [
    ["a recent pending submission", { minutes: 14 }, {}, "resumable"],
    ["a pending submission of 16 minutes ago", { minutes: 16 }, {}, "pending"],
    ["a pending submission that the clock was set back since", { minutes: -60 }, {}, "pending"],
    ["a pending submission of 16 minutes ago, on request", { minutes: 16 }, { submitsPending: true }, "resumable"],
    ["a pending submission without its secrets, on request", { minutes: 1, request: WITHOUT_SECRETS }, {
      submitsPending: true,
    }, "pending"],
    [
      "a pending submission of 16 minutes ago after a lost response",
      { minutes: 16, lostResponses: 1 },
      {},
      "resumable",
    ],
    [
      "a pending submission without its secrets after a lost response",
      {
        minutes: 1,
        request: WITHOUT_SECRETS,
        lostResponses: 1,
      },
      {},
      "resumable",
    ],
  ] as const
) {
  Deno.test(`findOpenSubmissions() lists ${what} as ${want}`, async () => {
    await using stage = await aStage();
    const { minutes, ...rest } = parts;
    await stage.putPending(minutes, rest);
    const found = await findOpenSubmissions(stage.deps, { ...DEFAULT, ...options, signal });
    const groups = { resumable: found.resumable.length, pending: found.pending.length };
    assert.deepEqual(groups, { resumable: 0, pending: 0, [want]: 1 });
  });
}

Deno.test("findOpenSubmissions() lists unconfirmed submissions first, and leaves out detached and other users' ones", async () => {
  await using stage = await aStage();
  const { owner } = stage;
  for (
    const submission of [
      anActiveSubmission({ submissionId: "active", owner, request: QUICK, createdAtMs: 1 }),
      anActiveSubmission({ submissionId: "detached", owner, request: QUICK, createdAtMs: 2, isDetached: true }),
      anUnconfirmedSubmission({ submissionId: "unconfirmed", owner, request: QUICK, createdAtMs: 3 }),
      anActiveSubmission({ submissionId: "other", owner: { ...owner, user: "alice" }, request: QUICK, createdAtMs: 4 }),
    ]
  ) await stage.deps.store.put(submission);
  const idsOf = (submissions: readonly Submission[]) => submissions.map(({ submissionId }) => submissionId);
  const found = await findOpenSubmissions(stage.deps, { ...DEFAULT, signal });
  assert.deepEqual(idsOf(found.resumable), ["unconfirmed", "active"]);
  assert.deepEqual(idsOf(found.detached), ["detached"]);
  assert.deepEqual(idsOf(found.others), ["other"]);
  const all = await findOpenSubmissions(stage.deps, { ...DEFAULT, includesDetached: true, signal });
  assert.deepEqual(idsOf(all.resumable), ["unconfirmed", "active", "detached"]);
});

Deno.test("resumeSubmission() sends a submission that was never sent", async () => {
  await using stage = await aStage();
  const result = await stage.resume(await stage.putPending(1));
  assert.deepEqual([result.kind, result.submitted], ["completed", "yes"]);
  assert.equal(stage.simulator.received("submit").length, 1);
});

Deno.test("resumeSubmission() finds the run that a lost response had started", async () => {
  await using stage = await aStage();
  const first = await toEnd(
    execute(stage.deps, aRequest({ workflow: "quick", inputs: {} }), { ...DEFAULT_EXECUTE, signal }),
    () => {},
  );
  const [finished] = await stage.deps.store.listRecent({ limit: 1 });
  assert.ok(finished !== undefined);
  const { correlationTag, ownSlug } = finished;
  const lost = await stage.putPending(20, { lostResponses: 1, correlationTag, ownSlug });
  const result = await stage.resume(lost, { submitsPending: true });
  assert.deepEqual([result.kind, result.slug], ["completed", first.slug]);
  assert.equal(stage.simulator.received("submit").length, 1);
});

for (
  const [what, minutes, request, submitsPending, want] of [
    ["recent", 1, QUICK, false, { kind: "completed", submits: 1 }],
    ["old", 20, QUICK, false, { kind: "submit_unknown", submits: 0 }],
    ["old, on request", 20, QUICK, true, { kind: "completed", submits: 1 }],
    ["recent, but without its secrets", 1, WITHOUT_SECRETS, false, { kind: "submit_unknown", submits: 0 }],
  ] as const
) {
  Deno.test(`resumeSubmission() after a lost response whose run is not found ends ${want.kind} when it is ${what}`, async () => {
    await using stage = await aStage();
    const lost = await stage.putPending(minutes, { lostResponses: 1, request });
    const result = await stage.resume(lost, { submitsPending });
    assert.equal(result.kind, want.kind);
    assert.equal(stage.simulator.received("submit").length, want.submits);
    if (want.kind === "submit_unknown") {
      assert.equal(result.submitted, "unknown");
      assert.match(result.message ?? "", /Outcome unknown: no run quick-\S+ was found/);
    }
  });
}

for (const reconciliation of [null, aReconciliation({ isAbandoned: true })]) {
  Deno.test(`resumeSubmission() searches for an unconfirmed submission ${reconciliation === null ? "whose process died" : "again after an abandoned search"}, and sends nothing`, async () => {
    await using stage = await aStage();
    const unconfirmed = anUnconfirmedSubmission({
      owner: stage.owner,
      request: QUICK,
      createdAtMs: stage.clock.now() - MINUTE_MS,
      nextPollAtMs: 0,
      reconciliation,
    });
    const result = await stage.resume(await stage.deps.store.put(unconfirmed));
    assert.deepEqual([result.kind, result.submitted], ["submit_unknown", "unknown"]);
    assert.ok(stage.simulator.received("list-runs").length >= 3);
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

Deno.test("resumeSubmission() does not count an outage of an earlier wait", async () => {
  await using stage = await aStage();
  const { deps, clock } = stage;
  await toEnd(
    execute(deps, aRequest({ workflow: "quick", inputs: {} }), { ...DEFAULT_EXECUTE, signal, isWaiting: false }),
  );
  const [active] = await deps.store.listRecent({ limit: 1 });
  assert.ok(active?.state === "active");
  const lost = await deps.store.put({ ...active, unreachableSinceMs: clock.now() });
  clock.advance(60 * MINUTE_MS);
  stage.simulator.addFaults({ on: "get-run", status: 503 });
  assert.equal((await stage.resume(lost)).kind, "completed");
});

Deno.test("resumeSubmission() goes on with a search that was failing when its process was killed an hour ago", async () => {
  await using stage = await aStage();
  const { deps, clock, simulator, owner } = stage;
  const ownSlug = "quick-abcdefghijklmnop";
  await deps.client.submit({ workflow: "quick", inputs: {}, slug: ownSlug, displayName: null, consent: null });
  const times = { createdAtMs: clock.now(), sentAtMs: clock.now(), updatedAtMs: clock.now() };
  const reconciliation = aReconciliation({ sinceMs: clock.now(), failingSinceMs: clock.now() });
  const record = { owner, request: QUICK, ownSlug, ...times, lostResponses: 1, reconciliation };
  const killed = await deps.store.put(anUnconfirmedSubmission(record));
  clock.advance(60 * MINUTE_MS);
  simulator.addFaults({ on: "get-run", status: 503 });
  assert.equal((await stage.resume(killed)).kind, "completed");
});

Deno.test("resumeSubmission() takes no longer after the clock was set back since the submission was stored", async () => {
  await using stage = await aStage();
  const startedMs = stage.clock.monotonic();
  const aheadMs = stage.clock.now() + 60 * MINUTE_MS;
  const unconfirmed = anUnconfirmedSubmission({
    owner: stage.owner,
    request: QUICK,
    createdAtMs: aheadMs,
    updatedAtMs: aheadMs,
    nextPollAtMs: aheadMs,
    sentAtMs: aheadMs,
    lostResponses: 1,
    reconciliation: aReconciliation({ sinceMs: aheadMs }),
  });
  assert.equal((await stage.resume(await stage.deps.store.put(unconfirmed))).kind, "submit_unknown");
  assert.ok(stage.clock.monotonic() - startedMs < 2 * MINUTE_MS);
});

async function aStage(options: SimulatorOptions = {}) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, ...options });
  const deps = await depsFor(simulator, { clock });
  const owner = { host: deps.client.host, user: "demo" };
  return {
    clock,
    simulator,
    deps,
    owner,
    async putPending(minutes: number, parts: Partial<PendingSubmission> = {}): Promise<PendingSubmission> {
      const createdAtMs = clock.now() - minutes * MINUTE_MS;
      const ownSlug = "quick-abcdefghijklmnop";
      return await deps.store.put(
        aPendingSubmission({ owner, request: QUICK, createdAtMs, ownSlug, nextPollAtMs: 0, ...parts }),
      );
    },
    async resume(submission: Submission, { submitsPending = false } = {}): Promise<RunResult> {
      const options = { ...DEFAULT_EXECUTE, submitsPending, signal };
      return await toEnd(resumeSubmission(deps, submission, options), () => {});
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
