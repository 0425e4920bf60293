/** Builders that show only what matters to a test. */

import hello from "../../inputs/hello-world.json" with { type: "json" };
import type {
  Doubt,
  IntendedRecord,
  KeptRequest,
  Run,
  RunDetail,
  RunRequest,
  SeenRecord,
  SubmittedRecord,
} from "../../lib/model.ts";

export function aRequest(parts: Partial<RunRequest> = {}): RunRequest {
  return {
    workflow: "hello-world",
    workflowId: null,
    inputs: hello,
    hasSecrets: false,
    displayName: null,
    asksFor: null,
    isTrusted: false,
    startsSession: false,
    ...parts,
  };
}

export function aKeptRequest(parts: Partial<KeptRequest> = {}): KeptRequest {
  return { ...aRequest(), inputsHash: "0", ...parts };
}

const base = {
  wishId: "wish",
  revision: 0,
  owner: { host: "localhost", user: "demo" },
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
    ...parts,
  };
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
