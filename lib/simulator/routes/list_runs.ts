/** The list of runs: filtered, ordered and cut into pages. */

import type { Answer, FieldFault } from "../answers.ts";
import { invalid, json } from "../answers.ts";
import { statusOf } from "../progress.ts";
import { runJson } from "../render.ts";
import type { Call } from "./route.ts";

const STATUS_FILTERS = ["running", "completed", "error", "canceled"];
const DEFAULT_LIMIT = 50;

export function listRuns({ world, user, query, nowMs }: Call): Answer {
  const statuses = query.getAll("status");
  const wrong = statuses.filter((status) => !STATUS_FILTERS.includes(status)).map((status): FieldFault => ({
    code: "enum",
    detail: `expected one of ${STATUS_FILTERS.join(", ")}: got ${status}`,
    parameter: "status",
    in: "query",
  }));
  const limit = wholeNumber(query, "limit", { least: 1, otherwise: DEFAULT_LIMIT });
  const offset = wholeNumber(query, "offset", { least: 0, otherwise: 0 });
  const all = [...wrong, ...[limit, offset].flatMap((read) => typeof read === "number" ? [] : [read])];
  if (typeof limit !== "number" || typeof offset !== "number" || all.length > 0) throw invalid(all);

  const { listLagMs, listOrder, maxLimit } = world.behavior();
  const workflow = query.get("workflow");
  const search = query.get("search")?.toLowerCase() ?? "";
  const fitting = world.runs.filter((run) =>
    run.user === user && !run.isDeleted && nowMs - run.createdAtMs >= listLagMs &&
    (workflow === null || run.workflow === workflow) &&
    (statuses.length === 0 || statuses.includes(statusOf(run, nowMs))) &&
    [run.slug, run.displayName ?? "", run.workflow ?? ""].some((text) => text.toLowerCase().includes(search))
  );
  const ordered = listOrder === "newest" ? fitting.toReversed() : fitting;
  const page = ordered.slice(offset, offset + Math.min(limit, maxLimit));
  return json({
    runs: page.length === 0 ? null : page.map((run) => runJson(world, run, nowMs)),
    total: fitting.length,
  });
}

function wholeNumber(
  query: URLSearchParams,
  name: string,
  { least, otherwise }: { readonly least: number; readonly otherwise: number },
): number | FieldFault {
  const text = query.get(name);
  if (text === null) return otherwise;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least) return value;
  return { code: "minimum", detail: `expected a whole number >= ${least}: got ${text}`, parameter: name, in: "query" };
}
