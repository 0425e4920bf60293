/** Deleting several runs at once, by name, by age or by how they ended. */

import type { Answer } from "../answers.ts";
import { invalid, noContent, Refusal } from "../answers.ts";
import { hasEnded, statusOf } from "../progress.ts";
import type { Call } from "./route.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
const STATUS_FILTERS = ["completed", "error", "canceled"];

export function deleteRuns({ world, user, query, nowMs }: Call): Answer {
  const slugs = namesIn(query, "slugs");
  const ids = namesIn(query, "ids");
  const statuses = namesIn(query, "status");
  const days = query.get("olderThanDays");
  if (slugs.length + ids.length + statuses.length === 0 && days === null) {
    throw new Refusal(400, "Say which runs: slugs, ids, olderThanDays or status");
  }
  const wrong = statuses.find((status) => !STATUS_FILTERS.includes(status));
  if (wrong !== undefined) {
    const detail = `expected one of ${STATUS_FILTERS.join(", ")}: got ${wrong}`;
    throw invalid([{ code: "enum", detail, parameter: "status", in: "query" }]);
  }
  if (days !== null && !/^\d+$/.test(days)) {
    const detail = `expected a whole number: got ${days}`;
    throw invalid([{ code: "minimum", detail, parameter: "olderThanDays", in: "query" }]);
  }
  for (const run of world.runs.filter((run) => run.user === user)) {
    const isNamed = slugs.includes(run.slug) || ids.includes(run.id);
    const isSwept = (statuses.length > 0 || days !== null) && hasEnded(run, nowMs) &&
      (statuses.length === 0 || statuses.includes(statusOf(run, nowMs))) &&
      (days === null || nowMs - run.createdAtMs >= Number(days) * DAY_MS);
    if (isNamed || isSwept) run.isDeleted = true;
  }
  return noContent;
}

/** Comma lists, which may be repeated too. */
function namesIn(query: URLSearchParams, name: string): string[] {
  return query.getAll(name).flatMap((text) => text.split(",")).filter((word) => word !== "");
}
