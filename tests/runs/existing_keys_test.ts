/** A key whose submission is in the local history: what becomes of it by its state, its inputs and the policy. */

import assert from "node:assert/strict";
import { IdempotencyKeyConflict } from "../../lib/errors.ts";
import { resultWithoutRun } from "../../lib/runs/view.ts";
import { RETRY_POLICY } from "../../lib/platform/request.ts";
import { claimIdempotencyKey } from "../../lib/runs/idempotency.ts";
import type { KeyPolicy } from "../../lib/runs/options.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Submission } from "../../lib/submission.ts";
import { depsFor } from "../support/deps.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aRejectedSubmission,
  aStoredRequest,
} from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();
const REQUEST = aStoredRequest({ inputsHash: "a".repeat(64) });
const PENDING = aPendingSubmission({ request: REQUEST });
const FAILED = { ...resultWithoutRun("hello-world", "run-1", "it failed"), status: "failed", kind: "failed" } as const;
const RUN_ID = { type: "slug", slug: "run-1" } as const;

interface Claim {
  readonly policy?: KeyPolicy;
  /** Of the attempts with the key, the first one first. */
  readonly existing: readonly Submission[];
  readonly onlyAttempt?: number;
  /** What the server shows of `run-1`. */
  readonly status?: "running" | "completed" | "error" | "deleted" | "unavailable";
}

/** Claims the key on a machine that has these submissions. */
async function claim({ policy = "attach", existing, onlyAttempt, status = "running" }: Claim) {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  if (status !== "deleted") {
    await deps.client.submit(
      { workflow: "never-ending", inputs: {}, slug: "run-1", displayName: null, consent: null },
      { signal },
    );
  }
  const key = (attempt?: number) => ({ text: "night", policy, ...(attempt === undefined ? {} : { attempt }) });
  for (const [index, submission] of existing.entries()) {
    // The id and the slug of the key's attempt.
    const { submissionId, idempotencyKey, correlationTag, ownSlug } = await claimIdempotencyKey(deps, PENDING, {
      ...key(index + 1),
      policy: "attach",
    }, { signal });
    await deps.store.put({ ...submission, submissionId, idempotencyKey, correlationTag, ownSlug });
  }
  if (status === "completed" || status === "error") simulator.overrideStatus("run-1", status);
  // Only while the client tries to read this run: what is searched for afterwards is found.
  if (status === "unavailable") simulator.addFaults({ on: "get-run", status: 503, times: RETRY_POLICY.maxAttempts });
  const claimed = await claimIdempotencyKey(deps, PENDING, key(onlyAttempt), { signal });
  return { claimed, stored: await deps.store.get(claimed.submissionId) };
}

const active = anActiveSubmission({ request: REQUEST, runId: RUN_ID });
const finished = aFinishedSubmission({ request: REQUEST, runId: RUN_ID });
const failed = { ...finished, result: FAILED };
const unsent = { ...finished, result: { ...FAILED, status: "cancelled", kind: "cancelled", submitted: "no" } } as const;
const unsentOfService = { ...unsent, origin: { type: "http" } } as const;
const unknown = { ...finished, result: resultWithoutRun("hello-world", "run-1", "Outcome unknown") };

