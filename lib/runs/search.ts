import { expected, fallbackTo, NotFound, RunnerError } from "../errors.ts";
import { isOwnedBy } from "../account.ts";
import type { Run } from "../run.ts";
import type { Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import type { Abortable } from "../platform/client.ts";
import { pageRuns } from "../platform/pager.ts";
import { hasCorrelationTag, hasOtherInputs } from "./slug.ts";

export type SearchResult =
  | { readonly type: "ours"; readonly run: Run }
  /** A run has our slug, but belongs to another user or workflow. */
  | { readonly type: "foreign"; readonly detail: string }
  /** A run has our idempotency key, but was started with different inputs. */
  | { readonly type: "other-inputs"; readonly run: Run }
  /** The platform does not show a run now. */
  | { readonly type: "absent" };

/** 10,000 runs. When there are more, the result is an error, not `absent`. */
const MAX_PAGES = 100;

/** Of the list for a key: too many runs are as old as its run may be. */
const UNNEEDED_SEARCH =
  "Start a run without an idempotency key: if it gets the slug it asks for, runs with a key are found without this list";

/** Clocks differ. The slug has 55 random bits, so a large tolerance does no harm. */
const CLOCK_TOLERANCE_MS = 24 * 60 * 60 * 1000;

/** How long apart runs may have started that were submitted with one key before either was visible. */
const SIMULTANEOUS_MS = 60 * 60_000;

export type SearchTarget = Pick<
  Submission,
  "owner" | "request" | "idempotencyKey" | "ownSlug" | "correlationTag" | "createdAtMs"
>;

export interface SearchOptions extends Pick<Abortable, "retry"> {
  readonly signal: AbortSignal;
}

/**
 * Searches once for the run of a submission: by its slug, then in the list unless `scope` is `slug`.
 *
 * @throws The client's errors; BadResponse when the list is too long.
 */
export async function searchForRun(
  { client }: Pick<Deps, "client">,
  submission: SearchTarget,
  { signal, retry = "none", scope = "list" }: SearchOptions & { readonly scope?: "slug" | "list" },
): Promise<SearchResult> {
  if (submission.ownSlug !== null) {
    const run = await client.getRun({ type: "slug", slug: submission.ownSlug }, { signal, retry })
      .catch(expected(RunnerError));
    if (!(run instanceof RunnerError)) return await classify({ client }, run, submission, { signal, retry });
    if (run.kind === "forbidden") return { type: "foreign", detail: run.message };
    if (!(run instanceof NotFound)) throw run;
  }
  return scope === "slug" ? { type: "absent" } : await searchList({ client }, submission, { signal, retry });
}

/** Searches the list once for the run of a submission. */
export async function searchList(
  { client }: Pick<Deps, "client">,
  submission: SearchTarget,
  options: SearchOptions,
): Promise<SearchResult> {
  const oldestMs = submission.createdAtMs - CLOCK_TOLERANCE_MS;
  const hint = submission.idempotencyKey === null ? undefined : UNNEEDED_SEARCH;
  for await (const runs of newerPages(client, { ...options, oldestMs, hint })) {
    const match = runs.find((run) => hasTag(run, submission));
    if (match === undefined) continue;
    if (submission.idempotencyKey === null) return await classify({ client }, match, submission, options);
    // Simultaneous submits may have started several runs, of which the oldest remains.
    const [oldest = match] = await listRunsWithTag({ client }, submission, { ...options, startedWith: match });
    return await classify({ client }, oldest, submission, options);
  }
  return { type: "absent" };
}

/**
 * The user's runs of this workflow that have the submission's correlation tag and were started at about the same time as
 * one of them, and that one itself, oldest first.
 *
 * @throws The client's errors; BadResponse when the list is too long.
 */
export async function listRunsWithTag(
  { client }: Pick<Deps, "client">,
  submission: SearchTarget,
  { startedWith, ...options }: SearchOptions & { readonly startedWith: Run },
): Promise<Run[]> {
  const oldestMs = (creationMs(startedWith) || submission.createdAtMs) - SIMULTANEOUS_MS;
  const runs = (await Array.fromAsync(newerPages(client, { ...options, oldestMs }))).flat();
  // They may be listed under a name that the workflow was given since.
  const workflow = runs.find(({ id }) => id === startedWith.id)?.workflowName ?? submission.request.workflow;
  const tagged = runs.filter((run) =>
    run.id === startedWith.id || (isOwned(run, submission, workflow) && hasTag(run, submission))
  );
  return tagged.sort((a, b) =>
    (creationMs(a) || 0) - (creationMs(b) || 0) || ((a.slug ?? "") < (b.slug ?? "") ? -1 : 1)
  );
}

/** Pages of runs until all that are newer than `oldestMs` were returned, and possibly some that are older. */
async function* newerPages(
  client: Deps["client"],
  { oldestMs, signal, retry = "none", hint }: SearchOptions & {
    readonly oldestMs: number;
    readonly hint?: string | undefined;
  },
): AsyncGenerator<readonly Run[]> {
  const query = { action: "find the run", maxPages: MAX_PAGES, signal, retry, hint };
  for await (const { runs } of pageRuns(client, query)) {
    yield runs;
    if (reachesBeyond(runs, oldestMs)) return;
  }
}

/**
 * User, workflow and creation time must match too. A run with an idempotency key may be older than this submission.
 *
 * @throws The client's errors.
 */
export async function classify(
  { client }: Pick<Deps, "client">,
  run: Run,
  submission: SearchTarget,
  options: SearchOptions,
): Promise<SearchResult> {
  const { idempotencyKey: key, createdAtMs } = submission;
  if (hasOtherInputs(run.displayName, submission)) return { type: "other-inputs", run };
  const isOfUs = isOwned(run, submission) || await isOfRenamed({ client }, run, submission, options);
  if (isOfUs && (key !== null || !(creationMs(run) < createdAtMs - CLOCK_TOLERANCE_MS))) return { type: "ours", run };
  const why = isOfUs ? ", but was created more than a day before it was submitted: check this machine's clock" : "";
  return { type: "foreign", detail: `run ${run.slug} belongs to ${run.user}, workflow ${run.workflowName}${why}` };
}

/** @param workflow The name of its workflow, which may have been renamed. */
function isOwned({ user, workflowName }: Run, { owner, request }: SearchTarget, workflow = request.workflow): boolean {
  // A run without a user may be this one's: taken for a foreign one, it could be started again.
  return (user === "" || isOwnedBy({ owner }, { user })) &&
    (workflowName === null || workflowName === request.workflow || workflowName === workflow);
}

/** Whether its workflow is the submission's by another name, which has the same id. Current servers do not repeat the id. */
async function isOfRenamed({ client }: Pick<Deps, "client">, run: Run, target: SearchTarget, options: SearchOptions) {
  const { workflowName } = run;
  const wantedId = target.request.workflowId;
  if (workflowName === null || !wantedId || !isOwned(run, target, workflowName)) return false;
  const named = async () => await client.getWorkflow(workflowName, options).catch(fallbackTo(null, "not_found"));
  return (run.workflowId ?? (await named())?.id) === wantedId;
}

function hasTag(run: Run, { ownSlug, correlationTag }: SearchTarget): boolean {
  return (ownSlug !== null && run.slug === ownSlug) || hasCorrelationTag(run.displayName, correlationTag);
}

/** When the platform created the run; NaN if that is not known. */
export function creationMs(run: Run | undefined): number {
  return Date.parse(run?.createdAt ?? "");
}

/** Whether no later page has newer runs. The order of the list is not documented: only a page with the newest first shows it. */
export function reachesBeyond(runs: readonly Run[], sinceMs: number): boolean {
  const lastMs = creationMs(runs.at(-1));
  const isDescending = creationMs(runs[0]) > lastMs &&
    runs.every((run, index) => index === 0 || creationMs(runs[index - 1]) >= creationMs(run));
  return isDescending && lastMs < sinceMs;
}
