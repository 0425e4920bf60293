/** The platform as we speak to it: one type for both families of routes, so that nobody above knows which it is. */

import type { RunnerError } from "../errors.ts";
import type { Identity } from "../account.ts";
import type { ApiVersion } from "../capabilities.ts";
import type { Cluster } from "../cluster.ts";
import type { JsonObject } from "../json.ts";
import type { Run, RunDetail, RunId, RunPage, Step } from "../run.ts";
import type { Session } from "../session.ts";
import type { Consent, Workflow } from "../workflow.ts";

/** Every call may be given up: it then throws the signal's own reason. */
export interface Abortable {
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined;
  /** `none` for a caller whose own loop is the retry; reads and cancels are otherwise retried a few times. */
  readonly retry?: "some" | "none";
}

/** What a submit sends. */
export interface SubmitRequest {
  /** Its name in the account. */
  readonly workflow: string;
  /** As they are sent. */
  readonly inputs: JsonObject;
  /** `null` lets the server choose. */
  readonly slug: string | null;
  /** What the run is called on the platform; `null` leaves it to the server. */
  readonly displayName: string | null;
  /** What the user agrees to; `null` for nothing. */
  readonly consent: Consent | null;
}

/**
 * How a submit ended, told by what is certain about it:
 * `accepted`: here is the run; `not-sent`: nothing arrived, or it was turned away at the door (no connection, 429);
 * `rejected`: a clear no (400, 401, 403, 404, 422); `conflict`: 409; `ambiguous`: a run may or may not have started
 * (cut, timeout, 5xx, an answer that can't be read).
 */
export type SubmitResponse =
  | { readonly type: "accepted"; readonly run: Run; readonly redirectSession: string | null }
  | { readonly type: "not-sent"; readonly error: RunnerError; readonly retryAfterMs: number | undefined }
  | { readonly type: "rejected"; readonly error: RunnerError; readonly isSlugRefused: boolean }
  | { readonly type: "conflict"; readonly error: RunnerError; readonly retryAfterMs: number | undefined }
  | {
    readonly type: "ambiguous";
    readonly error: RunnerError;
    readonly retryAfterMs: number | undefined;
    /** True for 502 and 504: the platform behind the gateway may still be working on it. */
    readonly isGateway: boolean;
  };

/** Which runs of the list are wanted. */
export interface RunQuery extends Abortable {
  /** Of this workflow alone. */
  readonly workflow?: string | undefined;
  /** The platform's filter words: running, completed, error, canceled. */
  readonly statuses?: readonly ("running" | "completed" | "error" | "canceled")[] | undefined;
  /** Only runs whose slug, name or workflow holds these words. */
  readonly search?: string | undefined;
  /** So many at most; the server may allow fewer. */
  readonly limit?: number | undefined;
  /** So many are left out first. */
  readonly offset?: number | undefined;
}

/**
 * All methods throw the classes of `errors.ts`: CredentialError, NotFound, Unreachable, Unavailable, ResponseLost,
 * BadResponse, Rejected, Conflict, Unsupported. Reads and cancels have been retried before they throw.
 */
export interface Client {
  /** Host name, with its port where it is not the usual one: what records belong to. */
  readonly host: string;
  /** `https://host`, no slash at the end. */
  readonly baseUrl: string;

  /** Which family of routes the host speaks; asked once, unless it was known at the start. */
  apiVersion(options: Abortable): Promise<ApiVersion>;
  /** Who the credential belongs to. */
  whoAmI(options: Abortable): Promise<Identity>;

  /** All workflows of the account. */
  listWorkflows(options: Abortable & { readonly favoritesOnly?: boolean }): Promise<readonly Workflow[]>;
  /** One workflow, by its name. */
  getWorkflow(name: string, options: Abortable): Promise<Workflow>;
  /** The workflow file as text. */
  getWorkflowYaml(name: string, options: Abortable): Promise<string>;

  /** Sends once, over a connection of its own, and never throws but for an abort or a defect. */
  submit(submission: SubmitRequest, options: Abortable): Promise<SubmitResponse>;
  /** Lets the server check without running. Carries no slug. Throws Rejected with what it found. */
  dryRun(submission: Omit<SubmitRequest, "slug">, options: Abortable): Promise<void>;

  /** A run, with its jobs. */
  getRun(runId: RunId, options: Abortable): Promise<RunDetail>;
  /** One page of runs. */
  listRuns(query: RunQuery): Promise<RunPage>;
  /** Safe to repeat; whether it worked is told by `getRun`. Unsupported on older servers. */
  cancelRun(runId: RunId, options: Abortable): Promise<void>;
  /** Removes the run and its files. */
  deleteRun(runId: RunId, options: Abortable): Promise<void>;
  /** A file of the run's folder; `null` when it isn't there (yet). */
  readRunFile(runId: RunId, path: string, options: Abortable): Promise<string | null>;
  /** The steps that run now, by name and the platform's status word; `null` where the server has no such route. */
  runningSteps(runId: RunId, options: Abortable): Promise<readonly Pick<Step, "name" | "status">[] | null>;

  /** Interactive sessions of the account. */
  listSessions(options: Abortable): Promise<readonly Session[]>;
  /** Clusters that the account may use. */
  listClusters(options: Abortable): Promise<readonly Cluster[]>;
  /** The platform's word for how the user's workspace is, in which runs are started; `null` where it doesn't tell. */
  workspaceStatus(options: Abortable): Promise<string | null>;
}
