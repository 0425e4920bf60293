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

/** The fields of a fault, with their values. */
export const FAULT = {
  /** Which requests fail; `*` for all. */
  on: ["*", ...OPERATIONS],
  /** How many requests it applies to (default 1); `Infinity` for all. */
  times: "number",
  /** How many matching requests to skip first (default 0). */
  after: "number",
  /** Delay before the request is processed, in simulator milliseconds. */
  latencyMs: "number",
  /** Responds with this status; the request has no effect. */
  status: "number",
  /** Value of the `Retry-After` header: seconds or an HTTP date. */
  retryAfter: "text",
  /** Closes the connection without a response, before or after the request takes effect. */
  cut: ["before-effect", "after-effect"],
  /** The request takes effect, and the response body is corrupted. With `status`, corrupts the error's body. */
  body: BODY_FAULTS,
  /** The request takes effect, but the response has this status (a gateway timeout). */
  statusAfterEffect: "number",
  /** How long a `slow` body takes, in simulator milliseconds (default 10,000). */
  slowMs: "number",
} as const;

/** An injected failure. Faults are matched in the order of the list; each match uses the fault up once. */
export type Fault = Pick<SettingsOf<typeof FAULT>, "on"> & Partial<SettingsOf<typeof FAULT>>;

/** Server behavior options: one for each point that the API contract leaves open, with its values. The first is the default. */
export const BEHAVIOR = {
  /** The routes that it serves. */
  apiVersion: ["current", "legacy", "both"],
  /** Response to GET of a run on the legacy routes: 405, or the run. */
  legacyRead: ["405", "run"],
  /**
   * How a slug chosen by the client is handled: `unique` (kept, duplicates refused), `shared` (kept, several runs may
   * have it), `existing` (a duplicate submit returns the first run), `ignored` (the server generates its own), `refused`
   * (422 that points at it).
   */
  slugs: ["unique", "shared", "existing", "ignored", "refused"],
  /** Status of a refused duplicate, with `slugs: "unique"`. */
  duplicateSlugStatus: [409, 400, 422],
  /** Status of a cancel whose run has ended. */
  cancelOfEnded: [204, 409],
  /** Whether paths accept a run's object id instead of its slug. */
  idInPath: [false, true],
  /** `problem`: problem details (RFC 9457) for requests that accept them. */
  errorBody: ["problem", "envelope"],
  /** What the run lacks that a dry run responds with. */
  dryRun: ["run", "run-without-status", "no-slug"],
  /** Which run is first in the list. */
  listOrder: ["newest", "oldest"],
  /** Larger values of `limit` are reduced to it. */
  maxLimit: 100,
  /** How long a new run is missing from the list. */
  listLagMs: 0,
  /** How long reading a new run responds with 404. */
  readLagMs: 0,
  /** A second submit of the same workflow within this time gets 409; 0 disables. */
  launchGapMs: 0,
  /** Until it is restarted: then it is starting, and 30 s later running. */
  workspace: ["Running", "Off", "Starting"],
  /** Status of a submit while the workspace is not running. */
  workspaceErrorStatus: [400, 404, 409, 500, 503],
  /** Status of reading another user's run; 200 returns it. */
  foreignRun: [404, 403, 200],
  /** A log file that reaches this size is rotated to `logs.out.1`. */
  logFileBytes: 10 * 1024 * 1024,
  /** Requests allowed within `rateWindowMs`; further ones get 429 with `Retry-After`. */
  rateLimit: Infinity,
  /** See `rateLimit`; in simulator milliseconds. */
  rateWindowMs: 1_000,
  /** How far the server's clock is ahead of the simulator's. */
  clockSkewMs: 0,
  /** Which workflows need consent to the permissions that they declare: those of third parties, all or none. */
  consent: ["third-party", "always", "never"],
} as const;

/** A value of each of the options of {@link BEHAVIOR}. */
export type ServerBehavior = SettingsOf<typeof BEHAVIOR>;

/** The facts of a cluster, in the platform's own terms. */
export const CLUSTER = {
  /** Like `slurm` or `pbs`. */
  schedulerType: "text",
  /** Like `existing` or `aws-slurm`. */
  type: "text",
  /** Cloud service provider, like `aws`. */
  csp: "text",
  /** Only an `active` one can be used. */
  status: "text",
  /** As the web interface shows it. */
  displayName: "text",
  /** Of its controller. */
  ipAddress: "text",
} as const;

/** What differs from an active cluster of the type `existing` without a scheduler. */
export type ClusterFacts = Partial<SettingsOf<typeof CLUSTER>>;

/** The values of a setting: those listed, or any text or number. A number is also the default. */
export type Setting = "text" | "number" | number | readonly (string | number | boolean)[];

/** One value of each setting. */
export type SettingsOf<Table extends Readonly<Record<string, Setting>>> = {
  readonly [Name in keyof Table]: Table[Name] extends readonly (infer Value)[] ? Value
    : Table[Name] extends "text" ? string
    : number;
};

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
