/** What every route of the HTTP API is called with. */

import type { Service } from "../scheduler/service.ts";

export interface Call {
  readonly service: Service;
  readonly request: Request;
  readonly url: URL;
  /** What stands in the path's place for a name. */
  readonly name: string;
  /** Aborts when the server ends: who waits is told where to look instead. */
  readonly closing: AbortSignal;
  /** Of this isolate: what is under way for an Idempotency-Key. */
  readonly underWay: Map<string, Promise<Response>>;
}

/** The store limits keys, and no run or schedule has a longer name. */
export const MAX_NAME_LENGTH = 255;
