/** How everything is doing: for machines, for whoever keeps watch, and as a page. */

import { NotFound, RunnerError } from "../errors.ts";
import { isAbandoned, slugOf } from "../store/run_store.ts";
import {
  addWaiting,
  listProblems,
  listWaiting,
  tickLog,
  type WaitingOccurrence,
} from "../scheduler/scheduler_store.ts";
import { endOf } from "../scheduler/report_occurrences.ts";
import type { Submission } from "../submission.ts";
import { nextOccurrences } from "../scheduler/occurrences.ts";
import { runsOn, type Schedule } from "../scheduler/schedule.ts";
import type { Service } from "../scheduler/service.ts";
import type { Call } from "./call.ts";
import { renderPage } from "./pages/status_page.ts";
import type { FailureFacts, PageFacts, RunFacts, ScheduleFacts } from "./pages/facts.ts";
import { json, SECURITY_HEADERS } from "./problem.ts";
import { idempotencyKey } from "./query.ts";
import { tick } from "../scheduler/tick.ts";

const NEXT = 3;
const RESULTS = 14;
const OPEN_SHOWN = 50;
const FAILURES_SHOWN = 10;
const REPORTS_SHOWN = 20;
const NOW_BUDGET = { isScheduled: false, budgetMs: 15_000, maxPolls: 5 };

/** `GET /schedules`. */
export async function listSchedules({ service }: Call): Promise<Response> {
  const waiting = await listWaiting(service.kv);
  const schedules = await Promise.all(service.schedules.map((schedule) => factsOf(service, schedule, waiting)));
  return json({
    timeline: service.timeline,
    schedules: schedules.map(({ nextMs, results, ...facts }) => ({
      ...facts,
      next: nextMs.map(timeOf),
      results: results.map(({ scheduledAtMs, ...result }) => ({ occurrence: timeOf(scheduledAtMs), ...result })),
    })),
  });
}

/** `POST /schedules/:name/run`: a slot of now, which the schedule's own rules hold for. */
export async function runSchedule({ service, name, request }: Call): Promise<Response> {
  const schedule = service.schedules.find((candidate) => candidate.name === name);
  if (schedule === undefined) throw new NotFound(`Cannot run ${name}: there is no such schedule`);
  const key = idempotencyKey(request.headers);
  if (key instanceof Response) return key;
  const { deps, kv } = service;
  const nowMs = deps.clock.now();
  const id = `${name}@${key === undefined ? new Date(nowMs).toISOString() : await shortHash(key)}`;
  if (await deps.store.get(id) === undefined) await addWaiting(kv, { id, schedule: name, atMs: nowMs });
  // Where another tick is under way, that one or the next takes it up.
  try {
    await tick(service, NOW_BUDGET);
  } catch (error) {
    // The slot is noted: whoever was told to ask again would run the schedule twice.
    if (!(error instanceof RunnerError)) throw error;
    deps.log("WARNING", `${id} is left to the next tick: ${error.message}`);
  }
  const submission = await deps.store.get(id);
  const slug = submission === undefined ? null : slugOf(submission);
  return json({ occurrence: id, ...occurrenceState(submission), slug }, {
    status: 202,
    headers: slug === null ? {} : { location: `/runs/${encodeURIComponent(slug)}` },
  });
}

function occurrenceState(submission: Submission | undefined) {
  const end = submission && endOf(submission);
  return { state: submission === undefined ? "waiting" : end === undefined ? "open" : "ended", end: end ?? null };
}

/** `GET /`. */
export async function showStatus({ service }: Call): Promise<Response> {
  const { html, contentSecurityPolicy } = await renderPage(await pageFacts(service));
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
    tickLog(kv),
    deps.store.countEnds(),
    deps.store.listOpen("service"),
    deps.store.listFailures(FAILURES_SHOWN),
    listProblems(kv, REPORTS_SHOWN),
    listWaiting(kv),
  ]);
  return {
    host: deps.client.host,
    timeline,
    nowMs: deps.clock.now(),
    keepsSchedules: schedules.some((schedule) => runsOn(schedule, timeline)),
    ticks: log,
    counts,
    schedules: await Promise.all(schedules.map((schedule) => factsOf(service, schedule, waiting))),
    openCount: open.length,
    open: open.slice(0, OPEN_SHOWN).map((record) => ({
      ...runFacts(record),
      status: isAbandoned(record) ? "unknown" : record.state === "active" ? record.run.platformStatus : "pending",
      sinceMs: record.createdAtMs,
    })),
    failures: failures.flatMap(failureOf),
    notifications,
  };
}

function runFacts(record: Submission): RunFacts {
  const { submissionId, request: { workflow, displayName } } = record;
  return { id: submissionId, workflow, displayName, slug: slugOf(record) };
}

function failureOf(record: Submission): readonly FailureFacts[] {
  const facts = { ...runFacts(record), atMs: record.updatedAtMs };
  if (record.state === "rejected") return [{ ...facts, status: "refused", message: record.message, logs: [] }];
  if (record.state !== "finished" || record.result.status !== "failed") return [];
  const { errorMessage, failure } = record.result;
  const logs = (failure?.failedJobs ?? []).flatMap((job) =>
    job.failedSteps.map(({ name, logTail }) => ({ step: `${job.name} / ${name}`, lines: logTail }))
  );
  return [{ ...facts, status: "failed", message: errorMessage ?? "It does not say why", logs }];
}

async function factsOf(
  { deps, timeline }: Service,
  schedule: Schedule,
  allWaiting: readonly WaitingOccurrence[],
): Promise<ScheduleFacts> {
  const { name, workflow, cron, timeZone, overlap } = schedule;
  const isEnabled = runsOn(schedule, timeline);
  const waiting = allWaiting.filter((occurrence) => occurrence.schedule === name).toReversed();
  const submissions = await deps.store.listOfSchedule(name, RESULTS);
  return {
    name,
    workflow,
    cron,
    timeZone,
    overlap,
    isEnabled,
    nextMs: isEnabled ? nextOccurrences(schedule, deps.clock.now(), NEXT).map(({ atMs }) => atMs) : [],
    results: [
      ...waiting.map(({ atMs }) => ({ ...NOT_ENDED, scheduledAtMs: atMs, status: "waiting" })),
      ...submissions.map(resultOf),
    ]
      .slice(0, RESULTS),
  };
}

const NOT_ENDED = { slug: null, durationSeconds: null, message: null };

function resultOf(submission: Submission): ScheduleFacts["results"][number] {
  const scheduledAtMs = submission.origin.type === "schedule"
    ? submission.origin.scheduledAtMs
    : submission.createdAtMs;
  return { scheduledAtMs, ...endOf(submission) ?? { ...NOT_ENDED, status: "running" } };
}

async function shortHash(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...bytes.subarray(0, 10)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function timeOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
