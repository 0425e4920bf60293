/**
 * The log of a step: a file in the run's folder, which the platform rotates at 10 MiB, keeping one backup. There is no
 * route that streams it, so following it means reading it again.
 */

import type { RunId } from "../run.ts";
import type { Abortable, Client } from "./client.ts";

/** @param stepIndex Position within the job, from 0. */
export function stepLogPath(job: string, stepIndex: number): string {
  return `logs/${job}/step_${stepIndex}/logs.out`;
}

export interface ReadLogOptions extends Abortable {
  /** What the read before this one found: as long as the log only grows, its backup is not asked for. */
  readonly before?: string | null | undefined;
}

/**
 * A step's log as far as it is there, its rotated part first.
 *
 * @returns `null` when the step has written nothing yet.
 */
export async function readStepLog(
  client: Pick<Client, "readRunFile">,
  runId: RunId,
  job: string,
  stepIndex: number,
  options: ReadLogOptions,
): Promise<string | null> {
  const { before = null, ...abortable } = options;
  const path = stepLogPath(job, stepIndex);
  const log = await client.readRunFile(runId, path, abortable);
  if (log === null || (before !== null && before !== "" && log.startsWith(before))) return log;
  // After the log, not before it: what is rotated away in between is then read twice instead of never.
  const backup = await client.readRunFile(runId, `${path}.1`, abortable);
  if (backup === null) return log;
  const isRotatedSince = log !== "" && backup.startsWith(log);
  return isRotatedSince ? backup + (await client.readRunFile(runId, path, abortable) ?? "") : backup + log;
}

/** The end of a text, a last line break not counted as a line. */
export function lastLines(text: string, count: number): string[] {
  if (count <= 0) return [];
  const end = text.endsWith("\n") ? text.length - 1 : text.length;
  if (end <= 0) return [];
  let start = end;
  for (let lines = 0; lines < count && start > -1; lines++) {
    start = start === 0 ? -1 : text.lastIndexOf("\n", start - 1);
  }
  return text.slice(start + 1, end).split("\n").map((line) => line.replace(/\r$/, ""));
}

/**
 * What came since the last read. When the log was rotated in between, its beginning is gone: then where the two texts
 * overlap is looked for. Without any overlap all of it is new.
 */
export function newText(before: string, after: string): string {
  if (after.startsWith(before)) return after.slice(before.length);
  if (after === "") return "";
  const head = after.slice(0, HEAD_LENGTH);
  for (let at = before.indexOf(head); at !== -1; at = before.indexOf(head, at + 1)) {
    const overlap = before.length - at;
    if (after.startsWith(before.slice(at))) return after.slice(overlap);
  }
  // A head that is longer than what was read of it so far.
  for (let overlap = Math.min(head.length, before.length); overlap > 0; overlap--) {
    if (before.endsWith(head.slice(0, overlap))) return after.slice(overlap);
  }
  return after;
}

/** Enough for native search to tell one place from another. */
const HEAD_LENGTH = 4096;
