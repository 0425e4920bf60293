/** The simulator's face: a platform of our own on a real port, for tests, the demo and offline play. */

import type { Clock } from "../clock.ts";

/** What a request does; faults and the record of what was received speak of these. */
export type Operation =
  | "health"
  | "whoami"
  | "organization"
  | "auth-session"
  | "list-workflows"
  | "get-workflow"
  | "get-workflow-json"
  | "get-workflow-yaml"
  | "list-runs"
  | "submit"
  | "get-run"
  | "update-run"
  | "cancel-run"
  | "delete-run"
  | "delete-runs"
  | "read-file"
  | "running-steps"
  | "list-sessions"
  | "get-session"
  | "delete-session"
  | "list-clusters"
  | "workspace-status"
  | "other";

/** What goes wrong, on which operation, how often. Faults are tried in order; the first that fits is used up. */
export interface Fault {
  readonly on: Operation | "*";
  /** How many requests it befalls; 1 unless said otherwise, `Infinity` for all. */
  readonly times?: number;
  /** How many fitting requests pass unharmed first. */
  readonly after?: number;
  /** Simulator milliseconds before anything else happens. */
  readonly latencyMs?: number;
  /** Answers with this status instead of doing what was asked. */
  readonly status?: number;
  /** As the header is to read: seconds or an HTTP date. */
  readonly retryAfter?: string;
  /** The connection is closed without an answer: before the request took effect, or after. */
  readonly cut?: "before-effect" | "after-effect";
  /** The effect takes place, and the answer's body is spoiled; with `status`, how the error's body looks. */
  readonly body?: "truncated" | "malformed" | "html" | "empty" | "slow" | "wrong-shape" | "huge";
  /** The effect takes place, but the answer has this status (a gateway that gave up waiting). */
  readonly statusAfterEffect?: number;
  /** How long a `slow` body takes, simulator milliseconds; 10 000 unless said otherwise. */
  readonly slowMs?: number;
}

/** Each open point of the contract, as a switch. */
export interface ServerBehavior {
  readonly routes: "current" | "legacy" | "both";
  /** What GET of a run answers on the nested routes. */
  readonly nestedRead: "405" | "run";
  /**
   * What becomes of a slug that the caller chose: `unique` (taken, and a second one refused), `shared` (taken, a second
   * run may have it too), `existing` (a second submit answers with the first run), `ignored` (the server chooses its
   * own), `refused` (a 422 that points at it).
   */
  readonly slugs: "unique" | "shared" | "existing" | "ignored" | "refused";
  readonly duplicateSlugStatus: 400 | 409 | 422;
  readonly cancelOfEnded: 204 | 409;
  /** Whether paths take a run's object id for its slug. */
  readonly idInPath: boolean;
  readonly errorBody: "envelope" | "problem";
  readonly dryRun: "run" | "run-without-status" | "no-slug";
  readonly listOrder: "newest" | "oldest";
  /** Larger limits are cut down to it. */
  readonly maxLimit: number;
  /** How long a new run stays out of the list, and out of its own page. */
  readonly listLagMs: number;
  readonly readLagMs: number;
  /** A second launch of the same workflow within this time answers 409; 0 for never. */
  readonly launchGapMs: number;
  readonly workspace: "Running" | "Off" | "Starting";
  /** What a submit answers while the workspace is not running. */
  readonly workspaceErrorStatus: 400 | 404 | 409 | 500 | 503;
  /** What somebody else's run answers; 200 shows it. */
  readonly foreignRun: 404 | 403 | 200;
  /** A log file that reaches this size is moved to `logs.out.1` and begun anew. */
  readonly logFileBytes: number;
  /** Requests allowed within `rateWindowMs`; the next answers 429 with Retry-After. */
  readonly rateLimit: number;
  readonly rateWindowMs: number;
  /** How far the server's clock is ahead of ours. */
  readonly clockSkewMs: number;
}

export interface SimulatorOptions {
  /** 0 for any free one. */
  readonly port?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly behavior?: Partial<ServerBehavior>;
  readonly faults?: readonly Fault[];
  /** More workflows, as YAML text by name, beside the ones that are always there. */
  readonly workflows?: Readonly<Record<string, string>>;
  /** Called when a request has arrived whole, before and after its effect, and when its answer went out. */
  readonly onStep?: (operation: Operation, step: "arrived" | "done" | "answered") => void;
}

/** One request as it arrived. Never holds the credential. */
export interface ReceivedRequest {
  readonly operation: Operation;
  readonly method: string;
  /** Path with its query. */
  readonly path: string;
  /** Parsed JSON, or `null`. */
  readonly body: unknown;
  readonly user: string | null;
  readonly atMs: number;
  readonly userAgent: string | null;
  /** Which TCP connection it came by, counted from 1. */
  readonly connection: number;
}

export interface Simulator extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  /** An API key (`pwt_…`) of the first user, `demo`. */
  readonly key: string;
  /**
   * A key of another kind or user: `demo`, `alice` or `bob`. One for the user `expired` is refused with
   * "Authentication has expired".
   */
  keyFor(user: string, kind?: "pwt" | "pwut" | "jwt"): string;
  /** Refuses this user's keys from now on. */
  expireKeys(user: string): void;
  /** What arrived, oldest first; of one operation when it is named. */
  received(operation?: Operation): readonly ReceivedRequest[];
  addFaults(...faults: readonly Fault[]): void;
  /** Changes switches while it runs. */
  setBehavior(behavior: Partial<ServerBehavior>): void;
  /**
   * The runs begun since the simulator started, whoever's, oldest first and deleted ones included. The history that it
   * starts with is left out.
   */
  runs(): readonly { readonly slug: string; readonly workflow: string; readonly status: string }[];
  /** Does from outside what a person could do in the web interface. */
  cancelFromOutside(slug: string): void;
  deleteFromOutside(slug: string): void;
  /** From now on the run shows this word instead of its own; `null` lifts it. */
  overrideStatus(slug: string, word: string | null): void;
  /** Resolves once the server is closed. */
  readonly finished: Promise<void>;
}
