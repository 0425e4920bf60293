/** Runs that several machines started with one idempotency key, on a server that accepts a taken slug. */

import assert from "node:assert/strict";
import { advance } from "../../lib/runs/advance.ts";
import { mayHaveDuplicates, settleDuplicates } from "../../lib/runs/duplicates.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import { toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { trackSubmission } from "../../lib/runs/track.ts";
import type { RunEvent } from "../../lib/events.ts";
import { BadResponse, IdempotencyKeyConflict } from "../../lib/errors.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { ActiveSubmission, Submission } from "../../lib/submission.ts";
import { depsFor } from "../support/deps.ts";
import { anActiveSubmission, aRequest } from "../support/records.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

const OPTIONS = { ...DEFAULT_EXECUTE, signal: new AbortController().signal } as const;

interface Stage {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  /** Submits from a machine of its own, which sees no other run yet. */
  submit(inputs?: JsonObject): Promise<{ readonly deps: Deps; readonly submission: ActiveSubmission }>;
}

/** @param lagMs How long a new run is missing from the list. */
function testDuplicates(
  name: string,
  { lagMs, workflow = "never-ending", slugs = "ignored" }: {
    readonly lagMs: number;
    readonly workflow?: string;
    readonly slugs?: "ignored" | "shared";
  },
  act: (stage: Stage) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({
      clock,
      behavior: { slugs, listLagMs: lagMs, readLagMs: slugs === "shared" ? lagMs : 0 },
    });
    await act({
      clock,
      simulator,
      async submit(inputs = {}) {
        const deps = await depsFor(simulator, { clock });
        const request = aRequest({ workflow, inputs });
        const idempotencyKey = { text: "nightly", policy: "attach" } as const;
        const pending = await createSubmission(deps, request, { ...OPTIONS, idempotencyKey });
        const [result] = await advance(deps, [pending], OPTIONS);
        assert.ok(result?.submission.state === "active");
        return { deps, submission: result.submission };
      },
    });
  });
}

/** As the service does: reads the submission, and advances it. */
async function tick({ deps, submission: { submissionId } }: Awaited<ReturnType<Stage["submit"]>>): Promise<Submission> {
  const stored = await deps.store.get(submissionId);
  assert.ok(stored !== undefined);
  await advance(deps, [stored], OPTIONS);
  return await deps.store.get(submissionId) ?? stored;
}

function slugIn(submission: Submission): string | null {
  return submission.state === "active" ? submission.run.slug : null;
}

testDuplicates("the run that remains is stored, and the list is read once for it", { lagMs: 1_000 }, async (stage) => {
  const older = await stage.submit();
  stage.clock.advance(500);
  const newer = await stage.submit();
  stage.clock.advance(60_000);
  const [oldest, other] = stage.simulator.runs();
  assert.equal(slugIn(await tick(newer)), oldest?.slug);
  assert.equal(slugIn(await tick(older)), oldest?.slug);
  assert.match(stage.simulator.runs()[1]?.status ?? "", /^cancel/);
  const lists = stage.simulator.received("list-runs").length;
  for (let minute = 0; minute < 12; minute++) {
    stage.clock.advance(60_000);
    assert.equal(slugIn(await tick(newer)), oldest?.slug);
  }
  assert.equal(stage.simulator.received("list-runs").length, lists);
  assert.notEqual(oldest?.slug, other?.slug);
});

testDuplicates("a list that fails later does not end a run that was settled", { lagMs: 0 }, async (stage) => {
  const machine = await stage.submit();
  for (let minute = 0; minute < 9; minute++) {
    stage.clock.advance(60_000);
    await tick(machine);
  }
  stage.simulator.addFaults({ on: "list-runs", status: 503, times: Infinity });
  stage.clock.advance(57_000);
  assert.equal((await tick(machine)).state, "active");
});

testDuplicates("a list that does not show our run yet settles nothing", { lagMs: 2_800 }, async (stage) => {
  await stage.submit();
  stage.clock.advance(900);
  const newer = await stage.submit();
  const [oldest, own] = stage.simulator.runs();
  // The list shows the older run only.
  stage.clock.advance(2_100);
  const early = await settle(newer);
  assert.ok(early?.error instanceof BadResponse, String(early?.error));
  assert.equal(slugIn(await tick(newer)), own?.slug);
  stage.clock.advance(60_000);
  assert.equal(slugIn(await tick(newer)), oldest?.slug);
  assert.match(stage.simulator.runs()[1]?.status ?? "", /^cancel/);
});

