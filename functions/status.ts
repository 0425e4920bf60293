/** How everything is doing: for machines, for whoever keeps watch, and as a page. */

import { NotFound, RunnerError } from "../lib/errors.ts";
import { slugOf } from "../lib/ledger/ledger.ts";
import type { RunRecord } from "../lib/model.ts";
import { nextSlots } from "../lib/schedules/slots.ts";
import { runsOn, type Schedule } from "../lib/schedules/schedule.ts";
import type { Cloud } from "./cloud.ts";
import type { Call } from "./http.ts";
import { isGivenUp } from "./open_runs.ts";
import { renderPage } from "./page.ts";
import type { FailureFacts, PageFacts, RunFacts, ScheduleFacts } from "./page_facts.ts";
import { json, SECURITY_HEADERS } from "./problem.ts";
import { idempotencyKey } from "./query.ts";
import { tick } from "./tick.ts";

const NEXT = 3;
const RESULTS = 14;
const OPEN_SHOWN = 50;
const FAILURES_SHOWN = 10;
const REPORTS_SHOWN = 20;
const NOW_BUDGET = { isRung: false, budgetMs: 15_000, mostLooks: 5 };

/** `GET /schedules`. */
export async function listSchedules({ cloud }: Call): Promise<Response> {
  const schedules = await Promise.all(cloud.schedules.map((schedule) => factsOf(cloud, schedule)));
  return json({
    timeline: cloud.timeline,
    schedules: schedules.map(({ nextMs, results, ...facts }) => ({
      ...facts,
      next: nextMs.map(timeOf),
      results: results.map(({ slotMs, ...result }) => ({ slot: timeOf(slotMs), ...result })),
    })),
  });
}

/** `POST /schedules/:name/run`: a slot of now, which the schedule's own rules hold for. */
export async function runSchedule({ cloud, name, request }: Call): Promise<Response> {
  const schedule = cloud.schedules.find((candidate) => candidate.name === name);
  if (schedule === undefined) throw new NotFound(`Cannot run ${name}: there is no such schedule`);
  const key = idempotencyKey(request.headers);
  if (key instanceof Response) return key;
  const { deps, store } = cloud;
  const nowMs = deps.clock.now();
  const id = `${name}@${key === undefined ? new Date(nowMs).toISOString() : await shortHash(key)}`;
  await store.addSlot({ id, schedule: name, atMs: nowMs });
  // Where another tick is under way, that one or the next takes it up.
  try {
    await tick(cloud, NOW_BUDGET);
  } catch (error) {
    // The slot is noted: whoever was told to ask again would run the schedule twice.
    if (!(error instanceof RunnerError)) throw error;
    deps.log("WARNING", `${id} is left to the next tick: ${error.message}`);
  }
  const slot = await store.slot(name, id);
  const record = await deps.ledger.get(slot?.wishId ?? "");
  const slug = record === undefined ? null : slugOf(record);
  return json({ slot: id, state: slot?.state ?? "waiting", slug, end: slot?.end ?? null }, {
    status: 202,
    headers: slug === null ? {} : { location: `/runs/${encodeURIComponent(slug)}` },
  });
}

/** `GET /`. */
export async function showStatus({ cloud }: Call): Promise<Response> {
  const { html, contentSecurityPolicy } = await renderPage(await pageFacts(cloud));
  return new Response(html, {
    headers: {
      ...SECURITY_HEADERS,
      "content-security-policy": contentSecurityPolicy,
      "content-type": "text/html; charset=utf-8",
    },
  });
}

async function pageFacts(cloud: Cloud): Promise<PageFacts> {
  const { deps, store, schedules, timeline } = cloud;
  const [log, counts, open, failures, reports] = await Promise.all([
    store.tickLog(),
    deps.ledger.countEnds(),
    deps.ledger.longestOpen(OPEN_SHOWN),
    deps.ledger.recentFailures(FAILURES_SHOWN),
    store.troubles(REPORTS_SHOWN),
  ]);
  return {
    host: deps.client.host,
    timeline,
    nowMs: deps.clock.now(),
    keepsSchedules: schedules.some((schedule) => runsOn(schedule, timeline)),
    ticks: log,
    counts,
    schedules: await Promise.all(schedules.map((schedule) => factsOf(cloud, schedule))),
    openCount: open.count,
    open: open.records.map((record) => ({
      ...runFacts(record),
      status: isGivenUp(record) ? "unknown" : record.state === "seen" ? record.run.platformStatus : "pending",
      sinceMs: record.intendedAtMs,
    })),
    failures: failures.flatMap(failureOf),
    reports,
  };
}

function runFacts(record: RunRecord): RunFacts {
  const { wishId, request: { workflow, displayName } } = record;
  return { id: wishId, workflow, displayName, slug: slugOf(record) };
}

function failureOf(record: RunRecord): readonly FailureFacts[] {
  const facts = { ...runFacts(record), atMs: record.updatedAtMs };
  if (record.state === "refused") return [{ ...facts, status: "refused", message: record.message, logs: [] }];
  if (record.state !== "settled" || record.result.status !== "failed") return [];
  const { errorMessage, failure } = record.result;
  const logs = (failure?.failedJobs ?? []).flatMap((job) =>
    job.failedSteps.map(({ name, logTail }) => ({ step: `${job.name} / ${name}`, lines: logTail }))
  );
  return [{ ...facts, status: "failed", message: errorMessage ?? "It does not say why", logs }];
}

async function factsOf({ deps, store, timeline }: Cloud, schedule: Schedule): Promise<ScheduleFacts> {
  const { name, workflow, cron, timeZone, overlap } = schedule;
  const isEnabled = runsOn(schedule, timeline);
  const slots = await store.lastSlots(name, RESULTS);
  return {
    name,
    workflow,
    cron,
    timeZone,
    overlap,
    isEnabled,
    nextMs: isEnabled ? nextSlots(schedule, deps.clock.now(), NEXT).map(({ atMs }) => atMs) : [],
    results: slots.map(({ atMs, state, end }) => ({
      slotMs: atMs,
      status: end?.status ?? (state === "waiting" ? "waiting" : "running"),
      slug: end?.slug ?? null,
      durationSeconds: end?.durationSeconds ?? null,
      message: end?.message ?? null,
    })),
  };
}

async function shortHash(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...bytes.subarray(0, 10)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function timeOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
