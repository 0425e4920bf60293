/** The name that we give a run before it exists, so that it can be found whatever becomes of the answer. */

import type { Owner } from "../account.ts";
import type { IdempotencyKey, Submission } from "../submission.ts";

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** 16 characters of 5 bits: 80 random bits. */
const RANDOM_LENGTH = 16;
const NAME_LENGTH = 16;

/** The platform's own bound on a display name. */
const DISPLAY_NAME_LENGTH = 255;

/** A random word that no other run bears. */
export function newCorrelationTag(random: () => number): string {
  return Array.from({ length: RANDOM_LENGTH }, () => BASE32[Math.floor(random() * 32)]).join("");
}

/** A slug of the form `[a-z][a-z0-9-]*`, at most 40 characters: the workflow's name, shortened, and the marker. */
export function slugFor(workflow: string, correlationTag: string): string {
  const name = workflow.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+/, "")
    .slice(0, NAME_LENGTH).replace(/-+$/, "");
  return `${name === "" ? "run" : name}-${correlationTag}`;
}

/** How many characters of the inputs' hash stand beside a key's marker: 32 bits tell different inputs apart. */
const HASH_LENGTH = 8;

/** The marker of a wish that bears a key: the same one wherever the same user wishes the same thing. */
export async function correlationTagForKey(
  { owner, workflow, key }: { readonly owner: Owner; readonly workflow: string; readonly key: IdempotencyKey },
): Promise<string> {
  const words = JSON.stringify([owner.host, owner.user.toLowerCase(), workflow, key.text, key.attempt]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(words));
  return Array.from(new Uint8Array(digest).subarray(0, RANDOM_LENGTH), (byte) => BASE32[byte % 32]).join("");
}

/**
 * What ends the display name: the marker, and with a key the beginning of the inputs' hash, so that other machines see
 * whether it was used for the same inputs.
 */
export function displayNameTag(
  { correlationTag, idempotencyKey: key, request }: Pick<Submission, "correlationTag" | "idempotencyKey" | "request">,
): string {
  return key === null ? correlationTag : `${correlationTag}.${request.inputsHash.slice(0, HASH_LENGTH)}`;
}

/** The display name that is sent: it ends with the tag, for servers that choose the slug themselves. */
export function displayNameFor(name: string, tag: string): string {
  const end = ` [${tag}]`;
  return name.slice(0, DISPLAY_NAME_LENGTH - end.length) + end;
}

/** Whether a run's display name ends with our marker, whatever the inputs. */
export function hasCorrelationTag(displayName: string | null, correlationTag: string): boolean {
  const [, found] = TAG.exec(displayName ?? "") ?? [];
  return found === correlationTag;
}

/** Whether a run that bears our marker was started with other inputs. False where it doesn't tell. */
export function hasOtherInputs(
  displayName: string | null,
  { idempotencyKey: key, correlationTag, request }: Pick<Submission, "idempotencyKey" | "correlationTag" | "request">,
): boolean {
  const [, found, hash] = TAG.exec(displayName ?? "") ?? [];
  return key !== null && found === correlationTag && hash !== undefined && !request.inputsHash.startsWith(hash);
}

const TAG = /\[([a-z2-7]{16})(?:\.([0-9a-f]{8}))?\]$/;
