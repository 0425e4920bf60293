/** Selects runs by a query: to list them, or to delete them. */

import { type FieldError, HttpError, invalidRequest, queryError } from "../responses.ts";
import { hasSimulatedRunEnded, simulatedRunJson, simulatedStatusOf } from "../progress.ts";
import type { RouteContext } from "./route.ts";

const ENDED = ["completed", "error", "canceled"];
const DEFAULT_LIMIT = 50;

export function listSimulatedRuns({ state, user, query, nowMs }: RouteContext) {
  const statuses = query.getAll("status");
  const errors = statusErrors(statuses, ["running", ...ENDED]);
  const integer = (name: string, min: number, defaultValue: number) => {
    const text = query.get(name) ?? String(defaultValue);
    const isValid = /^\d+$/.test(text) && Number(text) >= min;
    if (!isValid) errors.push(queryError(name, "minimum", `expected an integer >= ${min}: got ${text}`));
    return Number(text);
  };
  const limit = integer("limit", 1, DEFAULT_LIMIT);
  const offset = integer("offset", 0, 0);
  if (errors.length > 0) throw invalidRequest(errors);

  const { listLagMs, listOrder, maxLimit } = state.behavior();
  const workflow = query.get("workflow");
  const search = query.get("search")?.toLowerCase() ?? "";
  const matching = state.runs.filter((run) =>
    run.user === user && !run.isDeleted && nowMs - run.createdAtMs >= listLagMs &&
    (workflow === null || run.workflow === workflow) &&
    (statuses.length === 0 || statuses.includes(simulatedStatusOf(run, nowMs))) &&
    [run.slug, run.displayName ?? "", run.workflow ?? ""].some((text) => text.toLowerCase().includes(search))
  );
  const ordered = listOrder === "newest" ? matching.toReversed() : matching;
  const page = ordered.slice(offset, offset + Math.min(limit, maxLimit));
  return {
    runs: page.length === 0 ? null : page.map((run) => simulatedRunJson(state, run, nowMs)),
    total: matching.length,
  };
}

function statusErrors(statuses: readonly string[], known: readonly string[]): FieldError[] {
  return statuses.filter((status) => !known.includes(status)).map((status) =>
    queryError("status", "enum", `expected one of ${known.join(", ")}: got ${status}`)
  );
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Deletes several runs, by slug or id, by age or by status. */
export function deleteSimulatedRuns({ state, user, query, nowMs }: RouteContext) {
  const slugs = listOf(query, "slugs");
  const ids = listOf(query, "ids");
  const statuses = listOf(query, "status");
  const days = query.get("olderThanDays");
  if (slugs.length + ids.length + statuses.length === 0 && days === null) {
    throw new HttpError(400, "Specify slugs, ids, olderThanDays or status");
  }
  const [statusError] = statusErrors(statuses, ENDED);
  if (statusError !== undefined) throw invalidRequest([statusError]);
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
