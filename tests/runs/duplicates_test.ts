/** Runs that several machines started with one idempotency key, on a server that accepts a taken slug. */

import assert from "node:assert/strict";
import { advance } from "../../lib/runs/advance.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import { toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { trackSubmission } from "../../lib/runs/track.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Submission } from "../../lib/submission.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

const OPTIONS = { ...DEFAULT_EXECUTE, signal: new AbortController().signal, submitted: "yes" } as const;

interface Stage {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  /** Submits from a machine of its own, which sees no other run yet. */
  submit(): Promise<{ readonly deps: Deps; readonly submission: Submission }>;
}

/** @param lagMs How long a new run is missing from the list. */
function testDuplicates(
  name: string,
  { lagMs, workflow = "never-ending" }: { readonly lagMs: number; readonly workflow?: string },
  act: (stage: Stage) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, behavior: { slugs: "ignored", listLagMs: lagMs } });
    await act({
      clock,
      simulator,
      async submit() {
        const deps = await depsFor(simulator, { clock });
        const request = aRequest({ workflow, inputs: {} });
        const idempotencyKey = { text: "nightly", policy: "attach" } as const;
        const pending = await createSubmission(deps, request, { ...OPTIONS, idempotencyKey });
        const [result] = await advance(deps, [pending], OPTIONS);
        assert.equal(result?.submission.state, "active");
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
