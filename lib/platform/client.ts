/** The platform's API as one interface for both API versions, so that callers need not distinguish them. */

import type { RunnerError } from "../errors.ts";
import type { Identity } from "../account.ts";
import type { ApiVersion } from "../capabilities.ts";
import type { Cluster } from "../cluster.ts";
import type { JsonObject } from "../json.ts";
import type { Run, RunDetail, RunId, RunPage } from "../run.ts";
import type { Session } from "../session.ts";
import type { Consent, Workflow } from "../workflow.ts";

/** Options of every call. An aborted call throws the signal's own reason. */
export interface Abortable {
  /** Aborts the call. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether reads and cancels are retried a few times; `none` for a caller that retries by itself. Default: `some`. A number:
   * no retry starts later than this many milliseconds after the first attempt.
   */
  readonly retry?: "some" | "none" | number | undefined;
}

/** The body of a submit. */
export interface SubmitRequest {
  /** The workflow's name. */
  readonly workflow: string;
  /** Including the values of secrets. */
  readonly inputs: JsonObject;
  /** `null` leaves the choice to the server. */
  readonly slug: string | null;
  /** `null` leaves the choice to the server. */
  readonly displayName: string | null;
  /** What the user consents to; `null` for nothing. */
  readonly consent: Consent | null;
}

/**
 * What is certain after a submit.
 *
 * - `accepted`: a run was started.
 * - `not-sent`: nothing arrived, or the server refused to process it (no connection, 429).
 * - `rejected`: the server rejected it (400, 401, 403, 404, 422).
 * - `conflict`: 409.
 * - `ambiguous`: a run may or may not have been started (connection cut, timeout, 5xx, an unreadable response).
 */
export type SubmitResponse =
  | { readonly type: "accepted"; readonly run: Run }
  | { readonly type: "not-sent"; readonly error: RunnerError; readonly retryAfterMs: number | undefined }
  | { readonly type: "rejected"; readonly error: RunnerError; readonly isSlugRefused: boolean }
  | { readonly type: "conflict"; readonly error: RunnerError }
  | {
    readonly type: "ambiguous";
    readonly error: RunnerError;
    /** True for 502 and 504: the platform behind the gateway may still be processing the submit. */
    readonly isGateway: boolean;
  };

/** Filters for the list of runs. */
export interface RunQuery extends Abortable {
  /** Only runs of this workflow, by name. */
  readonly workflow?: string | undefined;
  /** The platform's filter terms. */
  readonly statuses?: readonly ("running" | "completed" | "error" | "canceled")[] | undefined;
  /** Only runs whose slug, name or workflow contains this text. */
  readonly search?: string | undefined;
  /** Maximum number of runs; the server may return fewer. */
  readonly limit?: number | undefined;
  /** Number of runs to skip. */
  readonly offset?: number | undefined;
}

/**
 * All methods throw the classes of `errors.ts`: CredentialError, NotFound, Unreachable, Unavailable, ResponseLost,
 * BadResponse, Rejected, Conflict, Unsupported. Reads and cancels are retried before they throw.
 */
export interface Client {
  /** Host name, with its port if that is not the default one. Submissions belong to it. */
  readonly host: string;
  /** `https://host`, without a trailing slash. */
  readonly baseUrl: string;

  /** Sends a request the first time only, and none if the version was passed to `createClient`. */
  apiVersion(options?: Abortable): Promise<ApiVersion>;
  /** The user that the credential belongs to. Sends a request until one has succeeded. */
  whoAmI(options?: Abortable): Promise<Identity>;

  /** All workflows of the account. */
  listWorkflows(options?: Abortable & { readonly favoritesOnly?: boolean }): Promise<readonly Workflow[]>;
  /** One workflow, by its name. */
  getWorkflow(name: string, options?: Abortable): Promise<Workflow>;
  /** The workflow file as text. */
  getWorkflowYaml(name: string, options?: Abortable): Promise<string>;

  /** Sends the request once, over its own connection. Throws only for an abort or a bug. */
  submit(submission: SubmitRequest, options?: Abortable): Promise<SubmitResponse>;
  /** Has the server check a submit without starting a run. Throws Rejected with the problems. */
  dryRun(submission: Omit<SubmitRequest, "slug">, options?: Abortable): Promise<void>;

  /** A run, with its jobs. */
  getRun(runId: RunId, options?: Abortable): Promise<RunDetail>;
  /** One page of runs. */
  listRuns(query?: RunQuery): Promise<RunPage>;
  /** Safe to repeat. Requests the cancellation only: poll `getRun` for its effect. Unsupported on legacy servers. */
  cancelRun(runId: RunId, options?: Abortable): Promise<void>;
  /** Removes the run and its files, also if it does not exist any more. Unsupported on legacy servers. */
  deleteRun(runId: RunId, options?: Abortable): Promise<void>;
  /**
   * A file of the run's folder in pieces, of any size: read it to its end or cancel it. `null` if it does not exist (yet).
   * Reading throws ResponseLost, BadResponse or the signal's reason.
   */
  readRunFile(runId: RunId, path: string, options?: Abortable): Promise<ReadableStream<string> | null>;

  /** Interactive sessions of the account. */
  listSessions(options?: Abortable): Promise<readonly Session[]>;
  /** Clusters that the account can use. */
  listClusters(options?: Abortable): Promise<readonly Cluster[]>;
  /** The status of the user's workspace, where runs are started, in the platform's own term; `null` if not reported. */
  workspaceStatus(options?: Abortable): Promise<string | null>;
  /**
   * Starts the user's workspace, or restarts it: runs that are running end, and its SSH key changes. Sent once. Poll
   * {@link Client.workspaceStatus} for its effect. Throws Unsupported if the server does not name the user's organization.
   */
  restartWorkspace(options?: Abortable): Promise<void>;
}

/** The operations that depend on the API version. The client provides their options. */
export type RunOperations = {
  [Name in "submit" | "dryRun" | "getRun" | "listRuns" | "cancelRun" | "deleteRun" | "readRunFile"]: (
    ...args: Required<Parameters<Client[Name]>>
  ) => ReturnType<Client[Name]>;
};
