/**
 * Runs workflows of the Parallel Works ACTIVATE platform from code, with the engine of the command line.
 *
 * ```ts
 * import { runWorkflow } from "./lib/mod.ts";
 *
 * const result = await runWorkflow("quick", {
 *   inputs: { greeting: "hello" },
 *   onStatus: ({ platformStatus, elapsedMs }) => console.log(platformStatus, elapsedMs),
 * });
 * console.log(result.status);
 * ```
 *
 * The API key comes from `PW_API_KEY`, or from the current context of the official command line. For everything else,
 * {@link defaultDeps} has the client and the store:
 *
 * ```ts
 * import { defaultDeps } from "./lib/mod.ts";
 *
 * const { client } = await defaultDeps();
 * for (const { name } of await client.listWorkflows()) console.log(name);
 * ```
 *
 * `runWorkflow` combines `prepare`, which resolves and checks everything before the first request, and `execute`, an
 * async generator that yields events and returns the result (`toEnd` passes both on).
 *
 * @module
 */

export type { Abortable, Client, RunQuery, SubmitRequest, SubmitResponse } from "./platform/client.ts";
export { type ClientOptions, createClient } from "./platform/create_client.ts";
export type { ProgramCall, ProgramResult, RunProgram } from "./child_process.ts";
export { type Credential, findCredential } from "./platform/credentials/credentials.ts";
export type { CredentialDeps, CredentialOptions, HostQuestion } from "./platform/credentials/sources.ts";
export type { CredentialFileDeps } from "./platform/credentials/credentials_file.ts";
export type { HttpOptions } from "./platform/http.ts";
export type { ApiKeyKind } from "./platform/credentials/api_key.ts";
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
  TimedOut,
  Unavailable,
  Unreachable,
  Unsupported,
  UsageError,
} from "./errors.ts";
export { createLogReader, type LogReader, type ReadLogOptions, type StepLog } from "./platform/logs.ts";
export { cancelRun } from "./runs/cancel.ts";
export { defaultDeps, type RunInputs, runWorkflow, type RunWorkflowOptions } from "./runs/run_workflow.ts";
export type { Deps } from "./runs/deps.ts";
export { execute, toEnd } from "./runs/execute.ts";
export { DEFAULT_EXECUTE, DEFAULT_TRACK, type ExecuteOptions, type Given, type TrackOptions } from "./runs/options.ts";
export { trackRun } from "./runs/track_run.ts";
export { digestFailure, type DigestOptions } from "./runs/failure.ts";
export type { Limited } from "./runs/limit.ts";
export { findRun, type RunRef } from "./runs/find.ts";
export type { KeyPolicy, KeyWithPolicy } from "./runs/options.ts";
export { DEFAULT_POLL_INTERVAL, type PollInterval } from "./runs/poll_interval.ts";
export {
  dryRun,
  type InputChecking,
  type InputsSpec,
  prepare,
  type PreparedRun,
  type RunSpec,
} from "./runs/prepare.ts";
export { toRunView } from "./runs/view.ts";
export { type LayerSources, readLayers } from "./inputs/layers.ts";
export { createInputLayer, type InputLayer } from "./inputs/merge.ts";
export type { UnknownCondition } from "./inputs/field_state.ts";
export type { LineMap, Lines } from "./inputs/lines.ts";
export {
  type ListedOpenRow,
  type PruneBounds,
  type RecentCursor,
  type RecentQuery,
  type RunStore,
  WriteConflict,
} from "./store/run_store.ts";
export type { Attempt, BatchStore, RequestBudget, StoredBatch, StoredRow } from "./store/batch_store.ts";
export type { FoundSuiteRun, StoredSuiteRun, SuiteHistory, SuiteScope } from "./store/suite_history.ts";
export type { OpenRow, SubmissionScope } from "./store/submission_rows.ts";
export type { AtomicChange, VersionCheck } from "./store/kv.ts";
export type { StoreKey } from "./store/backend.ts";
export { memoryRunStore } from "./store/memory_kv.ts";
export { openRunStore, type OpenRunStoreOptions } from "./store/open_kv.ts";
export { type Log, LOG_LEVELS, type LogLevel, silentLog } from "./log.ts";
export type { Identity, Owner } from "./account.ts";
export type { ApiVersion, CapabilitiesStore, ServerCapabilities } from "./capabilities.ts";
export type { AttemptRow, RowStatus } from "./batch.ts";
export type { Cluster } from "./cluster.ts";
export type { EventBase, KeyGuarantee, RunEvent, SubmitDelay, TimeLeft } from "./events.ts";
export type { InputPath, Json, JsonObject } from "./json.ts";
export type { Excerpt, Problem } from "./problem.ts";
export type { FailedJob, FailedStep, ResultKind, RunFailure, RunResult, Submitted } from "./result.ts";
export type {
  Job,
  LogAnnotation,
  Run,
  RunDetail,
  RunId,
  RunIdentity,
  RunLink,
  RunPage,
  RunRedirect,
  RunStatus,
  RunView,
  Step,
  StepPosition,
} from "./run.ts";
export type { Session, SessionAddress } from "./session.ts";
export type {
  ActiveSubmission,
  FinishedSubmission,
  IdempotencyKey,
  KeptJudgement,
  ObservedRun,
  OpenSubmission,
  Origin,
  PendingSubmission,
  Reconciliation,
  RejectedSubmission,
  RunRequest,
  ScheduledSuite,
  StoredRequest,
  Submission,
  SubmissionBase,
  SuiteEnd,
  SuiteFailure,
  UnconfirmedSubmission,
} from "./submission.ts";
export type { Consent, Preset, Workflow } from "./workflow.ts";
export { Secret } from "./secret.ts";
