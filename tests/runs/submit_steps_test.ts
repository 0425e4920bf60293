/** Single steps of a submit, and what is stored before and after them. */

import assert from "node:assert/strict";
import { StorageError, Unsupported } from "../../lib/errors.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import type { AdvanceOptions } from "../../lib/runs/advance_result.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { sending } from "../../lib/runs/transition.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import type { RunStore } from "../../lib/store/run_store.ts";
import type { Fault } from "../../lib/simulator/simulator.ts";
import type { Submission } from "../../lib/submission.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { type Steps, steps } from "../support/steps.ts";

const KEY = { idempotencyKey: { text: "nightly", policy: "attach" } } as const;

Deno.test("a submission whose inputs held a secret is not sent by a process that does not have them", async () => {
  await using stage = await steps();
  const secret = { inputs: { greeting: "hello", token: "s3cret" }, secretPaths: ["token"] };
  const created = await stage.create({}, secret);
  const stored = await stage.deps.store.get(created.submissionId);
  assert.ok(stored !== undefined);
  assert.deepEqual([stored.request.inputs, stored.request.inputsWithoutSecrets?.["greeting"]], [null, "hello"]);
  const { submission, error, events } = await stage.step(stored);
  assert.equal(submission.state === "rejected" && submission.kind, "not_submitted");
  assert.match(error?.message ?? "", /its inputs contained secrets, which are not stored/);
  assert.deepEqual(events, []);
  assert.equal((await stage.deps.store.get(created.submissionId))?.state, "rejected");
  assert.equal(stage.simulator.received("submit").length, 0);
});

for (const lostResponses of [0, 1]) {
  for (
    const [name, fault, behavior] of [
      ["429", { on: "submit", status: 429 }, {}],
      ...(lostResponses > 0 ? [] : [["a workspace that is off", undefined, { workspace: "Off" }] as const]),
    ] as const
  ) {
    Deno.test(`at the submit timeout, ${name} ends a submit with ${lostResponses} lost responses as ${lostResponses > 0 ? "unknown" : "not submitted"}`, async () => {
      await using stage = await steps({ behavior, faults: fault === undefined ? [] : [fault] });
      const created = await stage.create();
      assert.equal(created.state, "pending");
      const retryingSinceMs = stage.clock.now();
      stage.clock.advance(10 * 60_000);
      const again = await stage.deps.store.put({ ...created, attempts: 3, retryingSinceMs, lostResponses });
      const { submission, error, events } = await stage.step(again);
      assert.equal(submission.state, lostResponses > 0 ? "unconfirmed" : "rejected");
      assert.equal(error?.kind, lostResponses > 0 ? undefined : "not_submitted");
      assert.deepEqual(events, []);
      if (submission.state !== "unconfirmed") return;
      assert.equal(submission.reconciliation?.isAbandoned, true);
      assert.equal(submission.lostResponses, 1);
    });
  }
}

for (const [status, isOurs] of [[400, false], [403, false], [404, false], [422, false], [400, true]] as const) {
  Deno.test(`${status} after a lost response rejects nothing: the run is searched for${isOurs ? ", and found" : ""}`, async () => {
    const lost = { on: "submit", cut: isOurs ? "after-effect" : "before-effect" } as const;
    await using stage = await steps({ faults: [lost, { on: "submit", status }] });
    const { submission: first } = await stage.step(await stage.create());
    assert.ok(first.state === "unconfirmed");
    const { reconciliation: _, ...rest } = first;
    const again = await stage.deps.store.put({ ...rest, state: "pending" });
    const { submission, error } = await stage.step(again);
    assert.ok(submission.state === "unconfirmed" && error === undefined);
    assert.deepEqual([submission.reconciliation?.searchForMs, submission.lostResponses], [60_000, 1]);
    assert.equal((await stage.step(submission)).submission.state, isOurs ? "active" : "unconfirmed");
  });
}

