/** What is done about a submit whose outcome is not known yet, step by step. */

import assert from "node:assert/strict";
import type { ServerCapabilities } from "../../lib/capabilities.ts";
import type { AdvanceOptions } from "../../lib/runs/advance_result.ts";
import type { Fault, ServerBehavior, Simulator } from "../../lib/simulator/simulator.ts";
import type { Submission, UnconfirmedSubmission } from "../../lib/submission.ts";
import { aReconciliation } from "../support/records.ts";
import { type Steps, steps } from "../support/steps.ts";

const CUT = { on: "submit", cut: "before-effect" } as const satisfies Fault;
const MINUTE = [0, 1, 4, 10, 20, 40, 60];
const FIVE_MINUTES = [...MINUTE, 90, 120, 150, 180, 210, 240, 270, 300];

for (
  const [name, fault, behavior, searchesAtSeconds] of [
    ["a connection that was cut", CUT, {}, MINUTE],
    ["a response of 500", { on: "submit", status: 500 }, {}, MINUTE],
    ["a response of 502", { on: "submit", status: 502 }, {}, FIVE_MINUTES],
    ["a response of 504", { on: "submit", status: 504 }, {}, FIVE_MINUTES],
    ["a cut while the workspace is off", CUT, { workspace: "Off" }, FIVE_MINUTES],
    ["a cut while the workspace starts", CUT, { workspace: "Starting" }, FIVE_MINUTES],
    ["a response of 409", { on: "submit", status: 409 }, {}, MINUTE.slice(0, 4)],
  ] as const satisfies readonly (readonly [string, Fault, Partial<ServerBehavior>, readonly number[]])[]
) {
  Deno.test(`after ${name}, the run is searched for ${searchesAtSeconds.length} times in ${searchesAtSeconds.at(-1)} s`, async () => {
    await using stage = await steps({ behavior, faults: [fault] });
    let { submission } = await stage.step(await stage.create());
    const lostAtMs = stage.clock.now();
    while (submission.state === "unconfirmed" && submission.reconciliation?.isAbandoned === false) {
      ({ submission } = await stage.step(submission));
    }
    const searches = stage.simulator.received("get-run").map(({ atMs }) => (atMs - lostAtMs) / 1_000);
    assert.deepEqual(searches, searchesAtSeconds);
    assert.equal(submission.state, "status" in fault && fault.status === 409 ? "pending" : "unconfirmed");
    assert.equal(stage.simulator.received("submit").length, 1);
  });
}

/** Starts a run with the submission's slug, which did not start one itself. */
async function startWithItsSlug(
  { simulator }: Steps,
  { ownSlug }: Submission,
  { user, workflow }: { readonly user: string; readonly workflow: string },
): Promise<void> {
  const response = await fetch(`${simulator.url}/api/workflow-runs`, {
    method: "POST",
    headers: { authorization: `Bearer ${simulator.keyFor(user, "jwt")}`, "content-type": "application/json" },
    body: JSON.stringify({ workflow, inputs: {}, slug: ownSlug }),
  });
  assert.equal(response.status, 200, await response.text());
}

const HOUR_MS = 3_600_000;

