import { BadResponse, CredentialError, NotFound } from "../errors.ts";
import type { Run } from "../run.ts";
import type { Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { hasCorrelationTag, hasOtherInputs } from "./slug.ts";

export type SearchResult =
  | { readonly type: "ours"; readonly run: Run }
  /** A run has our slug, but belongs to another user or workflow. */
  | { readonly type: "foreign"; readonly detail: string }
  /** A run has our idempotency key, but was started with different inputs. */
  | { readonly type: "other-inputs"; readonly run: Run }
  /** The platform does not show a run now. */
  | { readonly type: "absent" };

const PAGE_SIZE = 100;

/** 10,000 runs. When there are more, the result is an error, not `absent`. */
const MAX_PAGES = 100;

/** Clocks differ. The slug has 80 random bits, so a large tolerance does no harm. */
const CLOCK_TOLERANCE_MS = 24 * 60 * 60 * 1000;

export type SearchTarget = Pick<
  Submission,
  "owner" | "request" | "idempotencyKey" | "ownSlug" | "correlationTag" | "createdAtMs"
>;

/**
 * Searches once for the run of a submission: by its slug, then in the list unless `scope` is `slug`.
 *
 * @throws The client's errors; BadResponse when the list is too long.
 */
export async function search(
  { client }: Pick<Deps, "client">,
  submission: SearchTarget,
  { signal, scope = "list" }: { readonly signal: AbortSignal; readonly scope?: "slug" | "list" },
): Promise<SearchResult> {
  if (submission.ownSlug !== null) {
    try {
      const run = await client.getRun({ type: "slug", slug: submission.ownSlug }, { signal, retry: "none" });
      return classify(run, submission);
    } catch (error) {
      if (error instanceof CredentialError && error.kind === "forbidden") {
        return { type: "foreign", detail: error.message };
      }
      if (!(error instanceof NotFound)) throw error;
    }
  }
  return scope === "slug" ? { type: "absent" } : await searchList({ client }, submission, { signal });
}

async function searchList(
  { client }: Pick<Deps, "client">,
  submission: SearchTarget,
  { signal }: { readonly signal: AbortSignal },
): Promise<SearchResult> {
  const oldestMs = submission.createdAtMs - CLOCK_TOLERANCE_MS;
  let offset = 0;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { runs, total } = await client.listRuns({ limit: PAGE_SIZE, offset, signal, retry: "none" });
    const match = runs.find((run) =>
      (submission.ownSlug !== null && run.slug === submission.ownSlug) ||
      hasCorrelationTag(run.displayName, submission.correlationTag)
    );
    if (match !== undefined) return classify(match, submission);
    offset += runs.length;
    if (runs.length === 0 || offset >= total) return { type: "absent" };
    if (isNewestFirst(runs) && creationMs(runs.at(-1)) < oldestMs) return { type: "absent" };
  }
  throw new BadResponse(`Cannot find the run: more than ${PAGE_SIZE * MAX_PAGES} runs are newer`);
}

/** User, workflow and creation time must match too. A run with an idempotency key may be older than this submission. */
function classify(run: Run, submission: SearchTarget): SearchResult {
  const { owner, request, idempotencyKey: key, createdAtMs } = submission;
  if (hasOtherInputs(run.displayName, submission)) return { type: "other-inputs", run };
  const isOurs = run.user.toLowerCase() === owner.user.toLowerCase() &&
    (run.workflowName === null || run.workflowName === request.workflow) &&
    (key !== null || !(creationMs(run) < createdAtMs - CLOCK_TOLERANCE_MS));
  if (isOurs) return { type: "ours", run };
  return { type: "foreign", detail: `run ${run.slug} belongs to ${run.user}, workflow ${run.workflowName}` };
}

function creationMs(run: Run | undefined): number {
  return Date.parse(run?.createdAt ?? "");
}

/** The order of the list is not documented: only a page in this order may end the search early. */
function isNewestFirst(runs: readonly Run[]): boolean {
  return runs.length > 1 && runs.every((run, index) => index === 0 || creationMs(runs[index - 1]) >= creationMs(run));
}
