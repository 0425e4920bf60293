/** An occurrence's result, derived from its submission. Pure. */

import { slugOf } from "../store/run_store.ts";
import type { Submission } from "../submission.ts";
import { isAbandoned } from "./open_submissions.ts";
import type { OccurrenceResult } from "./scheduler_store.ts";

export type OccurrenceOutcome =
  & Pick<OccurrenceResult, "status" | "message">
  & Partial<Pick<OccurrenceResult, "slug" | "durationSeconds">>;

export const SUBMISSION_MISSING: OccurrenceOutcome = {
  status: "unknown",
  message: "Its submission is no longer stored",
};

/** `undefined` while the submission is open. */
export function outcomeOf(submission: Submission): OccurrenceOutcome | undefined {
  switch (submission.state) {
    case "pending":
    case "active":
      return undefined;
    case "unconfirmed":
      return isAbandoned(submission)
        ? {
          status: "unknown",
          slug: submission.ownSlug,
          message: `It is unknown whether a run was started: ${submission.reconciliation?.detail}`,
        }
        : undefined;
    case "rejected":
      return { status: "failed", message: submission.message };
    case "finished": {
      const { status, durationSeconds, errorMessage, message } = submission.result;
      const isKnown = status === "completed" || status === "failed" || status === "cancelled";
      return {
        status: isKnown ? status : "unknown",
        slug: slugOf(submission),
        durationSeconds,
        message: errorMessage ?? message ?? null,
      };
    }
  }
}
