/** Reads submissions with their parts, and sets damaged ones aside. */

import { StorageError } from "../errors.ts";
import { isObject } from "../json.ts";
import type { Submission } from "../submission.ts";
import type { FoundEntry, Kv } from "./kv.ts";
import { type StoredSubmission, submissionPartKey } from "./submission_body.ts";

/** Reports damaged records. */
export interface RecordedKv extends Kv {
  readonly onSetAside: ((message: string) => void) | undefined;
}

/** A reader that finds parts of a submission missing reads again: it was being rewritten. */
const MAX_READS = 20;

/** Those that exist, in the order asked for. */
export async function readAll(kv: RecordedKv, ids: readonly string[]): Promise<Submission[]> {
  if (ids.length === 0) return [];
  const heads = await kv.getMany<StoredSubmission>(ids.map((id) => ["submission", id]));
  const found = await Promise.all(heads.map((head) => readBody(kv, head)));
  return found.filter((submission) => submission !== undefined);
}

async function readBody(kv: RecordedKv, head: FoundEntry<StoredSubmission>): Promise<Submission | undefined> {
  let { value } = head;
  for (let reads = 0; reads < MAX_READS; reads++) {
    if (value === null) return undefined;
    if (isDamaged(value)) return await setAside(kv, head);
    if (!("parts" in value)) return value;
    const { facts: { id }, revision } = value;
    const keys = Array.from({ length: value.parts }, (_, index) => submissionPartKey(id, revision, index));
    const parts = await kv.getMany<string>(keys);
    if (parts.every((part) => part.value !== null)) return JSON.parse(parts.map((part) => part.value).join(""));
    ({ value } = await kv.get<StoredSubmission>(head.key));
  }
  throw new StorageError(`Cannot read ${head.key.at(-1)} from the run store: parts of it are missing`);
}

export function isDamaged(stored: StoredSubmission): boolean {
  if (!isObject(stored) || typeof stored.revision !== "number") return true;
  if ("parts" in stored) return typeof stored.parts !== "number" || !isObject(stored.facts);
  return typeof stored.submissionId !== "string" || typeof stored.state !== "string" || !isObject(stored.request);
}

/** Moves a damaged record to where nothing reads it. Its index rows stay, and find nothing. */
async function setAside(kv: RecordedKv, head: FoundEntry<StoredSubmission>): Promise<undefined> {
  const id = head.key.at(-1) ?? "";
  const what = `The record of submission ${id} in the run store is damaged`;
  try {
    const change = kv.atomic().check(head).set(["damaged", id], head.value).delete(head.key);
    if (await change.commit() !== undefined) kv.onSetAside?.(`${what}: it was set aside as damaged/${id}`);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    kv.onSetAside?.(`${what}, and is left out`);
  }
}
