/** Names a run before it exists, so that it can be found when the submit response is lost. */

import type { Owner } from "../account.ts";
import { UsageError } from "../errors.ts";
import { describeType } from "../inputs/check_json.ts";
import type { IdempotencyKey, Submission } from "../submission.ts";
import { digestOf } from "../text.ts";

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** Of 5 bits each. */
const TAG_LENGTH = 16;
/** Of the tag: the minute, which repeats after 63 years. */
const TIME_LENGTH = 5;
const NAME_LENGTH = 16;

/** The platform's limit. */
const DISPLAY_NAME_LENGTH = 255;

/** The minute and 55 random bits: what is near in time is near in a store, which prunes it at a fraction of the cost. */
export function newCorrelationTag(nowMs: number, random: () => number): string {
  const minute = Math.floor(nowMs / 60_000);
  return Array.from({ length: TAG_LENGTH }, (_, index) => {
    const digit = index < TIME_LENGTH ? minute / 32 ** (TIME_LENGTH - 1 - index) : random() * 32;
    return BASE32[Math.floor(digit) % 32];
  }).join("");
}

/** A slug of the form `[a-z][a-z0-9-]*`, at most 40 characters: the shortened workflow name and the correlation tag. */
export function slugFor(workflow: string, correlationTag: string): string {
  const name = workflow.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+/, "")
    .slice(0, NAME_LENGTH).replace(/-+$/, "");
  return `${name === "" ? "run" : name}-${correlationTag}`;
}

/** How many characters of the inputs' hash follow the correlation tag of a key: 32 bits distinguish inputs. */
const HASH_LENGTH = 8;

/** The same for the same host, user, workflow and key on every machine. */
export async function correlationTagForKey(
  { owner, workflow, key }: { readonly owner: Owner; readonly workflow: string; readonly key: IdempotencyKey },
): Promise<string> {
  const text = JSON.stringify([owner.host, owner.user.toLowerCase(), workflow, key.text, key.attempt]);
  return Array.from((await digestOf(text)).subarray(0, TAG_LENGTH), (byte) => BASE32[byte % 32]).join("");
}

/**
 * The end of the display name: the correlation tag and, with a key, the start of the inputs' hash, so that other
 * machines see whether the key was used with the same inputs.
 */
export function displayNameTag(
  { correlationTag, idempotencyKey: key, request }: Pick<Submission, "correlationTag" | "idempotencyKey" | "request">,
): string {
  return key === null ? correlationTag : `${correlationTag}.${request.inputsHash.slice(0, HASH_LENGTH)}`;
}

/** What a user may choose: the rest is for the tag, with the start of the inputs' hash. */
export const MAX_OWN_NAME_LENGTH = DISPLAY_NAME_LENGTH - " [.]".length - TAG_LENGTH - HASH_LENGTH;

/** @throws UsageError for a name that would be cut; TypeError for one that is not a text. */
export function checkDisplayName(name: string): void {
  if (typeof name !== "string") throw new TypeError(`displayName must be a text or null: got ${describeType(name)}`);
  if (name.length <= MAX_OWN_NAME_LENGTH) return;
  throw new UsageError(`Cannot name the run: the name has ${name.length} characters`, {
    hint: `Use at most ${MAX_OWN_NAME_LENGTH}`,
  });
}

/** The display name to send. It ends with the tag, to find the run on servers that assign slugs themselves. */
export function displayNameFor(name: string, tag: string): string {
  const end = ` [${tag}]`;
  return name.slice(0, DISPLAY_NAME_LENGTH - end.length) + end;
}

/** The name that the user or the server chose. */
export function nameWithoutTag(displayName: string): string {
  return displayName.replace(TAG, "").trim();
}

/** Ignores the inputs' hash. */
export function hasCorrelationTag(displayName: string | null, correlationTag: string): boolean {
  return correlationTagIn(displayName) === correlationTag;
}

/** `undefined` if the display name was not made here. */
export function correlationTagIn(displayName: string | null): string | undefined {
  return TAG.exec(displayName ?? "")?.[1];
}

/** True when a run with our correlation tag was started with different inputs; false when it has no hash. */
export function hasOtherInputs(
  displayName: string | null,
  { idempotencyKey: key, correlationTag, request }: Pick<Submission, "idempotencyKey" | "correlationTag" | "request">,
): boolean {
  const [, found, hash] = TAG.exec(displayName ?? "") ?? [];
  return key !== null && found === correlationTag && hash !== undefined && !request.inputsHash.startsWith(hash);
}

const TAG = /\[([a-z2-7]{16})(?:\.([0-9a-f]{8}))?\]$/;
