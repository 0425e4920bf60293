/** Looks for the run of a submit that got no answer: by the slug that we chose, then through the list. */

import { BadResponse, CredentialError, NotFound } from "../errors.ts";
import type { Run } from "../run.ts";
import type { Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { hasCorrelationTag, hasOtherInputs } from "./slug.ts";

export type Finding =
  | { readonly type: "ours"; readonly run: Run }
  /** A run bears our slug, but belongs to somebody or something else. */
  | { readonly type: "foreign"; readonly detail: string }
  /** A run bears our key, but was started with other inputs. */
  | { readonly type: "other-inputs"; readonly run: Run }
  /** Not there, as far as the platform shows it now. */
  | { readonly type: "absent" };

const PAGE_SIZE = 100;

/** 10,000 runs: past that the search is given up, and it isn't said that the run is absent. */
const MAX_PAGES = 100;

/** Clocks differ; our slug has 80 random bits, so a wide bound costs nothing. */
const CLOCK_TOLERANCE_MS = 24 * 60 * 60 * 1000;

/** What is known of a run before it is found. */
export type SearchTarget = Pick<
  Submission,
  "owner" | "request" | "idempotencyKey" | "ownSlug" | "correlationTag" | "createdAtMs"
>;

/**
 * Looks once: at the slug's own page, then, unless only that is wanted, through the list.
 *
 * @throws What the client throws when it can't be looked for; BadResponse when the list has no end.
 */
export async function search(
  { client }: Pick<Deps, "client">,
  submission: SearchTarget,
  { signal, scope = "list" }: { readonly signal: AbortSignal; readonly scope?: "slug" | "list" },
): Promise<Finding> {
  if (submission.ownSlug !== null) {
    try {
      const run = await client.getRun({ type: "slug", slug: submission.ownSlug }, { signal, retry: "none" });
      return judge(run, submission);
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
): Promise<Finding> {
  const oldestMs = submission.createdAtMs - CLOCK_TOLERANCE_MS;
  let offset = 0;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { runs, total } = await client.listRuns({ limit: PAGE_SIZE, offset, signal, retry: "none" });
    const found = runs.find((run) =>
      (submission.ownSlug !== null && run.slug === submission.ownSlug) ||
      hasCorrelationTag(run.displayName, submission.correlationTag)
    );
    if (found !== undefined) return judge(found, submission);
    offset += runs.length;
    if (runs.length === 0 || offset >= total) return { type: "absent" };
    if (isNewestFirst(runs) && creationMs(runs.at(-1)) < oldestMs) return { type: "absent" };
  }
  throw new BadResponse(`Cannot search for the run: more than ${PAGE_SIZE * MAX_PAGES} runs are newer`);
}

/** Ours are user, workflow and time of creation; a slug alone proves nothing. A key's run may be older than this wish. */
function judge(run: Run, submission: SearchTarget): Finding {
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

/** The order of the list is not promised: only a page that is in order may end the search early. */
function isNewestFirst(runs: readonly Run[]): boolean {
  return runs.length > 1 && runs.every((run, index) => index === 0 || creationMs(runs[index - 1]) >= creationMs(run));
}
