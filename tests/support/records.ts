/** Builders with defaults, so that a test shows only what matters. */

import hello from "../../inputs/hello-world.json" with { type: "json" };
import { toRunResult } from "../../lib/runs/view.ts";
import type { Run, RunDetail, Step } from "../../lib/run.ts";
import type {
  ActiveSubmission,
  FinishedSubmission,
  PendingSubmission,
  Reconciliation,
  RejectedSubmission,
  RunRequest,
  StoredRequest,
  UnconfirmedSubmission,
} from "../../lib/submission.ts";

export function aRequest(parts: Partial<RunRequest> = {}): RunRequest {
  return {
    workflow: "hello-world",
    workflowId: null,
    inputs: hello,
    secretPaths: [],
    publicValues: [],
    displayName: null,
    requestedConsent: null,
    isTrusted: false,
    startsSession: false,
    ...parts,
  };
}

export function aStoredRequest(parts: Partial<StoredRequest> = {}): StoredRequest {
  return { ...aRequest(), inputsWithoutSecrets: null, inputsHash: "0", ...parts };
}

const base = {
  submissionId: "submission",
  revision: 0,
  owner: { host: "localhost", user: "demo" },
  origin: { type: "command-line" } as const,
  idempotencyKey: null,
  ownSlug: "hello-world-abcdefghijklmnop",
  correlationTag: "abcdefghijklmnop",
  createdAtMs: 1_000,
  updatedAtMs: 1_000,
  nextPollAtMs: 1_000,
};

export function aPendingSubmission(parts: Partial<PendingSubmission> = {}): PendingSubmission {
  return {
    ...base,
    request: aStoredRequest(),
    state: "pending",
    attempts: 0,
    retryingSinceMs: null,
    lostResponses: 0,
    ...parts,
  };
}

export function anUnconfirmedSubmission(parts: Partial<UnconfirmedSubmission> = {}): UnconfirmedSubmission {
  return {
    ...base,
    request: aStoredRequest(),
    state: "unconfirmed",
    attempts: 1,
    retryingSinceMs: null,
    lostResponses: 0,
    sentAtMs: 1_000,
    reconciliation: null,
    ...parts,
  };
}

export function aReconciliation(parts: Partial<Reconciliation> = {}): Reconciliation {
  return {
    cause: "response-lost",
    detail: "cut",
    sinceMs: 1_000,
    searches: 0,
    failingSinceMs: null,
    searchForMs: 60_000,
    isAbandoned: false,
    ...parts,
  };
}

export function anActiveSubmission(parts: Partial<ActiveSubmission> = {}): ActiveSubmission {
  return {
    ...base,
    request: aStoredRequest(),
    state: "active",
    runId: { type: "slug", slug: base.ownSlug },
    run: aRun(),
    startedAtMs: 1_000,
    lastPolledAtMs: 1_000,
    unreachableSinceMs: null,
    missingSinceMs: null,
    missingPolls: 0,
    failingSinceMs: null,
    isDetached: false,
    ...parts,
  };
}

export function aFinishedSubmission(parts: Partial<FinishedSubmission> = {}): FinishedSubmission {
  const runId = { type: "slug", slug: base.ownSlug } as const;
  const result = toRunResult({ ...aRun(), status: "completed" }, { kind: "completed", submitted: "yes" });
  return { ...base, request: aStoredRequest(), state: "finished", runId, result, ...parts };
}

export function aRejectedSubmission(parts: Partial<RejectedSubmission> = {}): RejectedSubmission {
  return { ...base, request: aStoredRequest(), state: "rejected", kind: "rejected", message: "No", ...parts };
}

export function aRun(parts: Partial<Run> = {}): Run {
  return {
    id: "6894b3f8d9dedd97d7c3d536",
    slug: base.ownSlug,
    number: 47,
    user: "demo",
    workflowName: "hello-world",
    workflowId: null,
    displayName: null,
    status: "running",
    isFinal: false,
    platformStatus: "running",
    isStatusKnown: true,
    statusReason: null,
    createdAt: "2026-01-05T09:00:00.000Z",
    completedAt: null,
    ...parts,
  };
}

export function aRunDetail(parts: Partial<RunDetail> = {}): RunDetail {
  return { ...aRun(), jobs: [], inputs: null, links: [], redirect: null, ...parts };
}

export function aStep(parts: Partial<Step> = {}): Step {
  const { index = 0 } = parts;
  const logPath = `logs/main/step_${index}/logs.out`;
  return { name: "build", status: "completed", index, uses: null, logPath, annotations: [], jobs: [], ...parts };
}
