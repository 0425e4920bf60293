/** The simulator's public types: a simulated platform on a real port, for tests, the demo and offline use. */

import type { Clock } from "../clock.ts";
import type { Scenario } from "./scenario.ts";

/** What a request does. Faults and received requests refer to it. */
export const OPERATIONS = [
  "health",
  "whoami",
  "organization",
  "auth-session",
  "list-workflows",
  "get-workflow",
  "get-workflow-json",
  "get-workflow-yaml",
  "list-runs",
  "submit",
  "get-run",
  "update-run",
  "cancel-run",
  "delete-run",
  "delete-runs",
  "read-file",
  "running-steps",
  "list-sessions",
  "get-session",
  "create-session",
  "restart-session",
  "delete-session",
  "list-clusters",
  "workspace-status",
  "restart-workspace",
  "other",
] as const;
/** One of {@link OPERATIONS}. */
export type Operation = (typeof OPERATIONS)[number];

/** What may become of a response's body. */
export const BODY_FAULTS = ["truncated", "malformed", "html", "empty", "slow", "wrong-shape", "huge"] as const;

/** An injected failure. Faults are matched in the order of the list; each match uses the fault up once. */
export interface Fault {
  /** Which requests fail; `*` for all. */
  readonly on: Operation | "*";
  /** How many requests it applies to (default 1); `Infinity` for all. */
  readonly times?: number;
  /** How many matching requests to skip first (default 0). */
  readonly after?: number;
  /** Delay before the request is processed, in simulator milliseconds. */
  readonly latencyMs?: number;
  /** Responds with this status; the request has no effect. */
  readonly status?: number;
  /** Value of the `Retry-After` header: seconds or an HTTP date. */
  readonly retryAfter?: string;
  /** Closes the connection without a response, before or after the request takes effect. */
  readonly cut?: "before-effect" | "after-effect";
  /** The request takes effect, and the response body is corrupted. With `status`, corrupts the error's body. */
  readonly body?: (typeof BODY_FAULTS)[number];
  /** The request takes effect, but the response has this status (a gateway timeout). */
  readonly statusAfterEffect?: number;
  /** How long a `slow` body takes, in simulator milliseconds (default 10,000). */
  readonly slowMs?: number;
}

/** Server behavior options: one for each point that the API contract leaves open. */
export interface ServerBehavior {
  /** The routes that it serves. */
  readonly apiVersion: "current" | "legacy" | "both";
  /** Response to GET of a run on the legacy routes: 405, or the run. */
  readonly legacyRead: "405" | "run";
  /**
   * How a slug chosen by the client is handled: `unique` (kept, duplicates refused), `shared` (kept, several runs may
   * have it), `existing` (a duplicate submit returns the first run), `ignored` (the server generates its own), `refused`
   * (422 that points at it).
   */
  readonly slugs: "unique" | "shared" | "existing" | "ignored" | "refused";
  /** Status of a refused duplicate, with `slugs: "unique"`. */
  readonly duplicateSlugStatus: 400 | 409 | 422;
  /** Status of a cancel whose run has ended. */
  readonly cancelOfEnded: 204 | 409;
  /** Whether paths accept a run's object id instead of its slug. */
  readonly idInPath: boolean;
  /** `problem`: problem details (RFC 9457) for requests that accept them. */
  readonly errorBody: "envelope" | "problem";
  /** What the run lacks that a dry run responds with. */
  readonly dryRun: "run" | "run-without-status" | "no-slug";
  /** Which run is first in the list. */
  readonly listOrder: "newest" | "oldest";
  /** Larger values of `limit` are reduced to it. */
  readonly maxLimit: number;
  /** How long a new run is missing from the list. */
  readonly listLagMs: number;
  /** How long reading a new run responds with 404. */
  readonly readLagMs: number;
  /** A second submit of the same workflow within this time gets 409; 0 disables. */
  readonly launchGapMs: number;
  /** Until it is restarted: then it is starting, and 30 s later running. */
  readonly workspace: "Running" | "Off" | "Starting";
  /** Status of a submit while the workspace is not running. */
  readonly workspaceErrorStatus: 400 | 404 | 409 | 500 | 503;
  /** Status of reading another user's run; 200 returns it. */
  readonly foreignRun: 404 | 403 | 200;
  /** A log file that reaches this size is rotated to `logs.out.1`. */
  readonly logFileBytes: number;
  /** Requests allowed within `rateWindowMs`; further ones get 429 with `Retry-After`. */
  readonly rateLimit: number;
  /** See `rateLimit`; in simulator milliseconds. */
  readonly rateWindowMs: number;
  /** How far the server's clock is ahead of the simulator's. */
  readonly clockSkewMs: number;
  /** Which workflows need consent to the permissions that they declare: those of third parties, all or none. */
  readonly consent: "third-party" | "always" | "never";
}

