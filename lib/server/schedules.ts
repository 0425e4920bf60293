import { sha256 } from "../text.ts";
import { messageWithHint, NotFound } from "../errors.ts";
import { newCorrelationTag } from "../runs/slug.ts";
import { slugOf } from "../submission.ts";
import { addWaitingOccurrence, listWaitingOccurrences } from "../scheduler/scheduler_store.ts";
import { occurrenceEndOf } from "../scheduler/report_occurrences.ts";
import type { RouteContext } from "./route_context.ts";
import { renderStatusPage } from "./pages/status_page.ts";
import { factsOfAll, type OccurrenceFacts, pageFacts, resultOf } from "./pages/facts.ts";
import { jsonResponse, locationOf, problemResponse, SECURITY_HEADERS } from "./problem.ts";
import { readIdempotencyKey, readText } from "./request.ts";
import { tick } from "../scheduler/tick.ts";

const REQUESTED_TICK = { isScheduled: false, budgetMs: 15_000, maxPolls: 5 };

/** `GET /schedules`. */
export async function listSchedulesRoute({ service }: RouteContext): Promise<Response> {
  const schedules = await factsOfAll(service, await listWaitingOccurrences(service.kv));
  return jsonResponse({
    timeline: service.timeline,
    schedules: schedules.map(({ nextMs, results, ...facts }) => ({
      ...facts,
      next: nextMs.map(timeOf),
      results: results.map(resultDocument),
    })),
  });
}

/** `POST /schedules/:name/run`: adds an occurrence for now, subject to the schedule's own policies. */
export async function runScheduleRoute({ service, name, request, closing }: RouteContext): Promise<Response> {
  const schedule = service.schedules.find((candidate) => candidate.name === name);
  if (schedule === undefined) throw new NotFound(`Cannot run the schedule ${name}: no such schedule`);
  const key = readIdempotencyKey(request.headers);
  if (key instanceof Response) return key;
  const { deps, kv } = service;
  const text = await readText(request, deps.clock);
  if (typeof text !== "string") return text;
  // A schedule runs with the inputs of its file: a body that names others must not be ignored.
  if (!/^\s*(\{\s*\})?\s*$/.test(text)) {
    return problemResponse(422, "The body must be empty: a schedule runs with the inputs in its file");
  }
  const nowMs = deps.clock.now();
  // Several may come in one millisecond.
  const id = `${name}@${key === undefined ? newCorrelationTag(nowMs, deps.random) : (await sha256(key)).slice(0, 20)}`;
  if (await deps.store.get(id) === undefined) {
    await addWaitingOccurrence(kv, { id, schedule: name, scheduledAtMs: nowMs });
  }
  // If another tick is in progress, that one or the next handles it.
  const logFailure = (error: unknown) => {
    // The occurrence is stored: an error would make the client retry, and run the schedule twice.
    deps.log("WARNING", `The tick after ${id} failed: ${messageWithHint(error)}`);
    return undefined;
  };
  await tick(service, { ...REQUESTED_TICK, signal: closing }).catch(logFailure);
  const submission = await deps.store.get(id).catch(logFailure);
  const slug = submission === undefined ? null : slugOf(submission);
  const result = submission && occurrenceEndOf(submission) ? resultDocument(resultOf(submission)) : null;
  const state = submission === undefined ? "waiting" : result === null ? "open" : "finished";
  return jsonResponse({ id, state, slug, result }, {
    status: 202,
    headers: submission === undefined ? {} : { location: locationOf(id) },
  });
}

/** `GET /`. */
export async function showStatusRoute({ service }: RouteContext): Promise<Response> {
  const { html, contentSecurityPolicy } = await renderStatusPage(await pageFacts(service));
  return new Response(html, {
    headers: {
      ...SECURITY_HEADERS,
      "content-security-policy": contentSecurityPolicy,
      "content-type": "text/html; charset=utf-8",
    },
  });
}

function resultDocument({ scheduledAtMs, ...result }: OccurrenceFacts) {
  return { scheduledAt: timeOf(scheduledAtMs), ...result };
}

function timeOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
