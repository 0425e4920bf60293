import assert from "node:assert/strict";
import {
  CredentialError,
  IdempotencyKeyConflict,
  NotSubmitted,
  Rejected,
  type RunnerError,
  Unavailable,
} from "../../lib/errors.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { isSession, resultAfter, timeoutResult } from "../../lib/runs/track_result.ts";
import type { RunResult } from "../../lib/result.ts";
import type { Submission } from "../../lib/submission.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aReconciliation,
  aRejectedSubmission,
  aRun,
  aRunDetail,
} from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const SLUG = "hello-world-abcdefghijklmnop";
const { unreachableTimeoutMs } = DEFAULT_EXECUTE;
const OPTIONS = {
  ...DEFAULT_EXECUTE,
  submitted: "yes",
  refusedPolls: 0,
  signal: new AbortController().signal,
} as const;

Deno.test("a run is a session if it redirects to one", () => {
  const redirect = { kind: "session", name: "notebook", url: "/me/session" } as const;
  assert.equal(isSession(aRunDetail({ redirect })), true);
  assert.equal(isSession(aRunDetail({ redirect: { ...redirect, kind: "link" } })), false);
  assert.equal(isSession(aRunDetail()), false);
  // A listed run does not show where it redirects to.
  assert.equal(isSession(aRun()), false);
});

for (
  const [what, submission] of [
    ["is pending", aPendingSubmission()],
    ["was sent", anUnconfirmedSubmission()],
    ["is searched for", anUnconfirmedSubmission({ reconciliation: aReconciliation() })],
    ["is running", anActiveSubmission()],
    ["has not responded for less than the unreachable timeout", unreachableFor(unreachableTimeoutMs - 1)],
  ] as const
) {
  Deno.test(`resultAfter() is not final while a submission ${what}`, async () => {
    assert.equal(await after(submission), undefined);
  });
}

for (
  const [ownSlug, where] of [
    [SLUG, `for run ${SLUG}`],
    [null, "the runs of hello-world on the platform"],
  ] as const
) {
  Deno.test(`resultAfter() of an abandoned search asks to check ${where}`, async () => {
    const reconciliation = aReconciliation({ isAbandoned: true });
    const result = await after(anUnconfirmedSubmission({ ownSlug, reconciliation }));
    assert.deepEqual([result?.kind, result?.submitted, result?.slug], ["submit_unknown", "unknown", ownSlug]);
    assert.equal(
      result?.message,
      `Outcome unknown: a run may have been started (cut); check ${where} before submitting again`,
    );
  });
}

Deno.test("resultAfter() of a run that ended states whether this call started it, whichever process stored the result", async () => {
  const submission = aFinishedSubmission();
  assert.equal(submission.result.submitted, "yes");
  for (const submitted of ["yes", "no", "unknown"] as const) {
    assert.deepEqual(await after(submission, { submitted }), { ...submission.result, submitted });
  }
});

Deno.test("resultAfter() throws that a key belongs to another run, even one that has ended", async () => {
  const error = new IdempotencyKeyConflict("Cannot submit: the key is in use");
  await assert.rejects(after(aFinishedSubmission(), { error }), (thrown) => thrown === error);
  assert.equal((await after(aFinishedSubmission(), { error: busy() }))?.kind, "completed");
});

for (
  const [kind, type] of [
    ["not_submitted", NotSubmitted],
    ["rejected", Rejected],
    ["invalid_inputs", Rejected],
  ] as const
) {
  Deno.test(`resultAfter() throws ${type.name} for a submission that another process stored as ${kind}`, async () => {
    await assert.rejects(after(aRejectedSubmission({ kind })), (thrown) => {
      assert.ok(thrown instanceof type);
      assert.equal(thrown.message, "No");
      return true;
    });
  });
}

Deno.test("resultAfter() throws the error itself where this process saw the rejection", async () => {
  const error = new Rejected("Cannot submit: field x is missing");
  await assert.rejects(after(aRejectedSubmission({ kind: "not_submitted" }), { error }), (thrown) => thrown === error);
});

