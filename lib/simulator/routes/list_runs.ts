import { type FieldError, invalidRequest, queryError } from "../responses.ts";
import { simulatedStatusOf } from "../progress.ts";
import { simulatedRunJson } from "../render.ts";
import type { RouteContext } from "./route.ts";

const STATUS_FILTERS = ["running", "completed", "error", "canceled"];
const DEFAULT_LIMIT = 50;

export function listSimulatedRuns({ state, user, query, nowMs }: RouteContext) {
  const statuses = query.getAll("status");
  const statusErrors = statuses.filter((status) => !STATUS_FILTERS.includes(status)).map((status) =>
    queryError("status", "enum", `expected one of ${STATUS_FILTERS.join(", ")}: got ${status}`)
  );
  const limit = integerParameter(query, "limit", { min: 1, defaultValue: DEFAULT_LIMIT });
  const offset = integerParameter(query, "offset", { min: 0, defaultValue: 0 });
  const errors = [...statusErrors, ...[limit, offset].flatMap((parsed) => typeof parsed === "number" ? [] : [parsed])];
  if (typeof limit !== "number" || typeof offset !== "number" || errors.length > 0) throw invalidRequest(errors);

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

function integerParameter(
  query: URLSearchParams,
  name: string,
  { min, defaultValue }: { readonly min: number; readonly defaultValue: number },
): number | FieldError {
  const text = query.get(name);
  if (text === null) return defaultValue;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min) return value;
  return queryError(name, "minimum", `expected an integer >= ${min}: got ${text}`);
}
