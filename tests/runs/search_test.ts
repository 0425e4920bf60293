/** Whose run it is: each property that distinguishes our run from another one with our slug. */

import assert from "node:assert/strict";
import { listRunsWithTag, searchForRun, type SearchResult, type SearchTarget } from "../../lib/runs/search.ts";
import { BadResponse } from "../../lib/errors.ts";
import type { Run } from "../../lib/run.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aPendingSubmission, aRunDetail } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();
const CREATED_MS = Date.UTC(2026, 0, 5, 9);
const KEY = { text: "nightly", attempt: 1 };
const TAG = aPendingSubmission().correlationTag;
const OUR_ID = "a".repeat(24);
const hoursLater = (hours: number) => ({ createdAt: new Date(CREATED_MS + hours * 3_600_000).toISOString() });

for (
  const [what, parts, want] of [
    ["of this user, created now", {}, "ours"],
    ["of this user, spelled with other capitals", { user: "Demo" }, "ours"],
    ["of another user", { user: "mallory" }, "foreign"],
    ["of an unnamed user", { user: "" }, "ours"],
    ["of another workflow", { workflowName: "other" }, "foreign"],
    ["of an unnamed workflow", { workflowName: null }, "ours"],
    ["of our workflow's id by another name", { workflowName: "renamed", workflowId: OUR_ID }, "ours"],
    ["of another workflow's id by another name", { workflowName: "renamed", workflowId: "f".repeat(24) }, "foreign"],
    ["of another user's workflow of our id", { user: "mallory", workflowName: "x", workflowId: OUR_ID }, "foreign"],
    ["of a workflow that does not exist any more", { workflowName: "removed" }, "foreign"],
    ["created 23 hours earlier by the server's clock", hoursLater(-23), "ours"],
    ["created 25 hours earlier", hoursLater(-25), "foreign"],
    ["created an hour later by the server's clock", hoursLater(1), "ours"],
    ["without a creation time", { createdAt: null }, "ours"],
  ] as const satisfies readonly (readonly [string, Partial<Run>, SearchResult["type"]])[]
) {
  Deno.test(`search() takes a run with our slug ${what} as ${want}`, async () => {
    assert.equal((await searchFor(parts, {})).type, want);
  });
}

for (
  const [what, parts, want] of [
    ["created days earlier", hoursLater(-100), "ours"],
    ["of another user", { user: "mallory" }, "foreign"],
    ["with the hash of our inputs", { displayName: `x [${TAG}.01234567]` }, "ours"],
    ["with the hash of other inputs", { displayName: `x [${TAG}.76543210]` }, "other-inputs"],
    ["with another tag and hash", { displayName: "x [ponmlkjihgfedcba.76543210]" }, "ours"],
  ] as const satisfies readonly (readonly [string, Partial<Run>, SearchResult["type"]])[]
) {
  Deno.test(`search() with an idempotency key takes a run ${what} as ${want}`, async () => {
    assert.equal((await searchFor(parts, { idempotencyKey: KEY })).type, want);
  });
}

Deno.test("a search reads no page beyond the runs that may have been started with it, where the newest come first", async () => {
  for (const [listOrder, isShort] of [["newest", true], ["oldest", false]] as const) {
    const clock = virtualClock(CREATED_MS);
    await using simulator = await startSimulator({ clock, behavior: { maxLimit: 10, listOrder } });
    const { client } = await depsFor(simulator, { clock });
    const { runs: [newest] } = await client.listRuns({ search: "hello-world-00046", limit: 1, signal });
    assert.ok(newest);
    const before = simulator.received("list-runs").length;
    await listRunsWithTag({ client }, aPendingSubmission({ createdAtMs: CREATED_MS }), { startedWith: newest, signal });
    const pages = simulator.received("list-runs").length - before;
    assert.equal(pages <= 2, isShort, `${listOrder}: ${pages} pages`);
  }
});

Deno.test("of more runs than a key's run can be searched among, the error names what makes the search unneeded", async () => {
  const clock = virtualClock(CREATED_MS);
  await using simulator = await startSimulator({ clock, behavior: { maxLimit: 2 } });
  const { client } = await depsFor(simulator, { clock });
  const request = { workflow: "quick", inputs: {}, slug: null, displayName: null, consent: null };
  for (let runs = 0; runs < 110; runs++) await client.submit(request, { signal });
  const submission = aPendingSubmission({ createdAtMs: CREATED_MS, idempotencyKey: KEY });
  await assert.rejects(searchForRun({ client }, submission, { signal }), (error) => {
    assert.ok(error instanceof BadResponse);
    assert.match(error.message, /^Cannot find the run: only 1\d\d of \d+ runs could be searched$/);
    assert.match(error.hint ?? "", /^Start a run without an idempotency key: /);
    return true;
  });
});

Deno.test("runs with one key are found together if their workflow was renamed since one of them was seen", async () => {
  const clock = virtualClock(CREATED_MS);
  await using simulator = await startSimulator({ clock });
  const { client } = await depsFor(simulator, { clock });
  const submission = aPendingSubmission({ createdAtMs: CREATED_MS, idempotencyKey: KEY });
  const displayName = `x [${TAG}]`;
  const request = { workflow: submission.request.workflow, inputs: {}, slug: null, displayName, consent: null };
  const submit = async () => {
    const response = await client.submit({ ...request, workflow: "quick" }, { signal });
    assert.ok(response.type === "accepted", response.type);
    return response.run;
  };
  const [seen, other] = [await submit(), await submit()];
  for (
    const [startedWith, slugs] of [
      // As it was seen under the old name, and as one that the list does not show.
      [{ ...seen, workflowName: request.workflow }, [seen.slug, other.slug]],
      [{ ...seen, id: "f".repeat(24), workflowName: request.workflow }, []],
    ] as const
  ) {
    const found = await listRunsWithTag({ client }, submission, { startedWith, signal });
    assert.deepEqual(found.map(({ slug }) => slug).sort(), [...slugs].sort());
  }
});

async function searchFor(run: Partial<Run>, target: Partial<SearchTarget>): Promise<SearchResult> {
  const clock = virtualClock(CREATED_MS);
  await using simulator = await startSimulator({ clock });
  const { client } = await depsFor(simulator, { clock });
  const submission = aPendingSubmission({ createdAtMs: CREATED_MS });
  const request = { ...submission.request, inputsHash: "0123456789abcdef", workflowId: OUR_ID };
  const shown = aRunDetail({ ...hoursLater(0), ...run });
  return await searchForRun({ client: { ...client, getRun: () => Promise.resolve(shown) } }, {
    ...submission,
    request,
    ...target,
  }, { signal });
}
