import { sha256 } from "../text.ts";
import { NotFound } from "../errors.ts";
import { slugOf, type Submission } from "../submission.ts";
import {
  addWaitingOccurrence,
  listServiceProblems,
  listWaitingOccurrences,
  readTickLog,
  type WaitingOccurrence,
} from "../scheduler/scheduler_store.ts";
import { occurrenceEndOf } from "../scheduler/report_occurrences.ts";
import { nextOccurrences } from "../scheduler/occurrences.ts";
import { formatPath } from "../runs/view.ts";
import type { Schedule } from "../scheduler/schedule.ts";
import type { Service } from "../scheduler/service.ts";
import type { RouteContext } from "./route_context.ts";
import { renderStatusPage } from "./pages/status_page.ts";
import {
  type FailureFacts,
  type OccurrenceFacts,
  type PageFacts,
  type RunFacts,
  type ScheduleFacts,
  statusOf,
} from "./pages/facts.ts";
import { jsonResponse, locationOf, problemResponse, SECURITY_HEADERS } from "./problem.ts";
import { readIdempotencyKey, readText } from "./request.ts";
import type { Clock } from "../clock.ts";
import { tick } from "../scheduler/tick.ts";

const MAX_NEXT = 3;
const MAX_RESULTS = 14;
const MAX_OPEN = 50;
const MAX_FAILURES = 10;
const MAX_NOTIFICATIONS = 20;
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
  const refused = await refuseBody(request, service.deps.clock);
  if (refused !== undefined) return refused;
  const { deps, kv } = service;
  const nowMs = deps.clock.now();
  const id = `${name}@${key === undefined ? new Date(nowMs).toISOString() : (await sha256(key)).slice(0, 20)}`;
  if (await deps.store.get(id) === undefined) {
    await addWaitingOccurrence(kv, { id, schedule: name, scheduledAtMs: nowMs });
  }
  // If another tick is in progress, that one or the next handles it.
  const logFailure = (error: unknown) => {
    // The occurrence is stored: an error would make the client retry, and run the schedule twice.
    deps.log("WARNING", `The tick after ${id} failed: ${error instanceof Error ? error.message : String(error)}`);
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

/** A schedule runs with the inputs of its file: a body that names others must not be ignored. */
async function refuseBody(request: Request, clock: Clock): Promise<Response | undefined> {
  const text = await readText(request, clock);
  if (typeof text !== "string") return text;
  if (/^\s*(\{\s*\})?\s*$/.test(text)) return undefined;
  return problemResponse(422, "The body must be empty: a schedule runs with the inputs in its file");
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

async function pageFacts(service: Service): Promise<PageFacts> {
  const { deps, kv, schedules, timeline } = service;
  const [log, counts, open, failures, notifications, waiting] = await Promise.all([
    readTickLog(kv),
    deps.store.countEnds(),
    Array.fromAsync(deps.store.openRows("service")),
    deps.store.listFailures(MAX_FAILURES),
    listServiceProblems(kv, MAX_NOTIFICATIONS),
    listWaitingOccurrences(kv),
  ]);
  const oldest = await deps.store.getMany(open.slice(0, MAX_OPEN).map(({ id }) => id));
  return {
    host: deps.client.host,
    timeline,
    nowMs: deps.clock.now(),
    hasEnabledSchedules: schedules.some(({ timelines }) => timelines.includes(timeline)),
    ticks: log,
    counts,
    schedules: await factsOfAll(service, waiting),
    openCount: open.length,
    open: oldest.map((submission) => ({
      ...runFacts(submission),
      status: submission.state === "active" ? submission.run.platformStatus : statusOf(submission),
      sinceMs: submission.createdAtMs,
    })),
    failures: failures.flatMap(failureOf),
    notifications,
  };
}

function runFacts(submission: Submission): RunFacts {
  const { submissionId, request: { workflow, displayName } } = submission;
  return { id: submissionId, workflow, displayName, slug: slugOf(submission) };
}

function failureOf(submission: Submission): readonly FailureFacts[] {
  const facts = { ...runFacts(submission), atMs: submission.updatedAtMs };
  if (submission.state === "rejected") return [{ ...facts, status: "rejected", message: submission.message, logs: [] }];
  if (submission.state !== "finished" || submission.result.status !== "failed") return [];
  const { errorMessage, failure } = submission.result;
  const logs = (failure?.failedJobs ?? []).flatMap((job) =>
    job.failedSteps.map(({ name, logTail }) => ({ step: formatPath([...job.path, name]), lines: logTail }))
  );
  return [{ ...facts, status: "failed", message: errorMessage ?? "No error message", logs }];
}

/** Of every schedule, in their order. */
async function factsOfAll(service: Service, waiting: readonly WaitingOccurrence[]): Promise<readonly ScheduleFacts[]> {
  const groups = Map.groupBy(waiting, ({ schedule }) => schedule);
  return await Promise.all(
    service.schedules.map((schedule) => factsOf(service, schedule, groups.get(schedule.name) ?? [])),
  );
}

/** @param earliestFirst What waits of this schedule. */
async function factsOf(
  { deps, timeline }: Service,
  schedule: Schedule,
  earliestFirst: readonly WaitingOccurrence[],
): Promise<ScheduleFacts> {
  const { name, suite, cron, timeZone, overlap } = schedule;
  const isEnabled = schedule.timelines.includes(timeline);
  const submissions = await deps.store.listOfSchedule(name, MAX_RESULTS);
  return {
    name,
    workflow: suite === null ? schedule.workflow : null,
    suite,
    cron,
    timeZone,
    overlap,
    isEnabled,
    nextMs: isEnabled
      ? nextOccurrences(schedule, deps.clock.now(), MAX_NEXT).map(({ scheduledAtMs }) => scheduledAtMs)
      : [],
    results: [
      ...earliestFirst.toReversed().map(({ scheduledAtMs }) => ({ ...NO_RESULT, scheduledAtMs, status: "waiting" })),
      ...submissions.map(resultOf),
    ].slice(0, MAX_RESULTS),
  };
}

const NO_RESULT = { slug: null, durationSeconds: null, message: null };

function resultOf(submission: Submission): OccurrenceFacts {
  const { origin, createdAtMs } = submission;
  const scheduledAtMs = origin.type === "schedule" ? origin.scheduledAtMs : createdAtMs;
  return { scheduledAtMs, ...occurrenceEndOf(submission) ?? { ...NO_RESULT, status: "running" } };
}

function resultDocument({ scheduledAtMs, ...result }: OccurrenceFacts) {
  return { scheduledAt: timeOf(scheduledAtMs), ...result };
}

function timeOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
