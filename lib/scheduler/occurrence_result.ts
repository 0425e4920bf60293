/** How a slot ends, told from its record. Pure. */

import { slugOf } from "../store/run_store.ts";
import type { Submission } from "../submission.ts";
import { isAbandoned } from "./open_submissions.ts";
import type { OccurrenceResult } from "./scheduler_store.ts";

export type Ending =
  & Pick<OccurrenceResult, "status" | "message">
  & Partial<Pick<OccurrenceResult, "slug" | "durationSeconds">>;

export const GONE: Ending = { status: "unknown", message: "Its record is no longer there" };

/** How a record ended, as far as a schedule is concerned; `undefined` while it goes on. */
export function endOf(record: Submission): Ending | undefined {
  switch (record.state) {
    case "pending":
    case "active":
      return undefined;
    case "unconfirmed":
      return isAbandoned(record)
        ? {
          status: "unknown",
          slug: record.ownSlug,
          message: `Nobody knows whether it was started: ${record.reconciliation?.detail}`,
        }
        : undefined;
    case "rejected":
      return { status: "failed", message: record.message };
    case "finished": {
      const { status, durationSeconds, errorMessage, message } = record.result;
      const isPlain = status === "completed" || status === "failed" || status === "cancelled";
      return {
        status: isPlain ? status : "unknown",
        slug: slugOf(record),
        durationSeconds,
        message: errorMessage ?? message ?? null,
      };
    }
  }
}
