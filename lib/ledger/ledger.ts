/** What we promised and what became of it: the interface that every keeper is held to. */

import type { HostProfile, Owner, RunRecord } from "../model.ts";

/**
 * Keeps records and host profiles. Methods throw StorageError when the keeper can't read or write, and
 * {@link StaleRecord} when somebody else moved the record on first.
 */
export interface Ledger extends AsyncDisposable {
  /**
   * Writes a record: its `revision` must be the one stored (0: it must not exist yet). Durable once resolved.
   *
   * @returns The record with its new revision.
   */
  put<R extends RunRecord>(record: R): Promise<R>;
  get(wishId: string): Promise<RunRecord | undefined>;
  /** Records that are neither settled nor refused, oldest first. */
  listOpen(owner: Owner): Promise<readonly RunRecord[]>;
  /** Newest first by the time of intent. */
  listRecent(owner: Owner, options: { readonly limit: number; readonly workflow?: string }): Promise<
    readonly RunRecord[]
  >;
  /** What the host is known to do; `{}` when nothing is. */
  profile(host: string): Promise<HostProfile>;
  /** Adds to what is known, field by field. */
  learn(host: string, facts: HostProfile): Promise<void>;
}

/** Somebody else wrote this record since it was read: read it again and decide anew. */
export class StaleRecord extends Error {
  override readonly name = "StaleRecord";
}

/** A record as it may be stored: inputs that hold a secret are left out, their hash stays. */
export function storable<R extends RunRecord>(record: R): R {
  if (!record.request.hasSecrets) return record;
  return { ...record, request: { ...record.request, inputs: null } };
}
