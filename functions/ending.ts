/** How a slot ends, told from its record. Pure. */

import { slugOf } from "../lib/ledger/ledger.ts";
import type { RunRecord } from "../lib/model.ts";
import { isGivenUp } from "./open_runs.ts";
import type { SlotEnd } from "./store.ts";

export type Ending = Pick<SlotEnd, "status" | "message"> & Partial<Pick<SlotEnd, "slug" | "durationSeconds">>;

export const GONE: Ending = { status: "unknown", message: "Its record is no longer there" };

/** How a record ended, as far as a schedule is concerned; `undefined` while it goes on. */
export function endOf(record: RunRecord): Ending | undefined {
  switch (record.state) {
    case "intended":
    case "seen":
      return undefined;
    case "submitted":
      return isGivenUp(record)
        ? {
          status: "unknown",
          slug: record.ownSlug,
          message: `Nobody knows whether it was started: ${record.doubt?.detail}`,
        }
        : undefined;
    case "refused":
      return { status: "failed", message: record.message };
    case "settled": {
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
