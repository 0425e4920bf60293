/**
 * The log of a step is a file in the run's folder. The platform rotates it at 10 MiB and keeps one backup. No route returns
 * only what was added, so following it means reading it repeatedly. It is never in memory as a whole.
 */

import { ResponseLost } from "../errors.ts";
import type { RunId } from "../run.ts";
import type { Abortable, Client } from "./client.ts";

/** The log of one step. */
export interface StepLog {
  /** The step's run. */
  readonly runId: RunId;
  /** In the folder of the run; a step of the run names it. */
  readonly path: string;
}

/** Options of {@link LogReader}. */
export interface ReadLogOptions extends Abortable {
  /** False if more will be added: a partly written character at the end is then left to the next call. Default: true. */
  readonly isLast?: boolean | undefined;
}

/** Reads one log; each call continues where the previous one ended. */
export interface LogReader {
  /**
   * The text that was added since the previous call, in pieces; at first, the whole log, preceded by its rotated part. After
   * an error, the next call continues where this one failed.
   */
  readNew(options?: ReadLogOptions): AsyncGenerator<string, void>;
  /** False as long as the step has not written anything. */
  isPresent(): boolean;
  /** How often text is missing, because the log was rotated more than once between two calls. Counted before what follows. */
  gaps(): number;
}

/** Reads a log to its present end, again and again. */
export function createLogReader(client: Pick<Client, "readRunFile">, { runId, path }: StepLog): LogReader {
  /** In the file that was read last: the log, or what has become its backup. */
  let position = START;
  /** Of the backup that was read last. */
  let backupEnd = START;
  let isPresent = false;
  let gaps = 0;

  const open = async (file: string, options: Abortable) => {
    const text = await client.readRunFile(runId, file, options);
    isPresent ||= text !== null;
    return text;
  };

  /** @returns False, without any text, if the file does not continue at `from`. */
  async function* readFrom(
    text: ReadableStream<string>,
    from: Position,
    { isLast = true }: Pick<ReadLogOptions, "isLast">,
  ): AsyncGenerator<string, boolean> {
    let at = START;
    let held = "";
    // Leaving the loop early closes the connection.
    for await (const piece of text) {
      const known = piece.slice(0, Math.max(0, from.length - at.length));
      if (known !== "") {
        at = moved(at, known);
        if (at.length === from.length && at.hash !== from.hash) return false;
      }
      const added = held + piece.slice(known.length);
      // A partly written character decodes to U+FFFD now, or each of its bytes does, and to itself on the next read.
      held = added.slice(-MAX_PARTIAL_LENGTH).match(/\ufffd*$/)?.[0] ?? "";
      const complete = added.slice(0, added.length - held.length);
      if (complete === "") continue;
      at = moved(at, complete);
      position = at;
      yield complete;
    }
    if (at.length < from.length) return false;
    if (isLast && held !== "") {
      position = moved(at, held);
      yield held;
    }
    return true;
  }

  /** Reads the rest of the file that was rotated, then the log that has replaced it. */
  async function* readRotated(log: ReadableStream<string>, options: ReadLogOptions): AsyncGenerator<string, void> {
    const current = await peek(log);
    try {
      // After the log, not before it: lines that are rotated in between are then read twice instead of never.
      const backup = await open(`${path}.1`, options);
      const rotated = backup === null ? null : await peek(backup);
      const isRotatedSince = rotated !== null && current.start !== "" && rotated.start.startsWith(current.start);
      if (rotated !== null && !(yield* readFrom(rotated.text, position, { isLast: true }))) {
        // Not rotated, but replaced: then it is the backup of before. Or rotated more than once: then it is all new.
        for (const from of [backupEnd, START]) {
          const again = await open(`${path}.1`, options);
          position = from;
          if (from.length === 0) gaps += 1;
          if (again === null || (yield* readFrom(again, from, { isLast: true }))) break;
        }
      }
      backupEnd = rotated === null ? START : position;
      const next = isRotatedSince ? await open(path, options) : current.text;
      if (next !== null) yield* readFrom(next, START, options);
    } finally {
      await current.text.cancel();
    }
  }

  async function* readOnce(options: ReadLogOptions): AsyncGenerator<string, void> {
    const log = await open(path, options);
    if (log === null) return;
    if (position.length === 0) return yield* readRotated(log, options);
    if (yield* readFrom(log, position, options)) return;
    const again = await open(path, options);
    if (again !== null) yield* readRotated(again, options);
  }

  return {
    isPresent: () => isPresent,
    gaps: () => gaps,
    async *readNew(options = {}) {
      for (let failures = 1;; failures++) {
        try {
          return yield* readOnce(options);
        } catch (error) {
          // The beginning may have been returned already: only this function can continue after it.
          if (!(error instanceof ResponseLost) || options.retry === "none" || failures === MAX_ATTEMPTS) throw error;
        }
      }
    },
  };
}

