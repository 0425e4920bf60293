/**
 * Tells webhooks what happened, in the form of Standard Webhooks (standardwebhooks.com): an id, a timestamp and, where
 * there is a secret, an HMAC-SHA256 over `id.timestamp.body`. Kept until it is taken, tried ever more seldom.
 */

import { inParallel } from "../runs/in_parallel.ts";
import type { Schedule } from "./schedule.ts";
import type { Service } from "./service.ts";
import type { Notification, NotificationBatch, OutboxMessage, Read } from "./scheduler_store.ts";

/** After each failed attempt, so long until the next; after the last of them it is given up. */
const PAUSES_MS = [1, 5, 15, 60, 180, 360, 720].map((minutes) => minutes * 60_000);
const DEADLINE_MS = 10_000;
const MAX_READ = 500;
const MAX_SENT = 60;
const AT_ONCE = 20;

/** What is to be written down so that whoever wants to hear of it will. */
export function notify(schedule: Schedule | undefined, ...notifications: readonly Notification[]): NotificationBatch {
  const outboxMessages = notifications.flatMap((report) =>
    (schedule?.notify ?? []).flatMap(({ on }, webhook): OutboxMessage[] =>
      on.includes(report.kind)
        ? [{
          id: `${report.occurrenceId}/${report.kind}/${webhook}`,
          report,
          webhook,
          attempts: 0,
          nextPollAtMs: report.atMs,
        }]
        : []
    )
  );
  return { notifications, outboxMessages };
}

/**
 * Sends what is due, a few at a time; webhooks take turns, so that one that is away keeps nobody else from hearing. Never
 * throws for a webhook's sake.
 */
export async function sendNotifications(service: Service, signal: AbortSignal): Promise<number> {
  const due = inTurns(await service.schedulerStore.dueOutboxMessages(service.deps.clock.now(), MAX_READ));
  let sent = 0;
  await inParallel(due.slice(0, MAX_SENT), AT_ONCE, async (read) => {
    if (!signal.aborted && await sendOne(service, read, signal)) sent++;
  });
  return sent;
}

/** The first of each webhook, then the second of each, and so on. */
function inTurns(due: readonly Read<OutboxMessage>[]): readonly Read<OutboxMessage>[] {
  const ranks = new Map<string, number>();
  return due.map((read) => {
    const { report, webhook } = read.value;
    const hook = `${report.schedule}/${webhook}`;
    const rank = ranks.get(hook) ?? 0;
    ranks.set(hook, rank + 1);
    return { read, rank };
  }).sort((a, b) => a.rank - b.rank).map(({ read }) => read);
}

async function sendOne(service: Service, read: Read<OutboxMessage>, signal: AbortSignal): Promise<boolean> {
  const { deps, schedulerStore, schedules } = service;
  const { report, webhook, attempts } = read.value;
  const hook = schedules.find(({ name }) => name === report.schedule)?.notify[webhook];
  if (hook === undefined) {
    // The schedule has changed since: there is nobody left to tell.
    await schedulerStore.completeMessage(read, null);
    return false;
  }
  const problem = await send(service, hook, read.value, signal);
  if (problem !== undefined) {
    deps.log("WARNING", `The webhook of ${report.schedule} did not take ${read.value.id}: ${problem}`);
  }
  const pauseMs = PAUSES_MS[attempts];
  const isEnded = problem === undefined || pauseMs === undefined;
  const next = { ...read.value, attempts: attempts + 1, nextPollAtMs: deps.clock.now() + (pauseMs ?? 0) };
  await schedulerStore.completeMessage(read, isEnded ? null : next);
  return problem === undefined;
}

async function send(
  { deps, fetch, env }: Service,
  { url, secretEnv }: Schedule["notify"][number],
  { id, report }: OutboxMessage,
  signal: AbortSignal,
): Promise<string | undefined> {
  const body = JSON.stringify({
    type: `run.${report.kind}`,
    timestamp: new Date(report.atMs).toISOString(),
    data: { schedule: report.schedule, occurrence: report.occurrenceId, slug: report.slug, message: report.message },
  });
  const timestamp = String(Math.floor(deps.clock.now() / 1_000));
  const secret = secretEnv === null ? undefined : env(secretEnv);
  if (secretEnv !== null && (secret ?? "") === "") return `${secretEnv} is not set`;
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    ...(secret === undefined ? {} : { "webhook-signature": await signature(secret, `${id}.${timestamp}.${body}`) }),
  };
  using deadline = deps.clock.timeout(DEADLINE_MS);
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "error",
      signal: AbortSignal.any([signal, deadline.signal]),
    });
    await answer.body?.cancel();
    return answer.ok ? undefined : `it answered ${answer.status}`;
  } catch (error) {
    // Its address may hold a secret, and the runtime's words hold the address.
    return error instanceof DOMException ? error.message : "it could not be reached";
  }
}

/** `v1,` and the base64 of the HMAC; a secret that begins with `whsec_` is base64 itself, as the standard has it. */
export async function signature(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const bytes = secret.startsWith("whsec_")
    ? Uint8Array.from(atob(secret.slice(6)), (character) => character.charCodeAt(0))
    : encoder.encode(secret);
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
  return `v1,${btoa(String.fromCharCode(...mac))}`;
}
