/** What the status page shows. */

import { formatPath } from "../../runs/view.ts";
import type { ListedOpenRow } from "../../store/run_store.ts";
import { isTracked } from "../../store/submission_rows.ts";
import { isAbandoned, runStatusOf, slugOf, type Submission, suiteOf } from "../../submission.ts";
import { type OccurrenceEnd, occurrenceEndOf } from "../../scheduler/report_occurrences.ts";
import { nextOccurrences } from "../../scheduler/occurrences.ts";
import {
  listServiceProblems,
  listWaitingOccurrences,
  type Notification,
  type WaitingOccurrence,
} from "../../scheduler/scheduler_store.ts";
import { needsTicks, readLastTick } from "../health.ts";
import type { Schedule } from "../../scheduler/schedule.ts";
import type { Service } from "../../scheduler/service.ts";

const MAX_NEXT = 3;
const MAX_RESULTS = 14;
/** Of the results: a long queue must not hide how the last runs ended. */
const MAX_WAITING = 4;
const MAX_OPEN = 50;
const MAX_FAILURES = 10;
const MAX_NOTIFICATIONS = 20;

export type PageFacts = Awaited<ReturnType<typeof pageFacts>>;
export type ScheduleFacts = PageFacts["schedules"][number];
export type OpenFacts = PageFacts["open"][number];
export type FailureFacts = PageFacts["failures"][number];

export interface OccurrenceFacts extends Omit<OccurrenceEnd, "status"> {
  readonly scheduledAtMs: number;
  readonly status: string;
}

export async function pageFacts(service: Service) {
  const { deps, kv, timeline } = service;
  const [ticks, counts, rows, failed, problems, waiting] = await Promise.all([
    readLastTick(service),
    deps.store.countEnds(),
    Array.fromAsync(deps.store.openRows("service")),
    deps.store.listFailures(MAX_FAILURES),
    listServiceProblems(kv, MAX_NOTIFICATIONS),
    listWaitingOccurrences(kv),
  ]);
  const idsOf = (rows: readonly ListedOpenRow[]) => rows.map(({ id }) => id);
  const open = rows.filter(isTracked);
  const oldest = await deps.store.getMany(idsOf(open.slice(0, MAX_OPEN)));
  const givenUp = rows.filter((row) => !isTracked(row)).slice(-MAX_FAILURES);
  const failures = [...failed, ...await deps.store.getMany(idsOf(givenUp))]
    .sort((a, b) => b.updatedAtMs - a.updatedAtMs).slice(0, MAX_FAILURES);
  const notifications: readonly Omit<Notification, "schedule" | "slug">[] = problems;
  return {
    host: deps.client.host,
    timeline,
    nowMs: deps.clock.now(),
    needsTicks: await needsTicks(service),
    ticks,
    counts,
    schedules: await factsOfAll(service, waiting),
    openCount: open.length,
    /** Those that have been open the longest. */
    open: oldest.map((submission) => ({
      ...runFacts(submission),
      status: submission.state === "active" ? submission.run.platformStatus : statusOf(submission),
      sinceMs: submission.createdAtMs,
    })),
    failures: failures.flatMap(failureOf),
    notifications,
  };
}

function runFacts(submission: Submission) {
  const { submissionId, request: { workflow, displayName } } = submission;
  // For `/runs/<id>`.
  return { id: submissionId, workflow, displayName, slug: slugOf(submission) };
}

function failureOf(submission: Submission) {
  const status = statusOf(submission);
  if (status !== "failed" && status !== "rejected" && !isAbandoned(submission)) return [];
  const failedJobs = submission.state === "finished" ? submission.result.failure?.failedJobs ?? [] : [];
  const logs = failedJobs.flatMap(({ path, failedSteps }) =>
    failedSteps.map(({ name, logTail }) => ({ step: formatPath([...path, name]), lines: logTail }))
  );
  const message = occurrenceEndOf(submission)?.message ?? "No error message";
  return [{ ...runFacts(submission), atMs: submission.updatedAtMs, status, message, logs }];
}

/** Of every schedule, in their order. */
export async function factsOfAll(service: Service, waiting: readonly WaitingOccurrence[]) {
  const groups = Map.groupBy(waiting, ({ schedule }) => schedule);
  return await Promise.all(
    service.schedules.map((schedule) => factsOf(service, schedule, groups.get(schedule.name) ?? [])),
  );
}

/** @param earliestFirst What waits of this schedule. */
async function factsOf({ deps, timeline }: Service, schedule: Schedule, earliestFirst: readonly WaitingOccurrence[]) {
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
    waiting: earliestFirst.length,
    /** Newest first. */
    results: [
      ...earliestFirst.slice(-MAX_WAITING).toReversed().map(({ scheduledAtMs }) => ({
        ...NO_RESULT,
        scheduledAtMs,
        status: "waiting",
      })),
      ...submissions.map(resultOf),
    ].slice(0, MAX_RESULTS),
  };
}

const NO_RESULT = { slug: null, durationSeconds: null, message: null };

export function resultOf(submission: Submission): OccurrenceFacts {
  const { origin, createdAtMs } = submission;
  const scheduledAtMs = origin.type === "schedule" ? origin.scheduledAtMs : createdAtMs;
  return {
    scheduledAtMs,
    ...occurrenceEndOf(submission) ?? { ...NO_RESULT, slug: slugOf(submission), status: "running" },
  };
}

/** Of its run or, as long as none is known, of the search for one. */
export function statusOf(submission: Submission): string {
  const open = suiteOf(submission) === undefined ? "pending" : "running";
  return runStatusOf(submission) ?? (isAbandoned(submission) ? "unknown" : open);
}
