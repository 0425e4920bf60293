/** An occurrence that runs a suite. Its submission is never sent: it represents the runs of the cases. */

import { cachingClient } from "../batches/check_rows.ts";
import { type CreateSubmissionOptions, putBeforeSending } from "../runs/create_submission.ts";
import { NOT_SENT } from "../runs/create_submission.ts";
import type { Origin, PendingSubmission } from "../submission.ts";
import { type Budget, budgetsIn } from "../suites/budget.ts";
import { planSuites } from "../suites/plan.ts";
import { type CheckedCase, preflight } from "../suites/preflight.ts";
import { readSuites } from "../suites/read_suite.ts";
import { selectCases } from "../suites/select.ts";
import { withoutRun } from "./report_occurrences.ts";
import type { Schedule } from "./schedule.ts";
import type { PrepareParts, Service } from "./service.ts";

/**
 * The cases of a suite file, as `test` runs them without options.
 *
 * @throws InvalidInputs with all problems of the file, or of its cases; the client's errors.
 */
export async function checkSuite(
  { deps: { client, clock }, readTextFile, env }: PrepareParts,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly cases: readonly CheckedCase[]; readonly budgets: readonly Budget[] }> {
  const suites = await readSuites([path], { readTextFile, nowMs: clock.now() });
  const planned = await planSuites(suites, { environment: null, env, overrides: {} });
  const selected = selectCases(planned, {
    tags: [],
    cases: [],
    changedFiles: null,
    shard: null,
    repeat: 1,
    order: "file",
    random: () => 0,
  });
  const cases = await preflight({ client: cachingClient(client) }, selected, { signal, checking: "lenient" });
  return { cases, budgets: budgetsIn(suites) };
}

interface CreateSuiteOptions extends Pick<CreateSubmissionOptions, "signal" | "also"> {
  readonly submissionId: string;
  readonly origin: Extract<Origin, { type: "schedule" }>;
}

/** @throws InvalidInputs and the other errors of {@link checkSuite}; NotSubmitted when it cannot be stored. */
export async function createSuite(
  service: Service,
  schedule: Schedule,
  path: string,
  { signal, submissionId, origin, also }: CreateSuiteOptions,
): Promise<PendingSubmission> {
  const { client } = service.deps;
  await checkSuite(service, path, signal);
  const { user } = await client.whoAmI({ signal });
  const submission: PendingSubmission = {
    ...withoutRun(service, schedule),
    submissionId,
    origin: { ...origin, suite: { path, end: null } },
    owner: { host: client.host, user },
    ...NOT_SENT,
  };
  return await putBeforeSending(service.deps, submission, also);
}
