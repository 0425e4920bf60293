import { StorageError } from "../errors.ts";
import type { Owner } from "../account.ts";
import type { ServerCapabilities } from "../capabilities.ts";
import type { Submission } from "../submission.ts";

/**
 * Stores submissions and server capabilities; every backend implements it. An owner of `null` means all owners.
 * Methods throw StorageError when the backend cannot read or write.
 */
export interface RunStore extends AsyncDisposable {
  /**
   * Stores a submission durably. Its `revision` must be the stored one, or 0 for a new submission.
   *
   * @returns The submission with its new revision.
   * @throws WriteConflict when another process stored it first.
   */
  put<R extends Submission>(submission: R): Promise<R>;
  /** `undefined` when there is no such submission. */
  get(submissionId: string): Promise<Submission | undefined>;
  /** The latest submission whose run has this slug, or that asked for it. */
  findRun(owner: Owner | null, slug: string): Promise<Submission | undefined>;
  /** Submissions that are neither finished nor rejected, oldest first. */
  listOpen(owner: Owner): Promise<readonly Submission[]>;
  /** Open submissions of all other owners, to report but not to change. */
  listOpenOfOthers(owner: Owner): Promise<readonly Submission[]>;
  /** Newest first by creation time, then by `submissionId` in descending order. */
  listRecent(owner: Owner | null, options: RecentQuery): Promise<readonly Submission[]>;
  /**
   * Removes submissions that have ended: those older than an instant, and the oldest beyond a number.
   *
   * @returns How many were removed.
   */
  prune(owner: Owner | null, bounds: PruneBounds): Promise<number>;
  /** `{}` when nothing is known about the host. */
  capabilities(host: string): Promise<ServerCapabilities>;
  /** Merges member by member. */
  updateCapabilities(host: string, facts: ServerCapabilities): Promise<void>;
}

/** Selects submissions. */
export interface RecentQuery {
  /** The maximum number of submissions. */
  readonly limit: number;
  /** By default submissions of all workflows. */
  readonly workflow?: string | undefined;
  /** Milliseconds since the epoch: the earliest creation time. */
  readonly sinceMs?: number | undefined;
  /** Start after this position. The submission there may have been removed. */
  readonly after?: RecentCursor | undefined;
}

/** A position in the order of `listRecent`. */
export interface RecentCursor {
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** Orders submissions that were created at the same time. */
  readonly submissionId: string;
}

/** What to remove. */
export interface PruneBounds {
  /** Milliseconds since the epoch: remove what was created earlier. */
  readonly beforeMs: number;
  /** How many of the newest submissions to keep, open ones included. */
  readonly keep: number;
}

/** The submission was changed since it was read: read it again and decide anew. */
export class WriteConflict extends Error {
  /** Identifies the error across module copies. */
  override readonly name = "WriteConflict";
}

/** Unlike most errors of a store, retrying does not help. */
export class SubmissionTooLarge extends StorageError {}

/** The submission as it may be stored: without inputs that contain secrets; their hash stays. */
export function storable<R extends Submission>(submission: R): R {
  if (submission.request.secretPaths.length === 0) return submission;
  return { ...submission, request: { ...submission.request, inputs: null } };
}

/** True until the submission is finished or rejected. */
export function isOpen({ state }: Submission): boolean {
  return state !== "finished" && state !== "rejected";
}

/** The slug of the run, or the one to be submitted; `null` when there is none. */
export function slugOf(submission: Submission): string | null {
  if (submission.state === "active" || submission.state === "finished") {
    return submission.runId.type === "slug" ? submission.runId.slug : null;
  }
  return submission.ownSlug;
}