for (const cut of ["before-effect", "after-effect"] as const) {
  Deno.test(`a submit to a legacy server that was cut ${cut} is unknown at once: there is nothing to search for`, async () => {
    await using stage = await steps({ behavior: { apiVersion: "legacy", legacyRead: "run" } });
    const created = await stage.create();
    assert.equal(created.ownSlug, null);
    stage.simulator.addFaults({ on: "submit", cut });
    const { submission, events } = await stage.step(created);
    assert.ok(submission.state === "unconfirmed");
    assert.equal(submission.reconciliation?.isAbandoned, true);
    assert.deepEqual(events, []);
  });
}

Deno.test("a submit to a legacy server whose process ended before the response is unknown after a minute", async () => {
  await using stage = await steps({ behavior: { apiVersion: "legacy", legacyRead: "run" } });
  const created = await stage.create();
  assert.ok(created.state === "pending");
  const sentAtMs = stage.clock.now();
  let submission: Submission = await stage.deps.store.put(sending(created, sentAtMs));
  while (submission.state === "unconfirmed" && submission.reconciliation?.isAbandoned !== true) {
    ({ submission } = await stage.step(submission));
  }
  assert.equal(submission.state, "unconfirmed");
  assert.equal(stage.clock.now() - sentAtMs, 60_000);
  assert.equal(stage.simulator.received("submit").length, 0);
});

for (
  const [options, isWaiting, isDetached] of [[{}, true, false], [{}, false, true], [KEY, false, false]] as const
) {
  Deno.test(`a run ${"idempotencyKey" in options ? "with" : "without"} a key is ${isDetached ? "" : "not "}left alone ${isWaiting ? "with" : "without"} waiting`, async () => {
    await using stage = await steps();
    const { submission } = await stage.step(await stage.create(options), { isWaiting });
    assert.equal(submission.state === "active" && submission.isDetached, isDetached);
  });
}

for (const isSlow of [false, true]) {
  Deno.test(`a submit that was stopped before it was sent ${isSlow ? "is given up after two seconds" : "stores its run"}`, async () => {
    await using stage = await steps({ faults: isSlow ? [{ on: "submit", latencyMs: 10_000 }] : [] });
    const created = await stage.create();
    const reason = new Error("interrupted");
    // The two seconds pass only where they are to.
    using _held = isSlow ? undefined : stage.clock.hold();
    const stepping = stage.step(created, { signal: AbortSignal.abort(reason) });
    if (isSlow) await assert.rejects(stepping, (error) => error === reason);
    else await stepping;
    const stored = await stage.deps.store.get(created.submissionId);
    assert.equal(stored?.state, isSlow ? "unconfirmed" : "active");
  });
}