testDuplicates(
  "a run that has ended is not reported while the list does not show it",
  { lagMs: 5_000, workflow: "quick" },
  async ({ clock, simulator, submit }) => {
    const older = await submit();
    clock.advance(300);
    const newer = await submit();
    clock.advance(4_000);
    for (const machine of [older, newer]) assert.equal((await tick(machine)).state, "active");
    assert.ok(simulator.runs().every(({ status }) => status === "completed"));
    clock.advance(30_000);
    for (const machine of [older, newer]) {
      const submission = await tick(machine);
      assert.equal(submission.state === "finished" && submission.result.kind, "submit_unknown");
    }
  },
);

testDuplicates(
  "a list that shows runs late is read again, as late as another run may appear in it",
  { lagMs: 7_000 },
  async ({ clock, simulator, submit }) => {
    const older = await submit();
    clock.advance(300);
    // Its client dies.
    await submit();
    for (const passedMs of [500, 6_400, 20_000]) {
      clock.advance(passedMs);
      await tick(older);
    }
    const [oldest, newest] = simulator.runs();
    assert.equal(oldest?.status, "running");
    assert.match(newest?.status ?? "", /^cancel/);
  },
);

testDuplicates(
  "a server that cannot list runs is reported, and waited for as long as asked",
  { lagMs: 0 },
  async ({ simulator, clock, submit }) => {
    const { deps, submission } = await submit();
    simulator.addFaults(
      { on: "list-runs", status: 503, times: Infinity },
      { on: "get-run", status: 503, times: Infinity },
    );
    const startMs = clock.now();
    const events: RunEvent[] = [];
    const options = { ...OPTIONS, unreachableTimeoutMs: 60_000, timeoutMs: null };
    const result = await toEnd(trackSubmission(deps, submission, options), (event) => events.push(event));
    assert.equal(result.kind, "connection_lost");
    assert.ok(clock.now() - startMs < 120_000);
    assert.ok(events.some(({ type }) => type === "connection-lost"));
  },
);

testDuplicates(
  "the run that remains is announced as started",
  { lagMs: 1_000 },
  async ({ simulator, clock, submit }) => {
    await submit();
    clock.advance(500);
    const { deps, submission } = await submit();
    const [oldest] = simulator.runs();
    const slugs: (string | null)[] = [];
    const result = await toEnd(
      trackSubmission(deps, submission, { ...OPTIONS, timeoutMs: 30_000 }),
      (event) => void (event.type === "started" && slugs.push(event.slug)),
    );
    assert.equal(slugs.at(-1), oldest?.slug);
    assert.deepEqual([result.kind, result.slug, result.submitted], ["timeout", oldest?.slug, "no"]);
  },
);

/** One step: the list is read if it is due. */
const settle = ({ deps, submission }: Awaited<ReturnType<Stage["submit"]>>, parts: Partial<ActiveSubmission> = {}) =>
  settleDuplicates(deps, { ...submission, ...parts }, OPTIONS);

const resultOf = (submission: Submission | undefined) =>
  submission?.state === "finished" ? submission.result : undefined;

const KEY = { text: "nightly", attempt: 1 };

for (
  const [what, parts, nowMs, want] of [
    ["without a key", { idempotencyKey: null }, 2_000, false],
    ["that was read once", {}, 2_000, true],
    ["that was read for less than four seconds", { lastPolledAtMs: 4_999 }, 600_000, true],
    ["that was read for four seconds", { lastPolledAtMs: 5_000 }, 5_000, false],
    ["of less than ten minutes", {}, 600_999, true],
    ["of ten minutes", {}, 601_000, false],
  ] as const
) {
  Deno.test(`a run ${what} may have duplicates: ${want}`, () => {
    const base = { idempotencyKey: KEY, startedAtMs: 1_000, lastPolledAtMs: 1_000 };
    const submission = anActiveSubmission(Object.assign(base, parts));
    assert.equal(mayHaveDuplicates(submission, nowMs), want);
  });
}

testDuplicates("a server that refuses duplicates is not asked for them", { lagMs: 0 }, async (stage) => {
  const machine = await stage.submit();
  await machine.deps.store.updateCapabilities(machine.submission.owner.host, {
    keepsSlug: true,
    refusesDuplicateSlug: true,
  });
  stage.clock.advance(10_000);
  const lists = stage.simulator.received("list-runs").length;
  assert.equal(await settle(machine), undefined);
  assert.equal(stage.simulator.received("list-runs").length, lists);
});

