import assert from "node:assert/strict";
import { durationsLike, type EarlierRun, likenessOf, loadEarlierRuns } from "../../lib/runs/experience.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Submission } from "../../lib/submission.ts";
import { depsFor } from "../support/deps.ts";
import { aFinishedSubmission, anActiveSubmission, aRun, aStoredRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();
const NOW_MS = Date.UTC(2026, 0, 5, 9);
function ended(seconds: number, parts: Partial<EarlierRun> = {}): EarlierRun {
  return { durationMs: 1_000 * seconds, hasEnded: true, inputsHash: null, clusters: null, ...parts };
}

/** What is loaded when the run store has these submissions, and how many lists of runs that took. */
async function load(...submissions: readonly Submission[]) {
  const clock = virtualClock(NOW_MS);
  await using simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  const owner = { host: deps.client.host, user: "demo" };
  for (const [index, submission] of submissions.entries()) {
    await deps.store.put({ ...submission, owner, submissionId: `s${index}`, createdAtMs: 1_000 + index });
  }
  const runs = await loadEarlierRuns(deps, { owner, workflow: "long", slug: "this-one" }, { signal });
  return {
    runs: runs.map(({ durationMs, hasEnded }) => [durationMs / 1_000, hasEnded]),
    lists: simulator.received("list-runs").length,
  };
}

function finished(seconds: number, status: "completed" | "failed" | "cancelled" | "unknown" = "completed") {
  const submission = aFinishedSubmission({ request: aStoredRequest({ workflow: "long" }) });
  return { ...submission, result: { ...submission.result, status, durationSeconds: seconds } };
}

Deno.test("earlier runs come from the run store: failed ones count, cancelled and running ones have no end", async () => {
  const request = aStoredRequest({ workflow: "long" });
  const running = anActiveSubmission({ request, startedAtMs: NOW_MS - 30_000, run: aRun({ slug: "another" }) });
  const tracked = anActiveSubmission({ request, run: aRun({ slug: "this-one" }) });
  const found = await load(finished(10), finished(20, "failed"), finished(5, "cancelled"), running, tracked);
  assert.deepEqual(found.runs, [[30, false], [5, false], [20, true], [10, true]]);
  assert.equal(found.lists, 0);
});

Deno.test("a deleted run and one of another workflow do not count", async () => {
  const other = { ...finished(10), request: aStoredRequest({ workflow: "other" }) };
  assert.deepEqual((await load(finished(10, "unknown"), other)).runs, []);
});

Deno.test("only the latest 50 that ended are used", async () => {
  const found = await load(...Array.from({ length: 70 }, (_, index) => finished(index)));
  assert.equal(found.runs.length, 50);
  assert.deepEqual([found.runs[0], found.runs.at(-1)], [[69, true], [20, true]]);
});

Deno.test("durationsLike() prefers the same inputs, then the same cluster, then the workflow", () => {
  const runs = [
    ended(1, { inputsHash: "a", clusters: "one" }),
    ended(2, { inputsHash: "a", clusters: "one" }),
    ended(3, { inputsHash: "b", clusters: "one" }),
    ended(4, { inputsHash: "c", clusters: "two" }),
    ended(9, { inputsHash: "b", clusters: "one", hasEnded: false }),
  ];
  const like = (inputsHash: string | null, clusters: string | null) => durationsLike(runs, { inputsHash, clusters });
  assert.deepEqual(like("a", "one"), { endedMs: [1_000, 2_000], censoredMs: [] });
  assert.deepEqual(like("b", "one"), { endedMs: [1_000, 2_000, 3_000], censoredMs: [9_000] });
  assert.deepEqual(like("c", "two"), { endedMs: [1_000, 2_000, 3_000, 4_000], censoredMs: [9_000] });
  assert.deepEqual(like(null, null), like("c", "two"));
});

Deno.test("likenessOf() recognizes clusters by name, address and id", () => {
  const clusters = (inputs: Parameters<typeof aStoredRequest>[0]) => likenessOf(aStoredRequest(inputs)).clusters;
  assert.equal(clusters({ inputs: { count: 3 } }), null);
  const named = clusters({ inputs: { cluster: { resource: { id: "1", name: "gpu" } }, count: 3 } });
  assert.equal(named, clusters({ inputs: { count: 4, cluster: { resource: { name: "gpu", id: "1", ip: "x" } } } }));
  assert.notEqual(named, clusters({ inputs: { cluster: { resource: { id: "2", name: "cpu" } } } }));
  assert.equal(clusters({ inputs: { where: "pw://demo/gpu" } }), ".where=pw://demo/gpu");
  assert.equal(clusters({ inputs: null, inputsWithoutSecrets: { resource: "gpu" } }), ".resource=gpu");
  assert.equal(clusters({ inputs: null, inputsWithoutSecrets: null }), null);
});
