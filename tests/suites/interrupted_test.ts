/** The attempt of a case whose suite was interrupted. */

import assert from "node:assert/strict";
import { endOfSubmission } from "../../lib/runs/retry_policy.ts";
import type { TaskEnd } from "../../lib/runs/retry_policy.ts";
import type { Submission } from "../../lib/submission.ts";
import { newState } from "../../lib/suites/case_state.ts";
import { judgeInterrupted } from "../../lib/suites/interrupted.ts";
import { planSuites } from "../../lib/suites/plan.ts";
import { readSuites } from "../../lib/suites/read_suite.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
} from "../support/records.ts";

const SEARCHING = { cause: "response-lost", detail: "cut", sinceMs: 0, searches: 9, searchForMs: 0 } as const;
const ABANDONED = anUnconfirmedSubmission({ reconciliation: { ...SEARCHING, isAbandoned: true } });
const LEGACY = anActiveSubmission({ runId: { type: "number", workflow: "quick", number: 47 } });
const FINISHED = aFinishedSubmission();
const OPEN = (submission: Submission): TaskEnd => ({ type: "open", attempt: 1, submission });
const ENDED = (submission: Submission): TaskEnd => endOfSubmission(submission, { attempt: 1 }) ?? OPEN(submission);

for (
  const [what, end, before, submitted, status, reason] of [
    ["a run that this process started", OPEN(anActiveSubmission()), null, "yes", "stopped", / continues, /],
    ["a run of an earlier process", OPEN(anActiveSubmission()), anActiveSubmission(), "no", "stopped", / continues, /],
    [
      "a run that an earlier process planned but did not send",
      OPEN(anActiveSubmission()),
      aPendingSubmission(),
      "yes",
      "stopped",
      / continues, /,
    ],
    ["a submit without a response", OPEN(anUnconfirmedSubmission()), null, "unknown", "unknown", / is not known, /],
    ["a run of a legacy server", OPEN(LEGACY), null, "yes", "stopped", /its run quick#47 continues, /],
    [
      "a run of a legacy server that has ended",
      ENDED({ ...FINISHED, result: { ...FINISHED.result, slug: null, workflowName: "quick", runNumber: 47 } }),
      LEGACY,
      "no",
      "completed",
      /its run quick#47 has ended, /,
    ],
    [
      "a submit without a response to a legacy server",
      OPEN(anUnconfirmedSubmission({ ownSlug: null })),
      null,
      "unknown",
      "unknown",
      /whether it has started a run of \S+ is not known, /,
    ],
    [
      "a submit that was searched for in vain",
      ENDED(ABANDONED),
      ABANDONED,
      "unknown",
      "unknown",
      / is not known, /,
    ],
    [
      "a run that has ended",
      ENDED(aFinishedSubmission()),
      anActiveSubmission(),
      "no",
      "completed",
      / has ended, /,
    ],
  ] as const
) {
  Deno.test(`the attempt of an interrupted case with ${what} states that this call submitted it: ${submitted}`, async () => {
    const readTextFile = () => Promise.resolve("version: 1\ncases: [{ name: a, workflow: quick }]\n");
    const suites = await readSuites(["a.suite.yaml"], { readTextFile, nowMs: 0 });
    const [planned] = await planSuites(suites, { environment: null, env: () => undefined, overrides: {} });
    assert.ok(planned !== undefined);
    const facts = { key: "a", givenInputs: {}, clusters: [], offReason: null, warnings: [], secrets: [] };
    const state = newState({ ...planned, ...facts });
    const previous = before === null
      ? []
      : [["a", { previous: { attempt: 1, last: before, ended: [] }, ended: [] }]] as const;
    const judgement = judgeInterrupted(state, end, {
      signal: new AbortController().signal,
      requiresResources: false,
      urlOf: () => null,
      earlier: new Map(),
      redact: () => {},
      previous: new Map(previous),
    });
    assert.equal(judgement.verdict, "not-judged");
    assert.match(judgement.reason ?? "", reason);
    assert.deepEqual(
      state.attempts.map((attempt) => [attempt.end.type === "error" && attempt.end.error.submitted, attempt.status]),
      [[submitted, status]],
    );
  });
}