/** What differs from an active cluster of the type `existing` without a scheduler. The platform's own terms. */
export interface ClusterFacts {
  /** Like `slurm` or `pbs`. */
  readonly schedulerType?: string;
  /** Like `existing` or `aws-slurm`. */
  readonly type?: string;
  /** Cloud service provider, like `aws`. */
  readonly csp?: string;
  /** Only an `active` one can be used. */
  readonly status?: string;
  /** As the web interface shows it. */
  readonly displayName?: string;
  /** Of its controller. */
  readonly ipAddress?: string;
}

/** Options of `startSimulator`. */
export interface SimulatorOptions {
  /** 0 (the default) picks a free port. */
  readonly port?: number;
  /** The system clock by default. */
  readonly clock?: Clock;
  /** How many times as fast runs and sessions progress (default 1). */
  readonly speed?: number;
  /** In [0, 1); seeded with the time by default. */
  readonly random?: () => number;
  /** What differs from the default behavior. */
  readonly behavior?: Partial<ServerBehavior>;
  /** Failures of the first requests. */
  readonly faults?: readonly Fault[];
  /** Added to the built-in workflows, replacing those of the same name. By name: YAML text, alone or with a scenario. */
  readonly workflows?: Readonly<Record<string, string | { readonly yaml: string; readonly scenario: Scenario }>>;
  /** Scenarios by workflow name, instead of the workflows' own. */
  readonly scenarios?: Readonly<Record<string, Scenario>>;
  /** By name, instead of the sample clusters. */
  readonly clusters?: Readonly<Record<string, ClusterFacts>>;
  /** Called when a request has arrived completely, after its effect, and after its response is sent. */
  readonly onStep?: (operation: Operation, step: "arrived" | "done" | "responded") => void;
}

/** A received request. Never holds the credential. */
export interface ReceivedRequest {
  /** `other` for a request that matches no route. */
  readonly operation: Operation;
  /** The HTTP method. */
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Parsed JSON; `null` without a body or if it is not JSON. */
  readonly body: unknown;
  /** The user of the credential; `null` without a valid one. */
  readonly user: string | null;
  /** When it arrived, in simulator milliseconds since the epoch. */
  readonly atMs: number;
  /** The `User-Agent` header. */
  readonly userAgent: string | null;
  /** Number of the TCP connection, counted from 1. */
  readonly connection: number;
}

/** A running simulator; dispose it to stop. */
export interface Simulator extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** The port that it listens on. */
  readonly port: number;
  /** An API key (`pwt_…`) of the first user, `demo`. */
  readonly key: string;
  /**
   * A credential of the user `demo`, `alice` or `bob`. A credential of the user `expired` is refused with
   * "Authentication has expired".
   *
   * @throws RangeError for any other user.
   */
  keyFor(user: string, kind?: "pwt" | "pwut" | "jwt"): string;
  /** Refuses this user's credentials from now on. */
  expireKeys(user: string): void;
  /** Received requests, oldest first; only those of `operation` if given. */
  received(operation?: Operation): readonly ReceivedRequest[];
  /** Adds failures after those that are not used up yet. */
  addFaults(...faults: readonly Fault[]): void;
  /** Changes the behavior from the next request on. */
  setBehavior(behavior: Partial<ServerBehavior>): void;
  /**
   * Runs of all users since the simulator started, oldest first, including deleted ones. Excludes the initial history.
   */
  runs(): readonly { readonly slug: string; readonly workflow: string; readonly status: string }[];
  /** Cancels a run, as a user of the web interface could. Throws RangeError if there is no such run. */
  cancelExternally(slug: string): void;
  /** Deletes a run, as a user of the web interface could. Throws RangeError if there is no such run. */
  deleteExternally(slug: string): void;
  /** Reports this status for the run from now on; `null` restores its real one. */
  overrideStatus(slug: string, status: string | null): void;
  /** Resolves once the server is closed. */
  readonly finished: Promise<void>;
}
