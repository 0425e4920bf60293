/**
 * Webhooks as Standard Webhooks (standardwebhooks.com): an id, a timestamp and, with a secret, an HMAC-SHA256 over
 * `id.timestamp.body`. A message stays in the outbox until the webhook accepts it or the last attempt fails.
 */

import { inParallel } from "../runs/in_parallel.ts";
import type { Schedule } from "./schedule.ts";
import type { Service } from "./service.ts";
import type { Notification, NotificationBatch, OutboxMessage, Versioned } from "./scheduler_store.ts";

/** The delay after each failed attempt. A failure after the last one ends delivery. */
const RETRY_DELAYS_MS = [1, 5, 15, 60, 180, 360, 720].map((minutes) => minutes * 60_000);
const DEADLINE_MS = 10_000;
const MAX_READ = 500;
const MAX_SENT = 60;
const MAX_PARALLEL = 20;

/** The notifications, with an outbox message for each webhook that subscribes to their kind. */
export function notify(schedule: Schedule | undefined, ...notifications: readonly Notification[]): NotificationBatch {
  const outboxMessages = notifications.flatMap((notification) =>
    (schedule?.notify ?? []).flatMap(({ on }, webhookIndex): OutboxMessage[] =>
      on.includes(notification.kind)
        ? [{
          id: `${notification.occurrenceId}/${notification.kind}/${webhookIndex}`,
          notification,
          webhookIndex,
          attempts: 0,
          nextAttemptAtMs: notification.createdAtMs,
        }]
        : []
    )
  );
  return { notifications, outboxMessages };
}

/**
 * Sends due messages, a few in parallel, alternating between webhooks so that an unreachable one does not delay the
 * others. Never throws because of a webhook.
 *
 * @returns The number of messages delivered.
 */
export async function sendNotifications(service: Service, signal: AbortSignal): Promise<number> {
  const due = alternateWebhooks(await service.schedulerStore.listDueMessages(service.deps.clock.now(), MAX_READ));
  let sent = 0;
  await inParallel(due.slice(0, MAX_SENT), MAX_PARALLEL, async (entry) => {
    if (!signal.aborted && await sendOne(service, entry, signal)) sent++;
  });
  return sent;
}

/** The first message of each webhook, then the second of each, and so on. */
function alternateWebhooks(due: readonly Versioned<OutboxMessage>[]): readonly Versioned<OutboxMessage>[] {
  const ranks = new Map<string, number>();
  return due.map((entry) => {
    const { notification, webhookIndex } = entry.value;
    const webhook = `${notification.schedule}/${webhookIndex}`;
    const rank = ranks.get(webhook) ?? 0;
    ranks.set(webhook, rank + 1);
    return { entry, rank };
  }).sort((a, b) => a.rank - b.rank).map(({ entry }) => entry);
}

async function sendOne(service: Service, entry: Versioned<OutboxMessage>, signal: AbortSignal): Promise<boolean> {
  const { deps, schedulerStore, schedules } = service;
  const { id, notification, webhookIndex, attempts } = entry.value;
  const webhook = schedules.find(({ name }) => name === notification.schedule)?.notify[webhookIndex];
  if (webhook === undefined) {
    // The webhook was removed from the schedule.
    await schedulerStore.updateMessage(entry, null);
    return false;
  }
  const problem = await send(service, webhook, entry.value, signal);
  if (problem !== undefined) {
    deps.log("WARNING", `Cannot deliver ${id} to the webhook of ${notification.schedule}: ${problem}`);
  }
  const delayMs = RETRY_DELAYS_MS[attempts];
  const isDone = problem === undefined || delayMs === undefined;
  const next = { ...entry.value, attempts: attempts + 1, nextAttemptAtMs: deps.clock.now() + (delayMs ?? 0) };
  await schedulerStore.updateMessage(entry, isDone ? null : next);
  return problem === undefined;
}

/** Returns why delivery failed; `undefined` if the webhook accepted the message. */
async function send(
  { deps, fetch, env }: Service,
  { url, secretEnv }: Schedule["notify"][number],
  { id, notification }: OutboxMessage,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { kind, createdAtMs, schedule, occurrenceId, slug, message } = notification;
  const body = JSON.stringify({
    type: `run.${kind}`,
    timestamp: new Date(createdAtMs).toISOString(),
    data: { schedule, occurrenceId, slug, message },
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
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "error",
      signal: AbortSignal.any([signal, deadline.signal]),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `it responded ${response.status}`;
  } catch (error) {
    // The URL may contain a secret, and the runtime's error message contains the URL.
    return error instanceof DOMException ? error.message : "it could not be reached";
  }
}

/** `v1,` and the HMAC in base64. Standard Webhooks: a secret that starts with `whsec_` is itself base64. */
export async function signature(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const bytes = secret.startsWith("whsec_")
    ? Uint8Array.from(atob(secret.slice(6)), (character) => character.charCodeAt(0))
    : encoder.encode(secret);
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
  return `v1,${btoa(String.fromCharCode(...mac))}`;
}
