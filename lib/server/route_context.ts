import type { Service } from "../scheduler/service.ts";

/** What every route of the HTTP API is called with. */
export interface RouteContext {
  readonly service: Service;
  readonly request: Request;
  readonly url: URL;
  /** The decoded name in the path; empty for a route without one. */
  readonly name: string;
  /** Aborts when the server shuts down; waiting clients then get 202 with a location. */
  readonly closing: AbortSignal;
  /** Requests in progress in this isolate, by Idempotency-Key and content. */
  readonly inFlight: Map<string, Promise<Response>>;
}

/** Keys in the store are limited in size, and no run or schedule has a longer name. */
export const MAX_NAME_LENGTH = 255;