testDuplicates("the list is first read half a second after the start", { lagMs: 0 }, async (stage) => {
  const machine = await stage.submit();
  const { startedAtMs } = machine.submission;
  const lists = stage.simulator.received("list-runs").length;
  stage.clock.advance(startedAtMs + 499 - stage.clock.now());
  assert.deepEqual(await settle(machine), {
    submission: { ...machine.submission, nextPollAtMs: startedAtMs + 500 },
    events: [],
  });
  assert.equal(stage.simulator.received("list-runs").length, lists);
  stage.clock.advance(1);
  await settle(machine);
  assert.equal(stage.simulator.received("list-runs").length, lists + 1);
});

for (
  const [what, firstMs, parts, waitMs, nextWaitMs] of [
    ["in time", 500, {}, 4_000],
    ["after two seconds", 2_500, {}, 8_000],
    ["half a minute late, which this machine may have slept", 30_500, {}, 34_000, 64_000],
    ["half a minute late, because the server did not respond", 30_500, { unreachableSinceMs: 1 }, 64_000],
    ["half a minute late, twice", 60_000, { listedAtMs: 30_500 }, 64_000],
  ] as const
) {
  testDuplicates(
    `a list that showed the run ${what} is read again after ${waitMs} ms, then ${
      nextWaitMs === undefined ? "not" : `after ${nextWaitMs} ms`
    }`,
    {
      lagMs: 0,
    },
    async (stage) => {
      const machine = await stage.submit();
      const { startedAtMs } = machine.submission;
      const moved = "listedAtMs" in parts ? { listedAtMs: startedAtMs + parts.listedAtMs } : parts;
      stage.clock.advance(startedAtMs + firstMs - stage.clock.now());
      const first = await settle(machine, moved);
      assert.equal(first?.submission.nextPollAtMs, startedAtMs + waitMs);
      assert.ok(first.submission.state === "active");
      stage.clock.advance(startedAtMs + waitMs - stage.clock.now());
      const next = await settleDuplicates(machine.deps, first.submission, OPTIONS);
      assert.equal(next?.submission.nextPollAtMs, nextWaitMs && startedAtMs + nextWaitMs);
    },
  );
}

testDuplicates("a duplicate is cancelled once, which is reported once", { lagMs: 2_000 }, async (stage) => {
  const older = await stage.submit();
  stage.clock.advance(100);
  await stage.submit();
  const [kept, cancelled] = stage.simulator.runs().map(({ slug }) => slug);
  stage.clock.advance(3_000);
  const first = await settle(older);
  assert.deepEqual(first?.events.map((event) => ({ ...event, atMs: 0 })), [
    {
      type: "duplicate-cancelled",
      submissionId: older.submission.submissionId,
      atMs: 0,
      slug: cancelled,
      keptSlug: kept,
    },
  ]);
  assert.equal(stage.simulator.received("cancel-run").length, 1);
  assert.ok(first.submission.state === "active");
  assert.equal(slugIn(first.submission), kept);
  // The list is read again, for a run that appears in it later.
  const again = await settleDuplicates(older.deps, first.submission, OPTIONS);
  assert.deepEqual(again?.events, []);
  assert.equal(stage.simulator.received("cancel-run").length, 1);
});

testDuplicates("a duplicate that another client has cancelled is reported, too", { lagMs: 2_000 }, async (stage) => {
  const older = await stage.submit();
  stage.clock.advance(100);
  const newer = await stage.submit();
  stage.clock.advance(3_000);
  await settle(newer);
  const settled = await settle(older);
  assert.deepEqual(
    settled?.events.map((event) => event.type === "duplicate-cancelled" && event.slug),
    [slugIn(newer.submission)],
  );
});

testDuplicates("the newer of two runs gives way to the older one", { lagMs: 2_000 }, async (stage) => {
  const older = await stage.submit();
  stage.clock.advance(300);
  const newer = await stage.submit();
  stage.clock.advance(3_000);
  const settled = await settle(newer);
  assert.equal(settled?.wasAdvancedElsewhere, true);
  assert.ok(settled.submission.state === "active");
  assert.equal(slugIn(settled.submission), slugIn(older.submission));
  assert.equal(settled.submission.nextPollAtMs, stage.clock.now());
  assert.deepEqual(settled.events.map(({ type }) => type), ["duplicate-cancelled"]);
});

