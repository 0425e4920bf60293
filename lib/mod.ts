/**
 * Runs workflows of the Parallel Works ACTIVATE platform from code: the same executor that the command line uses.
 *
 * ```ts
 * import { createClient, findCredential, memoryRunStore, runWorkflow, silentLog, systemClock } from "./lib/mod.ts";
 *
 * const parts = { clock: systemClock, random: Math.random, log: silentLog };
 * const env = (name: string) => Deno.env.get(name);
 * const credential = await findCredential({ env, readTextFile: Deno.readTextFile }, {});
 * const deps = { ...parts, client: createClient({ ...parts, credential, fetch }), store: memoryRunStore() };
 *
 * const result = await runWorkflow(deps, "quick", {
 *   inputs: { greeting: "hello" },
 *   onStatus: ({ platformStatus, elapsedMs }) => console.log(platformStatus, elapsedMs),
 * });
 * console.log(result.status);
 * ```
 *
 * `prepare` and `execute` are its two halves: what is decided before anything is sent, and a generator of events whose
 * return value is the result (`toEnd` hands over both).
 *
 * @module
 */

export type { Abortable, Client, RunQuery, SubmitRequest, SubmitResponse } from "./client/client.ts";
export { type ClientOptions, createClient } from "./client/create_client.ts";
export { type Credential, type CredentialOptions, findCredential } from "./client/credentials.ts";
export type { CredentialDeps } from "./client/credentials_file.ts";
export type { HttpOptions } from "./client/http.ts";
export type { KeyKind } from "./client/key_form.ts";
export { type Clock, type Deadline, systemClock } from "./clock.ts";
export {
  BadResponse,
  Conflict,
  ConsentRequired,
  CredentialError,
  type ErrorKind,
  IdempotencyKeyConflict,
  InvalidInputs,
  NotFound,
  NotSubmitted,
  Rejected,
  ResponseLost,
  RunnerError,
  type RunnerErrorOptions,
  StorageError,
  Unavailable,
  Unreachable,
  Unsupported,
  UsageError,
} from "./errors.ts";
export { cancelRun } from "./executor/cancel.ts";
export type { Deps } from "./executor/deps.ts";
export {
  DEFAULT_EXECUTE,
  DEFAULT_TRACK,
  execute,
  type ExecuteOptions,
  toEnd,
  type TrackOptions,
} from "./executor/execute.ts";
export { follow } from "./executor/follow.ts";
export { digestFailure } from "./executor/failure.ts";
export { findRun, type RunRef } from "./executor/find.ts";
export type { KeyPolicy, KeyWithPolicy } from "./executor/key.ts";
export { DEFAULT_POLL_INTERVAL, type PollInterval } from "./executor/pace.ts";
export {
  type Checking,
  dryRun,
  type GivenInputs,
  prepare,
  type PreparedRun,
  type RunSpec,
} from "./executor/prepare.ts";
export { runWorkflow, type RunWorkflowOptions } from "./executor/run_workflow.ts";
export { viewOf } from "./executor/view.ts";
export type { Document } from "./inputs/document.ts";
export { givenLayer, type InputLayer, type LayerSources, readLayers } from "./inputs/layers.ts";
export type { Lines } from "./inputs/lines.ts";
export type { Path } from "./inputs/path.ts";
export {
  type PruneBounds,
  type RecentCursor,
  type RecentQuery,
  type RunStore,
  WriteConflict,
} from "./ledger/ledger.ts";
export { memoryRunStore } from "./ledger/memory.ts";
export { type Log, LOG_LEVELS, type LogLevel, silentLog } from "./log.ts";
export type {
  ActiveSubmission,
  Annotation,
  ApiVersion,
  Cluster,
  Consent,
  EventBase,
  FailedJob,
  FailedStep,
  Failure,
  FinishedSubmission,
  IdempotencyKey,
  Identity,
  Job,
  Json,
  JsonObject,
  Link,
  Owner,
  PendingSubmission,
  Preset,
  Problem,
  Reconciliation,
  Redirect,
  RejectedSubmission,
  ResultKind,
  Run,
  RunDetail,
  RunEvent,
  RunId,
  RunPage,
  RunRequest,
  RunResult,
  RunStatus,
  RunView,
  ServerCapabilities,
  Session,
  SessionAddress,
  Step,
  StepPosition,
  StoredRequest,
  Submission,
  SubmissionBase,
  SubmitDelay,
  Submitted,
  UnconfirmedSubmission,
  Workflow,
} from "./model.ts";
export { Secret } from "./secret.ts";