for (
  const [what, given, state, attempt] of [
    ["a pending submission", { existing: [PENDING] }, "pending", 1],
    ["an unconfirmed one", { existing: [anUnconfirmedSubmission({ request: REQUEST })] }, "unconfirmed", 1],
    ["an active one", { existing: [active] }, "active", 1],
    ["a finished one", { existing: [finished] }, "finished", 1],
    ["one that failed", { existing: [failed] }, "finished", 1],
    [
      "one whose inputs are not known",
      { existing: [{ ...active, request: aStoredRequest({ inputsHash: "" }) }] },
      "active",
      1,
    ],
    ["a rejected one, which started nothing", { existing: [aRejectedSubmission({ request: REQUEST })] }, "pending", 1],
    [
      "a rejected one, under the policy reject",
      { policy: "reject", existing: [aRejectedSubmission({ request: REQUEST })] },
      "pending",
      1,
    ],
    ["one that was cancelled before it was sent", { existing: [unsent] }, "pending", 1],
    ["one of the service that was cancelled before it was sent", { existing: [unsentOfService] }, "finished", 1],
    ["a completed one, unless it failed", { policy: "new-if-failed", existing: [finished] }, "finished", 1],
    ["a failed one, unless it failed", { policy: "new-if-failed", existing: [failed] }, "pending", 2],
    ["two failed ones, unless they failed", { policy: "new-if-failed", existing: [failed, failed] }, "pending", 3],
    [
      "a failed and a running one, unless they failed",
      { policy: "new-if-failed", existing: [failed, active] },
      "active",
      2,
    ],
    [
      "an unconfirmed one, unless it failed",
      { policy: "new-if-failed", existing: [anUnconfirmedSubmission({ request: REQUEST })] },
      "unconfirmed",
      1,
    ],
    ["a running one, unless it failed", { policy: "new-if-failed", existing: [active] }, "active", 1],
    [
      "one that has completed since, unless it failed",
      { policy: "new-if-failed", existing: [active], status: "completed" },
      "active",
      1,
    ],
    [
      "one that has failed since, unless it failed",
      { policy: "new-if-failed", existing: [active], status: "error" },
      "pending",
      2,
    ],
    [
      "one whose run was deleted, unless it failed",
      { policy: "new-if-failed", existing: [active], status: "deleted" },
      "pending",
      2,
    ],
    [
      "one whose run may be one of several, unless it failed",
      { policy: "new-if-failed", existing: [unknown] },
      "finished",
      1,
    ],
    ["the second of two attempts", { existing: [finished, failed], onlyAttempt: 2 }, "finished", 2],
  ] as const satisfies readonly (readonly [string, Claim, Submission["state"], number])[]
) {
  Deno.test(`a key with ${what}, is claimed as attempt ${attempt}, ${state}`, async () => {
    const { claimed, stored } = await claim(given);
    assert.deepEqual([claimed.state, claimed.idempotencyKey], [state, { text: "night", attempt }]);
    // Nothing is stored, and what is stored later replaces the record that was found.
    assert.equal(claimed.revision, stored?.revision ?? 0);
  });
}

Deno.test("a key that attaches to a pending submission takes over the inputs, which may not be stored", async () => {
  const request = { ...REQUEST, inputs: null };
  const { claimed } = await claim({ existing: [aPendingSubmission({ request })] });
  assert.deepEqual(claimed.request.inputs, REQUEST.inputs);
});

for (
  const [what, given, message, command] of [
    [
      "other inputs",
      { existing: [{ ...active, request: aStoredRequest({ inputsHash: "b".repeat(64) }) }] },
      /^Cannot use the idempotency key "night" for hello-world: it was used with different inputs, by run run-1$/,
      /watch run-1$/,
    ],
    [
      "other inputs, of a submission that was rejected",
      { existing: [aRejectedSubmission({ request: aStoredRequest({ inputsHash: "b".repeat(64) }) })] },
      /it was used with different inputs$/,
      /^Use another key$/,
    ],
    [
      "an active submission, under the policy reject",
      { policy: "reject", existing: [active] },
      /it is already in use, by run run-1$/,
      /watch run-1$/,
    ],
    [
      "a finished submission, under the policy reject",
      { policy: "reject", existing: [finished] },
      /it is already in use, by run run-1$/,
      /watch run-1$/,
    ],
    [
      "an unconfirmed submission, under the policy reject",
      { policy: "reject", existing: [anUnconfirmedSubmission({ request: REQUEST })] },
      /it is already in use, by run hello-world-[a-z2-7]{16}$/,
      /watch hello-world-/,
    ],
  ] as const satisfies readonly (readonly [string, Claim, RegExp, RegExp])[]
) {
  Deno.test(`a key with ${what} is refused, and names the run`, async () => {
    await assert.rejects(claim(given), (error) => {
      assert.ok(error instanceof IdempotencyKeyConflict);
      assert.match(error.message, message);
      assert.equal(error.hint, "Use another key");
      assert.match(error.commandHint ?? "", command);
      return true;
    });
  });
}

Deno.test("a key whose run cannot be read is not claimed: whether it failed is unknown", async () => {
  const given = { policy: "new-if-failed", existing: [active], status: "unavailable" } as const;
  await assert.rejects(claim(given), { kind: "unavailable" });
});

Deno.test("a key with a thousand failed runs is a runaway loop", async () => {
  const existing = Array.from({ length: 1_000 }, () => failed);
  await assert.rejects(claim({ policy: "new-if-failed", existing }), {
    kind: "idempotency_key_conflict",
    message: 'Cannot use the idempotency key "night": 1000 runs with it have failed',
  });
});
