/** Builders that show only what matters to a test. */

import hello from "../../inputs/hello-world.json" with { type: "json" };
import { resultOf } from "../../lib/executor/view.ts";
import type {
  Doubt,
  IntendedRecord,
  KeptRequest,
  RefusedRecord,
  Run,
  RunDetail,
  RunRequest,
  SeenRecord,
  SettledRecord,
  SubmittedRecord,
} from "../../lib/model.ts";

export function aRequest(parts: Partial<RunRequest> = {}): RunRequest {
  return {
    workflow: "hello-world",
    workflowId: null,
    inputs: hello,
    secretPaths: [],
    displayName: null,
    asksFor: null,
    isTrusted: false,
    startsSession: false,
    ...parts,
  };
}

export function aKeptRequest(parts: Partial<KeptRequest> = {}): KeptRequest {
  return { ...aRequest(), openInputs: null, inputsHash: "0", ...parts };
}

const base = {
  wishId: "wish",
  revision: 0,
  owner: { host: "localhost", user: "demo" },
  key: null,
  ownSlug: "hello-world-abcdefghijklmnop",
  marker: "abcdefghijklmnop",
  intendedAtMs: 1_000,
  updatedAtMs: 1_000,
  dueAtMs: 1_000,
};

export function anIntended(parts: Partial<IntendedRecord> = {}): IntendedRecord {
  return {
    ...base,
    request: aKeptRequest(),
    state: "intended",
    attempts: 0,
    strugglingSinceMs: null,
    lostAnswers: 0,
    ...parts,
  };
}

export function aSubmitted(parts: Partial<SubmittedRecord> = {}): SubmittedRecord {
  return {
    ...base,
    request: aKeptRequest(),
    state: "submitted",
    attempts: 1,
    strugglingSinceMs: null,
    lostAnswers: 0,
    sentAtMs: 1_000,
    doubt: null,
    ...parts,
  };
}

export function aDoubt(parts: Partial<Doubt> = {}): Doubt {
  return {
    cause: "answer-lost",
    detail: "cut",
    sinceMs: 1_000,
    looks: 0,
    lookForMs: 60_000,
    isGivenUp: false,
    ...parts,
  };
}

export function aSeen(parts: Partial<SeenRecord> = {}): SeenRecord {
  return {
    ...base,
    request: aKeptRequest(),
    state: "seen",
    handle: { type: "slug", slug: base.ownSlug },
    run: aRun(),
    startedAtMs: 1_000,
    seenAtMs: 1_000,
    lostSinceMs: null,
    missingSinceMs: null,
    missingLooks: 0,
    failingSinceMs: null,
    isLeft: false,
    ...parts,
  };
}

export function aSettled(parts: Partial<SettledRecord> = {}): SettledRecord {
  const handle = { type: "slug", slug: base.ownSlug } as const;
  const result = resultOf({ ...aRun(), status: "completed" }, { kind: "completed", submitted: "yes" });
  return { ...base, request: aKeptRequest(), state: "settled", handle, result, ...parts };
}

export function aRefused(parts: Partial<RefusedRecord> = {}): RefusedRecord {
  return { ...base, request: aKeptRequest(), state: "refused", kind: "rejected", message: "No", ...parts };
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
    phase: "going",
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
