import type { Http } from "../../../platform/http.ts";
import type { Clock } from "../../../clock.ts";
import type { JsonObject } from "../../../json.ts";

export interface ProbeOptions {
  readonly signal: AbortSignal;
  readonly workflow: string;
  readonly inputs: JsonObject;
  /** Deletes the runs that the probe started, and their files. */
  readonly deletesRuns: boolean;
  readonly runTimeoutMs: number;
}

export interface ProbeDeps {
  readonly http: Http;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (item: string, result: string) => void;
}
