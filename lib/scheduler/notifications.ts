/**
 * Tells webhooks what happened, in the form of Standard Webhooks (standardwebhooks.com): an id, a timestamp and, where
 * there is a secret, an HMAC-SHA256 over `id.timestamp.body`. Kept until it is taken, tried ever more seldom.
 */

import { decodeBase64, encodeBase64 } from "../base64.ts";
import { inParallel } from "../in_parallel.ts";
import { readNetworkError } from "../platform/network_error.ts";
import { retryAfterMs } from "../platform/response_error.ts";
import type { Schedule } from "./schedule.ts";
import type { Service } from "./service.ts";
import type { StoreEntry } from "../store/kv.ts";
import {
  completeMessage,
  listDueMessages,
  MAX_PAUSE_MS,
  type OutboxMessage,
  webhookNumber,
} from "./scheduler_store.ts";

/**
 * After each failed attempt, so long until the next; after the last of them it is given up. A webhook that asks for a longer
 * pause gets the first that is long enough, instead of those before it.
 */
const PAUSES_MS = [60_000, 300_000, 900_000, 3_600_000, 10_800_000, 21_600_000, MAX_PAUSE_MS] as const;
const DEADLINE_MS = 10_000;
const MAX_READ = 5_000;
const MAX_SENT = 60;
const AT_ONCE = 20;

/**
 * Sends what is due, a few at a time; alternating between webhooks, so that one that is unavailable delays no other. Never throws
 * because of a webhook.
 *
 * @returns How many were delivered.
 */
export async function sendNotifications(service: Service, signal: AbortSignal): Promise<number> {
  const due = interleaved(await listDueMessages(service.kv, service.deps.clock.now(), MAX_READ));
  let sent = 0;
  await inParallel(due.slice(0, MAX_SENT), AT_ONCE, async (entry) => {
    if (!signal.aborted && await sendOne(service, entry, signal)) sent++;
  });
  return sent;
}

/** The first of each webhook, then the second of each, and so on. */
function interleaved(due: readonly StoreEntry<OutboxMessage>[]): readonly StoreEntry<OutboxMessage>[] {
  const byHook = Map.groupBy(due, ({ value: { notification, webhook } }) => `${notification.schedule}/${webhook}`);
  return [...byHook.values()].flatMap((entries) => entries.map((entry, rank) => ({ entry, rank })))
    .sort((a, b) => a.rank - b.rank).map(({ entry }) => entry);
}

async function sendOne(service: Service, entry: StoreEntry<OutboxMessage>, signal: AbortSignal): Promise<boolean> {
  const { deps, kv, schedules } = service;
  const { id, notification, webhook, attempts } = entry.value;
  const schedule = schedules.find(({ name }) => name === notification.schedule);
  const hook = schedule?.notify.find((hook) => webhookNumber(hook) === webhook);
  // It is gone, or another process has the schedules of a newer revision: that one may send it later.
  const answer = hook === undefined ? "it is in no schedule" : await send(service, hook, entry.value, signal);
  const isDelivered = typeof answer !== "string" && answer.ok;
  // The end of the process is no fault of the webhook: the next tick sends it again.
  if (!isDelivered && signal.aborted && signal.reason.name !== "TimeoutError") return false;
  const nowMs = deps.clock.now();
  const [problem, header] = typeof answer === "string"
    ? [answer, null]
    : [`it answered ${answer.status}`, answer.headers.get("retry-after")];
  const waitMs = Math.min(retryAfterMs(header, nowMs) ?? 0, MAX_PAUSE_MS);
  const pause = PAUSES_MS.findIndex((pauseMs, index) => index >= attempts && pauseMs >= waitMs);
  const isFinal = isDelivered || pause === -1;
  const next = { ...entry.value, attempts: pause + 1, nextAttemptAtMs: nowMs + (PAUSES_MS[pause] ?? 0) };
  await completeMessage(kv, entry, isFinal ? null : next);
  if (isDelivered) return true;
  const last = isFinal ? ", for the last time" : "";
  deps.log("WARNING", `The webhook of ${notification.schedule} did not accept ${id}${last}: ${problem}`);
  return false;
}

/** @returns The response, or why there is none. */
async function send(
  { deps, fetch, env }: Service,
  { url, secretEnv }: Schedule["notify"][number],
  { id, notification }: OutboxMessage,
  signal: AbortSignal,
): Promise<Response | string> {
  const { kind, createdAtMs, ...data } = notification;
  const body = JSON.stringify({ type: `run.${kind}`, timestamp: new Date(createdAtMs).toISOString(), data });
  const timestamp = String(Math.floor(deps.clock.now() / 1_000));
  // The same occurrence may be invalid twice, for different reasons.
  const webhookId = `${id}/${createdAtMs}`;
  const secret = secretEnv === null ? undefined : env(secretEnv);
  if (secretEnv !== null && (secret ?? "") === "") return `${secretEnv} is not set`;
  const signature = secret && await signWebhook(secret, `${webhookId}.${timestamp}.${body}`).catch(() => null);
  if (signature === null) {
    return `${secretEnv} is not a valid secret: what follows whsec_ must be base64. Copy it from the webhook's settings`;
  }
  using deadline = deps.clock.timeout(DEADLINE_MS);
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "webhook-id": webhookId,
        "webhook-timestamp": timestamp,
        ...(signature === undefined ? {} : { "webhook-signature": signature }),
      },
      // Deno sends a text again by itself if the connection closes before the response.
      body: new Blob([body]),
      redirect: "manual",
      signal: AbortSignal.any([signal, deadline.signal]),
    });
    await answer.body?.cancel();
    return answer;
  } catch (error) {
    // Its address may hold a secret, and the runtime's words hold the address.
    return error instanceof DOMException
      ? error.message
      : `it could not be reached: ${readNetworkError(error).message}`;
  }
}

/**
 * `v1,` and the base64 of the HMAC; a secret that begins with `whsec_` is base64 itself, as the standard has it.
 *
 * @throws Error for a secret that no key can be made of.
 */
export async function signWebhook(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const bytes = secret.startsWith("whsec_") ? decodeBase64(secret.slice(6)) : encoder.encode(secret);
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
  return `v1,${encodeBase64(mac)}`;
}