const MAX_ATTEMPTS = 4;

/** A character has at most four bytes in UTF-8. */
const MAX_PARTIAL_LENGTH = 3;

/** How much of a file was read, and the hash of that part: a rotated log begins with other text. */
interface Position {
  readonly length: number;
  readonly hash: number;
}

/** 32-bit FNV-1a over UTF-16 code units. */
const START: Position = { length: 0, hash: 0x811c9dc5 };

/** Of a long log, the beginning of each block is hashed: hashing all of it would take longer than reading it. */
const HASHED_FULLY = 64 * 1024;
const BLOCK_LENGTH = 4096;
const HASHED_OF_BLOCK = 16;

function moved({ length, hash }: Position, text: string): Position {
  const end = length + text.length;
  let next = hash;
  for (let at = length; at < end;) {
    const block = at - at % BLOCK_LENGTH;
    const hashedEnd = Math.min(end, block + (block < HASHED_FULLY ? BLOCK_LENGTH : HASHED_OF_BLOCK));
    for (; at < hashedEnd; at++) next = Math.imul(next ^ text.charCodeAt(at - length), 0x01000193);
    at = block + BLOCK_LENGTH;
  }
  return { length: end, hash: next };
}

/** Enough to distinguish two files. */
const START_LENGTH = 4096;

/** The beginning of a text, and a stream of the whole text. */
async function peek(text: ReadableStream<string>): Promise<{ start: string; text: ReadableStream<string> }> {
  const reader = text.getReader();
  const pieces: string[] = [];
  for (let length = 0; length < START_LENGTH;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
  }
  return {
    start: pieces.join("").slice(0, START_LENGTH),
    text: new ReadableStream({
      async pull(controller) {
        const piece = pieces.shift() ?? (await reader.read()).value;
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 }),
  };
}

/** The last lines of a text; a final line break does not start another line. */
export function lastLines(text: string, count: number): string[] {
  if (count <= 0 || text === "") return [];
  const end = text.endsWith("\n") ? text.length - 1 : text.length;
  return text.slice(startOfLastLines(text, count), end).split("\n").map((line) => line.replace(/\r$/, ""));
}

function startOfLastLines(text: string, count: number): number {
  if (count <= 0) return text.length;
  let start = text.endsWith("\n") ? text.length - 1 : text.length;
  for (let lines = 0; lines < count && start > -1; lines++) {
    start = start === 0 ? -1 : text.lastIndexOf("\n", start - 1);
  }
  return start + 1;
}

export type Tail = ReturnType<typeof createTail>;

const TRIM_LENGTH = 64 * 1024;

/**
 * Keeps the last lines of a text that arrives in pieces.
 *
 * @param maxLength If the lines are longer than this together, only their end is kept.
 */
export function createTail(count: number, maxLength: number) {
  let kept = "";
  let trimAbove = TRIM_LENGTH;
  const trimmed = () => kept.slice(Math.max(startOfLastLines(kept, count), kept.length - maxLength));
  return {
    add(piece: string) {
      kept += piece;
      if (kept.length <= trimAbove) return;
      kept = trimmed();
      trimAbove = Math.max(TRIM_LENGTH, 2 * kept.length);
    },
    /** The end of the text; the last line may be unfinished. */
    text: trimmed,
  };
}
