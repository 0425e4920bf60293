/** Which fault befalls a request, and how a body is spoiled. */

import type { Answer } from "./answers.ts";
import type { Fault, Operation } from "./simulator.ts";

export interface Faults {
  add(faults: readonly Fault[]): void;
  /** The first that fits, used up by one. */
  take(operation: Operation): Fault | undefined;
}

export function createFaults(first: readonly Fault[]): Faults {
  const waiting: { readonly fault: Fault; toPass: number; toBefall: number }[] = [];
  const add = (faults: readonly Fault[]) => {
    for (const fault of faults) waiting.push({ fault, toPass: fault.after ?? 0, toBefall: fault.times ?? 1 });
  };
  add(first);
  return {
    add,
    take(operation) {
      for (const entry of waiting) {
        if (entry.toBefall <= 0 || (entry.fault.on !== "*" && entry.fault.on !== operation)) continue;
        if (entry.toPass > 0) {
          entry.toPass--;
          continue;
        }
        entry.toBefall--;
        return entry.fault;
      }
      return undefined;
    },
  };
}

/** Enough to hurt a client that reads without a limit, and little enough to make on any machine. */
const HUGE_BODY_BYTES = 64 * 1024 * 1024;

type WholeBody = Exclude<NonNullable<Fault["body"]>, "truncated" | "slow">;

/** The same answer with a body that is whole but wrong. */
export function spoil(answer: Answer, how: WholeBody): Answer {
  switch (how) {
    case "malformed":
      return { ...answer, body: '{"run": {"slug": "hello-' };
    case "html":
      return {
        ...answer,
        headers: { ...answer.headers, "content-type": "text/html" },
        body:
          "<!doctype html><html><head><title>Gateway</title></head><body><h1>Something went wrong</h1></body></html>",
      };
    case "empty":
      return { ...answer, body: "" };
    case "wrong-shape":
      return { ...answer, body: '{"unexpected":[1,2,3]}' };
    case "huge":
      return { ...answer, body: `{"padding":"${"x".repeat(HUGE_BODY_BYTES)}"}` };
    default:
      return how satisfies never;
  }
}

/** The answer as bytes on the wire: all of its head, which promises the whole body, and half of that. */
export function truncatedBytes(answer: Answer): Uint8Array {
  const body = new TextEncoder().encode(answer.body ?? "");
  const head = [
    `HTTP/1.1 ${answer.status} Truncated`,
    ...Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Math.max(body.length, 1)}`,
    "",
    "",
  ].join("\r\n");
  const start = new TextEncoder().encode(head);
  const half = body.subarray(0, Math.floor(body.length / 2));
  const bytes = new Uint8Array(start.length + half.length);
  bytes.set(start);
  bytes.set(half, start.length);
  return bytes;
}

const SLOW_PIECES = 10;

/** The body in pieces, a pause before each. */
export function slowBody(
  text: string,
  pause: (durationMs: number) => Promise<void>,
  totalMs: number,
): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const pieceBytes = Math.max(1, Math.ceil(bytes.length / SLOW_PIECES));
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (sent >= bytes.length) return controller.close();
      await pause(totalMs / SLOW_PIECES);
      controller.enqueue(bytes.slice(sent, sent + pieceBytes));
      sent += pieceBytes;
    },
  }, { highWaterMark: 0 });
}
