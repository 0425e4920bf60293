/**
 * The cron trigger: `Deno.cron` on Deno Deploy, a timer on a self-hosted server. It ticks, and checks the inputs of schedules
 * ahead of their occurrences: when a service starts with other schedules, and every hour.
 */

import type { Clock } from "../clock.ts";
import { messageWithHint, NotSubmitted, RunnerError } from "../errors.ts";
import type { Log } from "../log.ts";
import { problemText } from "../problem.ts";
import { inParallel } from "../in_parallel.ts";
import { shortened } from "../store/submission_rows.ts";
import { sha256 } from "../text.ts";
import { nextOccurrences } from "./occurrences.ts";
import type { Schedule } from "./schedule.ts";
import { addNotification, removeProgress } from "./scheduler_store.ts";
import type { Service, TickReport } from "./service.ts";
import { DEFAULT_TICK, tick } from "./tick.ts";

const MINUTE_MS = 60_000;

/** A tick of the cron trigger, and from time to time a check of the inputs. */
export async function scheduledTick(open: () => Promise<Service>, signal: AbortSignal): Promise<TickReport> {
  const service = await open();
  const { deps: { clock }, ownTick } = service;
  const startedMs = clock.now();
  const report = await tick(service, { ...DEFAULT_TICK, signal }).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    ownTick.failed = { startedMs, tookMs: clock.now() - startedMs, missed: 0, error: message };
    throw error;
  });
  ownTick.failed = null;
  if (report.didTick) await checkInputs(service, signal);
  return report;
}

/**
 * The handler of a cron trigger: runs one tick and logs its outcome. It rejects when the tick fails, so that the host
 * shows it: Deno Deploy lists each firing, and fires again in the next minute.
 */
export function tickHandler(tick: () => Promise<TickReport>, log: Log): () => Promise<void> {
  return async () => {
    try {
      const { didTick, submitted, polled, missedTicks, isCutShort, failure } = await tick();
      if (submitted + missedTicks > 0 || isCutShort) {
        log("INFO", `Tick: ${submitted} submitted, ${polled} polled${isCutShort ? ", cut short" : ""}`);
      }
      if (!didTick) log("INFO", "Another tick is in progress");
      if (failure !== null) throw new NotSubmitted(failure);
    } catch (error) {
      log("ERROR", `A tick failed: ${messageWithHint(error)}`);
      throw error;
    }
  };
}

/**
 * Calls back at the start of every minute until aborted. A call that takes longer than a minute delays the next one.
 *
 * @param onTick Logs its failures itself: one that rejects is called again in the next minute.
 */
export async function everyMinute(clock: Clock, onTick: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (true) {
    await clock.sleep(MINUTE_MS - clock.now() % MINUTE_MS, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (signal.aborted) return;
    await onTick().catch(() => {});
  }
}

/** Soon enough after a workflow's form has changed: each check is a request or two for each schedule. */
const INTERVAL_MS = 60 * 60_000;
/** After a check that the platform or the end of the process kept from finishing. */
const RETRY_MS = 5 * MINUTE_MS;
const TIMEOUT_MS = 20_000;
const CHECKS_AT_ONCE = 4;
/** A schedule that ticks have not known for so long after it was due starts anew when it is back. */
const ABSENT_MS = 10 * MINUTE_MS;

/**
 * Reports each schedule whose next occurrence would be rejected, once until that changes, and removes what is kept of those
 * that are gone; unless it was done recently.
 */
export async function checkInputs(service: Service, signal: AbortSignal): Promise<void> {
  const { deps, kv, schedules, timeline } = service;
  const enabled = schedules.filter(({ timelines }) => timelines.includes(timeline));
  // What was checked, and when.
  const [nowMs, of] = [deps.clock.now(), await sha256(JSON.stringify(enabled))];
  const key = ["inputs-check"];
  const last = await kv.get<{ readonly atMs: number; readonly of: string }>(key);
  if (last.value?.of === of && Math.abs(nowMs - last.value.atMs) < INTERVAL_MS) return;
  // Another process may have read the same: one of them checks.
  const unfinished = { atMs: nowMs - INTERVAL_MS + RETRY_MS, of };
  const versionstamp = await kv.atomic().check(last).set(key, unfinished).commit();
  if (versionstamp === undefined) return;
  await removeProgress(kv, (name, nextMs) => nowMs - nextMs > ABSENT_MS && !schedules.some((one) => one.name === name));
  const { scheduleProblems } = await import("./submit_occurrence.ts");
  using deadline = deps.clock.timeout(TIMEOUT_MS);
  const either = AbortSignal.any([signal, deadline.signal]);
  // Where there is no time for all of them, each is among the first of some check.
  const first = Math.floor(deps.random() * enabled.length);
  let hasFailed = false;
  await inParallel([...enabled.slice(first), ...enabled.slice(0, first)], CHECKS_AT_ONCE, async (schedule) => {
    if (either.aborted) return;
    try {
      const problems = await scheduleProblems(service, schedule, either);
      await report(service, schedule, problems.map(problemText).join("; "));
    } catch (error) {
      // It is unrelated to the schedule, and the next tick reports it.
      if (error instanceof RunnerError) hasFailed = true;
      else if (error !== either.reason) throw error;
    }
  });
  if (hasFailed || signal.aborted) return;
  await kv.atomic().check({ key, versionstamp }).set(key, { atMs: nowMs, of }).commit();
}

async function report({ deps, kv }: Service, schedule: Schedule, problems: string): Promise<void> {
  const known = await kv.get<string>(["invalid", schedule.name]);
  const text = shortened(problems) ?? "";
  const what = schedule.suite === null ? "The inputs do not fit the workflow" : "The suite cannot run";
  if ((known.value ?? "") === text) return;
  const change = kv.atomic().check(known);
  if (text === "") return void await change.delete(known.key).commit();
  const nowMs = deps.clock.now();
  const [next] = nextOccurrences(schedule, nowMs, 1);
  const notification = {
    occurrenceId: next?.id ?? schedule.name,
    schedule: schedule.name,
    kind: "invalid",
    createdAtMs: nowMs,
    slug: null,
    message: `${what}: ${text}`,
  } as const;
  addNotification(change.set(known.key, text), notification, schedule.notify);
  if (await change.commit() === undefined) return;
  deps.log("WARNING", `${notification.occurrenceId} would fail: ${what}: ${problems}`);
}