for (
  const [name, run, behavior, expected] of [
    ["our own", { user: "demo", workflow: "never-ending" }, {}, "active"],
    ["one of another workflow", { user: "demo", workflow: "quick" }, {}, /belongs to demo, workflow quick/],
    ["another user's", { user: "alice", workflow: "quick" }, { foreignRun: 200 }, /belongs to alice/],
    ["one that we may not read", { user: "alice", workflow: "quick" }, { foreignRun: 403 }, /denied/],
    ["a hidden one", { user: "alice", workflow: "quick" }, { foreignRun: 404 }, "searching"],
    ["our own, by a clock 23 h late", { user: "demo", workflow: "never-ending" }, {
      clockSkewMs: -23 * HOUR_MS,
    }, "active"],
    ["one from two days before", { user: "demo", workflow: "never-ending" }, {
      clockSkewMs: -48 * HOUR_MS,
    }, /belongs to demo, .* but was created more than a day before it was submitted: check this machine's clock$/],
  ] as const satisfies readonly (readonly [
    string,
    { readonly user: string; readonly workflow: string },
    Partial<ServerBehavior>,
    "active" | "searching" | RegExp,
  ])[]
) {
  Deno.test(`a run with the slug of a lost submit: ${name}`, async () => {
    await using stage = await steps({ behavior, faults: [CUT], known: BOTH });
    const { submission: lost } = await stage.step(await stage.create());
    await startWithItsSlug(stage, lost, run);
    const { submission, events } = await stage.step(lost);
    if (expected === "active") return assert.equal(submission.state === "active" && submission.run.slug, lost.ownSlug);
    assert.ok(submission.state === "unconfirmed" && submission.reconciliation !== null);
    assert.equal(submission.reconciliation.isAbandoned, expected !== "searching");
    if (expected === "searching") return;
    // Whose it is will not change: the outcome is unknown at once, even where a second run is impossible.
    assert.match(submission.reconciliation.detail, expected);
    assert.deepEqual(events, []);
  });
}

for (const [slugs, isListed] of [["unique", false], ["ignored", true]] as const) {
  Deno.test(`the run of a lost submit is ours if its workflow was renamed since, slugs ${slugs}`, async () => {
    await using stage = await steps({ behavior: { slugs }, faults: [{ on: "submit", cut: "after-effect" }] });
    const { id } = await stage.deps.client.getWorkflow("never-ending");
    const lost = await stage.step(await stage.create({}, { workflowId: id }));
    const { request } = lost.submission;
    // To the client it is the same as if the workflow had had this name when it was submitted.
    const renamed = { ...lost.submission, request: { ...request, workflow: "old-name" } };
    const before = stage.simulator.received("list-runs").length;
    const { submission } = await stage.step(await stage.deps.store.put(renamed));
    assert.equal(submission.state, "active");
    assert.equal(stage.simulator.received("submit").length, 1);
    assert.equal(stage.simulator.received("list-runs").length > before, isListed);
  });
}

const BOTH: ServerCapabilities = { keepsSlug: true, refusesDuplicateSlug: true };
const LATE = { submitTimeoutMs: 61_000 };

type Expected = "resent" | "searching" | "abandoned" | "not_submitted" | "unsupported";

/** At the last search; after a lost response or, where `lost` is 0, after a 409 alone. */
for (
  const [name, lost, known, parts, options, expected] of [
    ["on a host that keeps our slug and refuses a second one", 1, BOTH, {}, {}, "resent"],
    ["on a host that keeps our slug", 1, { keepsSlug: true }, {}, {}, "abandoned"],
    ["on a host that refuses a second slug", 1, { refusesDuplicateSlug: true }, {}, {}, "abandoned"],
    ["on a host that changes slugs", 1, { ...BOTH, keepsSlug: false }, {}, {}, "abandoned"],
    ["on an unknown host", 1, {}, {}, {}, "abandoned"],
    ["of a submission without a slug", 1, BOTH, { ownSlug: null }, {}, "abandoned"],
    ["at the submit timeout", 1, BOTH, {}, LATE, "abandoned"],
    ["a second before the last search", 1, BOTH, { sinceSeconds: 59 }, {}, "searching"],
    ["before the third search", 1, BOTH, { searches: 1 }, {}, "searching"],
    ["after a refused slug and a lost response", 1, {}, { cause: "slug-rejected" }, {}, "abandoned"],
    ["after a conflict", 0, {}, { cause: "conflict" }, {}, "resent"],
    ["after a conflict, at the submit timeout", 0, {}, { cause: "conflict" }, LATE, "not_submitted"],
    ["after a refused slug", 0, BOTH, { cause: "slug-rejected" }, {}, "unsupported"],
  ] as const satisfies readonly (readonly [
    string,
    0 | 1,
    ServerCapabilities,
    Partial<Parameters<typeof lastSearch>[1]>,
    Partial<AdvanceOptions>,
    Expected,
  ])[]
) {
  Deno.test(`a submit without a run ${name} is ${expected}`, async () => {
    await using stage = await steps({ known });
    const unconfirmed = await lastSearch(stage, { lost, ...parts });
    const { submission, events, error } = await stage.step(unconfirmed, options);
    assert.equal(stateOf(submission), expected);
    assert.equal(error?.kind, submission.state === "rejected" ? submission.kind : undefined);
    assert.deepEqual(await stage.deps.store.get(submission.submissionId), submission);
    assert.equal(stage.simulator.received("submit").length, 0);
    if (submission.state !== "pending") return assert.deepEqual(events, []);
    assert.equal(submission.ownSlug, unconfirmed.ownSlug);
    const waitMs = submission.nextPollAtMs - stage.clock.now();
    assert.ok(waitMs >= 1_000 && waitMs <= 2_000, `${waitMs} ms`);
  });
}

interface LastSearch {
  readonly lost: 0 | 1;
  readonly ownSlug?: null;
  readonly searches?: number;
  readonly sinceSeconds?: number;
  readonly cause?: "conflict" | "slug-rejected" | "response-lost";
}

/** A submission that was first sent a minute ago, and searched for twice. */
async function lastSearch(
  { create, clock, deps }: Steps,
  { lost, ownSlug, searches = 2, sinceSeconds = 60, cause = "response-lost" }: LastSearch,
): Promise<UnconfirmedSubmission> {
  const pending = await create();
  assert.equal(pending.state, "pending");
  const retryingSinceMs = clock.now();
  clock.advance(60_000);
  return await deps.store.put({
    ...pending,
    state: "unconfirmed",
    ownSlug: ownSlug === undefined ? pending.ownSlug : ownSlug,
    attempts: 1,
    lostResponses: lost,
    sentAtMs: clock.now(),
    retryingSinceMs,
    reconciliation: aReconciliation({ cause, searches, sinceMs: clock.now() - 1_000 * sinceSeconds }),
  });
}

function stateOf(submission: Submission): string {
  if (submission.state === "rejected") return submission.kind;
  if (submission.state !== "unconfirmed") return submission.state === "pending" ? "resent" : submission.state;
  return submission.reconciliation?.isAbandoned === true ? "abandoned" : "searching";
}

for (const isAbandoned of [null, true]) {
  Deno.test(`a submission that ${isAbandoned ? "was abandoned" : "this program left unconfirmed"} is searched for from the start`, async () => {
    await using stage = await steps({ faults: [{ ...CUT, cut: "after-effect" }] });
    const { submission: lost } = await stage.step(await stage.create());
    assert.ok(lost.state === "unconfirmed");
    const reconciliation = isAbandoned === null ? null : aReconciliation({ isAbandoned, detail: "cut", searches: 7 });
    const left = await stage.deps.store.put({ ...lost, reconciliation });
    stage.clock.advance(HOUR_MS);
    const { submission: begun, events } = await stage.step(left);
    assert.ok(begun.state === "unconfirmed");
    const { detail, searches, searchForMs, sinceMs } = begun.reconciliation ?? aReconciliation();
    assert.deepEqual([searches, searchForMs, sinceMs], [0, 60_000, stage.clock.now()]);
    assert.match(detail, isAbandoned ? /^cut$/ : /this program ended before the response arrived/);
    assert.deepEqual(events.map(({ type }) => type), ["submit-delayed"]);
    assert.equal(stage.simulator.received("get-run").length, 0);
    const { submission } = await stage.step(begun);
    assert.equal(submission.state === "active" && submission.run.slug, lost.ownSlug);
  });
}

for (
  const [name, fail, options, expectedSeconds] of [
    ["for a moment", (simulator) => simulator.addFaults({ on: "get-run", status: 503 }), {}, [0.9, 1]],
    ["with Retry-After", (simulator) => simulator.addFaults({ on: "get-run", status: 503, retryAfter: "40" }), {}, [
      40,
      41,
    ]],
    [
      "with Retry-After beyond the limit of an outage",
      (simulator) => simulator.addFaults({ on: "get-run", status: 503, retryAfter: "40" }),
      { unreachableTimeoutMs: 20_000 },
      [20, 20],
    ],
    ["in its list", (simulator) => simulator.addFaults({ on: "list-runs", status: 502 }), {}, [0.9, 1]],
    ["without a limit of an outage", (simulator) => simulator.addFaults({ on: "get-run", status: 503 }), {
      unreachableTimeoutMs: null,
    }, [0.9, 1]],
    ["because the key is refused", (simulator) => simulator.expireKeys("demo"), {}, [0.9, 1]],
    ["when no outage is allowed", (simulator) => simulator.addFaults({ on: "get-run", status: 503 }), {
      unreachableTimeoutMs: 0,
    }, null],
  ] as const satisfies readonly (readonly [
    string,
    (simulator: Simulator) => void,
    Partial<AdvanceOptions>,
    readonly [number, number] | null,
  ])[]
) {
  Deno.test(`a search that fails ${name} ${expectedSeconds === null ? "is given up" : "finds nothing, and is repeated"}`, async () => {
    await using stage = await steps({ faults: [CUT], known: BOTH });
    const { submission: lost } = await stage.step(await stage.create());
    fail(stage.simulator);
    const { submission, error } = await stage.step(lost, options);
    assert.ok(submission.state === "unconfirmed" && error !== undefined);
    assert.equal(submission.reconciliation?.searches, 0);
    assert.equal(submission.reconciliation?.isAbandoned, expectedSeconds === null);
    if (expectedSeconds === null) return;
    const waitSeconds = (submission.nextPollAtMs - stage.clock.now()) / 1_000;
    assert.ok(waitSeconds >= expectedSeconds[0] && waitSeconds <= expectedSeconds[1], `${waitSeconds} s`);
  });
}

Deno.test("a search that fails after others have found nothing has only begun to fail", async () => {
  await using stage = await steps({ faults: [{ on: "submit", status: 504 }], known: BOTH });
  let { submission, error } = await stage.step(await stage.create());
  for (let search = 1; search < 9; search++) ({ submission } = await stage.step(submission));
  stage.simulator.addFaults({ on: "get-run", status: 503 });
  ({ submission, error } = await stage.step(submission, { unreachableTimeoutMs: 20_000 }));
  assert.ok(submission.state === "unconfirmed" && error !== undefined);
  assert.deepEqual([submission.reconciliation?.searches, submission.reconciliation?.isAbandoned], [8, false]);
});

Deno.test("a search whose key is refused is repeated for as long as it takes to find nothing, then given up", async () => {
  await using stage = await steps({ faults: [CUT], known: BOTH });
  let { submission, error } = await stage.step(await stage.create());
  const lostAtMs = stage.clock.now();
  stage.simulator.expireKeys("demo");
  while (submission.state === "unconfirmed" && submission.reconciliation?.isAbandoned === false) {
    ({ submission, error } = await stage.step(submission, { unreachableTimeoutMs: 20_000 }));
  }
  assert.ok(submission.state === "unconfirmed" && error?.kind === "credential_refused");
  const tookMs = stage.clock.now() - lostAtMs;
  assert.equal(tookMs, 60_000);
  assert.ok(stage.simulator.received("get-run").length < 20);
});

Deno.test("a search that finds nothing does not undo that another process found the run", async () => {
  await using stage = await steps({ known: BOTH, behavior: { readLagMs: 1_000, listLagMs: 1_000 } });
  const stale = await lastSearch(stage, { lost: 1 });
  await startWithItsSlug(stage, stale, { user: "demo", workflow: "never-ending" });
  stage.clock.advance(1_000);
  const { submission: found } = await stage.step(stale);
  assert.equal(found.state, "active");
  stage.simulator.setBehavior({ readLagMs: Infinity, listLagMs: Infinity });
  const { submission, events } = await stage.step(stale);
  assert.deepEqual([submission, events], [found, []]);
});
