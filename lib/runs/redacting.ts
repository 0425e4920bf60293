import { findSecrets, redactedValues } from "../inputs/secrets.ts";
import {
  createRedactor,
  redactDeep,
  redactError,
  type Redactor,
  redactorOf,
  SECRET_MASK,
  withoutServerText,
} from "../redact.ts";
import { RunnerError } from "../errors.ts";
import { storeFailureTo } from "../log.ts";
import { formatRunId, type Job, type Run, type RunDetail, type RunId } from "../run.ts";
import type { Submission } from "../submission.ts";
import type { Client } from "../platform/client.ts";
import type { Deps } from "./deps.ts";

/** Of a submission, or of what is about to become one. */
interface RequestSecrets {
  readonly request: Pick<Submission["request"], "inputs" | "secretPaths" | "publicValues">;
}

/** Knows the secrets of one submission; `null` if they are not known. */
function redactorFor({ request }: RequestSecrets, inputs = request.inputs): Redactor | null {
  if (inputs === null && request.secretPaths.length > 0) return null;
  return createRedactor(redactedValues({ ...request, inputs }));
}

/**
 * The dependencies as one submission may see them: the texts of a server are redacted where they enter, so that nothing
 * that is stored, reported or thrown repeats a secret. A process that no longer knows the secrets takes them from the
 * inputs that the platform repeats; these are then removed.
 */
export function redactingDeps(deps: Deps, submission: RequestSecrets): Deps {
  const initial = redactorFor(submission);
  const secretsIn = ({ inputs }: RunDetail) => initial ?? redactorFor(submission, inputs);
  return { ...deps, client: redactingClient(deps.client, initial, secretsIn, { isOwn: true }) };
}

/**
 * The client for reading one run. Its secrets are the inputs whose names suggest a secret and, for a run in the local history, those
 * whose paths are stored.
 */
export async function redactingReads(deps: ReadDeps, runId: RunId): Promise<Client> {
  const secretsIn = async ({ inputs, user }: RunDetail) => {
    const own = await findOwn(deps, runId, user);
    const known = own && redactorFor(own);
    if (known) return known;
    const secretPaths = findSecrets(inputs ?? {}, { form: null, secretPaths: own?.request.secretPaths ?? [] });
    return createRedactor(redactedValues({ inputs, secretPaths, publicValues: own?.request.publicValues ?? [] }));
  };
  // Until the run is read, it may be that of any user.
  const own = await findOwn(deps, runId);
  const initial = own === undefined ? null : redactorFor(own);
  return redactingClient(deps.client, initial, secretsIn, { isOwn: own !== undefined });
}

type ReadDeps = Pick<Deps, "client" | "store" | "log">;

/** The submission in the local history that started this run. @param user Who started it; where it is not known, anyone. */
export async function findOwn(
  { client, store, log }: ReadDeps,
  runId: RunId,
  user = "",
): Promise<Submission | undefined> {
  const owner = { host: client.host, ...user !== "" && { user } };
  return await store.findRun(owner, formatRunId(runId)).catch(storeFailureTo(log));
}

/** What may be reported of an error that was thrown while the secrets of a submission are not known. */
export function redactedFailure(submission: RequestSecrets, error: unknown): unknown {
  return cleanError(error, redactorFor(submission), { isOwn: true });
}

function cleanError(error: unknown, redact: Redactor | null, { isOwn }: { readonly isOwn: boolean }): unknown {
  if (redact === null && isOwn && error instanceof RunnerError) return withoutServerText(error);
  return redactError(error, redact ?? createRedactor([]));
}

/**
 * @param initial `null` while the secrets are not known.
 * @param secretsIn Knows the secrets once the run is known: its user, and the inputs that the platform repeats.
 */
