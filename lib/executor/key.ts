/**
 * A wish with a name: the same name from another process or machine means the same run. The name makes the slug and
 * the marker, so that whoever wishes the same looks at the same place before sending, and collides there when two send
 * at once.
 */

import { KeyTaken, NotFound, Unsupported } from "../errors.ts";
import type { IntendedRecord, Run, RunRecord, SeenRecord, SettledRecord } from "../model.ts";
import type { Deps } from "./deps.ts";
import { isOver, next } from "./lifecycle.ts";
import { search } from "./search.ts";
import { markerOf, slugFor } from "./slug.ts";
import { profileOf, withInputs } from "./turn.ts";
import { handleOf, nameOf } from "./view.ts";

/**
 * What to do with a run that bears the key already: `attach` follows it, `reject` refuses, `new-if-failed` follows it
 * unless it has failed or was cancelled, and starts a new one then.
 */
export type KeyPolicy = "attach" | "reject" | "new-if-failed";

/** A wish with a name. */
export interface KeyedWish {
  /** As the user gave it. */
  readonly text: string;
  /** What to do when the key has a run. */
  readonly policy: KeyPolicy;
}

/** Attempts under one key: past that somebody's loop has gone wild. */
const MOST_ATTEMPTS = 1_000;

/**
 * Finds the record that a named wish goes on with: one that is there, or the given one under the first free name.
 * Nothing is written or sent but reads.
 *
 * @param wish As it would be intended without a name.
 * @throws KeyTaken for other inputs, and by policy; Unsupported on older servers, which take no slug.
 */
export async function claim(
  deps: Deps,
  wish: IntendedRecord,
  { text, policy }: KeyedWish,
  options: { readonly signal: AbortSignal },
): Promise<RunRecord> {
  if (wish.ownSlug === null) {
    throw new Unsupported(`Cannot use a key for ${wish.request.workflow}: this older server takes no slug`, {
      hint: "Nothing was started: run without --key",
    });
  }
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const named = await withKey(wish, { text, attempt });
    const there = await whatIsThere(deps, named, options);
    if (there === undefined) return named;
    if (there.request.inputsHash !== "" && there.request.inputsHash !== named.request.inputsHash) {
      throw keyTaken(named, runOf(there));
    }
    // Refused before: no run came of it, and the name is free for another try.
    if (there.state === "refused") return { ...named, revision: there.revision };
    if (policy === "reject") throw keyTaken(named, runOf(there), "is used already");
    if (policy === "attach" || !await hasFailed(deps, there, options)) return withInputs(there, named);
  }
  throw new KeyTaken(`Cannot use the key "${text}": ${MOST_ATTEMPTS} runs of it have failed`);
}

/** The name is another wish's. */
export function keyTaken(
  { key, request }: Pick<RunRecord, "key" | "request">,
  run: Run | { readonly slug: string | null } | undefined,
  how = "was used with other inputs",
): KeyTaken {
  const slug = run?.slug ?? null;
  const by = slug === null ? "" : `, by the run ${slug}`;
  return new KeyTaken(`Cannot use the key "${key?.text}" for ${request.workflow}: it ${how}${by}`, {
    hint: slug === null ? "Choose another key" : `Choose another key, or follow it: pw-workflow-runner watch ${slug}`,
  });
}

async function withKey(wish: IntendedRecord, key: { text: string; attempt: number }): Promise<IntendedRecord> {
  const { owner, request } = wish;
  const marker = await markerOf({ owner, workflow: request.workflow, key });
  return { ...wish, wishId: marker, key, marker, ownSlug: slugFor(request.workflow, marker) };
}

/** The record of this machine, or one made from what the platform shows. */
async function whatIsThere(
  deps: Deps,
  named: IntendedRecord,
  options: { readonly signal: AbortSignal },
): Promise<RunRecord | undefined> {
  const kept = await deps.ledger.get(named.wishId);
  if (kept !== undefined) return kept;
  const found = await find(deps, named, options);
  switch (found.type) {
    case "ours":
      return asSeen(deps, named, found.run);
    case "other-inputs":
      throw keyTaken(named, found.run);
    case "foreign":
      throw new KeyTaken(`Cannot use the key "${named.key?.text}": ${found.detail}`, { hint: "Choose another key" });
    case "absent":
      return undefined;
  }
}

/** On a host that gives runs the slugs we choose, the slug's own page tells; elsewhere the list has to. */
async function find(deps: Deps, named: IntendedRecord, { signal }: { readonly signal: AbortSignal }) {
  const { echoesSlug } = await profileOf(deps, named.owner.host);
  const scope = echoesSlug === true ? "slug" : "list";
  return await search(deps, named, { signal, scope });
}

/** The name is the same, so the inputs are, unless the display name said otherwise. */
function asSeen({ clock }: Deps, named: IntendedRecord, run: Run): SeenRecord {
  const nowMs = clock.now();
  const seen = next(
    named,
    { type: "looked", run, handle: handleOf(run, named.request.workflow), lookAtMs: nowMs },
    nowMs,
  );
  if (seen.state !== "seen") throw new TypeError(`A run that was found is ${seen.state}`);
  return { ...seen, startedAtMs: createdAtMs(run) ?? nowMs };
}

async function hasFailed(deps: Deps, record: RunRecord, options: { readonly signal: AbortSignal }): Promise<boolean> {
  if (record.state === "settled") return isFailure(record);
  if (record.state !== "seen") return false;
  try {
    const { status, phase } = await deps.client.getRun(record.handle, options);
    return phase !== "going" && status !== "completed";
  } catch (error) {
    // Deleted: whoever did that did not want it.
    if (error instanceof NotFound) return true;
    throw error;
  }
}

function isFailure({ result }: SettledRecord): boolean {
  return result.status !== "completed";
}

function runOf(record: RunRecord): { readonly slug: string | null } | undefined {
  if (record.state === "refused") return undefined;
  return { slug: isOver(record) || record.state === "seen" ? nameOfRun(record) : record.ownSlug };
}

function nameOfRun(record: RunRecord): string | null {
  return record.state === "seen" || record.state === "settled" ? nameOf(record.handle) : null;
}

function createdAtMs(run: Run): number | undefined {
  const instantMs = Date.parse(run.createdAt ?? "");
  return Number.isFinite(instantMs) ? instantMs : undefined;
}
