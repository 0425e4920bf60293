/**
 * The log of a step is a file in the run's folder. The platform rotates it at 10 MiB and keeps one backup. No route streams
 * it, so following it means reading it repeatedly.
 */

import type { RunId } from "../run.ts";
import type { Abortable, Client } from "./client.ts";

/** @param stepIndex Position within the job, from 0. */
export function stepLogPath(job: string, stepIndex: number): string {
  return `logs/${job}/step_${stepIndex}/logs.out`;
}

export interface ReadLogOptions extends Abortable {
  /** The text from the previous read: as long as the log only grows, its backup is not requested. */
  readonly before?: string | null | undefined;
}

/**
 * The current content of a step's log, preceded by the rotated part.
 *
 * @returns `null` if the step has not written anything yet.
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
  // After the log, not before it: lines that are rotated in between are then read twice instead of never.
  const backup = await client.readRunFile(runId, `${path}.1`, abortable);
  if (backup === null) return log;
  const isRotatedSince = log !== "" && backup.startsWith(log);
  return isRotatedSince ? backup + (await client.readRunFile(runId, path, abortable) ?? "") : backup + log;
}

/** The last lines of a text; a final line break does not start another line. */
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
 * The text added since the last read. If the log was rotated in between, its beginning is gone, and the two texts are
 * searched for an overlap. Without an overlap, all of it is new.
 */
export function newText(before: string, after: string): string {
  if (after.startsWith(before)) return after.slice(before.length);
  if (after === "") return "";
  const head = after.slice(0, HEAD_LENGTH);
  for (let start = before.indexOf(head); start !== -1; start = before.indexOf(head, start + 1)) {
    const overlap = before.length - start;
    if (after.startsWith(before.slice(start))) return after.slice(overlap);
  }
  // The overlap is shorter than the head.
  for (let overlap = Math.min(head.length, before.length); overlap > 0; overlap--) {
    if (before.endsWith(head.slice(0, overlap))) return after.slice(overlap);
  }
  return after;
}

/** Long enough for the native search to find few false matches. */
const HEAD_LENGTH = 4096;