function redactingClient(
  client: Client,
  initial: Redactor | null,
  secretsIn: (run: RunDetail) => Redactor | null | Promise<Redactor>,
  { isOwn }: { readonly isOwn: boolean },
): Client {
  let known = initial;
  let ofRun: Redactor | null = null;
  const redact = () => known ?? createRedactor([]);
  const redactingErrors = <T>(sent: Promise<T>): Promise<T> =>
    sent.catch((error: unknown) => {
      throw cleanError(error, known, { isOwn });
    });
  return {
    ...client,
    // A submission whose secrets are not known is not sent.
    async submit(request, options) {
      const response = await client.submit(request, options);
      if (response.type === "accepted") return { ...response, run: redactedRun(response.run, known) };
      return { ...response, error: redactError(response.error, redact()) };
    },
    async getRun(runId, options) {
      const run = await redactingErrors(client.getRun(runId, options));
      known = ofRun ??= await secretsIn(run);
      return redactedRun(run, known);
    },
    async listRuns(query) {
      const page = await redactingErrors(client.listRuns(query));
      return { ...page, runs: page.runs.map((run) => redactedRun(run, known)) };
    },
    async readRunFile(runId, path, options) {
      return redactDeep(await redactingErrors(client.readRunFile(runId, path, options)), redact());
    },
    async listSessions(options) {
      return redactDeep(await redactingErrors(client.listSessions(options)), redact());
    },
    getWorkflow: (name, options) => redactingErrors(client.getWorkflow(name, options)),
    whoAmI: (options) => redactingErrors(client.whoAmI(options)),
    apiVersion: (options) => redactingErrors(client.apiVersion(options)),
    deleteRun: (runId, options) => redactingErrors(client.deleteRun(runId, options)),
    cancelRun: (runId, options) => redactingErrors(client.cancelRun(runId, options)),
  };
}

/** A run as it may be stored: without its inputs, which hold the secrets, and without what repeats them. */
export function withoutSecretsOf<R extends Run | RunDetail>(submission: RequestSecrets, run: R): R {
  return redactedRun(run, redactorFor(submission, submission.request.inputs ?? ("inputs" in run ? run.inputs : null)));
}

/**
 * Redacts texts only. What identifies a run or is one of several terms stays: a secret like `test` may be a part of it.
 *
 * @param redact `null` if the secrets are not known.
 */
function redactedRun<R extends Run | RunDetail>(run: R, redact: Redactor | null): R {
  // A search reads thousands of them in lists, mostly for a submission that has no secrets.
  if (redact?.maxLength === 0) return "inputs" in run ? { ...run, inputs: null } : run;
  const clean = redact ?? MASK_ALL;
  const texts = {
    statusReason: run.statusReason === null || redact === null ? null : redact(run.statusReason),
    displayName: run.displayName === null ? null : redactedName(run.displayName, clean),
    platformStatus: run.isStatusKnown ? run.platformStatus : clean(run.platformStatus),
    createdAt: redactedTime(run.createdAt, clean),
    completedAt: redactedTime(run.completedAt, clean),
  };
  if (!("jobs" in run)) return { ...run, ...texts };
  const jobs = run.jobs.map((job) => redactedJob(job, clean));
  const redirect = run.redirect && { ...run.redirect, name: clean(run.redirect.name) };
  return { ...run, ...texts, jobs, redirect, links: redactDeep(run.links, clean), inputs: null };
}

function redactedJob({ name, status, steps, outputs, ...job }: Job, redact: Redactor): Job {
  return {
    name: redact(name),
    status: redactedTerm(status, redact),
    ...redactDeep(job, redact),
    outputs: redactDeep(outputs, redact, redact),
    steps: steps.map(({ name, status, annotations, jobs, ...step }) => ({
      name: redact(name),
      status: redactedTerm(status, redact),
      ...redactDeep(step, redact),
      annotations: annotations.map(({ type, ...texts }) => ({ type, ...redactDeep(texts, redact) })),
      jobs: jobs.map((inner) => redactedJob(inner, redact)),
    })),
  };
}

/** Any text may repeat a secret that is not known. */
const MASK_ALL: Redactor = redactorOf((text) => text === "" ? text : SECRET_MASK, []);

/** The platform's terms are single words. */
function redactedTerm(status: string, redact: Redactor): string {
  return /^[\w-]*$/.test(status) ? status : redact(status);
}

function redactedTime(time: string | null, redact: Redactor): string | null {
  return time === null || Number.isFinite(Date.parse(time)) ? time : redact(time);
}

/** The correlation tag at its end identifies the run. */
function redactedName(name: string, redact: Redactor): string {
  const tagAt = name.search(/\[[^[\]]*\]$/);
  return tagAt === -1 ? redact(name) : redact(name.slice(0, tagAt)) + name.slice(tagAt);
}
