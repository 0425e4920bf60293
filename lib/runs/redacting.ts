import { redactedValues } from "../inputs/secrets.ts";
import { createRedactor, redactDeep, redactError, type Redactor } from "../redact.ts";
import type { Run, RunDetail } from "../run.ts";
import type { Submission } from "../submission.ts";
import type { Client } from "../platform/client.ts";
import type { Deps } from "./deps.ts";

/** Knows the secrets of one submission; `null` if they are not known. */
function redactorFor({ request }: Pick<Submission, "request">, inputs = request.inputs): Redactor | null {
  if (inputs === null && request.secretPaths.length > 0) return null;
  return createRedactor(redactedValues({ ...request, inputs }));
}

/**
 * The dependencies as one submission may see them: the texts of a server are redacted where they enter, so that nothing
 * that is stored, reported or thrown repeats a secret. A process that no longer knows the secrets takes them from the
 * inputs that the platform repeats; these are then removed.
 */
export function redactingDeps(deps: Deps, submission: Pick<Submission, "request">): Deps {
  let known = redactorFor(submission);
  const redact = () => known ?? createRedactor([]);
  const client: Client = {
    ...deps.client,
    // A submission whose secrets are not known is not sent.
    async submit(request, options) {
      const response = await deps.client.submit(request, options);
      if (response.type === "accepted") return { ...response, run: redactedRun(response.run, known) };
      return { ...response, error: redactError(response.error, redact()) };
    },
    async getRun(runId, options) {
      const run = await redactingErrors(() => deps.client.getRun(runId, options));
      known ??= redactorFor(submission, run.inputs);
      return redactedRun(run, known);
    },
    async listRuns(query) {
      const page = await redactingErrors(() => deps.client.listRuns(query));
      return { ...page, runs: page.runs.map((run) => redactedRun(run, known)) };
    },
    async readRunFile(runId, path, options) {
      return redactDeep(await redactingErrors(() => deps.client.readRunFile(runId, path, options)), redact());
    },
    cancelRun: (runId, options) => redactingErrors(() => deps.client.cancelRun(runId, options)),
  };
  async function redactingErrors<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw redactError(error, redact());
    }
  }
  return { ...deps, client };
}

/** A run as it may be stored: without its inputs, which hold the secrets, and without what repeats them. */
export function withoutSecretsOf<R extends Run | RunDetail>(submission: Pick<Submission, "request">, run: R): R {
  return redactedRun(run, redactorFor(submission, submission.request.inputs ?? ("inputs" in run ? run.inputs : null)));
}

/**
 * Redacts texts only. What identifies a run or is one of several terms stays: a secret like `test` may be a part of it.
 *
 * @param redact `null` if the secrets are not known.
 */
function redactedRun<R extends Run | RunDetail>(run: R, redact: Redactor | null): R {
  const clean = redact ?? createRedactor([]);
  const texts = {
    statusReason: run.statusReason === null || redact === null ? null : redact(run.statusReason),
    displayName: run.displayName === null ? null : redactedName(run.displayName, clean),
    platformStatus: run.isStatusKnown ? run.platformStatus : clean(run.platformStatus),
  };
  if (!("jobs" in run)) return { ...run, ...texts };
  const jobs = run.jobs.map((job) => ({
    ...job,
    outputs: redactDeep(job.outputs, clean),
    steps: job.steps.map((step) => ({ ...step, name: clean(step.name) })),
  }));
  return { ...run, ...texts, jobs, links: redactDeep(run.links, clean), inputs: null };
}

/** The correlation tag at its end identifies the run. */
function redactedName(name: string, redact: Redactor): string {
  const tagAt = name.search(/\[[^[\]]*\]$/);
  return tagAt === -1 ? redact(name) : redact(name.slice(0, tagAt)) + name.slice(tagAt);
}
