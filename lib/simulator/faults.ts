/** Fault injection: selects the fault that applies to a request, and corrupts response bodies. */

import type { Fault, Operation } from "./simulator.ts";

export type FaultInjector = ReturnType<typeof createFaultInjector>;

export function createFaultInjector(initial: readonly Fault[]) {
  const entries: { readonly fault: Fault; matched: number }[] = [];
  const add = (faults: readonly Fault[]) => void entries.push(...faults.map((fault) => ({ fault, matched: 0 })));
  add(initial);
  return {
    add,
    /** Returns the first matching fault and uses it up once. */
    take(operation: Operation): Fault | undefined {
      return entries.find((entry) => {
        const { on, after = 0, times = 1 } = entry.fault;
        if ((on !== "*" && on !== operation) || entry.matched >= after + times) return false;
        return ++entry.matched > after;
      })?.fault;
    },
  };
}

/** Large enough to exceed any limit of a client, small enough to build in memory. */
const HUGE_BODY_BYTES = 64 * 1024 * 1024;

/** A complete but wrong body. */
export function wrongBody(kind: Exclude<NonNullable<Fault["body"]>, "truncated" | "slow">): string {
  return kind === "huge" ? `{"padding":"${"x".repeat(HUGE_BODY_BYTES)}"}` : WRONG_BODIES[kind];
}

const WRONG_BODIES = {
  malformed: '{"run": {"slug": "hello-',
  html: "<!doctype html><html><head><title>Gateway</title></head><body><h1>Something went wrong</h1></body></html>",
  empty: "",
  "wrong-shape": '{"unexpected":[1,2,3]}',
} as const;

/** The response on the wire: a head that announces the complete body, and the first half of it. */
export function truncatedResponse(text: string, status: number, headers: Headers): Uint8Array {
  const { length } = new TextEncoder().encode(text);
  const head = [
    `HTTP/1.1 ${status} Truncated`,
    ...[...headers].map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Math.max(length, 1)}`,
    "",
    "",
  ].join("\r\n");
  const bytes = new TextEncoder().encode(head + text);
  return bytes.subarray(0, bytes.length - Math.ceil(length / 2));
}

const SLOW_CHUNKS = 10;

/** The body in chunks, with a pause before each. */
export function slowResponseBody(
  text: string,
  pause: (durationMs: number) => Promise<void>,
  totalMs: number,
): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const chunkBytes = Math.max(1, Math.ceil(bytes.length / SLOW_CHUNKS));
  const chunks = async function* () {
    for (let sent = 0; sent < bytes.length; sent += chunkBytes) {
      await pause(totalMs / SLOW_CHUNKS);
      yield bytes.slice(sent, sent + chunkBytes);
    }
  };
  return ReadableStream.from(chunks());
}
