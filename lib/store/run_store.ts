/** What we promised and what became of it: the interface that every keeper is held to. */

import { StorageError } from "../errors.ts";
import type { Owner } from "../account.ts";
import type { ServerCapabilities } from "../capabilities.ts";
import type { Submission } from "../submission.ts";

/**
 * Keeps records and host profiles. An owner of `null` is everybody. Methods throw StorageError when the keeper can't read or write, and
 * {@link WriteConflict} when somebody else moved the record on first.
 */
export interface RunStore extends AsyncDisposable {
  /**
   * Writes a record: its `revision` must be the one stored (0: it must not exist yet). Durable once resolved.
   *
   * @returns The record with its new revision.
   */
  put<R extends Submission>(record: R): Promise<R>;
  /** The record of a wish. */
  get(submissionId: string): Promise<Submission | undefined>;
  /** The latest record whose run bears this slug, or was given it. */
  findRun(owner: Owner | null, slug: string): Promise<Submission | undefined>;
  /** Records that are neither settled nor refused, oldest first. */
  listOpen(owner: Owner): Promise<readonly Submission[]>;
  /** The same of everybody else who keeps records here: to be told of, not to be touched. */
  listOpenOfOthers(owner: Owner): Promise<readonly Submission[]>;
  /** Newest first by the time of intent, then by name, the last first. */
  listRecent(owner: Owner | null, options: RecentQuery): Promise<readonly Submission[]>;
  /**
   * Forgets records that are over: those intended before an instant, and the oldest beyond a number.
   *
   * @returns How many.
   */
  prune(owner: Owner | null, bounds: PruneBounds): Promise<number>;
  /** What the host is known to do; `{}` when nothing is. */
  capabilities(host: string): Promise<ServerCapabilities>;
  /** Adds to what is known, field by field. */
  updateCapabilities(host: string, facts: ServerCapabilities): Promise<void>;
}

/** Which records are wanted. */
export interface RecentQuery {
  /** So many at most. */
  readonly limit: number;
  /** Its name in the account. */
  readonly workflow?: string | undefined;
  /** Milliseconds since the epoch: only what was intended then or later. */
  readonly sinceMs?: number | undefined;
  /** Only what comes after it, for pages: it need not be there any more. */
  readonly after?: RecentCursor | undefined;
}

/** Where a record stands among the recent ones: by its time, and by its name where times are the same. */
export interface RecentCursor {
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** Of the record. */
  readonly submissionId: string;
}

/** What may be forgotten. */
export interface PruneBounds {
  /** Milliseconds since the epoch. */
  readonly beforeMs: number;
  /** So many of the newest stay. */
  readonly keep: number;
}

/** Somebody else wrote this record since it was read: read it again and decide anew. */
export class WriteConflict extends Error {
  /** For programs. */
  override readonly name = "WriteConflict";
}

/** The keeper could never hold it: other than most of what a keeper says, this is no reason to try again. */
export class SubmissionTooLarge extends StorageError {}

/** A record as it may be stored: without secrets, whose hash stays. */
export function storable<R extends Submission>(record: R): R {
  if (record.request.secretPaths.length === 0) return record;
  return { ...record, request: { ...record.request, inputs: null } };
}

/** True while something may still happen to it. */
export function isOpen({ state }: Submission): boolean {
  return state !== "finished" && state !== "rejected";
}

/** What its run is called, as far as is known. */
export function slugOf(record: Submission): string | null {
  if (record.state === "active" || record.state === "finished") {
    return record.runId.type === "slug" ? record.runId.slug : null;
  }
  return record.ownSlug;
}