testDuplicates("runs with one slug cannot be distinguished: the outcome is unknown", {
  lagMs: 2_000,
  slugs: "shared",
}, async (stage) => {
  const older = await stage.submit();
  await stage.submit();
  stage.clock.advance(3_000);
  const settled = await settle(older);
  const slug = stage.simulator.runs()[0]?.slug;
  assert.equal(resultOf(settled?.submission)?.kind, "submit_unknown");
  assert.match(
    resultOf(settled?.submission)?.message ?? "",
    new RegExp(`\\(2 runs have the slug ${slug}\\); check the runs of`),
  );
  assert.equal(stage.simulator.received("cancel-run").length, 0);
});

testDuplicates(
  "a duplicate that cannot be cancelled any more makes the outcome unknown",
  { lagMs: 2_000 },
  async (stage) => {
    const older = await stage.submit();
    stage.clock.advance(100);
    await stage.submit();
    stage.clock.advance(100);
    await stage.submit();
    const [, second, third] = stage.simulator.runs().map(({ slug }) => slug);
    stage.simulator.overrideStatus(third ?? "", "completed");
    stage.clock.advance(3_000);
    const settled = await settle(older);
    assert.equal(resultOf(settled?.submission)?.kind, "submit_unknown");
    assert.match(
      resultOf(settled?.submission)?.message ?? "",
      new RegExp(`\\(run ${third} has the same key, and is completed\\)`),
    );
    assert.deepEqual(settled?.events.map((event) => event.type === "duplicate-cancelled" && event.slug), [second]);
  },
);

testDuplicates("of runs with other inputs, each client cancels its own", { lagMs: 2_000 }, async (stage) => {
  const older = await stage.submit({ greeting: "a" });
  stage.clock.advance(300);
  const newer = await stage.submit({ greeting: "b" });
  stage.clock.advance(3_000);
  const kept = await settle(older);
  assert.deepEqual([kept?.events, stage.simulator.received("cancel-run").length], [[], 0]);
  assert.ok(kept?.submission.state === "active");
  const conflict = await settle(newer);
  assert.ok(conflict?.error instanceof IdempotencyKeyConflict);
  const { kind, status, submitted, slug, message } = resultOf(conflict.submission) ?? {};
  const own = slugIn(newer.submission);
  assert.deepEqual({ kind, status, submitted, slug }, {
    kind: "cancelled",
    status: "cancelled",
    submitted: "yes",
    slug: own,
  });
  assert.equal(message, conflict.error.message);
  assert.match(message ?? "", new RegExp(`was used with different inputs, by run ${slugIn(older.submission)}$`));
  assert.deepEqual(conflict.events.map((event) => event.type === "duplicate-cancelled" && event.slug), [own]);
  assert.deepEqual(stage.simulator.runs().map(({ status }) => status), ["running", "canceling"]);
});

testDuplicates("a run that was listed and is gone from the list is left to the poll", { lagMs: 0 }, async (stage) => {
  const { deps, submission } = await stage.submit();
  stage.clock.advance(500);
  const listed = await settle({ deps, submission });
  assert.ok(listed?.submission.state === "active");
  await deps.client.deleteRun(submission.runId);
  assert.equal(await settleDuplicates(deps, listed.submission, OPTIONS), undefined);
  // Before, the list may only be late.
  const late = await settle({ deps, submission });
  assert.ok(late?.error instanceof BadResponse, String(late?.error));
  assert.match(late.error.message, /the list does not show it yet$/);
  assert.equal(late.submission.state, "active");
});

testDuplicates("a list that cannot be read for ten minutes makes the outcome unknown", { lagMs: 0 }, async (stage) => {
  const machine = await stage.submit();
  stage.simulator.addFaults({ on: "list-runs", status: 503, times: Infinity });
  stage.clock.advance(60_000);
  const failed = await settle(machine);
  assert.equal(failed?.error?.kind, "unavailable");
  assert.ok(failed.submission.state === "active" && failed.submission.unreachableSinceMs !== null);
  stage.clock.advance(machine.submission.startedAtMs + 600_000 - stage.clock.now());
  const ended = resultOf((await settle(machine))?.submission);
  assert.equal(ended?.kind, "submit_unknown");
  assert.match(ended?.message ?? "", /\(other runs with its key cannot be ruled out: Cannot /);
});

testDuplicates("an abort is passed on", { lagMs: 0 }, async (stage) => {
  const { deps, submission } = await stage.submit();
  stage.clock.advance(1_000);
  const reason = new Error("stopped");
  await assert.rejects(
    settleDuplicates(deps, submission, { ...OPTIONS, signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
});