for (const [refusedPolls, kind] of [[0, undefined], [1, undefined], [2, "credential_expired"]] as const) {
  Deno.test(`resultAfter() is ${kind ?? "not final"} after ${refusedPolls} polls in a row that refused the key`, async () => {
    const error = new CredentialError("credential_refused", `Cannot read run ${SLUG}: refused (401)`);
    const result = await after(anActiveSubmission(), { error, refusedPolls });
    assert.equal(result?.kind, kind);
    if (result === undefined) return;
    assert.deepEqual([result.status, result.submitted], ["unknown", "yes"]);
    assert.equal(result.message, `Cannot read run ${SLUG}: refused (401). Run ${SLUG} is still running`);
  });
}

Deno.test("resultAfter() ends at the unreachable timeout, if there is one, and states that the run goes on", async () => {
  const submission = unreachableFor(unreachableTimeoutMs);
  const result = await after(submission, { error: busy() });
  assert.deepEqual([result?.kind, result?.status], ["connection_lost", "unknown"]);
  assert.equal(result?.message, `Cannot read run: busy (503). Run ${SLUG} is still running`);
  assert.equal(
    (await after(submission))?.message,
    `The server does not respond. Run ${SLUG} is still running`,
  );
  assert.equal(await after(submission, { unreachableTimeoutMs: null }), undefined);
});

Deno.test("resultAfter() asks for a session only while its run is running", async () => {
  const redirect = { kind: "session", name: "notebook", url: "/me/session" } as const;
  const request = { ...anActiveSubmission().request, startsSession: true };
  const submissions = [
    anActiveSubmission({ request }),
    anActiveSubmission({ run: aRunDetail({ redirect }) }),
    anActiveSubmission(),
    anActiveSubmission({ request, run: aRun({ status: "failed" }) }),
  ];
  const kindsOf = async (isHealthy: boolean) => {
    const results = await Promise.all(submissions.map((submission) => after(submission, { isHealthy })));
    return results.map((result) => result?.kind);
  };
  assert.deepEqual(await kindsOf(false), [undefined, undefined, undefined, undefined]);
  assert.deepEqual(await kindsOf(true), ["session_ready", "session_ready", undefined, undefined]);
});

Deno.test("timeoutResult() states how long was waited, and only of a run that is known", () => {
  const result = timeoutResult(anActiveSubmission(), { ...OPTIONS, timeoutMs: 90_000, submitted: "no" });
  assert.deepEqual([result?.kind, result?.status, result?.submitted], ["timeout", "timeout", "no"]);
  assert.equal(result?.message, `Run ${SLUG} is still running: stopped waiting after 1m 30s`);
  const short = timeoutResult(anActiveSubmission(), { ...OPTIONS, timeoutMs: 500, submitted: "no" });
  assert.equal(short?.message, `Run ${SLUG} is still running: stopped waiting after 0.5s`);
  for (const submission of [aPendingSubmission(), anUnconfirmedSubmission(), aFinishedSubmission()]) {
    assert.equal(timeoutResult(submission, OPTIONS), undefined);
  }
});

function busy(): RunnerError {
  return new Unavailable("Cannot read run: busy (503)", { status: 503 });
}

function unreachableFor(durationMs: number): Submission {
  return anActiveSubmission({ unreachableSinceMs: virtualClock().now() - durationMs });
}

/** Where the server has a session of the run, which is healthy if the test wants that. */
async function after(
  submission: Submission,
  { error, isHealthy = false, ...parts }: Partial<Parameters<typeof resultAfter>[2]> & {
    readonly error?: RunnerError | undefined;
    readonly isHealthy?: boolean;
  } = {},
): Promise<RunResult | undefined> {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  const request = { workflow: "open-notebook", inputs: {}, slug: SLUG, displayName: null, consent: null };
  await deps.client.submit(request, OPTIONS);
  if (isHealthy) clock.advance(60_000);
  const advanced = { submission, events: [], ...(error === undefined ? {} : { error }) };
  return await resultAfter(deps, advanced, { ...OPTIONS, ...parts });
}
