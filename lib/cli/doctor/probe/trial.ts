/** What the trials of a platform share. */

import type { Http } from "../../../platform/http.ts";
import type { Clock } from "../../../clock.ts";
import type { Json, JsonObject } from "../../../json.ts";
import { member, type Reply } from "./exchange.ts";
import type { PlatformProfile } from "./profile.ts";

export interface ContactOptions {
  readonly signal: AbortSignal;
  readonly workflow: string;
  readonly inputs: JsonObject;
  /** Removes the runs that were started here, and their files. */
  readonly deletes: boolean;
  /** How long a run of the workflow may take, milliseconds. */
  readonly patienceMs: number;
}

export interface ContactDeps {
  readonly http: Http;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told what is being tried, and what was found. */
  readonly tell: (what: string, found: string) => void;
}

export const RUNS = "/api/workflow-runs";

export const LOOK_MS = 500;

export type Found = Omit<PlatformProfile, "version" | "triedOn" | "sendsRetryAfter" | "sendsRateLimits">;

export type Basics = Pick<Found, "clockSkewMs" | "workspace" | "errors" | "errorBody"> & { readonly isFlat: boolean };

export function runsOf({ body }: Reply): readonly Json[] {
  const runs = member(body, "runs");
  return Array.isArray(runs) ? runs : [];
}