for (
  const [name, fault, waitsSeconds] of [
    ["503 with Retry-After", { on: "get-run", status: 503, retryAfter: "40" }, [40, 40.2]],
    ["503", { on: "get-run", status: 503 }, [1, 2]],
    ["502 of the list", { on: "list-runs", status: 502 }, [1, 2]],
  ] as const satisfies readonly (readonly [string, Fault, readonly [number, number]])[]
) {
  Deno.test(`a submit with a key that is late waits when the search for another run gets ${name}`, async () => {
    await using stage = await steps({ behavior: { slugs: "ignored" } });
    const created = await stage.create(KEY);
    stage.clock.advance(5_000);
    stage.simulator.addFaults(fault);
    const { submission } = await stage.step(created);
    assert.ok(submission.state === "pending");
    assert.equal(submission.attempts, 1);
    const seconds = (submission.nextPollAtMs - stage.clock.now()) / 1_000;
    assert.ok(seconds >= waitsSeconds[0] && seconds <= waitsSeconds[1], `${seconds} s`);
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

Deno.test("a submit that is stopped during the search for another run sends nothing, and remains pending", async () => {
  const controller = new AbortController();
  const reason = new Error("interrupted");
  let isSearching = false;
  await using stage = await steps({
    behavior: { slugs: "ignored" },
    onStep: (operation, step) => {
      if (isSearching && operation === "list-runs" && step === "arrived") controller.abort(reason);
    },
  });
  const created = await stage.create(KEY);
  stage.clock.advance(5_000);
  isSearching = true;
  const options: Partial<AdvanceOptions> = { signal: controller.signal };
  await assert.rejects(stage.step(created, options), (error) => error === reason);
  assert.equal((await stage.deps.store.get(created.submissionId))?.state, "pending");
  assert.equal(stage.simulator.received("submit").length, 0);
});

for (
  const [legacyRead, isWaiting, isRefused] of [["405", true, true], ["405", false, false], [
    "run",
    true,
    false,
  ]] as const
) {
  Deno.test(`a legacy server that answers ${legacyRead} to a read is ${isRefused ? "refused" : "used"} ${isWaiting ? "with" : "without"} waiting`, async () => {
    await using stage = await steps({ behavior: { apiVersion: "legacy", legacyRead } });
    if (isRefused) return await assert.rejects(stage.create({ isWaiting }), Unsupported);
    assert.equal((await stage.create({ isWaiting })).state, "pending");
  });
}

/** Another machine, after a first one has started the run of the key. */
async function second(
  { simulator, clock, create, step }: Steps,
  change: (store: RunStore) => Partial<RunStore>,
): Promise<{ readonly logged: readonly string[]; readonly store: RunStore; attach(): Promise<Submission> }> {
  await step(await create(KEY));
  const logged: string[] = [];
  const memory = memoryRunStore();
  const store = { ...memory, ...change(memory) };
  const deps: Deps = {
    ...await depsFor(simulator, { clock, store }),
    log: (level, message) => void logged.push(`${level} ${message}`),
  };
  const request = aRequest({ workflow: "never-ending", inputs: {} });
  const options = { ...DEFAULT_EXECUTE, ...KEY, signal: new AbortController().signal };
  return { logged, store: memory, attach: () => createSubmission(deps, request, options) };
}

Deno.test("the run of a key is returned although it can't be stored", async () => {
  await using stage = await steps();
  const put = () => Promise.reject(new StorageError("the disk is full"));
  const { logged, attach } = await second(stage, () => ({ put }));
  const found = await attach();
  assert.equal(found.state === "active" && found.run.slug, stage.simulator.runs()[0]?.slug);
  assert.deepEqual(logged, ["WARNING the disk is full"]);
});

Deno.test("a fault of the program while the run of a key is stored is not taken for one of the disk", async () => {
  await using stage = await steps();
  const { attach } = await second(stage, () => ({ put: () => Promise.reject(new TypeError("a defect")) }));
  await assert.rejects(attach(), TypeError);
});

Deno.test("two processes that find the run of a key store it once", async () => {
  await using stage = await steps();
  const { store, attach } = await second(stage, () => ({}));
  const [one, other] = await Promise.all([attach(), attach()]);
  assert.deepEqual(one, other);
  assert.equal(one.revision, 1);
  assert.deepEqual(await store.get(one.submissionId), one);
});

Deno.test("a submission that can't be stored names the reason once, and its defects are not hidden", async () => {
  for (
    const [error, expected] of [
      [new StorageError("Cannot write the run store: the disk is full", { hint: "Free some space" }), {
        kind: "not_submitted",
        message: "Cannot submit never-ending: cannot write the run store: the disk is full",
        hint: "Free some space",
      }],
      [new TypeError("a defect"), { name: "TypeError", message: "a defect" }],
    ] as const
  ) {
    await using stage = await steps({ store: { ...memoryRunStore(), put: () => Promise.reject(error) } });
    await assert.rejects(stage.create(), expected);
    assert.equal(stage.simulator.received("submit").length, 0);
  }
});
