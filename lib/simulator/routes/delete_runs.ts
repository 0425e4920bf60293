/** Deletes several runs, by slug or id, by age or by status. */

import { HttpError, invalidRequest, queryError } from "../responses.ts";
import { hasSimulatedRunEnded, simulatedStatusOf } from "../progress.ts";
import type { RouteContext } from "./route.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
const STATUS_FILTERS = ["completed", "error", "canceled"];

export function deleteSimulatedRuns({ state, user, query, nowMs }: RouteContext) {
  const slugs = listOf(query, "slugs");
  const ids = listOf(query, "ids");
  const statuses = listOf(query, "status");
  const days = query.get("olderThanDays");
  if (slugs.length + ids.length + statuses.length === 0 && days === null) {
    throw new HttpError(400, "Specify slugs, ids, olderThanDays or status");
  }
  const invalidStatus = statuses.find((status) => !STATUS_FILTERS.includes(status));
  if (invalidStatus !== undefined) {
    const detail = `expected one of ${STATUS_FILTERS.join(", ")}: got ${invalidStatus}`;
    throw invalidRequest([queryError("status", "enum", detail)]);
  }
  if (days !== null && !/^\d+$/.test(days)) {
    throw invalidRequest([queryError("olderThanDays", "minimum", `expected an integer: got ${days}`)]);
  }
  for (const run of state.runs.filter((run) => run.user === user)) {
    const isNamed = slugs.includes(run.slug) || ids.includes(run.id);
    const isSelected = (statuses.length > 0 || days !== null) && hasSimulatedRunEnded(run, nowMs) &&
      (statuses.length === 0 || statuses.includes(simulatedStatusOf(run, nowMs))) &&
      (days === null || nowMs - run.createdAtMs >= Number(days) * DAY_MS);
    if (isNamed || isSelected) run.isDeleted = true;
  }
}

/** Values of a query parameter: comma-separated, repeated, or both. */
function listOf(query: URLSearchParams, name: string): string[] {
  return query.getAll(name).flatMap((text) => text.split(",")).filter((value) => value !== "");
}
